//! The text that the parser gets: as long as the file's own, without its doc comments.
//!
//! To the parser `/// Sends.` is `#[doc = " Sends."]`: a literal to escape, seven tokens and an attribute, and well documented
//! code spends a fifth of its parsing on them. No fact is made from them; see [`super::documentation`] for who
//! reads them. As plain comments they cost nothing, and what stands behind them stands where it did.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};

/// The text with plain comments for doc comments, and for the `#!/usr/bin/env …` of a script, which is no token.
pub(super) fn undocumented(text: &str) -> Cow<'_, str> {
    let has_interpreter = text.strip_prefix("#!").is_some_and(|rest| !rest.trim_start().starts_with('['));
    let marks = doc_marks(text.as_bytes());
    if !has_interpreter && marks.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut from = 0;
    if has_interpreter {
        plain.push_str("//");
        from = 2;
    }
    for mark in marks {
        plain.push_str(&text[from..mark]);
        plain.push(' ');
        from = mark + 1;
    }
    plain.push_str(&text[from..]);
    Cow::Owned(plain)
}

/// Where the third character of each doc comment stands that documents something. What documents nothing is an
/// error (`/// x` before a `}`), and stays one.
fn doc_marks(text: &[u8]) -> Vec<usize> {
    let mut marks = Vec::new();
    // Marks from here on wait for what they document.
    let mut settled = 0;
    let mut is_head = true;
    let mut start = 0;
    let ends = memchr_iter(b'\n', text).chain([text.len()]);
    for end in ends {
        let line = text[start..end].trim_ascii();
        let at = end - text[start..end].trim_ascii_start().len();
        start = end + 1;
        match line {
            [] => {}
            [b'/', b'/', b'/', rest @ ..] if rest.first() != Some(&b'/') && is_one_line(line) => {
                marks.push(at + 2);
                is_head = false;
            }
            [b'/', b'/', b'!', ..] if is_head && is_one_line(line) => {
                marks.push(at + 2);
                settled = marks.len();
            }
            [b'/', b'/', third, ..] if *third != b'!' => {}
            [b'/', b'/'] => {}
            [first, ..] => {
                if !may_be_documented(*first) {
                    marks.truncate(settled);
                }
                settled = marks.len();
                is_head &= line.starts_with(b"#![") && line.ends_with(b"]");
            }
        }
    }
    marks.truncate(settled);
    marks
}

/// No doc comment may hold a carriage return (Rust Reference, "Comments").
fn is_one_line(comment: &[u8]) -> bool {
    memchr(b'\r', comment).is_none()
}

/// Whether what starts so may stand behind a doc comment: an item, a field, a variant, a statement, an attribute.
fn may_be_documented(first: u8) -> bool {
    first.is_ascii_alphanumeric() || !first.is_ascii() || matches!(first, b'_' | b'#' | b'$' | b'\'')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(undocumented(text), expected);
        assert_eq!(text.len(), expected.len());
    }

    #[test]
    fn doc_comments_of_something_become_plain_ones() {
        check(
            "/// A hub.\n//// rule\n/// More.\nstruct Hub;\n",
            "//  A hub.\n//// rule\n//  More.\nstruct Hub;\n",
        );
        check("//! Of é.\r\n#![no_std]\n//!\n\nfn f() {}\n", "//  Of é.\r\n#![no_std]\n// \n\nfn f() {}\n");
        check("#!/bin/x\n///\nmod a;\n", "///bin/x\n// \nmod a;\n");
    }

    #[test]
    fn those_of_nothing_stay_errors() {
        for text in
            ["fn f() {\n    /// x\n}\n", "/// x", "/// x\n//! y\nfn f() {}\n", "/// a\rb\nfn f() {}\n"]
        {
            check(text, text);
            assert!(syn::parse_str::<syn::File>(text).is_err(), "{text}");
        }
    }
}

//! The text that the parser gets: as long as the file's own, without doc comments and tables of numbers.
//!
//! To the parser `/// Sends.` is `#[doc = " Sends."]`: a literal to escape, seven tokens and an attribute, and well documented
//! code spends a fifth of its parsing on them. No fact is made from them; see [`super::documentation`] for who
//! reads them. As plain comments they cost nothing. Nor do tables, as empty lists. What stands behind them stands where it did.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr_iter};

/// The text with plain comments for doc comments, and for the `#!/usr/bin/env …` of a script, which is no token, and with
/// nothing between the brackets of tables.
pub(super) fn plain<'t>(text: &'t str, tables: &[Range<usize>]) -> Cow<'t, str> {
    let has_interpreter = text.strip_prefix("#!").is_some_and(|rest| !rest.trim_start().starts_with('['));
    let marks = doc_marks(text.as_bytes());
    if !has_interpreter && marks.is_empty() && tables.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut from = 0;
    if has_interpreter {
        plain.push_str("//");
        from = 2;
    }
    let mut blanks: Vec<Range<usize>> = marks.into_iter().map(|mark| mark..mark + 1).collect();
    blanks.extend_from_slice(tables);
    blanks.sort_unstable_by_key(|blank| blank.start);
    for blank in blanks {
        plain.push_str(&text[from..blank.start]);
        // Lines stay lines.
        let bytes = text.as_bytes()[blank.clone()].iter();
        plain.extend(bytes.map(|byte| if *byte == b'\n' { '\n' } else { ' ' }));
        from = blank.end;
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
    use super::super::nesting::layout_of;
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let tables = layout_of(text).expect("not deep").tables;
        let plain = plain(text, &tables);
        assert_eq!(plain, expected);
        assert_eq!(plain.len(), text.len());
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
    fn tables_become_empty_lists_of_as_many_lines() {
        let numbers = "1, 2,\n".repeat(700);
        let empty = "     \n".repeat(700);
        check(
            &format!("/// A table.\nconst T: &[u8] = &[{numbers}]; fn f() {{}}\n"),
            &format!("//  A table.\nconst T: &[u8] = &[{empty}]; fn f() {{}}\n"),
        );
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

//! Bodies as a whole: digests, and whether there is anything in them.

use std::hash::Hasher;

use rustc_hash::FxHasher;
use syn::{Block, Expr, Stmt};

use super::skipping::{end_of_character, end_of_comment, end_of_string};

/// Hashes a body without its layout and comments.
pub(super) fn digest_of(body: &str) -> u64 {
    let bytes = body.as_bytes();
    let mut said: Vec<u8> = Vec::with_capacity(bytes.len());
    let mut at = 0;
    // Whether a word came last, and whether something came behind it that parts words.
    let (mut is_word, mut is_parted) = (false, false);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            byte if byte.is_ascii_whitespace() => {
                is_parted = true;
                at += 1;
            }
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                at = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |end| at + end);
                is_parted = true;
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                at = end_of_comment(bytes, at);
                is_parted = true;
            }
            b'"' | b'\'' => {
                let end = if byte == b'"' { end_of_string(bytes, at) } else { end_of_character(bytes, at) };
                said.extend_from_slice(&bytes[at..end.min(bytes.len())]);
                at = end;
                is_word = false;
            }
            byte => {
                let was_word = is_word;
                is_word = byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii();
                // `let x` is not `letx`, and `a . b` is `a.b`.
                if was_word && is_word && is_parted {
                    said.push(b' ');
                }
                is_parted = false;
                said.push(byte);
                at += 1;
            }
        }
    }
    let mut hasher = FxHasher::default();
    hasher.write(&said);
    hasher.finish()
}

/// Whether a body is empty, or says that it is to be written.
pub(super) fn is_stub(block: &Block) -> bool {
    let is_placeholder =
        |mac: &syn::Macro| mac.path.get_ident().is_some_and(|name| name == "todo" || name == "unimplemented");
    match block.stmts.as_slice() {
        [] => true,
        [Stmt::Macro(only)] => is_placeholder(&only.mac),
        [Stmt::Expr(Expr::Macro(only), _)] => is_placeholder(&only.mac),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout_and_comments_do_not_count_and_words_do() {
        let one = digest_of("let x = a . b(); // first\n  x");
        assert_eq!(one, digest_of("let x = a.b();\nx"));
        assert_ne!(one, digest_of("letx = a.b();\nx"));
        assert_eq!(one, digest_of("let/* one */x = a.b(); /* two /* three */ */ x"));
        // A raw string ends where it says, whatever stands in it.
        assert_ne!(digest_of("f(r\"\\\"); a  b"), digest_of("f(r\"\\\"); ab"));
        assert_ne!(digest_of("f(\"a  b\")"), digest_of("f(\"a b\")"));
    }
}

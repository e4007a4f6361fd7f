//! Digests of function bodies: equal for bodies that differ only in layout and comments.

use std::hash::Hasher;

use ruff_python_ast::token::{TokenKind, Tokens};
use ruff_text_size::{Ranged, TextRange};
use rustc_hash::FxHasher;

/// Hashes the tokens in `range`, without comments and line breaks within brackets.
pub(super) fn digest_of(text: &str, tokens: &Tokens, range: TextRange) -> u64 {
    let mut hasher = FxHasher::default();
    for token in tokens.in_range(range) {
        let kind = token.kind();
        if matches!(kind, TokenKind::Comment | TokenKind::NonLogicalNewline) {
            continue;
        }
        hasher.write_u8(kind as u8);
        if matches!(kind, TokenKind::Name | TokenKind::Int | TokenKind::Float | TokenKind::String) {
            hasher.write(&text.as_bytes()[token.range().to_std_range()]);
        }
    }
    hasher.finish()
}

//! The Python front end: `ruff_python_parser`'s syntax tree → facts.
//!
//! The parser recovers from errors, so what stands around a syntax error is read. Nothing of
//! the tree leaves this module.

mod actions;
mod annotations;
mod assignments;
mod chains;
mod conditions;
mod definitions;
mod digest;
mod expressions;
mod imports;
mod loops;
mod methods;
mod nesting;
mod pruning;
mod statements;

use ruff_python_ast::PySourceType;
use ruff_python_ast::token::TokenKind;
use ruff_python_parser::parse_unchecked_source;
use ruff_text_size::Ranged;

use self::statements::Lowering;
use super::Target;
use super::suppressions::{self, may_suppress};
use crate::facts::{FileFacts, SyntaxError};
use crate::text::Lines;

/// Source or stub: a stub's bodies are no bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `.py`
    Source,
    /// `.pyi`
    Stub,
}

/// The stack that one thread needs for the deepest nesting that [`facts`] lets through, in bytes.
pub const STACK_BYTES: usize = 512 * 1024 * 1024;

/// Reads the facts of one Python file.
#[must_use]
pub fn facts(text: &str, dialect: Dialect, target: Target) -> FileFacts {
    let lines = Lines::of(text);
    let line_count = lines.count(text.len());
    if let Some(error) = nesting::check_depth(text) {
        return FileFacts { lines, line_count, ..FileFacts::unread(vec![error]) };
    }
    let source_type = match dialect {
        Dialect::Source => PySourceType::Python,
        Dialect::Stub => PySourceType::Stub,
    };
    let parsed = parse_unchecked_source(text, source_type);
    let errors = parsed
        .errors()
        .iter()
        .map(|error| SyntaxError { at: error.range().start().to_u32(), message: error.error.to_string() });
    let errors: Vec<SyntaxError> = errors.collect();
    let mut facts = Lowering::new(text, parsed.tokens(), target).lower(&parsed.syntax().body);
    if may_suppress(text) {
        let comments = parsed.tokens().iter().filter(|token| token.kind() == TokenKind::Comment);
        facts.suppressions = suppressions::read(text, comments.map(|token| token.range().to_std_range()));
    }
    facts.lines = lines;
    facts.line_count = line_count;
    facts.errors = errors;
    facts
}

/// Parses and drops the tree: the floor that the benchmark measures everything against.
#[must_use]
pub fn parse_only(text: &str) -> usize {
    if nesting::check_depth(text).is_some() {
        return 0;
    }
    parse_unchecked_source(text, PySourceType::Python).syntax().body.len()
}

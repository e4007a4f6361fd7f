//! Guards the stack: finds code too deep to walk before it is parsed.
//!
//! Parser, walk and drop recurse once per bracket and once per operator of a chain (`a + a + …`, `a.b().c()`,
//! `&&&&T`). An overflow of a thread's stack cannot be caught, so the depth is bounded from the text first. On its way
//! through the text the guard meets the tables, and the ends of items.

use std::ops::Range;

use super::pieces::{LEAST_PIECE, next_item};
use super::skipping::{end_of_character, end_of_comment, end_of_string};
use super::tables::end_of_table;
use crate::facts::SyntaxError;

/// Most brackets within each other.
const MAX_BRACKETS: usize = 3_000;
/// Most operators, dots and keywords in one element: between `;`, `,` and the brackets around.
const MAX_LINKS: usize = 20_000;

/// What the way through a text tells of it.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// What stands between the brackets of each table, in order.
    pub(super) tables: Vec<Range<usize>>,
    /// Where each piece but the first begins, in order; see [`super::pieces`].
    pub(super) pieces: Vec<usize>,
}

/// Looks through a text. Small files cannot become too deep and are not looked through.
///
/// # Errors
/// The place where the tree would become too deep.
pub(super) fn layout_of(text: &str) -> Result<Layout, SyntaxError> {
    let mut layout = Layout::default();
    if text.len() <= MAX_BRACKETS {
        return Ok(layout);
    }
    let bytes = text.as_bytes();
    let mut open: Vec<usize> = Vec::new();
    let mut links = 0;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                at = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |end| at + end);
                continue;
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                at = end_of_comment(bytes, at);
                continue;
            }
            b'"' => {
                at = end_of_string(bytes, at);
                continue;
            }
            b'\'' => {
                at = end_of_character(bytes, at);
                continue;
            }
            b'(' | b'[' | b'{' => {
                if byte == b'['
                    && let Some(end) = end_of_table(bytes, at)
                {
                    layout.tables.push(at + 1..end);
                    links += 1;
                    at = end + 1;
                    continue;
                }
                open.push(links);
                links = 0;
            }
            b')' | b']' | b'}' => {
                links = open.pop().unwrap_or(0) + 1;
                // A block ends its statement, but for `else` and operators behind it, which go on.
                if byte == b'}' && !continues(&bytes[at + 1..]) {
                    links = 0;
                }
            }
            b';' | b',' => links = 0,
            b'.' | b'+' | b'-' | b'*' | b'/' | b'%' | b'&' | b'|' | b'^' | b'!' | b'<' | b'>' | b'='
            | b'?' => {
                links += 1;
            }
            _ => {
                at += 1;
                continue;
            }
        }
        if open.is_empty()
            && matches!(byte, b'}' | b';')
            && at - layout.pieces.last().unwrap_or(&0) >= LEAST_PIECE
            && let Some(next) = next_item(text, at + 1)
        {
            layout.pieces.push(next);
        }
        let message = match () {
            () if open.len() > MAX_BRACKETS => format!("more than {MAX_BRACKETS} brackets within each other"),
            () if links > MAX_LINKS => format!("an expression of more than {MAX_LINKS} operators"),
            () => {
                at += 1;
                continue;
            }
        };
        return Err(SyntaxError { at: at as u32, message: format!("{message}: the file was not read") });
    }
    Ok(layout)
}

/// Whether an expression goes on behind a closed block.
fn continues(rest: &[u8]) -> bool {
    let start = rest.iter().position(|byte| !byte.is_ascii_whitespace());
    let rest = start.map_or(&[][..], |start| &rest[start..]);
    rest.starts_with(b"else") || rest.first().is_some_and(|byte| b".?+-*/%&|^<>=".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, is_fine: bool) {
        assert_eq!(layout_of(text).is_ok(), is_fine);
    }

    #[test]
    fn depth_is_bounded_and_length_is_not() {
        check(&format!("const X: u32 = {}1{};", "(".repeat(5_000), ")".repeat(5_000)), false);
        check(&format!("const X: u32 = 1{};", " + 1".repeat(50_000)), false);
        check(&format!("const X: &[u32] = &[{}];", "-1, ".repeat(50_000)), true);
        check(&format!("const X: &[u32] = &[{}];", "-N, ".repeat(50_000)), true);
        check(&"fn f() { if x { a.b() } else { c.d() } }\n".repeat(5_000), true);
    }

    #[test]
    fn tables_are_found_where_they_are_code() {
        let numbers = "1, ".repeat(1_200);
        let text = format!(
            "const A: &[u8] = &[{numbers}]; // [{numbers}]\nconst B: &str = \"[{numbers}]\"; /* [{numbers}] */\n\
             fn f() {{ g(&[{numbers}], N); if x[0] {{}} }} // end\n"
        );
        let tables = layout_of(&text).expect("not deep").tables;
        assert_eq!(tables.iter().map(|table| &text[table.clone()]).collect::<Vec<_>>(), [&numbers, &numbers]);
    }

    #[test]
    fn brackets_in_strings_characters_and_comments_do_not_count() {
        let text = "const A: &str = \"((\"; const B: char = '('; /* (( /* */ (( */ const C: &str = r#\"\"((\"#; // ((\n\
                    fn f<'a>(x: &'a str) -> char { '\\'' }\n";
        check(&text.repeat(2_000), true);
    }
}

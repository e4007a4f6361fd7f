//! Pages for a terminal: tables that fit the width, headings in bold where colour is wanted.

use std::fmt::Write;

use tabled::builder::Builder;
use tabled::settings::Style;
use textwrap::WordSeparator;
use textwrap::core::{Word, display_width};

use super::acts_on_display;
use super::chart::render_sparklines;
use super::document::{Block, Document, Table};
use super::graph_text::render_mermaid;
use super::timeline::render_gantt;

/// How wide, and whether with colour.
#[derive(Debug, Clone, Copy)]
pub struct TerminalOptions {
    /// Columns.
    pub width: usize,
    /// Whether to use ANSI escapes.
    pub has_color: bool,
}

/// Renders a page.
#[must_use]
pub fn render_terminal(document: &Document, options: TerminalOptions) -> String {
    let mut out = String::new();
    for block in &document.blocks {
        if !out.is_empty() && !matches!(block, Block::View(..)) {
            out.push('\n');
        }
        match block {
            Block::Heading(level, text) => render_heading(&mut out, *level, text, options),
            Block::Text(text) => wrap(&mut out, "", "", &plain(text), options.width),
            Block::Bullets(items) => {
                for item in items {
                    wrap(&mut out, "  • ", "    ", &plain(item), options.width);
                }
            }
            Block::Table(table) | Block::Matrix(table, _) => {
                out.push_str(&render_table(table, options.width));
                out.push('\n');
            }
            Block::Code(_, text) => render_code(&mut out, text),
            Block::Graph(drawing) => render_code(&mut out, &render_mermaid(drawing)),
            Block::Timeline(timeline) => render_code(&mut out, &render_gantt(timeline)),
            Block::Chart(chart) => {
                // Beside the bars stand a name and two figures.
                render_code(&mut out, &render_sparklines(chart, options.width.saturating_sub(45).max(10)));
            }
            Block::View(..) => {}
        }
    }
    out
}

fn render_code(out: &mut String, text: &str) {
    for line in text.trim_end().lines() {
        let _ = writeln!(out, "    {line}");
    }
}

fn render_heading(out: &mut String, level: u8, text: &str, options: TerminalOptions) {
    let text = plain(text);
    if options.has_color {
        let _ = writeln!(out, "\x1b[1m{text}\x1b[0m");
    } else {
        let _ = writeln!(out, "{text}");
    }
    if level <= 2 {
        let rule = if level == 1 { "═" } else { "─" };
        let _ = writeln!(out, "{}", rule.repeat(text.chars().count().min(options.width)));
    }
}

fn render_table(table: &Table, width: usize) -> String {
    let rows: Vec<Vec<String>> = std::iter::once(&table.columns)
        .chain(&table.rows)
        .map(|row| row.iter().map(|cell| plain(cell)).collect())
        .collect();
    let widths = column_widths(&rows, width);
    let mut builder = Builder::default();
    for row in &rows {
        builder.push_record(row.iter().zip(&widths).map(|(cell, width)| wrap_cell(cell, *width)));
    }
    let mut rendered = builder.build();
    rendered.with(Style::rounded());
    rendered.to_string()
}

/// Widths that fit `total` columns: the widest gives way first, and none is cut below its longest
/// piece while another can still give.
fn column_widths(rows: &[Vec<String>], total: usize) -> Vec<usize> {
    let columns = rows.first().map_or(0, Vec::len);
    let widest = |of: fn(&str) -> usize| -> Vec<usize> {
        (0..columns).map(|at| rows.iter().map(|row| of(&row[at])).max().unwrap_or(0).max(1)).collect()
    };
    let mut widths = widest(display_width);
    let pieces = widest(|cell| pieces_of(cell).map(|piece| display_width(piece.word)).max().unwrap_or(0));
    // A border and a space on each side of every cell.
    let room = total.saturating_sub(3 * columns + 1);
    while widths.iter().sum::<usize>() > room {
        let gives = |at: &usize| (widths[*at] > pieces[*at], widths[*at]);
        match (0..columns).max_by_key(gives) {
            Some(at) if widths[at] > 1 => widths[at] -= 1,
            _ => break,
        }
    }
    widths
}

fn wrap_cell(cell: &str, width: usize) -> String {
    let options = textwrap::Options::new(width)
        .word_separator(WordSeparator::Custom(|line| Box::new(pieces_of(line))))
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .wrap_algorithm(textwrap::WrapAlgorithm::FirstFit);
    textwrap::wrap(cell, options).join("\n")
}

/// Where a line may break: after spaces, inside paths and dotted names after their separators, and
/// between the words of `CamelCase`.
fn pieces_of(line: &str) -> impl Iterator<Item = Word<'_>> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let mut characters = rest.char_indices().peekable();
        characters.peek()?;
        let (mut end, mut before) = (rest.len(), ' ');
        while let Some((_, c)) = characters.next() {
            let Some(&(at, next)) = characters.peek() else { break };
            let is_boundary = match c {
                ' ' => next != ' ',
                '/' | '.' => next.is_alphanumeric(),
                // `a::b`, and not `file.py:12`
                ':' => before == ':' && next.is_alphanumeric(),
                '_' => before.is_alphanumeric() && next.is_alphanumeric(),
                c => c.is_lowercase() && next.is_uppercase(),
            };
            if is_boundary {
                end = at;
                break;
            }
            before = c;
        }
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(Word::from(piece))
    })
}

/// Without the backquotes, and without control characters that a file name may hold.
fn plain(text: &str) -> String {
    text.chars().filter(|c| *c != '`').map(|c| if acts_on_display(c) { '�' } else { c }).collect()
}

fn wrap(out: &mut String, first: &str, rest: &str, text: &str, width: usize) {
    let mut line = first.to_owned();
    let mut is_empty = true;
    for word in text.split_whitespace() {
        let needed = line.chars().count() + usize::from(!is_empty) + word.chars().count();
        if !is_empty && needed > width {
            out.push_str(line.trim_end());
            out.push('\n');
            line = rest.to_owned();
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    out.push_str(line.trim_end());
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_wider_than_asked() {
        let mut document = Document::default();
        document.heading(1, "Title");
        document.text("word ".repeat(60));
        document.table(&["type", "why"], [vec!["a.b.C".repeat(30), "because ".repeat(30)]]);
        let text = render_terminal(&document, TerminalOptions { width: 60, has_color: false });
        assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
        assert!(!text.contains('\x1b'));
    }

    #[test]
    fn names_and_paths_break_between_their_words() {
        assert_eq!(wrap_cell("WebSocketManager", 10), "WebSocket\nManager");
        assert_eq!(wrap_cell("app/core/manager.py:32 here", 11), "app/core/\nmanager.\npy:32 here");
        assert_eq!(wrap_cell("unbreakable", 4), "unbr\neaka\nble");
    }
}

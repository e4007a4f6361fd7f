//! Pages for a terminal: tables that fit the width, headings in bold where colour is wanted.

use std::fmt::Write;

use tabled::builder::Builder;
use tabled::settings::Style;
use tabled::settings::peaker::Priority;
use tabled::settings::width::Width;

use super::document::{Block, Document, Table};

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
        if !out.is_empty() {
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
            Block::Table(table) => {
                out.push_str(&render_table(table, options.width));
                out.push('\n');
            }
            Block::Code(_, text) => {
                for line in text.trim_end().lines() {
                    let _ = writeln!(out, "    {line}");
                }
            }
        }
    }
    out
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
    let mut builder = Builder::default();
    builder.push_record(table.columns.iter().map(|column| plain(column)));
    for row in &table.rows {
        builder.push_record(row.iter().map(|cell| plain(cell)));
    }
    let mut rendered = builder.build();
    rendered.with(Style::rounded()).with(Width::wrap(width).priority(Priority::max(true)).keep_words(true));
    rendered.to_string()
}

/// Without the backquotes, and without control characters that a file name may hold.
fn plain(text: &str) -> String {
    text.chars().filter(|c| *c != '`').map(|c| if c.is_control() { '�' } else { c }).collect()
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
}

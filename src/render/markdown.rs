//! Pages as GitHub-flavoured Markdown.

use std::fmt::Write;

use super::acts_on_display;
use super::chart::render_xychart;
use super::document::{Block, Document, Table};
use super::graph_text::render_mermaid;
use super::timeline::render_gantt;

/// Renders a page.
#[must_use]
pub fn render_markdown(document: &Document) -> String {
    let mut out = String::new();
    for block in &document.blocks {
        if !out.is_empty() && !matches!(block, Block::View(..)) {
            out.push('\n');
        }
        match block {
            Block::Heading(level, text) => {
                let _ = writeln!(out, "{} {}", "#".repeat(usize::from(*level)), escape(text));
            }
            Block::Text(text) => {
                let _ = writeln!(out, "{}", escape(text));
            }
            Block::Bullets(items) => {
                for item in items {
                    let _ = writeln!(out, "- {}", escape(item));
                }
            }
            Block::Table(table) | Block::Matrix(table, _) => render_table(&mut out, table),
            Block::Code(language, text) => render_code(&mut out, language, text),
            Block::Graph(drawing) => render_code(&mut out, "mermaid", &render_mermaid(drawing)),
            Block::Timeline(timeline) => render_code(&mut out, "mermaid", &render_gantt(timeline)),
            Block::Chart(chart) => render_code(&mut out, "mermaid", &render_xychart(chart)),
            Block::View(..) => {}
        }
    }
    out
}

fn render_table(out: &mut String, table: &Table) {
    let row = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| escape(cell).replace('|', "\\|")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    out.push_str(&row(&table.columns));
    let _ = writeln!(out, "|{}", " --- |".repeat(table.columns.len()));
    for cells in &table.rows {
        out.push_str(&row(cells));
    }
}

fn render_code(out: &mut String, language: &str, text: &str) {
    let fence = fence_for(text);
    let _ = writeln!(out, "{fence}{language}\n{}\n{fence}", text.trim_end());
}

/// A fence that the text does not contain.
fn fence_for(text: &str) -> &'static str {
    if text.contains("```") { "~~~~" } else { "```" }
}

/// Escapes what Markdown would read as markup, outside backquotes: `__init__`, `<locals>`, `*args`.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut is_code = false;
    for c in text.chars() {
        match c {
            '`' => {
                is_code = !is_code;
                out.push(c);
            }
            '\n' | '\r' => out.push(' '),
            // Names of files may hold anything; a terminal that shows the page must not act on it.
            c if acts_on_display(c) => out.push(char::REPLACEMENT_CHARACTER),
            '<' | '*' | '_' | '[' | '\\' if !is_code => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_names_is_escaped_and_code_is_left_alone() {
        assert_eq!(escape("f.<locals>.__x__ `a_b|c`"), "f.\\<locals>.\\_\\_x\\_\\_ `a_b|c`");
        assert_eq!(escape("a\u{1b}[31mb"), "a\u{fffd}\\[31mb");
    }

    #[test]
    fn cells_cannot_break_out_of_their_table() {
        let mut document = Document::default();
        document.table(&["a"], [vec!["x | y\nz".to_owned()]]);
        assert_eq!(render_markdown(&document), "| a |\n| --- |\n| x \\| y z |\n");
    }
}

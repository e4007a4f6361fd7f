//! Pages as one HTML file that needs no network: style and script stand in it, and nothing else may be loaded.

mod charts;
pub mod views;

use std::fmt::Write;

use serde::Serialize;

use super::acts_on_display;
use super::document::{Block, Document, Table};
use super::graph_text::{GraphDrawing, LineStyle, render_mermaid};
use super::timeline::{Bar, BarState, Timeline};

const STYLE: &str = include_str!("html/page.css");
const TABLES: &str = include_str!("html/page.js");

/// Layout by forces, for pages with a drawing.
const FORCES: &str = include_str!("html/vendor/d3-force.js");
const DRAWINGS: &str = include_str!("html/drawings.js");
const VIEWS: &str = include_str!("html/views.js");

/// Renders a page.
#[must_use]
pub fn render_html(document: &Document) -> String {
    let title = document.blocks.iter().find_map(|block| match block {
        Block::Heading(1, text) => Some(text.as_str()),
        _ => None,
    });
    let title = title.unwrap_or("ssot");
    let mut contents = String::new();
    let mut body = String::new();
    for (number, block) in document.blocks.iter().enumerate() {
        match block {
            Block::Heading(level, text) => {
                let level = (*level).clamp(1, 6);
                let _ = writeln!(body, "<h{level} id=\"s{number}\">{}</h{level}>", inline(text));
                if level == 2 {
                    let _ = writeln!(contents, "<a href=\"#s{number}\">{}</a>", inline(text));
                }
            }
            Block::Text(text) => {
                let _ = writeln!(body, "<p>{}</p>", inline(text));
            }
            Block::Bullets(items) => {
                body.push_str("<ul>\n");
                for item in items {
                    let _ = writeln!(body, "<li>{}</li>", inline(item));
                }
                body.push_str("</ul>\n");
            }
            Block::Table(table) => render_table(&mut body, table, None),
            Block::Matrix(table, notes) => render_table(&mut body, table, Some(notes)),
            Block::Code(language, text) => {
                let _ =
                    writeln!(body, "<pre data-language=\"{language}\"><code>{}</code></pre>", escape(text));
            }
            Block::Graph(drawing) => render_graph(&mut body, drawing),
            Block::Timeline(timeline) => render_timeline(&mut body, timeline),
            Block::Chart(chart) => charts::render_chart(&mut body, chart),
            Block::View(name, json) => {
                let _ = writeln!(
                    body,
                    "<section class=\"view\" data-view=\"{name}\"><noscript><p>This part needs scripts.</p></noscript>\
                     <script type=\"application/json\">{}</script></section>",
                    inert(json)
                );
            }
        }
    }
    let scripts = match document.blocks.iter().any(|block| matches!(block, Block::Graph(_) | Block::View(..)))
    {
        true => format!("{FORCES}\n{TABLES}{DRAWINGS}{VIEWS}"),
        false => TABLES.to_owned(),
    };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         script-src 'unsafe-inline'\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<nav aria-label=\"sections\">\n{contents}</nav>\n\
         <main>\n{body}</main>\n<script>\n{scripts}</script>\n</body>\n</html>\n",
        escape(title)
    )
}

/// A table; a cell that has more to say shows it to who points at it or reaches it with the keyboard.
fn render_table(out: &mut String, table: &Table, notes: Option<&Vec<Vec<String>>>) {
    out.push_str(match notes {
        Some(_) => "<div class=\"wide\"><table class=\"matrix\">\n<thead><tr>",
        None => "<div class=\"wide\"><table>\n<thead><tr>",
    });
    for column in &table.columns {
        let _ = write!(out, "<th scope=\"col\">{}</th>", inline(column));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for (at, row) in table.rows.iter().enumerate() {
        out.push_str("<tr>");
        for (column, cell) in row.iter().enumerate() {
            let note = notes.and_then(|notes| notes.get(at)?.get(column)).filter(|note| !note.is_empty());
            let _ = match note {
                Some(note) => {
                    write!(out, "<td tabindex=\"0\" title=\"{}\">{}</td>", escape(note), inline(cell))
                }
                None => write!(out, "<td>{}</td>", inline(cell)),
            };
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table></div>\n");
}

/// A drawing for the script, and its source for who has none.
fn render_graph(out: &mut String, drawing: &GraphDrawing) {
    #[derive(Serialize)]
    struct Node<'a> {
        id: &'a str,
        label: &'a str,
    }
    #[derive(Serialize)]
    struct Edge<'a> {
        from: &'a str,
        to: &'a str,
        style: &'static str,
        label: &'a str,
    }
    #[derive(Serialize)]
    struct Graph<'a> {
        nodes: Vec<Node<'a>>,
        edges: Vec<Edge<'a>>,
    }
    let edges = drawing.edges.iter().map(|edge| Edge {
        from: &edge.from,
        to: &edge.to,
        style: match edge.style {
            LineStyle::Solid => "solid",
            LineStyle::Dashed => "dashed",
            LineStyle::Typing => "dotted",
            LineStyle::Thick => "thick",
            LineStyle::Inherits => "inherits",
        },
        label: &edge.label,
    });
    let nodes = drawing.nodes.iter().map(|node| Node { id: &node.id, label: &node.label });
    let graph = Graph { nodes: nodes.collect(), edges: edges.collect() };
    // Strings alone: there is nothing in it that serde could refuse.
    let json = serde_json::to_string(&graph).unwrap_or_default();
    let _ = writeln!(
        out,
        "<figure class=\"graph\"><script type=\"application/json\">{}</script>\
         <details><summary>its Mermaid source</summary><pre><code>{}</code></pre></details></figure>",
        inert(&json),
        escape(&render_mermaid(drawing))
    );
}

/// Bars beside their names, on one scale of days.
fn render_timeline(out: &mut String, timeline: &Timeline) {
    let all = timeline.days.max(f64::MIN_POSITIVE);
    let percent = |days: f64| format!("{:.2}%", days / all * 100.0);
    let _ = writeln!(
        out,
        "<figure class=\"timeline\"><figcaption>Days of work, 0 to {}; outlined: on the longest chain of steps that need each other; green: done</figcaption>",
        timeline.days
    );
    for (title, bars) in &timeline.sections {
        let _ = writeln!(out, "<h4>{}</h4><ol>", inline(title));
        for bar in bars {
            let Bar { name, note, start, end, state } = bar;
            let state = match state {
                BarState::Done => "done",
                BarState::Critical => "critical",
                BarState::Open => "open",
            };
            let _ = writeln!(
                out,
                "<li tabindex=\"0\" title=\"{} Days {start} to {end}.\"><span>{}</span>\
                 <div><i class=\"{state}\" style=\"margin-left:{};width:{}\"></i></div></li>",
                escape(note),
                inline(name),
                percent(*start),
                percent(end - start)
            );
        }
        out.push_str("</ol>\n");
    }
    out.push_str("</figure>\n");
}

/// JSON that ends no script and begins no comment, whatever its strings hold.
fn inert(json: &str) -> String {
    json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

/// Text with `code` in backquotes.
fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for (number, part) in text.split('`').enumerate() {
        match number % 2 {
            0 => out.push_str(&breakable(&escape(part))),
            _ => {
                let _ = write!(out, "<code>{}</code>", breakable(&escape(part)));
            }
        }
    }
    out
}

/// Long ids and paths may go on in the next line behind their separators, and between the words of a name.
fn breakable(escaped: &str) -> String {
    let mut out = String::with_capacity(escaped.len() + 16);
    let mut before = ' ';
    for character in escaped.chars() {
        let is_word = character.is_uppercase() && before.is_lowercase();
        let is_part = matches!(before, '.' | '/' | '_') && character.is_alphanumeric();
        if is_word || is_part {
            out.push_str("<wbr>");
        }
        out.push(character);
        before = character;
    }
    out
}

/// Text that is no markup, whatever it holds: names of classes and files may be anything.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(character),
            other if acts_on_display(other) => out.push(char::REPLACEMENT_CHARACTER),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::graph_text::DrawnNode;

    #[test]
    fn names_do_no_harm_wherever_they_stand() {
        let evil = "\u{202e}</script></style></title><img src=x onerror=alert(1)>\"'`x`\u{1b}[31m";
        let mut document = Document::default();
        document.heading(1, evil);
        document.heading(2, evil);
        document.text(evil);
        document.bullets([evil.to_owned()]);
        document.table(&[evil], [vec![evil.to_owned()]]);
        document.code("text", evil);
        let nodes = vec![DrawnNode { id: evil.to_owned(), label: evil.to_owned() }];
        document.graph(GraphDrawing { nodes, edges: Vec::new() });
        document.view("types", serde_json::to_string(evil).expect("JSON"));
        document.matrix(&[evil], [vec![(evil.to_owned(), evil.to_owned())]]);
        let bar = Bar { name: evil.into(), note: evil.into(), start: 0.0, end: 1.0, state: BarState::Open };
        document.timeline(Timeline { sections: vec![(evil.to_owned(), vec![bar])], days: 1.0 });
        let page = render_html(&document);
        assert!(!page.contains("<img"), "{page}");
        // The drawing's data, the view's data, the page's own.
        assert_eq!(page.matches("</script>").count(), 3);
        assert_eq!(page.matches("</style>").count(), 1);
        assert!(!page.contains('\u{1b}') && !page.contains("<h1 id=\"s0\">\u{202e}"));
        // Nothing is loaded from anywhere.
        assert!(!page.contains("src=\"") && !page.contains("href=\"http") && !page.contains("@import"));
    }
}

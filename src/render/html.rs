//! Pages as one HTML file that needs no network: style and script stand in it, and nothing else may be loaded.

use std::fmt::Write;

use super::document::{Block, Document, Table};

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");

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
            Block::Table(table) => render_table(&mut body, table),
            Block::Code(language, text) => {
                let _ =
                    writeln!(body, "<pre data-language=\"{language}\"><code>{}</code></pre>", escape(text));
            }
        }
    }
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         script-src 'unsafe-inline'\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<nav aria-label=\"sections\">\n{contents}</nav>\n\
         <main>\n{body}</main>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n",
        escape(title)
    )
}

fn render_table(out: &mut String, table: &Table) {
    out.push_str("<div class=\"wide\"><table>\n<thead><tr>");
    for column in &table.columns {
        let _ = write!(out, "<th scope=\"col\">{}</th>", inline(column));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        out.push_str("<tr>");
        for cell in row {
            let _ = write!(out, "<td>{}</td>", inline(cell));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table></div>\n");
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
            other if other.is_control() => out.push(char::REPLACEMENT_CHARACTER),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_no_harm_wherever_they_stand() {
        let evil = "</script></style></title><img src=x onerror=alert(1)>\"'`x`\u{1b}[31m";
        let mut document = Document::default();
        document.heading(1, evil);
        document.heading(2, evil);
        document.text(evil);
        document.bullets([evil.to_owned()]);
        document.table(&[evil], [vec![evil.to_owned()]]);
        document.code("text", evil);
        let page = render_html(&document);
        assert!(!page.contains("<img"), "{page}");
        assert_eq!(page.matches("</script>").count(), 1);
        assert_eq!(page.matches("</style>").count(), 1);
        assert!(!page.contains('\u{1b}'));
        // Nothing is loaded from anywhere.
        assert!(!page.contains("http:") && !page.contains("https:") && !page.contains("src=\""));
    }
}

//! A report → text. A renderer sees [`crate::report`] and nothing else of the analysis.

pub mod chart;
pub mod document;
pub mod findings;
pub mod graph_text;
pub mod html;
pub mod json;
pub mod markdown;
pub mod pages;
pub mod plan_text;
pub mod protocol_text;
pub mod terminal;
pub mod timeline;

/// The forms in which a command can answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Tables for people, at 100 columns.
    Terminal,
    /// Markdown.
    Markdown,
    /// One HTML file.
    Html,
    /// JSON, see [`crate::report::SCHEMA`].
    Json,
    /// A Mermaid graph.
    Mermaid,
    /// A Graphviz graph.
    Dot,
}

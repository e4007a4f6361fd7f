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
pub mod trial;

/// Whether a character would act on what shows it instead of being shown: controls, and what turns the direction of the text
/// around it (UAX #9, section 2). Names of files and classes may hold them.
pub(crate) fn acts_on_display(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

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

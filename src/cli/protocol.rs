//! `ssot protocol`: the target protocol of a concept, to read or as source text.

use clap::{Args, ValueEnum};

use super::inputs::Inputs;
use super::output::{Answer, Color, Output};
use crate::analysis;
use crate::analysis::synthesis::synthesise;
use crate::render::Format;
use crate::render::pages::protocol::protocol_page;
use crate::render::protocol_text::{render_python, render_rust};
use crate::report::protocol::build;

/// What `ssot protocol` takes.
#[derive(Debug, Args)]
pub(super) struct Protocol {
    #[command(flatten)]
    inputs: Inputs,
    #[command(flatten)]
    output: Output,
    /// The concept; needed where the tree has several.
    #[arg(long, value_name = "ID")]
    concept: Option<String>,
    /// Print source text in this language instead of the analysis.
    #[arg(long, value_enum, conflicts_with = "format")]
    language: Option<Language>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Language {
    /// A `typing.Protocol`.
    Python,
    /// A trait.
    Rust,
}

pub(super) fn run(arguments: &Protocol, quiet: bool, color: Color) -> miette::Result<()> {
    let loaded = arguments.inputs.load(quiet)?;
    let options = super::options(&loaded, arguments.concept.as_deref())?;
    let index = &loaded.tree.index;
    let found = analysis::run(index, &loaded.tree.documents, &options);
    loaded.progress.finish();
    let concept = match &found.concepts[..] {
        [single] => single,
        [] => {
            return Err(miette::miette!(
                help = "declare one in ssot.toml; `ssot discover --write` adds what it finds",
                "no declared concept has members in {}",
                loaded.tree.root.display()
            ));
        }
        several => {
            let ids: Vec<&str> = several.iter().map(|concept| concept.id.as_str()).collect();
            return Err(miette::miette!(
                help = format!("--concept with one of {}", ids.join(", ")),
                "the tree has several concepts"
            ));
        }
    };
    let report = build(index, concept, &synthesise(index, &options.lexicon, concept));
    let language = arguments.language.or_else(|| match arguments.output.extension() {
        Some("py" | "pyi") => Some(Language::Python),
        Some("rs") => Some(Language::Rust),
        _ => None,
    });
    if let Some(language) = language {
        let text = match language {
            Language::Python => render_python(&report),
            Language::Rust => render_rust(&report),
        };
        return arguments.output.write(Format::Terminal, &Answer::Bytes(text.into_bytes()), color);
    }
    let format = arguments.output.format(Format::Terminal)?;
    let answer = Answer::of(format, &report, || protocol_page(&report))?;
    arguments.output.write(format, &answer, color)
}

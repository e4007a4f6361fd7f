//! `ssot discover`, and writing what it proposes into `ssot.toml`.

use std::fmt::Write as _;
use std::path::Path;

use clap::Args;

use super::inputs::Inputs;
use super::output::{Answer, Color, Output};
use crate::analysis::discovery;
use crate::render::Format;
use crate::render::pages::discover::{DEFAULT_LIMIT, discover_page};
use crate::report::discovery::{DiscoveryReport, GroupReport, build};

/// What `ssot discover` takes.
#[derive(Debug, Args)]
pub(super) struct Discover {
    #[command(flatten)]
    inputs: Inputs,
    #[command(flatten)]
    output: Output,
    /// How many groups the page tells; the JSON has all.
    #[arg(long, value_name = "NUMBER", default_value_t = DEFAULT_LIMIT)]
    limit: usize,
    /// Add the proposed entry of this concept to ssot.toml; may be given several times.
    #[arg(long, value_name = "CONCEPT")]
    write: Vec<String>,
}

pub(super) fn run(arguments: &Discover, quiet: bool, color: Color) -> miette::Result<()> {
    let loaded = arguments.inputs.load(quiet)?;
    let options = super::options(&loaded, None)?;
    let found = discovery::discover(&loaded.tree.index, &options);
    let report = build(&loaded.tree, &found);
    loaded.progress.finish();
    if !arguments.write.is_empty() {
        let file = arguments.inputs.config_file(&loaded.tree.root);
        return write_proposals(&report, &arguments.write, &file);
    }
    let format = arguments.output.format(Format::Terminal)?;
    let answer = Answer::of(format, &report, || discover_page(&report, arguments.limit))?;
    arguments.output.write(format, &answer, color)
}

/// Appends the entries to the configuration; what stands there stays as it is.
fn write_proposals(report: &DiscoveryReport, wanted: &[String], file: &Path) -> miette::Result<()> {
    let mut chosen: Vec<&GroupReport> = Vec::new();
    for id in wanted {
        let group = report.concepts.iter().find(|group| group.id == *id).ok_or_else(|| {
            let known: Vec<&str> = report.concepts.iter().take(8).map(|group| group.id.as_str()).collect();
            let help = if known.is_empty() {
                "it finds none at all".to_owned()
            } else {
                format!("found, among others: {}", known.join(", "))
            };
            miette::miette!(help = help, "`ssot discover` finds no concept `{id}` here")
        })?;
        if group.members.iter().all(|member| member.form == "module") {
            return Err(miette::miette!(
                help = "declare a class with the same job as its member, and its modules beside it",
                "`{id}` has functions alone, and a concept is declared around a class"
            ));
        }
        chosen.push(group);
    }
    let old = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(miette::miette!("cannot read {}: {error}", file.display())),
    };
    let mut text = old.clone();
    for group in chosen {
        if old.contains(&format!("id = {:?}", group.id)) {
            return Err(miette::miette!("{} declares `{}` already", file.display(), group.id));
        }
        if !text.is_empty() {
            text.push('\n');
        }
        let _ = write!(text, "{}", group.proposal);
    }
    std::fs::write(file, text)
        .map_err(|error| miette::miette!("cannot write {}: {error}", file.display()))?;
    let names: Vec<&str> = wanted.iter().map(String::as_str).collect();
    let note = format!("added {} to {}\n", names.join(", "), file.display());
    super::output::print_note(&note);
    Ok(())
}

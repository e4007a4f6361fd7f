//! `ssot init`: a first configuration, a baseline of what is there, and what to do next.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::check;
use super::inputs::Inputs;
use super::output::print_text;
use crate::analysis::discovery::{self, GroupKind};
use crate::config::FILE_NAME;
use crate::gate::baseline;
use crate::report::discovery::build;

/// Name of the baseline that is proposed.
const BASELINE: &str = "ssot.baseline";

/// What `ssot init` takes.
#[derive(Debug, Args)]
pub(super) struct Init {
    #[command(flatten)]
    inputs: Inputs,
    /// How many of the concepts that are found are declared, the most worthwhile first.
    #[arg(long, value_name = "NUMBER", default_value_t = 5)]
    concepts: usize,
    /// Print what would be written, and write nothing.
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(init: &Init, quiet: bool) -> miette::Result<()> {
    let loaded = init.inputs.load(quiet)?;
    let root = loaded.tree.root.clone();
    let config = loaded.config.path.clone();
    let mut told = String::new();
    if let Some(path) = &config {
        let _ = writeln!(told, "kept     {} (it is there already)", shown(path));
        loaded.progress.finish();
    } else {
        let options = super::options(&loaded, None)?;
        let found = discovery::discover(&loaded.tree.index, &options);
        let report = build(&loaded.tree, &found);
        loaded.progress.finish();
        let kinds = [GroupKind::Responsibility, GroupKind::Name].map(GroupKind::as_str);
        // A concept is declared around a class.
        let has_class = |members: &[crate::report::discovery::GroupMemberReport]| {
            members.iter().any(|member| member.form != "module")
        };
        let chosen = kinds.iter().flat_map(|kind| {
            report.concepts.iter().filter(move |group| group.kind == *kind && has_class(&group.members))
        });
        let proposals: Vec<&str> = chosen.take(init.concepts).map(|group| group.proposal.as_str()).collect();
        let text = configuration(&proposals);
        let path = root.join(FILE_NAME);
        if init.dry_run {
            let rest = format!(
                "\n# and {BASELINE} with the findings that are there, and a line for it in .gitattributes\n"
            );
            return print_text(&(text + &rest));
        }
        write(&path, &text)?;
        let _ = writeln!(told, "wrote    {} with {} of the concepts found", shown(&path), proposals.len());
    }
    if init.dry_run {
        return print_text(&told);
    }
    std::mem::forget(loaded.tree);

    let prepared = init.inputs.prepare(true)?;
    let named = prepared.config.gate.baseline.clone();
    let file = named.clone().unwrap_or_else(|| root.join(BASELINE));
    if file.exists() {
        let _ = writeln!(told, "kept     {} (it is there already)", shown(&file));
    } else {
        let entries = check::entries_of(&prepared, &init.inputs.cache(false))?;
        write(&file, &baseline::render(&entries))?;
        let _ =
            writeln!(told, "wrote    {} with the {} findings that are there", shown(&file), entries.len());
    }
    told.push_str(&keep_both_sides(&root, &file)?);
    let mut command = "ssot check".to_owned();
    if !matches!(shown(&root).as_str(), "" | ".") {
        command.push_str(&format!(" {}", shown(&root)));
    }
    if named.is_none() {
        command.push_str(&format!(" --baseline {}", shown(&file)));
    }
    let _ = write!(
        told,
        "\nNext:\n  \
         1. read {FILE_NAME}: name the canonical implementation of each concept, take out what is none\n  \
         2. commit the files\n  \
         3. in CI, fail where something is new:      {command}\n     \
         after mending something:                 {command} --prune\n     \
         for what else is implemented twice:      ssot discover\n"
    );
    print_text(&told)
}

/// The text of a first configuration.
fn configuration(proposals: &[&str]) -> String {
    let mut text = format!(
        "# Configuration of ssot; `ssot explain --list` names the rules.\n\n\
         [check]\n\
         # Findings that are accepted; only others fail.\n\
         baseline = {BASELINE:?}\n\
         # What fails: \"error\" is a second implementation; \"warning\" adds conflicts between those that are there.\n\
         severity = \"error\"\n"
    );
    if !proposals.is_empty() {
        text.push_str(
            "\n# Concepts that have several implementations, as found. Edit them, or take them out.\n",
        );
    }
    for proposal in proposals {
        text.push('\n');
        text.push_str(proposal);
    }
    text
}

/// Tells git to keep the lines of both sides where branches meet in the baseline.
fn keep_both_sides(root: &Path, baseline: &Path) -> miette::Result<String> {
    if !root.ancestors().any(|up| up.join(".git").exists()) {
        return Ok(String::new());
    }
    let folder = baseline.parent().unwrap_or(root);
    let Some(name) = baseline.file_name().and_then(|name| name.to_str()) else { return Ok(String::new()) };
    let path = folder.join(".gitattributes");
    let line = format!("{name} merge=union");
    let old = std::fs::read_to_string(&path).unwrap_or_default();
    if old.lines().any(|known| known.trim() == line) {
        return Ok(String::new());
    }
    let separator = if old.is_empty() || old.ends_with('\n') { "" } else { "\n" };
    write(&path, &format!("{old}{separator}{line}\n"))?;
    Ok(format!("added    `{line}` to {}: git keeps the lines of both branches\n", shown(&path)))
}

fn write(path: &Path, text: &str) -> miette::Result<()> {
    std::fs::File::create(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| miette::miette!("cannot write {}: {error}", path.display()))
}

/// A path from where the command runs.
fn shown(path: &Path) -> String {
    let here = PathBuf::from(".").canonicalize().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).display().to_string()
}

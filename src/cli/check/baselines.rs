//! The baseline of a run: read, written, pruned.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use miette::NamedSource;

use crate::cli::Outcome;
use crate::cli::output::print_note;
use crate::config::gate::GateConfig;
use crate::finding::Rule;
use crate::gate::baseline::{self, Entry};
use crate::gate::{Status, Verdict};
use crate::report::check::CheckReport;

#[derive(Debug, Args)]
#[command(next_help_heading = "Baseline")]
pub(super) struct BaselineOptions {
    /// File of accepted findings: only others fail. By default the one of the configuration.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write the findings to this file and accept them. A file that is there only shrinks, unless --grow is given.
    #[arg(long, value_name = "FILE")]
    write_baseline: Option<PathBuf>,
    /// Let --write-baseline add findings to a file that is there.
    #[arg(long, requires = "write_baseline")]
    grow: bool,
    /// Remove the entries of the baseline that no longer occur.
    #[arg(long, conflicts_with = "write_baseline")]
    prune: bool,
    /// Fail where an entry of the baseline no longer occurs.
    #[arg(long)]
    strict_baseline: bool,
}

/// The baseline of a run, and what is to be done with it.
pub(super) struct Upkeep {
    /// The file, and its entries where it is there.
    file: Option<(PathBuf, Option<Vec<Entry>>)>,
    work: Work,
    pub(super) is_strict: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    Read,
    Write { may_grow: bool },
    Prune,
}

impl BaselineOptions {
    pub(super) fn resolve(&self, gate: &GateConfig) -> miette::Result<Upkeep> {
        let is_strict = self.strict_baseline || gate.is_strict;
        if let Some(path) = &self.write_baseline {
            let entries = if path.exists() { Some(read(path)?) } else { None };
            let work = Work::Write { may_grow: self.grow };
            return Ok(Upkeep { file: Some((path.clone(), entries)), work, is_strict });
        }
        let path = self.baseline.as_ref().or(gate.baseline.as_ref());
        let work = if self.prune { Work::Prune } else { Work::Read };
        let Some(path) = path else {
            if self.prune {
                return Err(miette::miette!(
                    help = "give one with --baseline FILE, or `baseline` under [check] in ssot.toml",
                    "there is no baseline to prune"
                ));
            }
            return Ok(Upkeep { file: None, work, is_strict });
        };
        Ok(Upkeep { file: Some((path.clone(), Some(read(path)?))), work, is_strict })
    }
}

fn read(path: &Path) -> miette::Result<Vec<Entry>> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        miette::miette!(
            help = "write one with `ssot check --write-baseline FILE`",
            "cannot read baseline {}: {error}",
            path.display()
        )
    })?;
    baseline::parse(&text).map_err(|error| {
        let span = miette::LabeledSpan::at(error.span.clone(), "here");
        miette::miette!(labels = vec![span], help = error.help.clone(), "{}: {error}", path.display())
            .with_source_code(NamedSource::new(path.display().to_string(), text))
    })
}

impl Upkeep {
    pub(super) fn has_baseline(&self) -> bool {
        self.file.is_some()
    }

    /// What is accepted.
    pub(super) fn known(&self) -> Vec<Entry> {
        self.file.as_ref().and_then(|(_, entries)| entries.clone()).unwrap_or_default()
    }

    pub(super) fn writes(&self) -> bool {
        self.work != Work::Read
    }

    /// Writes the file. What rules say that were not checked in this run stays as it is.
    pub(super) fn write(
        &self,
        verdict: &Verdict,
        report: &CheckReport,
        checked: &BTreeSet<Rule>,
        counts: impl Fn(Rule) -> bool,
        quiet: bool,
    ) -> miette::Result<Outcome> {
        let Some((path, before)) = &self.file else { return Ok(Outcome::Fine) };
        let grown: Vec<Entry> =
            verdict.of(Status::New).filter(|finding| counts(finding.rule)).map(Entry::of).collect();
        let may_grow = before.is_none() || self.work == (Work::Write { may_grow: true });
        let is_pruning = self.work == Work::Prune;
        if !may_grow && !is_pruning && !grown.is_empty() {
            let named: Vec<String> = grown.iter().take(3).map(|entry| format!("  {entry}\n")).collect();
            print_note(&format!(
                "{} would grow by {} findings, and is left as it is; --grow lets it:\n{}",
                path.display(),
                grown.len(),
                named.concat()
            ));
            return Ok(Outcome::Findings);
        }
        let old = before.as_deref().unwrap_or_default();
        let mut entries: Vec<Entry> =
            old.iter().filter(|entry| !checked.contains(&entry.rule)).cloned().collect();
        entries.extend(verdict.of(Status::Known).map(Entry::of));
        if may_grow && !is_pruning {
            entries.extend(grown.iter().cloned());
        }
        let text = baseline::render(&entries);
        replace(path, &text)?;
        if !quiet {
            let gone = report.summary.stale;
            let added = if may_grow && !is_pruning { grown.len() } else { 0 };
            print_note(&format!(
                "{}: {} findings, {added} of them added now, {gone} entries removed\n",
                path.display(),
                text.lines().count() - 1
            ));
        }
        let is_open = is_pruning && !grown.is_empty();
        Ok(if is_open { Outcome::Findings } else { Outcome::Fine })
    }
}

/// Writes beside the file and puts it in its place, so that nobody reads half of it.
fn replace(path: &Path, text: &str) -> miette::Result<()> {
    let cannot = |error: std::io::Error| miette::miette!("cannot write {}: {error}", path.display());
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.tmp", std::process::id()));
    let beside = PathBuf::from(beside);
    std::fs::write(&beside, text).map_err(cannot)?;
    std::fs::rename(&beside, path).map_err(|error| {
        let _ = std::fs::remove_file(&beside);
        cannot(error)
    })
}

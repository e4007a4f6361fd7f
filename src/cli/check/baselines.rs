//! The baseline of a run: read, written, pruned.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use miette::NamedSource;

use crate::cli::Outcome;
use crate::cli::output::print_note;
use crate::config::gate::GateConfig;
use crate::finding::{Evidence, Finding, Rule};
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
    #[arg(long, value_name = "FILE", conflicts_with = "baseline")]
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
        let help = match path.is_dir() {
            true => "give a file; `ssot check --write-baseline FILE` writes one",
            false => "write one with `ssot check --write-baseline FILE`",
        };
        miette::miette!(help = help, "cannot read baseline {}: {error}", path.display())
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

    /// The entries that no longer occur as findings, where they are to fail.
    pub(super) fn stale_findings(&self, stale: &[Entry], root: &Path) -> Vec<Finding> {
        let Some((path, _)) = self.file.as_ref().filter(|_| self.is_strict && !self.writes()) else {
            return Vec::new();
        };
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let real = path.canonicalize().unwrap_or_else(|_| path.clone());
        let shown = real.strip_prefix(root).unwrap_or(path).display().to_string();
        let told = stale.iter().map(|entry| {
            let line = baseline::line_of(&text, entry);
            let label = "no longer occurs".to_owned();
            Finding {
                rule: Rule::StaleBaseline,
                message: format!("the baseline accepts what no longer occurs: {entry}"),
                places: vec![Evidence {
                    path: shown.clone(),
                    line,
                    column: 1,
                    length: entry.rule.id().len() as u32,
                    label,
                    first_line: line,
                }],
                notes: Vec::new(),
                atoms: entry.atoms.clone(),
                symbols: Vec::new(),
                after: None,
                copy: None,
            }
        });
        told.collect()
    }

    /// Whether the file only loses entries, and the verdict is told as ever.
    pub(super) fn prunes(&self) -> bool {
        self.work == Work::Prune
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
        entries.extend(verdict.near.iter().cloned());
        if may_grow && !is_pruning {
            entries.extend(grown.iter().cloned());
        }
        let text = baseline::render(&entries);
        if std::fs::read_to_string(path).ok().as_ref() != Some(&text) {
            replace(path, &text)?;
        }
        if !quiet {
            let gone = report.summary.stale;
            let added = if may_grow && !is_pruning { grown.len() } else { 0 };
            print_note(&format!(
                "{}: {} findings, {added} of them added now, {gone} entries removed\n",
                path.display(),
                entries.iter().filter(|entry| !entry.is_near).count()
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

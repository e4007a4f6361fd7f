//! `ssot conform run`.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use rayon::prelude::*;

use super::candidates::Candidates;
use super::forms::Forms;
use super::interrupts::watch_for_interrupts;
use super::joining::{join, signatures_of};
use crate::cli::Outcome;
use crate::cli::output::{Color, print_note};
use crate::conformance::cases::{self, Case, Group};
use crate::conformance::known::KnownFailures;
use crate::conformance::run::{JudgedCandidate, Terms, run as judge};
use crate::report::trial::build;

/// What `ssot conform run` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct Run {
    #[command(flatten)]
    candidates: Candidates,
    /// Only these cases.
    #[arg(long, value_name = "ID", help_heading = "Cases")]
    case: Vec<String>,
    /// Only these groups of cases.
    #[arg(long, value_name = "GROUP", value_parser = parse_group, help_heading = "Cases")]
    group: Vec<Group>,
    /// Deadlines are so many times as long: for slow machines.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = parse_patience, help_heading = "Cases")]
    patience: f64,
    /// Cases that are known to fail, with their reasons.
    #[arg(long, value_name = "FILE", help_heading = "Cases")]
    known: Option<PathBuf>,
    /// Judge each case so many times; the worst verdict counts.
    #[arg(long, value_name = "TIMES", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Cases")]
    repeat: u32,
    /// Do not look at the signatures of --python candidates.
    #[arg(long, help_heading = "Cases")]
    no_static: bool,
    #[command(flatten)]
    forms: Forms,
}

pub(super) fn parse_group(name: &str) -> Result<Group, String> {
    Group::ALL.into_iter().find(|group| group.as_str() == name).ok_or_else(|| {
        let names = Group::ALL.map(Group::as_str);
        format!("there are {}", names.join(", "))
    })
}

pub(super) fn parse_patience(text: &str) -> Result<f64, String> {
    let factor: f64 = text.parse().map_err(|_| "expected a number".to_owned())?;
    if factor.is_finite() && factor > 0.0 && factor <= 1_000.0 {
        Ok(factor)
    } else {
        Err("expected a number above 0, and at most 1000".to_owned())
    }
}

/// The cases of these ids and groups; all where neither is given.
pub(super) fn select(ids: &[String], groups: &[Group]) -> miette::Result<Vec<&'static Case>> {
    if let Some(unknown) = ids.iter().find(|id| !cases::all().any(|case| case.id == **id)) {
        return Err(miette::miette!(help = "`ssot conform list` shows them", "there is no case `{unknown}`"));
    }
    let is_wanted = |case: &&Case| {
        ids.is_empty() && groups.is_empty()
            || ids.iter().any(|id| id == case.id)
            || groups.contains(&case.group)
    };
    Ok(cases::all().filter(is_wanted).collect())
}

pub(super) fn run(run: &Run, quiet: bool, color: Color) -> miette::Result<Outcome> {
    let known = run.known.as_deref().map(read_known).transpose()?.unwrap_or_default();
    let terms = Terms { cases: select(&run.case, &run.group)?, patience: run.patience, repeat: run.repeat };
    let resolved = run.candidates.resolve()?;
    watch_for_interrupts(resolved.folder());
    run.forms.check_writable()?;
    // What can be known without running anything comes first.
    let signatures = if run.no_static { Vec::new() } else { signatures_of(&run.candidates) };
    let started = Instant::now();
    // As many at once as there are cores: more would be late for no fault of theirs.
    let judged: Vec<JudgedCandidate> =
        resolved.candidates.par_iter().map(|candidate| judge(candidate, &terms)).collect();
    let mut report = build(&judged, &known);
    report.members = join(&signatures, &report);
    if !quiet {
        let (cases, seconds) = (terms.cases.len(), started.elapsed().as_secs_f64());
        print_note(&format!("{cases} cases, {} candidates, {seconds:.2} s\n", judged.len()));
    }
    let strangers: Vec<&JudgedCandidate> = judged.iter().filter(|one| one.hello.is_none()).collect();
    if strangers.len() < judged.len() {
        run.forms.write(&report, color)?;
    }
    if let Some(stranger) = strangers.first() {
        let why = stranger.cases.first().and_then(|case| case.reason.as_deref()).unwrap_or_default();
        return Err(miette::miette!("`{}` cannot be judged: {why}", stranger.label));
    }
    Ok(if report.passed { Outcome::Fine } else { Outcome::Findings })
}

fn read_known(path: &std::path::Path) -> miette::Result<KnownFailures> {
    let shown = path.display();
    let text =
        std::fs::read_to_string(path).map_err(|error| miette::miette!("cannot read {shown}: {error}"))?;
    KnownFailures::parse(&text).map_err(|error| miette::miette!("{shown}: {error}"))
}

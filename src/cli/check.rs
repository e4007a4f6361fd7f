//! `ssot check`: the gate of CI.

mod baselines;
mod finder;
mod forms;

mod since;

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::civil::Date;

use self::baselines::{BaselineOptions, Upkeep};
use self::finder::Finder;
use self::forms::Forms;
use super::Outcome;
use super::inputs::{Inputs, Prepared, Progress};
use super::output::{Color, print_note};
use super::remembering::save;
use crate::cache::Cache;
use crate::config::gate::nearest_rules;
use crate::finding::{Rule, Severity};
use crate::gate::baseline::Entry;
use crate::gate::{self, Status, Terms};
use crate::report::check::{CheckReport, Manner, build};
use crate::tree;

/// What `ssot check` takes.
#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    inputs: Inputs,
    #[command(flatten)]
    baseline: BaselineOptions,
    /// Fail only where something is new since the current branch left this revision, such as origin/main.
    #[arg(long, value_name = "REV", conflicts_with_all = ["write_baseline", "prune"])]
    since: Option<String>,
    /// Check these rules alone; several with commas between them.
    #[arg(long, value_name = "RULES", value_delimiter = ',', value_parser = parse_rule, help_heading = "Rules")]
    select: Vec<Rule>,
    /// Leave these rules out.
    #[arg(long, value_name = "RULES", value_delimiter = ',', value_parser = parse_rule, help_heading = "Rules")]
    ignore: Vec<Rule>,
    /// The least severity that is shown and fails: error, warning or note; error unless configured.
    #[arg(long, value_name = "LEVEL", value_parser = parse_severity, help_heading = "Rules")]
    severity: Option<Severity>,
    /// The day on which dates of the configuration are judged; by default today in UTC.
    #[arg(long, value_name = "DATE", help_heading = "Rules")]
    today: Option<Date>,
    #[command(flatten)]
    forms: Forms,
}

fn parse_rule(id: &str) -> Result<Rule, String> {
    Rule::from_id(id).ok_or_else(|| format!("no such rule; {}", nearest_rules(id)))
}

fn parse_severity(word: &str) -> Result<Severity, String> {
    [Severity::Note, Severity::Warning, Severity::Error]
        .into_iter()
        .find(|severity| severity.as_str() == word)
        .ok_or_else(|| "expected error, warning or note".to_owned())
}

pub(super) fn run(check: &Check, quiet: bool, color: Color) -> miette::Result<Outcome> {
    let prepared = check.inputs.prepare(quiet)?;
    let gate = &prepared.config.gate;
    // Who names rules wants to see what they find.
    let named = (!check.select.is_empty()).then_some(Severity::Note);
    let least = check.severity.or(named).or(gate.severity).unwrap_or(Severity::Error);
    let mut wanted = gate.wanted(&check.select, &check.ignore, least);
    if wanted.rules.is_empty() {
        return Err(miette::miette!(
            help = "see --select, --ignore and --severity, and [check] and [rules] in the configuration",
            "no rule is left to check"
        ));
    }
    let today = check.today.unwrap_or_else(today);
    let upkeep = check.baseline.resolve(gate)?;

    let progress = Progress::start(quiet);
    let cache = check.inputs.cache(check.since.is_some());
    let options = prepared.options(false);
    let scan = tree::scan(&options, &cache).map_err(|error| miette::miette!("{error}"))?;
    let root = scan.root().to_path_buf();
    wanted.config_path = finder::shown_config(&prepared.config, &root);
    let finder = Finder { config: &prepared.config, wanted: &wanted, root: &root, cache: &cache };
    let baseline = upkeep.known();
    let (mut before, mut files_before) = (Vec::new(), None);
    if let Some(revision) = &check.since {
        let overlay = since::overlay(&scan, revision, !prepared.respects_ignore, quiet)?;
        let found = finder.find(scan.under(&overlay));
        before = since::entries(&found, &wanted);
        files_before = Some(found.files);
    }
    let found = finder.find(scan);
    save(cache, quiet);
    progress.finish();

    let terms = Terms {
        rules: &wanted.rules,
        baseline: &baseline,
        before: &before,
        files_before: files_before.as_ref(),
        today,
    };
    let mut verdict = gate::judge(&found, &terms);
    if wanted.rules.contains(&Rule::StaleBaseline) {
        let stale = upkeep.stale_findings(&verdict.stale, &root);
        verdict.findings.extend(stale.into_iter().map(|finding| (finding, Status::New)));
    }
    let severities: BTreeMap<Rule, Severity> =
        wanted.rules.iter().filter_map(|rule| Some((*rule, gate.severity_of(*rule)?))).collect();
    let line_of = |path: &str, line: u32| line_of(&root.join(path), line);
    let manner = Manner {
        severities: &severities,
        least,
        is_strict: upkeep.is_strict,
        prefix: &prefix_of(&root),
        line_of: &line_of,
    };
    let report = build(&verdict, &manner);
    tell_unread(&found.unread, quiet);
    if upkeep.writes() {
        let counts = |rule: Rule| severities.get(&rule).is_some_and(|severity| *severity >= least);
        let outcome = upkeep.write(&verdict, &report, &wanted.rules, counts, quiet)?;
        if !upkeep.prunes() {
            check.forms.write_files(&report)?;
            return Ok(outcome);
        }
    }
    check.forms.write(&report, color)?;
    hint(&report, check, &upkeep, quiet);
    Ok(if report.summary.passed { Outcome::Fine } else { Outcome::Findings })
}

/// Everything that a tree holds now, as entries of a baseline.
pub(super) fn entries_of(prepared: &Prepared, cache: &Cache) -> miette::Result<Vec<Entry>> {
    let gate = &prepared.config.gate;
    let wanted = gate.wanted(&[], &[], gate.severity.unwrap_or(Severity::Error));
    let options = prepared.options(false);
    let scan = tree::scan(&options, cache).map_err(|error| miette::miette!("{error}"))?;
    let root = scan.root().to_path_buf();
    let finder = Finder { config: &prepared.config, wanted: &wanted, root: &root, cache };
    Ok(since::entries(&finder.find(scan), &wanted))
}

fn today() -> Date {
    jiff::tz::TimeZone::UTC.to_datetime(jiff::Timestamp::now()).date()
}

/// Tells what was not seen: a copy in there would pass.
fn tell_unread(unread: &[String], quiet: bool) {
    const SHOWN: usize = 5;
    if quiet || unread.is_empty() {
        return;
    }
    let mut note =
        format!("note: {} files were not read whole; what stands there is not checked\n", unread.len());
    for one in unread.iter().take(SHOWN) {
        note.push_str(&format!("  {one}\n"));
    }
    if unread.len() > SHOWN {
        note.push_str("  … (`ssot report` names all of them under coverage)\n");
    }
    print_note(&note);
}

/// `backend/` where the scanned folder lies there, seen from where the command runs: services of CI want paths from the
/// root of the repository.
fn prefix_of(root: &Path) -> String {
    let here = PathBuf::from(".").canonicalize().unwrap_or_default();
    let below = root.strip_prefix(&here).ok().filter(|below| !below.as_os_str().is_empty());
    let parts = below.into_iter().flat_map(Path::components);
    parts.map(|part| format!("{}/", part.as_os_str().to_string_lossy())).collect()
}

/// One line of a file, without its end.
fn line_of(path: &Path, line: u32) -> Option<String> {
    let bytes = std::fs::read(path).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    text.lines().nth(line as usize - 1).map(str::to_owned)
}

/// Tells someone who sits at a terminal what can be done with findings that are not new.
fn hint(report: &CheckReport, check: &Check, upkeep: &Upkeep, quiet: bool) {
    let count: usize = report.summary.new.values().sum();
    let accepts_something = check.since.is_some() || upkeep.has_baseline();
    if !quiet && count > 0 && !accepts_something && std::io::stderr().is_terminal() {
        print_note("accept what is there, and block what comes: ssot check --write-baseline ssot.baseline\n");
    }
}

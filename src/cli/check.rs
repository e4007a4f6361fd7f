//! `ssot check`: the gate of CI.

mod baselines;
mod forms;

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::civil::Date;

use self::baselines::{BaselineOptions, Upkeep};
use self::forms::Forms;
use super::Outcome;
use super::inputs::{Inputs, Loaded};
use super::output::{Color, print_note};
use crate::config::gate::nearest_rules;
use crate::finding::{Rule, Severity};
use crate::gate::{self, Found, Terms};
use crate::report::check::{CheckReport, Manner, build};
use crate::rules::{self, Wanted, suppressions};

/// What `ssot check` takes.
#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    inputs: Inputs,
    #[command(flatten)]
    baseline: BaselineOptions,
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
    let loaded = check.inputs.load(quiet)?;
    let gate = &loaded.config.gate;
    let least = check.severity.or(gate.severity).unwrap_or(Severity::Error);
    let wanted = gate.wanted(&check.select, &check.ignore, least);
    let found = find(&loaded, &wanted)?;
    loaded.progress.finish();

    let today =
        check.today.unwrap_or_else(|| jiff::tz::TimeZone::UTC.to_datetime(jiff::Timestamp::now()).date());
    let upkeep = check.baseline.resolve(gate)?;
    let known = upkeep.known();
    let terms = Terms { rules: &wanted.rules, known: &known, today };
    let verdict = gate::judge(&found, &terms);

    let severities: BTreeMap<Rule, Severity> =
        wanted.rules.iter().filter_map(|rule| Some((*rule, gate.severity_of(*rule)?))).collect();
    let prefix = prefix_of(&loaded.tree.root);
    let root = loaded.tree.root.clone();
    let line_of = move |path: &str, line: u32| line_of(&root.join(path), line);
    let manner = Manner {
        severities: &severities,
        least,
        is_strict: upkeep.is_strict,
        prefix: &prefix,
        line_of: &line_of,
    };
    let report = build(&verdict, &manner);
    if upkeep.writes() {
        let counts = |rule: Rule| severities.get(&rule).is_some_and(|severity| *severity >= least);
        return upkeep.write(&verdict, &report, &wanted.rules, counts, quiet);
    }
    check.forms.write(&report, color)?;
    hint(&report, &upkeep, quiet);
    // The process ends here: taking a large tree apart piece by piece would only cost time.
    std::mem::forget(loaded);
    Ok(if report.summary.passed { Outcome::Fine } else { Outcome::Findings })
}

/// Everything that the rules find in a tree.
fn find(loaded: &Loaded, wanted: &Wanted) -> miette::Result<Found> {
    let mut options = super::options(loaded, None)?;
    // When a file was first committed is no property of the tree, and a shallow clone does not know.
    options.history = None;
    let index = &loaded.tree.index;
    let mut suppressions = suppressions::of_comments(index);
    let shown = loaded.config.path.as_deref().map(|path| shown_config(path, &loaded.tree.root));
    suppressions.extend(loaded.config.gate.suppressions.iter().cloned().map(|mut one| {
        one.origin.path = shown.clone().unwrap_or(one.origin.path);
        one
    }));
    let files = index.files.iter().take(index.tree_files).map(|file| file.display.clone());
    Ok(Found { findings: rules::check(index, &options, wanted), suppressions, files: files.collect() })
}

/// The configuration's path from the root of the scan, where it lies there.
fn shown_config(path: &Path, root: &Path) -> String {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    real.strip_prefix(root).unwrap_or(&real).display().to_string()
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
fn hint(report: &CheckReport, upkeep: &Upkeep, quiet: bool) {
    let count: usize = report.summary.new.values().sum();
    if !quiet && count > 0 && !upkeep.has_baseline() && std::io::stderr().is_terminal() {
        print_note("accept what is there, and block what comes: ssot check --write-baseline ssot.baseline\n");
    }
}

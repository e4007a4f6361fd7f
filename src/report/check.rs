//! The answer of `ssot check`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

pub use crate::finding::Severity;
use crate::finding::{Evidence, Finding, Rule};
use crate::gate::{Status, Verdict};
use crate::rules::description;

/// The verdict on a tree.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CheckReport {
    /// Always [`super::SCHEMA`].
    pub schema: &'static str,
    /// How many of each, and whether the gate is passed.
    pub summary: SummaryReport,
    /// What the gate is about; in the order of places.
    pub findings: Vec<FindingReport>,
    /// Entries of the baseline that no longer occur.
    pub stale: Vec<String>,
    /// The rules that were checked, and what they say of themselves.
    pub rules: Vec<RuleReport>,
}

/// How many of each.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct SummaryReport {
    /// Whether nothing fails.
    pub passed: bool,
    /// New findings by severity.
    pub new: BTreeMap<&'static str, usize>,
    /// Findings that are accepted.
    pub known: usize,
    /// Findings that a suppression covers.
    pub suppressed: usize,
    /// Entries of the baseline that no longer occur.
    pub stale: usize,
    /// New findings below the severity that is shown.
    pub hidden: usize,
}

/// A finding.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FindingReport {
    /// The rule's id.
    pub rule: &'static str,
    /// `error`, `warning` or `note`.
    pub severity: Severity,
    /// `new`, `known` or `suppressed`.
    pub status: &'static str,
    /// What is wrong.
    pub message: String,
    /// Where: what it is about comes first.
    pub places: Vec<EvidenceReport>,
    /// Why we think so.
    pub notes: Vec<String>,
    /// What to do.
    pub fix: &'static str,
    /// Stays the same when lines, files or folders move.
    pub fingerprint: String,
}

/// A place that shows a finding.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct EvidenceReport {
    /// Relative to where the command runs, where the tree lies below it; else to the root of the scan.
    pub path: String,
    /// 1-based line.
    pub line: u32,
    /// 1-based column in characters.
    pub column: u32,
    /// 1-based column behind it.
    pub end_column: u32,
    /// What stands there.
    pub label: String,
    /// The line as it stands in the file, where it could be read.
    pub source: Option<String>,
}

/// A rule.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RuleReport {
    /// Its id.
    pub id: &'static str,
    /// How bad its findings are here.
    pub severity: Severity,
    /// On one line.
    pub summary: &'static str,
    /// What it finds.
    pub finds: &'static str,
    /// Why that matters.
    pub why: &'static str,
    /// What to do.
    pub fix: &'static str,
}

/// How findings are reported.
pub struct Manner<'a> {
    /// The severity of each rule that was checked.
    pub severities: &'a BTreeMap<Rule, Severity>,
    /// The least severity that counts.
    pub least: Severity,
    /// Whether stale entries fail.
    pub is_strict: bool,
    /// What paths of the tree are shown under: empty, or `backend/`.
    pub prefix: &'a str,
    /// The line of a file, by its path from the root of the scan.
    pub line_of: &'a dyn Fn(&str, u32) -> Option<String>,
}

/// Reports a verdict. New findings come whole; of known and suppressed ones the source is left out.
#[must_use]
pub fn build(verdict: &Verdict, manner: &Manner<'_>) -> CheckReport {
    let severity = |finding: &Finding| manner.severities.get(&finding.rule).copied();
    let mut summary = SummaryReport {
        known: verdict.of(Status::Known).count(),
        suppressed: verdict.of(Status::Suppressed).count(),
        stale: verdict.stale.len(),
        ..SummaryReport::default()
    };
    let mut findings = Vec::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (finding, status) in &verdict.findings {
        let Some(severity) = severity(finding) else { continue };
        if *status == Status::New && severity < manner.least {
            summary.hidden += 1;
            continue;
        }
        if *status == Status::New {
            *summary.new.entry(severity.as_str()).or_default() += 1;
        }
        let mut report = finding_report(finding, *status, severity, manner);
        // Services drop a result that repeats a fingerprint.
        let count = seen.entry(report.fingerprint.clone()).or_insert(0_usize);
        if *count > 0 {
            report.fingerprint = format!("{}-{count}", report.fingerprint);
        }
        *count += 1;
        findings.push(report);
    }
    summary.passed = summary.new.is_empty() && (!manner.is_strict || summary.stale == 0);
    CheckReport {
        schema: super::SCHEMA,
        summary,
        findings,
        stale: verdict.stale.iter().map(ToString::to_string).collect(),
        rules: manner.severities.iter().map(|(rule, severity)| rule_report(*rule, *severity)).collect(),
    }
}

fn finding_report(
    finding: &Finding,
    status: Status,
    severity: Severity,
    manner: &Manner<'_>,
) -> FindingReport {
    let evidence = |evidence: &Evidence| EvidenceReport {
        path: format!("{}{}", manner.prefix, evidence.path),
        line: evidence.line,
        column: evidence.column,
        end_column: evidence.column + evidence.length,
        label: evidence.label.clone(),
        source: (status == Status::New).then(|| (manner.line_of)(&evidence.path, evidence.line)).flatten(),
    };
    FindingReport {
        rule: finding.rule.id(),
        severity,
        status: status.as_str(),
        message: finding.message.clone(),
        places: finding.places.iter().map(evidence).collect(),
        notes: finding.notes.clone(),
        fix: description(finding.rule).fix.trim(),
        fingerprint: finding.fingerprint(),
    }
}

/// What a rule says of itself.
#[must_use]
pub fn rule_report(rule: Rule, severity: Severity) -> RuleReport {
    let told = description(rule);
    RuleReport {
        id: rule.id(),
        severity,
        summary: told.summary.trim(),
        finds: told.finds.trim(),
        why: told.why.trim(),
        fix: told.fix.trim(),
    }
}

//! Verdicts of candidates for programs: lines of JSON, and JUnit's XML.

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};
use serde_json::json;

use crate::report::trial::{CaseReport, HistoryLine, Side, TrialReport, Verdict, VerdictReport};

/// One line for each candidate, then one for each verdict, then one for each protocol member, then one that sums up. Each says in
/// `line` what it is.
///
/// # Errors
/// Never for a report that we made.
pub fn render_lines(report: &TrialReport) -> serde_json::Result<String> {
    let mut out = String::new();
    let mut write = |kind: &str, parts: &[serde_json::Value]| {
        let mut line = serde_json::Map::from_iter([("line".to_owned(), json!(kind))]);
        let entries = parts.iter().filter_map(|part| part.as_object().cloned());
        line.extend(entries.flatten());
        out.push_str(&serde_json::Value::Object(line).to_string());
        out.push('\n');
    };
    for candidate in &report.candidates {
        write("candidate", &[serde_json::to_value(candidate)?]);
    }
    for case in &report.cases {
        let requirement = serde_json::to_value(&case.of)?;
        for (candidate, verdict) in report.candidates.iter().zip(&case.verdicts) {
            let name = json!({ "candidate": candidate.candidate });
            write("verdict", &[name, requirement.clone(), serde_json::to_value(verdict)?]);
        }
    }
    for member in &report.members {
        write("member", &[serde_json::to_value(member)?]);
    }
    write("summary", &[json!({ "schema": report.schema, "passed": report.passed })]);
    Ok(out)
}

/// A test suite for each candidate.
///
/// # Errors
/// Never for a report that we made.
pub fn render_junit(report: &TrialReport) -> Result<String, SerializeError> {
    let mut all = Report::new("ssot conform run");
    for (at, candidate) in report.candidates.iter().enumerate() {
        let mut suite = TestSuite::new(candidate.candidate.as_str());
        for case in &report.cases {
            if let Some(verdict) = case.verdicts.get(at) {
                suite.add_test_case(test_case(case, verdict));
            }
        }
        all.add_test_suite(suite);
    }
    // The writer lets through what XML 1.0 has no way to say (section 2.2).
    all.to_string().map(|text| text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}"))
}

fn test_case(case: &CaseReport, verdict: &VerdictReport) -> TestCase {
    let reason = verdict.reason.as_deref().unwrap_or_default();
    let status = match (&verdict.known, verdict.verdict) {
        (Some(known), _) if known.is_stale => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status
                .set_type("stale")
                .set_message(format!("passes, and is listed as failing: {}", known.reason));
            status
        }
        (Some(known), Verdict::Fail | Verdict::Errored) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(format!("known to fail: {}", known.reason));
            status
        }
        (_, Verdict::Pass) => TestCaseStatus::success(),
        (_, Verdict::Skip | Verdict::Unknown) => {
            let mut status = TestCaseStatus::skipped();
            status.set_type(verdict.verdict.as_str()).set_message(reason);
            status
        }
        (None, Verdict::Fail) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status
                .set_type(case.of.strength)
                .set_message(case.of.requirement)
                .set_description(detail(verdict));
            status
        }
        (None, Verdict::Errored) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_type("errored").set_message(reason).set_description(detail(verdict));
            status
        }
    };
    let mut test = TestCase::new(case.of.id, status);
    test.set_classname(case.of.group).set_time(std::time::Duration::from_secs_f64(verdict.seconds));
    test
}

fn detail(verdict: &VerdictReport) -> String {
    let mut parts = Vec::new();
    parts.extend(verdict.expected.as_ref().map(|expected| format!("expected: {expected}")));
    parts.extend(verdict.seen.as_ref().map(|seen| format!("seen:     {seen}")));
    parts.push(render_history(&verdict.history));
    parts.join("\n")
}

/// A history as text: the first lines and the last ones where it is long.
pub(crate) fn render_history(history: &[HistoryLine]) -> String {
    const FIRST: usize = 12;
    const LAST: usize = 28;
    let shown = |line: &HistoryLine| {
        let arrow = match line.from {
            Side::Harness => "→",
            Side::Driver => "←",
            Side::Client => "·",
        };
        format!("{arrow} {}", cut(&line.line))
    };
    if history.len() <= FIRST + LAST + 1 {
        return history.iter().map(shown).collect::<Vec<_>>().join("\n");
    }
    let mut lines: Vec<String> = history[..FIRST].iter().map(shown).collect();
    lines.push(format!("  … {} lines", history.len() - FIRST - LAST));
    lines.extend(history[history.len() - LAST..].iter().map(shown));
    lines.join("\n")
}

fn cut(line: &str) -> String {
    const LONGEST: usize = 220;
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}… ({} bytes)", &line[..end], line.len()),
        None => line.to_owned(),
    }
}

//! `ssot conform run` and `list`: what is demanded, and what became of it.

use crate::render::document::Document;
use crate::render::pages::count;
use crate::render::trial::render_history;
use crate::report::trial::{CaseReport, RequirementsReport, TrialReport, Verdict, VerdictReport};

/// The page of `ssot conform list`.
#[must_use]
pub fn requirements_page(report: &RequirementsReport) -> Document {
    let mut page = Document::default();
    page.heading(1, "What a unified WebSocket manager does");
    let must = report.cases.iter().filter(|case| case.strength == "MUST").count();
    page.text(format!(
        "{}: {must} MUST, {} SHOULD (of who announces what it needs).",
        count(report.cases.len(), "case"),
        report.cases.len() - must
    ));
    let mut group = "";
    let mut rows: Vec<Vec<String>> = Vec::new();
    let columns = ["case", "", "level", "needs", "requirement"];
    for case in &report.cases {
        if case.group != group {
            page.table(&columns, std::mem::take(&mut rows));
            page.heading(2, case.group);
            group = case.group;
        }
        rows.push(vec![
            format!("`{}`", case.id),
            case.strength.to_owned(),
            case.level.clone().unwrap_or_else(|| "L1 L2".to_owned()),
            case.needs.join(", "),
            case.requirement.to_owned(),
        ]);
    }
    page.table(&columns, rows);
    page
}

/// The page of `ssot conform run`.
#[must_use]
pub fn trial_page(report: &TrialReport) -> Document {
    let mut page = Document::default();
    page.heading(1, "Conformance");
    write_candidates(&mut page, report);
    write_members(&mut page, report);
    page.heading(2, "Cases");
    write_matrix(&mut page, report);
    for (at, candidate) in report.candidates.iter().enumerate() {
        let of_candidate = report.cases.iter().filter_map(|case| Some((case, case.verdicts.get(at)?)));
        let told: Vec<(&CaseReport, &VerdictReport)> =
            of_candidate.filter(|(_, verdict)| verdict.verdict.is_bad() || verdict.is_bad()).collect();
        if !told.is_empty() {
            page.heading(2, format!("What `{}` does otherwise", candidate.candidate));
        }
        for (case, verdict) in told {
            write_failure(&mut page, case, verdict);
        }
    }
    page
}

fn write_candidates(page: &mut Document, report: &TrialReport) {
    let rows = report.candidates.iter().map(|candidate| {
        let of = |verdict: Verdict| {
            candidate.verdicts.get(verdict.as_str()).copied().unwrap_or_default().to_string()
        };
        vec![
            format!("`{}`", candidate.candidate),
            candidate.name.clone().unwrap_or_default(),
            candidate.level.clone().unwrap_or_default(),
            of(Verdict::Pass),
            of(Verdict::Fail),
            of(Verdict::Errored),
            of(Verdict::Unknown),
            of(Verdict::Skip),
        ]
    });
    page.table(&["candidate", "name", "level", "pass", "fail", "errored", "unknown", "skip"], rows);
}

fn write_members(page: &mut Document, report: &TrialReport) {
    if report.members.is_empty() {
        return;
    }
    page.heading(2, "Members of the protocol");
    let rows = report.members.iter().map(|member| {
        let cases: Vec<String> =
            member.cases.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
        let notes: Vec<String> = member
            .reasons
            .iter()
            .cloned()
            .chain(member.failed.iter().map(|case| format!("fails `{case}`")))
            .collect();
        vec![
            format!("`{}`", member.candidate),
            format!("`{}`", member.member),
            member.signature.clone(),
            cases.join(", "),
            member.verdict.to_owned(),
            notes.join("; "),
        ]
    });
    page.table(&["candidate", "member", "signature", "cases", "both", "why"], rows);
}

fn write_matrix(page: &mut Document, report: &TrialReport) {
    let heads: Vec<String> =
        report.candidates.iter().map(|candidate| format!("`{}`", candidate.candidate)).collect();
    let mut columns = vec!["case", ""];
    columns.extend(heads.iter().map(String::as_str));
    let rows = report.cases.iter().map(|case| {
        let mut row = vec![
            (format!("`{}`", case.of.id), case.of.requirement.to_owned()),
            (case.of.strength.to_owned(), String::new()),
        ];
        row.extend(case.verdicts.iter().map(|verdict| (cell(verdict), note(verdict))));
        row
    });
    page.matrix(&columns, rows);
}

fn cell(verdict: &VerdictReport) -> String {
    let word = verdict.verdict.as_str();
    let runs: u32 = verdict.runs.values().sum();
    let own = verdict.runs.get(word).copied().unwrap_or(runs);
    let often = if own < runs { format!(" {own}/{runs}") } else { String::new() };
    let known = match &verdict.known {
        Some(known) if known.is_stale => " (known: stale)",
        Some(_) => " (known)",
        None => "",
    };
    format!("{word}{often}{known}")
}

/// What more there is to say of a verdict.
fn note(verdict: &VerdictReport) -> String {
    let expected = verdict.expected.as_ref().map(|expected| format!("expected: {expected}"));
    let seen = verdict.seen.as_ref().map(|seen| format!("seen: {seen}"));
    let known = verdict.known.as_ref().map(|known| format!("known: {}", known.reason));
    let parts: Vec<String> =
        verdict.reason.clone().into_iter().chain(expected).chain(seen).chain(known).collect();
    parts.join("; ")
}

fn write_failure(page: &mut Document, case: &CaseReport, verdict: &VerdictReport) {
    page.heading(3, format!("`{}`: {}", case.of.id, cell(verdict)));
    page.text(format!("{}: {}", case.of.strength, case.of.requirement));
    let mut points = Vec::new();
    points.extend(verdict.reason.clone());
    points.extend(verdict.expected.as_ref().map(|expected| format!("expected: {expected}")));
    points.extend(verdict.seen.as_ref().map(|seen| format!("seen: {seen}")));
    if let Some(known) = &verdict.known {
        points.push(if known.is_stale {
            format!("it passes: take it off the list of known failures ({})", known.reason)
        } else {
            format!("known: {}", known.reason)
        });
    }
    page.bullets(points);
    if !verdict.history.is_empty() && verdict.verdict != Verdict::Pass {
        page.code("text", render_history(&verdict.history));
    }
}

//! `ssot conform static`: which class fits which protocol, member by member.

use crate::render::document::Document;
use crate::render::pages::{MAX_ROWS, count, shortened};
use crate::report::conformance::{ConformanceReport, PairReport};

/// The page of `ssot conform static`.
#[must_use]
pub fn conformance_page(report: &ConformanceReport) -> Document {
    let mut page = Document::default();
    page.heading(1, "Static conformance");
    let of = |verdict: &str| report.pairs.iter().filter(|pair| pair.verdict == verdict).count();
    page.text(format!(
        "{} compared: {} conform, {} violate, {} cannot be told.",
        count(report.pairs.len(), "pair"),
        of("conforms"),
        of("violates"),
        of("cannot-tell")
    ));
    let rows = report.pairs.iter().take(MAX_ROWS).map(|pair| {
        let note = match () {
            () if pair.only_names => "only names of parameters differ, about which type checkers disagree",
            () if pair.through_any => "`Any` or a missing annotation may hide a difference",
            () => "",
        };
        vec![format!("`{}`", pair.r#type), format!("`{}`", pair.protocol), summary_of(pair), note.to_owned()]
    });
    page.table(&["type", "protocol", "verdict", "note"], rows);
    shortened(&mut page, report.pairs.len(), "pairs");
    for pair in report.pairs.iter().filter(|pair| pair.verdict != "conforms").take(MAX_ROWS) {
        page.heading(2, format!("`{}` as `{}`: {}", pair.r#type, pair.protocol, pair.verdict));
        page.bullets(pair.unknowns.iter().cloned());
        let rows = pair.members.iter().flat_map(|member| {
            member.reasons.iter().map(move |reason| {
                vec![
                    format!("`{}`", member.name),
                    reason.kind.to_owned(),
                    reason.expected.clone(),
                    reason.found.clone(),
                    reason.place.map_or(String::new(), |place| place.to_string()),
                ]
            })
        });
        page.table(&["member", "reason", "expected", "found", "at"], rows);
    }
    page
}

/// `violates: 2 missing, 1 differs`.
pub(crate) fn summary_of(pair: &PairReport) -> String {
    let missing = pair
        .members
        .iter()
        .filter(|member| member.reasons.iter().any(|reason| reason.kind.starts_with("missing-")))
        .count();
    let differing = pair.members.iter().filter(|member| member.verdict == "violates").count()
        - missing.min(pair.members.iter().filter(|member| member.verdict == "violates").count());
    let unknown = pair.members.iter().filter(|member| member.verdict == "cannot-tell").count();
    let mut parts = Vec::new();
    if missing > 0 {
        parts.push(format!("{missing} missing"));
    }
    if differing > 0 {
        parts.push(format!("{differing} differ"));
    }
    if unknown > 0 {
        parts.push(format!("{unknown} cannot tell"));
    }
    if parts.is_empty() { pair.verdict.to_owned() } else { format!("{}: {}", pair.verdict, parts.join(", ")) }
}

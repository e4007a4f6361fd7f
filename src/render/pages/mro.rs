//! `ssot mro`, and the findings inside method resolution orders.

use crate::render::document::Document;
use crate::render::pages::{MAX_ROWS, count, shortened};
use crate::report::orders::{OrderReport, TroubleReport};

/// The page of `ssot mro`.
#[must_use]
pub fn mro_page(report: &OrderReport) -> Document {
    let mut page = Document::default();
    let of = &report.r#type;
    page.heading(1, format!("Method resolution order of `{}`", of.id));
    page.text(format!("{}:{}", of.path, of.line));
    if let Some(error) = &of.mro.error {
        page.text(format!(
            "CPython refuses this class: TypeError: {error}. The order below is a depth-first fallback."
        ));
    }
    if let Some(unknown) = &of.mro.unknown {
        page.text(format!("Not complete: {unknown}."));
    }
    let rows = report.entries.iter().enumerate().map(|(position, entry)| {
        vec![
            position.to_string(),
            format!("`{}`", entry.id),
            entry.place.map_or("-".to_owned(), |place| place.to_string()),
            entry.provides.to_string(),
        ]
    });
    page.table(&["#", "type", "defined at", "provides"], rows);
    page.heading(2, "Methods");
    let rows = report.methods.iter().map(|method| {
        let simple = |id: &str| id.rsplit(['.', ':']).next().unwrap_or(id).to_owned();
        let hides: Vec<String> = method.hides.iter().map(|id| simple(id)).collect();
        vec![
            format!("`{}`", method.signature),
            match method.through {
                _ if !method.ambiguous.is_empty() => {
                    let traits: Vec<String> = method.ambiguous.iter().map(|id| simple(id)).collect();
                    format!("{} (ambiguous)", traits.join(" or "))
                }
                Some(of_trait) => format!("{} (`impl {of_trait}`)", simple(method.provider)),
                None => simple(method.provider),
            },
            method.place.map_or("-".to_owned(), |place| place.to_string()),
            hides.join(", "),
        ]
    });
    page.table(&["method", "provided by", "defined at", "overrides"], rows);
    if !report.findings.is_empty() {
        page.heading(2, "Findings");
        write_findings(&mut page, &report.findings);
    }
    page
}

/// Writes findings as a table: production code first.
pub(crate) fn write_findings(page: &mut Document, findings: &[TroubleReport]) {
    if findings.is_empty() {
        page.text("No impossible order, no incompatible override, no broken `super()` chain, no ambiguous method was found.");
        return;
    }
    let mut by_rule: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for found in findings {
        *by_rule.entry(found.rule).or_default() += 1;
    }
    let summary: Vec<String> = by_rule.iter().map(|(rule, number)| format!("{rule} {number}")).collect();
    page.text(format!("{}: {}.", count(findings.len(), "finding"), summary.join(", ")));
    let (production, rest): (Vec<&TroubleReport>, Vec<&TroubleReport>) =
        findings.iter().partition(|found| found.file_role == "production");
    let rows = production.iter().chain(&rest).take(MAX_ROWS).map(|found| {
        let related: Vec<String> = found
            .related
            .iter()
            .filter_map(|related| Some(format!("{} ({})", related.symbol, related.place?)))
            .collect();
        vec![
            found.rule.to_owned(),
            format!("`{}`", found.symbol),
            found.place.to_string(),
            found.message.clone(),
            related.join(", "),
        ]
    });
    page.table(&["finding", "type", "at", "what", "see also"], rows);
    shortened(page, findings.len(), "findings");
}

//! What each command's page says, and in which order.

pub mod concept;
pub mod conformance;
pub mod coverage;
pub mod discover;
pub mod graph;
pub mod history;
pub mod mro;
pub mod plan;
pub mod protocol;
pub mod scan;
pub mod trial;
pub mod usage;

use super::document::Document;
use crate::report::Report;
use crate::report::types::DuplicateReport;

/// How many rows of a long list a page shows; the JSON has them all.
pub(crate) const MAX_ROWS: usize = 40;

/// The page of `ssot report`.
#[must_use]
pub fn report_page(report: &Report) -> Document {
    let mut page = Document::default();
    page.heading(1, format!("Analysis of {}", report.coverage.root));
    key_findings(&mut page, report);
    for concept in &report.concepts {
        concept::write(&mut page, concept);
    }
    if !report.plan.impacts.is_empty() {
        page.heading(2, "Impact");
        plan::write_impacts(&mut page, &report.plan);
        page.heading(2, "Plan");
        plan::write_steps(&mut page, &report.plan);
        page.heading(2, "Risks");
        plan::write_risks(&mut page, &report.plan);
        page.heading(2, "Success criteria");
        plan::write_success(&mut page, &report.plan);
    }
    page.heading(2, "Method resolution orders");
    mro::write_findings(&mut page, &report.mro_findings);
    page.heading(2, "Names with several definitions");
    write_duplicates(&mut page, &report.duplicates);
    page.heading(2, "Import cycles");
    graph::write_components(&mut page, &report.graph);
    page.heading(2, "Busiest types");
    let rows = report.busiest.iter().map(|busy| {
        vec![
            format!("`{}`", busy.id),
            busy.place.to_string(),
            busy.production.to_string(),
            busy.test.to_string(),
            busy.total.to_string(),
        ]
    });
    page.table(&["type", "defined at", "production", "test", "all references from elsewhere"], rows);
    coverage::write(&mut page, &report.coverage);
    page
}

/// The figures that a reader wants first; each stands in a section below with its evidence.
fn key_findings(page: &mut Document, report: &Report) {
    page.heading(2, "Key findings");
    let coverage = &report.coverage;
    let mut findings = vec![format!(
        "{} in {}, {}; {} of the method resolution orders are complete",
        count(coverage.types, "type"),
        count(coverage.files, "file"),
        count(usize::try_from(coverage.lines).unwrap_or(usize::MAX), "line"),
        percent(coverage.complete_orders, coverage.types)
    )];
    for concept in &report.concepts {
        findings.push(concept::headline(concept));
    }
    findings.extend(plan::headline(&report.plan));
    let cycles = |phases: &[&str]| {
        report.graph.components.iter().filter(|component| component.phases == phases).count()
    };
    // Modules of Rust are compiled as one: there is no order of loading.
    let has_python = report.coverage.by_language.contains_key("python") || report.coverage.files == 0;
    findings.push(if has_python {
        format!(
            "{} on load; {} with imports for type checkers; {} with imports in functions",
            count(cycles(&["load"]), "import cycle"),
            cycles(&["load", "typing"]),
            report.graph.components.iter().filter(|component| component.phases.len() == 3).count()
        )
    } else {
        format!("{} between modules", count(cycles(&["load"]), "cycle"))
    });
    let defects = report.mro_findings.iter().filter(|found| found.file_role == "production").count();
    findings.push(format!(
        "{} inside method resolution orders of production code, {} elsewhere",
        count(defects, "defect"),
        report.mro_findings.len() - defects
    ));
    findings.push(format!(
        "{} with several definitions",
        count(report.duplicates.len(), if has_python { "class name" } else { "type name" })
    ));
    page.bullets(findings);
}

fn write_duplicates(page: &mut Document, duplicates: &[DuplicateReport]) {
    if duplicates.is_empty() {
        page.text("No class name of production code is defined twice at module level.");
        return;
    }
    let rows = duplicates.iter().take(MAX_ROWS).flat_map(|duplicate| {
        let kind = if duplicate.is_protocol { "protocol" } else { "class" };
        duplicate.definitions.iter().map(move |definition| {
            vec![
                format!("`{}`", duplicate.name),
                kind.to_owned(),
                definition.place.to_string(),
                definition.production_references.to_string(),
                definition.references.to_string(),
            ]
        })
    });
    page.table(&["name", "kind", "defined at", "in production", "all references from elsewhere"], rows);
    shortened(page, duplicates.len(), "names");
}

/// Says what a page leaves out.
pub(crate) fn shortened(page: &mut Document, total: usize, what: &str) {
    if total > MAX_ROWS {
        page.text(format!("{} more {what} are in the JSON report.", total - MAX_ROWS));
    }
}

/// `1 cycle`, `2 cycles`, `no cycle`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    match number {
        0 => format!("no {noun}"),
        1 => format!("1 {noun}"),
        n if noun.ends_with("ss") => format!("{n} {noun}es"),
        n => format!("{n} {noun}s"),
    }
}

pub(crate) fn percent(part: usize, whole: usize) -> String {
    if whole == 0 {
        return "none".to_owned();
    }
    // Never rounded up to a whole that is not there.
    let tenths = part * 1000 / whole;
    format!("{}.{} %", tenths / 10, tenths % 10)
}

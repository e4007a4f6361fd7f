//! `ssot usage`: every use of one type.

use std::collections::BTreeMap;

use crate::render::document::Document;
use crate::render::pages::count;
use crate::report::usage::{ReferenceReport, UsageReport};

/// The page of `ssot usage`.
#[must_use]
pub fn usage_page(report: &UsageReport) -> Document {
    let mut page = Document::default();
    page.heading(1, format!("Uses of `{}`", report.r#type));
    let mut by_role: BTreeMap<&str, usize> = BTreeMap::new();
    for reference in &report.references {
        *by_role.entry(reference.file_role).or_default() += 1;
    }
    let roles: Vec<String> = by_role.iter().map(|(role, number)| format!("{role} {number}")).collect();
    let split = if roles.is_empty() { String::new() } else { format!(" ({})", roles.join(", ")) };
    page.text(format!("{}{split}.", count(report.references.len(), "reference")));
    page.table(&["at", "kind", "role", "in", "via"], report.references.iter().map(row));
    if !report.methods.is_empty() {
        page.heading(2, "Methods");
    }
    for method in &report.methods {
        page.heading(3, format!("`{}`", method.name));
        page.table(&["at", "kind", "role", "in", "via"], method.references.iter().map(row));
    }
    if !report.mentions.is_empty() {
        page.heading(2, "Mentions in documents");
        page.text("These are no uses.");
        let rows = report.mentions.iter().map(|m| vec![format!("{}:{}", m.path, m.line), m.r#in.to_owned()]);
        page.table(&["at", "in"], rows);
    }
    page
}

fn row(reference: &ReferenceReport) -> Vec<String> {
    vec![
        format!("{}:{}:{}", reference.path, reference.line, reference.column),
        reference.kind.to_owned(),
        reference.file_role.to_owned(),
        reference.enclosing.as_ref().map_or(String::new(), |name| format!("`{name}`")),
        reference.via.clone().unwrap_or_default(),
    ]
}

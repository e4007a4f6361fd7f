//! `ssot scan`: the inventory.

use crate::render::document::Document;
use crate::render::pages::coverage;
use crate::report::coverage::CoverageReport;
use crate::report::orders::one_line;
use crate::report::types::TypeReport;

/// The page of `ssot scan`.
#[must_use]
pub fn scan_page(types: &[TypeReport], summary: &CoverageReport) -> Document {
    let mut page = Document::default();
    page.heading(1, format!("Types of {}", summary.root));
    let rows = types.iter().map(|of| {
        let marks = match (&of.mro.error, &of.mro.unknown) {
            (Some(_), _) => " (impossible)",
            (None, Some(_)) => " (incomplete)",
            (None, None) => "",
        };
        vec![
            format!("`{}`", of.id),
            of.kind.to_owned(),
            format!("{}:{}", of.path, of.line),
            of.methods.len().to_string(),
            format!("{}{marks}", one_line(&of.mro)),
        ]
    });
    page.table(&["type", "kind", "defined at", "methods", "method resolution order"], rows);
    coverage::write(&mut page, summary);
    page
}

//! The coverage section: what was analysed, and what could not be seen.

use crate::render::document::Document;
use crate::render::pages::{MAX_ROWS, count, percent, shortened};
use crate::report::coverage::CoverageReport;

/// Writes the section.
pub(crate) fn write(page: &mut Document, coverage: &CoverageReport) {
    page.heading(2, "Coverage");
    let list = |figures: &std::collections::BTreeMap<&str, usize>| {
        figures.iter().map(|(name, number)| format!("{name} {number}")).collect::<Vec<_>>().join(", ")
    };
    let environment = match (coverage.environment, coverage.environment_files) {
        (true, files) => format!("third-party packages were read where a base leads there ({files} files)"),
        (false, _) => "no environment: third-party packages were not read (--python ENV)".to_owned(),
    };
    page.bullets([
        format!(
            "{} read, {} lines, {} bytes ({}); by role: {}",
            count(coverage.files, "source file"),
            coverage.lines,
            coverage.bytes,
            list(&coverage.by_language),
            list(&coverage.by_role)
        ),
        format!("{} read for mentions", count(coverage.documents, "document")),
        format!("conditions evaluated for {}; {environment}", coverage.target),
        format!(
            "{} of {} method resolution orders complete ({})",
            coverage.complete_orders,
            coverage.types,
            percent(coverage.complete_orders, coverage.types)
        ),
        format!(
            "{} not read, {}, {}, {}",
            count(coverage.skipped.len(), "file"),
            count(coverage.syntax_errors.len(), "syntax error"),
            count(coverage.unresolved_bases.len(), "open base"),
            count(coverage.unresolved_imports.len(), "open import")
        ),
    ]);
    let rows = coverage.skipped.iter().take(MAX_ROWS).map(|s| vec![s.path.clone(), s.reason.clone()]);
    page.table(&["not read", "because"], rows);
    shortened(page, coverage.skipped.len(), "files that were not read");
    let rows =
        coverage.syntax_errors.iter().take(MAX_ROWS).map(|e| vec![e.place.to_string(), e.message.clone()]);
    page.table(&["syntax error at", "what"], rows);
    shortened(page, coverage.syntax_errors.len(), "syntax errors");
    let rows = coverage.unresolved_bases.iter().take(MAX_ROWS).map(|b| {
        vec![format!("`{}`", b.symbol), b.place.to_string(), format!("`{}`", b.base), b.reason.clone()]
    });
    page.table(&["type", "at", "base", "why it leads nowhere"], rows);
    shortened(page, coverage.unresolved_bases.len(), "bases");
    let rows = coverage
        .unresolved_imports
        .iter()
        .take(MAX_ROWS)
        .map(|i| vec![format!("`{}`", i.module), i.place.to_string()]);
    page.table(&["import that finds nothing", "at"], rows);
    shortened(page, coverage.unresolved_imports.len(), "imports");
    let rows = coverage
        .external_imports
        .iter()
        .take(MAX_ROWS)
        .map(|e| vec![format!("`{}`", e.package), e.imports.to_string()]);
    page.table(&["package outside the tree", "imports"], rows);
    shortened(page, coverage.external_imports.len(), "packages");
    let rows = coverage.dead_files.iter().map(|path| vec![(*path).to_owned()]);
    page.table(&["file that no import can reach (a package has its name)"], rows);
    page.heading(3, "What this analysis cannot see");
    page.bullets([
        "names made at run time: `setattr`, `globals()`, metaclasses that change bases, import hooks"
            .to_owned(),
        "receivers whose type is not evident from a constructor, a factory, an annotation or `self.x = …`"
            .to_owned(),
        "what a decorator turns a class or a function into".to_owned(),
    ]);
}

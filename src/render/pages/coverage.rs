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
        match coverage.target.as_str() {
            "" => "conditions of compilation (`cfg`) are kept, not evaluated; macros are not expanded"
                .to_owned(),
            target => format!("conditions evaluated for {target}; {environment}"),
        },
        format!(
            "{} of {} method resolution orders complete ({})",
            coverage.complete_orders,
            coverage.types,
            percent(coverage.complete_orders, coverage.types)
        ),
        format!(
            "{} not read, {}{}, {}, {}",
            count(coverage.skipped.len(), "file"),
            count(coverage.syntax_errors.len(), "syntax error"),
            // What stands around an error in Python is read.
            match coverage.syntax_errors.iter().filter(|error| error.place.path.ends_with(".rs")).count() {
                0 => String::new(),
                lost => format!(" (and nothing is known of {})", count(lost, "Rust file")),
            },
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
    page.table(
        &["file that nothing seen reaches: a package has its name, or no `mod` or `include!` names it"],
        rows,
    );
    let rows = coverage
        .item_macros
        .iter()
        .take(MAX_ROWS)
        .map(|found| vec![format!("`{}!`", found.name), found.uses.to_string(), found.place.to_string()]);
    page.table(&["macro that makes items (not expanded)", "times", "first at"], rows);
    shortened(page, coverage.item_macros.len(), "macros");
    let rows = coverage.missing_modules.iter().take(MAX_ROWS).map(|missing| {
        vec![
            format!("`mod {}`", missing.name),
            missing.place.to_string(),
            missing.condition.map_or("–".to_owned(), |condition| format!("`cfg({condition})`")),
        ]
    });
    page.table(&["module without a file", "at", "condition"], rows);
    shortened(page, coverage.missing_modules.len(), "modules");
    if coverage.foreign_impls > 0 {
        page.text(format!(
            "{} of types outside the tree, or of all types that fulfil a bound.",
            count(coverage.foreign_impls, "`impl` block")
        ));
    }
    page.heading(3, "What this analysis cannot see");
    let (has_python, has_rust) =
        (coverage.by_language.contains_key("python"), coverage.by_language.contains_key("rust"));
    let python = [
        "names made at run time: `setattr`, `globals()`, metaclasses that change bases, import hooks"
            .to_owned(),
        "receivers whose type is not evident from a constructor, a factory, an annotation or `self.x = …`"
            .to_owned(),
        "what a decorator turns a class or a function into".to_owned(),
    ];
    let rust = [
        "items that macros make, derives of other crates, and what stands in the arguments of macros with a grammar of their own".to_owned(),
        "receivers whose type only inference gives: through closures, generic returns, associated types".to_owned(),
        "methods that blanket `impl` blocks give".to_owned(),
    ];
    let python = python.into_iter().filter(|_| has_python || !has_rust);
    page.bullets(python.chain(rust.into_iter().filter(|_| has_rust)));
}

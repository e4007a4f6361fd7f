//! `ssot graph`: modules, imports, cycles and what breaks them.

use crate::render::document::Document;
use crate::render::graph_text::{DrawnEdge, DrawnNode, GraphDrawing, LineStyle};
use crate::render::pages::{MAX_ROWS, count, shortened};
use crate::report::graph::{ComponentReport, GraphReport};

/// The page of `ssot graph`.
#[must_use]
pub fn graph_page(report: &GraphReport, cycles_only: bool) -> Document {
    let mut page = Document::default();
    page.heading(1, "Module dependencies");
    if !cycles_only {
        page.text(format!(
            "{}, {} of imports.",
            count(report.modules.len(), "module"),
            count(report.edges.iter().filter(|edge| !edge.implicit).count(), "place")
        ));
        let mut modules: Vec<_> = report.modules.iter().collect();
        modules.sort_by_key(|module| (std::cmp::Reverse(module.fan_in), module.id));
        let rows = modules.iter().take(MAX_ROWS).map(|module| {
            vec![
                format!("`{}`", module.id),
                module.path.unwrap_or("(namespace)").to_owned(),
                module.fan_in.to_string(),
                module.fan_out.to_string(),
            ]
        });
        page.table(&["module", "file", "fan-in", "fan-out"], rows);
        shortened(&mut page, report.modules.len(), "modules");
    }
    write_crates(&mut page, report);
    page.heading(2, "Cycles");
    write_components(&mut page, report);
    page
}

/// Writes which crates use which, where there are several.
pub(crate) fn write_crates(page: &mut Document, report: &GraphReport) {
    if report.crates.is_empty() {
        return;
    }
    page.heading(2, "Crates");
    let rows = report.crates.iter().map(|edge| {
        vec![
            format!("`{}`", edge.from),
            format!("`{}`", edge.to),
            edge.places.to_string(),
            edge.conditional_places.to_string(),
            edge.test_places.to_string(),
        ]
    });
    page.table(&["crate", "uses", "places", "under a condition", "in tests"], rows);
}

/// Writes the cycles of each set of phases side by side.
pub(crate) fn write_components(page: &mut Document, report: &GraphReport) {
    let sets: [(&str, &[&str]); 3] = [
        ("Imports that run on load", &["load"]),
        ("With imports for type checkers", &["load", "typing"]),
        ("With imports in functions", &["load", "typing", "local"]),
    ];
    let is_rust = report.modules.iter().all(|module| module.path.is_some_and(|path| path.ends_with(".rs")));
    for (title, phases) in sets {
        // Where no import is of the phase that this set adds, its cycles are those above.
        let added = phases[phases.len() - 1];
        if phases.len() > 1 && !report.edges.iter().any(|edge| edge.phase == added) {
            continue;
        }
        let title = if is_rust { "Between modules of Rust" } else { title };
        let components: Vec<&ComponentReport> =
            report.components.iter().filter(|component| same(&component.phases, phases)).collect();
        page.heading(3, format!("{title}: {}", count(components.len(), "cycle")));
        for component in components.iter().take(MAX_ROWS) {
            page.text(format!("{}: {}", count(component.modules.len(), "module"), names(&component.modules)));
            let fewest = if component.is_minimum {
                "The fewest imports that break it"
            } else {
                "Imports that break it (fewer may do)"
            };
            page.text(format!("{fewest}:"));
            let rows = component.breakers.iter().flat_map(|breaker| {
                breaker.places.iter().map(move |at| {
                    vec![
                        format!("`{}`", breaker.from),
                        format!("`{}`", breaker.to),
                        at.phase.to_owned(),
                        at.place.to_string(),
                    ]
                })
            });
            // One statement may bring several names.
            let mut rows: Vec<Vec<String>> = rows.collect();
            rows.dedup();
            page.table(&["from", "to", "phase", "at"], rows);
        }
        shortened(page, components.len(), "cycles");
    }
}

fn same(found: &[&str], wanted: &[&str]) -> bool {
    found.len() == wanted.len() && wanted.iter().all(|phase| found.contains(phase))
}

/// The first modules by name; a cycle of hundreds is not listed in full.
fn names(modules: &[&str]) -> String {
    let shown: Vec<String> = modules.iter().take(12).map(|module| format!("`{module}`")).collect();
    let more = modules.len().saturating_sub(12);
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}

/// The graph as a drawing: one edge per pair of modules, its strongest phase deciding the line.
#[must_use]
pub fn drawing(report: &GraphReport, cycles_only: bool) -> GraphDrawing {
    let in_cycle =
        |id: &str| report.components.iter().any(|c| c.phases.len() == 3 && c.modules.contains(&id));
    let is_drawn = |id: &str| !cycles_only || in_cycle(id);
    let mut drawing = GraphDrawing::default();
    for module in report.modules.iter().filter(|module| is_drawn(module.id)) {
        drawing.nodes.push(DrawnNode { id: module.id.to_owned(), label: module.id.to_owned() });
    }
    let mut edges: std::collections::BTreeMap<(&str, &str), u8> = std::collections::BTreeMap::new();
    for edge in report.edges.iter().filter(|edge| !edge.implicit && is_drawn(edge.from) && is_drawn(edge.to))
    {
        let rank = match edge.phase {
            "load" => 0,
            "local" => 1,
            "typing" => 2,
            _ => 3,
        };
        let entry = edges.entry((edge.from, edge.to)).or_insert(rank);
        *entry = (*entry).min(rank);
    }
    for ((from, to), rank) in edges {
        let (style, label) = match rank {
            0 => (LineStyle::Solid, ""),
            1 => (LineStyle::Dashed, ""),
            2 => (LineStyle::Typing, ""),
            _ => (LineStyle::Thick, "dynamic"),
        };
        drawing.edges.push(DrawnEdge {
            from: from.to_owned(),
            to: to.to_owned(),
            style,
            label: label.to_owned(),
        });
    }
    drawing
}

//! `ssot history`: how many implementations there were, and when they came and went.

use std::collections::BTreeMap;

use crate::render::chart::Chart;
use crate::render::document::Document;
use crate::render::pages::{MAX_ROWS, count, shortened};
use crate::report::history::{CommitReport, ConceptCounts, HistoryReport};

/// The page of `ssot history`.
#[must_use]
pub fn history_page(report: &HistoryReport) -> Document {
    let mut page = Document::default();
    page.heading(1, "History");
    write(&mut page, report);
    page
}

/// Writes the history into a page, below a heading of its own.
pub fn write(page: &mut Document, report: &HistoryReport) {
    let (Some(first), Some(last)) = (report.commits.first(), report.commits.last()) else {
        page.text("There is no commit to look at.");
        return;
    };
    page.text(format!(
        "{} of {}, from {} to {}. Concepts and their rules are today's.",
        report.commits.len(),
        count(report.all_commits, "commit"),
        first.day,
        last.day
    ));
    if report.commits.len() < report.all_commits {
        page.text("An event is told of the very commit that did it; what came and went again between two commits that were looked at is not seen.");
    }
    if report.commits.len() == 1 {
        page.text("There is one commit: nothing can be drawn over time yet.");
    }
    if report.is_shallow {
        page.text("This clone is shallow: older commits are not here.");
    }
    let labels: Vec<String> = report.commits.iter().map(|commit| commit.day.clone()).collect();
    let ids: BTreeMap<&str, ()> = report
        .commits
        .iter()
        .flat_map(|commit| commit.concepts.iter().map(|concept| (concept.id.as_str(), ())))
        .collect();
    for id in ids.keys() {
        page.heading(2, format!("Burndown: {id}"));
        let series = |figure: fn(&ConceptCounts) -> usize| -> Vec<Option<f64>> {
            let of = |commit: &CommitReport| {
                let concept = commit.concepts.iter().find(|concept| concept.id == **id);
                concept.map(|concept| figure(concept) as f64)
            };
            report.commits.iter().map(of).collect()
        };
        page.chart(Chart {
            title: format!("{id}: what there is of it"),
            labels: labels.clone(),
            series: vec![
                ("implementations".to_owned(), series(|concept| concept.implementations)),
                ("duplicates".to_owned(), series(|concept| concept.duplicates)),
                ("protocols".to_owned(), series(|concept| concept.protocols)),
            ],
        });
        page.chart(Chart {
            title: format!("{id}: conflicts between its members"),
            labels: labels.clone(),
            series: vec![("conflicts".to_owned(), series(|concept| concept.conflicts))],
        });
        page.chart(Chart {
            title: format!("{id}: lines of its implementations"),
            labels: labels.clone(),
            series: vec![("lines".to_owned(), series(|concept| concept.lines as usize))],
        });
        let events: Vec<_> = report.events.iter().filter(|event| event.concept == **id).collect();
        // The newest tell most.
        let rows = events.iter().rev().take(MAX_ROWS).map(|event| {
            let what = match (event.change.as_str(), &event.role, &event.before) {
                ("moved", _, Some(before)) => format!("moved from `{before}`"),
                ("changed", Some(role), Some(before)) => format!("{before}, now {role}"),
                (change, Some(role), _) => format!("{change}: {role}"),
                (change, None, _) => change.to_owned(),
            };
            vec![
                event.day.clone(),
                format!("`{}`", event.commit.get(..12).unwrap_or(&event.commit)),
                event.subject.clone(),
                what,
                format!("`{}`", event.r#type),
            ]
        });
        page.table(&["day", "commit", "its message", "what", "type"], rows);
        shortened(page, events.len(), "events");
    }
    page.heading(2, "The whole tree");
    let series = |figure: fn(&CommitReport) -> f64| -> Vec<Option<f64>> {
        report.commits.iter().map(|commit| Some(figure(commit))).collect()
    };
    page.chart(Chart {
        title: "names with several definitions, and import cycles".to_owned(),
        labels: labels.clone(),
        series: vec![
            ("names defined twice".to_owned(), series(|commit| commit.duplicate_names as f64)),
            ("cycles on load".to_owned(), series(|commit| commit.load_cycles as f64)),
        ],
    });
    page.chart(Chart {
        title: "lines of source".to_owned(),
        labels,
        series: vec![("lines".to_owned(), series(|commit| commit.lines as f64))],
    });
}

//! `ssot discover`: concepts that nobody declared, with a brief for each.

use crate::render::document::Document;
use crate::render::pages::{count, coverage};
use crate::report::discovery::{DiscoveryReport, GroupReport};

/// How many groups a page tells in full.
pub const DEFAULT_LIMIT: usize = 30;

/// The page of `ssot discover`; groups beyond `limit` are only counted.
#[must_use]
pub fn discover_page(report: &DiscoveryReport, limit: usize) -> Document {
    let mut page = Document::default();
    page.heading(1, format!("Concepts of {} with several implementations", report.coverage.root));
    let of = |kind: &str| report.concepts.iter().filter(|group| group.kind == kind).count();
    page.text(format!(
        "{}: {} by name, {} by what they do; {} for different things; {} defined several times. {} of {} \
         had enough content to be compared.",
        count(report.concepts.len(), "group"),
        of("duplicate-name"),
        of("responsibility"),
        count(of("homonym"), "name"),
        count(of("duplicate-protocol"), "protocol"),
        report.compared,
        count(report.coverage.types, "type"),
    ));
    summary(&mut page, report, limit);
    for group in report.concepts.iter().take(limit) {
        write_group(&mut page, group);
    }
    doubles(&mut page, report);
    coverage::write(&mut page, &report.coverage);
    page
}

fn summary(page: &mut Document, report: &DiscoveryReport, limit: usize) {
    let rows = report.concepts.iter().take(limit).map(|group| {
        vec![
            format!("`{}`", group.id),
            group.kind.to_owned(),
            group.members.len().to_string(),
            group.cohesion_permille.map_or("–".to_owned(), thousandths),
            group.members.iter().map(|member| member.lines).sum::<u32>().to_string(),
            group.production_references.to_string(),
            format!("`{}`", group.canonical),
        ]
    });
    page.table(&["concept", "found by", "members", "likeness", "lines", "users", "canonical"], rows);
    if report.concepts.len() > limit {
        page.text(format!(
            "{} more are in the JSON; `--limit` shows more here.",
            count(report.concepts.len() - limit, "group")
        ));
    }
}

fn write_group(page: &mut Document, group: &GroupReport) {
    page.heading(2, format!("{} ({})", group.title, group.kind));
    let rows = group.members.iter().map(|member| {
        vec![
            format!("`{}`", member.r#type),
            member.role.to_owned(),
            member.place.map_or(String::new(), |place| place.to_string()),
            member.lines.to_string(),
            member.production_references.to_string(),
            member.score_permille.map_or("–".to_owned(), thousandths),
        ]
    });
    page.table(&["type", "role", "defined at", "lines", "users", "likeness"], rows);
    if !group.shared.is_empty() {
        let parts: Vec<&str> = group.shared.iter().map(|part| part.statement.as_str()).collect();
        page.text(format!("The first two both {}.", parts.join("; ")));
    }
    // Those of one name are seen anyway.
    let renamed = group.counterparts.iter().filter(|found| found.function != found.canonical_function);
    let told = renamed.map(|found| found.statement.clone());
    page.bullets(told.chain(group.differs.iter().cloned()));
    page.code("toml", group.proposal.clone());
}

fn doubles(page: &mut Document, report: &DiscoveryReport) {
    if report.doubled.is_empty() {
        return;
    }
    page.heading(2, "Stand-ins in tests");
    let rows = report.doubled.iter().take(super::MAX_ROWS).map(|doubled| {
        let shown = doubled.doubles.iter().take(3);
        let places: Vec<String> =
            shown.filter_map(|double| double.place).map(|place| place.to_string()).collect();
        let more = doubled.doubles.len().saturating_sub(3);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        vec![
            format!("`{}`", doubled.r#type),
            doubled.doubles.len().to_string(),
            format!("{}{more}", places.join(", ")),
        ]
    });
    page.table(&["type", "stand-ins", "where"], rows);
    super::shortened(page, report.doubled.len(), "types");
}

/// 412 → `0.412`.
fn thousandths(permille: u32) -> String {
    format!("{}.{:03}", permille / 1000, permille % 1000)
}

//! `ssot protocol`: the target protocol, where each member comes from, and how far everyone is.

use crate::render::document::Document;
use crate::render::pages::count;
use crate::render::protocol_text::render_python;
use crate::report::protocol::ProtocolReport;

/// The page of `ssot protocol`.
#[must_use]
pub fn protocol_page(report: &ProtocolReport) -> Document {
    let mut page = Document::default();
    page.heading(1, format!("Target protocol of {}: `{}`", report.concept, report.name));
    page.text(
        "A signature is the canonical implementation's where that states types, else a protocol's (the most \
         used one first), else the canonical one's without types, else that of the method that is called most.",
    );
    let rows = report.members.iter().map(|member| {
        vec![
            format!("`{}`", member.signature),
            count(member.declared_by.len(), "protocol"),
            count(member.implemented_by.len(), "implementation"),
            member.production_calls.to_string(),
            format!("{} ({})", member.decided_by, member.place),
            member.other_names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
        ]
    });
    page.table(&["member", "demanded by", "in", "calls", "as in", "the same job elsewhere"], rows);
    page.heading(2, "How far each implementation is");
    let rows = report.implementations.iter().map(|distance| {
        vec![
            format!("`{}`", distance.r#type),
            format!("{} of {}", distance.fits.len(), report.members.len()),
            distance.differs.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
            distance
                .renamed
                .iter()
                .map(|(wanted, found)| format!("`{found}` for `{wanted}`"))
                .collect::<Vec<_>>()
                .join(", "),
            distance.missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
        ]
    });
    page.table(&["implementation", "fits", "differs", "renamed", "missing"], rows);
    let conflicts = report.members.iter().flat_map(|member| {
        member.conflicts.iter().map(move |conflict| {
            vec![format!("`{}`", member.name), format!("`{}`", conflict.r#type), conflict.details.join("; ")]
        })
    });
    let conflicts: Vec<Vec<String>> = conflicts.collect();
    if !conflicts.is_empty() {
        page.heading(2, "What was decided against");
    }
    page.table(&["member", "type", "differs"], conflicts);
    page.heading(2, "As a Python protocol");
    page.code("python", render_python(report));
    page
}

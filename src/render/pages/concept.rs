//! A concept's part of the report: canonical, duplicates, protocols, usage, dependencies, conflicts.

use crate::render::document::Document;
use crate::render::graph_text::{DrawnEdge, DrawnNode, GraphDrawing, LineStyle};
use crate::render::pages::conformance::summary_of;
use crate::render::pages::{MAX_ROWS, count, shortened};
use crate::report::concepts::{
    CellReport, ConceptReport, ConflictReport, ConflictRow, MemberReport, ReasonReport, SideReport,
};
use crate::report::orders::one_line;

/// One sentence on the concept.
pub(crate) fn headline(concept: &ConceptReport) -> String {
    let of = |role: &str| {
        let classes = concept.members.iter().filter(|member| member.role == role).count();
        classes + concept.modules.iter().filter(|member| member.role == role).count()
    };
    let canonical = match (concept.canonical, concept.election.declared) {
        (Some(id), true) => format!("canonical is `{id}` (declared)"),
        (Some(id), false) => format!("canonical is `{id}` (elected)"),
        (None, _) => "no canonical implementation".to_owned(),
    };
    format!(
        "{}: {canonical}; {}, {} complementary, {}, {} of another domain, {}, {}; {}",
        concept.title,
        count(of("duplicate"), "duplicate"),
        of("complementary"),
        count(of("application-service"), "application service"),
        of("different-domain"),
        count(of("protocol"), "protocol"),
        count(of("test-double"), "test double"),
        count(concept.conflicts.len(), "conflict"),
    )
}

/// Writes all sections of a concept.
pub(crate) fn write(page: &mut Document, concept: &ConceptReport) {
    page.heading(2, format!("Concept: {}", concept.title));
    if !concept.summary.is_empty() {
        page.text(concept.summary.clone());
    }
    members(page, concept);
    canonical(page, concept);
    others(page, concept);
    protocols(page, concept);
    usage(page, concept);
    dependencies(page, concept);
    conflicts(page, concept);
}

fn members(page: &mut Document, concept: &ConceptReport) {
    page.heading(3, "Members and roles");
    let classes = concept.members.iter().map(|member| {
        vec![
            format!("`{}`", name_in(concept, member.r#type)),
            member.role.to_owned(),
            member.place.to_string(),
            because(&member.reasons),
        ]
    });
    let modules = concept.modules.iter().map(|member| {
        vec![
            format!("functions of `{}`", member.module),
            member.role.to_owned(),
            member.place.map_or(String::new(), |place| place.to_string()),
            because(&member.reasons),
        ]
    });
    page.table(&["type", "role", "defined at", "because"], classes.chain(modules));
    if !concept.unknown_names.is_empty() {
        let names: Vec<String> = concept.unknown_names.iter().map(|name| format!("`{name}`")).collect();
        page.text(format!("The rule names what is not in this tree: {}.", names.join(", ")));
    }
    if let Some(unknown) = &concept.election.unknown_declaration {
        page.text(format!(
            "The rule declares `{unknown}` canonical, but not one implementation has that name: none has, or several have; one was elected."
        ));
    }
    let rows = concept.aliases.iter().map(|alias| {
        vec![
            format!("`{}`", alias.name),
            format!("`{}`", name_in(concept, alias.target)),
            alias.place.to_string(),
        ]
    });
    if !concept.aliases.is_empty() {
        page.text("Other names for members:");
    }
    page.table(&["name", "stands for", "bound at"], rows);
}

/// The first and the last reason: the JSON has all.
fn because(reasons: &[ReasonReport]) -> String {
    let why: Vec<&str> = reasons.iter().map(|reason| reason.statement.as_str()).collect();
    let shown = if why.len() > 2 { [&why[..1], &why[why.len() - 1..]].concat() } else { why };
    shown.join("; ")
}

fn canonical(page: &mut Document, concept: &ConceptReport) {
    let Some(member) = concept.members.iter().find(|member| Some(member.r#type) == concept.canonical) else {
        return;
    };
    page.heading(3, "Canonical implementation");
    page.text(format!(
        "`{}`, {} lines at {}. Method resolution order: {}.",
        member.r#type,
        member.lines,
        member.place,
        one_line(&member.mro)
    ));
    if !concept.election.declared {
        page.text("Elected by production references (45 %), members that protocols or callers want and public methods (25 %), references in tests (15 %) and size (15 %), each relative to the best candidate:");
    }
    let rows = concept.election.ballots.iter().map(|ballot| {
        vec![
            format!("`{}`", name_in(concept, ballot.id)),
            ballot.production_references.to_string(),
            format!("{} of {}", ballot.protocol_members, ballot.protocol_members_wanted),
            ballot.public_methods.to_string(),
            ballot.test_references.to_string(),
            ballot.lines.to_string(),
            format!("0.{:03}", ballot.score_permille.min(999)),
        ]
    });
    page.table(
        &[
            "candidate",
            "production references",
            "wanted members",
            "public methods",
            "in tests",
            "lines",
            "score",
        ],
        rows,
    );
    let aged = concept.election.ballots.iter().filter_map(|ballot| {
        let day = ballot.first_committed.as_ref()?;
        Some(format!("`{}` {day}", name_in(concept, ballot.id)))
    });
    let aged: Vec<String> = aged.collect();
    if !aged.is_empty() {
        page.text(format!(
            "The best are even; the one whose file was committed first wins: {}.",
            aged.join(", ")
        ));
    }
    signatures(page, member);
    let rows = concept.factories.iter().map(|factory| {
        let uses: Vec<String> = factory.uses.iter().take(3).map(ToString::to_string).collect();
        let more = factory.uses.len().saturating_sub(3);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        vec![
            format!("`{}`", factory.signature),
            factory.place.to_string(),
            factory.uses.len().to_string(),
            format!("{}{more}", uses.join(", ")),
        ]
    });
    if !concept.factories.is_empty() {
        page.text("Functions that give an instance of it:");
    }
    page.table(&["factory", "defined at", "uses", "where"], rows);
}

fn signatures(page: &mut Document, member: &MemberReport) {
    let rows =
        member.methods.iter().map(|method| vec![format!("`{}`", method.signature), method.place.to_string()]);
    page.table(&["method", "defined at"], rows);
}

fn others(page: &mut Document, concept: &ConceptReport) {
    let is_other = |role: &str| {
        matches!(role, "duplicate" | "complementary" | "application-service" | "different-domain")
    };
    let others: Vec<&MemberReport> = concept.members.iter().filter(|member| is_other(member.role)).collect();
    if others.is_empty() {
        return;
    }
    page.heading(3, "Other implementations");
    for member in others {
        page.heading(4, format!("{} — {}", name_in(concept, member.r#type), member.role));
        page.text(format!(
            "`{}`, {} lines at {}. Order: {}.",
            member.r#type,
            member.lines,
            member.place,
            one_line(&member.mro)
        ));
        page.bullets(member.reasons.iter().map(|reason| match reason.place {
            Some(place) => format!("{} ({place})", reason.statement),
            None => reason.statement.clone(),
        }));
        signatures(page, member);
    }
}

fn protocols(page: &mut Document, concept: &ConceptReport) {
    let protocols: Vec<&MemberReport> =
        concept.members.iter().filter(|member| member.role == "protocol").collect();
    if protocols.is_empty() {
        return;
    }
    page.heading(3, "Protocols");
    for protocol in &protocols {
        page.text(format!("`{}` at {}:", protocol.r#type, protocol.place));
        signatures(page, protocol);
    }
    page.heading(4, "Conformance");
    let columns: Vec<String> = std::iter::once("implementation".to_owned())
        .chain(
            protocols
                .iter()
                .map(|protocol| format!("{} ({})", name_in(concept, protocol.r#type), protocol.place.path)),
        )
        .collect();
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let mut types: Vec<&str> = Vec::new();
    for pair in &concept.conformance {
        if !types.contains(&pair.r#type) {
            types.push(pair.r#type);
        }
    }
    let rows = types.iter().map(|of| {
        let verdict = |protocol: &&MemberReport| {
            let pair = concept.conformance.iter().find(|p| p.r#type == *of && p.protocol == protocol.r#type);
            pair.map_or(String::new(), summary_of)
        };
        std::iter::once(format!("`{}`", name_in(concept, of))).chain(protocols.iter().map(verdict)).collect()
    });
    page.table(&columns, rows);
    let rows =
        concept.conformance.iter().filter(|pair| Some(pair.r#type) == concept.canonical).flat_map(|pair| {
            pair.members.iter().flat_map(move |member| {
                member.reasons.iter().map(move |reason| {
                    vec![
                        format!("`{}`", pair.protocol),
                        format!("`{}`", member.name),
                        format!("{}: {}", member.verdict, reason.kind),
                        reason.expected.clone(),
                        reason.found.clone(),
                        reason.place.map_or(String::new(), |place| place.to_string()),
                    ]
                })
            })
        });
    let rows: Vec<Vec<String>> = rows.collect();
    if !rows.is_empty() {
        page.text("Where the canonical implementation departs from its protocols:");
    }
    page.table(&["protocol", "member", "verdict", "expected", "found", "at"], rows);
}

fn usage(page: &mut Document, concept: &ConceptReport) {
    page.heading(3, "Usage");
    let rows = concept.members.iter().map(|member| {
        let of = |role: &str| {
            let references = member.references.get(role).copied().unwrap_or(0);
            let files = member.files.get(role).copied().unwrap_or(0);
            if references == 0 {
                "0".to_owned()
            } else {
                format!("{references} in {}", count(files as usize, "file"))
            }
        };
        let mentions =
            concept.usage.iter().find(|usage| usage.r#type == member.r#type).map_or(0, |u| u.mentions.len());
        let kinds: Vec<String> = member.kinds.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        vec![
            format!("`{}`", name_in(concept, member.r#type)),
            of("production"),
            of("test"),
            of("script"),
            mentions.to_string(),
            kinds.join(", "),
        ]
    });
    page.table(&["type", "production", "test", "script", "mentions in docs", "by kind"], rows);
    page.text("References are resolved through imports, aliases and re-exports; comments, docstrings and text in strings are none. Mentions in docs are no uses.");
    let Some(canonical) = concept.usage.iter().find(|usage| Some(usage.r#type) == concept.canonical) else {
        return;
    };
    let rows = canonical.methods.iter().map(|method| {
        let outside = method.references.iter().filter(|reference| reference.via.is_none());
        let of =
            |role: &str| outside.clone().filter(|reference| reference.file_role == role).count().to_string();
        let first =
            outside.clone().find(|reference| reference.file_role == "production").or(outside.clone().next());
        vec![
            format!("`{}`", method.name),
            of("production"),
            of("test"),
            first.map_or(String::new(), |reference| format!("{}:{}", reference.path, reference.line)),
        ]
    });
    page.text("Methods of the canonical implementation called on a receiver whose type is evident:");
    page.table(&["method", "production", "test", "for example"], rows);
}

fn dependencies(page: &mut Document, concept: &ConceptReport) {
    page.heading(3, "Dependency graph");
    page.graph(drawing(concept));
    let rows = concept.dependencies.between.iter().map(|edge| {
        let (from, to) = (name_in(concept, edge.from), name_in(concept, edge.to));
        vec![format!("`{from}`"), edge.kind.to_owned(), format!("`{to}`"), edge.place.to_string()]
    });
    page.table(&["from", "kind", "to", "at"], rows);
}

/// Members, and the production modules that use them.
fn drawing(concept: &ConceptReport) -> GraphDrawing {
    let drawn: Vec<&MemberReport> =
        concept.members.iter().filter(|member| member.role != "test-double").collect();
    let mut drawing = GraphDrawing::default();
    for member in &drawn {
        drawing.nodes.push(DrawnNode {
            id: member.r#type.to_owned(),
            label: format!("{} ({})", name_in(concept, member.r#type), member.role),
        });
    }
    for edge in &concept.dependencies.between {
        drawing.edges.push(DrawnEdge {
            from: edge.from.to_owned(),
            to: edge.to.to_owned(),
            style: if edge.kind == "inherits" { LineStyle::Inherits } else { LineStyle::Solid },
            label: edge.kind.to_owned(),
        });
    }
    let users = concept.dependencies.users.iter().filter(|user| user.file_role == "production");
    for user in users.take(MAX_ROWS) {
        if !drawing.nodes.iter().any(|node| node.id == user.module) {
            drawing.nodes.push(DrawnNode { id: user.module.to_owned(), label: user.module.to_owned() });
        }
        let style = match (user.load, user.local) {
            (0, 0) => LineStyle::Typing,
            (0, _) => LineStyle::Dashed,
            _ => LineStyle::Solid,
        };
        drawing.edges.push(DrawnEdge {
            from: user.module.to_owned(),
            to: user.r#type.to_owned(),
            style,
            label: String::new(),
        });
    }
    drawing
}

fn conflicts(page: &mut Document, concept: &ConceptReport) {
    page.heading(3, "Conflicts");
    if concept.conflicts.is_empty() {
        page.text("No two members contradict each other.");
        return;
    }
    if let Some(first) = concept.conflict_table.first() {
        let columns: Vec<&str> = std::iter::once("method")
            .chain(first.cells.iter().map(|cell| name_in(concept, cell.r#type)))
            .chain(["conflicts"])
            .collect();
        let rows = concept.conflict_table.iter().map(|row| {
            std::iter::once((format!("`{}`", row.method), String::new()))
                .chain(
                    row.cells.iter().map(|cell| (cell.has.to_owned(), both_signatures(concept, row, cell))),
                )
                .chain([(row.kinds.join(", "), String::new())])
                .collect()
        });
        page.matrix(&columns, rows);
    }
    page.text("Side by side; ⟦what only one side has⟧ is marked on its side.");
    let rows = concept.conflicts.iter().take(MAX_ROWS).flat_map(|conflict| conflict_rows(concept, conflict));
    page.table(&["conflict", "here", "there", "what differs"], rows);
    shortened(page, concept.conflicts.len(), "conflicts");
}

/// What a cell of the matrix stands for, beside the canonical's.
fn both_signatures(concept: &ConceptReport, row: &ConflictRow, cell: &CellReport) -> String {
    let said = |cell: &CellReport, signature: &str| {
        let at = cell.place.map_or(String::new(), |place| format!(" ({place})"));
        format!("{}: {signature}{at}", name_in(concept, cell.r#type))
    };
    let own = match (&cell.marked, &cell.signature) {
        (Some(signature), _) | (None, Some(signature)) => said(cell, signature),
        (None, None) => return String::new(),
    };
    let canonical = row.cells.iter().find(|other| Some(other.r#type) == concept.canonical);
    let canonical = canonical.filter(|canonical| canonical.r#type != cell.r#type);
    let canonical = canonical.and_then(|canonical| Some(said(canonical, canonical.signature.as_ref()?)));
    canonical.into_iter().chain([own]).collect::<Vec<_>>().join("\n")
}

/// One row for each definition beside the first.
fn conflict_rows(concept: &ConceptReport, conflict: &ConflictReport) -> Vec<Vec<String>> {
    let shown = |side: &SideReport| match side.marked.as_ref().or(side.signature.as_ref()) {
        Some(signature) => format!("{}: `{signature}` ({})", name_in(concept, side.r#type), side.place),
        None => format!("{} ({})", name_in(concept, side.r#type), side.place),
    };
    let Some((first, others)) = conflict.sides.split_first() else { return Vec::new() };
    let rows = others.iter().enumerate().map(|(position, other)| match position {
        0 => vec![
            format!("{} `{}`", conflict.kind, conflict.subject),
            shown(first),
            shown(other),
            conflict.details.join("; "),
        ],
        _ => vec![String::new(), String::new(), shown(other), String::new()],
    });
    let rows: Vec<Vec<String>> = rows.collect();
    if rows.is_empty() {
        let subject = format!("{} `{}`", conflict.kind, conflict.subject);
        return vec![vec![subject, shown(first), String::new(), conflict.details.join("; ")]];
    }
    rows
}

/// The shortest tail of a member's id that no other member bears: `Lock`, but `redis.lock.Lock` beside another.
fn name_in<'i>(concept: &ConceptReport, id: &'i str) -> &'i str {
    let is_shared = |tail: &str| {
        let mut others = concept.members.iter().filter(|member| member.r#type != id);
        others.any(|other| {
            other.r#type.strip_suffix(tail).is_some_and(|rest| rest.is_empty() || rest.ends_with(['.', ':']))
        })
    };
    let starts = id.rmatch_indices(['.', ':']).map(|(at, _)| at + 1);
    starts.map(|start| &id[start..]).find(|tail| !is_shared(tail)).unwrap_or(id)
}

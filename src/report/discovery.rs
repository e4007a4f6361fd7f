//! The answer of `ssot discover`.

use std::collections::BTreeMap;
use std::fmt::Write;

use schemars::JsonSchema;
use serde::Serialize;

use super::coverage::CoverageReport;
use super::{Place, place};
use crate::analysis::discovery::doubles::Doubled;
use crate::analysis::discovery::{Discovery, Group, GroupMember};
use crate::analysis::similarity::units::Unit;
use crate::facts::names::kebab;
use crate::link::{ClassId, Index};
use crate::tree::Tree;

/// Concepts with several implementations, and stand-ins in tests.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DiscoveryReport {
    /// Always [`super::SCHEMA`].
    pub schema: &'static str,
    /// What was analysed, and what could not be.
    pub coverage: CoverageReport,
    /// How many types and modules had enough content to be compared.
    pub compared: usize,
    /// Names first, then responsibilities, names of different things, protocols; the most worthwhile first.
    pub concepts: Vec<GroupReport>,
    /// Production types with stand-ins in tests, the most doubled first.
    pub doubled: Vec<DoubledReport>,
}

/// A concept that nobody declared.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GroupReport {
    /// Kebab-case, unique in the report.
    pub id: String,
    /// What to call it.
    pub title: String,
    /// `duplicate-name`, `responsibility`, `homonym` or `duplicate-protocol`.
    pub kind: &'static str,
    /// The implementation that most of the code relies on.
    pub canonical: &'static str,
    /// The least likeness between two members, in thousandths; none where content is missing.
    pub cohesion_permille: Option<u32>,
    /// References to its members in production code.
    pub production_references: u32,
    /// Its members, the canonical one first.
    pub members: Vec<GroupMemberReport>,
    /// What the canonical one and the nearest share.
    pub shared: Vec<PartReport>,
    /// Functions of the nearest that do what others of the canonical one do, the most alike first.
    pub counterparts: Vec<CounterpartReport>,
    /// How the others differ from the canonical one.
    pub differs: Vec<String>,
    /// An entry for `ssot.toml`.
    pub proposal: String,
}

/// A member of such a concept.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GroupMemberReport {
    /// Dotted id.
    pub r#type: &'static str,
    /// `class` or `module`.
    pub form: &'static str,
    /// `canonical`, `duplicate`, or `protocol`; `unlike` where only the name is shared.
    pub role: &'static str,
    /// Where it is defined.
    pub place: Option<Place>,
    /// Lines of its definition.
    pub lines: u32,
    /// References in production code.
    pub production_references: u32,
    /// All references.
    pub references: u32,
    /// Likeness to the canonical one in thousandths; none for the canonical one and where content is missing.
    pub score_permille: Option<u32>,
    /// The likeness by profile, in thousandths: `functions`, `behaviour`, `vocabulary`, `copied`.
    pub parts: BTreeMap<&'static str, u32>,
}

/// Something that two members share.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PartReport {
    /// In words.
    pub statement: String,
    /// Its part of the likeness in thousandths.
    pub weight_permille: u32,
    /// How many types of the tree have it too.
    pub shared_by: u32,
}

/// A function of the member that is most like the canonical one, which does what another of that one does.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CounterpartReport {
    /// Its name.
    pub function: &'static str,
    /// The name of the canonical one's function.
    pub canonical_function: &'static str,
    /// How alike they are, in thousandths.
    pub likeness_permille: u32,
    /// Both, and what they do for their callers, in words.
    pub statement: String,
}

/// A production type and its stand-ins.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DoubledReport {
    /// The production type.
    pub r#type: &'static str,
    /// Where it is defined.
    pub place: Option<Place>,
    /// Its stand-ins.
    pub doubles: Vec<DoubleReport>,
}

/// A stand-in.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DoubleReport {
    /// Dotted id.
    pub r#type: &'static str,
    /// Where it is defined.
    pub place: Option<Place>,
    /// Why it counts as one.
    pub reason: String,
}

/// Builds the report.
#[must_use]
pub fn build(tree: &Tree, discovery: &Discovery) -> DiscoveryReport {
    let index = &tree.index;
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    let concepts = discovery.groups.iter().map(|group| {
        let base =
            Some(kebab(&group.title)).filter(|id| !id.is_empty()).unwrap_or_else(|| "concept".to_owned());
        let count = taken.entry(base.clone()).or_default();
        *count += 1;
        let id = if *count == 1 { base } else { format!("{base}-{count}") };
        group_report(index, group, id)
    });
    DiscoveryReport {
        schema: super::SCHEMA,
        coverage: super::coverage::build(tree),
        compared: discovery.compared,
        concepts: concepts.collect(),
        doubled: discovery.doubled.iter().map(|doubled| doubled_report(index, doubled)).collect(),
    }
}

fn group_report(index: &Index, group: &Group, id: String) -> GroupReport {
    let members: Vec<GroupMemberReport> = group
        .members
        .iter()
        .enumerate()
        .map(|(at, member)| member_report(index, group, member, at == 0))
        .collect();
    let proposal = proposal(&id, group, &members);
    GroupReport {
        id,
        title: group.title.clone(),
        kind: group.kind.as_str(),
        canonical: group.members[0].unit.id(index).as_str(),
        cohesion_permille: group.cohesion.map(permille),
        production_references: group.members.iter().map(|member| member.production_references).sum(),
        members,
        shared: group
            .brief
            .shared
            .iter()
            .map(|part| PartReport {
                statement: part.statement.clone(),
                weight_permille: permille(part.weight),
                shared_by: part.shared_by,
            })
            .collect(),
        counterparts: group
            .brief
            .counterparts
            .iter()
            .map(|found| {
                let [own, theirs] = found.functions.map(|function| index.function(function).name.as_str());
                CounterpartReport {
                    function: own,
                    canonical_function: theirs,
                    likeness_permille: permille(found.likeness),
                    statement: found.statement(index),
                }
            })
            .collect(),
        differs: group.brief.differs.clone(),
        proposal,
    }
}

fn member_report(
    index: &Index,
    group: &Group,
    member: &GroupMember,
    is_canonical: bool,
) -> GroupMemberReport {
    use crate::analysis::discovery::GroupKind;
    let role = match (group.kind, is_canonical) {
        (GroupKind::Protocol, _) => "protocol",
        (GroupKind::Homonym, false) if member.score.is_none() => "not-judged",
        (GroupKind::Homonym, false) => "unlike",
        (_, true) => "canonical",
        (GroupKind::Name | GroupKind::Responsibility, false) => "duplicate",
    };
    let parts = member.score.map(|score| {
        BTreeMap::from([
            ("functions", permille(score.functions())),
            ("behaviour", permille(score.behaviour)),
            ("vocabulary", permille(score.vocabulary)),
            ("copied", permille(score.copied)),
        ])
    });
    GroupMemberReport {
        r#type: member.unit.id(index).as_str(),
        form: match member.unit {
            Unit::Class(_) => "class",
            Unit::Module(_) => "module",
        },
        role,
        place: place_of(index, member.unit),
        lines: member.lines,
        production_references: member.production_references,
        references: member.references,
        score_permille: member.score.map(|score| permille(score.total)),
        parts: parts.unwrap_or_default(),
    }
}

fn doubled_report(index: &Index, doubled: &Doubled) -> DoubledReport {
    let id = |class: ClassId| index.class(class).id.as_str();
    DoubledReport {
        r#type: id(doubled.class),
        place: place_of(index, Unit::Class(doubled.class)),
        doubles: doubled
            .doubles
            .iter()
            .map(|(class, reason)| DoubleReport {
                r#type: id(*class),
                place: place_of(index, Unit::Class(*class)),
                reason: reason.clone(),
            })
            .collect(),
    }
}

fn place_of(index: &Index, unit: Unit) -> Option<Place> {
    match unit {
        Unit::Class(class) => {
            let (file, fact) = index.source_of(class)?;
            Some(place(index, file, fact.name_at))
        }
        Unit::Module(file) => Some(place(index, file, 0)),
    }
}

/// An entry that declares the concept as it was found.
fn proposal(id: &str, group: &Group, members: &[GroupMemberReport]) -> String {
    let mut text = format!("[[concept]]\nid = {id:?}\ntitle = {:?}\nmembers = [\n", group.title);
    for member in members {
        let _ = writeln!(text, "    {:?},", member.r#type);
    }
    text.push_str("]\n");
    if let Some(canonical) =
        members.iter().find(|member| member.role == "canonical" && member.form == "class")
    {
        let _ = writeln!(text, "canonical = {:?}", canonical.r#type);
    }
    text
}

fn permille(share: f32) -> u32 {
    (share.clamp(0.0, 1.0) * 1000.0).round() as u32
}

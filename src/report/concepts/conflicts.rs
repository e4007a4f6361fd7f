//! What members disagree on: method × implementation, and every conflict with its sides.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::concepts::{Concept, Role};
use crate::analysis::conflicts::Conflict;
use crate::analysis::signatures;
use crate::analysis::usage::set_elsewhere;
use crate::facts::Name;
use crate::link::members::{holder_of, method_of};
use crate::link::{ClassId, FunctionId, Index};
use crate::report::marking::mark_difference;
use crate::report::{Place, place};

/// One method across the implementations.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ConflictRow {
    /// The method's name.
    pub method: &'static str,
    /// Per implementation: `yes`, `attribute`, `no`, `private` or `inherited`; in the order of the members.
    pub cells: Vec<CellReport>,
    /// Kinds of the conflicts on it.
    pub kinds: Vec<&'static str>,
}

/// Whether one implementation has a method.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CellReport {
    /// The implementation.
    pub r#type: &'static str,
    /// `yes`, `attribute` for what is set and not defined, `no`, `private` or `inherited`.
    pub has: &'static str,
    /// The signature of what it has; none where only the standard library knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// The signature with ⟦what differs from the canonical's⟧ marked, or from the first one's where the canonical has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marked: Option<String>,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// A conflict.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ConflictReport {
    /// Its kind.
    pub kind: &'static str,
    /// The method, or the name.
    pub subject: &'static str,
    /// The definitions.
    pub sides: Vec<SideReport>,
    /// What differs.
    pub details: Vec<String>,
}

/// One side of a conflict.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SideReport {
    /// The type.
    pub r#type: &'static str,
    /// The signature; none where the method is missing.
    pub signature: Option<String>,
    /// The signature with ⟦what differs from the first side's⟧ marked.
    pub marked: Option<String>,
    /// Where.
    pub place: Place,
}

pub(super) fn conflict_table(index: &Index, concept: &Concept) -> Vec<ConflictRow> {
    let mut kinds: BTreeMap<Name, Vec<&'static str>> = BTreeMap::new();
    for conflict in &concept.conflicts {
        let entry = kinds.entry(conflict.subject).or_default();
        if conflict.sides.iter().any(|side| side.method.is_some()) && !entry.contains(&conflict.kind.as_str())
        {
            entry.push(conflict.kind.as_str());
        }
    }
    let columns: Vec<ClassId> = concept
        .members
        .iter()
        .filter(|member| member.role.is_implementation() || member.role == Role::ApplicationService)
        .map(|member| member.class)
        .collect();
    kinds
        .into_iter()
        .filter(|(_, kinds)| !kinds.is_empty())
        .map(|(name, kinds)| {
            let mut cells: Vec<CellReport> = columns.iter().map(|class| cell(index, *class, name)).collect();
            mark_cells(&mut cells, concept.canonical.map(|class| index.class(class).id.as_str()));
            ConflictRow { method: name.as_str(), cells, kinds }
        })
        .collect()
}

/// Marks in each signature of a row what the canonical's does not say.
fn mark_cells(cells: &mut [CellReport], canonical: Option<&str>) {
    let of_canonical = cells.iter().find(|cell| Some(cell.r#type) == canonical && cell.signature.is_some());
    let measure = of_canonical.or(cells.iter().find(|cell| cell.signature.is_some()));
    let Some((of, measure)) = measure.and_then(|cell| Some((cell.r#type, cell.signature.clone()?))) else {
        return;
    };
    for cell in cells.iter_mut().filter(|cell| cell.r#type != of) {
        cell.marked = cell
            .signature
            .as_ref()
            .map(|own| mark_difference(&measure, own))
            .filter(|marked| cell.signature.as_ref() != Some(marked));
    }
}

fn cell(index: &Index, class: ClassId, name: Name) -> CellReport {
    let private = || method_of(index, class, Name::new(&format!("_{name}")));
    let holder = holder_of(index, class, name);
    let method = holder.and_then(|(holder, _)| method_of(index, holder, name));
    let at = |method: FunctionId| (method.file, index.function(method).name_at);
    let elsewhere = || set_elsewhere(index, class, name);
    let (has, method, at) = match (holder, private()) {
        (Some((holder, at)), _) if holder == class => {
            (if method.is_some() { "yes" } else { "attribute" }, method, at)
        }
        (_, Some(method)) => ("private", Some(method), Some(at(method))),
        (Some((_, at)), None) => ("inherited", method, at),
        (None, None) => match elsewhere() {
            Some(at) => ("attribute", None, Some(at)),
            None => ("no", None, None),
        },
    };
    CellReport {
        r#type: index.class(class).id.as_str(),
        has,
        signature: method.map(|method| signatures::render(index, method)),
        marked: None,
        place: at.map(|(file, at)| place(index, file, at)),
    }
}

pub(super) fn conflict_report(index: &Index, conflict: &Conflict) -> ConflictReport {
    let rendered = |at: usize| {
        let method = conflict.sides.get(at).and_then(|side| side.method);
        method.map(|method| signatures::render(index, method))
    };
    let (first, second) = (rendered(0), rendered(1));
    let sides = conflict.sides.iter().enumerate().filter_map(|(position, side)| {
        let (file, at) = match side.method {
            Some(method) => (method.file, index.function(method).name_at),
            None => index.source_of(side.class).map(|(file, fact)| (file, fact.name_at))?,
        };
        let signature = side.method.map(|method| signatures::render(index, method));
        // Each beside the first, and the first beside the second: what only one of them has is marked there.
        let beside = if position == 0 { &second } else { &first };
        let marked = beside.as_ref().zip(signature.as_ref()).map(|(other, own)| mark_difference(other, own));
        Some(SideReport {
            r#type: index.class(side.class).id.as_str(),
            marked: marked.filter(|marked| signature.as_ref() != Some(marked)),
            signature,
            place: place(index, file, at),
        })
    });
    ConflictReport {
        kind: conflict.kind.as_str(),
        subject: conflict.subject.as_str(),
        sides: sides.collect(),
        details: conflict.details.clone(),
    }
}

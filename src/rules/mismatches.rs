//! Conflicts between the members of declared concepts: against the canonical one or a protocol pair by pair, among the
//! others name by name.

use std::collections::BTreeMap;

use super::evidence::Places;
use crate::analysis::concepts::{Concept, Role};
use crate::analysis::conflicts::{Conflict, ConflictKind, Side};
use crate::analysis::signatures;
use crate::facts::Name;
use crate::finding::{Evidence, Finding, Rule};
use crate::link::ClassId;

pub(super) fn check(places: &Places<'_>, declared: &[Concept]) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for finding in declared.iter().flat_map(|concept| of_concept(places, concept)) {
        // One method that differs from the canonical one's and from a protocol's in the same way is one fact.
        let same = found.iter_mut().find(|known| {
            known.rule == finding.rule && known.message == finding.message && known.place() == finding.place()
        });
        match same {
            Some(known) => {
                known.places.extend(finding.places.into_iter().skip(1));
                known.atoms.extend(finding.atoms.into_iter().skip(1));
            }
            None => found.push(finding),
        }
    }
    found
}

fn of_concept(places: &Places<'_>, concept: &Concept) -> Vec<Finding> {
    let roles: BTreeMap<ClassId, Role> =
        concept.members.iter().map(|member| (member.class, member.role)).collect();
    let role = |side: &Side| roles.get(&side.class).copied();
    let is_measure = |side: &Side| matches!(role(side), Some(Role::Canonical | Role::Protocol));
    let is_among_others = |conflict: &&Conflict| !conflict.sides.iter().any(is_measure);
    // Names on which the implementations that are no measure disagree among themselves.
    let clashing: Vec<Name> = concept
        .conflicts
        .iter()
        .filter(|conflict| is_pairwise(conflict.kind))
        .filter(is_among_others)
        .map(|conflict| conflict.subject)
        .collect();
    let told = concept.conflicts.iter().filter_map(|conflict| {
        let rule = rule_of(conflict.kind)?;
        match conflict.kind {
            ConflictKind::NameClash if !clashing.contains(&conflict.subject) => return None,
            ConflictKind::NameClash => {
                let others = conflict.sides.iter().filter(|side| !is_measure(side));
                return finding(places, concept, conflict, rule, &others.copied().collect::<Vec<_>>());
            }
            kind if is_pairwise(kind) && !conflict.sides.first().is_some_and(is_measure) => return None,
            _ => {}
        }
        // What does not fit is what the finding is about; what it is held to stands beside it.
        let mut sides = conflict.sides.clone();
        if !matches!(conflict.kind, ConflictKind::MissingMethod) {
            sides.reverse();
        }
        finding(places, concept, conflict, rule, &sides)
    });
    told.collect()
}

fn is_pairwise(kind: ConflictKind) -> bool {
    match kind {
        ConflictKind::SignatureMismatch
        | ConflictKind::ReturnType
        | ConflictKind::AsyncMismatch
        | ConflictKind::BindingMismatch => true,
        ConflictKind::NameClash
        | ConflictKind::VisibilityMismatch
        | ConflictKind::MissingMethod
        | ConflictKind::NamingMismatch
        | ConflictKind::DuplicateDefinition
        | ConflictKind::DuplicateProtocol => false,
    }
}

/// The rule of a conflict; none for definitions, which [`super::copies`] tells.
fn rule_of(kind: ConflictKind) -> Option<Rule> {
    match kind {
        ConflictKind::NameClash => Some(Rule::NameClash),
        ConflictKind::SignatureMismatch => Some(Rule::SignatureMismatch),
        ConflictKind::ReturnType => Some(Rule::ReturnType),
        ConflictKind::AsyncMismatch => Some(Rule::AsyncMismatch),
        ConflictKind::BindingMismatch => Some(Rule::BindingMismatch),
        ConflictKind::VisibilityMismatch => Some(Rule::VisibilityMismatch),
        ConflictKind::MissingMethod => Some(Rule::MissingMethod),
        ConflictKind::NamingMismatch => Some(Rule::NamingMismatch),
        ConflictKind::DuplicateDefinition | ConflictKind::DuplicateProtocol => None,
    }
}

fn finding(
    places: &Places<'_>,
    concept: &Concept,
    conflict: &Conflict,
    rule: Rule,
    sides: &[Side],
) -> Option<Finding> {
    let index = places.index;
    let evidence: Option<Vec<Evidence>> = sides
        .iter()
        .map(|side| match side.method {
            Some(method) => Some(places.function(method, signatures::render(index, method))),
            None => places.class(side.class, format!("has no `{}`", conflict.subject)),
        })
        .collect();
    let name = |side: &Side| match side.method {
        Some(method) => index.function(method).name,
        None => conflict.subject,
    };
    let atoms = sides.iter().filter_map(|side| places.member_atom(side.class, name(side).as_str()));
    let subject = sides.first()?;
    let message = format!(
        "`{}.{}` (concept {}): {}",
        places.id(subject.class),
        name(subject),
        concept.id,
        conflict.details.join("; ")
    );
    Some(Finding {
        rule,
        message,
        places: evidence?,
        notes: Vec::new(),
        atoms: atoms.collect(),
        symbols: vec![places.id(subject.class)],
        after: None,
        copy: None,
    })
}

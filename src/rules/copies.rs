//! Second implementations: in declared concepts by the roles of their members, elsewhere by groups of what is alike.
//!
//! Each copy is told once, beside the canonical one: as `duplicate-definition` where the two share their name, else as
//! `duplicate-concept`.

use rustc_hash::FxHashSet;

use super::evidence::Places;
use crate::analysis::AnalysisOptions;
use crate::analysis::clones::{self, Twins};
use crate::analysis::concepts::groundwork::Groundwork;
use crate::analysis::concepts::{Concept, Reason, Role};
use crate::analysis::discovery::{self, Group, GroupKind, GroupMember};
use crate::analysis::similarity::explain::Explainer;
use crate::analysis::similarity::units::Unit;
use crate::analysis::usage;
use crate::facts::names::is_tail;
use crate::finding::{Atom, Copy, Finding, Rule, Turned};
use crate::link::{ClassId, FunctionId, Index};
use crate::source::FileRole;

/// How many parts of a likeness are told.
const PARTS: usize = 4;

/// How many reasons of a role are told.
const REASONS: usize = 4;

pub(super) fn check(
    places: &Places<'_>,
    options: &AnalysisOptions,
    declared: &[Concept],
    groundwork: &Groundwork,
) -> Vec<Finding> {
    let index = places.index;
    let judged = Judged::of(options, declared);
    let mut found: Vec<Finding> = Vec::new();
    for finding in declared.iter().flat_map(|concept| of_concept(places, concept, &judged)).flatten() {
        // Two concepts that share a member do not make two facts of it.
        if !found.iter().any(|known| known.rule == finding.rule && known.atoms == finding.atoms) {
            found.push(finding);
        }
    }
    let profiles = groundwork.profiles(index, options, None);
    let explainer = Explainer::new(index, &options.lexicon, profiles);
    let groups = discovery::find_groups(index, &options.lexicon, profiles);
    for group in &groups.groups {
        found.extend(of_group(places, group, &judged, &explainer));
    }
    for finding in clones::find(index).into_iter().filter_map(|twins| of_twins(places, twins, &judged)) {
        // Of three that are the same, two findings tell.
        let is_told = |atom: &Atom| {
            found.iter().any(|known: &Finding| known.copy.is_some() && known.atoms.contains(atom))
        };
        if !finding.atoms.iter().all(is_told) {
            found.push(finding);
        }
    }
    let of_concepts = declared.iter().filter_map(|concept| {
        let canonical = Unit::Class(concept.canonical?);
        Some(concept.near.iter().map(move |unit| [*unit, canonical]))
    });
    let near: Vec<[Unit; 2]> = groups.near.iter().copied().chain(of_concepts.flatten()).collect();
    let near = near.into_iter().filter(|[a, b]| !judged.excludes(index, *a, *b)).filter_map(|both| {
        let mut finding = pair(places, Rule::DuplicateConcept, both, "the job", "", Vec::new())?;
        finding.copy.as_mut()?.is_near = true;
        Some(finding)
    });
    found.extend(near);
    found
}

/// Two classes of one text. The one that more code relies on is the canonical one.
fn of_twins(places: &Places<'_>, twins: Twins, judged: &Judged) -> Option<Finding> {
    let index = places.index;
    let used = |class: ClassId| usage::counts(index, class).in_role(FileRole::Production);
    let (canonical, copy) = match used(twins.first) >= used(twins.second) {
        true => (twins.first, twins.second),
        false => (twins.second, twins.first),
    };
    let both = [Unit::Class(copy), Unit::Class(canonical)];
    if judged.knows(index, both[0], both[1]) {
        return None;
    }
    let are_namesakes = index.class(copy).name == index.class(canonical).name;
    let rule = if are_namesakes { Rule::DuplicateDefinition } else { Rule::DuplicateConcept };
    let notes = vec![format!("{} methods are the same, word for word", twins.methods)];
    pair(places, rule, both, "the job", "", notes)
}

/// What declared concepts have decided on already.
struct Judged {
    concepts: Vec<Decided>,
}

/// What one concept has decided on.
struct Decided {
    members: FxHashSet<Unit>,
    /// Dotted ids, or tails, of what only looks like a member.
    excluded: Vec<String>,
}

impl Judged {
    fn of(options: &AnalysisOptions, declared: &[Concept]) -> Self {
        let concepts = declared.iter().map(|concept| {
            let members = concept.members.iter().map(|member| Unit::Class(member.class));
            let modules = concept.modules.iter().map(|member| member.unit);
            let rule = options.concepts.iter().find(|rule| rule.id == concept.id);
            Decided {
                members: members.chain(modules).collect(),
                excluded: rule.map(|rule| rule.exclude.clone()).unwrap_or_default(),
            }
        });
        Self { concepts: concepts.collect() }
    }

    /// Whether some concept has both among its members, or has one and excludes the other.
    fn knows(&self, index: &Index, a: Unit, b: Unit) -> bool {
        let are_members = |decided: &Decided| decided.members.contains(&a) && decided.members.contains(&b);
        self.concepts.iter().any(are_members) || self.excludes(index, a, b)
    }

    /// Whether a concept that has one of two excludes the other.
    fn excludes(&self, index: &Index, a: Unit, b: Unit) -> bool {
        let is_excluded = |decided: &Decided, unit: Unit| {
            decided.excluded.iter().any(|tail| is_tail(unit.id(index).as_str(), tail))
        };
        self.concepts.iter().any(|decided| {
            decided.members.contains(&a) && is_excluded(decided, b)
                || decided.members.contains(&b) && is_excluded(decided, a)
        })
    }
}

fn of_concept<'a>(
    places: &'a Places<'_>,
    concept: &'a Concept,
    judged: &'a Judged,
) -> impl Iterator<Item = Option<Finding>> + 'a {
    let implementations = concept.members.iter().filter(|member| member.role.is_implementation()).count()
        + concept.modules.iter().filter(|member| member.role.is_implementation()).count();
    let members = concept.members.iter().map(|member| {
        let used = member.usage.in_role(FileRole::Production);
        (Unit::Class(member.class), member.role, &member.reasons, Some(used))
    });
    let modules = concept.modules.iter().map(|member| (member.unit, member.role, &member.reasons, None));
    members.chain(modules).flat_map(move |(unit, role, reasons, used)| {
        let is_excluded = concept
            .canonical
            .is_some_and(|canonical| judged.excludes(places.index, unit, Unit::Class(canonical)));
        if is_excluded {
            return [None, None];
        }
        let copy = copy_of(places, concept, unit, role, reasons);
        let is_unused = used == Some(0) && role.is_implementation() && implementations > 1;
        let beside = format!("one of {implementations} implementations of {}", concept.id);
        let unused = if is_unused { unused(places, unit, &beside) } else { None };
        [copy, unused]
    })
}

fn copy_of(
    places: &Places<'_>,
    concept: &Concept,
    unit: Unit,
    role: Role,
    reasons: &[Reason],
) -> Option<Finding> {
    let canonical = Unit::Class(concept.canonical?);
    let part = match role {
        Role::Duplicate => "the job",
        Role::Complementary => "a part of the job",
        Role::Canonical
        | Role::ApplicationService
        | Role::DifferentDomain
        | Role::Protocol
        | Role::Shim
        | Role::TestDouble => return None,
    };
    let notes = reasons.iter().take(REASONS).map(|reason| reason.statement.clone()).collect();
    pair(
        places,
        Rule::DuplicateConcept,
        [unit, canonical],
        part,
        &format!(" (concept {})", concept.id),
        notes,
    )
}

fn of_group(places: &Places<'_>, group: &Group, judged: &Judged, explainer: &Explainer<'_>) -> Vec<Finding> {
    let rule = match group.kind {
        GroupKind::Name => Rule::DuplicateDefinition,
        GroupKind::Responsibility => Rule::DuplicateConcept,
        GroupKind::Protocol => Rule::DuplicateProtocol,
        // One name for different things is no copy.
        GroupKind::Homonym => return Vec::new(),
    };
    let [canonical, others @ ..] = group.members.as_slice() else { return Vec::new() };
    let others: Vec<&GroupMember> =
        others.iter().filter(|member| !judged.knows(places.index, member.unit, canonical.unit)).collect();
    let mut found = Vec::new();
    for member in &others {
        let both = [member.unit, canonical.unit];
        let parts = explainer.shared_parts(both, PARTS);
        let mut notes: Vec<String> = match (member.unit, canonical.unit) {
            (Unit::Class(a), Unit::Class(b)) if discovery::is_same_text(places.index, a, b) => {
                vec!["the same methods, word for word, and the same fields".to_owned()]
            }
            _ => {
                let name = |function: FunctionId| places.index.function(function).name;
                let counterparts = explainer.counterparts(both, PARTS);
                // Those of one name are seen anyway.
                let renamed = counterparts.iter().filter(|found| {
                    let [own, theirs] = found.functions;
                    name(own) != name(theirs)
                });
                let told = renamed.map(|found| found.statement(places.index));
                member.score.map(|score| score.in_words()).into_iter().chain(told).collect()
            }
        };
        notes.extend(parts.into_iter().map(|part| format!("both {}", part.statement)));
        found.extend(pair(places, rule, both, "the job", "", notes));
        if member.production_references == 0 && rule != Rule::DuplicateProtocol {
            let beside =
                format!("one of {} implementations of what {} does", group.members.len(), group.title);
            found.extend(unused(places, member.unit, &beside));
        }
    }
    found
}

/// The finding on a copy and what it is a copy of.
fn pair(
    places: &Places<'_>,
    rule: Rule,
    [copy, canonical]: [Unit; 2],
    part: &str,
    within: &str,
    notes: Vec<String>,
) -> Option<Finding> {
    let index = places.index;
    let name = |unit: Unit| unit.id(index).as_str().to_owned();
    let (own, other) = (places.unit_atom(copy)?, places.unit_atom(canonical)?);
    let told = |copy: Unit, canonical: Unit, of: &Atom| {
        if rule == Rule::DuplicateConcept {
            let message = format!("`{}` does {part} of `{}`{within}", name(copy), name(canonical));
            (message, [format!("does {part} of `{}`", of.name), "the canonical implementation".to_owned()])
        } else {
            let message =
                format!("`{}` is defined again: `{}` is the same thing", name(copy), name(canonical));
            (message, ["defined again".to_owned(), "the canonical definition".to_owned()])
        }
    };
    let (message, [own_label, other_label]) = told(copy, canonical, &other);
    let (turned_message, [new_label, known_label]) = told(canonical, copy, &own);
    let turned = Turned {
        message: turned_message,
        labels: [new_label, known_label.replace("the canonical", "the known")],
        symbol: name(canonical),
    };
    Some(Finding {
        rule,
        message,
        places: vec![places.unit(copy, own_label)?, places.unit(canonical, other_label)?],
        notes,
        symbols: vec![name(copy)],
        after: None,
        copy: Some(Copy {
            digests: [places.digest(copy), places.digest(canonical)],
            is_near: false,
            turned: Some(turned),
        }),
        atoms: vec![own, other],
    })
}

fn unused(places: &Places<'_>, unit: Unit, beside: &str) -> Option<Finding> {
    let id = unit.id(places.index).as_str().to_owned();
    Some(Finding {
        rule: Rule::UnusedImplementation,
        message: format!("`{id}` is {beside}, and no production code uses it"),
        places: vec![places.unit(unit, "no reference in production code".to_owned())?],
        notes: Vec::new(),
        atoms: vec![places.unit_atom(unit)?],
        symbols: vec![id],
        after: None,
        copy: None,
    })
}

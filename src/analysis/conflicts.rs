//! Two definitions of one concept that cannot both be right for one caller.

use std::collections::BTreeMap;

use super::concepts::{Member, Role};
use super::lexicon::Lexicon;
use super::overrides::provided;
use super::protocols::Verdict;
use super::protocols::matrix::ConformancePair;
use super::signatures::{self, Difference, DifferenceKind};
use super::usage::{method_references, set_elsewhere};
use crate::facts::Name;
use crate::link::members::{holder_of, is_internal, method_of, methods_of};
use crate::link::{ClassId, FunctionId, Index};
use crate::source::FileRole;

/// Kinds of conflicts (DESIGN, section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConflictKind {
    /// One method name, unrelated types, signatures that do not agree.
    NameClash,
    /// Parameters differ.
    SignatureMismatch,
    /// Return types differ.
    ReturnType,
    /// One is async, the other is not.
    AsyncMismatch,
    /// Instance, class, static, property.
    BindingMismatch,
    /// `_send` here, `send` there.
    VisibilityMismatch,
    /// A protocol demands it, and it is not there.
    MissingMethod,
    /// One job, two names.
    NamingMismatch,
    /// One class name, several definitions.
    DuplicateDefinition,
    /// One protocol name, several definitions.
    DuplicateProtocol,
}

impl ConflictKind {
    /// The rule's id.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NameClash => "name-clash",
            Self::SignatureMismatch => "signature-mismatch",
            Self::ReturnType => "return-type",
            Self::AsyncMismatch => "async-mismatch",
            Self::BindingMismatch => "binding-mismatch",
            Self::VisibilityMismatch => "visibility-mismatch",
            Self::MissingMethod => "missing-method",
            Self::NamingMismatch => "naming-mismatch",
            Self::DuplicateDefinition => "duplicate-definition",
            Self::DuplicateProtocol => "duplicate-protocol",
        }
    }
}

/// One side of a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Side {
    /// The type.
    pub class: ClassId,
    /// Its method, where it has one.
    pub method: Option<FunctionId>,
}

/// A conflict.
#[derive(Debug, Clone)]
pub struct Conflict {
    /// Its kind.
    pub kind: ConflictKind,
    /// The method, or the name of the definition.
    pub subject: Name,
    /// The definitions; what the others are held to comes first.
    pub sides: Vec<Side>,
    /// What differs, in words.
    pub details: Vec<String>,
}

/// Finds every conflict between the members of a concept.
pub(super) fn find(
    index: &Index,
    lexicon: &Lexicon,
    members: &[Member],
    conformance: &[ConformancePair],
) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    let takes_part = |member: &&Member| match member.role {
        Role::Canonical
        | Role::Duplicate
        | Role::Complementary
        | Role::Protocol
        | Role::ApplicationService => true,
        Role::DifferentDomain | Role::Shim | Role::TestDouble => false,
    };
    let parties: Vec<&Member> = members.iter().filter(takes_part).collect();
    let canonical = members.iter().find(|member| member.role == Role::Canonical);
    compare_same_names(index, &parties, &mut conflicts);
    if let Some(canonical) = canonical {
        compare_visibility(index, canonical, &parties, &mut conflicts);
        compare_names(index, lexicon, canonical, &parties, &mut conflicts);
        missing_methods(index, canonical.class, conformance, &mut conflicts);
        called_methods(index, lexicon, canonical.class, &parties, &mut conflicts);
    }
    repeated_definitions(index, members, &mut conflicts);
    let place = |conflict: &Conflict| conflict.sides.first().copied();
    conflicts.sort_by_key(|conflict| (conflict.kind, conflict.subject, place(conflict)));
    conflicts
}

/// One name in several types: each pair of signatures, and one clash for the name as a whole.
fn compare_same_names(index: &Index, parties: &[&Member], conflicts: &mut Vec<Conflict>) {
    let mut by_name: BTreeMap<Name, Vec<(ClassId, FunctionId, Role)>> = BTreeMap::new();
    for member in parties {
        for &method in methods_of(index, member.class) {
            let name = index.function(method).name;
            if !is_internal(index, method) {
                by_name.entry(name).or_default().push((member.class, method, member.role));
            }
        }
    }
    for (name, holders) in by_name {
        let mut clashing: Vec<Side> = Vec::new();
        for (position, &(a, a_method, a_role)) in holders.iter().enumerate() {
            for &(b, b_method, b_role) in &holders[position + 1..] {
                let is_inherited = index.class(a).mro.contains(b) || index.class(b).mro.contains(a);
                if is_inherited {
                    continue;
                }
                // A protocol says what is expected, whoever is listed first.
                let swap = b_role == Role::Protocol && a_role != Role::Protocol;
                let (expected, found) =
                    if swap { ((b, b_method), (a, a_method)) } else { ((a, a_method), (b, b_method)) };
                let is_measure = |role: Role| matches!(role, Role::Canonical | Role::Protocol);
                let mut differences = if is_measure(a_role) || is_measure(b_role) {
                    signatures::compare(index, expected.1, found.1).differences
                } else {
                    compare_equals(index, expected.1, found.1)
                };
                differences.extend(hidden_async(index, expected.1, found.1, &differences));
                if differences.is_empty() {
                    continue;
                }
                let sides = [expected, found].map(|(class, method)| Side { class, method: Some(method) });
                if a_role != Role::Protocol && b_role != Role::Protocol {
                    clashing.extend(sides);
                }
                conflicts.extend(by_kind(name, &sides, &differences));
            }
        }
        clashing.sort();
        clashing.dedup();
        if clashing.len() > 1 {
            let details = vec![format!("{} definitions under one name, not all compatible", clashing.len())];
            conflicts.push(Conflict {
                kind: ConflictKind::NameClash,
                subject: name,
                sides: clashing,
                details,
            });
        }
    }
}

/// What differs between two of which neither is the measure: whatever keeps one from standing in for the other.
fn compare_equals(index: &Index, one: FunctionId, other: FunctionId) -> Vec<Difference> {
    let mut differences = signatures::compare(index, one, other).differences;
    for back in signatures::compare(index, other, one).differences {
        let is_told =
            differences.iter().any(|told| (told.kind, told.parameter) == (back.kind, back.parameter));
        if !is_told {
            let Difference { kind, parameter, expected, found } = back;
            differences.push(Difference { kind, parameter, expected: found, found: expected });
        }
    }
    differences
}

/// `def take() -> Any` beside `async def take()`: a checker lets it pass, and who awaits it breaks.
fn hidden_async(
    index: &Index,
    expected: FunctionId,
    found: FunctionId,
    differences: &[Difference],
) -> Option<Difference> {
    let [own, other] = [expected, found].map(|id| index.function(id));
    let is_told = differences.iter().any(|difference| difference.kind == DifferenceKind::Async);
    let sync = if own.traits.is_async { other } else { own };
    let promises = sync.returns.map_or("", |returns| returns.as_str());
    let may_be_awaited = ["Awaitable", "Coroutine", "Future", "Task", "Iterator", "Generator", "Iterable"];
    let is_awaitable = may_be_awaited.iter().any(|name| promises.contains(name));
    if own.traits.is_async == other.traits.is_async || is_told || is_awaitable || sync.traits.is_stub {
        return None;
    }
    let word = |is_async: bool| if is_async { "async" } else { "not async" }.to_owned();
    let (expected, found) = (word(own.traits.is_async), word(other.traits.is_async));
    Some(Difference { kind: DifferenceKind::Async, parameter: None, expected, found })
}

fn by_kind(name: Name, sides: &[Side], differences: &[Difference]) -> Vec<Conflict> {
    let mut grouped: BTreeMap<ConflictKind, Vec<String>> = BTreeMap::new();
    for difference in differences {
        let kind = match difference.kind {
            DifferenceKind::ReturnType => ConflictKind::ReturnType,
            DifferenceKind::Async => ConflictKind::AsyncMismatch,
            DifferenceKind::Binding => ConflictKind::BindingMismatch,
            DifferenceKind::Arity
            | DifferenceKind::ParameterName
            | DifferenceKind::ParameterOrder
            | DifferenceKind::ParameterKind
            | DifferenceKind::Default
            | DifferenceKind::ParameterType => ConflictKind::SignatureMismatch,
        };
        grouped.entry(kind).or_default().push(describe(difference));
    }
    let conflict = |(kind, details)| Conflict { kind, subject: name, sides: sides.to_vec(), details };
    grouped.into_iter().map(conflict).collect()
}

/// `parameter-name: expected `update`, found `payload``.
#[must_use]
pub fn describe(difference: &Difference) -> String {
    let subject = difference.parameter.map_or(String::new(), |name| format!(" `{name}`"));
    format!(
        "{}{subject}: expected {}, found {}",
        difference.kind.as_str(),
        difference.expected,
        difference.found
    )
}

/// Whether instances of a class have a member of this name, however it is bound.
fn has_member(index: &Index, class: ClassId, name: Name) -> bool {
    holder_of(index, class, name).is_some() || set_elsewhere(index, class, name).is_some()
}

/// `_send_to_connection` in the canonical one, `send_to_connection` in another.
fn compare_visibility(index: &Index, canonical: &Member, parties: &[&Member], conflicts: &mut Vec<Conflict>) {
    for other in parties.iter().filter(|other| other.class != canonical.class) {
        for &method in methods_of(index, other.class) {
            let name = index.function(method).name;
            let text = name.as_str();
            if text.starts_with("__") {
                continue;
            }
            let twin = match text.strip_prefix('_') {
                Some(public) => Name::new(public),
                None => Name::new(&format!("_{text}")),
            };
            let Some(theirs) = method_of(index, canonical.class, twin) else { continue };
            if has_member(index, canonical.class, name) || has_member(index, other.class, twin) {
                continue;
            }
            conflicts.push(Conflict {
                kind: ConflictKind::VisibilityMismatch,
                subject: Name::new(text.trim_start_matches('_')),
                sides: vec![
                    Side { class: canonical.class, method: Some(theirs) },
                    Side { class: other.class, method: Some(method) },
                ],
                details: vec![format!("`{twin}` here, `{name}` there")],
            });
        }
    }
}

/// One job under two names, told by the lexicon.
fn compare_names(
    index: &Index,
    lexicon: &Lexicon,
    canonical: &Member,
    parties: &[&Member],
    conflicts: &mut Vec<Conflict>,
) {
    let public = |class: ClassId| {
        methods_of(index, class).iter().copied().filter(|method| !is_internal(index, *method))
    };
    let others = parties.iter().filter(|other| match other.role {
        Role::Duplicate | Role::Complementary | Role::Protocol => true,
        Role::Canonical
        | Role::ApplicationService
        | Role::DifferentDomain
        | Role::Shim
        | Role::TestDouble => false,
    });
    for other in others {
        for theirs in public(other.class) {
            let their_name = index.function(theirs).name;
            if has_member(index, canonical.class, their_name) {
                continue;
            }
            let Some(their_deed) = lexicon.deed(their_name.as_str()) else { continue };
            let twin = public(canonical.class).find(|own| {
                let own_name = index.function(*own).name;
                !has_member(index, other.class, own_name)
                    && lexicon.deed(own_name.as_str()).is_some_and(|deed| {
                        deed.verb == their_deed.verb
                            && !deed.objects.is_empty()
                            && deed.objects == their_deed.objects
                    })
            });
            let Some(own) = twin else { continue };
            let own_name = index.function(own).name;
            conflicts.push(Conflict {
                kind: ConflictKind::NamingMismatch,
                subject: own_name,
                sides: vec![
                    Side { class: canonical.class, method: Some(own) },
                    Side { class: other.class, method: Some(theirs) },
                ],
                details: vec![format!(
                    "`{own_name}` here, `{their_name}` there: {} {}",
                    their_deed.verb,
                    their_deed.objects.iter().cloned().collect::<Vec<_>>().join(" ")
                )],
            });
        }
    }
}

/// What the concept's protocols demand and the canonical one does not have.
fn missing_methods(
    index: &Index,
    canonical: ClassId,
    conformance: &[ConformancePair],
    conflicts: &mut Vec<Conflict>,
) {
    let mut wanted: BTreeMap<Name, Vec<ClassId>> = BTreeMap::new();
    for pair in conformance.iter().filter(|pair| pair.class == canonical) {
        for member in &pair.conformance.members {
            if member.verdict == Verdict::Violates && member.is_missing() {
                wanted.entry(member.name).or_default().push(pair.protocol);
            }
        }
    }
    for (name, protocols) in wanted {
        let demanding = protocols
            .iter()
            .map(|protocol| Side { class: *protocol, method: method_of(index, *protocol, name) });
        let sides: Vec<Side> =
            std::iter::once(Side { class: canonical, method: None }).chain(demanding).collect();
        let names: Vec<&str> = protocols.iter().map(|p| index.class(*p).name.as_str()).collect();
        let details = vec![format!("demanded by {}", names.join(", "))];
        conflicts.push(Conflict { kind: ConflictKind::MissingMethod, subject: name, sides, details });
    }
}

/// What production code calls on other implementations and the canonical one does not have, under whatever name.
fn called_methods(
    index: &Index,
    lexicon: &Lexicon,
    canonical: ClassId,
    parties: &[&Member],
    conflicts: &mut Vec<Conflict>,
) {
    let own = provided(index, canonical);
    let own_deeds: Vec<_> = own.keys().filter_map(|name| lexicon.deed(name.as_str())).collect();
    let others = parties.iter().filter(|other| other.role.is_implementation() && other.class != canonical);
    let mut wanted: BTreeMap<Name, Vec<(Side, usize)>> = BTreeMap::new();
    for other in others {
        for (name, references) in method_references(index, other.class) {
            let has_job = || lexicon.deed(name.as_str()).is_some_and(|deed| own_deeds.contains(&deed));
            if references.iter().any(|found| is_internal(index, found.function))
                || has_member(index, canonical, name)
                || has_job()
            {
                continue;
            }
            let calls = references.iter().filter(|reference| {
                !reference.is_own && index.role_at(reference.file, reference.scope) == FileRole::Production
            });
            let count = calls.count();
            if count > 0 {
                let side = Side { class: other.class, method: method_of(index, other.class, name) };
                wanted.entry(name).or_default().push((side, count));
            }
        }
    }
    for (name, callers) in wanted {
        let known = conflicts
            .iter_mut()
            .find(|conflict| conflict.kind == ConflictKind::MissingMethod && conflict.subject == name);
        let calls: usize = callers.iter().map(|(_, count)| count).sum();
        let times = if calls == 1 { "once".to_owned() } else { format!("{calls} times") };
        let detail = format!("called {times} in production on other implementations");
        match known {
            Some(conflict) => conflict.details.push(detail),
            None => {
                let sides = std::iter::once(Side { class: canonical, method: None });
                conflicts.push(Conflict {
                    kind: ConflictKind::MissingMethod,
                    subject: name,
                    sides: sides.chain(callers.iter().map(|(side, _)| *side)).collect(),
                    details: vec![detail],
                });
            }
        }
    }
}

/// One simple name for several members.
fn repeated_definitions(index: &Index, members: &[Member], conflicts: &mut Vec<Conflict>) {
    let mut by_name: BTreeMap<Name, Vec<&Member>> = BTreeMap::new();
    for member in members.iter().filter(|member| member.role != Role::TestDouble) {
        by_name.entry(index.class(member.class).name).or_default().push(member);
    }
    for (name, bearers) in by_name.into_iter().filter(|(_, bearers)| bearers.len() > 1) {
        let are_protocols = bearers.iter().all(|member| member.role == Role::Protocol);
        let kind =
            if are_protocols { ConflictKind::DuplicateProtocol } else { ConflictKind::DuplicateDefinition };
        let sides = bearers.iter().map(|member| Side { class: member.class, method: None }).collect();
        let details = vec![format!("{} definitions of one name", bearers.len())];
        conflicts.push(Conflict { kind, subject: name, sides, details });
    }
}

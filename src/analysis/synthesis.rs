//! The target protocol of a concept: what its protocols demand, the canonical implementation offers and
//! callers call, and how far each implementation is from it.
//!
//! Where they contradict each other, the signature is decided in this order: the canonical one's, if it states
//! types; a protocol's, the most used protocol first; the canonical one's without types; the implementation's
//! whose method is called most.

use std::collections::{BTreeMap, BTreeSet};

use super::concepts::{Concept, Role};
use super::conflicts::describe;
use super::lexicon::Lexicon;
use super::signatures;
use super::usage::method_references;
use crate::facts::{BindingKind, FunctionFact, Name};
use crate::link::members::{is_internal, method_of, methods_of};
use crate::link::references::ReferenceKind;
use crate::link::{ClassId, ClassKind, FunctionId, Index};
use crate::source::FileRole;

/// The target protocol.
#[derive(Debug)]
pub struct Target {
    /// Its members: the demanded ones first, then by calls, then by name.
    pub members: Vec<TargetMember>,
    /// Every implementation, in the order of the concept's members.
    pub distances: Vec<Distance>,
}

/// Whose signature a member has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    /// The canonical implementation's.
    Canonical,
    /// A protocol's.
    Protocol(ClassId),
    /// The implementation's whose method is called most.
    MostCalled(ClassId),
}

/// A member of the target protocol.
#[derive(Debug)]
pub struct TargetMember {
    /// Its name.
    pub name: Name,
    /// The definition whose signature it has.
    pub signature: FunctionId,
    /// Why that one.
    pub decided: Decided,
    /// The protocols that demand it.
    pub declared_by: Vec<ClassId>,
    /// The implementations that have it.
    pub implemented_by: Vec<ClassId>,
    /// Calls in production code, on whatever implementation or protocol.
    pub production_calls: u32,
    /// All calls.
    pub calls: u32,
    /// Methods of other names that the lexicon takes for the same job.
    pub other_names: Vec<FunctionId>,
    /// What differs elsewhere: whose, and how.
    pub conflicts: Vec<(ClassId, Vec<String>)>,
}

/// How far an implementation is from the target.
#[derive(Debug)]
pub struct Distance {
    /// The implementation.
    pub class: ClassId,
    /// Members that it has as they should be.
    pub fits: Vec<Name>,
    /// Members that it has otherwise.
    pub differs: Vec<(Name, Vec<String>)>,
    /// Members that it has under another name.
    pub renamed: Vec<(Name, Name)>,
    /// Members that it lacks.
    pub missing: Vec<Name>,
}

impl Distance {
    /// The share of the members that are there as they should be, from 0 to 1.
    #[must_use]
    pub fn share(&self) -> f64 {
        let all = self.fits.len() + self.differs.len() + self.renamed.len() + self.missing.len();
        if all == 0 { 1.0 } else { self.fits.len() as f64 / all as f64 }
    }
}

/// Synthesises the target protocol of a concept.
#[must_use]
pub fn synthesise(index: &Index, lexicon: &Lexicon, concept: &Concept) -> Target {
    let of_role = |wanted: fn(Role) -> bool| -> Vec<ClassId> {
        let members = concept.members.iter().filter(move |member| wanted(member.role));
        members.map(|member| member.class).collect()
    };
    let protocols = of_role(|role| role == Role::Protocol);
    let implementations = of_role(Role::is_implementation);
    let parties: Vec<ClassId> = implementations.iter().chain(&protocols).copied().collect();
    let calls = calls(index, &parties);
    let mut names: BTreeSet<Name> = BTreeSet::new();
    for &class in &protocols {
        names.extend(demanded_methods(index, class).map(|method| index.function(method).name));
    }
    if let Some(canonical) = concept.canonical {
        names.extend(public_methods(index, canonical).map(|method| index.function(method).name));
    }
    // What callers call on a duplicate has to go on; under another name where the target has the job.
    let wanted: Vec<Name> = names.iter().copied().collect();
    for &class in &implementations {
        for method in public_methods(index, class) {
            let name = index.function(method).name;
            let is_called = calls.get(&name).is_some_and(|calls| calls.production > 0);
            if is_called && same_job(lexicon, name, &wanted).is_none() {
                names.insert(name);
            }
        }
    }
    let mut members: Vec<TargetMember> = names
        .iter()
        .filter_map(|name| member(index, concept, *name, &protocols, &implementations, &calls))
        .collect();
    let target_names: Vec<Name> = members.iter().map(|member| member.name).collect();
    for member in &mut members {
        member.other_names = implementations
            .iter()
            .flat_map(|class| public_methods(index, *class))
            .filter(|method| {
                let name = index.function(*method).name;
                !names.contains(&name) && same_job(lexicon, name, &target_names) == Some(member.name)
            })
            .collect();
    }
    members.sort_by_key(|member| {
        (member.declared_by.is_empty(), std::cmp::Reverse(member.production_calls), member.name)
    });
    let distances = implementations
        .iter()
        .map(|class| distance(index, lexicon, *class, &members, &target_names))
        .collect();
    Target { members, distances }
}

#[derive(Default, Clone, Copy)]
struct Calls {
    production: u32,
    all: u32,
}

/// Calls by name, on receivers of any of the classes.
fn calls(index: &Index, classes: &[ClassId]) -> BTreeMap<Name, Calls> {
    let mut found: BTreeMap<Name, Calls> = BTreeMap::new();
    for &class in classes {
        for (name, references) in method_references(index, class) {
            let counted = references.iter().filter(|r| !r.is_own && r.kind == ReferenceKind::Call);
            for reference in counted {
                let calls = found.entry(name).or_default();
                calls.all += 1;
                calls.production +=
                    u32::from(index.role_at(reference.file, reference.scope) == FileRole::Production);
            }
        }
    }
    found
}

fn public_methods(index: &Index, class: ClassId) -> impl Iterator<Item = FunctionId> + '_ {
    methods_of(index, class).iter().copied().filter(|method| {
        let fact = index.function(*method);
        !is_internal(index, *method) && fact.binding != BindingKind::Accessor
    })
}

/// The methods that a protocol demands, those of the protocols that it builds on included, nearest first.
fn demanded_methods(index: &Index, protocol: ClassId) -> impl Iterator<Item = FunctionId> + '_ {
    let line = index.class(protocol).mro.classes();
    let line = line.filter(|class| index.class(*class).kind == ClassKind::Protocol);
    line.flat_map(|class| public_methods(index, class))
}

/// Of `names`, the one for the job that `name` stands for, where it is another.
fn same_job(lexicon: &Lexicon, name: Name, names: &[Name]) -> Option<Name> {
    let deed = lexicon.deed(name.as_str())?;
    names.iter().copied().find(|other| {
        *other != name
            && lexicon
                .deed(other.as_str())
                .is_some_and(|theirs| theirs.verb == deed.verb && theirs.objects == deed.objects)
    })
}

fn member(
    index: &Index,
    concept: &Concept,
    name: Name,
    protocols: &[ClassId],
    implementations: &[ClassId],
    calls: &BTreeMap<Name, Calls>,
) -> Option<TargetMember> {
    let holders = |classes: &[ClassId]| -> Vec<(ClassId, FunctionId)> {
        classes.iter().filter_map(|class| Some((*class, method_of(index, *class, name)?))).collect()
    };
    let having = holders(implementations);
    let mut demanding: Vec<(ClassId, FunctionId)> = protocols
        .iter()
        .filter_map(|class| {
            let mut methods = demanded_methods(index, *class);
            Some((*class, methods.find(|method| index.function(*method).name == name)?))
        })
        .collect();
    demanding.sort_by_key(|(class, _)| {
        let users = index.references.of_class(*class).len();
        (std::cmp::Reverse(users), index.class(*class).id)
    });
    let canonical = concept.canonical.and_then(|class| having.iter().find(|(holder, _)| *holder == class));
    let most_called = having.iter().max_by_key(|(class, method)| {
        let uses = index.references.on_receiver(*class).iter().filter(|r| r.function == *method).count();
        (uses, std::cmp::Reverse(index.class(*class).id))
    });
    let typed = canonical.filter(|(_, method)| states_types(index, *method));
    let (decided, signature) = match (typed, demanding.first(), canonical, most_called) {
        (Some((_, method)), ..) => (Decided::Canonical, *method),
        (None, Some((class, method)), ..) => (Decided::Protocol(*class), *method),
        (None, None, Some((_, method)), _) => (Decided::Canonical, *method),
        (None, None, None, Some((class, method))) => (Decided::MostCalled(*class), *method),
        (None, None, None, None) => return None,
    };
    let conflicts = demanding.iter().chain(&having).filter(|(_, method)| *method != signature);
    let conflicts = conflicts.filter_map(|(class, method)| {
        let differences = signatures::compare(index, signature, *method).differences;
        (!differences.is_empty()).then(|| (*class, differences.iter().map(describe).collect()))
    });
    let calls = calls.get(&name).copied().unwrap_or_default();
    Some(TargetMember {
        name,
        signature,
        decided,
        declared_by: demanding.iter().map(|(class, _)| *class).collect(),
        implemented_by: having.iter().map(|(class, _)| *class).collect(),
        production_calls: calls.production,
        calls: calls.all,
        other_names: Vec::new(),
        conflicts: conflicts.collect(),
    })
}

fn states_types(index: &Index, method: FunctionId) -> bool {
    let fact: &FunctionFact = index.function(method);
    let parameters = index.file(method.file).facts.parameters_of(fact);
    fact.returns.is_some() || parameters.iter().any(|parameter| parameter.annotation.is_some())
}

fn distance(
    index: &Index,
    lexicon: &Lexicon,
    class: ClassId,
    members: &[TargetMember],
    target_names: &[Name],
) -> Distance {
    let mut distance =
        Distance { class, fits: Vec::new(), differs: Vec::new(), renamed: Vec::new(), missing: Vec::new() };
    let provided = super::overrides::provided(index, class);
    for member in members {
        match provided.get(&member.name) {
            Some(super::overrides::Provider::Source(_, method)) => {
                let differences = if *method == member.signature {
                    Vec::new()
                } else {
                    signatures::compare(index, member.signature, *method).differences
                };
                if differences.is_empty() {
                    distance.fits.push(member.name);
                } else {
                    distance.differs.push((member.name, differences.iter().map(describe).collect()));
                }
            }
            Some(super::overrides::Provider::Library(_)) => distance.fits.push(member.name),
            None => {
                let other =
                    public_methods(index, class).map(|method| index.function(method).name).find(|name| {
                        !target_names.contains(name)
                            && same_job(lexicon, *name, target_names) == Some(member.name)
                    });
                match other {
                    Some(other) => distance.renamed.push((member.name, other)),
                    None => distance.missing.push(member.name),
                }
            }
        }
    }
    distance
}

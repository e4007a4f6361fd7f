//! Abstract methods: which ones nothing along the order of a class implements.

use rustc_hash::FxHashSet;

use super::TroubleKind;
use crate::facts::{Binding, Bound, Name};
use crate::link::members::methods_of;
use crate::link::references::ReferenceKind;
use crate::link::resolve::{Entity, Resolver};
use crate::link::{ClassId, ClassKind, Index};

/// Abstract methods that nothing in the order implements, with the class that demands each.
fn missing_abstract(index: &Index, class: ClassId) -> Vec<(Name, ClassId)> {
    let order: Vec<ClassId> = index.class(class).mro.classes().collect();
    let is_enforced = order.iter().any(|ancestor| {
        let id = index.class(*ancestor).id.as_str();
        matches!(id, "abc.ABC" | "typing.Protocol")
            || id.starts_with("collections.abc.")
            || index.source_of(*ancestor).is_some_and(|(file, fact)| {
                let facts = &index.file(file).facts;
                let metaclass = fact.metaclass.and_then(|chain| facts.last_name(chain));
                metaclass.is_some_and(|name| name.as_str() == "ABCMeta")
            })
    });
    if !is_enforced {
        return Vec::new();
    }
    let mut seen: FxHashSet<Name> = FxHashSet::default();
    let mut missing = Vec::new();
    for &ancestor in &order {
        let mut defined_here = Vec::new();
        match index.source_of(ancestor) {
            Some((file, fact)) => {
                let facts = &index.file(file).facts;
                for &method in methods_of(index, ancestor) {
                    let fact = index.function(method);
                    defined_here.push((fact.name, fact.traits.is_abstract));
                }
                // A class-level assignment implements an abstract attribute too, but not with another abstract one.
                let named: Vec<Name> = defined_here.iter().map(|(name, _)| *name).collect();
                let bound = facts.bindings_in(fact.body).iter().filter(|binding| {
                    !facts.is_dead(binding.guard)
                        && !named.contains(&binding.name)
                        && facts
                            .last_alive(fact.body, binding.name)
                            .is_some_and(|last| last.target != Bound::Deleted)
                });
                defined_here.extend(
                    bound.map(|binding| (binding.name, stands_for_abstract(index, ancestor, binding))),
                );
            }
            None => {
                let members = index.library.members(ancestor);
                defined_here.extend(members.iter().map(|member| (member.name, member.is_abstract)));
            }
        }
        for (name, is_abstract) in defined_here {
            if seen.insert(name) && is_abstract {
                missing.push((name, ancestor));
            }
        }
    }
    missing.sort();
    missing
}

/// `run = Base.run`, where that is abstract.
fn stands_for_abstract(index: &Index, class: ClassId, binding: &Binding) -> bool {
    let stands_for = || Resolver::new(index).attribute(&Entity::Class(class), binding.name, 0);
    matches!(binding.target, Bound::Value { .. })
        && matches!(stands_for(), Entity::Function(function) if index.function(function).traits.is_abstract)
}

/// Abstract methods that a class leaves open though it implements others.
pub(super) fn check_abstract(index: &Index, class: ClassId, kinds: &mut Vec<TroubleKind>) {
    if index.class(class).kind == ClassKind::Protocol || !index.class(class).mro.is_complete() {
        return;
    }
    let has_parents = index.class(class).mro.classes().nth(2).is_some();
    let declares_own = methods_of(index, class).iter().any(|m| index.function(*m).traits.is_abstract);
    if !has_parents || declares_own {
        return;
    }
    let missing = missing_abstract(index, class);
    if missing.is_empty() {
        return;
    }
    let instantiated = index
        .references
        .of_class(class)
        .iter()
        .filter(|reference| reference.kind == ReferenceKind::Instantiate)
        .count() as u32;
    let has_subclasses =
        index.references.of_class(class).iter().any(|reference| reference.kind == ReferenceKind::Base);
    // A class that others build on may be abstract on purpose; one that is made is not.
    if instantiated > 0 || !has_subclasses {
        kinds.push(TroubleKind::AbstractNotImplemented { missing, instantiated });
    }
}

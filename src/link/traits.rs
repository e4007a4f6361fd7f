//! Rust types: the traits that they implement, and the order in which methods are looked for
//! (Rust Reference, "Method-call expressions").
//!
//! A type's own methods come first, then those of its traits in the order of the `impl` blocks, each followed by
//! its supertraits, then those of what it derefs to. Which traits are in scope is a question of the call.

use rayon::prelude::*;

use super::mro::{Mro, MroEntry};
use super::resolve::{Entity, Resolver};
use super::{BaseLink, ClassId, ClassKind, FileId, Index, Origin, Resolution, Unresolved};
use crate::facts::names::last_segment;
use crate::facts::{Base, Bound, Name, TypeFact, TypeForm};
use crate::source::{AT_A_TIME, Language};

/// How many types a chain of `Deref` may pass through; the compiler's own limit is 128.
const MAX_DEREFS: usize = 128;

struct Linked {
    class: ClassId,
    bases: Vec<BaseLink>,
    derefs_to: Option<ClassId>,
}

/// Resolves the traits of every Rust type and block.
pub(super) fn link_traits(index: &mut Index) {
    let first = index.library.classes.len();
    let linked: Vec<Linked> = (first..index.classes.len())
        .into_par_iter()
        .with_max_len(AT_A_TIME)
        .filter_map(|at| link_type(index, ClassId(at as u32)))
        .collect();
    for Linked { class, bases, derefs_to } in linked {
        let is_trait = index.source_of(class).is_some_and(|(_, fact)| fact.form == TypeForm::Trait);
        let this = &mut index.classes[class.0 as usize];
        this.bases = bases;
        if is_trait {
            this.kind = ClassKind::Protocol;
        }
        if let Some(target) = derefs_to {
            index.extensions.note_deref(class, target);
        }
    }
}

fn link_type(index: &Index, class: ClassId) -> Option<Linked> {
    let Origin::Source { file, .. } = index.class(class).origin else { return None };
    if index.file(file).language != Language::Rust {
        return None;
    }
    let resolver = Resolver::new(index);
    let mut linked = Linked { class, bases: Vec::new(), derefs_to: None };
    for (file, part) in index.parts_of(class) {
        if let TypeForm::Extension { is_negative: true, .. } = part.form {
            continue;
        }
        for base in index.file(file).facts.bases_of(part) {
            let link = trait_of(&resolver, file, base);
            if is_deref(&link.resolution) {
                linked.derefs_to = deref_target(&resolver, file, part);
            }
            if !linked
                .bases
                .iter()
                .any(|known| known.resolution == link.resolution && known.text == link.text)
            {
                linked.bases.push(link);
            }
        }
        // What the standard derives implement is known; what others do is not.
        for chain in &index.file(file).facts.decorators[part.decorators.range()] {
            if let Entity::External(name) = resolver.chain(file, *chain)
                && is_standard(as_path(name))
            {
                let text = Name::new(last_segment(name.as_str()));
                linked.bases.push(BaseLink { text, resolution: Resolution::External(as_path(name)) });
            }
        }
    }
    Some(linked)
}

fn trait_of(resolver: &Resolver<'_>, file: FileId, base: &Base) -> BaseLink {
    let text = base.text;
    let resolution = match base.chain.map(|chain| resolver.chain(file, chain)) {
        Some(Entity::Class(class)) => Resolution::Resolved(class),
        Some(Entity::External(name)) => Resolution::External(as_path(name)),
        Some(Entity::Open(reason)) => Resolution::Unresolved(reason),
        _ => Resolution::Unresolved(Unresolved::Dynamic(text)),
    };
    BaseLink { text, resolution }
}

/// `std.fmt.Display` as Rust writes it.
fn as_path(name: Name) -> Name {
    Name::new(&name.as_str().replace('.', "::"))
}

/// Whether a trait is of the standard library, whose methods are no secret.
#[must_use]
pub fn is_standard(name: Name) -> bool {
    name.as_str().starts_with("std::")
}

fn is_deref(resolution: &Resolution) -> bool {
    matches!(resolution, Resolution::External(name) if matches!(name.as_str(), "std::ops::Deref"))
}

/// `type Target = …` of an `impl Deref`.
fn deref_target(resolver: &Resolver<'_>, file: FileId, block: &TypeFact) -> Option<ClassId> {
    let facts = &resolver.index.file(file).facts;
    let binding = facts.bindings_of(block.body, Name::new("Target")).last()?;
    let Bound::TypeAlias(Some(chain)) = binding.target else { return None };
    match resolver.chain(file, chain) {
        Entity::Class(class) => Some(class),
        _ => None,
    }
}

/// The order in which the methods of a Rust type are looked for.
pub(super) fn order_of(index: &Index, class: ClassId) -> Mro {
    let mut order = Mro::default();
    let mut at = Some(class);
    for _ in 0..MAX_DEREFS {
        let Some(next) = at.filter(|next| !order.contains(*next)) else { break };
        push_with_traits(index, next, &mut order);
        at = index.extensions.derefs_to(next);
    }
    order
}

fn push_with_traits(index: &Index, class: ClassId, order: &mut Mro) {
    let mut pending = vec![MroEntry::Class(class)];
    while let Some(entry) = pending.pop() {
        if order.entries.contains(&entry) {
            continue;
        }
        order.entries.push(entry);
        let MroEntry::Class(class) = entry else { continue };
        for base in index.class(class).bases.iter().rev() {
            pending.push(match &base.resolution {
                Resolution::Resolved(base) => MroEntry::Class(*base),
                Resolution::External(name) => MroEntry::Unknown(*name),
                Resolution::Unresolved(_) => MroEntry::Unknown(base.text),
            });
        }
        for base in &index.class(class).bases {
            let reason = match &base.resolution {
                Resolution::External(name) if !is_standard(*name) => format!("`{name}` is outside the tree"),
                Resolution::Unresolved(reason) => reason.to_string(),
                Resolution::Resolved(_) | Resolution::External(_) => continue,
            };
            if !order.unknown.contains(&reason) {
                order.unknown.push(reason);
            }
        }
    }
}

//! Rust: which method a call on a type means, and where that is not decided (Rust Reference, "Method-call
//! expressions"; error E0034).
//!
//! `value.name()` tries the type itself, then `&value`, then `&mut value`. At each step the type's own methods
//! come before those of traits, and two traits that both fit are an error. A path (`Type::name`) has one step
//! only. Traits count as if they were in scope, which is for each call to say.

use std::collections::BTreeMap;

use crate::facts::{BindingKind, Name, TypeForm};
use crate::link::members::{functions_within, method_of};
use crate::link::{ClassId, FunctionId, Index, Resolution};
use crate::source::Language;

/// A function that a name may mean on a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Its definition: in the type's block, or the trait's default.
    pub function: FunctionId,
    /// The trait that brings it; none for the type's own.
    pub of_trait: Option<ClassId>,
    /// How it takes the value.
    pub receiver: Receiver,
}

/// How a method takes the value that it is called on, in the order of the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Receiver {
    /// `self`
    Value,
    /// `&self`
    Reference,
    /// `&mut self`
    Exclusive,
    /// `self: Box<Self>` and its kin.
    Other,
    /// Takes none: only a path calls it.
    None,
}

/// What a name means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// One function; those that it hides.
    One(Candidate, Vec<Candidate>),
    /// Several traits' functions, none before the others.
    Ambiguous(Vec<Candidate>),
}

/// What each name means on a Rust type, by name; nothing for other types and for traits.
#[must_use]
pub fn meanings(index: &Index, class: ClassId) -> BTreeMap<Name, Meaning> {
    let is_trait = index.source_of(class).is_some_and(|(_, fact)| fact.form == TypeForm::Trait);
    if is_trait || index.language_of(class) != Language::Rust {
        return BTreeMap::new();
    }
    let named = candidates(index, class).into_iter();
    named.filter_map(|(name, candidates)| Some((name, meaning(&candidates)?))).collect()
}

impl Candidate {
    /// The type where one of its blocks defines the function, otherwise the trait whose default it is.
    #[must_use]
    pub fn provider(&self, index: &Index, class: ClassId) -> ClassId {
        let block = index.block_of(self.function);
        let is_own = block.is_some_and(|block| index.extensions.extended_by(block) == Some(class));
        self.of_trait.filter(|_| !is_own).unwrap_or(class)
    }

    /// Those of `hidden` that it really hides: a block that defines a trait's method stands in for it.
    pub fn others<'h>(&self, hidden: &'h [Self]) -> impl Iterator<Item = &'h Self> {
        let of_trait = self.of_trait;
        hidden.iter().filter(move |other| other.of_trait != of_trait)
    }
}

/// Every function of each name that a type has, its own first, then by trait in the order of resolution.
#[must_use]
pub fn candidates(index: &Index, class: ClassId) -> BTreeMap<Name, Vec<Candidate>> {
    let mut found: BTreeMap<Name, Vec<Candidate>> = BTreeMap::new();
    for &block in index.extensions.of(class) {
        if index.source_of(block).is_some_and(|(_, fact)| fact.bases.len == 0) {
            push_own(index, block, &mut found);
        }
    }
    for of_trait in traits_of(index, class) {
        if is_for_some(index, class, of_trait) {
            continue;
        }
        let Some((_, fact)) = index.source_of(of_trait) else { continue };
        for (id, function) in functions_within(index, of_trait).filter(|(_, f)| f.scope == fact.body) {
            let own = implemented_in(index, class, of_trait, function.name);
            let function_id = own.unwrap_or(id);
            let receiver = receiver_of(index, id);
            let candidate = Candidate { function: function_id, of_trait: Some(of_trait), receiver };
            found.entry(function.name).or_default().push(candidate);
        }
    }
    found
}

/// Whether the block for a trait is for some arguments of a generic type only: `impl A for G<u8>`. What it
/// brings may never meet what another one brings.
fn is_for_some(index: &Index, class: ClassId, of_trait: ClassId) -> bool {
    let is_generic = index.source_of(class).is_some_and(|(_, fact)| fact.has_type_parameters);
    is_generic
        && index.extensions.of(class).iter().any(|block| {
            let takes_any = index.source_of(*block).is_some_and(|(_, fact)| fact.has_type_parameters);
            let bases = &index.class(*block).bases;
            !takes_any && bases.iter().any(|base| base.resolution == Resolution::Resolved(of_trait))
        })
}

/// The traits of the tree that a type implements, with their supertraits.
fn traits_of(index: &Index, class: ClassId) -> impl Iterator<Item = ClassId> {
    let derefs_to = index.extensions.derefs_to(class);
    let order = index.class(class).mro.classes().skip(1);
    let own = order.take_while(move |entry| Some(*entry) != derefs_to);
    own.filter(|entry| index.source_of(*entry).is_some_and(|(_, fact)| fact.form == TypeForm::Trait))
}

/// The functions of a block without a trait.
fn push_own(index: &Index, block: ClassId, found: &mut BTreeMap<Name, Vec<Candidate>>) {
    let Some((_, fact)) = index.source_of(block) else { return };
    for (function, method) in functions_within(index, block).filter(|(_, f)| f.scope == fact.body) {
        let receiver = receiver_of(index, function);
        found.entry(method.name).or_default().push(Candidate { function, of_trait: None, receiver });
    }
}

/// What a type's block for a trait defines under a name.
fn implemented_in(index: &Index, class: ClassId, of_trait: ClassId, name: Name) -> Option<FunctionId> {
    let blocks = index.extensions.of(class).iter().copied();
    let for_trait = blocks.filter(|block| {
        let bases = &index.class(*block).bases;
        bases.iter().any(|base| base.resolution == Resolution::Resolved(of_trait))
    });
    for_trait.into_iter().find_map(|block| method_of(index, block, name))
}

fn receiver_of(index: &Index, id: FunctionId) -> Receiver {
    let fact = index.function(id);
    if fact.binding != BindingKind::Instance {
        return Receiver::None;
    }
    let own = index.file(id.file).facts.parameters_of(fact).first();
    match own.and_then(|own| own.annotation).map(|written| written.as_str()) {
        None | Some("Self") => Receiver::Value,
        Some("&mut self" | "&mut Self") => Receiver::Exclusive,
        Some("&self" | "&Self") => Receiver::Reference,
        Some(written) if written.starts_with("&'") && written.ends_with(" mut Self") => Receiver::Exclusive,
        Some(written) if written.starts_with("&'") && written.ends_with("Self") => Receiver::Reference,
        Some(_) => Receiver::Other,
    }
}

/// What a name means on a value of the type: `value.name()`, or `Type::name` for what takes no value.
#[must_use]
pub fn meaning(candidates: &[Candidate]) -> Option<Meaning> {
    let steps = [Receiver::Value, Receiver::Reference, Receiver::Exclusive];
    for step in steps {
        let here: Vec<Candidate> =
            candidates.iter().copied().filter(|found| found.receiver == step).collect();
        if !here.is_empty() {
            return Some(decided(&here, candidates));
        }
    }
    let by_path: Vec<Candidate> =
        candidates.iter().copied().filter(|found| found.receiver == Receiver::None).collect();
    (!by_path.is_empty()).then(|| decided(&by_path, candidates))
}

fn decided(here: &[Candidate], all: &[Candidate]) -> Meaning {
    let own = here.iter().find(|found| found.of_trait.is_none());
    match (own, here) {
        (Some(own), _) => Meaning::One(*own, hidden_by(*own, all)),
        (None, [single]) => Meaning::One(*single, hidden_by(*single, all)),
        (None, several) => Meaning::Ambiguous(several.to_vec()),
    }
}

fn hidden_by(found: Candidate, all: &[Candidate]) -> Vec<Candidate> {
    all.iter().copied().filter(|other| *other != found).collect()
}

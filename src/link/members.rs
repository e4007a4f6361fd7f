//! Attributes of classes and instances, along the method resolution order.

use rayon::prelude::*;

use super::generated::generated;
use super::mro::MroEntry;
use super::resolve::{Entity, Place, Resolver};
use super::{ClassId, FileId, FunctionId, Index, Origin, Resolution, Unresolved};
use crate::facts::{
    Binding, BindingKind, Bound, Field, FunctionFact, GuardId, GuardKind, Name, ScopeId, ScopeKind, TypeForm,
    TypeIdx,
};
use crate::source::Language;
use crate::text::Offset;

impl Resolver<'_> {
    /// `Class.name`: a nested class, a method, or what a class-level name is bound to.
    pub(super) fn class_attribute(&self, class: ClassId, name: Name, hops: u32) -> Entity {
        for ancestor in ancestry(self.index, class) {
            let Some(ancestor) = ancestor else {
                return Entity::Open(Unresolved::Dynamic(name));
            };
            match self.index.class(ancestor).origin {
                Origin::Library => {
                    if let Some(nested) = self.index.library.nested(ancestor, name) {
                        return Entity::Class(nested);
                    }
                    if self.index.library.has_member(ancestor, name) {
                        return Entity::Value;
                    }
                }
                Origin::Source { .. } => {
                    for (file, part) in self.index.parts_of(ancestor) {
                        let facts = &self.index.file(file).facts;
                        if let Some(last) = facts.last_alive(part.body, name) {
                            return self.class_binding(file, last, hops);
                        }
                    }
                }
            }
        }
        Entity::Open(Unresolved::NotDefined(name))
    }

    fn class_binding(&self, file: FileId, binding: &Binding, hops: u32) -> Entity {
        match binding.target {
            Bound::Type(index) => Entity::Class(self.index.class_of(file, index)),
            Bound::Function(index) => Entity::Function(FunctionId { file, index }),
            Bound::Value { .. } | Bound::Import(_) => {
                // The class body has run to its end, so this binding stands.
                let (scope, at) = (binding.scope, binding.at + 1);
                self.name_at(binding.name, Place { file, scope, at, guard: binding.guard }, hops + 1)
            }
            Bound::Opaque => match self.enum_of(file, binding) {
                Some(class) => Entity::Variant(class, binding.name),
                None => Entity::Value,
            },
            Bound::Parameter(_)
            | Bound::Receiver { .. }
            | Bound::TypeAlias(_)
            | Bound::TypeParameter
            | Bound::Deleted
            | Bound::Star(_) => Entity::Value,
            Bound::Module(module) => self.declared_module(file, module),
        }
    }

    /// The enum whose variant a binding of its body is.
    fn enum_of(&self, file: FileId, binding: &Binding) -> Option<ClassId> {
        let facts = &self.index.file(file).facts;
        let ScopeKind::Type(index) = facts.scopes[binding.scope.index()].kind else { return None };
        (facts.types[index.index()].form == TypeForm::Enum).then(|| self.index.class_of(file, index))
    }

    /// `instance.name`: a method, a property's value, or what a field holds.
    pub(super) fn instance_attribute(&self, class: ClassId, name: Name, hops: u32) -> Entity {
        if hops > 20 {
            return Entity::Open(Unresolved::Circular(name));
        }
        for ancestor in ancestry(self.index, class) {
            let Some(ancestor) = ancestor else {
                return Entity::Open(Unresolved::Dynamic(name));
            };
            let Origin::Source { file, index } = self.index.class(ancestor).origin else {
                if self.index.library.has_member(ancestor, name) {
                    return Entity::Value;
                }
                continue;
            };
            if let Some(function) = method_of(self.index, ancestor, name) {
                let fact = self.index.function(function);
                if fact.binding == BindingKind::Property {
                    return match self.property_value(function, hops) {
                        found @ Entity::Instance(_) => found,
                        _ => Entity::Function(function),
                    };
                }
                return Entity::Function(function);
            }
            if let Some(found) = self.field_value(file, index, name, hops) {
                return found;
            }
            if let Some(nested) = self.nested_in(file, index, name) {
                return nested;
            }
        }
        Entity::Open(Unresolved::NotDefined(name))
    }

    /// A class that stands in the body of another one.
    fn nested_in(&self, file: FileId, owner: TypeIdx, name: Name) -> Option<Entity> {
        let facts = &self.index.file(file).facts;
        match facts.last_alive(facts.types[owner.index()].body, name)?.target {
            Bound::Type(index) => Some(Entity::Class(self.index.class_of(file, index))),
            _ => None,
        }
    }

    /// What a class keeps in one of its own fields.
    pub(super) fn field_of(&self, class: ClassId, name: Name, hops: u32) -> Option<Entity> {
        match self.index.class(class).origin {
            Origin::Source { file, index } => self.field_value(file, index, name, hops),
            Origin::Library => None,
        }
    }

    /// What a variant of an enum holds in one of its fields.
    pub(super) fn payload_of(&self, class: ClassId, variant: Name, field: Name, hops: u32) -> Option<Entity> {
        let Origin::Source { file, index } = self.index.class(class).origin else { return None };
        let payloads = &self.index.file(file).facts.payloads;
        let mut parts = payloads.iter().filter(|part| part.owner == index && part.variant == variant);
        let part = parts.find(|part| part.field == field)?;
        Some(self.annotated(file, part.chain, hops + 1))
    }

    fn property_value(&self, function: FunctionId, hops: u32) -> Entity {
        match self.index.function(function).returns_chain {
            Some(chain) => self.annotated(function.file, chain, hops + 1),
            None => Entity::Value,
        }
    }

    /// What a field holds: by its annotation, else by what every assignment gives it.
    fn field_value(&self, file: FileId, owner: TypeIdx, name: Name, hops: u32) -> Option<Entity> {
        let facts = &self.index.file(file).facts;
        let fields: Vec<&Field> =
            fields_of(self.index, file, owner).filter(|field| field.name == name).collect();
        if fields.is_empty() {
            return None;
        }
        for field in &fields {
            if let Some(chain) = field.annotation_chain
                && let found @ (Entity::Instance(_) | Entity::Held(..)) =
                    self.annotated(file, chain, hops + 1)
            {
                return Some(found);
            }
        }
        let mut found = Entity::Value;
        for field in &fields {
            let values = &facts.values[field.values.range()];
            let entity = self.any_of(file, values, true, name, hops + 1);
            match (&found, entity) {
                (Entity::Value, entity @ (Entity::Instance(_) | Entity::Class(_))) => found = entity,
                (first, entity @ (Entity::Instance(_) | Entity::Class(_))) if *first != entity => {
                    return Some(Entity::Value);
                }
                _ => {}
            }
        }
        Some(found)
    }

    /// `super().name`: the next provider after the class that holds the call.
    pub(super) fn super_attribute(&self, class: ClassId, name: Name) -> Entity {
        for ancestor in ancestry(self.index, class).skip(1) {
            let Some(ancestor) = ancestor else { break };
            if let Some(function) = method_of(self.index, ancestor, name) {
                return Entity::Function(function);
            }
            if self.index.class(ancestor).origin == Origin::Library
                && self.index.library.has_member(ancestor, name)
            {
                return Entity::Value;
            }
        }
        Entity::Open(Unresolved::Dynamic(name))
    }
}

/// The class and what it inherits from, in order; `None` stands for a base that is not known. Before
/// the orders are computed it is the class and its bases, depth first.
fn ancestry(index: &Index, class: ClassId) -> Box<dyn Iterator<Item = Option<ClassId>> + '_> {
    let mro = &index.class(class).mro;
    if !mro.entries.is_empty() {
        return Box::new(mro.entries.iter().map(|entry| match entry {
            MroEntry::Class(id) => Some(*id),
            MroEntry::Unknown(_) => None,
        }));
    }
    let mut pending = vec![Some(class)];
    let mut seen = 0;
    Box::new(std::iter::from_fn(move || {
        let next = pending.pop()?;
        seen += 1;
        if let Some(id) = next
            && seen < 200
        {
            let bases = index.class(id).bases.iter().rev().map(|base| match base.resolution {
                Resolution::Resolved(base) => Some(base),
                Resolution::External(_) | Resolution::Unresolved(_) => None,
            });
            pending.extend(bases);
        }
        Some(next)
    }))
}

/// The method `name` that a class defines itself: the last definition that is no overload and no
/// setter, as the class statement leaves it. Of a Rust type, the first in its own and its `impl` blocks, those
/// without a trait first.
#[must_use]
pub fn method_of(index: &Index, class: ClassId, name: Name) -> Option<FunctionId> {
    let blocks = index.blocks_of(class);
    if blocks.is_empty() {
        return method_in(index, class, name);
    }
    let of_trait = |block: &ClassId| index.source_of(*block).is_some_and(|(_, fact)| fact.bases.len > 0);
    let inherent = blocks.iter().filter(|block| !of_trait(block));
    let others = blocks.iter().filter(|block| of_trait(block));
    inherent.chain(others).find_map(|block| method_in(index, *block, name))
}

/// The method `name` that one body defines.
fn method_in(index: &Index, class: ClassId, name: Name) -> Option<FunctionId> {
    // Most classes along an order do not define the name.
    if index.method_sketches.get(class.0 as usize).is_some_and(|sketch| sketch & bit_of(name) == 0) {
        index.note_class(class);
        return None;
    }
    let (file, fact) = index.source_of(class)?;
    let facts = &index.file(file).facts;
    let mut fallback = None;
    for binding in facts.bindings_of(fact.body, name).iter().rev() {
        if facts.is_dead(binding.guard) {
            continue;
        }
        if binding.target == Bound::Deleted && fallback.is_none() {
            return None;
        }
        let Bound::Function(function) = binding.target else { continue };
        let id = FunctionId { file, index: function };
        let found = &facts.functions[function.index()];
        if found.binding == BindingKind::Accessor || found.traits.is_overload {
            fallback.get_or_insert(id);
            continue;
        }
        return Some(id);
    }
    fallback
}

/// The definitions of which one is what a method's name stands for in the end, itself first: a branch that only a run can
/// tell may leave one or the other.
#[must_use]
pub fn alternatives_of(index: &Index, id: FunctionId) -> Vec<FunctionId> {
    let fact = index.function(id);
    let facts = &index.file(id.file).facts;
    let is_open = |guard: GuardId| {
        facts.guards_of(guard).any(|(_, guard)| match guard.kind {
            GuardKind::Branch { .. }
            | GuardKind::TryBody { .. }
            | GuardKind::ImportHandler
            | GuardKind::Handler
            | GuardKind::TryElse
            | GuardKind::Loop => {
                fact.owner.is_none_or(|owner| guard.statement >= facts.types[owner.index()].at)
            }
            GuardKind::Always
            | GuardKind::Known(_)
            | GuardKind::TypeChecking
            | GuardKind::Runtime
            | GuardKind::Main
            | GuardKind::Config { .. } => false,
        })
    };
    let mut found = vec![id];
    if !is_open(fact.guard) || facts.bindings_of(fact.scope, fact.name).len() < 2 {
        return found;
    }
    for binding in facts.bindings_of(fact.scope, fact.name).iter().rev() {
        let Bound::Function(index) = binding.target else { continue };
        let other = FunctionId { file: id.file, index };
        let traits = facts.functions[index.index()].traits;
        if facts.is_dead(binding.guard) || traits.is_overload || other == id {
            continue;
        }
        if facts.functions[index.index()].binding == fact.binding {
            found.push(other);
        }
        if !is_open(binding.guard) {
            break;
        }
    }
    found
}

/// The methods that a class defines itself, one per name, in the order of the source.
#[must_use]
pub fn methods_of(index: &Index, class: ClassId) -> &[FunctionId] {
    index.note_class(class);
    &index.methods[class.0 as usize]
}

/// Every method that a class and its blocks define: in Rust one name may come with several traits.
pub fn every_method_of(index: &Index, class: ClassId) -> Vec<FunctionId> {
    if index.language_of(class) != Language::Rust {
        return methods_of(index, class).to_vec();
    }
    let blocks = index.blocks_of(class).iter().copied();
    let parts = std::iter::once(class).chain(blocks);
    let of_part = |part: ClassId| {
        let body = index.source_of(part).map(|(_, fact)| fact.body);
        functions_within(index, part).filter(move |(_, function)| Some(function.scope) == body)
    };
    parts.flat_map(of_part).map(|(id, _)| id).collect()
}

/// Finds the methods of every class, once the classes are complete.
pub(super) fn link_methods(index: &Index) -> Vec<Box<[FunctionId]>> {
    let classes = 0..index.classes.len() as u32;
    classes.into_par_iter().map(|class| own_methods(index, ClassId(class))).collect()
}

/// For each class a filter over the names of the functions in its body: one bit for each name.
pub(super) fn sketch_methods(index: &Index) -> Vec<u64> {
    let classes = 0..index.classes.len() as u32;
    let sketch = |class: u32| {
        let Some((file, fact)) = index.source_of(ClassId(class)) else { return 0 };
        let bindings = index.file(file).facts.bindings_in(fact.body).iter();
        let functions = bindings.filter(|binding| matches!(binding.target, Bound::Function(_)));
        functions.fold(0, |bits, function| bits | bit_of(function.name))
    };
    classes.into_par_iter().map(sketch).collect()
}

fn bit_of(name: Name) -> u64 {
    1 << (name.mixed() % 64)
}

fn own_methods(index: &Index, class: ClassId) -> Box<[FunctionId]> {
    let blocks = index.blocks_of(class).iter().copied();
    let mut found = Vec::new();
    for part in std::iter::once(class).chain(blocks) {
        let Some((_, fact)) = index.source_of(part) else { continue };
        let own = functions_within(index, part)
            .filter(|(_, function)| function.scope == fact.body && function.owner.is_some())
            .filter(|(id, function)| method_of(index, class, function.name) == Some(*id));
        found.extend(own.map(|(id, _)| id));
    }
    found.into_boxed_slice()
}

/// Whether a method is for its class, or its module, alone: by its name in Python, as declared in Rust.
#[must_use]
pub fn is_private(index: &Index, id: FunctionId) -> bool {
    let fact = index.function(id);
    let facts = &index.file(id.file).facts;
    match index.file(id.file).language {
        Language::Python | Language::PythonStub => {
            let name = fact.name.as_str();
            name.starts_with('_') && !name.ends_with("__")
        }
        Language::Rust => facts
            .bindings_of(fact.scope, fact.name)
            .iter()
            .any(|binding| binding.target == Bound::Function(id.index) && binding.is_private),
    }
}

/// Whether callers do not call a method by its name: it is private, or the language calls it (`__init__`, the
/// methods of the standard traits), or it makes a new value (`Type::new`).
#[must_use]
pub fn is_internal(index: &Index, id: FunctionId) -> bool {
    let fact = index.function(id);
    match index.file(id.file).language {
        Language::Python | Language::PythonStub => fact.name.as_str().starts_with('_'),
        Language::Rust => {
            let makes =
                fact.binding == BindingKind::Static && matches!(fact.name.as_str(), "new" | "default");
            makes || is_private(index, id) || is_of_standard_trait(index, id)
        }
    }
}

/// Whether a method stands in `impl Trait for Type` with a trait of the standard library.
fn is_of_standard_trait(index: &Index, id: FunctionId) -> bool {
    let Some(block) = index.block_of(id) else { return false };
    index.class(block).bases.iter().any(|base| match &base.resolution {
        Resolution::External(name) => super::traits::is_standard(*name),
        Resolution::Resolved(_) | Resolution::Unresolved(_) => false,
    })
}

/// Every function whose text lies within a class.
pub fn functions_within(index: &Index, class: ClassId) -> impl Iterator<Item = (FunctionId, &FunctionFact)> {
    let source = index.source_of(class);
    let (file, start, end) = source.map_or((FileId(0), 0, 0), |(file, fact)| (file, fact.at, fact.end));
    let functions: &[FunctionFact] = match source {
        Some(_) => &index.file(file).facts.functions,
        None => &[],
    };
    // Definitions stand in the order of the source.
    let first = functions.partition_point(|function| function.at < start);
    functions[first..].iter().take_while(move |function| function.at < end).enumerate().map(
        move |(offset, function)| {
            let index = crate::facts::FunctionIdx::at(first + offset);
            (FunctionId { file, index }, function)
        },
    )
}

/// The fields that a class sets itself, one entry per place.
pub fn fields_of(index: &Index, file: FileId, owner: TypeIdx) -> impl Iterator<Item = &Field> {
    let facts = &index.file(file).facts;
    let fact = &facts.types[owner.index()];
    // Fields are pushed while the class is lowered, so they lie together.
    let first = facts.fields.partition_point(|field| field.at < fact.at);
    facts.fields[first..]
        .iter()
        .take_while(|field| field.at < fact.end)
        .filter(move |field| field.owner == owner)
}

/// Names that the body of a class binds to something else than a function; what a class says of itself
/// (`__slots__`, `__doc__`) is left out, and so is what is only declared.
pub fn set_in_body(index: &Index, class: ClassId) -> impl Iterator<Item = Name> {
    let source = index.source_of(class).map(|(file, fact)| (&index.file(file).facts, fact.body));
    let source = source.filter(|_| index.language_of(class) != Language::Rust);
    let bound = source.map_or(&[][..], |(facts, body)| facts.bindings_in(body));
    let is_set = |binding: &&Binding| match binding.target {
        Bound::Value { .. } | Bound::Import(_) | Bound::Type(_) | Bound::Opaque => !is_special(binding.name),
        Bound::Function(_)
        | Bound::Parameter(_)
        | Bound::Receiver { .. }
        | Bound::TypeAlias(_)
        | Bound::TypeParameter
        | Bound::Deleted
        | Bound::Star(_)
        | Bound::Module(_) => false,
    };
    bound.iter().filter(is_set).map(|binding| binding.name)
}

/// Names that the language gives a meaning: `__init__`, `__slots__`.
#[must_use]
pub fn is_special(name: Name) -> bool {
    let name = name.as_str();
    name.starts_with("__") && name.ends_with("__")
}

/// The class along the order that gives its instances a member of this name first, method or not, with the place.
#[must_use]
pub fn holder_of(index: &Index, class: ClassId, name: Name) -> Option<(ClassId, Option<(FileId, Offset)>)> {
    index.class(class).mro.classes().find_map(|ancestor| match index.class(ancestor).origin {
        Origin::Library => index.library.has_member(ancestor, name).then_some((ancestor, None)),
        Origin::Source { file, index: owner } => {
            let own = method_of(index, ancestor, name).map(|method| index.function(method).name_at);
            let facts = &index.file(file).facts;
            let bound = || {
                let last = facts.last_alive(facts.types[owner.index()].body, name);
                last.filter(|binding| binding.target != Bound::Deleted).map(|binding| binding.at)
            };
            let field =
                || fields_of(index, file, owner).find(|field| field.name == name).map(|field| field.at);
            let written = own.or_else(bound).or_else(field).map(|at| (file, at));
            let place = written.or_else(|| generated(index, ancestor, name))?;
            Some((ancestor, Some(place)))
        }
    })
}

/// The class around a scope, for naming where something stands.
#[must_use]
pub fn enclosing_name(index: &Index, file: FileId, scope: ScopeId) -> Option<String> {
    let facts = &index.file(file).facts;
    match facts.enclosing(scope) {
        ScopeKind::Function(function) => Some(facts.function_qualname(&facts.functions[function.index()])),
        ScopeKind::Type(index) => Some(facts.types[index.index()].qualname.as_str().to_owned()),
        ScopeKind::Module
        | ScopeKind::Namespace(_)
        | ScopeKind::Expression
        | ScopeKind::TypeParameters
        | ScopeKind::Block => None,
    }
}

//! What comes of an entity: its attributes, what a call of it gives, what an annotation promises.

use super::holders::Layers;
use super::{Entity, MAX_HOPS, Resolver, Target};
use crate::facts::{Binding, Bound, ChainId, FileFacts, FunctionFact, Holder, Name, Step};
use crate::link::members::method_of;
use crate::link::mro::MroEntry;
use crate::link::{ClassId, FileId, FunctionId, Origin, Unresolved};

impl Resolver<'_> {
    /// `entity.name`.
    #[must_use]
    pub fn attribute(&self, entity: &Entity, name: Name, hops: u32) -> Entity {
        self.start(hops);
        match entity {
            Entity::Module(module) => self.member(*module, name, hops),
            Entity::LibraryModule(module) => self.library_member(*module, name),
            Entity::Class(class) | Entity::GenericAlias(class) => self.class_attribute(*class, name, hops),
            Entity::Instance(class) | Entity::Variant(class, _) => {
                self.instance_attribute(*class, name, hops)
            }
            Entity::Super(class) => self.super_attribute(*class, name),
            Entity::External(dotted) => Entity::External(dotted.join(name.as_str())),
            Entity::SpecialBase(_)
            | Entity::Function(_)
            | Entity::Awaitable(_)
            | Entity::Value
            | Entity::Nothing => Entity::Value,
            Entity::Held(class, layers) => self.held_attribute(*class, *layers, name, hops),
            Entity::Open(reason) => Entity::Open(reason.clone()),
        }
    }

    /// `entity(…)`, of a method on a class or its instance: on which.
    pub(crate) fn call(&self, entity: &Entity, on: Option<ClassId>, hops: u32) -> Entity {
        match entity {
            Entity::Class(class) | Entity::GenericAlias(class) | Entity::Variant(class, _) => {
                Entity::Instance(*class)
            }
            Entity::Function(function) => self.returned_to(*function, on, hops),
            // `super()` and `super(C, self)`
            Entity::Super(class) => Entity::Super(*class),
            Entity::External(name) => Entity::Open(Unresolved::Dynamic(*name)),
            // Only what opens a container is called here, and gives what it holds.
            Entity::Held(class, layers) => layers.called(*class),
            Entity::Instance(_)
            | Entity::Module(_)
            | Entity::LibraryModule(_)
            | Entity::SpecialBase(_)
            | Entity::Awaitable(_)
            | Entity::Value
            | Entity::Nothing => Entity::Open(Unresolved::Dynamic(Name::new("(…)"))),
            Entity::Open(reason) => Entity::Open(reason.clone()),
        }
    }

    /// What a pattern that names `entity` finds in its field.
    pub(super) fn part(&self, entity: &Entity, field: Name, hops: u32) -> Entity {
        self.start(hops);
        let found = match *entity {
            Entity::Class(class) => self.field_of(class, field, hops),
            Entity::Variant(class, variant) => self.payload_of(class, variant, field, hops),
            _ => None,
        };
        found.unwrap_or(Entity::Open(Unresolved::Dynamic(field)))
    }

    /// What a call of a function gives: by its annotation, else by what it returns.
    #[must_use]
    pub fn returned(&self, id: FunctionId, hops: u32) -> Entity {
        self.returned_to(id, None, hops)
    }

    /// The same of a method on a class or its instance: what gives its own kind gives one of the receiver's.
    fn returned_to(&self, id: FunctionId, receiver: Option<ClassId>, hops: u32) -> Entity {
        let function: &FunctionFact = self.index.function(id);
        let open = Entity::Open(Unresolved::Dynamic(function.name));
        if hops > MAX_HOPS || function.traits.is_generator || function.traits.is_wrapped {
            return open;
        }
        let found = match function.returns_chain {
            Some(chain) => match self.chain_hops(id.file, chain, hops + 1) {
                entity @ (Entity::Class(_) | Entity::GenericAlias(_)) => {
                    match self.self_type(id, chain, receiver) {
                        Some(own) => own,
                        None => instance_of(entity, function.name),
                    }
                }
                held @ Entity::Held(..) => return held,
                _ => self.self_type(id, chain, receiver).unwrap_or(open),
            },
            None if function.returns.is_some() => open,
            None => {
                let facts = self.facts(id.file);
                let values = &facts.values[function.returned.range()];
                match self.any_of(id.file, values, false, function.name, hops + 1) {
                    Entity::Instance(own) if values.iter().all(|chain| gives_own_kind(facts, *chain)) => {
                        Entity::Instance(self.own_kind(own, receiver))
                    }
                    found => found,
                }
            }
        };
        match found {
            Entity::Instance(class) if function.traits.is_async => Entity::Awaitable(class),
            Entity::Instance(_) | Entity::Class(_) | Entity::Function(_) if !function.traits.is_async => {
                found
            }
            _ => Entity::Open(Unresolved::Dynamic(function.name)),
        }
    }

    /// What `with entity` gives: what its `__enter__` returns. Those of the standard library that a class inherits
    /// return `self`.
    pub(super) fn entered(&self, entity: &Entity, is_async: bool, hops: u32) -> Entity {
        let Entity::Instance(class) = *entity else { return entity.clone() };
        let name = Name::new(if is_async { "__aenter__" } else { "__enter__" });
        for entry in &self.index.class(class).mro.entries {
            let MroEntry::Class(ancestor) = *entry else { break };
            if let Some(method) = method_of(self.index, ancestor, name) {
                let given = self.returned_to(method, Some(class), hops);
                return if is_async { awaited(&given) } else { given };
            }
            if self.index.class(ancestor).origin == Origin::Library
                && self.index.library.has_member(ancestor, name)
            {
                return entity.clone();
            }
        }
        Entity::Open(Unresolved::Dynamic(name))
    }

    /// The class that holds a method, or the subclass on which that is called.
    fn own_kind(&self, owner: ClassId, receiver: Option<ClassId>) -> ClassId {
        let is_subclass = |class: &ClassId| {
            self.index.language_of(*class).is_python() && self.index.class(*class).mro.contains(owner)
        };
        receiver.filter(is_subclass).unwrap_or(owner)
    }

    /// `-> Self` in a method means the class that holds it, or the receiver's.
    fn self_type(&self, id: FunctionId, chain: ChainId, receiver: Option<ClassId>) -> Option<Entity> {
        let facts = self.facts(id.file);
        let owner = self.index.function(id).owner?;
        let is_self = facts.last_name(chain).is_some_and(|name| name.as_str() == "Self");
        let of = || self.own_kind(self.index.class_of(id.file, owner), receiver);
        is_self.then(|| Entity::Instance(of()))
    }

    /// The class that an annotation's chain names.
    #[must_use]
    pub fn annotated(&self, file: FileId, chain: ChainId, hops: u32) -> Entity {
        instance_of(self.chain_hops(file, chain, hops), Name::new("…"))
    }

    /// Resolves a dotted path from outside any file, as `mock.patch` does: modules as far as they go,
    /// then attributes.
    #[must_use]
    pub fn dotted(&self, text: &str) -> Option<Entity> {
        let mut segments = text.split(['.', ':']);
        let first = Name::new(segments.next()?);
        let mut entity = match self.absolute(FileId(0), first) {
            Target::Found(module) => Entity::Module(module),
            Target::Library(_) | Target::Missing(_) | Target::Compiled(_) | Target::External(_) => {
                return None;
            }
        };
        for segment in segments {
            entity = self.attribute(&entity, Name::new(segment), 0);
        }
        Some(entity)
    }

    /// One step that is no attribute.
    #[must_use]
    pub fn step(&self, entity: &Entity, step: Step) -> Entity {
        match step {
            Step::Call => self.call(entity, None, 0),
            Step::Await => awaited(entity),
            Step::Index => indexed(entity.clone()),
            Step::Held(holder) => held(entity.clone(), holder),
            Step::Entered { is_async } => self.entered(entity, is_async, 0),
            Step::Part(name) => self.part(entity, name, 0),
            Step::Attribute(name, _) => self.attribute(entity, name, 0),
        }
    }

    /// The method of this name that instances of a class have.
    #[must_use]
    pub fn method_named(&self, class: ClassId, name: Name) -> Option<FunctionId> {
        let order = self.index.class(class).mro.classes();
        order.map(|ancestor| method_of(self.index, ancestor, name)).find(Option::is_some).flatten()
    }
}

/// `self`, or `cls()`.
fn gives_own_kind(facts: &FileFacts, chain: ChainId) -> bool {
    let root = facts.root_of(&facts.chains[chain.index()]);
    let bindings = &facts.bindings[root.nearest.range()];
    let [Binding { target: Bound::Receiver { is_class, .. }, .. }] = bindings else { return false };
    match facts.steps_of(chain) {
        [] => !is_class,
        [Step::Call] => *is_class,
        _ => false,
    }
}

pub(super) fn awaited(entity: &Entity) -> Entity {
    match entity {
        Entity::Awaitable(class) => Entity::Instance(*class),
        // The guard of an asynchronous lock, or what a future promised.
        Entity::Held(..) => entity.clone(),
        Entity::Open(reason) => Entity::Open(reason.clone()),
        _ => Entity::Value,
    }
}

/// `Generic[T]` is `Generic` as far as identity goes; an item of an instance is anything.
pub(super) fn indexed(entity: Entity) -> Entity {
    match entity {
        Entity::Class(_) | Entity::GenericAlias(_) | Entity::External(_) | Entity::SpecialBase(_) => entity,
        Entity::Held(class, layers) => layers.item(class),
        Entity::Open(reason) => Entity::Open(reason),
        _ => Entity::Value,
    }
}

/// A container of what this is.
pub(super) fn held(entity: Entity, holder: Holder) -> Entity {
    match entity {
        Entity::Class(class) => Entity::Held(class, Layers::of(holder)),
        Entity::Held(class, layers) => Entity::Held(class, layers.within(holder)),
        other => other,
    }
}

/// The instance that an annotation naming this entity promises.
pub(super) fn instance_of(entity: Entity, name: Name) -> Entity {
    match entity {
        Entity::Class(class) | Entity::GenericAlias(class) => Entity::Instance(class),
        Entity::Held(class, layers) => Entity::Held(class, layers),
        Entity::External(dotted) => Entity::Open(Unresolved::Dynamic(dotted)),
        Entity::Open(reason) => Entity::Open(reason),
        _ => Entity::Open(Unresolved::Dynamic(name)),
    }
}

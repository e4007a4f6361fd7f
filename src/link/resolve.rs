//! Names → what they stand for: scopes, guarded bindings, imports, re-exports, chains.
//!
//! Resolution is a pure function of the facts. It never guesses: where several bindings may hold
//! and lead to different things, the answer is [`Entity::Open`] with the reason.

mod entity;
mod holders;
mod imports;
mod liveness;
mod paths;
mod prelude;
mod values;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};

pub use self::entity::{Entity, Place, Site, SpecialBase};
pub use self::holders::Layers;
pub use self::imports::Target;
use self::liveness::{Branches, Life};
use self::values::{awaited, held, indexed, instance_of};
use rustc_hash::FxHashMap;

use super::library::LibraryEntry;
use super::{ClassId, FileId, FunctionId, Index, Unresolved};
use crate::facts::{
    Binding, Bound, Chain, ChainId, FileFacts, ImportIdx, Imported, MODULE_SCOPE, Name, ParameterKind,
    ScopeId, ScopeKind, Step, Usage,
};
use crate::text::Offset;

/// How many definitions a resolution follows before it calls itself circular.
const MAX_HOPS: u32 = 40;
/// How many sets of bindings one question may weigh.
const FUEL: u32 = 400;

/// Resolves names of one program.
pub struct Resolver<'i> {
    pub(super) index: &'i Index,
    /// Selections left for the question at hand: code may define names in terms of each other in
    /// ways whose paths multiply, and an answer that takes that long is no answer.
    fuel: Cell<u32>,
    /// Whether names are read as a type checker reads them, for which `if TYPE_CHECKING` is taken and
    /// its `else` is not. Annotations are; bases and values are what a run makes of them.
    is_typing: Cell<bool>,
    /// What the `use` items of Rust files lead to, as far as they were asked for.
    uses: RefCell<FxHashMap<(FileId, ImportIdx), Entity>>,
}

impl<'i> Resolver<'i> {
    /// A resolver over `index`.
    #[must_use]
    pub fn new(index: &'i Index) -> Self {
        Self { index, fuel: Cell::new(FUEL), is_typing: Cell::new(false), uses: RefCell::default() }
    }

    /// A new question starts with a full tank; `hops` is 0 only there.
    fn start(&self, hops: u32) {
        if hops == 0 {
            self.fuel.set(FUEL);
        }
    }

    /// Takes from the tank; false when it is empty.
    fn burn(&self) -> bool {
        let fuel = self.fuel.get();
        self.fuel.set(fuel.saturating_sub(1));
        fuel > 0
    }

    fn facts(&self, file: FileId) -> &'i FileFacts {
        &self.index.file(file).facts
    }

    /// What a chain stands for.
    #[must_use]
    pub fn chain(&self, file: FileId, chain: ChainId) -> Entity {
        self.chain_hops(file, chain, 0)
    }

    fn chain_hops(&self, file: FileId, chain: ChainId, hops: u32) -> Entity {
        let usage = self.facts(file).chains[chain.index()].usage;
        self.seen_as(usage, || self.followed(file, chain, hops))
    }

    /// Asks `question` with the eyes of what reads code of this usage.
    pub(crate) fn seen_as<T>(&self, usage: Usage, question: impl FnOnce() -> T) -> T {
        let before = self.is_typing.replace(usage == Usage::Annotation);
        let answer = question();
        self.is_typing.set(before);
        answer
    }

    fn followed(&self, file: FileId, chain: ChainId, hops: u32) -> Entity {
        let facts = self.facts(file);
        let mut entity = self.root_of(file, &facts.chains[chain.index()], hops);
        let mut steps = facts.steps_of(chain).iter().peekable();
        let mut receiver = None;
        while let Some(step) = steps.next() {
            let called_on = receiver.take();
            match entity {
                Entity::Open(_) => return entity,
                // They have attributes, but none that we follow.
                Entity::Value | Entity::Nothing => return Entity::Value,
                _ => {}
            }
            entity = match *step {
                Step::Attribute(name, _) => {
                    let found = self.attribute(&entity, name, hops);
                    receiver = entity.receiver();
                    match steps.peek() {
                        Some(Step::Attribute(..)) => self.as_prefix(&entity, name, found, hops),
                        _ => found,
                    }
                }
                Step::Call => self.call(&entity, called_on, hops),
                Step::Await => awaited(&entity),
                Step::Index => indexed(entity),
                Step::Held(holder) => held(entity, holder),
                Step::Entered { is_async } => self.entered(&entity, is_async, hops),
                Step::Part(name) => self.part(&entity, name, hops),
            };
        }
        entity
    }

    /// What the root of a chain stands for where it stands.
    pub(crate) fn root_of(&self, file: FileId, chain: &Chain, hops: u32) -> Entity {
        let facts = self.facts(file);
        let root = facts.root_of(chain);
        if self.is_rust(file) {
            let place = Place { file, scope: root.scope, at: chain.at, guard: chain.guard };
            return self.path_root(root.name, place, root.is_path, hops);
        }
        let place = Place { file, scope: root.scope, at: chain.at, guard: chain.guard };
        self.first_of(facts.bindings_of_root(root), root.name, place, hops)
    }

    /// What a name stands for at a place.
    #[must_use]
    pub fn name_at(&self, name: Name, place: Place, hops: u32) -> Entity {
        if self.is_rust(place.file) {
            return self.path_root(name, place, false, hops);
        }
        let seen = self.facts(place.file).bindings_seen(place.scope, name);
        self.first_of(seen, name, place, hops)
    }

    /// What the first of the bindings stands for that hold at the place, scope by scope outwards.
    fn first_of<'f>(
        &self,
        seen: impl Iterator<Item = (ScopeId, &'f [Binding])>,
        name: Name,
        Place { file, scope, at, guard }: Place,
        hops: u32,
    ) -> Entity {
        self.start(hops);
        let facts = self.facts(file);
        let mut bound_later = None;
        for (looked, bindings) in seen {
            let runs_in_order = looked == scope || self.runs_with(facts, scope, looked);
            let here = runs_in_order.then_some(at);
            let site = Site { before: here, at: here, guard };
            let found = self.select(file, bindings, name, site, hops);
            // A name that is only bound later in the same flow: loops, or a forward use.
            return match found {
                Entity::Open(Unresolved::NotDefined(_)) if site.before.is_some() => {
                    let later = Site { before: None, ..site };
                    match self.select(file, bindings, name, later, hops) {
                        // `Worker = Worker` in a class body: before it is bound, the outer name is meant.
                        found if matches!(facts.scopes[looked.index()].kind, ScopeKind::Type(_)) => {
                            bound_later.get_or_insert(found);
                            continue;
                        }
                        Entity::Open(Unresolved::NotDefined(_)) => continue,
                        found => found,
                    }
                }
                found => found,
            };
        }
        if name.as_str() == "super"
            && let Some(class) = self.enclosing_class(file, scope)
        {
            return Entity::Super(class);
        }
        if let Some(found) = self.through_stars(file, name, hops) {
            return found;
        }
        match (self.builtin(name), bound_later) {
            (Entity::Open(Unresolved::NotDefined(_)), Some(later)) => later,
            (found, _) => found,
        }
    }

    /// Whether code of `scope` runs in the flow of `outer`: class bodies do, functions run later.
    fn runs_with(&self, facts: &FileFacts, scope: ScopeId, outer: ScopeId) -> bool {
        let mut at = scope;
        while at != outer {
            let here = facts.scopes[at.index()];
            if matches!(here.kind, ScopeKind::Function(_)) {
                return false;
            }
            at = here.parent;
        }
        true
    }

    /// The class whose method holds `scope`.
    #[must_use]
    pub fn enclosing_class(&self, file: FileId, scope: ScopeId) -> Option<ClassId> {
        let facts = self.facts(file);
        let mut at = scope;
        loop {
            let here = facts.scopes[at.index()];
            if let ScopeKind::Function(function) = here.kind
                && let Some(owner) = facts.functions[function.index()].owner
            {
                return Some(self.index.class_of(file, owner));
            }
            if at == MODULE_SCOPE {
                return None;
            }
            at = here.parent;
        }
    }

    fn builtin(&self, name: Name) -> Entity {
        let library = &self.index.library;
        let builtins = library.module(Name::new("builtins"));
        match builtins.and_then(|module| library.entry(module, name)) {
            Some(entry) => self.library_entity(entry),
            None => Entity::Open(Unresolved::NotDefined(name)),
        }
    }

    fn library_entity(&self, entry: LibraryEntry) -> Entity {
        match entry {
            LibraryEntry::Class(class) => Entity::Class(class),
            LibraryEntry::GenericAlias(class) => Entity::GenericAlias(class),
            LibraryEntry::Module(module) => Entity::LibraryModule(module),
            LibraryEntry::Function | LibraryEntry::Value(None) => Entity::Value,
            LibraryEntry::Value(Some(class)) => Entity::Instance(class),
        }
    }

    /// Chooses among the bindings of one name and resolves what they are bound to.
    fn select(&self, file: FileId, bindings: &[Binding], name: Name, site: Site, hops: u32) -> Entity {
        let fuel = self.fuel.get();
        if hops > MAX_HOPS || fuel == 0 {
            return Entity::Open(Unresolved::Circular(name));
        }
        self.fuel.set(fuel - 1);
        let facts = self.facts(file);
        let mut found: Option<Entity> = None;
        let mut typing_only: Option<Entity> = None;
        let mut places: Vec<Offset> = Vec::new();
        let mut is_ambiguous = false;
        let mut covered = Branches::default();
        let ordered = with_stars(facts, bindings);
        for binding in ordered.iter().rev() {
            let is_later = site.before.is_some_and(|before| binding.at >= before);
            // An annotation may name the class around it: checkers read it when the class is there.
            let is_open = self.is_typing.get() && matches!(binding.target, Bound::Type(_));
            if is_later || !is_open && is_being_made(facts, binding, site.at) {
                continue;
            }
            let life = self.liveness(file, binding.guard, binding.at, site.guard, hops);
            if life == Life::Dead {
                continue;
            }
            let entity = match binding.target {
                // A star binds the name only where its module has it.
                Bound::Star(import) => match self.star_member(file, import, name, hops + 1) {
                    Some(entity) => entity,
                    None => continue,
                },
                // `from here import name` in `here` itself binds what is bound already.
                Bound::Import(import) if self.is_of_itself(file, import, name) => continue,
                _ => self.bound(file, binding, hops + 1),
            };
            if life == Life::Typing {
                typing_only.get_or_insert(entity);
                continue;
            }
            // `X = None` as the stand-in for a failed import is no rival of the real one.
            let is_stand_in = matches!(entity, Entity::Nothing);
            match &found {
                None => found = Some(entity),
                Some(Entity::Nothing) => found = Some(entity),
                Some(first) if *first == entity || is_stand_in => {}
                Some(_) => is_ambiguous = true,
            }
            // Whatever else it may be, it is not one thing any more.
            let is_settled = is_ambiguous || matches!(found, Some(Entity::Open(_)));
            let is_last = life == Life::Certain || is_settled || covered.closes(facts, binding.guard);
            // Most names are bound once, and nobody asks where.
            if !is_last || is_ambiguous {
                places.push(binding.at);
            }
            if is_last {
                break;
            }
        }
        match found {
            Some(_) if is_ambiguous => Entity::Open(Unresolved::Ambiguous(name, lines_of(facts, &places))),
            Some(Entity::Nothing) => typing_only.unwrap_or(Entity::Nothing),
            Some(entity) => entity,
            // Bound for the interpreter alone, and meant all the same.
            None if self.is_typing.get() => {
                self.seen_as(Usage::Value, || self.select(file, bindings, name, site, hops + 1))
            }
            None => typing_only.unwrap_or(Entity::Open(Unresolved::NotDefined(name))),
        }
    }

    /// Whether a module imports its own `name`.
    pub(crate) fn is_of_itself(&self, file: FileId, import: ImportIdx, name: Name) -> bool {
        let fact = self.facts(file).imports[import.index()];
        let Some(own) = self.index.modules.of_file(file) else { return false };
        // Every import that is chosen comes by here: most are not even called like the module.
        let may_be_own = self.index.modules.get(own).name.as_str().ends_with(fact.module.as_str());
        fact.what == Imported::Name(name)
            && may_be_own
            && self.import_module(file, &fact) == Target::Found(own)
    }

    /// What one binding leads to.
    fn bound(&self, file: FileId, binding: &Binding, hops: u32) -> Entity {
        let facts = self.facts(file);
        match binding.target {
            Bound::Import(import) => self.import(file, import, hops),
            Bound::Type(index) => Entity::Class(self.index.class_of(file, index)),
            Bound::Function(index) => Entity::Function(FunctionId { file, index }),
            Bound::Parameter(position) => {
                let parameter = &facts.parameters[position as usize];
                // `*users: User` is a tuple, `**users: User` a dictionary.
                let is_one =
                    !matches!(parameter.kind, ParameterKind::Variadic | ParameterKind::KeywordVariadic);
                match parameter.annotation_chain.filter(|_| is_one) {
                    Some(chain) => instance_of(self.chain_hops(file, chain, hops), binding.name),
                    None => Entity::Open(Unresolved::Dynamic(binding.name)),
                }
            }
            Bound::Receiver { of, is_class: true } => Entity::Class(self.index.class_of(file, of)),
            Bound::Receiver { of, is_class: false } => Entity::Instance(self.index.class_of(file, of)),
            Bound::Value { values, annotation, is_complete } => {
                if let Some(chain) = annotation
                    && let held @ Entity::Held(..) =
                        instance_of(self.chain_hops(file, chain, hops), binding.name)
                {
                    return held;
                }
                if let Some(chain) = annotation
                    && let found @ Entity::Instance(class) =
                        instance_of(self.chain_hops(file, chain, hops), binding.name)
                    // `Base: type = dict` says that it is a class, and its value which.
                    && self.index.class(class).id.as_str() != "builtins.type"
                {
                    return found;
                }
                let values = &facts.values[values.range()];
                self.any_of(file, values, is_complete, binding.name, hops)
            }
            Bound::TypeAlias(Some(chain)) => self.chain_hops(file, chain, hops),
            Bound::TypeAlias(None) | Bound::TypeParameter => Entity::Value,
            Bound::Opaque | Bound::Star(_) => Entity::Open(Unresolved::Dynamic(binding.name)),
            Bound::Deleted => Entity::Open(Unresolved::NotDefined(binding.name)),
            Bound::Module(module) => self.declared_module(file, module),
        }
    }

    /// What a value is that may be any of several chains.
    pub(super) fn any_of(
        &self,
        file: FileId,
        values: &[ChainId],
        is_complete: bool,
        name: Name,
        hops: u32,
    ) -> Entity {
        let mut found: Option<Entity> = None;
        for &chain in values {
            let entity = match self.chain_hops(file, chain, hops) {
                Entity::Variant(class, _) => Entity::Instance(class),
                other => other,
            };
            let is_followed = matches!(
                entity,
                Entity::Class(_)
                    | Entity::Instance(_)
                    | Entity::Function(_)
                    | Entity::Module(_)
                    | Entity::LibraryModule(_)
                    | Entity::GenericAlias(_)
                    | Entity::SpecialBase(_)
                    | Entity::External(_)
                    | Entity::Awaitable(_)
                    | Entity::Held(..)
            );
            match &found {
                _ if !is_followed && values.len() > 1 => {}
                None => found = Some(entity),
                Some(first) if *first == entity => {}
                Some(_) => return Entity::Open(Unresolved::Dynamic(name)),
            }
        }
        match found {
            Some(entity) => entity,
            None if is_complete => Entity::Nothing,
            None => Entity::Open(Unresolved::Dynamic(name)),
        }
    }
}

/// The lines of some places, each once.
fn lines_of(facts: &FileFacts, places: &[Offset]) -> Vec<u32> {
    let mut lines: Vec<u32> = places.iter().map(|at| facts.lines.line(*at)).collect();
    lines.sort_unstable();
    lines.dedup();
    lines
}

/// Whether what stands at `at` goes into the making of what is bound, so that the name still means what it
/// meant before: the second one in `Worker = Worker`, the base in `class Worker(Worker)`.
fn is_being_made(facts: &FileFacts, binding: &Binding, at: Option<Offset>) -> bool {
    let Some(at) = at else { return false };
    match binding.target {
        Bound::Value { values, .. } => {
            let chains = &facts.values[values.range()];
            chains.iter().any(|chain| facts.chains[chain.index()].at == at)
        }
        Bound::Type(index) => {
            let made = &facts.types[index.index()];
            (made.at..made.end).contains(&at)
        }
        Bound::Import(_)
        | Bound::Function(_)
        | Bound::Parameter(_)
        | Bound::Receiver { .. }
        | Bound::TypeAlias(_)
        | Bound::TypeParameter
        | Bound::Opaque
        | Bound::Deleted
        | Bound::Star(_)
        | Bound::Module(_) => false,
    }
}

/// The bindings of a name of a module, and the star imports behind the first of them, which may bind it
/// again; in the order of the source.
fn with_stars<'f>(facts: &FileFacts, bindings: &'f [Binding]) -> Cow<'f, [Binding]> {
    let Some(first) = bindings.first().filter(|first| first.scope == MODULE_SCOPE) else {
        return Cow::Borrowed(bindings);
    };
    let stars = facts.star_bindings();
    if stars.iter().all(|star| star.at < first.at) {
        return Cow::Borrowed(bindings);
    }
    let later = stars.iter().filter(|star| star.at > first.at);
    let mut all: Vec<Binding> = bindings.iter().chain(later).copied().collect();
    all.sort_by_key(|binding| binding.at);
    Cow::Owned(all)
}

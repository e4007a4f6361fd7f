//! Names → what they stand for: scopes, guarded bindings, imports, re-exports, chains.
//!
//! Resolution is a pure function of the facts. It never guesses: where several bindings may hold
//! and lead to different things, the answer is [`Entity::Open`] with the reason.

use std::borrow::Cow;
use std::cell::Cell;

use super::library::{LibraryEntry, LibraryModuleId};
use super::members::method_of;
use super::modules::ModuleId;
use super::{ClassId, FileId, FunctionId, Index, OutsideState, Unresolved};
use crate::facts::{
    Binding, Bound, Chain, ChainId, ExportList, FileFacts, FunctionFact, GuardId, GuardKind, Import,
    ImportIdx, Imported, MODULE_SCOPE, Name, ParameterKind, ScopeId, ScopeKind, Step, Usage,
};
use crate::text::Offset;

/// How many definitions a resolution follows before it calls itself circular.
const MAX_HOPS: u32 = 40;
/// How many sets of bindings one question may weigh.
const FUEL: u32 = 400;

/// What a name or expression stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entity {
    /// A module of the tree or the environment.
    Module(ModuleId),
    /// A module of the standard library.
    LibraryModule(LibraryModuleId),
    /// A class.
    Class(ClassId),
    /// `typing.List` and its kin: stands for a class when it is a base.
    GenericAlias(ClassId),
    /// `typing.NamedTuple`, `typing.TypedDict`: functions that act as bases.
    SpecialBase(SpecialBase),
    /// A function or an unbound method.
    Function(FunctionId),
    /// An instance of a class.
    Instance(ClassId),
    /// What a coroutine function gives before it is awaited.
    Awaitable(ClassId),
    /// `super()` within a class.
    Super(ClassId),
    /// A module, class or function outside of what could be read.
    External(Name),
    /// A value that is no type and no instance that we follow.
    Value,
    /// `None`.
    Nothing,
    /// Not known, and why.
    Open(Unresolved),
}

/// Functions of `typing` that stand for a base class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpecialBase {
    /// Gives `tuple`.
    NamedTuple,
    /// Gives `dict`.
    TypedDict,
}

/// From where a name is looked at: decides which bindings have run already.
#[derive(Debug, Clone, Copy)]
pub struct Site {
    /// Only bindings before this offset count; none for code that runs later.
    pub before: Option<Offset>,
    /// Where the name stands in the flow of the scope that binds it.
    pub at: Option<Offset>,
    /// The guard around the place: branches around it are known to be taken.
    pub guard: GuardId,
}

impl Site {
    /// From another file, when the module has run to its end.
    pub const END: Self = Self { before: None, at: None, guard: GuardId(0) };
}

/// Where a name stands.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// The innermost scope.
    pub scope: ScopeId,
    /// Offset.
    pub at: Offset,
    /// Condition under which it is evaluated.
    pub guard: GuardId,
}

/// Resolves names of one program.
pub struct Resolver<'i> {
    pub(super) index: &'i Index,
    /// Selections left for the question at hand: code may define names in terms of each other in
    /// ways whose paths multiply, and an answer that takes that long is no answer.
    fuel: Cell<u32>,
    /// Whether names are read as a type checker reads them, for which `if TYPE_CHECKING` is taken and
    /// its `else` is not. Annotations are; bases and values are what a run makes of them.
    is_typing: Cell<bool>,
}

impl<'i> Resolver<'i> {
    /// A resolver over `index`.
    #[must_use]
    pub fn new(index: &'i Index) -> Self {
        Self { index, fuel: Cell::new(FUEL), is_typing: Cell::new(false) }
    }

    /// A new question starts with a full tank; `hops` is 0 only there.
    fn start(&self, hops: u32) {
        if hops == 0 {
            self.fuel.set(FUEL);
        }
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
        for step in facts.steps_of(chain) {
            match entity {
                Entity::Open(_) => return entity,
                // They have attributes, but none that we follow.
                Entity::Value | Entity::Nothing => return Entity::Value,
                _ => {}
            }
            entity = match *step {
                Step::Attribute(name, _) => self.attribute(&entity, name, hops),
                Step::Call => self.call(&entity, hops),
                Step::Await => awaited(&entity),
                Step::Index => indexed(entity),
            };
        }
        entity
    }

    /// What the root of a chain stands for where it stands.
    pub(crate) fn root_of(&self, file: FileId, chain: &Chain, hops: u32) -> Entity {
        let facts = self.facts(file);
        let root = facts.root_of(chain);
        let place = Place { file, scope: root.scope, at: chain.at, guard: chain.guard };
        self.first_of(facts.bindings_of_root(root), root.name, place, hops)
    }

    /// What a name stands for at a place.
    #[must_use]
    pub fn name_at(&self, name: Name, place: Place, hops: u32) -> Entity {
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
        let mut lines: Vec<u32> = Vec::new();
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
            lines.push(facts.lines.line(binding.at));
            // Whatever else it may be, it is not one thing any more.
            let is_settled = is_ambiguous || matches!(found, Some(Entity::Open(_)));
            if life == Life::Certain || is_settled || covered.closes(facts, binding.guard) {
                break;
            }
        }
        match found {
            Some(_) if is_ambiguous => {
                lines.sort_unstable();
                lines.dedup();
                Entity::Open(Unresolved::Ambiguous(name, lines))
            }
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
    fn is_of_itself(&self, file: FileId, import: ImportIdx, name: Name) -> bool {
        let fact = self.facts(file).imports[import.index()];
        if fact.what != Imported::Name(name) {
            return false;
        }
        let own = self.index.modules.of_file(file);
        own.is_some() && self.import_module(file, &fact) == own.map_or(Target::Missing(name), Target::Found)
    }

    /// Whether a binding under `guard` holds, seen from under `from`.
    fn liveness(&self, file: FileId, guard: GuardId, at: Offset, from: GuardId, hops: u32) -> Life {
        let facts = self.facts(file);
        let mut life = Life::Certain;
        for (id, guard) in facts.guards_of(guard) {
            if facts.is_within(from, id) {
                // The place itself stands in this branch, so the branch is taken.
                break;
            }
            let here = match guard.kind {
                GuardKind::TypeChecking if self.is_typing.get() => Life::Certain,
                GuardKind::Runtime if self.is_typing.get() => Life::Dead,
                GuardKind::Always | GuardKind::Known(true) | GuardKind::Runtime => Life::Certain,
                GuardKind::Known(false) | GuardKind::Main => Life::Dead,
                GuardKind::TypeChecking => Life::Typing,
                GuardKind::Branch { .. } | GuardKind::Loop | GuardKind::Handler => Life::Possible,
                GuardKind::TryBody { catches_import: false } => Life::Certain,
                GuardKind::TryBody { catches_import: true } => {
                    match self.outcome(file, guard.statement, hops) {
                        Outcome::Completes => Life::Certain,
                        Outcome::FailsAt(failure) if at < failure => Life::Certain,
                        Outcome::FailsAt(_) => Life::Dead,
                        Outcome::Unknown => Life::Possible,
                    }
                }
                GuardKind::ImportHandler => match self.outcome(file, guard.statement, hops) {
                    Outcome::Completes => Life::Dead,
                    Outcome::FailsAt(_) => Life::Certain,
                    Outcome::Unknown => Life::Possible,
                },
                GuardKind::TryElse => match self.outcome(file, guard.statement, hops) {
                    Outcome::Completes => Life::Certain,
                    Outcome::FailsAt(_) => Life::Dead,
                    Outcome::Unknown => Life::Possible,
                },
            };
            life = life.min(here);
        }
        life
    }

    /// How the body of a `try` that catches failed imports ends.
    fn outcome(&self, file: FileId, statement: Offset, hops: u32) -> Outcome {
        let facts = self.facts(file);
        let mut is_known = true;
        if hops > MAX_HOPS {
            return Outcome::Unknown;
        }
        for (position, import) in facts.imports.iter().enumerate() {
            let body = facts.guards_of(import.guard).find(|(_, guard)| {
                guard.statement == statement && matches!(guard.kind, GuardKind::TryBody { .. })
            });
            let Some((body, _)) = body else { continue };
            // Imports under a condition within the body may not run.
            let is_direct = import.guard == body;
            match self.exists(file, ImportIdx(position as u32), hops + 1) {
                Existence::Yes => {}
                Existence::No if is_direct && is_known => return Outcome::FailsAt(import.at),
                Existence::No | Existence::Unknown => is_known = false,
            }
        }
        if is_known { Outcome::Completes } else { Outcome::Unknown }
    }

    /// Whether an import would succeed.
    fn exists(&self, file: FileId, import: ImportIdx, hops: u32) -> Existence {
        let fact = self.facts(file).imports[import.index()];
        let module = match self.import_module(file, &fact) {
            Target::Found(module) => module,
            Target::Library(module) => {
                return match fact.what {
                    Imported::Name(name) if !self.index.library.is_opaque(module) => {
                        let has = self.index.library.entry(module, name).is_some()
                            || self.library_submodule(module, name).is_some();
                        if has { Existence::Yes } else { Existence::No }
                    }
                    _ => Existence::Yes,
                };
            }
            Target::Missing(_) => return Existence::No,
            Target::Compiled(_) | Target::External(_) => return Existence::Unknown,
        };
        let Imported::Name(name) = fact.what else { return Existence::Yes };
        match self.member(module, name, hops) {
            Entity::Open(Unresolved::NotDefined(_)) => Existence::No,
            Entity::Open(
                Unresolved::MissingModule(_)
                | Unresolved::Compiled(_)
                | Unresolved::Circular(_)
                | Unresolved::StubOnly(_),
            )
            | Entity::External(_) => Existence::Unknown,
            _ => Existence::Yes,
        }
    }

    fn library_submodule(&self, module: LibraryModuleId, name: Name) -> Option<LibraryModuleId> {
        let library = &self.index.library;
        library.module(library.module_name(module).join(name.as_str()))
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
            let entity = self.chain_hops(file, chain, hops);
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

    /// What an import binds.
    #[must_use]
    pub fn import(&self, file: FileId, import: ImportIdx, hops: u32) -> Entity {
        self.start(hops);
        let fact = self.facts(file).imports[import.index()];
        if let Imported::Module = fact.what {
            // `import a.b.c` binds `a`.
            let first = fact.module.as_str().split('.').next().unwrap_or_default();
            return self.target_entity(self.absolute(file, Name::new(first)));
        }
        let target = self.import_module(file, &fact);
        match fact.what {
            Imported::Module | Imported::ModuleAs | Imported::Dynamic | Imported::Star => {
                self.target_entity(target)
            }
            Imported::Name(name) => {
                if let Some(special) = special_base(fact.module, fact.level, name) {
                    return Entity::SpecialBase(special);
                }
                self.member_of_target(target, name, hops)
            }
        }
    }

    fn target_entity(&self, target: Target) -> Entity {
        match target {
            Target::Found(module) => Entity::Module(module),
            Target::Library(module) => Entity::LibraryModule(module),
            Target::Missing(name) => Entity::Open(Unresolved::MissingModule(name)),
            Target::Compiled(name) => Entity::Open(Unresolved::Compiled(name)),
            Target::External(name) => Entity::External(name),
        }
    }

    fn member_of_target(&self, target: Target, name: Name, hops: u32) -> Entity {
        match target {
            Target::Found(module) => self.member(module, name, hops),
            Target::Library(module) => self.library_member(module, name),
            Target::Missing(module) => Entity::Open(Unresolved::MissingModule(module)),
            Target::Compiled(module) => Entity::Open(Unresolved::Compiled(module.join(name.as_str()))),
            Target::External(module) => Entity::External(module.join(name.as_str())),
        }
    }

    fn library_member(&self, module: LibraryModuleId, name: Name) -> Entity {
        let library = &self.index.library;
        let dotted = library.module_name(module);
        if let Some(special) = special_base(dotted, 0, name) {
            return Entity::SpecialBase(special);
        }
        if let Some(entry) = library.entry(module, name) {
            return self.library_entity(entry);
        }
        if let Some(child) = self.library_submodule(module, name) {
            return Entity::LibraryModule(child);
        }
        if library.is_opaque(module) {
            return Entity::External(dotted.join(name.as_str()));
        }
        Entity::Open(Unresolved::NotDefined(dotted.join(name.as_str())))
    }

    /// The module that an import statement names.
    #[must_use]
    pub fn import_module(&self, file: FileId, import: &Import) -> Target {
        if import.level == 0 {
            return self.absolute(file, import.module);
        }
        match self.relative_name(file, import) {
            Some(name) => self.absolute(file, name),
            None => Target::Missing(import.module),
        }
    }

    /// `from ..a import b` → the dotted name that it means.
    #[must_use]
    pub fn relative_name(&self, file: FileId, import: &Import) -> Option<Name> {
        let module = self.index.modules.get(self.index.modules.of_file(file)?);
        // `from . import x` in `pkg/__init__.py` means `pkg`, not its parent.
        let mut climbs = import.level - u32::from(module.is_package);
        let mut base = module.name.as_str();
        while climbs > 0 {
            base = base.rsplit_once('.').map_or("", |(parent, _)| parent);
            climbs -= 1;
            // `from ..a import b` climbs above the outermost package; a plain folder of scripts may say `from . import b`.
            if base.is_empty() && (climbs > 0 || import.level > 1) {
                return None;
            }
        }
        Some(match (base.is_empty(), import.module.as_str().is_empty()) {
            (_, true) => Name::new(base),
            (true, false) => import.module,
            (false, false) => Name::new(base).join(import.module.as_str()),
        })
    }

    /// Looks an absolute module name up: tree, standard library, environment.
    #[must_use]
    pub fn absolute(&self, from: FileId, name: Name) -> Target {
        if let Some(module) = self.index.modules.find(name, from) {
            return Target::Found(module);
        }
        if let Some(module) = self.library_module(name) {
            return Target::Library(module);
        }
        if let Some(module) = self.index.modules.sibling(name, from) {
            return Target::Found(module);
        }
        match self.index.outside.get(&name) {
            Some(OutsideState::Loaded(module)) => Target::Found(*module),
            Some(OutsideState::Missing) => Target::Missing(name),
            Some(OutsideState::Compiled) => Target::Compiled(name),
            Some(OutsideState::Unknown) => Target::External(name),
            None => {
                self.index.want(name);
                Target::External(name)
            }
        }
    }

    /// A module of the standard library; `os.path` goes by another name there.
    fn library_module(&self, name: Name) -> Option<LibraryModuleId> {
        let library = &self.index.library;
        library.module(name).or_else(|| {
            let (parent, last) = name.as_str().rsplit_once('.')?;
            match library.entry(library.module(Name::new(parent))?, Name::new(last))? {
                LibraryEntry::Module(module) => Some(module),
                LibraryEntry::Class(_)
                | LibraryEntry::GenericAlias(_)
                | LibraryEntry::Function
                | LibraryEntry::Value(_) => None,
            }
        })
    }

    /// A name of a module, when the module has run to its end.
    #[must_use]
    pub fn member(&self, module: ModuleId, name: Name, hops: u32) -> Entity {
        self.start(hops);
        if hops > MAX_HOPS {
            return Entity::Open(Unresolved::Circular(name));
        }
        let fact = self.index.modules.get(module);
        let dotted = || fact.name.join(name.as_str());
        let mut undefined = None;
        if let Some(file) = fact.file {
            if let Some(special) = special_base(fact.name, 0, name) {
                return Entity::SpecialBase(special);
            }
            let bindings = self.facts(file).bindings_of(MODULE_SCOPE, name);
            if !bindings.is_empty() {
                match self.select(file, bindings, name, Site::END, hops + 1) {
                    Entity::Open(reason @ (Unresolved::NotDefined(_) | Unresolved::Circular(_))) => {
                        undefined = Some(reason);
                    }
                    found => return found,
                }
            }
            if let Some(found) = self.through_stars(file, name, hops + 1) {
                return found;
            }
        }
        if let Some(child) = self.submodule(module, name) {
            return child;
        }
        if let Some(file) = fact.file {
            let facts = self.facts(file);
            if !facts.bindings_of(MODULE_SCOPE, Name::new("__getattr__")).is_empty() {
                return Entity::Open(Unresolved::Dynamic(dotted()));
            }
            // A star import that leads outside may bring any name.
            let open_star = facts.star_bindings().iter().any(|binding| {
                let Bound::Star(import) = binding.target else { return false };
                !matches!(
                    self.import_module(file, &facts.imports[import.index()]),
                    Target::Found(_) | Target::Library(_)
                )
            });
            if open_star {
                return Entity::External(dotted());
            }
        }
        Entity::Open(undefined.unwrap_or_else(|| Unresolved::NotDefined(dotted())))
    }

    fn submodule(&self, package: ModuleId, name: Name) -> Option<Entity> {
        if let Some(child) = self.index.modules.child(package, name) {
            return Some(Entity::Module(child));
        }
        let fact = self.index.modules.get(package);
        if fact.is_in_tree || !fact.is_package {
            return None;
        }
        let dotted = fact.name.join(name.as_str());
        match self.index.outside.get(&dotted) {
            Some(OutsideState::Loaded(module)) => Some(Entity::Module(*module)),
            Some(OutsideState::Compiled) => Some(Entity::Open(Unresolved::Compiled(dotted))),
            Some(OutsideState::Missing | OutsideState::Unknown) => None,
            None => {
                self.index.want(dotted);
                Some(Entity::External(dotted))
            }
        }
    }

    /// A name that `from m import *` brings into a module.
    fn through_stars(&self, file: FileId, name: Name, hops: u32) -> Option<Entity> {
        if hops > MAX_HOPS {
            return None;
        }
        let facts = self.facts(file);
        for binding in facts.star_bindings().iter().rev() {
            let Bound::Star(import) = binding.target else { continue };
            let life = self.liveness(file, binding.guard, binding.at, GuardId(0), hops);
            if matches!(life, Life::Dead) {
                continue;
            }
            if let Some(found) = self.star_member(file, import, name, hops) {
                return Some(found);
            }
        }
        None
    }

    /// What one star import binds `name` to, where its module brings the name.
    fn star_member(&self, file: FileId, import: ImportIdx, name: Name, hops: u32) -> Option<Entity> {
        match self.import_module(file, &self.facts(file).imports[import.index()]) {
            Target::Found(module) if self.star_exports(module, name) => {
                match self.member(module, name, hops + 1) {
                    Entity::Open(Unresolved::NotDefined(_) | Unresolved::Circular(_)) => None,
                    found => Some(found),
                }
            }
            Target::Library(module) if !name.as_str().starts_with('_') => {
                let found = self.library_member(module, name);
                (!matches!(found, Entity::Open(_) | Entity::External(_))).then_some(found)
            }
            Target::Found(_)
            | Target::Library(_)
            | Target::Missing(_)
            | Target::Compiled(_)
            | Target::External(_) => None,
        }
    }

    /// Whether `from module import *` brings `name`: `__all__`, or else no leading underscore.
    fn star_exports(&self, module: ModuleId, name: Name) -> bool {
        let Some(file) = self.index.modules.get(module).file else { return false };
        let facts = self.facts(file);
        match facts.export_list {
            ExportList::Literal => facts.exports.iter().any(|export| export.name == name),
            ExportList::Dynamic | ExportList::Absent => !name.as_str().starts_with('_'),
        }
    }

    /// `entity.name`.
    #[must_use]
    pub fn attribute(&self, entity: &Entity, name: Name, hops: u32) -> Entity {
        self.start(hops);
        match entity {
            Entity::Module(module) => self.member(*module, name, hops),
            Entity::LibraryModule(module) => self.library_member(*module, name),
            Entity::Class(class) | Entity::GenericAlias(class) => self.class_attribute(*class, name, hops),
            Entity::Instance(class) => self.instance_attribute(*class, name, hops),
            Entity::Super(class) => self.super_attribute(*class, name),
            Entity::External(dotted) => Entity::External(dotted.join(name.as_str())),
            Entity::SpecialBase(_)
            | Entity::Function(_)
            | Entity::Awaitable(_)
            | Entity::Value
            | Entity::Nothing => Entity::Value,
            Entity::Open(reason) => Entity::Open(reason.clone()),
        }
    }

    /// `entity(…)`.
    fn call(&self, entity: &Entity, hops: u32) -> Entity {
        match entity {
            Entity::Class(class) | Entity::GenericAlias(class) => Entity::Instance(*class),
            Entity::Function(function) => self.returned(*function, hops),
            // `super()` and `super(C, self)`
            Entity::Super(class) => Entity::Super(*class),
            Entity::External(name) => Entity::Open(Unresolved::Dynamic(*name)),
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

    /// What a call of a function gives: by its annotation, else by what it returns.
    #[must_use]
    pub fn returned(&self, id: FunctionId, hops: u32) -> Entity {
        let function: &FunctionFact = self.index.function(id);
        let open = Entity::Open(Unresolved::Dynamic(function.name));
        if hops > MAX_HOPS || function.traits.is_generator || function.traits.is_wrapped {
            return open;
        }
        let found = match function.returns_chain {
            Some(chain) => match self.chain_hops(id.file, chain, hops + 1) {
                entity @ (Entity::Class(_) | Entity::GenericAlias(_)) => match self.self_type(id, chain) {
                    Some(own) => own,
                    None => instance_of(entity, function.name),
                },
                _ => self.self_type(id, chain).unwrap_or(open),
            },
            None if function.returns.is_some() => open,
            None => {
                let facts = self.facts(id.file);
                let values = &facts.values[function.returned.range()];
                self.any_of(id.file, values, false, function.name, hops + 1)
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

    /// `-> Self` in a method means the class that holds it.
    fn self_type(&self, id: FunctionId, chain: ChainId) -> Option<Entity> {
        let facts = self.facts(id.file);
        let owner = self.index.function(id).owner?;
        let is_self = facts.last_name(chain).is_some_and(|name| name.as_str() == "Self");
        is_self.then(|| Entity::Instance(self.index.class_of(id.file, owner)))
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
            Step::Call => self.call(entity, 0),
            Step::Await => awaited(entity),
            Step::Index => indexed(entity.clone()),
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

/// The module of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Read: in the tree or the environment.
    Found(ModuleId),
    /// Of the standard library.
    Library(LibraryModuleId),
    /// Not in the environment.
    Missing(Name),
    /// Compiled, undescribed.
    Compiled(Name),
    /// Not looked for: no environment is known.
    External(Name),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Life {
    Dead,
    Typing,
    Possible,
    Certain,
}

enum Outcome {
    Completes,
    FailsAt(Offset),
    Unknown,
}

enum Existence {
    Yes,
    No,
    Unknown,
}

/// Notices when all branches of one statement have bound a name: what stood before it is gone then.
#[derive(Default)]
struct Branches {
    statement: Option<Offset>,
    seen: Vec<u16>,
    last: Option<u16>,
}

impl Branches {
    fn closes(&mut self, facts: &FileFacts, guard: GuardId) -> bool {
        let Some((_, guard)) = facts.guards_of(guard).next() else { return false };
        let GuardKind::Branch { ordinal, last } = guard.kind else { return false };
        if self.statement != Some(guard.statement) {
            *self = Self { statement: Some(guard.statement), seen: Vec::new(), last: None };
        }
        if !self.seen.contains(&ordinal) {
            self.seen.push(ordinal);
        }
        if last {
            self.last = Some(ordinal);
        }
        self.last.is_some_and(|last| self.seen.len() == usize::from(last) + 1)
    }
}

fn awaited(entity: &Entity) -> Entity {
    match entity {
        Entity::Awaitable(class) => Entity::Instance(*class),
        Entity::Open(reason) => Entity::Open(reason.clone()),
        _ => Entity::Value,
    }
}

/// `Generic[T]` is `Generic` as far as identity goes; an item of an instance is anything.
fn indexed(entity: Entity) -> Entity {
    match entity {
        Entity::Class(_) | Entity::GenericAlias(_) | Entity::External(_) | Entity::SpecialBase(_) => entity,
        Entity::Open(reason) => Entity::Open(reason),
        _ => Entity::Value,
    }
}

/// The instance that an annotation naming this entity promises.
fn instance_of(entity: Entity, name: Name) -> Entity {
    match entity {
        Entity::Class(class) | Entity::GenericAlias(class) => Entity::Instance(class),
        Entity::External(dotted) => Entity::Open(Unresolved::Dynamic(dotted)),
        Entity::Open(reason) => Entity::Open(reason),
        _ => Entity::Open(Unresolved::Dynamic(name)),
    }
}

fn special_base(module: Name, level: u32, name: Name) -> Option<SpecialBase> {
    if level > 0 || !matches!(module.as_str(), "typing" | "typing_extensions") {
        return None;
    }
    match name.as_str() {
        "NamedTuple" => Some(SpecialBase::NamedTuple),
        "TypedDict" => Some(SpecialBase::TypedDict),
        _ => None,
    }
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
        | Bound::Star(_) => false,
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

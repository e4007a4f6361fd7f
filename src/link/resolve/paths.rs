//! Rust's paths: what their first segment means where it stands (Rust Reference, "Paths", "Preludes").
//!
//! Items hold in all of their scope, wherever they stand in it; locals from their `let` on. A module sees no
//! name of the module around it. Named items come before glob imports, the crate before other crates.

use super::prelude::prelude;
use super::{Entity, MAX_HOPS, Place, Resolver, Target, lines_of};
use crate::facts::{
    ALWAYS, Binding, Bound, Import, ImportIdx, Imported, ModuleIdx, Name, ScopeId, ScopeKind,
};
use crate::link::modules::ModuleId;
use crate::link::{FileId, Unresolved};
use crate::source::Language;
use crate::text::Offset;

impl Resolver<'_> {
    pub(super) fn is_rust(&self, file: FileId) -> bool {
        self.index.file(file).language == Language::Rust
    }

    /// What a name means as the first segment of a path; `is_prefix` where more segments follow.
    pub(super) fn path_root(&self, name: Name, place: Place, is_prefix: bool, hops: u32) -> Entity {
        self.start(hops);
        let Place { file, scope, .. } = place;
        match name.as_str() {
            "crate" | "$crate" => return self.module_entity(self.crate_of(file, scope), name),
            "super" => {
                let module = self.module_of(file, scope);
                let parent = module.and_then(|module| self.index.modules.get(module).parent);
                return self.module_entity(parent, name);
            }
            "Self" => {
                return match self.type_around(file, scope) {
                    Some(class) => Entity::Class(class),
                    None => Entity::Open(Unresolved::Dynamic(name)),
                };
            }
            _ => {}
        }
        if let Some(found) = self.in_scopes(name, place, is_prefix, None, hops) {
            return found;
        }
        if name.as_str() == "self" {
            return self.module_entity(self.module_of(file, scope), name);
        }
        if let Some(found) = self.crate_named(file, name) {
            return found;
        }
        // Before the 2018 edition `::b::B` starts at the root of the crate.
        let root = self.crate_of(file, scope).filter(|root| is_prefix && self.is_2015(*root));
        let from_root = root.and_then(|root| self.item_of(root, name, Some(root), true, hops + 1));
        if let Some(found @ Entity::Module(_)) = from_root {
            return found;
        }
        if let Some(path) = prelude(name.as_str()) {
            return Entity::External(Name::new(path));
        }
        // What no scope binds and more segments follow is a crate that is not here.
        let is_foreign = is_prefix && name.as_str().starts_with(|c: char| c.is_ascii_lowercase());
        if is_foreign { Entity::External(name) } else { Entity::Open(Unresolved::NotDefined(name)) }
    }

    /// What the scopes around a place bind a name to.
    fn in_scopes(
        &self,
        name: Name,
        place: Place,
        is_prefix: bool,
        besides: Option<Offset>,
        hops: u32,
    ) -> Option<Entity> {
        let facts = self.facts(place.file);
        for scope in facts.scopes_seen(place.scope) {
            let bindings = facts.bindings_of(scope, name);
            if !bindings.is_empty()
                && let Some(found) = self.chosen(bindings, place, is_prefix, besides, hops)
            {
                return Some(found);
            }
            let globs = facts.stars_of(scope);
            if let Some(found) = self.through_globs(place.file, globs, besides, name, is_prefix, hops) {
                return Some(found);
            }
        }
        // The rest of a module of several files.
        let module = self.module_of(place.file, place.scope)?;
        let has_more = self.index.modules.has_more_files(module);
        has_more.then(|| self.item_of(module, name, Some(module), is_prefix, hops + 1)).flatten()
    }

    /// Chooses among the bindings of one name in one scope.
    fn chosen(
        &self,
        bindings: &[Binding],
        place: Place,
        is_prefix: bool,
        besides: Option<Offset>,
        hops: u32,
    ) -> Option<Entity> {
        if hops > MAX_HOPS || !self.burn() {
            return Some(Entity::Open(Unresolved::Circular(bindings[0].name)));
        }
        let facts = self.facts(place.file);
        // `manager::Manager` is no path into a local `manager`.
        let mut locals = bindings.iter().rev().filter(|binding| is_local(binding.target));
        if !is_prefix && let Some(local) = locals.find(|binding| binding.at <= place.at) {
            return Some(self.bound(place.file, local, hops + 1));
        }
        // One type or module, defined twice under conditions that exclude each other: the first stands for both.
        let (mut has_type, mut has_module) = (false, false);
        let has_value = bindings.iter().any(|binding| !matches!(binding.target, Bound::Module(_)));
        let mut found: Option<(Entity, bool)> = None;
        let mut places = Vec::new();
        for binding in bindings.iter().filter(|binding| !is_local(binding.target)) {
            let is_skipped = match binding.target {
                Bound::Import(import) => besides == Some(facts.imports[import.index()].at),
                // A function has no segments below it, a module is no value.
                Bound::Function(_) => is_prefix,
                Bound::Module(_) if !is_prefix && has_value => true,
                Bound::Module(module) => {
                    let is_there = self.index.modules.declared_by(place.file, module).is_some();
                    let is_there = has_module || is_there;
                    std::mem::replace(&mut has_module, is_there)
                }
                Bound::Type(_) => std::mem::replace(&mut has_type, true),
                _ => false,
            };
            if is_skipped || facts.is_dead(binding.guard) {
                continue;
            }
            let mut entity = self.bound(place.file, binding, hops + 1);
            if is_prefix && matches!(entity, Entity::Function(_)) {
                entity = self.used_as_prefix(place.file, binding, entity, hops + 1);
                if matches!(entity, Entity::Function(_)) {
                    continue;
                }
            }
            // The place itself stands under the condition: it means what is there with it.
            let is_beside = binding.guard != ALWAYS && facts.is_within(place.guard, binding.guard);
            // One alone is what it is.
            if bindings.len() > 1 {
                places.push(binding.at);
            }
            match &found {
                _ if is_beside => return Some(entity),
                None => found = Some((entity, facts.is_guarded_for_tests(binding.guard))),
                Some((first, _)) if *first == entity => {}
                // A stand-in for tests gives way to what ships.
                Some((_, true)) => found = Some((entity, facts.is_guarded_for_tests(binding.guard))),
                Some((_, false)) if facts.is_guarded_for_tests(binding.guard) => {}
                Some((Entity::Open(_) | Entity::Value, false)) => found = Some((entity, false)),
                Some((_, false)) if matches!(entity, Entity::Open(_) | Entity::Value) => {}
                // A type and a function: each has its namespace, and where the name is written it is mostly the type's.
                Some((Entity::Function(_), false)) if matches!(entity, Entity::Class(_)) => {
                    found = Some((entity, false));
                }
                Some((Entity::Class(_), false)) if matches!(entity, Entity::Function(_)) => {}
                Some((_, false)) => {
                    let lines = lines_of(facts, &places);
                    return Some(Entity::Open(Unresolved::Ambiguous(binding.name, lines)));
                }
            }
        }
        found.map(|(entity, _)| entity)
    }

    /// What `use path::*` binds a name to, where the module has it and shows it.
    fn through_glob(
        &self,
        file: FileId,
        import: ImportIdx,
        name: Name,
        is_prefix: bool,
        hops: u32,
    ) -> Option<Entity> {
        if hops > MAX_HOPS || !self.burn() {
            return None;
        }
        let fact = self.facts(file).imports[import.index()];
        match self.glob_target(file, import, &fact, hops) {
            Entity::Module(module) => {
                let from = self.module_of(file, fact.scope);
                let found = self.item_of(module, name, from, is_prefix, hops + 1)?;
                match found {
                    Entity::Open(Unresolved::Ambiguous(..)) => Some(found),
                    Entity::Open(_) => None,
                    found => Some(found),
                }
            }
            Entity::Class(class) => match self.class_attribute(class, name, hops + 1) {
                Entity::Open(_) => None,
                found => Some(found),
            },
            _ => None,
        }
    }

    /// What a glob import opens; each is looked up once.
    fn glob_target(&self, file: FileId, import: ImportIdx, fact: &Import, hops: u32) -> Entity {
        if let Some(known) = self.uses.borrow().get(&(file, import)) {
            return known.clone();
        }
        let found = self.use_path(file, fact, hops);
        self.remember(file, import, &found);
        found
    }

    /// Keeps what a `use` leads to. What came out for want of fuel may come out otherwise another time.
    fn remember(&self, file: FileId, import: ImportIdx, found: &Entity) {
        if !matches!(found, Entity::Open(Unresolved::Circular(_))) {
            self.uses.borrow_mut().insert((file, import), found.clone());
        }
    }

    /// An item of a module, as another module sees it; `is_prefix` where more segments follow.
    fn item_of(
        &self,
        module: ModuleId,
        name: Name,
        from: Option<ModuleId>,
        is_prefix: bool,
        hops: u32,
    ) -> Option<Entity> {
        let shows = |binding: &Binding| {
            !binding.is_private || from.is_some_and(|from| self.is_within_module(from, module))
        };
        let mut parts = self.index.modules.parts_of(module);
        parts.find_map(|(file, scope)| {
            let facts = self.facts(file);
            let bindings = facts.bindings_of(scope, name);
            if bindings.iter().any(shows) {
                let place = Place { file, scope, at: u32::MAX, guard: ALWAYS };
                if let Some(found) = self.chosen(bindings, place, is_prefix, None, hops) {
                    return Some(found);
                }
            }
            let globs = facts.stars_of(scope).iter().filter(|glob| shows(glob));
            self.through_globs(file, globs, None, name, is_prefix, hops)
        })
    }

    /// What the glob imports of one scope bind a name to. Those under different conditions of compilation may
    /// each bind it; then we cannot tell.
    fn through_globs<'f>(
        &self,
        file: FileId,
        globs: impl IntoIterator<Item = &'f Binding>,
        besides: Option<Offset>,
        name: Name,
        is_prefix: bool,
        hops: u32,
    ) -> Option<Entity> {
        let facts = self.facts(file);
        let mut conditional: Option<(Entity, Offset)> = None;
        for glob in globs {
            let Bound::Star(import) = glob.target else { continue };
            if besides == Some(facts.imports[import.index()].at) {
                continue;
            }
            let Some(found) = self.through_glob(file, import, name, is_prefix, hops + 1) else { continue };
            match &conditional {
                _ if glob.guard == ALWAYS => return Some(found),
                None => conditional = Some((found, glob.at)),
                Some((first, _)) if *first == found => {}
                Some((_, at)) => {
                    let lines = vec![facts.lines.line(*at), facts.lines.line(glob.at)];
                    return Some(Entity::Open(Unresolved::Ambiguous(name, lines)));
                }
            }
        }
        conditional.map(|(found, _)| found)
    }

    /// `module::name`, from a path that the compiler has let through.
    pub(super) fn module_item(&self, module: ModuleId, name: Name, hops: u32) -> Entity {
        let fact = self.index.modules.get(module);
        match name.as_str() {
            "self" => return Entity::Module(module),
            "super" => return self.module_entity(fact.parent, name),
            _ => {}
        }
        // Whoever writes the path may see what it names.
        if let Some(found) = self.item_of(module, name, Some(module), false, hops) {
            return found;
        }
        let dotted = || fact.name.join_path(name.as_str());
        let Some(file) = fact.file else { return Entity::Open(Unresolved::NotDefined(dotted())) };
        let facts = self.facts(file);
        let has_open_glob = facts.stars_of(fact.scope).iter().any(|binding| {
            let Bound::Star(import) = binding.target else { return false };
            let fact = &facts.imports[import.index()];
            matches!(self.glob_target(file, import, fact, hops + 1), Entity::External(_))
        });
        match () {
            () if has_open_glob => Entity::External(dotted()),
            // A macro may have made it.
            () if facts
                .item_macros
                .iter()
                .any(|item| !item.in_body && !self.index.modules.is_read(file, item)) =>
            {
                Entity::Open(Unresolved::Dynamic(dotted()))
            }
            () => Entity::Open(Unresolved::NotDefined(dotted())),
        }
    }

    /// What a `use` binds; `use name` is the path to the whole of a crate or module.
    pub(super) fn used(&self, file: FileId, import: ImportIdx, hops: u32) -> Entity {
        if let Some(known) = self.uses.borrow().get(&(file, import)) {
            return known.clone();
        }
        let fact = self.facts(file).imports[import.index()];
        let module = self.use_path(file, &fact, hops);
        let found = match fact.what {
            Imported::Name(name) => self.attribute(&module, name, hops + 1),
            Imported::Module | Imported::ModuleAs | Imported::Dynamic | Imported::Star => module,
        };
        self.remember(file, import, &found);
        found
    }

    /// The module or type that a `use` goes through, without its last segment.
    fn use_path(&self, file: FileId, fact: &Import, hops: u32) -> Entity {
        if hops > MAX_HOPS || !self.burn() {
            return Entity::Open(Unresolved::Circular(fact.module));
        }
        let mut segments = fact.module.as_str().split('.').filter(|segment| !segment.is_empty());
        let place = Place { file, scope: fact.scope, at: fact.at, guard: fact.guard };
        let mut entity = match segments.next() {
            None => return Entity::Open(Unresolved::NotDefined(fact.module)),
            Some(first) => self.use_root(place, Name::new(first), fact.level > 0, hops),
        };
        for segment in segments {
            entity = self.segment(&entity, Name::new(segment), hops + 1);
        }
        entity
    }

    /// `of::name` where more segments follow.
    fn segment(&self, of: &Entity, name: Name, hops: u32) -> Entity {
        let found = self.attribute(of, name, hops);
        self.as_prefix(of, name, found, hops)
    }

    /// What a name of a module means where more segments follow. One that is a function may be a module or a type as well,
    /// as in `pub mod spawn; pub use spawn::spawn;` (Rust Reference, "Namespaces").
    pub(crate) fn as_prefix(&self, of: &Entity, name: Name, found: Entity, hops: u32) -> Entity {
        match (of, &found) {
            (Entity::Module(module), Entity::Function(function)) if self.is_rust(function.file) => {
                self.item_of(*module, name, Some(*module), true, hops + 1).unwrap_or(found)
            }
            _ => found,
        }
    }

    /// What an import that brings a function brings besides, where more segments follow.
    fn used_as_prefix(&self, file: FileId, binding: &Binding, found: Entity, hops: u32) -> Entity {
        let Bound::Import(import) = binding.target else { return found };
        let fact = self.facts(file).imports[import.index()];
        let Imported::Name(name) = fact.what else { return found };
        let of = self.use_path(file, &fact, hops);
        self.as_prefix(&of, name, found, hops)
    }

    /// The first segment of a `use` path; `is_global` for `::name`.
    fn use_root(&self, place: Place, name: Name, is_global: bool, hops: u32) -> Entity {
        let file = place.file;
        if is_global {
            return self.crate_named(file, name).unwrap_or(Entity::External(name));
        }
        if matches!(name.as_str(), "crate" | "$crate" | "self" | "super" | "Self") {
            return self.path_root(name, place, true, hops + 1);
        }
        if let Some(found) = self.in_scopes(name, place, true, Some(place.at), hops + 1)
            && !matches!(found, Entity::Open(_))
        {
            return found;
        }
        if let Some(found) = self.crate_named(file, name) {
            return found;
        }
        // Before the 2018 edition paths of `use` start at the root of the crate.
        let root = self.crate_of(file, place.scope).filter(|root| self.is_2015(*root));
        let from_root = root.and_then(|root| self.item_of(root, name, Some(root), true, hops + 1));
        from_root.filter(|found| !matches!(found, Entity::Open(_))).unwrap_or(Entity::External(name))
    }

    /// The module of the tree that a `use` comes from.
    pub(super) fn used_module(&self, file: FileId, fact: &Import) -> Target {
        match self.use_path(file, fact, 0) {
            Entity::Module(module) => Target::Found(module),
            Entity::Class(class) => match self.index.source_of(class) {
                Some((file, fact)) => {
                    let module = self.module_of(file, fact.scope);
                    module.map_or(Target::Missing(fact.name), Target::Found)
                }
                None => Target::External(fact.module),
            },
            Entity::External(name) => Target::External(name),
            _ => Target::Missing(fact.module),
        }
    }

    /// What `mod x` declares.
    pub(crate) fn declared_module(&self, file: FileId, declaration: ModuleIdx) -> Entity {
        match self.index.modules.declared_by(file, declaration) {
            Some(module) => Entity::Module(module),
            None => {
                let name = self.facts(file).modules[declaration.index()].name;
                Entity::Open(Unresolved::MissingModule(name))
            }
        }
    }

    fn module_entity(&self, module: Option<ModuleId>, name: Name) -> Entity {
        module.map_or(Entity::Open(Unresolved::NotDefined(name)), Entity::Module)
    }

    /// The module that holds a scope.
    pub(crate) fn module_of(&self, file: FileId, scope: ScopeId) -> Option<ModuleId> {
        self.index.modules.of_scope(file, self.facts(file), scope)
    }

    /// The root module of the crate that holds a scope.
    fn crate_of(&self, file: FileId, scope: ScopeId) -> Option<ModuleId> {
        let mut at = self.module_of(file, scope)?;
        while let Some(parent) = self.index.modules.get(at).parent {
            at = parent;
        }
        Some(at)
    }

    fn is_2015(&self, root: ModuleId) -> bool {
        let modules = &self.index.modules;
        modules.of_2015.contains(&modules.get(root).root)
    }

    fn is_within_module(&self, inner: ModuleId, outer: ModuleId) -> bool {
        let mut at = Some(inner);
        while let Some(module) = at {
            if module == outer {
                return true;
            }
            at = self.index.modules.get(module).parent;
        }
        false
    }

    /// A library crate of the tree by the name that the crate of `file` gives it; the standard library.
    fn crate_named(&self, file: FileId, name: Name) -> Option<Entity> {
        let modules = &self.index.modules;
        let own = modules.of_file(file).map(|module| modules.get(module).root);
        let real = own.and_then(|root| modules.renamed.get(&(root, name))).copied().unwrap_or(name);
        if let Some(&found) = modules.crates.get(&real).and_then(|several| several.first()) {
            return Some(Entity::Module(found));
        }
        match name.as_str() {
            // What `std` re-exports from them is the same under either name.
            "std" | "core" | "alloc" => Some(Entity::External(Name::new("std"))),
            "proc_macro" => Some(Entity::External(name)),
            _ => None,
        }
    }

    /// The type whose definition or `impl` block holds a scope.
    fn type_around(&self, file: FileId, scope: ScopeId) -> Option<crate::link::ClassId> {
        let facts = self.facts(file);
        let mut at = scope;
        loop {
            let here = facts.scopes[at.index()];
            match here.kind {
                ScopeKind::Type(index) => return Some(self.index.class_of(file, index)),
                ScopeKind::Module | ScopeKind::Namespace(_) => return None,
                ScopeKind::Function(_)
                | ScopeKind::Expression
                | ScopeKind::TypeParameters
                | ScopeKind::Block => at = here.parent,
            }
        }
    }
}

/// Whether a binding holds from its place on only.
fn is_local(target: Bound) -> bool {
    matches!(
        target,
        Bound::Value { .. } | Bound::Parameter(_) | Bound::Receiver { .. } | Bound::Opaque | Bound::Deleted
    )
}

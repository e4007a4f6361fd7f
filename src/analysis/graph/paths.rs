//! Rust: which modules name items of which others, in `use` and in paths.
//!
//! Modules of a crate are compiled as one, so nothing is loaded and order is no matter. An edge leads to the
//! module that defines what is named, not to one that re-exports it: `use crate::Manager` depends on
//! `crate::manager`. A `mod` item is structure, no use.

use rustc_hash::{FxHashMap, FxHashSet};

use super::Phase;
use super::imports::Found;
use crate::facts::{Bound, FileFacts, GuardId, ImportIdx, Imported, Name, ScopeId, Step};
use crate::link::modules::ModuleId;
use crate::link::resolve::{Entity, Resolver, Target};
use crate::link::{FileId, Index};
use crate::text::Offset;

/// How many re-exports of one name are followed.
const MAX_REEXPORTS: u32 = 16;

/// The uses that one file makes of modules of the tree.
pub(super) fn uses_of_file(index: &Index, file: FileId) -> Vec<Found> {
    let facts = &index.file(file).facts;
    let mut walk = Walk {
        index,
        resolver: Resolver::new(index),
        file,
        facts,
        items: FxHashMap::default(),
        found: Vec::new(),
    };
    for (position, import) in facts.imports.iter().enumerate() {
        let to = walk.used_module(ImportIdx::at(position), import.what);
        walk.push(import.scope, import.guard, import.at, to);
    }
    // Paths in code that go through modules: `crate::manager::connect(…)`.
    let mut seen: FxHashSet<(ScopeId, ModuleId, GuardId)> = FxHashSet::default();
    // Whether a root means a module is the same for all chains from it.
    let mut modules: Vec<Option<Option<ModuleId>>> = vec![None; facts.roots.len()];
    for chain in &facts.chains {
        let steps = &facts.steps[chain.steps.range()];
        if !matches!(steps.first(), Some(Step::Attribute(..))) {
            continue;
        }
        let root_module =
            *modules[chain.root.index()].get_or_insert_with(|| match walk.resolver.root_of(file, chain, 0) {
                Entity::Module(module) => Some(module),
                _ => None,
            });
        let Some(root_module) = root_module else { continue };
        let mut entity = Entity::Module(root_module);
        let mut at = chain.at;
        for step in steps {
            let (&Entity::Module(module), Step::Attribute(name, place)) = (&entity, step) else { break };
            entity = walk.item_of(module, *name);
            at = *place;
        }
        let root = facts.root_of(chain);
        let to = walk.home_of(&entity);
        // Each module names another one once under each condition; the first place stands for all.
        if let Some(to) = to
            && at != chain.at
            && seen.insert((facts.module_scope(root.scope), to, chain.guard))
        {
            walk.push(root.scope, chain.guard, at, Some(to));
        }
    }
    walk.found
}

struct Walk<'i> {
    index: &'i Index,
    resolver: Resolver<'i>,
    file: FileId,
    facts: &'i FileFacts,
    /// Items of modules, as far as they were asked for.
    items: FxHashMap<(ModuleId, Name), Entity>,
    found: Vec<Found>,
}

impl Walk<'_> {
    fn item_of(&mut self, module: ModuleId, name: Name) -> Entity {
        let resolver = &self.resolver;
        let item = || resolver.attribute(&Entity::Module(module), name, 0);
        self.items.entry((module, name)).or_insert_with(item).clone()
    }

    /// The module that defines what a `use` names.
    fn used_module(&self, import: ImportIdx, what: Imported) -> Option<ModuleId> {
        if let Imported::Name(_) = what
            && let Some(home) = self.home_of(&self.resolver.import(self.file, import, 0))
        {
            return Some(home);
        }
        let import = &self.facts.imports[import.index()];
        let Target::Found(mut module) = self.resolver.import_module(self.file, import) else { return None };
        // What a macro or a constant is cannot be followed, but re-exports say where it comes from.
        if let Imported::Name(name) = what {
            for _ in 0..MAX_REEXPORTS {
                let Some(next) = self.reexported_from(module, name) else { break };
                module = next;
            }
        }
        Some(module)
    }

    /// The module that a module takes a name from.
    fn reexported_from(&self, module: ModuleId, name: Name) -> Option<ModuleId> {
        let (file, import) = self.index.modules.parts_of(module).find_map(|(file, scope)| {
            let facts = &self.index.file(file).facts;
            facts.bindings_of(scope, name).iter().find_map(|binding| match binding.target {
                Bound::Import(import) => Some((file, &facts.imports[import.index()])),
                _ => None,
            })
        })?;
        match self.resolver.import_module(file, import) {
            Target::Found(from) if import.what == Imported::Name(name) => Some(from),
            _ => None,
        }
    }

    fn home_of(&self, entity: &Entity) -> Option<ModuleId> {
        match entity {
            Entity::Module(module) => Some(*module),
            Entity::Class(class) | Entity::Variant(class, _) => {
                let (file, fact) = self.index.source_of(*class)?;
                self.resolver.module_of(file, fact.scope)
            }
            Entity::Function(function) => {
                let scope = self.index.function(*function).scope;
                self.resolver.module_of(function.file, scope)
            }
            _ => None,
        }
    }

    fn push(&mut self, scope: ScopeId, guard: GuardId, at: Offset, to: Option<ModuleId>) {
        let from = self.resolver.module_of(self.file, scope);
        let (Some(from), Some(to)) = (from, to) else { return };
        // A module in place is a part of the one around it: `mod tests { use super::*; }`.
        if from == to || !self.index.modules.get(to).is_in_tree || self.is_part_of(from, to) {
            return;
        }
        let is_test = self.facts.is_guarded_for_tests(guard)
            || self.facts.is_for_tests(scope)
            || self.index.file(self.file).role == crate::source::FileRole::Test;
        let phase = if is_test { Phase::Test } else { Phase::Load };
        let condition = self.index.condition_of(self.file, guard, scope);
        self.found.push(Found { from, to, phase, implicit: false, at, condition });
    }

    /// Whether `inner` stands in place within `outer`.
    fn is_part_of(&self, inner: ModuleId, outer: ModuleId) -> bool {
        let module = self.index.modules.get(inner);
        module.parent == Some(outer) && module.file == self.index.modules.get(outer).file
    }
}

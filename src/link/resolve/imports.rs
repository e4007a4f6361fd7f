//! Imports → modules and their members: the tree's, the standard library's, the environment's.

use super::liveness::Life;
use super::{Entity, MAX_HOPS, Resolver, Site, SpecialBase};
use crate::facts::{ALWAYS, Bound, ExportList, Import, ImportIdx, Imported, MODULE_SCOPE, Name};
use crate::link::library::{LibraryEntry, LibraryModuleId};
use crate::link::modules::ModuleId;
use crate::link::{FileId, OutsideState, Unresolved};

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

impl Resolver<'_> {
    /// What an import binds.
    #[must_use]
    pub fn import(&self, file: FileId, import: ImportIdx, hops: u32) -> Entity {
        self.start(hops);
        if self.is_rust(file) {
            return self.used(file, import, hops);
        }
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

    pub(super) fn target_entity(&self, target: Target) -> Entity {
        match target {
            Target::Found(module) => Entity::Module(module),
            Target::Library(module) => Entity::LibraryModule(module),
            Target::Missing(name) => Entity::Open(Unresolved::MissingModule(name)),
            Target::Compiled(name) => Entity::Open(Unresolved::Compiled(name)),
            Target::External(name) => Entity::External(name),
        }
    }

    pub(super) fn member_of_target(&self, target: Target, name: Name, hops: u32) -> Entity {
        match target {
            Target::Found(module) => self.member(module, name, hops),
            Target::Library(module) => self.library_member(module, name),
            Target::Missing(module) => Entity::Open(Unresolved::MissingModule(module)),
            Target::Compiled(module) => Entity::Open(Unresolved::Compiled(module.join(name.as_str()))),
            Target::External(module) => Entity::External(module.join(name.as_str())),
        }
    }

    pub(super) fn library_member(&self, module: LibraryModuleId, name: Name) -> Entity {
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
        if self.is_rust(file) {
            return self.used_module(file, import);
        }
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
        // Of several modules of one name that in the root of `from` is meant.
        self.index.tracing.note_file(from);
        self.index.tracing.note_name(name);
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
        if fact.language == crate::source::Language::Rust {
            return self.module_item(module, name, hops);
        }
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

    pub(super) fn submodule(&self, package: ModuleId, name: Name) -> Option<Entity> {
        if let Some(child) = self.index.child(package, name) {
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
    pub(super) fn through_stars(&self, file: FileId, name: Name, hops: u32) -> Option<Entity> {
        if hops > MAX_HOPS {
            return None;
        }
        let facts = self.facts(file);
        for binding in facts.star_bindings().iter().rev() {
            let Bound::Star(import) = binding.target else { continue };
            let life = self.liveness(file, binding.guard, binding.at, ALWAYS, hops);
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
    pub(super) fn star_member(
        &self,
        file: FileId,
        import: ImportIdx,
        name: Name,
        hops: u32,
    ) -> Option<Entity> {
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
    pub(super) fn star_exports(&self, module: ModuleId, name: Name) -> bool {
        let Some(file) = self.index.modules.get(module).file else { return false };
        let facts = self.facts(file);
        match facts.export_list {
            ExportList::Literal => facts.exports.iter().any(|export| export.name == name),
            ExportList::Dynamic | ExportList::Absent => !name.as_str().starts_with('_'),
        }
    }

    pub(super) fn library_submodule(&self, module: LibraryModuleId, name: Name) -> Option<LibraryModuleId> {
        let library = &self.index.library;
        library.module(library.module_name(module).join(name.as_str()))
    }
}

pub(super) fn special_base(module: Name, level: u32, name: Name) -> Option<SpecialBase> {
    if level > 0 || !matches!(module.as_str(), "typing" | "typing_extensions") {
        return None;
    }
    match name.as_str() {
        "NamedTuple" => Some(SpecialBase::NamedTuple),
        "TypedDict" => Some(SpecialBase::TypedDict),
        _ => None,
    }
}

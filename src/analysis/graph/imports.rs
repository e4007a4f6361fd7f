//! The imports of each file → which module CPython loads for them, and when.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Phase, paths, runs_later};
use crate::facts::{Bound, FileFacts, GuardId, GuardKind, Import, Imported, MODULE_SCOPE, Name};
use crate::link::changes::{Changes, Moved};
use crate::link::modules::ModuleId;
use crate::link::resolve::{Entity, Resolver, Target};
use crate::link::{FileId, Index, Kept};
use crate::source::Language;
use crate::text::Offset;

/// The imports of one file.
#[derive(Debug, Clone, Default)]
pub(super) struct FileImports(pub(super) Vec<Found>);

impl Moved for FileImports {
    fn moved(&self, changes: &Changes) -> Option<Self> {
        Self::may_stay(changes).then(|| self.clone())
    }

    /// Modules have other ids as soon as one comes or goes, and what a module stands in is read from all of them.
    fn may_stay(changes: &Changes) -> bool {
        changes.are_modules_same()
    }
}

/// An import of one module of the tree by another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) from: ModuleId,
    pub(super) to: ModuleId,
    pub(super) phase: Phase,
    pub(super) implicit: bool,
    pub(super) at: Offset,
    pub(super) condition: Option<Name>,
}

/// The imports of each file of the tree; none for files that no import can reach.
pub(super) fn imports_of_tree(index: &Index, before: Option<&Kept<FileImports>>) -> Kept<FileImports> {
    let parents = parents_of(index);
    let submodules: FxHashSet<(Name, Name)> =
        index.modules.all.iter().filter_map(|module| split(module.name)).collect();
    let shadowed: FxHashSet<FileId> = index.modules.shadowed.iter().copied().collect();
    Kept::of(index, before, |file| match index.modules.of_file(file) {
        _ if index.file(file).language == Language::Rust => FileImports(paths::uses_of_file(index, file)),
        // A stub beside its source tells the module a second time; the source is what runs.
        Some(module) if !shadowed.contains(&file) && index.modules.get(module).file == Some(file) => {
            let importer = Importer { index, parents: &parents, submodules: &submodules, file, module };
            FileImports(importer.imports())
        }
        Some(_) | None => FileImports::default(),
    })
}

/// The package that holds each module of the tree, by [`ModuleId`].
fn parents_of(index: &Index) -> Vec<Option<ModuleId>> {
    let all = &index.modules.all;
    let in_tree = || all.iter().enumerate().filter(|(_, module)| module.is_in_tree);
    let mut by_name: FxHashMap<Name, Vec<ModuleId>> = FxHashMap::default();
    for (at, module) in in_tree() {
        by_name.entry(module.name).or_default().push(ModuleId(at as u32));
    }
    let mut parents = vec![None; all.len()];
    for (at, module) in in_tree() {
        let Some((parent, _)) = split(module.name) else { continue };
        let several = by_name.get(&parent).map_or(&[][..], Vec::as_slice);
        let same_root = several.iter().find(|id| index.modules.get(**id).root == module.root);
        parents[at] = same_root.or(several.first()).copied();
    }
    parents
}

/// `a.b.c` → `a.b` and `c`.
fn split(name: Name) -> Option<(Name, Name)> {
    let (parent, last) = name.as_str().rsplit_once('.')?;
    Some((Name::new(parent), Name::new(last)))
}

struct Importer<'i> {
    index: &'i Index,
    parents: &'i [Option<ModuleId>],
    /// Package and last segment of every module: tells without a new name whether there is a submodule.
    submodules: &'i FxHashSet<(Name, Name)>,
    file: FileId,
    module: ModuleId,
}

impl Importer<'_> {
    fn imports(&self) -> Vec<Found> {
        let facts = self.facts();
        let mut found = Vec::with_capacity(facts.imports.len());
        // The names of one statement come from one module.
        let mut last: Option<((u32, Name), Option<ModuleId>)> = None;
        for import in &facts.imports {
            let Some(phase) = self.phase(import) else { continue };
            let key = (import.level, import.module);
            let named = match last {
                Some((known, named)) if known == key => named,
                Some(_) | None => self.named_module(import),
            };
            last = Some((key, named));
            let Some(named) = named else { continue };
            let target = match import.what {
                Imported::Name(name) => self.submodule(named, name, import.at).unwrap_or(named),
                Imported::Module | Imported::ModuleAs | Imported::Star | Imported::Dynamic => named,
            };
            self.push(&mut found, target, phase, false, import.at);
            self.push_ancestors(&mut found, target, phase, import.at);
            if import.what == Imported::Star {
                self.push_exported_submodules(&mut found, named, phase, import.at);
            }
        }
        found
    }

    fn facts(&self) -> &FileFacts {
        &self.index.file(self.file).facts
    }

    /// When an import runs; `None` if never on this target.
    fn phase(&self, import: &Import) -> Option<Phase> {
        let facts = self.facts();
        let mut phase = if runs_later(facts, import.scope) { Phase::Local } else { Phase::Load };
        if self.index.file(self.file).language == Language::PythonStub {
            phase = Phase::Typing;
        }
        for (_, guard) in facts.guards_of(import.guard) {
            match guard.kind {
                GuardKind::Known(false) => return None,
                GuardKind::TypeChecking => phase = Phase::Typing,
                GuardKind::Main if phase == Phase::Load => phase = Phase::Local,
                GuardKind::Main
                | GuardKind::Config { .. }
                | GuardKind::Always
                | GuardKind::Known(true)
                | GuardKind::Runtime
                | GuardKind::Branch { .. }
                | GuardKind::TryBody { .. }
                | GuardKind::ImportHandler
                | GuardKind::Handler
                | GuardKind::TryElse
                | GuardKind::Loop => {}
            }
        }
        Some(if import.what == Imported::Dynamic { Phase::Dynamic } else { phase })
    }

    /// The module of the tree that an import names: what stands between `from` and `import`.
    fn named_module(&self, import: &Import) -> Option<ModuleId> {
        let found = Resolver::new(self.index).import_module(self.file, import);
        let Target::Found(module) = found else { return None };
        self.index.modules.get(module).is_in_tree.then_some(module)
    }

    /// The submodule that `from package import name` gives. CPython takes the package's attribute
    /// first and looks for a submodule only where there is none (`_handle_fromlist`).
    fn submodule(&self, package: ModuleId, name: Name, at: Offset) -> Option<ModuleId> {
        if !self.submodules.contains(&(self.index.modules.get(package).name, name)) {
            return None;
        }
        let child = self.index.child(package, name)?;
        let is_own = package == self.module;
        let Some(file) = self.index.modules.get(package).file else { return Some(child) };
        let facts = &self.index.file(file).facts;
        let before = if is_own { at } else { Offset::MAX };
        if !self.may_bind_otherwise(file, package, facts, name, before) {
            return Some(child);
        }
        let attribute = Resolver::new(self.index).member(package, name, 0);
        (attribute == Entity::Module(child)).then_some(child)
    }

    /// Whether a package's own code may bind `name` to something else than its submodule.
    fn may_bind_otherwise(
        &self,
        file: FileId,
        package: ModuleId,
        facts: &FileFacts,
        name: Name,
        before: Offset,
    ) -> bool {
        let is_own_submodule = |target: Bound| {
            // `from . import n` in `p/__init__.py`
            let Bound::Import(import) = target else { return false };
            let import = &facts.imports[import.index()];
            let from = match import.level {
                0 => Some(import.module),
                _ => Resolver::new(self.index).relative_name(file, import),
            };
            import.what == Imported::Name(name) && from == Some(self.index.modules.get(package).name)
        };
        let named = facts.bindings_of(MODULE_SCOPE, name).iter();
        let starred = facts.star_bindings().iter();
        let mut bindings = named.chain(starred).filter(|binding| binding.at < before);
        let has_getattr = || !facts.bindings_of(MODULE_SCOPE, Name::new("__getattr__")).is_empty();
        bindings.any(|binding| {
            !is_own_submodule(binding.target)
                // Names for type checkers alone bind nothing, unless `__getattr__` delivers them.
                && (may_run(facts, binding.guard) || has_getattr())
        })
    }

    /// The packages whose `__init__` CPython runs on the way. Those of the importing module have run.
    fn push_ancestors(&self, found: &mut Vec<Found>, target: ModuleId, phase: Phase, at: Offset) {
        for ancestor in self.ancestors(target) {
            let has_run = ancestor == self.module || self.ancestors(self.module).any(|own| own == ancestor);
            if !has_run && self.index.modules.get(ancestor).file.is_some() {
                self.push(found, ancestor, phase, true, at);
            }
        }
    }

    /// `from p import *` loads the submodules that `p.__all__` lists and `p` does not bind.
    fn push_exported_submodules(&self, found: &mut Vec<Found>, package: ModuleId, phase: Phase, at: Offset) {
        let Some(file) = self.index.modules.get(package).file else { return };
        for export in &self.index.file(file).facts.exports {
            if let Some(child) = self.submodule(package, export.name, at) {
                self.push(found, child, phase, true, at);
            }
        }
    }

    fn push(&self, found: &mut Vec<Found>, to: ModuleId, phase: Phase, implicit: bool, at: Offset) {
        if to != self.module {
            found.push(Found { from: self.module, to, phase, implicit, at, condition: None });
        }
    }

    fn ancestors(&self, module: ModuleId) -> impl Iterator<Item = ModuleId> {
        let parent = |id: &ModuleId| self.parents[id.0 as usize];
        std::iter::successors(parent(&module), parent)
    }
}

/// Whether code under a guard may run when the module is imported.
fn may_run(facts: &FileFacts, guard: GuardId) -> bool {
    facts.guards_of(guard).all(|(_, guard)| match guard.kind {
        GuardKind::Known(false) | GuardKind::TypeChecking | GuardKind::Main => false,
        GuardKind::Always
        | GuardKind::Config { .. }
        | GuardKind::Known(true)
        | GuardKind::Runtime
        | GuardKind::Branch { .. }
        | GuardKind::TryBody { .. }
        | GuardKind::ImportHandler
        | GuardKind::Handler
        | GuardKind::TryElse
        | GuardKind::Loop => true,
    })
}

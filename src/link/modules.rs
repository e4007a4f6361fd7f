//! Files → modules: package roots, dotted names, look-up by name.
//!
//! A file's dotted name depends on where `sys.path` points. Candidates come from the folders
//! (`__init__.py`, project files, `src/`); the imports of the tree itself decide between them.

mod naming;

use std::path::PathBuf;

use rustc_hash::{FxHashMap, FxHashSet};

use self::naming::{Named, Naming};
use super::FileId;
use crate::facts::{FileFacts, ItemMacro, MODULE_SCOPE, ModuleIdx, Name, ScopeId};
use crate::source::Language;
use crate::text::Offset;

/// Index into [`Modules::all`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleId(pub u32);

/// A module or package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// Dotted name.
    pub name: Name,
    /// Its file; a namespace package has none.
    pub file: Option<FileId>,
    /// Whether it is a package.
    pub is_package: bool,
    /// Whether it lies in the scanned tree, not in the environment.
    pub is_in_tree: bool,
    /// Position of its `sys.path` folder, or of its crate's first file, among [`Modules::roots`].
    pub root: u32,
    /// Its language.
    pub language: Language,
    /// The scope that holds its names: the file's own, but for a module in place.
    pub scope: ScopeId,
    /// The module that declares it, where modules are declared.
    pub parent: Option<ModuleId>,
    /// The condition of compilation that it or a module around it is declared under.
    pub condition: Option<Name>,
}

impl Module {
    fn python(name: Name, is_package: bool, is_in_tree: bool, root: u32) -> Self {
        Self {
            name,
            file: None,
            is_package,
            is_in_tree,
            root,
            language: Language::Python,
            scope: MODULE_SCOPE,
            parent: None,
            condition: None,
        }
    }
}

/// All modules that are known.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Modules {
    /// In the order of the files, then namespaces, then what the environment added.
    pub all: Vec<Module>,
    /// The folders that `sys.path` would hold, and the first files of crates, relative to the root of the scan.
    pub roots: Vec<PathBuf>,
    /// Files that no import can reach: `x.py` beside a package `x/`, a Rust file that no `mod` declares.
    pub shadowed: Vec<FileId>,
    /// Files that are compiled for tests alone: `#[cfg(test)] mod tests;`.
    pub only_for_tests: Vec<FileId>,
    /// Files that `include!` puts into modules, by the file and the place where it stands.
    pub included: FxHashMap<(FileId, Offset), FileId>,
    /// Files that `include!` puts into a body and that are no list of items there: an expression, as a rule.
    pub fragments: FxHashSet<FileId>,
    /// The files that make up a module beside its own.
    pub(super) more_files: FxHashMap<ModuleId, Vec<FileId>>,
    /// Declared modules whose file is not there.
    pub without_file: Vec<(FileId, ModuleIdx)>,
    pub(super) crates: FxHashMap<Name, Vec<ModuleId>>,
    /// Names that packages of the tree give to crates they depend on, by crate.
    pub(super) renamed: FxHashMap<(u32, Name), Name>,
    /// Crates of the 2015 edition.
    pub(super) of_2015: FxHashSet<u32>,
    pub(super) declared: FxHashMap<(FileId, ModuleIdx), ModuleId>,
    pub(super) in_place: FxHashMap<(FileId, ScopeId), ModuleId>,
    by_name: FxHashMap<Name, Vec<ModuleId>>,
    /// Modules by folder and stem, for `import sibling` in a folder of scripts that is no package.
    pub(super) by_place: FxHashMap<(Name, Name), ModuleId>,
    folder_of_file: Vec<Name>,
    pub(super) of_file: Vec<Option<ModuleId>>,
}

/// A file as far as its place is concerned.
pub struct Place<'a> {
    /// Relative path with `/`.
    pub display: &'a str,
    /// Its language.
    pub language: Language,
    /// What it imports decides what its neighbours are called.
    pub facts: &'a FileFacts,
}

/// What is known of the folders of the tree.
pub struct Layout<'a> {
    /// Folders with a project file, relative to the root of the scan.
    pub projects: &'a [PathBuf],
    /// The root of the scan, for packages that reach above it.
    pub above: &'a [String],
}

impl Modules {
    /// Names the modules of a tree.
    #[must_use]
    pub fn of_tree(files: &[Place<'_>], layout: &Layout<'_>) -> Self {
        let naming = Naming::new(files, layout);
        let mut modules = Self::default();
        let mut roots: FxHashMap<Name, u32> = FxHashMap::default();
        let mut claims: FxHashMap<(u32, Name), ModuleId> = FxHashMap::default();
        for (index, named) in naming.names_of(files).into_iter().enumerate() {
            let id = FileId(index as u32);
            let Some(Named { name, stem, root, folder, place, is_package }) = named else {
                modules.folder_of_file.push(Name::new(""));
                modules.of_file.push(None);
                continue;
            };
            let root = *roots.entry(root).or_insert_with(|| {
                modules.roots.push(PathBuf::from(root.as_str()));
                modules.roots.len() as u32 - 1
            });
            let module = ModuleId(modules.all.len() as u32);
            modules.folder_of_file.push(folder);
            match claims.get(&(root, name)).copied() {
                None => {
                    claims.insert((root, name), module);
                    modules.by_name.entry(name).or_default().push(module);
                }
                Some(earlier) => {
                    let shadowed = modules.settle_claim(earlier, id, files, is_package);
                    modules.shadowed.extend(shadowed);
                    if let Some(first) = shadowed.filter(|file| *file != id) {
                        modules.of_file[first.0 as usize] = None;
                    }
                    modules.of_file.push((shadowed != Some(id)).then_some(earlier));
                    continue;
                }
            }
            modules.of_file.push(Some(module));
            modules.all.push(Module { file: Some(id), ..Module::python(name, is_package, true, root) });
            if let Some(place) = place {
                modules.by_place.entry((place, stem)).or_insert(module);
            }
        }
        modules.add_namespaces();
        modules
    }

    /// Two files claim one name: a package wins over a module, a source over a stub. Gives the file
    /// that nothing can import, if it is not just a stub beside its source.
    fn settle_claim(
        &mut self,
        earlier: ModuleId,
        later: FileId,
        files: &[Place<'_>],
        later_is_package: bool,
    ) -> Option<FileId> {
        let module = &mut self.all[earlier.0 as usize];
        let first = module.file?;
        let (a, b) = (&files[first.0 as usize], &files[later.0 as usize]);
        if module.is_package == later_is_package {
            // `x.py` and `x.pyi`: the source is what runs.
            if a.language == Language::PythonStub && b.language == Language::Python {
                module.file = Some(later);
            }
            return None;
        }
        let (winner, loser) = if later_is_package { (later, first) } else { (first, later) };
        module.file = Some(winner);
        module.is_package = true;
        (files[loser.0 as usize].language == Language::Python).then_some(loser)
    }

    /// Every dotted prefix that is no module itself is a namespace package (PEP 420).
    fn add_namespaces(&mut self) {
        let known: Vec<(Name, u32, bool)> = self.all.iter().map(|m| (m.name, m.root, m.is_in_tree)).collect();
        for (name, root, is_in_tree) in known {
            self.add_namespaces_of(name, root, is_in_tree);
        }
    }

    fn add_namespaces_of(&mut self, name: Name, root: u32, is_in_tree: bool) {
        let mut text = name.as_str();
        while let Some((parent, _)) = text.rsplit_once('.') {
            let parent_name = Name::new(parent);
            if self.by_name.contains_key(&parent_name) {
                break;
            }
            self.push(Module::python(parent_name, true, is_in_tree, root));
            text = parent;
        }
    }

    fn push(&mut self, module: Module) -> ModuleId {
        let id = ModuleId(self.all.len() as u32);
        self.by_name.entry(module.name).or_default().push(id);
        self.all.push(module);
        id
    }

    /// Adds a module of the environment.
    pub fn add_outside(&mut self, name: Name, file: Option<FileId>, is_package: bool) -> ModuleId {
        let id = self.push(Module { file, ..Module::python(name, is_package, false, u32::MAX) });
        if let Some(file) = file {
            self.of_file.resize(file.0 as usize + 1, None);
            self.folder_of_file.resize(file.0 as usize + 1, Name::new(""));
            self.of_file[file.0 as usize] = Some(id);
        }
        id
    }

    /// The module of a file; none for a file that a package shadows.
    #[must_use]
    pub fn of_file(&self, file: FileId) -> Option<ModuleId> {
        self.of_file.get(file.0 as usize).copied().flatten()
    }

    /// The module that holds a scope: its file's, or one that stands in place there.
    #[must_use]
    pub fn of_scope(&self, file: FileId, facts: &FileFacts, scope: ScopeId) -> Option<ModuleId> {
        if self.in_place.is_empty() {
            return self.of_file(file);
        }
        let scope = facts.module_scope(scope);
        self.in_place.get(&(file, scope)).copied().or_else(|| self.of_file(file))
    }

    /// The scopes that hold a module's names: that of its own file first, then those of files that it includes.
    pub fn parts_of(&self, id: ModuleId) -> impl Iterator<Item = (FileId, ScopeId)> {
        let module = self.get(id);
        let included = self.more_files.get(&id).into_iter().flatten();
        module
            .file
            .map(|file| (file, module.scope))
            .into_iter()
            .chain(included.map(|file| (*file, MODULE_SCOPE)))
    }

    /// Whether what a macro makes is known.
    #[must_use]
    pub fn is_read(&self, file: FileId, item: &ItemMacro) -> bool {
        item.is_read || self.included.contains_key(&(file, item.at))
    }

    /// Whether a module is made up of several files.
    #[must_use]
    pub fn has_more_files(&self, id: ModuleId) -> bool {
        !self.more_files.is_empty() && self.more_files.contains_key(&id)
    }

    /// The names of the library crates of the tree.
    pub fn crate_names(&self) -> impl Iterator<Item = Name> {
        self.crates.keys().copied()
    }

    /// The module that a declaration brings.
    #[must_use]
    pub fn declared_by(&self, file: FileId, declaration: ModuleIdx) -> Option<ModuleId> {
        self.declared.get(&(file, declaration)).copied()
    }

    /// A module by id.
    #[must_use]
    pub fn get(&self, id: ModuleId) -> &Module {
        &self.all[id.0 as usize]
    }

    /// The module that `import name` in `from` finds: in its own root first, then in the others.
    #[must_use]
    pub fn find(&self, name: Name, from: FileId) -> Option<ModuleId> {
        match self.by_name.get(&name).map(Vec::as_slice) {
            Some([single]) => Some(*single),
            Some(several) => {
                let own_root = self.of_file(from).map(|id| self.get(id).root);
                let in_own_root = several.iter().find(|id| Some(self.get(**id).root) == own_root);
                in_own_root.or(several.first()).copied()
            }
            None => None,
        }
    }

    /// The module beside `from`, as a script that is run finds it. Files of a package have no such
    /// neighbours: `import abc` in `pkg/x.py` is never `pkg/abc.py`.
    #[must_use]
    pub fn sibling(&self, name: Name, from: FileId) -> Option<ModuleId> {
        let folder = *self.folder_of_file.get(from.0 as usize)?;
        self.by_place.get(&(folder, name)).copied()
    }

    /// What the submodule `name` of a package would be called; none of what is no package.
    pub(super) fn name_of_child(&self, package: ModuleId, name: Name) -> Option<Name> {
        let parent = self.get(package);
        (parent.is_package && parent.language.is_python()).then(|| parent.name.join(name.as_str()))
    }

    /// The submodule of a package that is called so in full.
    pub(super) fn child(&self, package: ModuleId, name: Name) -> Option<ModuleId> {
        let root = self.get(package).root;
        let several = self.by_name.get(&name)?;
        let same_root = several.iter().find(|id| self.get(**id).root == root);
        same_root.or(several.first()).copied()
    }

    /// The modules of this name, in the order in which they are found.
    pub(super) fn named(&self, name: Name) -> &[ModuleId] {
        self.by_name.get(&name).map_or(&[], Vec::as_slice)
    }

    /// The first segments of the tree's Python module names.
    #[must_use]
    pub fn top_level(&self) -> FxHashSet<Name> {
        let in_tree = self.all.iter().filter(|module| module.is_in_tree && module.language.is_python());
        in_tree.map(|m| Name::new(m.name.as_str().split('.').next().unwrap_or_default())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::{self, Target};

    #[track_caller]
    fn check(files: &[(&str, &str)], projects: &[&str], expected: &[&str]) {
        let facts: Vec<FileFacts> =
            files.iter().map(|(_, text)| lang::facts(text, Language::Python, Target::default())).collect();
        let places: Vec<Place<'_>> = files
            .iter()
            .zip(&facts)
            .map(|((display, _), facts)| Place { display, language: Language::Python, facts })
            .collect();
        let projects: Vec<PathBuf> = projects.iter().map(PathBuf::from).collect();
        let modules = Modules::of_tree(&places, &Layout { projects: &projects, above: &[] });
        let names: Vec<&str> = (0..files.len())
            .map(|index| {
                modules.of_file(FileId(index as u32)).map_or("-", |id| modules.get(id).name.as_str())
            })
            .collect();
        assert_eq!(names, expected);
    }

    #[test]
    fn packages_are_named_from_below_their_topmost_init() {
        check(&[("a/b/__init__.py", ""), ("a/b/c.py", "")], &[], &["b", "b.c"]);
        check(&[("src/p/__init__.py", ""), ("src/p/q.py", "")], &[""], &["p", "p.q"]);
    }

    #[test]
    fn the_trees_own_imports_tell_namespace_packages_from_path_folders() {
        let files = [("ns/p/__init__.py", ""), ("ns/p/q.py", "from ns.p import x")];
        check(&files, &[""], &["ns.p", "ns.p.q"]);
        let files = [("app/core/manager.py", ""), ("main.py", "from app.core.manager import M")];
        check(&files, &[], &["app.core.manager", "main"]);
    }

    #[test]
    fn a_module_beside_a_package_of_its_name_is_dead() {
        check(&[("x.py", ""), ("x/__init__.py", "")], &[], &["-", "x"]);
    }

    #[test]
    fn each_project_of_a_monorepo_has_its_own_root() {
        let files = [("s/a/src/p/__init__.py", ""), ("s/b/src/p/__init__.py", ""), ("s/b/src/p/m.py", "")];
        check(&files, &["s/a", "s/b"], &["p", "p", "p.m"]);
    }
}

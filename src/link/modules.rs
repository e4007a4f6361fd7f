//! Files → modules: package roots, dotted names, look-up by name.
//!
//! A file's dotted name depends on where `sys.path` points. Candidates come from the folders
//! (`__init__.py`, project files, `src/`); the imports of the tree itself decide between them.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use rustc_hash::{FxHashMap, FxHashSet};

use super::FileId;
use crate::facts::{FileFacts, Imported, MODULE_SCOPE, ModuleIdx, Name, ScopeId};
use crate::source::Language;

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
        let mut above = Above::default();
        let mut modules = Self::default();
        let mut roots: BTreeMap<PathBuf, u32> = BTreeMap::new();
        let mut claims: FxHashMap<(u32, Name), ModuleId> = FxHashMap::default();
        for (index, file) in files.iter().enumerate() {
            let id = FileId(index as u32);
            if !file.language.is_python() {
                modules.folder_of_file.push(Name::new(""));
                modules.of_file.push(None);
                continue;
            }
            let (dotted, is_package) = naming.name_of(file, &mut above);
            let next = roots.len() as u32;
            let root = match roots.get(&above.root) {
                Some(root) => *root,
                None => *roots.entry(above.root.clone()).or_insert(next),
            };
            let name = Name::new(&dotted);
            let module = ModuleId(modules.all.len() as u32);
            let folder = file.display.rsplit_once('/').map_or("", |(folder, _)| folder);
            modules.folder_of_file.push(Name::new(folder));
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
            let stem = Name::new(dotted.rsplit('.').next().unwrap_or(&dotted));
            let place = if is_package { parent_folder(folder) } else { folder };
            if !naming.packages.contains(place) {
                modules.by_place.entry((Name::new(place), stem)).or_insert(module);
            }
        }
        let mut ordered: Vec<(PathBuf, u32)> = roots.into_iter().collect();
        ordered.sort_by_key(|(_, position)| *position);
        modules.roots = ordered.into_iter().map(|(path, _)| path).collect();
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

/// Chooses, for each folder, the `sys.path` folder that its files are imported from.
struct Naming {
    packages: FxHashSet<String>,
    projects: Vec<PathBuf>,
    above: Vec<String>,
    /// How often each first segment is imported absolutely in the tree.
    imported: FxHashMap<Name, u32>,
    /// `src` folders and the like below a project.
    source_folders: FxHashSet<PathBuf>,
}

/// What is the same for all files of a folder.
#[derive(Default)]
struct Above {
    folder: Option<PathBuf>,
    /// The `sys.path` folder.
    root: PathBuf,
    /// Dotted name of the folder, from there.
    dotted: String,
}

impl Naming {
    fn new(files: &[Place<'_>], layout: &Layout<'_>) -> Self {
        let packages = files
            .iter()
            .filter_map(|file| {
                let (folder, name) = file.display.rsplit_once('/').unwrap_or(("", file.display));
                matches!(name, "__init__.py" | "__init__.pyi").then(|| folder.to_owned())
            })
            .collect();
        let mut imported: FxHashMap<Name, u32> = FxHashMap::default();
        for file in files {
            for import in file.facts.imports.iter().filter(|import| import.level == 0) {
                let text = import.module.as_str();
                let first = text.split('.').next().unwrap_or_default();
                // `import app.x` and `from app import y` vote; a bare `import app` may be anything.
                if text.contains('.') || matches!(import.what, Imported::Name(_) | Imported::Star) {
                    *imported.entry(Name::new(first)).or_default() += 1;
                }
            }
        }
        let mut projects: Vec<PathBuf> = layout.projects.to_vec();
        projects.push(PathBuf::new());
        projects.sort_by_key(|path| std::cmp::Reverse(path.components().count()));
        projects.dedup();
        let source_folders = projects
            .iter()
            .flat_map(|project| ["src", "lib", "python"].map(|name| project.join(name)))
            .collect();
        Self { packages, projects, above: layout.above.to_vec(), imported, source_folders }
    }

    /// The dotted name of a file, and whether it is a package. `above` is of the file before, or of none.
    fn name_of(&self, file: &Place<'_>, above: &mut Above) -> (String, bool) {
        let path = Path::new(file.display);
        let folder = path.parent().unwrap_or(Path::new(""));
        // Files come folder by folder.
        if above.folder.as_deref() != Some(folder) {
            *above = self.above(folder);
        }
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let is_package = stem == "__init__";
        let dotted = match above.dotted.as_str() {
            "" => stem.to_owned(),
            above if is_package => above.to_owned(),
            above => format!("{above}.{stem}"),
        };
        (dotted, is_package)
    }

    fn above(&self, folder: &Path) -> Above {
        let root = self.root_of(folder);
        let below = folder.strip_prefix(&root).unwrap_or(folder);
        let mut parts: Vec<&str> = Vec::new();
        // A scan that starts inside a package: its name begins above the root of the scan.
        if root.as_os_str().is_empty() {
            parts.extend(self.above.iter().map(String::as_str));
        }
        parts.extend(below.components().filter_map(|component| match component {
            Component::Normal(part) => part.to_str(),
            _ => None,
        }));
        Above { folder: Some(folder.to_path_buf()), dotted: parts.join("."), root }
    }

    fn root_of(&self, folder: &Path) -> PathBuf {
        let is_package = |folder: &Path| folder.to_str().is_some_and(|f| self.packages.contains(f));
        // Below the topmost `__init__.py` of an unbroken line of packages.
        let mut top = folder;
        while is_package(top) && top != Path::new("") {
            top = top.parent().unwrap_or(Path::new(""));
        }
        let project = self.projects.iter().find(|project| folder.starts_with(project));
        let project = project.map_or(Path::new(""), PathBuf::as_path);
        let source = top.ancestors().find(|up| self.source_folders.contains(*up));
        let far = match source {
            Some(source) if source.starts_with(project) => source,
            _ => project,
        };
        if top == far || !top.starts_with(far) {
            return top.to_path_buf();
        }
        // Between the project and the package lie plain folders: namespace packages, or folders on
        // `sys.path`? Whichever way the tree's own imports spell it.
        let votes = |root: &Path, leaf: &Path| {
            let below = leaf.strip_prefix(root).ok()?;
            let first = below.components().next()?.as_os_str().to_str()?;
            Some(self.imported.get(&Name::new(first)).copied().unwrap_or(0))
        };
        let far_votes = votes(far, folder).unwrap_or(0);
        let is_loose = folder == top;
        if is_loose {
            return if far_votes > 0 || is_dotted_path(folder.strip_prefix(far).unwrap_or(folder)) {
                far.to_path_buf()
            } else {
                top.to_path_buf()
            };
        }
        let near_votes = votes(top, folder).unwrap_or(0);
        if far_votes > near_votes { far.to_path_buf() } else { top.to_path_buf() }
    }
}

fn is_dotted_path(path: &Path) -> bool {
    path.components().all(|component| {
        let text = component.as_os_str().to_str().unwrap_or("-");
        text.chars().all(|c| c.is_alphanumeric() || c == '_')
            && !text.starts_with(|c: char| c.is_ascii_digit())
    })
}

fn parent_folder(folder: &str) -> &str {
    folder.rsplit_once('/').map_or("", |(parent, _)| parent)
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

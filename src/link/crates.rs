//! Rust files → crates and their modules: which file is which module, as `mod` items say it.
//!
//! The compiler starts from the first file of each target and follows `mod x;`, `mod x { … }` and
//! `#[path]` (Rust Reference, "Modules", "Module source filenames").

use rustc_hash::FxHashMap;

use super::FileId;
use super::modules::{Module, ModuleId, Modules, Place};
use crate::facts::{FileFacts, MODULE_SCOPE, ModuleFact, ModuleIdx, Name, ScopeId};
use crate::source::{CrateKind, CrateTarget, Language};

/// Adds the modules of all crates, and of files that belong to none.
pub(super) fn add_crates(modules: &mut Modules, files: &[Place<'_>], targets: &[CrateTarget]) {
    let rust = files.iter().enumerate().filter(|(_, file)| file.language == Language::Rust);
    let by_path: FxHashMap<&str, FileId> = rust.map(|(at, file)| (file.display, FileId(at as u32))).collect();
    if by_path.is_empty() {
        return;
    }
    let mut builder = Builder { modules, files, by_path, crate_root: 0, in_production: Vec::new() };
    builder.in_production = vec![false; files.len()];
    for target in targets {
        let Some(&file) = builder.by_path.get(target.root.as_str()) else { continue };
        let is_test = matches!(target.kind, CrateKind::Test | CrateKind::Bench);
        let id = builder.add_crate(&target.name, file, is_test);
        if target.kind == CrateKind::Library {
            builder.modules.crates.entry(Name::new(&target.name)).or_default().push(id);
        }
        let root = builder.crate_root;
        if target.is_2015 {
            builder.modules.of_2015.insert(root);
        }
        for (alias, name) in &target.renamed {
            builder.modules.renamed.insert((root, Name::new(alias)), Name::new(name));
        }
    }
    builder.add_strays(targets);
    let Builder { in_production, .. } = builder;
    let rust = (0..files.len()).filter(|&at| files[at].language == Language::Rust);
    modules.only_for_tests = rust.filter(|&at| !in_production[at]).map(|at| FileId(at as u32)).collect();
    modules.without_file.sort_unstable();
    modules.without_file.dedup();
}

struct Builder<'m, 'f> {
    modules: &'m mut Modules,
    files: &'f [Place<'f>],
    by_path: FxHashMap<&'f str, FileId>,
    /// Position of the crate at hand among the roots.
    crate_root: u32,
    /// Whether a file is compiled outside of tests, by [`FileId`].
    in_production: Vec<bool>,
}

/// Where the children of a module lie.
#[derive(Clone)]
struct Folder {
    /// Where `mod x;` looks for `x.rs` and `x/mod.rs`.
    children: String,
    /// What `#[path]` is relative to.
    paths: String,
}

impl<'f> Builder<'_, 'f> {
    fn facts(&self, file: FileId) -> &'f FileFacts {
        self.files[file.0 as usize].facts
    }

    fn display(&self, file: FileId) -> &'f str {
        self.files[file.0 as usize].display
    }

    fn add_crate(&mut self, name: &str, file: FileId, is_test: bool) -> ModuleId {
        self.crate_root = self.modules.roots.len() as u32;
        self.modules.roots.push(self.display(file).into());
        let id = self.push(Name::new(name), file, MODULE_SCOPE, None);
        let folder = folder_of(self.display(file)).to_owned();
        self.enter(file, id, &Folder { children: folder.clone(), paths: folder }, is_test);
        id
    }

    fn push(&mut self, name: Name, file: FileId, scope: ScopeId, parent: Option<ModuleId>) -> ModuleId {
        let id = ModuleId(self.modules.all.len() as u32);
        self.modules.all.push(Module {
            name,
            file: Some(file),
            is_package: parent.is_none(),
            is_in_tree: true,
            root: self.crate_root,
            language: Language::Rust,
            scope,
            parent,
            condition: parent.and_then(|parent| self.modules.get(parent).condition),
        });
        id
    }

    /// What a module is declared under holds for all that is in it.
    fn set_condition(&mut self, module: ModuleId, facts: &FileFacts, fact: &ModuleFact) {
        let own = facts.condition(fact.guard);
        if own.is_some() {
            self.modules.all[module.0 as usize].condition = own;
        }
    }

    /// A file is read as a module: its declarations follow. A file that two crates share is of the first.
    fn enter(&mut self, file: FileId, module: ModuleId, folder: &Folder, is_test: bool) {
        self.in_production[file.0 as usize] |= !is_test;
        if self.modules.of_file[file.0 as usize].is_none() {
            self.modules.of_file[file.0 as usize] = Some(module);
        }
        self.declarations(file, MODULE_SCOPE, module, folder, is_test);
    }

    fn declarations(
        &mut self,
        file: FileId,
        scope: ScopeId,
        module: ModuleId,
        folder: &Folder,
        is_test: bool,
    ) {
        self.inclusions(file, scope, module, is_test);
        let facts = self.facts(file);
        for (position, fact) in facts.modules.iter().enumerate() {
            let position = ModuleIdx::at(position);
            // Modules within functions belong to the module around them.
            if facts.module_scope(fact.scope) != scope {
                continue;
            }
            let is_test = is_test || facts.is_guarded_for_tests(fact.guard);
            let name = self.modules.get(module).name.join_path(fact.name.as_str());
            match fact.body {
                Some(body) => {
                    let id = self.push(name, file, body, Some(module));
                    self.set_condition(id, facts, fact);
                    self.modules.in_place.entry((file, body)).or_insert(id);
                    self.modules.declared.entry((file, position)).or_insert(id);
                    let below = joined(&folder.children, fact.path.unwrap_or(fact.name).as_str());
                    let below = Folder { children: below.clone(), paths: below };
                    self.declarations(file, body, id, &below, is_test);
                }
                None => self.declared_file(file, position, fact, name, module, folder, is_test),
            }
        }
    }

    /// Files that `include!` puts into a module: their items are its own (Rust standard library, `include!`). Those that it
    /// puts into a body are seen in the whole module; in code that compiles, nobody else there names them.
    fn inclusions(&mut self, file: FileId, scope: ScopeId, module: ModuleId, is_test: bool) {
        let facts = self.facts(file);
        for item in facts.item_macros.iter().filter(|item| facts.module_scope(item.scope) == scope) {
            let folder = folder_of(self.display(file));
            let path = item.includes.map(|path| joined(folder, path.as_str()));
            let Some(&found) = path.and_then(|path| self.by_path.get(path.as_str())) else { continue };
            if item.in_body && !self.facts(found).errors.is_empty() {
                self.modules.fragments.insert(found);
                self.in_production[found.0 as usize] |= !is_test;
                self.modules.of_file[found.0 as usize].get_or_insert(module);
                continue;
            }
            self.modules.included.insert((file, item.at), found);
            let is_part = self.modules.parts_of(module).any(|(part, _)| part == found);
            if !is_part {
                self.modules.more_files.entry(module).or_default().push(found);
                let folder = folder_of(self.display(found)).to_owned();
                let is_test = is_test || facts.is_guarded_for_tests(item.guard);
                self.enter(found, module, &Folder { children: folder.clone(), paths: folder }, is_test);
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one declaration and where it stands")]
    fn declared_file(
        &mut self,
        file: FileId,
        position: ModuleIdx,
        fact: &ModuleFact,
        name: Name,
        parent: ModuleId,
        folder: &Folder,
        is_test: bool,
    ) {
        let own = fact.name.as_str().trim_start_matches("r#");
        let candidates = match fact.path {
            Some(path) => vec![joined(&folder.paths, path.as_str())],
            None => vec![
                joined(&folder.children, &format!("{own}.rs")),
                joined(&folder.children, &format!("{own}/mod.rs")),
            ],
        };
        let Some(&found) = candidates.iter().find_map(|path| self.by_path.get(path.as_str())) else {
            if !self.has_other_files(file, fact) {
                self.modules.without_file.push((file, position));
            }
            return;
        };
        let known = self.modules.of_file[found.0 as usize];
        if let Some(known) = known {
            // The same file in a second crate, or twice in one: one module, reached by both names.
            self.modules.declared.entry((file, position)).or_insert(known);
            if !is_test && !self.in_production[found.0 as usize] {
                self.in_production[found.0 as usize] = true;
            }
            return;
        }
        let id = self.push(name, found, MODULE_SCOPE, Some(parent));
        self.set_condition(id, self.facts(file), fact);
        self.modules.declared.entry((file, position)).or_insert(id);
        let display = self.display(found);
        let paths = folder_of(display).to_owned();
        let is_mod = fact.path.is_some() || display.ends_with("/mod.rs");
        let children =
            if is_mod { paths.clone() } else { display.strip_suffix(".rs").unwrap_or(display).to_owned() };
        self.enter(found, id, &Folder { children, paths }, is_test);
    }

    /// Whether a declaration is a file of another name under some condition: `#[cfg_attr(unix, path = "unix.rs")]`.
    /// Where the conditions leave nothing over, no file needs to go by its own name.
    fn has_other_files(&self, file: FileId, fact: &ModuleFact) -> bool {
        let mut same = self.facts(file).modules.iter().filter(|other| other.at == fact.at);
        fact.path.is_none() && same.any(|other| other.path.is_some())
    }

    /// Files that no target reaches: outside of any package each is a crate of its own, as `rustc FILE` takes
    /// it; within one they are dead.
    fn add_strays(&mut self, targets: &[CrateTarget]) {
        let packages: Vec<&str> = targets.iter().map(|target| target.package.as_str()).collect();
        let is_first = |display: &str| matches!(file_name(display), "lib.rs" | "main.rs" | "build.rs");
        let mut strays: Vec<FileId> = self.by_path.values().copied().collect();
        strays.sort_by_key(|&file| {
            let display = self.display(file);
            (!is_first(display), !display.ends_with("/mod.rs"), display.matches('/').count(), display)
        });
        for file in strays {
            if self.modules.of_file[file.0 as usize].is_some() {
                continue;
            }
            let display = self.display(file);
            let name = match file_name(display) {
                "lib.rs" | "main.rs" | "mod.rs" => {
                    let folder = folder_of(display);
                    let folder = folder.strip_suffix("/src").unwrap_or(folder);
                    folder
                        .rsplit('/')
                        .next()
                        .filter(|name| !name.is_empty() && *name != "src")
                        .unwrap_or("crate")
                }
                other => other.trim_end_matches(".rs"),
            };
            let in_package = packages.iter().any(|package| is_below(display, package));
            if in_package {
                self.modules.shadowed.push(file);
            }
            self.add_crate(&name.replace(['-', '.'], "_"), file, false);
        }
        self.modules.shadowed.sort_unstable();
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// `folder/tail` with `.` and `..` taken out.
fn joined(folder: &str, tail: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in tail.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use crate::facts::Name;
    use crate::link::FileId;
    use crate::link::testing::{class_named, link_sources};

    #[test]
    fn a_module_may_be_another_file_under_each_condition() {
        let head = "#[cfg_attr(unix, path = \"unix.rs\")]\n#[cfg_attr(windows, path = \"windows.rs\")]\n";
        let root = format!("{head}mod sys;\npub use sys::Pipe;\npub fn open() {{ Pipe::new(); }}\n");
        let pipe = "pub struct Pipe;\nimpl Pipe { pub fn new() -> Pipe { Pipe } }\n";
        let sources = [("lib.rs", root.as_str()), ("unix.rs", pipe), ("windows.rs", pipe)];
        let index = link_sources(&sources);
        assert!(index.modules.shadowed.is_empty() && index.modules.without_file.is_empty());
        let pipes: Vec<(&str, &str, Option<&str>)> = index
            .tree_classes()
            .map(|class| {
                let (file, _) = index.source_of(class).expect("of the tree");
                let module = index.modules.get(index.modules.of_file(file).expect("reached"));
                let condition = module.condition.map(|condition| condition.as_str());
                (index.class(class).id.as_str(), index.file(file).display.as_str(), condition)
            })
            .collect();
        let id = "crate::sys::Pipe";
        assert_eq!(pipes, [(id, "unix.rs", Some("unix")), (id, "windows.rs", Some("windows"))]);
        // The first stands for both.
        let first = index.tree_classes().next().expect("a class");
        let used = index.references.on_receiver(first).len() + index.references.of_class(first).len();
        assert!(used >= 3, "{used}");
        // Its own name is a file where no condition holds; a file that is nowhere is told.
        let (file, text) = ("sys.rs", "pub struct Pipe;\n");
        let index = link_sources(&[sources[0], sources[1], sources[2], (file, text)]);
        assert!(index.modules.shadowed.is_empty());
        let index = link_sources(&[sources[0]]);
        assert_eq!(index.modules.without_file.len(), 2);
    }

    #[test]
    fn a_file_that_is_included_is_a_part_of_the_module_around_it() {
        let index = link_sources(&[
            ("lib.rs", "pub mod data;\npub mod user;\npub struct Root;\n"),
            (
                "data/mod.rs",
                "include!(\"tables.rs\");\nuse crate::Root;\npub struct Kept;\nfn f() { Table::new(Root); }\n",
            ),
            (
                "data/tables.rs",
                "pub struct Table(Kept);\nimpl Table { pub fn new(_: Root) -> Table { more::g(); loop {} } }\nmod more;\n",
            ),
            ("data/more.rs", "pub fn g() { super::Table::new(crate::Root); }\ninclude!(\"more.rs\");\n"),
            ("user.rs", "use crate::data::Table;\nfn f(t: Table) {}\ninclude!(\"nowhere.rs\");\n"),
        ]);
        assert!(index.modules.shadowed.is_empty() && index.modules.without_file.is_empty());
        let ids: Vec<&str> = index.tree_classes().map(|class| index.class(class).id.as_str()).collect();
        assert_eq!(ids, ["crate::data::Kept", "crate::data::Table", "crate::Root"]);
        let count = |id: &str| index.references.of_class(class_named(&index, id)).len();
        // `Table::new` twice, what it returns, the `use`, the parameter; `Root` in a `use`, thrice as a value or type.
        assert_eq!(
            [count("crate::data::Table"), count("crate::data::Kept"), count("crate::Root")],
            [5, 1, 4]
        );
        assert_eq!(index.modules.included.len(), 2);
    }

    #[test]
    fn a_file_that_is_included_in_a_body_is_not_dead_and_not_broken() {
        let index = link_sources(&[
            (
                "lib.rs",
                "fn f() { let t = include!(\"table.rs\"); include!(concat!(\"./\", \"items.rs\")); missing::<Kept>() }\nstruct Kept;\n",
            ),
            ("table.rs", "[Kept, Kept]\n"),
            ("items.rs", "fn inner(_: Kept) {}\nfn g() { include!(\"items.rs\") }\n"),
            ("other.rs", "[Kept]\n"),
        ]);
        let files =
            || index.files.iter().enumerate().map(|(at, file)| (FileId(at as u32), file.display.as_str()));
        let (root, _) = files().find(|(_, path)| *path == "lib.rs").expect("a root");
        let elsewhere =
            files().filter(|(file, _)| index.modules.of_file(*file) != index.modules.of_file(root));
        assert_eq!(elsewhere.map(|(_, path)| path).collect::<Vec<_>>(), ["other.rs"]);
        let broken = files().filter(|(file, _)| !index.syntax_errors(*file).is_empty());
        assert_eq!(broken.map(|(_, path)| path).collect::<Vec<_>>(), ["other.rs"]);
        // What stands in the table is not seen, and told so; the items are a file of the module.
        let macros = index.file(root).facts.item_macros.iter();
        let unread = macros.filter(|item| !index.modules.is_read(root, item));
        let unread: Vec<_> = unread.map(|item| item.includes.map(Name::as_str)).collect();
        assert_eq!(unread, [Some("table.rs")]);
        assert_eq!(index.references.of_class(class_named(&index, "crate::Kept")).len(), 2);
    }
}

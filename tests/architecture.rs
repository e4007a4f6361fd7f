//! The source keeps to its own architecture: who may import whom, who may touch the world.
//!
//! Paths are read from the syntax tree of every file in `src/`, in `use` items, expressions, types and
//! macro arguments. What is compiled for tests only may import what it likes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use syn::visit::{self, Visit};

/// Top-level modules and the modules of this crate that each may name.
const MAY_IMPORT: [(&str, &[&str]); 22] = [
    ("text", &[]),
    ("facts", &["text"]),
    ("source", &[]),
    ("cache", &[]),
    ("git", &[]),
    ("manager", &[]),
    ("conformance", &["manager"]),
    ("lang", &["text", "facts", "source"]),
    ("discover", &["source"]),
    ("link", &["text", "facts", "source"]),
    ("analysis", &["text", "facts", "source", "link"]),
    ("finding", &[]),
    ("rules", &["text", "facts", "source", "link", "analysis", "finding"]),
    ("gate", &["facts", "finding"]),
    ("plan", &["facts", "source", "link", "analysis"]),
    ("config", &["source", "analysis", "finding", "rules"]),
    ("history", &["facts", "link", "analysis", "git"]),
    ("tree", &["text", "facts", "lang", "source", "discover", "link", "cache"]),
    (
        "report",
        &[
            "text",
            "facts",
            "source",
            "link",
            "analysis",
            "tree",
            "finding",
            "rules",
            "gate",
            "plan",
            "git",
            "history",
            "conformance",
        ],
    ),
    ("render", &["report"]),
    (
        "cli",
        &[
            "text",
            "facts",
            "lang",
            "source",
            "discover",
            "link",
            "analysis",
            "finding",
            "rules",
            "gate",
            "plan",
            "cache",
            "git",
            "config",
            "history",
            "tree",
            "report",
            "render",
            "manager",
            "conformance",
        ],
    ),
    ("main", &["cli"]),
];

/// What link and analysis must not see: the world, serialisation, terminals, syntax trees.
const CLOSED_TO_THE_CORE: [&str; 15] = [
    "serde",
    "serde_json",
    "schemars",
    "toml",
    "std::fs",
    "std::io",
    "std::net",
    "std::process",
    "std::env",
    "clap",
    "tabled",
    "miette",
    "indicatif",
    "ignore",
    "walkdir",
];

/// Modules that may touch the file system.
const WITH_FILE_SYSTEM: [&str; 5] = ["discover", "tree", "cache", "config", "cli"];

/// Longest comfortable file, in lines.
const MAX_LINES: usize = 500;

/// A file of `src/`.
struct SourceFile {
    /// Relative to `src/`.
    path: String,
    text: String,
    /// The paths that it names, from their root.
    names: BTreeSet<Vec<String>>,
}

impl SourceFile {
    /// The top-level module that it belongs to.
    fn module(&self) -> &str {
        let head = self.path.split('/').next().unwrap_or(&self.path);
        head.trim_end_matches(".rs")
    }

    /// The file and the first line that could hold a path, for messages.
    fn place(&self, name: &[String]) -> String {
        let spelled = name.join("::");
        let last = name.last().map_or("", String::as_str);
        let mut lines = self.text.lines();
        let line = lines
            .clone()
            .position(|line| line.contains(&spelled))
            .or_else(|| lines.position(|line| !line.trim_start().starts_with("//") && line.contains(last)));
        line.map_or_else(|| format!("src/{}", self.path), |line| format!("src/{}:{}", self.path, line + 1))
    }
}

static SOURCE_FILES: LazyLock<Vec<SourceFile>> = LazyLock::new(read_source_files);

fn source_files() -> &'static [SourceFile] {
    &SOURCE_FILES
}

fn read_source_files() -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut parsed: BTreeMap<String, (String, syn::File)> = BTreeMap::new();
    for path in rust_files(&root) {
        let text = std::fs::read_to_string(&path).expect("source");
        let tree = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let relative =
            path.strip_prefix(&root).expect("below src").to_str().expect("UTF-8").replace('\\', "/");
        parsed.insert(relative, (text, tree));
    }
    let test_only: BTreeSet<String> =
        parsed.iter().flat_map(|(path, (_, tree))| test_modules(path, tree)).collect();
    let files = parsed.into_iter().filter(|(path, _)| !test_only.contains(path));
    let files = files.map(|(path, (text, tree))| {
        let mut found = Names { module: module_path(&path), names: BTreeSet::new() };
        found.visit_file(&tree);
        SourceFile { names: found.names, path, text }
    });
    files.collect()
}

fn rust_files(root: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(root).sort_by_file_name().into_iter();
    let paths = entries.map(|entry| entry.expect("an entry").into_path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

/// `link/modules.rs` is `["link", "modules"]`.
fn module_path(path: &str) -> Vec<String> {
    let path = path.trim_end_matches(".rs");
    if path == "lib" { Vec::new() } else { path.split('/').map(str::to_owned).collect() }
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|condition| condition == "test")
    })
}

/// Files of modules that exist in tests only.
fn test_modules(path: &str, tree: &syn::File) -> Vec<String> {
    let folder = path.trim_end_matches(".rs");
    let modules = tree.items.iter().filter_map(|item| match item {
        syn::Item::Mod(module) if module.content.is_none() && is_for_tests(&module.attrs) => {
            Some(&module.ident)
        }
        _ => None,
    });
    modules.map(|name| format!("{folder}/{name}.rs")).collect()
}

/// Collects what a file names, as paths from the root of this crate (`crate::…`) or of another one.
struct Names {
    module: Vec<String>,
    names: BTreeSet<Vec<String>>,
}

impl Names {
    fn note(&mut self, segments: &[String]) {
        self.names.extend(self.absolute(segments));
    }

    /// A path from the root; none for a name of the file itself.
    fn absolute(&self, segments: &[String]) -> Option<Vec<String>> {
        let root = || vec!["crate".to_owned()];
        match segments.first()?.as_str() {
            "crate" => Some(segments.to_vec()),
            "self" => Some([&root(), &self.module, &segments[1..]].concat()),
            "super" => {
                let up = segments.iter().take_while(|segment| *segment == "super").count();
                let base = &self.module[..self.module.len().saturating_sub(up)];
                Some([&root(), base, &segments[up..]].concat())
            }
            _ if segments.len() > 1 => Some(segments.to_vec()),
            _ => None,
        }
    }

    fn note_use(&mut self, tree: &syn::UseTree, prefix: &[String]) {
        match tree {
            syn::UseTree::Path(path) => {
                let prefix = [prefix, &[path.ident.to_string()]].concat();
                self.note_use(&path.tree, &prefix);
            }
            syn::UseTree::Name(name) => self.note_import(prefix, &name.ident),
            syn::UseTree::Rename(name) => self.note_import(prefix, &name.ident),
            syn::UseTree::Glob(_) => self.note(prefix),
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.note_use(tree, prefix);
                }
            }
        }
    }

    fn note_import(&mut self, prefix: &[String], name: &syn::Ident) {
        let mut segments = [prefix, &[name.to_string()]].concat();
        // `use serde;` names the whole crate.
        if segments.len() == 1 {
            segments.push(String::new());
        }
        self.note(&segments);
    }

    /// `a::b` in the tokens of a macro or an attribute.
    fn note_tokens(&mut self, tokens: &str) {
        let mut path: Vec<String> = Vec::new();
        let mut is_open = false;
        for token in tokens.replace("::", " :: ").split_whitespace() {
            let name: String = token.chars().filter(|c| c.is_alphanumeric() || *c == '_').collect();
            if token == "::" {
                is_open = !path.is_empty();
                continue;
            }
            if !is_open {
                self.note(&std::mem::take(&mut path));
            }
            is_open = false;
            path.push(name);
        }
        self.note(&path);
    }
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_for_tests(&module.attrs) {
            self.module.push(module.ident.to_string());
            visit::visit_item_mod(self, module);
            self.module.pop();
        }
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        if !is_for_tests(&function.attrs) {
            visit::visit_item_fn(self, function);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_for_tests(&item.attrs) {
            self.note_use(&item.tree, &[]);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.note(&segments);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        self.note_tokens(&called.tokens.to_string());
        visit::visit_macro(self, called);
    }

    fn visit_meta_list(&mut self, list: &'ast syn::MetaList) {
        self.note_tokens(&list.tokens.to_string());
        visit::visit_meta_list(self, list);
    }
}

/// Whether a path names `wanted` (`std::fs`, `serde`) or something in it.
fn is_of(path: &[String], wanted: &str) -> bool {
    let wanted: Vec<&str> = wanted.split("::").collect();
    path.len() >= wanted.len() && path.iter().zip(&wanted).all(|(found, wanted)| found == wanted)
}

#[track_caller]
fn check_none(mut violations: Vec<String>) {
    violations.sort();
    violations.dedup();
    assert!(violations.is_empty(), "{} violations:\n{}", violations.len(), violations.join("\n"));
}

/// Fails where a file that `is_closed` names something that `is_forbidden`.
#[track_caller]
fn check_names(is_closed: impl Fn(&SourceFile) -> bool, is_forbidden: impl Fn(&[String]) -> bool) {
    let mut violations = Vec::new();
    for file in source_files().iter().filter(|file| is_closed(file)) {
        for name in file.names.iter().filter(|name| is_forbidden(name)) {
            violations.push(format!("{} names {}", file.place(name), name.join("::")));
        }
    }
    check_none(violations);
}

#[test]
fn modules_import_only_what_lies_before_them() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_IMPORT.into_iter().collect();
    let mut violations = Vec::new();
    for file in source_files().iter().filter(|file| file.path != "lib.rs") {
        let module = file.module();
        let Some(allowed) = allowed.get(module) else {
            violations.push(format!("src/{}: `{module}` has no row in MAY_IMPORT", file.path));
            continue;
        };
        for name in &file.names {
            let ("crate" | "ssot", Some(target)) = (name[0].as_str(), name.get(1)) else { continue };
            let is_module = MAY_IMPORT.iter().any(|(module, _)| module == target);
            if is_module && target != module && !allowed.contains(&target.as_str()) {
                violations.push(format!(
                    "{}: `{module}` may not import `{}`",
                    file.place(name),
                    name[1..].join("::")
                ));
            }
        }
    }
    check_none(violations);
}

#[test]
fn every_top_level_module_has_its_row() {
    let modules: BTreeSet<String> = source_files().iter().map(|file| file.module().to_owned()).collect();
    let mut stated: BTreeSet<String> = MAY_IMPORT.iter().map(|(module, _)| (*module).to_owned()).collect();
    stated.insert("lib".to_owned());
    assert_eq!(modules, stated);
}

#[test]
fn the_table_of_imports_has_no_circle() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_IMPORT.into_iter().collect();
    let mut before: BTreeSet<&str> = BTreeSet::new();
    while before.len() < allowed.len() {
        let next = allowed.iter().find(|(module, needs)| {
            !before.contains(*module) && needs.iter().all(|need| before.contains(need))
        });
        let Some((module, _)) = next else { panic!("a circle among the rest of {before:?}") };
        before.insert(module);
    }
}

#[test]
fn linking_and_analysis_see_no_world_and_no_format() {
    check_names(
        |file| matches!(file.module(), "link" | "analysis"),
        |name| CLOSED_TO_THE_CORE.iter().any(|closed| is_of(name, closed)),
    );
    // Facts can be written and read again, for the cache.
    check_names(
        |file| matches!(file.module(), "facts" | "text"),
        |name| CLOSED_TO_THE_CORE.iter().any(|closed| *closed != "serde" && is_of(name, closed)),
    );
}

#[test]
fn only_front_ends_name_a_parser() {
    check_names(
        |file| !file.path.starts_with("lang/"),
        |name| name[0].starts_with("ruff_") || is_of(name, "syn") || is_of(name, "proc_macro2"),
    );
}

#[test]
fn only_the_edges_touch_the_file_system() {
    check_names(
        |file| !WITH_FILE_SYSTEM.contains(&file.module()),
        |name| ["std::fs", "ignore", "walkdir"].iter().any(|world| is_of(name, world)),
    );
}

#[test]
fn only_servers_and_clients_touch_the_network_and_no_process_is_started_but_git_and_drivers() {
    let is_server =
        |file: &SourceFile| file.path.starts_with("manager/server") || file.path.starts_with("cli/serve");
    let is_client = |file: &SourceFile| {
        file.path.starts_with("conformance/wire") || file.path.starts_with("conformance/drivers/served")
    };
    check_names(
        |file| !is_server(file) && !is_client(file),
        |name| ["std::net", "tokio::net", "hyper"].iter().any(|world| is_of(name, world)),
    );
    check_names(|file| file.path != "manager/backplane/redis.rs", |name| name[0] == "redis");
    check_names(
        |file| file.module() != "git" && !is_driver_process(file),
        |name| is_of(name, "std::process::Command"),
    );
}

#[test]
fn only_the_command_line_knows_arguments_and_the_process() {
    check_names(
        |file| !matches!(file.module(), "cli" | "main"),
        |name| ["clap", "indicatif", "std::env"].iter().any(|world| is_of(name, world)),
    );
    check_names(
        |file| !matches!(file.module(), "cli" | "main" | "git" | "cache") && !is_driver_process(file),
        |name| is_of(name, "std::process"),
    );
}

fn is_driver_process(file: &SourceFile) -> bool {
    file.path == "conformance/channel/child.rs"
}

#[test]
fn candidates_are_met_through_lines_alone() {
    check_names(
        |file| file.module() == "conformance" && !file.path.starts_with("conformance/drivers/"),
        |name| is_of(name, "crate::manager"),
    );
}

#[test]
fn every_file_opens_with_what_it_holds() {
    let silent = source_files().iter().filter(|file| !file.text.starts_with("//!"));
    check_none(silent.map(|file| format!("src/{} has no `//!`", file.path)).collect());
}

#[test]
fn files_stay_short() {
    let mut violations = Vec::new();
    for file in source_files() {
        let lines = file.text.lines().count();
        if lines > MAX_LINES {
            violations.push(format!("src/{} has {lines} lines: look for its second concept", file.path));
        }
    }
    check_none(violations);
}

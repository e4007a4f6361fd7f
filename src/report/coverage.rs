//! What was analysed, and what could not be seen.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Place, path_of, place};
use crate::facts::{GuardKind, ImportIdx, Imported, Name};
use crate::link::resolve::{Entity, Resolver, Target};
use crate::link::traits::is_standard;
use crate::link::{ClassId, FileId, Index, Resolution, Unresolved};
use crate::source::Language;
use crate::tree::Tree;

/// What was analysed, and what was not.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CoverageReport {
    /// Name of the scanned folder.
    pub root: String,
    /// Source files read.
    pub files: usize,
    /// Lines read.
    pub lines: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Files by language.
    pub by_language: BTreeMap<&'static str, usize>,
    /// Files by role.
    pub by_role: BTreeMap<&'static str, usize>,
    /// Markdown and reStructuredText files read for mentions.
    pub documents: usize,
    /// Types found.
    pub types: usize,
    /// Python version and platform that conditions were evaluated for; empty without Python.
    pub target: String,
    /// Whether third-party packages could be read.
    pub environment: bool,
    /// Files of third-party packages that were read for the sake of bases.
    pub environment_files: usize,
    /// Orders equal to `cls.__mro__`.
    pub complete_orders: usize,
    /// Files that were met and not read, and why.
    pub skipped: Vec<SkippedReport>,
    /// Syntax errors; what stands around them was read.
    pub syntax_errors: Vec<SyntaxErrorReport>,
    /// Bases that lead nowhere.
    pub unresolved_bases: Vec<UnresolvedBase>,
    /// Imports of third-party modules that were not looked into, by top-level name.
    pub external_imports: Vec<ExternalImport>,
    /// Imports that find nothing in the environment or in their own package.
    pub unresolved_imports: Vec<UnresolvedImport>,
    /// Files that no import can reach: `x.py` beside a package `x/`, a Rust file that no `mod` declares.
    pub dead_files: Vec<&'static str>,
    /// Macros that make items, by name: what they make was not seen. Those that are given whole items were read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub item_macros: Vec<MacroReport>,
    /// `mod` items whose file is not there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing_modules: Vec<MissingModule>,
    /// `impl` blocks of types that are not of the tree, or that no path names.
    #[serde(skip_serializing_if = "is_zero")]
    pub foreign_impls: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// A macro that makes items.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MacroReport {
    /// Its path.
    pub name: &'static str,
    /// How often it stands where an item would.
    pub uses: usize,
    /// The first of them.
    #[serde(flatten)]
    pub place: Place,
}

/// A `mod` item without a file.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MissingModule {
    /// Its name.
    pub name: &'static str,
    /// Where it is declared.
    #[serde(flatten)]
    pub place: Place,
    /// The condition of compilation that it stands under.
    pub condition: Option<&'static str>,
}

/// A file that was not read.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SkippedReport {
    /// Relative path.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// A syntax error.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SyntaxErrorReport {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// What the parser says.
    pub message: String,
}

/// A base that leads nowhere that we see.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UnresolvedBase {
    /// The type.
    pub symbol: &'static str,
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// The base as written.
    pub base: &'static str,
    /// Why.
    pub reason: String,
}

/// A third-party package that was not looked into.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ExternalImport {
    /// Top-level name.
    pub package: String,
    /// How many imports name it.
    pub imports: usize,
}

/// An import that finds nothing.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UnresolvedImport {
    /// The module as it would be found.
    pub module: String,
    /// Where.
    #[serde(flatten)]
    pub place: Place,
}

/// Counts what was seen.
#[must_use]
pub fn build(tree: &Tree) -> CoverageReport {
    let index = &tree.index;
    let mut by_language: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut by_role: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut syntax_errors = Vec::new();
    let mut lines = 0;
    for (position, file) in index.files[..index.tree_files].iter().enumerate() {
        *by_language.entry(file.language.as_str()).or_default() += 1;
        *by_role.entry(file.role.as_str()).or_default() += 1;
        lines += u64::from(file.facts.line_count);
        let id = FileId(position as u32);
        syntax_errors.extend(index.syntax_errors(id).iter().map(|error| SyntaxErrorReport {
            place: place(index, id, error.at),
            message: error.message.clone(),
        }));
    }
    let (external_imports, unresolved_imports) = open_imports(index);
    let skipped = tree
        .skipped
        .iter()
        .map(|skipped| SkippedReport { path: skipped.path.clone(), reason: skipped.reason.clone() });
    CoverageReport {
        root: tree.root.file_name().map_or(String::from("."), |name| name.to_string_lossy().into_owned()),
        files: index.tree_files,
        lines,
        bytes: tree.bytes,
        by_language,
        by_role,
        documents: tree.prose_files,
        types: index.tree_classes().count(),
        target: target_of(tree),
        environment: tree.environment.is_some(),
        environment_files: index.files.len() - index.tree_files,
        complete_orders: index.tree_classes().filter(|id| index.class(*id).mro.is_complete()).count(),
        skipped: skipped.collect(),
        syntax_errors,
        unresolved_bases: unresolved_bases(index),
        external_imports,
        unresolved_imports,
        dead_files: {
            let mut dead: Vec<&str> =
                index.modules.shadowed.iter().map(|file| path_of(index, *file)).collect();
            dead.sort_unstable();
            dead
        },
        item_macros: item_macros(index),
        missing_modules: missing_modules(index),
        foreign_impls: foreign_impls(index),
    }
}

/// What conditions were evaluated for; Rust's are kept as they are.
fn target_of(tree: &Tree) -> String {
    let has_python = tree.index.files[..tree.index.tree_files].iter().any(|file| file.language.is_python());
    if has_python || tree.index.tree_files == 0 {
        format!("Python 3.{} on {}", tree.target.python_minor, tree.target.platform.sys_platform())
    } else {
        String::new()
    }
}

fn item_macros(index: &Index) -> Vec<MacroReport> {
    let mut found: BTreeMap<&'static str, MacroReport> = BTreeMap::new();
    for file in (0..index.tree_files as u32).map(FileId) {
        for item in
            index.file(file).facts.item_macros.iter().filter(|item| !index.modules.is_read(file, item))
        {
            let name = item.name.as_str();
            let first = || MacroReport { name, uses: 0, place: place(index, file, item.at) };
            found.entry(name).or_insert_with(first).uses += 1;
        }
    }
    let mut found: Vec<MacroReport> = found.into_values().collect();
    found.sort_by_key(|found| (std::cmp::Reverse(found.uses), found.name));
    found
}

fn missing_modules(index: &Index) -> Vec<MissingModule> {
    let missing = index.modules.without_file.iter().map(|(file, position)| {
        let facts = &index.file(*file).facts;
        let fact = facts.modules[position.index()];
        let condition = facts.condition(fact.guard).map(|condition| condition.as_str());
        MissingModule { name: fact.name.as_str(), place: place(index, *file, fact.at), condition }
    });
    missing.collect()
}

/// Blocks that belong to no type of the tree.
fn foreign_impls(index: &Index) -> usize {
    let first = index.files.first().map_or(0, |file| file.first_class);
    let all = (first..index.classes.len() as u32).map(ClassId);
    all.filter(|class| {
        index.is_extension(*class)
            && index.is_in_tree(*class)
            && index.extensions.extended_by(*class).is_none()
    })
    .count()
}

fn unresolved_bases(index: &Index) -> Vec<UnresolvedBase> {
    let mut found = Vec::new();
    for class in index.tree_classes() {
        let Some((file, fact)) = index.source_of(class) else { continue };
        for base in &index.class(class).bases {
            let reason = match &base.resolution {
                Resolution::Resolved(_) => continue,
                // What the standard library's traits hold is no secret.
                Resolution::External(name) if is_standard(*name) => continue,
                Resolution::External(name) => format!("`{name}` is outside the tree"),
                Resolution::Unresolved(reason) => reason.to_string(),
            };
            found.push(UnresolvedBase {
                symbol: index.class(class).id.as_str(),
                place: place(index, file, fact.name_at),
                base: base.text.as_str(),
                reason,
            });
        }
    }
    found.sort_by_key(|base| (base.place, base.base));
    found
}

fn open_imports(index: &Index) -> (Vec<ExternalImport>, Vec<UnresolvedImport>) {
    let resolver = Resolver::new(index);
    let own = index.modules.top_level();
    let mut external: BTreeMap<String, usize> = BTreeMap::new();
    let mut unresolved = Vec::new();
    for file in (0..index.tree_files as u32).map(FileId) {
        let facts = &index.file(file).facts;
        for (position, import) in facts.imports.iter().enumerate() {
            // An import that may fail says so itself.
            let may_fail = || {
                facts.guards_of(import.guard).any(|(_, guard)| {
                    matches!(
                        guard.kind,
                        GuardKind::TryBody { catches_import: true } | GuardKind::Known(false)
                    )
                })
            };
            if import.what == Imported::Dynamic {
                continue;
            }
            match resolver.import_module(file, import) {
                // A crate's own items; what a macro may have made is no surprise.
                Target::Found(_) if index.file(file).language == Language::Rust => {
                    let found = resolver.import(file, ImportIdx::at(position), 0);
                    if let Entity::Open(Unresolved::NotDefined(name) | Unresolved::MissingModule(name)) =
                        found
                    {
                        unresolved.push(UnresolvedImport {
                            module: name.as_str().to_owned(),
                            place: place(index, file, import.at),
                        });
                    }
                }
                Target::Found(_) | Target::Library(_) | Target::Compiled(_) => {}
                Target::External(name) | Target::Missing(name) => {
                    let top = name.as_str().split('.').next().unwrap_or_default();
                    let is_absolute = import.level == 0 || index.file(file).language == Language::Rust;
                    if is_absolute && !own.contains(&Name::new(top)) {
                        *external.entry(top.to_owned()).or_default() += 1;
                    } else if !may_fail() {
                        unresolved.push(UnresolvedImport {
                            module: name.as_str().to_owned(),
                            place: place(index, file, import.at),
                        });
                    }
                }
            }
        }
    }
    unresolved.sort_by(|a, b| (a.place, &a.module).cmp(&(b.place, &b.module)));
    let external = external.into_iter().map(|(package, imports)| ExternalImport { package, imports });
    (external.collect(), unresolved)
}

//! Facts of files → one program: modules, identities, bases, method resolution orders, references.
//!
//! The input is plain data and the answer is plain data with a list of what stayed open; there is no
//! file system here. What lies outside the tree comes through [`Outside`], which the pipeline implements.

pub mod bases;
pub mod changes;
mod classes;
pub mod crates;
pub mod extensions;
pub mod generated;
mod kept;
pub mod library;
pub mod members;
pub mod modules;
pub mod mro;
mod outside;
pub mod references;
pub mod resolve;
#[cfg(test)]
pub(crate) mod testing;
pub mod trace;
pub mod traits;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use self::changes::Changes;
use self::classes::ids_of;
use self::extensions::Extensions;
pub use self::kept::Kept;
use self::library::Library;
use self::modules::{Layout, ModuleId, Modules, Place};
use self::mro::Mro;
pub use self::outside::{NoEnvironment, Outside, OutsideModule, OutsideState};
use self::references::{References, Uses};
use self::trace::Tracing;
use crate::facts::{
    FileFacts, FunctionFact, FunctionIdx, GuardId, Name, ScopeId, SyntaxError, TypeFact, TypeForm, TypeIdx,
};
use crate::source::{AT_A_TIME, CrateTarget, FileRole, Language};
use crate::text::{Offset, Position};

/// Index into [`Index::files`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// Index into [`Index::classes`]. The standard library's come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId(pub u32);

/// A function or method: the file, and its position there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionId {
    /// The file.
    pub file: FileId,
    /// Position among the file's functions.
    pub index: FunctionIdx,
}

/// A file of the program.
#[derive(Debug)]
pub struct File {
    /// Path as shown.
    pub display: Name,
    /// Its language.
    pub language: Language,
    /// Its role.
    pub role: FileRole,
    /// Whether it lies in the scanned tree, not in the environment.
    pub is_in_tree: bool,
    /// A compiled module of the same name lies beside it, which is what runs.
    pub has_compiled_twin: bool,
    /// What it says.
    pub facts: Arc<FileFacts>,
    /// The [`ClassId`] of its first type.
    pub first_class: u32,
}

/// Where a class comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A definition that was read.
    Source {
        /// Its file.
        file: FileId,
        /// Position among the file's types.
        index: TypeIdx,
    },
    /// The table of the standard library.
    Library,
}

/// A class of the program.
#[derive(Debug)]
pub struct Class {
    /// `module.Qualname`, as CPython prints it.
    pub id: Name,
    /// Simple name.
    pub name: Name,
    /// Where it comes from.
    pub origin: Origin,
    /// What it inherits from directly.
    pub bases: Vec<BaseLink>,
    /// Its method resolution order.
    pub mro: Mro,
    /// Special kinds that change how subclasses come about.
    pub kind: ClassKind,
}

/// Kinds of classes that the interpreter or type checkers treat specially.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClassKind {
    /// None of the below.
    #[default]
    Plain,
    /// Lists `Protocol` among its bases (PEP 544).
    Protocol,
    /// A `TypedDict` (PEP 589): at run time always a `dict` and nothing else.
    TypedDict,
    /// A `NamedTuple` or `namedtuple`.
    NamedTuple,
    /// Has an enum among its bases.
    Enum,
}

/// A base as written and what it leads to.
#[derive(Debug, Clone)]
pub struct BaseLink {
    /// Source text.
    pub text: Name,
    /// Where it leads.
    pub resolution: Resolution,
}

/// What became of a name. "Outside" and "we could not tell" are different answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// A class of the program or of the standard library.
    Resolved(ClassId),
    /// A name outside everything that could be read.
    External(Name),
    /// We could not tell, and why.
    Unresolved(Unresolved),
}

/// Why a name could not be resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unresolved {
    /// Bound nowhere that we see.
    NotDefined(Name),
    /// Bound to different things on branches that only a run can tell; the lines.
    Ambiguous(Name, Vec<u32>),
    /// The value of code: a call, a subscript, a parameter.
    Dynamic(Name),
    /// The import is missing from the environment.
    MissingModule(Name),
    /// Known from a stub only, which may differ from what runs.
    StubOnly(Name),
    /// A compiled module without a stub.
    Compiled(Name),
    /// The definition leads back to itself.
    Circular(Name),
}

impl std::fmt::Display for Unresolved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotDefined(name) => write!(f, "`{name}` is bound nowhere that we see"),
            Self::Ambiguous(name, lines) => {
                let lines: Vec<String> = lines.iter().map(u32::to_string).collect();
                write!(f, "`{name}` is bound differently on several branches (lines {})", lines.join(", "))
            }
            Self::Dynamic(name) => write!(f, "`{name}` is computed when the code runs"),
            Self::MissingModule(name) => write!(f, "`{name}` is not installed in the environment"),
            Self::StubOnly(name) => write!(f, "`{name}` is known from a stub only"),
            Self::Compiled(name) => write!(f, "`{name}` is in a compiled module"),
            Self::Circular(name) => write!(f, "`{name}` is defined in terms of itself"),
        }
    }
}

/// A file handed to [`link`].
#[derive(Debug)]
pub struct LinkFile {
    /// Path as shown.
    pub display: String,
    /// Its language.
    pub language: Language,
    /// Its role.
    pub role: FileRole,
    /// A compiled module of the same name lies beside it, which is what runs.
    pub has_compiled_twin: bool,
    /// What it says.
    pub facts: Arc<FileFacts>,
}

/// The layout of the tree, and what it runs on.
#[derive(Debug, Clone, Default)]
pub struct Ground {
    /// Folders with a project file, relative to the root of the scan.
    pub projects: Vec<PathBuf>,
    /// Package names above the root of the scan, outermost first.
    pub above: Vec<String>,
    /// Minor version of Python 3.
    pub python_minor: u8,
    /// What Rust packages compile, in order of precedence.
    pub crates: Vec<CrateTarget>,
}

/// The whole program.
pub struct Index {
    /// Files of the tree, then of the environment.
    pub files: Vec<File>,
    /// How many of [`Index::files`] belong to the tree.
    pub tree_files: usize,
    /// Modules.
    pub modules: Modules,
    /// The standard library.
    pub library: &'static Library,
    /// Classes: the library's, then per file in the order of the source.
    pub classes: Vec<Class>,
    /// Which types the `impl` blocks of the tree belong to.
    pub extensions: Extensions,
    /// What was found of each outside module that was asked for.
    pub outside: FxHashMap<Name, OutsideState>,
    /// The methods that each class defines itself; see [`members::methods_of`].
    methods: Vec<Box<[FunctionId]>>,
    /// For each class, which methods it may define.
    method_sketches: Vec<u64>,
    /// References to classes and methods of the tree.
    pub references: References,
    /// What is different from the program that this one was linked after.
    pub changes: Option<Changes>,
    /// Outside modules that a resolution asked for and that are not loaded.
    wanted: Mutex<FxHashSet<Name>>,
    tracing: Tracing,
}

/// Links the files of a tree. `files` must be sorted by path: their order decides every tie.
#[must_use]
pub fn link(files: Vec<LinkFile>, ground: &Ground, outside: &dyn Outside, uses: Uses<'_>) -> Index {
    let mut index = link_classes(files, ground, outside);
    index.references = references::resolve(&index, None, uses);
    index
}

/// The same for one of many trees that have most of their files in common. What was resolved in the one before is kept, as far
/// as it still holds, and what this one resolves is told to be kept in turn.
#[must_use]
pub fn link_after(
    before: Option<&Index>,
    files: Vec<LinkFile>,
    ground: &Ground,
    outside: &dyn Outside,
) -> Index {
    let mut index = link_classes(files, ground, outside);
    index.changes = before.map(|before| Changes::between(before, &index));
    index.tracing = Tracing::ON;
    index.references = references::resolve(&index, before.map(|before| &before.references), Uses::All);
    index
}

/// Links all but the references.
fn link_classes(files: Vec<LinkFile>, ground: &Ground, outside: &dyn Outside) -> Index {
    let places: Vec<Place<'_>> = files
        .iter()
        .map(|file| Place { display: &file.display, language: file.language, facts: &file.facts })
        .collect();
    let layout = Layout { projects: &ground.projects, above: &ground.above };
    let (modules, library) = rayon::join(
        || {
            let mut modules = Modules::of_tree(&places, &layout);
            crates::add_crates(&mut modules, &places, &ground.crates);
            modules
        },
        || Library::of(ground.python_minor),
    );
    drop(places);
    let ids: Vec<Vec<Name>> = files
        .par_iter()
        .enumerate()
        .with_max_len(AT_A_TIME)
        .map(|(at, file)| ids_of(&modules, FileId(at as u32), file))
        .collect();
    let mut index = Index {
        files: Vec::with_capacity(files.len()),
        tree_files: files.len(),
        modules,
        classes: Vec::new(),
        library,
        extensions: Extensions::default(),
        outside: FxHashMap::default(),
        methods: Vec::new(),
        method_sketches: Vec::new(),
        references: References::default(),
        changes: None,
        wanted: Mutex::default(),
        tracing: Tracing::default(),
    };
    index.add_library_classes();
    for (mut file, ids) in files.into_iter().zip(&ids) {
        let is_for_tests =
            index.modules.only_for_tests.binary_search(&FileId(index.files.len() as u32)).is_ok();
        if is_for_tests && file.role == FileRole::Production {
            file.role = FileRole::Test;
        }
        index.add_file(file, ids, true);
    }
    extensions::link_extensions(&mut index);
    traits::link_traits(&mut index);
    bases::link_bases(&mut index, outside);
    mro::link_orders(&mut index);
    index.method_sketches = members::sketch_methods(&index);
    index.methods = members::link_methods(&index);
    index
}

impl Index {
    /// A file.
    #[must_use]
    pub fn file(&self, id: FileId) -> &File {
        self.tracing.note_file(id);
        &self.files[id.0 as usize]
    }

    /// A class.
    #[must_use]
    pub fn class(&self, id: ClassId) -> &Class {
        self.note_class(id);
        &self.classes[id.0 as usize]
    }

    /// The submodule `name` of a package.
    #[must_use]
    pub fn child(&self, package: ModuleId, name: Name) -> Option<ModuleId> {
        let name = self.modules.name_of_child(package, name)?;
        self.tracing.note_name(name);
        self.modules.child(package, name)
    }

    /// The `impl` blocks of a type.
    #[must_use]
    pub fn blocks_of(&self, class: ClassId) -> &[ClassId] {
        self.note_class(class);
        self.extensions.of(class)
    }

    /// Whether what is found out is told with what it was read from.
    #[must_use]
    pub fn is_traced(&self) -> bool {
        self.tracing.is_on()
    }

    fn note_class(&self, class: ClassId) {
        if self.tracing.is_on()
            && let Origin::Source { file, .. } = self.classes[class.0 as usize].origin
        {
            self.tracing.note_file(file);
        }
    }

    /// The class of a type fact; for an `impl` block, the type that it extends.
    #[must_use]
    pub fn class_of(&self, file: FileId, index: TypeIdx) -> ClassId {
        let own = ClassId(self.file(file).first_class + index.index() as u32);
        self.extensions.extended_by(own).unwrap_or(own)
    }

    /// The source of a class: its file and fact. None for the standard library's.
    #[must_use]
    pub fn source_of(&self, id: ClassId) -> Option<(FileId, &TypeFact)> {
        match self.class(id).origin {
            Origin::Source { file, index } => Some((file, &self.file(file).facts.types[index.index()])),
            Origin::Library => None,
        }
    }

    /// What the parser rejects in a file, but for files that are no whole ones: an expression that `include!` puts into a body.
    #[must_use]
    pub fn syntax_errors(&self, file: FileId) -> &[SyntaxError] {
        if self.modules.fragments.contains(&file) { &[] } else { &self.file(file).facts.errors }
    }

    /// The files of the tree that were not read whole, each with the first error.
    pub fn broken_files(&self) -> impl Iterator<Item = (FileId, &SyntaxError)> {
        let files = (0..self.tree_files as u32).map(FileId);
        files.filter_map(|file| Some((file, self.syntax_errors(file).first()?)))
    }

    /// Whether a class is defined in the scanned tree.
    #[must_use]
    pub fn is_in_tree(&self, id: ClassId) -> bool {
        self.source_of(id).is_some_and(|(file, _)| self.file(file).is_in_tree)
    }

    /// The classes of the tree, in the order of the files; blocks that extend one are no classes.
    pub fn tree_classes(&self) -> impl Iterator<Item = ClassId> {
        let start = self.files.first().map_or(self.classes.len() as u32, |file| file.first_class);
        let end = self.files.get(self.tree_files).map_or(self.classes.len() as u32, |file| file.first_class);
        (start..end).map(ClassId).filter(|class| !self.is_extension(*class))
    }

    /// Whether this is an `impl` block.
    #[must_use]
    pub fn is_extension(&self, id: ClassId) -> bool {
        self.source_of(id).is_some_and(|(_, fact)| matches!(fact.form, TypeForm::Extension { .. }))
    }

    /// The language of a class; the standard library's is Python.
    #[must_use]
    pub fn language_of(&self, id: ClassId) -> Language {
        self.source_of(id).map_or(Language::Python, |(file, _)| self.file(file).language)
    }

    /// What the code of a scope is for: that of its file, but for what is compiled for tests alone.
    #[must_use]
    pub fn role_at(&self, file: FileId, scope: ScopeId) -> FileRole {
        let file = self.file(file);
        let is_test = file.role == FileRole::Production
            && file.language == Language::Rust
            && file.facts.is_for_tests(scope);
        if is_test { FileRole::Test } else { file.role }
    }

    /// The condition of compilation that a definition stands under: its own, or that of what is around it.
    #[must_use]
    pub fn condition_of(&self, file: FileId, guard: GuardId, scope: ScopeId) -> Option<Name> {
        let facts = &self.file(file).facts;
        let own = [guard, facts.guard_around(scope)].into_iter().find_map(|guard| facts.condition(guard));
        own.or_else(|| {
            let module = self.modules.of_scope(file, facts, scope)?;
            self.modules.get(module).condition
        })
    }

    /// What a class is for; see [`Index::role_at`].
    #[must_use]
    pub fn role_of(&self, id: ClassId) -> Option<FileRole> {
        self.source_of(id).map(|(file, fact)| self.role_at(file, fact.body))
    }

    /// A function.
    #[must_use]
    pub fn function(&self, id: FunctionId) -> &FunctionFact {
        &self.file(id.file).facts.functions[id.index.index()]
    }

    /// A place in a file.
    #[must_use]
    pub fn position(&self, file: FileId, at: Offset) -> Position {
        self.file(file).facts.lines.position(at)
    }

    /// Where a class is defined: path and position of its name.
    #[must_use]
    pub fn place_of(&self, id: ClassId) -> Option<(&str, Position)> {
        let (file, fact) = self.source_of(id)?;
        Some((self.file(file).display.as_str(), self.position(file, fact.name_at)))
    }
}

//! What is different between two programs, so that answers of the earlier one that nothing of it touches can be kept.
//!
//! A file is changed where its text, its module or what was made of its classes is: bases, orders, methods. What
//! was read of a changed file, and what asked for a module that is another one now, has to be asked again; see
//! [`super::trace`]. Ids are positions, so what is kept moves to the new ones.

use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::modules::{ModuleId, Modules};
use super::mro::MroEntry;
use super::trace::Sources;
use super::{BaseLink, ClassId, File, FileId, FunctionId, Index, Origin, OutsideState, Resolution};
use crate::facts::{ModuleIdx, Name};
use crate::source::Language;

/// The way from one program to the next.
#[derive(Debug, Default)]
pub struct Changes {
    /// New ids by the old ones; none for what is gone. A file is the same by its path, a class by its place and its id.
    files: Vec<Option<FileId>>,
    classes: Vec<Option<ClassId>>,
    /// Old ids of files by the new ones.
    origins: Vec<Option<FileId>>,
    /// By old id: whether a file is gone or says something else.
    is_changed: Vec<bool>,
    /// Names that other modules bear than before, or none.
    names: FxHashSet<Name>,
    /// Whether files have the ids that they had.
    are_files_same: bool,
    /// Whether all modules are the same and have the same ids, files too.
    are_modules_same: bool,
    /// Whether files and classes have the ids that they had.
    are_ids_same: bool,
    /// Whether that is the same which every answer may depend on: the standard library, the outermost packages and crates,
    /// and the folder that dotted names in strings are looked up from.
    is_ground_same: bool,
}

/// Answers that can move to the ids of the next program. None where something that they name is gone.
pub trait Moved: Sized {
    /// The same answer in terms of the new ids.
    fn moved(&self, changes: &Changes) -> Option<Self>;

    /// Whether all answers of this kind may stay as they are.
    #[must_use]
    fn may_stay(changes: &Changes) -> bool {
        changes.are_ids_same()
    }
}

impl Changes {
    pub(super) fn between(before: &Index, after: &Index) -> Self {
        let mut changes = Self::default();
        changes.match_files(before, after);
        changes.match_classes(before, after);
        changes.compare_names(before, after);
        changes.compare_files(before, after);
        changes
    }

    /// Whether an answer that was read from these is still right.
    #[must_use]
    pub fn keep(&self, sources: &Sources) -> bool {
        self.is_ground_same
            && !sources.files.iter().any(|file| self.is_changed[file.0 as usize])
            && (self.names.is_empty() || !sources.names.iter().any(|name| self.names.contains(name)))
    }

    /// Whether all files and modules are there that were, under the same ids.
    #[must_use]
    pub fn are_modules_same(&self) -> bool {
        self.are_modules_same
    }

    /// Whether all ids are what they were.
    #[must_use]
    pub fn are_ids_same(&self) -> bool {
        self.are_ids_same
    }

    /// Where a file was before, if its text and what it means are what they were.
    #[must_use]
    pub fn unchanged(&self, file: FileId) -> Option<FileId> {
        self.origin(file).filter(|old| self.is_ground_same && !self.is_changed[old.0 as usize])
    }

    /// The file that was under this path before.
    #[must_use]
    pub fn origin(&self, file: FileId) -> Option<FileId> {
        self.origins.get(file.0 as usize).copied().flatten()
    }

    /// The new id of a file.
    #[must_use]
    pub fn file(&self, old: FileId) -> Option<FileId> {
        self.files.get(old.0 as usize).copied().flatten()
    }

    /// The new id of a class.
    #[must_use]
    pub fn class(&self, old: ClassId) -> Option<ClassId> {
        self.classes.get(old.0 as usize).copied().flatten()
    }

    /// The new id of a function of a file that did not change.
    #[must_use]
    pub fn function(&self, old: FunctionId) -> Option<FunctionId> {
        Some(FunctionId { file: self.file(old.file)?, ..old })
    }

    fn match_files(&mut self, before: &Index, after: &Index) {
        let by_path: FxHashMap<(&str, bool), FileId> = (0u32..)
            .zip(&before.files)
            .map(|(at, file)| ((file.display.as_str(), file.is_in_tree), FileId(at)))
            .collect();
        self.files = vec![None; before.files.len()];
        self.is_changed = vec![true; before.files.len()];
        for (at, file) in (0u32..).zip(&after.files) {
            let origin = by_path.get(&(file.display.as_str(), file.is_in_tree)).copied();
            self.origins.push(origin);
            let Some(origin) = origin else { continue };
            self.files[origin.0 as usize] = Some(FileId(at));
            self.is_changed[origin.0 as usize] = !says_the_same(&before.files[origin.0 as usize], file);
        }
        self.are_files_same = before.files.len() == after.files.len()
            && (0u32..).zip(&self.files).all(|(at, file)| *file == Some(FileId(at)));
    }

    fn match_classes(&mut self, before: &Index, after: &Index) {
        let new_id = |(at, class): (u32, &super::Class)| match class.origin {
            Origin::Library => Some(ClassId(at)),
            Origin::Source { file, index } => {
                let there = after.file(self.file(file)?);
                let new = ClassId(there.first_class + index.index() as u32);
                let is_same = index.index() < there.facts.types.len() && after.class(new).id == class.id;
                is_same.then_some(new)
            }
        };
        self.classes = (0u32..).zip(&before.classes).map(new_id).collect();
        self.are_ids_same =
            self.are_files_same && (0u32..).zip(&self.classes).all(|(at, class)| *class == Some(ClassId(at)));
    }

    /// Finds the names that lead elsewhere.
    fn compare_names(&mut self, before: &Index, after: &Index) {
        self.are_modules_same = self.are_files_same && before.modules == after.modules;
        self.is_ground_same = std::ptr::eq(before.library, after.library);
        let all = before.modules.all.iter().chain(&after.modules.all);
        if !self.are_modules_same {
            for name in all.map(|module| module.name) {
                if bearers(before, name) != bearers(after, name) {
                    self.names.insert(name);
                }
            }
            for place in before.modules.by_place.keys().chain(after.modules.by_place.keys()) {
                let there = |index: &Index| index.modules.by_place.get(place).copied();
                if shape(before, there(before)) != shape(after, there(after)) {
                    self.names.insert(place.1);
                }
            }
            let first_root = |index: &Index| {
                let module = shape(index, index.modules.of_file(FileId(0)));
                module.and_then(|module| module.root.map(Path::to_path_buf))
            };
            self.is_ground_same &= before.modules.top_level() == after.modules.top_level()
                && crates_of(before) == crates_of(after)
                && first_root(before) == first_root(after);
        }
        for name in before.outside.keys().chain(after.outside.keys()) {
            let state = |index: &Index| index.outside.get(name).copied();
            let is_same = match (state(before), state(after)) {
                (Some(OutsideState::Loaded(old)), Some(OutsideState::Loaded(new))) => {
                    shape(before, Some(old)) == shape(after, Some(new))
                }
                (old, new) => old == new,
            };
            if !is_same {
                self.names.insert(*name);
            }
        }
    }

    /// Finds the files whose text is the same and that mean something else all the same.
    fn compare_files(&mut self, before: &Index, after: &Index) {
        let found: Vec<bool> = (0..before.files.len())
            .into_par_iter()
            .map(|at| {
                let old = FileId(at as u32);
                let is_changed = self.is_changed[at];
                is_changed
                    || self.file(old).is_none_or(|new| {
                        !self.has_same_modules(before, after, old, new)
                            || !self.has_same_classes(before, after, old, new)
                    })
            })
            .collect();
        self.is_changed = found;
    }

    fn has_same_modules(&self, before: &Index, after: &Index, old: FileId, new: FileId) -> bool {
        if self.are_modules_same {
            return true;
        }
        let facts = &after.file(new).facts;
        let is_same = |old: Option<ModuleId>, new: Option<ModuleId>| shape(before, old) == shape(after, new);
        let mut declared = facts.modules.iter().enumerate();
        is_same(before.modules.of_file(old), after.modules.of_file(new))
            && declared.all(|(at, fact)| {
                let at = ModuleIdx::at(at);
                let within = |modules: &Modules, file: FileId| {
                    fact.body.and_then(|body| modules.in_place.get(&(file, body)).copied())
                };
                is_same(before.modules.declared_by(old, at), after.modules.declared_by(new, at))
                    && is_same(within(&before.modules, old), within(&after.modules, new))
            })
    }

    fn has_same_classes(&self, before: &Index, after: &Index, old: FileId, new: FileId) -> bool {
        let file = before.file(old);
        let first = after.file(new).first_class;
        (0..file.facts.types.len() as u32)
            .all(|at| self.is_same_class(before, after, ClassId(file.first_class + at), ClassId(first + at)))
    }

    /// Whether the same was made of a class.
    fn is_same_class(&self, before: &Index, after: &Index, old: ClassId, new: ClassId) -> bool {
        let (was, is) = (before.class(old), after.class(new));
        let same_class = |(old, new): (&ClassId, &ClassId)| self.class(*old) == Some(*new);
        let same_classes =
            |old: &[ClassId], new: &[ClassId]| old.len() == new.len() && old.iter().zip(new).all(same_class);
        let same_base = |(old, new): (&BaseLink, &BaseLink)| {
            old.text == new.text
                && match (&old.resolution, &new.resolution) {
                    (Resolution::Resolved(old), Resolution::Resolved(new)) => self.class(*old) == Some(*new),
                    (old, new) => old == new,
                }
        };
        let same_entry = |(old, new): (&MroEntry, &MroEntry)| match (old, new) {
            (MroEntry::Class(old), MroEntry::Class(new)) => self.class(*old) == Some(*new),
            (old, new) => old == new,
        };
        let same_method = |(old, new): (&FunctionId, &FunctionId)| self.function(*old) == Some(*new);
        let (methods, new_methods) = (&before.methods[old.0 as usize], &after.methods[new.0 as usize]);
        let extended = |index: &Index, block: ClassId| index.extensions.extended_by(block);
        was.id == is.id
            && was.kind == is.kind
            && was.bases.len() == is.bases.len()
            && was.bases.iter().zip(&is.bases).all(same_base)
            && was.mro.entries.len() == is.mro.entries.len()
            && was.mro.entries.iter().zip(&is.mro.entries).all(same_entry)
            && was.mro.unknown == is.mro.unknown
            && was.mro.error == is.mro.error
            && same_classes(before.extensions.of(old), after.extensions.of(new))
            && extended(before, old).map(|class| self.class(class)) == extended(after, new).map(Some)
            && methods.len() == new_methods.len()
            && methods.iter().zip(new_methods).all(same_method)
    }
}

fn says_the_same(old: &File, new: &File) -> bool {
    Arc::ptr_eq(&old.facts, &new.facts)
        && old.role == new.role
        && old.language == new.language
        && old.has_compiled_twin == new.has_compiled_twin
}

/// A module without ids: its name, its file, its folder on `sys.path` or its crate, and what it stands in.
#[derive(PartialEq)]
struct Shape<'i> {
    name: Name,
    file: Option<&'i str>,
    root: Option<&'i Path>,
    is_package: bool,
    is_in_tree: bool,
    language: Language,
    parent: Option<Name>,
    condition: Option<Name>,
}

fn shape(index: &Index, module: Option<ModuleId>) -> Option<Shape<'_>> {
    let module = index.modules.get(module?);
    Some(Shape {
        name: module.name,
        file: module.file.map(|file| index.files[file.0 as usize].display.as_str()),
        root: index.modules.roots.get(module.root as usize).map(|path| path.as_path()),
        is_package: module.is_package,
        is_in_tree: module.is_in_tree,
        language: module.language,
        parent: module.parent.map(|parent| index.modules.get(parent).name),
        condition: module.condition,
    })
}

/// The modules of this name, in the order in which they are found.
fn bearers(index: &Index, name: Name) -> Vec<Option<Shape<'_>>> {
    index.modules.named(name).iter().map(|module| shape(index, Some(*module))).collect()
}

/// What the crates of the tree are called, by whom, and which of them are of the 2015 edition.
#[derive(PartialEq)]
struct Crates<'i> {
    named: Vec<(Name, Vec<Option<Shape<'i>>>)>,
    renamed: Vec<(Option<&'i Path>, Name, Name)>,
    of_2015: Vec<Option<&'i Path>>,
}

fn crates_of(index: &Index) -> Crates<'_> {
    let modules = &index.modules;
    let root = |at: u32| modules.roots.get(at as usize).map(|path| path.as_path());
    let named = modules
        .crates
        .iter()
        .map(|(name, crates)| (*name, crates.iter().map(|module| shape(index, Some(*module))).collect()));
    let renamed = modules.renamed.iter().map(|((at, alias), name)| (root(*at), *alias, *name));
    let mut crates = Crates {
        named: named.collect(),
        renamed: renamed.collect(),
        of_2015: modules.of_2015.iter().map(|at| root(*at)).collect(),
    };
    crates.named.sort_by_key(|(name, _)| *name);
    crates.renamed.sort();
    crates.of_2015.sort();
    crates
}

//! What is compared: classes with the methods of their order, and modules that keep state behind functions.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::analysis::protocols;
use crate::facts::actions::{ActionKind, Subject};
use crate::facts::{FunctionIdx, MODULE_SCOPE, Name};
use crate::link::changes::Changes;
use crate::link::members::methods_of;
use crate::link::{ClassId, ClassKind, FileId, FunctionId, Index};
use crate::source::{AT_A_TIME, FileRole, Language};

/// Something that may implement a responsibility.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// A class.
    Class(ClassId),
    /// A module whose functions share state.
    Module(FileId),
}

impl Unit {
    /// Its dotted id.
    #[must_use]
    pub fn id(self, index: &Index) -> Name {
        match self {
            Self::Class(class) => index.class(class).id,
            Self::Module(file) => match index.modules.of_file(file) {
                Some(module) => index.modules.get(module).name,
                None => index.file(file).display,
            },
        }
    }

    /// The file that defines it, and the span of its text.
    #[must_use]
    pub fn span(self, index: &Index) -> Option<(FileId, std::ops::Range<u32>)> {
        match self {
            Self::Class(class) => {
                let (file, fact) = index.source_of(class)?;
                Some((file, fact.at..fact.end))
            }
            Self::Module(file) => Some((file, 0..u32::MAX)),
        }
    }

    /// All of its text: a class in Rust has blocks beside its definition.
    #[must_use]
    pub fn spans(self, index: &Index) -> Vec<(FileId, std::ops::Range<u32>)> {
        match self {
            Self::Class(class) => {
                index.parts_of(class).map(|(file, part)| (file, part.at..part.end)).collect()
            }
            Self::Module(file) => vec![(file, 0..u32::MAX)],
        }
    }
}

/// From this many subclasses on, a base is a framework of the code base: what it provides says nothing
/// of a single subclass.
const FRAMEWORK: u32 = 8;

/// What units stand in: which classes are bases of how many, and which packages are the tree's own.
#[derive(Debug)]
pub struct Families {
    descendants: FxHashMap<ClassId, u32>,
    own_packages: FxHashSet<Name>,
}

impl Families {
    pub(super) fn of(index: &Index) -> Self {
        let mut descendants: FxHashMap<ClassId, u32> = FxHashMap::default();
        for class in index.tree_classes() {
            for ancestor in index.class(class).mro.classes().skip(1) {
                *descendants.entry(ancestor).or_default() += 1;
            }
        }
        let mut own_packages = index.modules.top_level();
        own_packages.extend(index.modules.crate_names());
        own_packages.extend(["crate", "self", "super"].map(Name::new));
        Self { descendants, own_packages }
    }

    /// The files before of the classes that are frameworks here and not in a later tree, or the other way round.
    pub(super) fn files_of_others(
        &self,
        later: &Self,
        index: &Index,
        changes: &Changes,
    ) -> FxHashSet<FileId> {
        let frameworks = |families: &Self| -> FxHashSet<ClassId> {
            let counts = families.descendants.iter();
            counts.filter(|(_, count)| **count >= FRAMEWORK).map(|(class, _)| *class).collect()
        };
        let were = frameworks(self).into_iter().filter_map(|class| changes.class(class));
        let (were, are): (FxHashSet<ClassId>, FxHashSet<ClassId>) = (were.collect(), frameworks(later));
        let files = were.symmetric_difference(&are).filter_map(|class| index.source_of(*class));
        files.filter_map(|(file, _)| changes.origin(file)).collect()
    }

    pub(super) fn is_own_package(&self, top: Name) -> bool {
        self.own_packages.contains(&top)
    }

    /// The class and those of its bases whose methods make it what it is.
    pub(super) fn own_line<'i>(
        &self,
        index: &'i Index,
        class: ClassId,
    ) -> impl Iterator<Item = ClassId> + 'i {
        let kept: Vec<ClassId> = index
            .class(class)
            .mro
            .classes()
            .filter(|&ancestor| {
                ancestor == class
                    || index.is_in_tree(ancestor)
                        && self.descendants.get(&ancestor).is_none_or(|count| *count < FRAMEWORK)
                        && !protocols::is_protocol_like(index, ancestor)
            })
            .collect();
        kept.into_iter()
    }
}

/// The functions that make up a unit: for a class the nearest of each name along its own line.
pub(super) fn functions_of(index: &Index, families: &Families, unit: Unit) -> Vec<FunctionId> {
    match unit {
        Unit::Class(class) => {
            let mut seen: FxHashSet<Name> = FxHashSet::default();
            let line = families.own_line(index, class);
            line.flat_map(|ancestor| methods_of(index, ancestor).iter().copied())
                .filter(|method| seen.insert(index.function(*method).name))
                .collect()
        }
        Unit::Module(file) => {
            let functions = index.file(file).facts.functions.iter().enumerate();
            functions
                .filter(|(_, function)| function.scope == MODULE_SCOPE)
                .map(|(at, _)| FunctionId { file, index: FunctionIdx::at(at) })
                .collect()
        }
    }
}

/// Everything that may be compared, in the order of the files: production code and scripts.
pub(super) fn units_of(index: &Index) -> Vec<Unit> {
    let files: Vec<FileId> = (0..index.tree_files as u32).map(FileId).collect();
    let found = files.into_par_iter().with_max_len(AT_A_TIME).flat_map_iter(|file| {
        let held = index.file(file);
        let is_counted = held.language != Language::PythonStub
            && matches!(held.role, FileRole::Production | FileRole::Script);
        let classes = (0..held.facts.types.len() as u32).map(move |at| ClassId(held.first_class + at));
        let classes = classes
            .filter(move |class| is_counted && may_implement(index, *class) && !is_for_tests(index, *class))
            .map(Unit::Class);
        let module = (is_counted && keeps_state(index, file)).then_some(Unit::Module(file));
        classes.chain(module)
    });
    found.collect()
}

/// Whether a class is compiled for tests alone, in a file that is not.
fn is_for_tests(index: &Index, class: ClassId) -> bool {
    index.role_of(class) == Some(FileRole::Test)
}

/// Kinds of classes that hold values, name alternatives or say what others must do are no implementations.
pub(in crate::analysis) fn may_implement(index: &Index, class: ClassId) -> bool {
    if index.is_extension(class) {
        return false;
    }
    match index.class(class).kind {
        ClassKind::Plain => {}
        ClassKind::Protocol | ClassKind::TypedDict | ClassKind::NamedTuple | ClassKind::Enum => return false,
    }
    let is_a = |id: &str| index.library.class(id).is_some_and(|base| index.class(class).mro.contains(base));
    !protocols::is_protocol_like(index, class) && !is_a("builtins.BaseException")
}

/// Functions that put into a name of the module what other functions take out or go over.
fn keeps_state(index: &Index, file: FileId) -> bool {
    let facts = &index.file(file).facts;
    let functions = facts.functions.iter().filter(|function| function.scope == MODULE_SCOPE);
    let (mut count, mut puts, mut takes) = (0, 0, 0);
    for function in functions {
        count += 1;
        let actions = &facts.actions[function.actions.range()];
        let does = |kinds: &[ActionKind]| {
            actions.iter().any(|action| {
                matches!(action.on, Subject::State | Subject::Element) && kinds.contains(&action.kind)
            })
        };
        puts += u32::from(does(&[ActionKind::Insert, ActionKind::Assign, ActionKind::Call]));
        takes += u32::from(does(&[
            ActionKind::Lookup,
            ActionKind::Iterate,
            ActionKind::Remove,
            ActionKind::Contains,
            ActionKind::Call,
        ]));
    }
    count >= 3 && puts >= 1 && takes >= 2
}

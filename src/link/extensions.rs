//! `impl` blocks → the types that they belong to, wherever in the crate they stand.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::resolve::{Entity, Resolver};
use super::{ClassId, FileId, Index, Origin};
use crate::facts::{TypeFact, TypeForm};
use crate::source::AT_A_TIME;

/// Which types the blocks belong to.
#[derive(Debug, Default)]
pub struct Extensions {
    /// Blocks by the type, in the order of files and lines.
    parts: FxHashMap<ClassId, Vec<ClassId>>,
    /// The type by the block.
    extended: FxHashMap<ClassId, ClassId>,
    /// `impl Deref for Type { type Target = … }`
    derefs: FxHashMap<ClassId, ClassId>,
}

impl Extensions {
    /// The blocks of a type.
    #[must_use]
    pub fn of(&self, class: ClassId) -> &[ClassId] {
        self.parts.get(&class).map_or(&[], Vec::as_slice)
    }

    /// What a type derefs to, where that is a type of the tree.
    #[must_use]
    pub fn derefs_to(&self, class: ClassId) -> Option<ClassId> {
        self.derefs.get(&class).copied()
    }

    pub(super) fn note_deref(&mut self, class: ClassId, target: ClassId) {
        self.derefs.insert(class, target);
    }

    /// The type that a block extends; none for a block of a type outside the tree.
    #[must_use]
    pub fn extended_by(&self, block: ClassId) -> Option<ClassId> {
        self.extended.get(&block).copied()
    }
}

/// Resolves the type of every block.
pub(super) fn link_extensions(index: &mut Index) {
    let first = index.library.classes.len();
    let index_read = &*index;
    let found: Vec<(ClassId, ClassId)> = (first..index.classes.len())
        .into_par_iter()
        .with_max_len(AT_A_TIME)
        .filter_map(|at| {
            let block = ClassId(at as u32);
            let Origin::Source { file, index: position } = index_read.class(block).origin else {
                return None;
            };
            let fact = &index_read.file(file).facts.types[position.index()];
            let TypeForm::Extension { of: Some(chain), is_blanket: false, .. } = fact.form else {
                return None;
            };
            match Resolver::new(index_read).chain(file, chain) {
                Entity::Class(class) if class != block => Some((block, class)),
                _ => None,
            }
        })
        .collect();
    for (block, class) in found {
        index.extensions.parts.entry(class).or_default().push(block);
        index.extensions.extended.insert(block, class);
    }
}

impl Index {
    /// The `impl` block that holds a method.
    #[must_use]
    pub fn block_of(&self, method: super::FunctionId) -> Option<ClassId> {
        let owner = self.function(method).owner?;
        let block = ClassId(self.file(method.file).first_class + owner.index() as u32);
        self.is_extension(block).then_some(block)
    }

    /// How many lines a class takes, with the blocks that extend it.
    #[must_use]
    pub fn lines_of(&self, class: ClassId) -> u32 {
        let parts = self.parts_of(class).map(|(file, part)| {
            let lines = &self.file(file).facts.lines;
            lines.line(part.end.saturating_sub(1).max(part.at)) - lines.line(part.at) + 1
        });
        parts.sum()
    }

    /// The definition of a class and the blocks that extend it.
    pub fn parts_of(&self, class: ClassId) -> impl Iterator<Item = (FileId, &TypeFact)> {
        let blocks = self.blocks_of(class).iter().copied();
        std::iter::once(class).chain(blocks).filter_map(|part| self.source_of(part))
    }
}

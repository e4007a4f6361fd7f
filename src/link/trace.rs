//! What an answer was read from: files, and names of modules that were asked for.
//!
//! All that is known of a program comes through [`Index::file`], [`Index::class`] and look-ups of modules. Where a history is
//! followed each of them notes what it gives, for the question that the thread is at; elsewhere a look-up costs one test more.

use std::cell::RefCell;

use rustc_hash::FxHashSet;

use super::changes::{Changes, Moved};
use super::{FileId, Index};
use crate::facts::Name;

/// What an answer was read from. Classes count as the files that define them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// Sorted.
    pub(super) files: Box<[FileId]>,
    /// Names of modules that were looked up, whether there are such modules or not. Sorted by address.
    pub(super) names: Box<[Name]>,
}

impl Sources {
    /// The files.
    pub fn files(&self) -> impl Iterator<Item = FileId> {
        self.files.iter().copied()
    }
}

impl Moved for Sources {
    fn moved(&self, changes: &Changes) -> Option<Self> {
        // The files that stay keep their order.
        let files: Option<Box<[FileId]>> = self.files.iter().map(|file| changes.file(*file)).collect();
        Some(Self { files: files?, names: self.names.clone() })
    }
}

/// Whether reads are noted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tracing {
    is_on: bool,
}

/// What the question at hand has read so far.
#[derive(Default)]
struct Notes {
    /// By file: whether it is among [`Notes::files`].
    is_noted: Vec<bool>,
    files: Vec<FileId>,
    names: FxHashSet<Name>,
}

thread_local! {
    static NOTES: RefCell<Notes> = RefCell::default();
}

impl Tracing {
    pub(super) const ON: Self = Self { is_on: true };

    #[inline]
    pub(super) fn is_on(self) -> bool {
        self.is_on
    }

    #[inline]
    pub(super) fn note_file(self, file: FileId) {
        if self.is_on {
            NOTES.with_borrow_mut(|notes| notes.add(file));
        }
    }

    #[inline]
    pub(super) fn note_name(self, name: Name) {
        if self.is_on {
            NOTES.with_borrow_mut(|notes| {
                notes.names.insert(name);
            });
        }
    }
}

impl Notes {
    fn add(&mut self, file: FileId) {
        let at = file.0 as usize;
        if self.is_noted.len() <= at {
            self.is_noted.resize(at + 1, false);
        }
        if !std::mem::replace(&mut self.is_noted[at], true) {
            self.files.push(file);
        }
    }

    /// What was noted; the notes are empty afterwards.
    fn take(&mut self) -> Sources {
        for file in &self.files {
            self.is_noted[file.0 as usize] = false;
        }
        let mut files = std::mem::take(&mut self.files);
        files.sort_unstable();
        let mut names: Vec<Name> = self.names.drain().collect();
        names.sort_unstable_by_key(|name| name.address());
        Sources { files: files.into(), names: names.into() }
    }
}

impl Index {
    /// Answers a question and tells what the answer was read from. Questions do not hold further ones, and what they ask
    /// they ask in this thread.
    pub fn reading<T>(&self, question: impl FnOnce() -> T) -> (T, Sources) {
        if !self.tracing.is_on {
            return (question(), Sources::default());
        }
        NOTES.with_borrow_mut(Notes::take);
        let answer = question();
        (answer, NOTES.with_borrow_mut(Notes::take))
    }
}

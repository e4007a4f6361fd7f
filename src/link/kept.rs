//! One question about each file, and its answers, kept from one program to the next as far as they are still right.

use std::sync::Arc;

use rayon::prelude::*;

use super::changes::Moved;
use super::trace::Sources;
use super::{FileId, Index};
use crate::source::AT_A_TIME;

/// The answer to one question for each file of a tree.
#[derive(Debug, Clone)]
pub struct Kept<T>(Vec<Arc<Answer<T>>>);

#[derive(Debug)]
struct Answer<T> {
    given: T,
    sources: Sources,
}

impl<T: Moved + Send + Sync> Kept<T> {
    /// Asks for every file of the tree whose earlier answer does not hold any more. The question must be a function of what it reads
    /// of the index.
    #[must_use]
    pub fn of(index: &Index, earlier: Option<&Self>, ask: impl Fn(FileId) -> T + Sync) -> Self {
        let files = 0..index.tree_files as u32;
        let answer = |file| {
            let file = FileId(file);
            earlier.and_then(|earlier| earlier.still(index, file)).unwrap_or_else(|| {
                let (given, sources) = index.reading(|| ask(file));
                Arc::new(Answer { given, sources })
            })
        };
        Self(files.into_par_iter().with_max_len(AT_A_TIME).map(answer).collect())
    }

    /// The earlier answer, where it holds.
    fn still(&self, index: &Index, file: FileId) -> Option<Arc<Answer<T>>> {
        let changes = index.changes.as_ref()?;
        let answer = self.0.get(changes.origin(file)?.0 as usize)?;
        if !changes.keep(&answer.sources) {
            return None;
        }
        if T::may_stay(changes) {
            return Some(answer.clone());
        }
        let (given, sources) = (answer.given.moved(changes)?, answer.sources.moved(changes)?);
        Some(Arc::new(Answer { given, sources }))
    }

    /// The answers, in the order of the files.
    pub fn iter(&self) -> impl Iterator<Item = &T> + Clone {
        self.0.iter().map(|answer| &answer.given)
    }
}

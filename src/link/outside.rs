//! What lies outside the tree: modules of an environment, read when a resolution asks for them.

use std::sync::Arc;

use rayon::prelude::*;

use super::classes::ids_of;
use super::modules::ModuleId;
use super::{FileId, Index, LinkFile};
use crate::facts::{FileFacts, Name};
use crate::source::{FileRole, Language};

/// What the world outside the tree has under a dotted module name.
#[derive(Debug)]
pub enum OutsideModule {
    /// A source or stub file and its facts.
    File {
        /// Path as shown.
        display: String,
        /// Source or stub.
        language: Language,
        /// Whether it is a package's `__init__`.
        is_package: bool,
        /// What it says.
        facts: Arc<FileFacts>,
    },
    /// A namespace package.
    Namespace,
    /// A compiled module that nothing describes.
    Compiled,
    /// Nothing.
    Missing,
}

/// Reads modules that lie outside the tree, on demand.
pub trait Outside: Sync {
    /// Looks up each of `names`; `None` where no environment is known at all.
    fn load(&self, name: Name) -> Option<OutsideModule>;
}

/// No environment: whatever is not in the tree or the standard library stays external.
#[derive(Debug, Clone, Copy)]
pub struct NoEnvironment;

impl Outside for NoEnvironment {
    fn load(&self, _name: Name) -> Option<OutsideModule> {
        None
    }
}

/// What was found of a module outside the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutsideState {
    /// Read, or a namespace.
    Loaded(ModuleId),
    /// Compiled.
    Compiled,
    /// Not there.
    Missing,
    /// No environment to look in.
    Unknown,
}

impl Index {
    /// Reads the modules that were asked for and are not loaded; false when there were none.
    pub(super) fn load_wanted(&mut self, outside: &dyn Outside) -> bool {
        let wanted =
            std::mem::take(&mut *self.wanted.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        let mut wanted: Vec<Name> =
            wanted.into_iter().filter(|name| !self.outside.contains_key(name)).collect();
        wanted.sort();
        let loaded: Vec<Option<OutsideModule>> =
            wanted.par_iter().with_max_len(1).map(|name| outside.load(*name)).collect();
        for (name, found) in wanted.iter().zip(loaded) {
            let state = match found {
                None => OutsideState::Unknown,
                Some(OutsideModule::Missing) => OutsideState::Missing,
                Some(OutsideModule::Compiled) => OutsideState::Compiled,
                Some(OutsideModule::Namespace) => {
                    OutsideState::Loaded(self.modules.add_outside(*name, None, true))
                }
                Some(OutsideModule::File { display, language, is_package, facts }) => {
                    let file_id = FileId(self.files.len() as u32);
                    let module = self.modules.add_outside(*name, Some(file_id), is_package);
                    let file = LinkFile {
                        display,
                        language,
                        role: FileRole::Vendored,
                        has_compiled_twin: false,
                        facts,
                    };
                    let ids = ids_of(&self.modules, file_id, &file);
                    self.add_file(file, &ids, false);
                    OutsideState::Loaded(module)
                }
            };
            self.outside.insert(*name, state);
        }
        !wanted.is_empty()
    }

    /// Notes that a resolution needs this module.
    pub(super) fn want(&self, name: Name) {
        self.wanted.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(name);
    }
}

//! How many files use each module of functions: by importing it, or a function of it.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::analysis::similarity::units::Unit;
use crate::facts::{ImportIdx, Imported};
use crate::link::resolve::{Entity, Resolver};
use crate::link::{FileId, Index};
use crate::source::{AT_A_TIME, FileRole};

/// Users of the modules of a tree: files of production code, and all files.
#[derive(Debug, Default)]
pub(super) struct ModuleUsers(FxHashMap<FileId, (u32, u32)>);

impl ModuleUsers {
    pub(super) fn of(index: &Index) -> Self {
        let files: Vec<FileId> = (0..index.tree_files as u32).map(FileId).collect();
        let used: Vec<(FileId, Vec<FileId>)> =
            files.into_par_iter().with_max_len(AT_A_TIME).map(|file| (file, used_by(index, file))).collect();
        let mut found: FxHashMap<FileId, (u32, u32)> = FxHashMap::default();
        for (file, used) in used {
            let is_production = index.file(file).role == FileRole::Production;
            for of in used {
                let (production, all) = found.entry(of).or_default();
                *production += u32::from(is_production);
                *all += 1;
            }
        }
        Self(found)
    }

    /// Of a module; a class has references of its own.
    pub(super) fn of_unit(&self, unit: Unit) -> (u32, u32) {
        match unit {
            Unit::Module(file) => self.0.get(&file).copied().unwrap_or_default(),
            Unit::Class(_) => (0, 0),
        }
    }
}

/// The files whose module, or whose functions, a file imports, each once.
fn used_by(index: &Index, file: FileId) -> Vec<FileId> {
    let resolver = Resolver::new(index);
    let imports = index.file(file).facts.imports.iter().enumerate();
    let names = imports.filter(|(_, import)| matches!(import.what, Imported::Name(_) | Imported::ModuleAs));
    let mut used: Vec<FileId> = names
        .filter_map(|(at, _)| match resolver.import(file, ImportIdx::at(at), 0) {
            Entity::Function(function) => Some(function.file),
            Entity::Module(module) => index.modules.get(module).file,
            _ => None,
        })
        .filter(|of| *of != file)
        .collect();
    used.sort_unstable();
    used.dedup();
    used
}

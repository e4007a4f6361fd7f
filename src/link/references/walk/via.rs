//! By which way a reference leads to its class: by its own name, by another, through a module that passes it on.

use super::Walk;
use crate::facts::{Bound, FileFacts, ImportIdx, Name};
use crate::link::ClassId;
use crate::link::modules::ModuleId;
use crate::link::references::Via;
use crate::link::resolve::{Entity, Target};

impl Walk<'_> {
    /// `from here import name`: direct when `here` defines it.
    pub(super) fn via_import(&self, class: ClassId, import: ImportIdx, name: Name) -> Via {
        let facts = &self.index.file(self.file).facts;
        let fact = &facts.imports[import.index()];
        if name != self.index.class(class).name {
            return Via::Alias(name);
        }
        match self.resolver.import_module(self.file, fact) {
            Target::Found(module) => self.via_module(class, module, name),
            _ => Via::Direct,
        }
    }

    pub(super) fn via_module(&self, class: ClassId, module: ModuleId, name: Name) -> Via {
        let Some((file, _)) = self.index.source_of(class) else { return Via::Direct };
        if name != self.index.class(class).name {
            return Via::Alias(name);
        }
        let modules = &self.index.modules;
        let is_there = modules.parts_of(module).any(|(part, _)| part == file);
        if is_there { Via::Direct } else { Via::ReExport(modules.get(module).name) }
    }

    pub(super) fn via_root(
        &self,
        facts: &FileFacts,
        class: ClassId,
        bound: Option<Bound>,
        root: Name,
    ) -> Via {
        if root != self.index.class(class).name {
            return Via::Alias(root);
        }
        match bound {
            Some(Bound::Import(import)) => self.via_import(class, import, root),
            Some(Bound::Value { .. } | Bound::TypeAlias(_)) => Via::Alias(root),
            Some(_) => Via::Direct,
            None => self.via_star(facts, class, root),
        }
    }

    /// A name that no binding of the file holds came by `from m import *`.
    fn via_star(&self, facts: &FileFacts, class: ClassId, root: Name) -> Via {
        let stars = facts.star_bindings().iter().rev();
        let modules = stars.filter_map(|binding| match binding.target {
            Bound::Star(import) => {
                match self.resolver.import_module(self.file, &facts.imports[import.index()]) {
                    Target::Found(module) => Some(module),
                    _ => None,
                }
            }
            _ => None,
        });
        let mut bringing =
            modules.filter(|module| self.resolver.member(*module, root, 0) == Entity::Class(class));
        match bringing.next() {
            Some(module) => self.via_module(class, module, root),
            None => Via::Direct,
        }
    }
}

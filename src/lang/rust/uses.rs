//! `use` and `extern crate` → imports, one entry per name.

use syn::{ItemExternCrate, ItemUse, UseTree, Visibility};

use super::Lowering;
use crate::facts::{Bound, Import, ImportIdx, Imported, Name};
use crate::text::Offset;

impl Lowering<'_> {
    pub(super) fn lower_use(&mut self, item: &ItemUse) {
        let level = u32::from(item.leading_colon.is_some());
        let is_private = is_private(&item.vis);
        self.use_tree(&item.tree, String::new(), level, is_private);
    }

    fn use_tree(&mut self, tree: &UseTree, path: String, level: u32, is_private: bool) {
        match tree {
            UseTree::Path(step) => {
                let path = extended(&path, self.name_of(&step.ident));
                self.use_tree(&step.tree, path, level, is_private);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.use_tree(tree, path.clone(), level, is_private);
                }
            }
            UseTree::Glob(glob) => {
                let at = self.start_of(glob.star_token.spans[0]);
                let import = self.push_import(&path, level, Imported::Star, at);
                self.bind(Name::new("*"), at, is_private, Bound::Star(import));
            }
            UseTree::Name(leaf) => {
                let (name, at) = self.named(&leaf.ident);
                self.use_name(&path, name, name, at, level, is_private);
            }
            UseTree::Rename(leaf) => {
                let (name, at) = self.named(&leaf.ident);
                let bound = self.name_of(&leaf.rename);
                self.use_name(&path, name, bound, at, level, is_private);
            }
        }
    }

    fn use_name(&mut self, path: &str, name: Name, bound: Name, at: Offset, level: u32, is_private: bool) {
        let (module, what) = match name.as_str() {
            // `use a::b::{self}` brings the module.
            "self" => (path.to_owned(), Imported::ModuleAs),
            _ if path.is_empty() => (name.as_str().to_owned(), Imported::ModuleAs),
            _ => (path.to_owned(), Imported::Name(name)),
        };
        let import = self.push_import(&module, level, what, at);
        let own = Name::new(module.rsplit('.').next().unwrap_or(&module));
        let bound = if bound.as_str() == "self" { own } else { bound };
        // `use Trait as _` binds no name that code could say.
        if bound.as_str() != "_" {
            self.bind(bound, at, is_private, Bound::Import(import));
        }
    }

    pub(super) fn lower_extern_crate(&mut self, item: &ItemExternCrate) {
        let (name, at) = self.named(&item.ident);
        let bound = item.rename.as_ref().map_or(name, |(_, rename)| self.name_of(rename));
        let (module, level) = if name.as_str() == "self" { ("crate", 0) } else { (name.as_str(), 1) };
        let import = self.push_import(module, level, Imported::ModuleAs, at);
        if bound.as_str() != "_" {
            self.bind(bound, at, is_private(&item.vis), Bound::Import(import));
        }
    }

    fn push_import(&mut self, module: &str, level: u32, what: Imported, at: Offset) -> ImportIdx {
        let id = ImportIdx::at(self.facts.imports.len());
        let (scope, guard) = (self.scope, self.guard);
        self.facts.imports.push(Import { module: Name::new(module), level, what, at, scope, guard });
        id
    }
}

/// Whether an item is seen in its own module only.
pub(super) fn is_private(visibility: &Visibility) -> bool {
    match visibility {
        Visibility::Public(_) => false,
        Visibility::Restricted(restricted) => restricted.path.is_ident("self"),
        Visibility::Inherited => true,
    }
}

fn extended(path: &str, name: Name) -> String {
    if path.is_empty() { name.as_str().to_owned() } else { format!("{path}.{name}") }
}

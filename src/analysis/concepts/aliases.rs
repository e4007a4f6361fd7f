//! Names at module level that stand for a member of a concept under another name.

use std::collections::BTreeSet;

use crate::facts::{Bound, MODULE_SCOPE, Name};
use crate::link::resolve::{Entity, Place, Resolver};
use crate::link::{ClassId, FileId, Index};
use crate::text::Offset;

/// Another module-level name of a member.
#[derive(Debug, Clone, Copy)]
pub struct Alias {
    /// The name.
    pub name: Name,
    /// What it stands for.
    pub class: ClassId,
    /// The file that binds it.
    pub file: FileId,
    /// Where.
    pub at: Offset,
}

/// Those of the tree, in the order of files and lines.
pub(super) fn aliases_of(index: &Index, members: &BTreeSet<ClassId>) -> Vec<Alias> {
    // What binds a name to a class is a use of the class.
    let uses = members.iter().flat_map(|class| index.references.of_class(*class));
    let files: BTreeSet<FileId> = uses.map(|used| used.file).collect();
    let found = files.into_iter().flat_map(|file| aliases_in(index, file));
    found.filter(|alias| members.contains(&alias.class)).collect()
}

fn aliases_in(index: &Index, file: FileId) -> Vec<Alias> {
    let resolver = Resolver::new(index);
    let mut found: Vec<Alias> = Vec::new();
    for binding in index.file(file).facts.bindings_in(MODULE_SCOPE) {
        let class = match binding.target {
            Bound::Import(import) => resolver.import(file, import, 0),
            Bound::Value { .. } | Bound::TypeAlias(_) => {
                let (scope, at) = (MODULE_SCOPE, binding.at + 1);
                resolver.name_at(binding.name, Place { file, scope, at, guard: binding.guard }, 0)
            }
            Bound::Type(_)
            | Bound::Function(_)
            | Bound::Parameter(_)
            | Bound::Receiver { .. }
            | Bound::TypeParameter
            | Bound::Opaque
            | Bound::Deleted
            | Bound::Star(_)
            | Bound::Module(_) => continue,
        };
        if let Entity::Class(class) = class
            && binding.name != index.class(class).name
        {
            found.push(Alias { name: binding.name, class, file, at: binding.at });
        }
    }
    found.sort_by_key(|alias| alias.at);
    found
}

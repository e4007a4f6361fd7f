//! Which attributes may lead from an instance to a class or a module. Few do, and a chain of others uses no class beyond
//! the one that it starts from.

use rayon::prelude::*;

use crate::facts::{Bound, Name, Step, TypeIdx};
use crate::link::members::fields_of;
use crate::link::resolve::{Entity, Resolver};
use crate::link::{FileId, Index};
use crate::source::AT_A_TIME;

/// A filter over the names of such attributes (Bloom, CACM 1970), with one hash: it never says no of one of them.
#[derive(Debug)]
pub(super) struct Leads {
    bits: Vec<u64>,
}

/// Small enough to stay in the cache of a core.
const BITS: usize = 1 << 17;

impl Leads {
    /// Asks every Python class of the tree what its own attributes are. What it inherits is another one's own.
    pub(super) fn of(index: &Index) -> Self {
        let files = 0..index.tree_files as u32;
        let names = files.into_par_iter().with_max_len(AT_A_TIME).flat_map_iter(|file| {
            let file = FileId(file);
            if index.file(file).language.is_python() { leads_of(index, file) } else { Vec::new() }
        });
        let mut leads = Self { bits: vec![0; BITS / 64] };
        for name in names.collect::<Vec<Name>>() {
            let (word, bit) = place(name);
            leads.bits[word] |= bit;
        }
        leads
    }

    /// Whether one of the steps may be such an attribute.
    pub(super) fn may_be_in(&self, steps: &[Step]) -> bool {
        steps.iter().filter_map(|step| step.attribute()).any(|name| {
            let (word, bit) = place(name);
            self.bits[word] & bit != 0
        })
    }
}

fn place(name: Name) -> (usize, u64) {
    let bit = name.mixed() as usize % BITS;
    (bit / 64, 1 << (bit % 64))
}

fn leads_of(index: &Index, file: FileId) -> Vec<Name> {
    let resolver = Resolver::new(index);
    let mut found = Vec::new();
    for of in (0..index.file(file).facts.types.len()).map(TypeIdx::at) {
        let class = index.class_of(file, of);
        let names = attributes_of(index, file, of);
        let leads = |of: &Entity, name: Name| {
            matches!(resolver.attribute(of, name, 0), Entity::Class(_) | Entity::Module(_))
        };
        let owners = [Entity::Class(class), Entity::Instance(class)];
        found.extend(names.into_iter().filter(|name| owners.iter().any(|owner| leads(owner, *name))));
    }
    found
}

/// The attributes of a type that are bound to something that we follow, each once.
fn attributes_of(index: &Index, file: FileId, of: TypeIdx) -> Vec<Name> {
    let facts = &index.file(file).facts;
    let body = facts.types[of.index()].body;
    let bindings = facts.bindings_in(body).iter().filter(|binding| match binding.target {
        Bound::Type(_) | Bound::Import(_) | Bound::Module(_) | Bound::TypeAlias(_) => true,
        Bound::Value { values, annotation, .. } => values.len > 0 || annotation.is_some(),
        Bound::Function(_)
        | Bound::Parameter(_)
        | Bound::Receiver { .. }
        | Bound::TypeParameter
        | Bound::Opaque
        | Bound::Deleted
        | Bound::Star(_) => false,
    });
    let mut names: Vec<Name> = bindings.map(|binding| binding.name).collect();
    let fields = fields_of(index, file, of).filter(|field| field.values.len > 0);
    names.extend(fields.map(|field| field.name));
    names.sort_unstable_by_key(|name| name.address());
    names.dedup();
    names
}

//! Classes × protocols: which pairs are worth comparing, and what comes of them.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::members::demands_of;
use super::{Conformance, conforms, is_protocol_like};
use crate::analysis::overrides::provided;
use crate::facts::Name;
use crate::link::members::{fields_of, methods_of};
use crate::link::{ClassId, ClassKind, Index, Origin};

/// One implementation against one protocol.
#[derive(Debug, Clone)]
pub struct ConformancePair {
    /// The implementation.
    pub class: ClassId,
    /// The protocol.
    pub protocol: ClassId,
    /// The verdict and its reasons.
    pub conformance: Conformance,
}

/// Compares every class of the tree that has at least half of a protocol's members by name with that
/// protocol, and every class that lists it among its bases. Sorted by protocol, then by class.
#[must_use]
pub fn matrix(index: &Index, protocols: &[ClassId]) -> Vec<ConformancePair> {
    let mut owners: BTreeMap<Name, BTreeSet<ClassId>> = BTreeMap::new();
    let mut heirs: BTreeMap<ClassId, Vec<ClassId>> = BTreeMap::new();
    for class in index.tree_classes() {
        for name in own_names(index, class) {
            owners.entry(name).or_default().insert(class);
        }
        for ancestor in index.class(class).mro.classes().skip(1) {
            heirs.entry(ancestor).or_default().push(class);
        }
    }
    let mut pairs: Vec<(ClassId, ClassId)> = Vec::new();
    for &protocol in protocols {
        let demanded: Vec<Name> = demands_of(index, protocol).iter().map(|demand| demand.name).collect();
        let mut near: BTreeSet<ClassId> = heirs.get(&protocol).into_iter().flatten().copied().collect();
        let holders: BTreeSet<ClassId> =
            demanded.iter().filter_map(|name| owners.get(name)).flatten().copied().collect();
        for holder in holders {
            near.insert(holder);
            near.extend(heirs.get(&holder).into_iter().flatten());
        }
        let candidates = near.into_iter().filter(|class| {
            let is_implementation = match index.class(*class).kind {
                ClassKind::Plain | ClassKind::NamedTuple | ClassKind::Enum => true,
                ClassKind::Protocol | ClassKind::TypedDict => false,
            };
            is_implementation
                && (index.class(*class).mro.contains(protocol) || has_half(index, *class, &demanded))
        });
        pairs.extend(candidates.map(|class| (protocol, class)));
    }
    pairs
        .into_par_iter()
        .map(|(protocol, class)| ConformancePair {
            class,
            protocol,
            conformance: conforms(index, class, protocol),
        })
        .collect()
}

/// The protocols of the tree, by id.
#[must_use]
pub fn protocols_of(index: &Index) -> Vec<ClassId> {
    let mut found: Vec<ClassId> =
        index.tree_classes().filter(|class| is_protocol_like(index, *class)).collect();
    found.sort_by_key(|class| (index.class(*class).id, *class));
    found
}

fn own_names(index: &Index, class: ClassId) -> BTreeSet<Name> {
    let methods = methods_of(index, class).iter().map(|method| index.function(*method).name);
    let fields = match index.class(class).origin {
        Origin::Source { file, index: at } => fields_of(index, file, at).map(|field| field.name).collect(),
        Origin::Library => Vec::new(),
    };
    methods.chain(fields).collect()
}

/// Whether a class has at least half of the names, along its order.
fn has_half(index: &Index, class: ClassId, demanded: &[Name]) -> bool {
    let methods = provided(index, class);
    let fields: BTreeSet<Name> =
        index.class(class).mro.classes().flat_map(|ancestor| own_names(index, ancestor)).collect();
    let held = demanded.iter().filter(|name| methods.contains_key(name) || fields.contains(name)).count();
    held > 0 && held * 2 >= demanded.len()
}

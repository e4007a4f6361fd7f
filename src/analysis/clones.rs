//! Classes that are the same text, whatever they are called and whatever they inherit from.
//!
//! Bodies are compared by their digests, which leave layout, comments and docstrings out. This is the easy part of finding
//! copies; what was written afresh is for [`super::similarity`].

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::link::members::methods_of;
use crate::link::{ClassId, Index};
use crate::source::{FileRole, Language};

/// Bodies shorter than this, in bytes with their head, are the same by chance.
const LEAST_BODY: u32 = 40;

/// What the bodies of a class have to make up for it to be compared, in bytes.
const LEAST_TEXT: u32 = 240;

/// From this share of both classes' text on that is the same, one is a copy of the other.
const SHARE: f64 = 0.8;

/// A body that more classes than this have is a habit of the code base.
const COMMON: usize = 24;

/// Two classes of one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Twins {
    /// One of them, the first in the order of the files.
    pub first: ClassId,
    /// The other one.
    pub second: ClassId,
    /// Methods that are the same, word for word.
    pub methods: u32,
}

/// The bodies of a class: digest → how many bytes.
type Bodies = BTreeMap<u64, u32>;

/// Finds the classes that are the same text. Those of which one inherits from the other are left out, and so is code of
/// tests, code that a program wrote and somebody else's.
#[must_use]
pub fn find(index: &Index) -> Vec<Twins> {
    let classes: Vec<(ClassId, Bodies)> = index
        .tree_classes()
        .filter(|class| matches!(index.role_of(*class), Some(FileRole::Production | FileRole::Script)))
        .filter(|class| index.language_of(*class) != Language::PythonStub && !index.is_extension(*class))
        .filter_map(|class| {
            let bodies = bodies_of(index, class);
            (bodies.len() > 1 && bodies.values().sum::<u32>() >= LEAST_TEXT).then_some((class, bodies))
        })
        .collect();
    let mut holders: FxHashMap<u64, Vec<usize>> = FxHashMap::default();
    for (at, (_, bodies)) in classes.iter().enumerate() {
        for digest in bodies.keys() {
            holders.entry(*digest).or_default().push(at);
        }
    }
    let mut shared: BTreeMap<(usize, usize), (u32, u32)> = BTreeMap::new();
    for (at, (_, bodies)) in classes.iter().enumerate() {
        for (digest, bytes) in bodies {
            let others = holders.get(digest).filter(|others| others.len() <= COMMON);
            for other in others.into_iter().flatten().filter(|other| **other > at) {
                let (count, text) = shared.entry((at, *other)).or_default();
                *count += 1;
                *text += bytes;
            }
        }
    }
    let total = |at: usize| f64::from(classes[at].1.values().sum::<u32>());
    let twins = shared.into_iter().filter_map(|((a, b), (methods, bytes))| {
        let is_copy = f64::from(bytes) >= SHARE * total(a).max(total(b));
        let (first, second) = (classes[a].0, classes[b].0);
        let (mro, other) = (&index.class(first).mro, &index.class(second).mro);
        let is_family = mro.contains(second) || other.contains(first);
        (is_copy && !is_family && !are_branches(index, first, second)).then_some(Twins {
            first,
            second,
            methods,
        })
    });
    twins.collect()
}

fn bodies_of(index: &Index, class: ClassId) -> Bodies {
    let methods = methods_of(index, class).iter().map(|method| index.function(*method));
    let long = methods.filter(|fact| fact.end - fact.at >= LEAST_BODY && !fact.traits.is_stub);
    long.map(|fact| (fact.digest, fact.end - fact.at)).collect()
}

/// Two definitions of one name in one file: alternatives under a condition.
fn are_branches(index: &Index, a: ClassId, b: ClassId) -> bool {
    let home = |class: ClassId| index.source_of(class).map(|(file, fact)| (file, fact.qualname));
    home(a) == home(b)
}

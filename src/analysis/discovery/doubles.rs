//! Stand-ins in test code: which production types have how many.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::facts::Name;
use crate::link::members::{is_internal, methods_of};
use crate::link::{ClassId, Index};
use crate::source::FileRole;

/// A production type and the classes of test code that stand in for it.
#[derive(Debug, Clone)]
pub struct Doubled {
    /// The production type.
    pub class: ClassId,
    /// Its stand-ins, in the order of the files, with the reason.
    pub doubles: Vec<(ClassId, String)>,
}

/// What test code calls its stand-ins.
const PREFIXES: [&str; 8] = ["fake", "mock", "stub", "dummy", "spy", "inmemory", "recording", "noop"];

/// From this many methods in common on, and this share of its own, a class of test code stands in for another.
const SHARED_METHODS: usize = 3;
const SHARED_SHARE: f64 = 0.6;

/// Finds the stand-ins, the most doubled type first.
pub(super) fn find(index: &Index) -> Vec<Doubled> {
    let is_production = |class: &ClassId| index.role_of(*class) == Some(FileRole::Production);
    let production: Vec<ClassId> = index.tree_classes().filter(is_production).collect();
    let mut by_name: FxHashMap<String, Vec<ClassId>> = FxHashMap::default();
    let mut by_method: FxHashMap<Name, Vec<ClassId>> = FxHashMap::default();
    for &class in &production {
        by_name.entry(index.class(class).name.as_str().to_lowercase()).or_default().push(class);
        for name in public_methods(index, class) {
            by_method.entry(name).or_default().push(class);
        }
    }
    let mut found: BTreeMap<ClassId, Vec<(ClassId, String)>> = BTreeMap::new();
    for class in index.tree_classes() {
        let in_tests = index.role_of(class) == Some(FileRole::Test);
        if in_tests && let Some((of, reason)) = stands_in_for(index, class, &by_name, &by_method) {
            found.entry(of).or_default().push((class, reason));
        }
    }
    let mut doubled: Vec<Doubled> =
        found.into_iter().map(|(class, doubles)| Doubled { class, doubles }).collect();
    doubled.sort_by_key(|doubled| (std::cmp::Reverse(doubled.doubles.len()), index.class(doubled.class).id));
    doubled
}

fn stands_in_for(
    index: &Index,
    class: ClassId,
    by_name: &FxHashMap<String, Vec<ClassId>>,
    by_method: &FxHashMap<Name, Vec<ClassId>>,
) -> Option<(ClassId, String)> {
    let name = index.class(class).name.as_str().trim_start_matches('_').to_lowercase();
    let prefix = PREFIXES.iter().find(|prefix| name.starts_with(**prefix));
    if let Some(prefix) = prefix
        && let Some([single]) = by_name.get(&name[prefix.len()..]).map(Vec::as_slice)
        && has_method_of(index, class, *single)
    {
        return Some((*single, format!("is called {prefix} of it")));
    }
    let is_called_double = PREFIXES.iter().any(|prefix| name.contains(prefix));
    let base = index
        .class(class)
        .mro
        .classes()
        .skip(1)
        .find(|base| index.role_of(*base) == Some(FileRole::Production));
    if is_called_double && let Some(base) = base {
        return Some((base, "inherits from it and is called a double".to_owned()));
    }
    // A class of a test suite has methods of its own; a stand-in has those of what it stands in for.
    let methods = public_methods(index, class);
    if name.starts_with("test") || base.is_some() || methods.len() < SHARED_METHODS {
        return None;
    }
    let mut shared: BTreeMap<ClassId, usize> = BTreeMap::new();
    for method in &methods {
        // What half of the code base has tells nothing.
        for of in by_method.get(method).into_iter().flatten().take(64) {
            *shared.entry(*of).or_default() += 1;
        }
    }
    let (of, count) = shared.into_iter().max_by_key(|(of, count)| (*count, std::cmp::Reverse(*of)))?;
    let share = count as f64 / methods.len() as f64;
    (count >= SHARED_METHODS && share >= SHARED_SHARE)
        .then(|| (of, format!("has {count} of its methods, of {} in all", methods.len())))
}

/// Whether two have a public method in common, or one has none at all: a name alone tells little.
fn has_method_of(index: &Index, class: ClassId, of: ClassId) -> bool {
    let (own, theirs) = (public_methods(index, class), public_methods(index, of));
    own.is_empty() || theirs.is_empty() || own.iter().any(|name| theirs.contains(name))
}

fn public_methods(index: &Index, class: ClassId) -> Vec<Name> {
    let public = methods_of(index, class).iter().filter(|method| !is_internal(index, **method));
    public.map(|method| index.function(*method).name).collect()
}

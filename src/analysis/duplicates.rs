//! Class and protocol names that several modules define.

use std::collections::BTreeMap;

use crate::facts::{GuardKind, Name};
use crate::link::{ClassId, ClassKind, Index};
use crate::source::FileRole;
use crate::source::Language;

/// One name and the unrelated classes that bear it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuplicateName {
    /// The simple name.
    pub name: Name,
    /// Whether all of them are protocols.
    pub is_protocol: bool,
    /// Its bearers, in order of files.
    pub classes: Vec<ClassId>,
}

/// Finds names with several bearers in production code, most bearers first.
///
/// Left out: classes in functions and classes (their names are local), stubs beside their source,
/// branches of one file (a fallback is no second implementation), and private names.
#[must_use]
pub fn find(index: &Index) -> Vec<DuplicateName> {
    let mut by_name: BTreeMap<Name, Vec<ClassId>> = BTreeMap::new();
    for class in index.tree_classes() {
        let Some((file_id, fact)) = index.source_of(class) else { continue };
        let file = index.file(file_id);
        let is_at_module_level = match file.language {
            Language::Python => fact.qualname == fact.name,
            Language::PythonStub => false,
            Language::Rust => file.facts.module_scope(fact.scope) == fact.scope,
        };
        let is_counted = index.role_at(file_id, fact.body) == FileRole::Production
            && is_at_module_level
            && !fact.name.as_str().starts_with('_')
            && !file.facts.guards_of(fact.guard).any(|(_, guard)| guard.kind == GuardKind::Known(false));
        if is_counted {
            by_name.entry(fact.name).or_default().push(class);
        }
    }
    let mut found: Vec<DuplicateName> = by_name
        .into_iter()
        .map(|(name, mut classes)| {
            classes.dedup_by_key(|class| index.source_of(*class).map(|(file, _)| file));
            let is_protocol = classes.iter().all(|class| index.class(*class).kind == ClassKind::Protocol);
            DuplicateName { name, is_protocol, classes }
        })
        .filter(|duplicate| duplicate.classes.len() > 1)
        .collect();
    found.sort_by_key(|duplicate| std::cmp::Reverse(duplicate.classes.len()));
    found
}

//! Stand-ins for old names that have to be gone by a day.

use jiff::civil::Date;

use super::Wanted;
use super::evidence::Places;
use super::held::named;
use crate::facts::names::{is_tail, without_last};
use crate::facts::{Bound, MODULE_SCOPE};
use crate::finding::{Atom, Evidence, Finding, Rule};
use crate::link::{FileId, Index};
use crate::text::Offset;

/// A stand-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shim {
    /// Dotted id of the type or of the alias, or a tail of one.
    pub name: String,
    /// The last day on which it may exist.
    pub until: Date,
    /// What it is for.
    pub reason: String,
}

pub(super) fn check(places: &Places<'_>, wanted: &Wanted) -> Vec<Finding> {
    if !wanted.rules.contains(&Rule::ShimOverdue) {
        return Vec::new();
    }
    wanted.shims.iter().flat_map(|shim| of_shim(places, shim)).collect()
}

fn of_shim(places: &Places<'_>, shim: &Shim) -> Vec<Finding> {
    let index = places.index;
    let label = || format!("was to be gone after {}", shim.until);
    let classes = named(index, &shim.name).filter_map(|class| {
        Some((places.class(class, label())?, places.class_atom(class)?, places.id(class)))
    });
    let classes: Vec<(Evidence, Atom, String)> = classes.collect();
    let told = if classes.is_empty() {
        let aliases = aliases(index, &shim.name).into_iter().map(|(file, at, id)| {
            let name = id.rsplit('.').next().unwrap_or(&id).to_owned();
            let evidence = places.at(file, at, name.chars().count(), label());
            let atom = Atom { name, path: evidence.path.clone() };
            (evidence, atom, id)
        });
        aliases.collect()
    } else {
        classes
    };
    let finding = |(evidence, atom, id): (Evidence, Atom, String)| Finding {
        rule: Rule::ShimOverdue,
        message: format!("`{id}` was to be gone after {}: {}", shim.until, shim.reason),
        places: vec![evidence],
        notes: Vec::new(),
        atoms: vec![atom],
        symbols: vec![id],
        after: Some(shim.until),
        copy: None,
    };
    told.into_iter().map(finding).collect()
}

/// Module-level names that are imported or assigned: `Old = New`, `from new import New as Old`.
fn aliases(index: &Index, name: &str) -> Vec<(FileId, Offset, String)> {
    let simple = name.rsplit('.').next().unwrap_or(name);
    let Some(of_module) = without_last(name) else { return Vec::new() };
    let files = (0..index.tree_files as u32).map(FileId);
    let found = files.flat_map(|file| {
        let module = index.modules.of_file(file).map(|module| index.modules.get(module).name.as_str());
        let module = module.filter(|module| is_tail(module, of_module));
        let bindings = module.map_or(&[][..], |_| index.file(file).facts.bindings_in(MODULE_SCOPE));
        let named = bindings.iter().filter(|binding| binding.name.as_str() == simple);
        let mut alias = named.filter(|binding| match binding.target {
            Bound::Import(_) | Bound::Value { .. } | Bound::TypeAlias(_) => true,
            Bound::Type(_)
            | Bound::Function(_)
            | Bound::Parameter(_)
            | Bound::Receiver { .. }
            | Bound::TypeParameter
            | Bound::Opaque
            | Bound::Deleted
            | Bound::Star(_)
            | Bound::Module(_) => false,
        });
        alias.next_back().and_then(|binding| Some((file, binding.at, format!("{}.{simple}", module?))))
    });
    found.collect()
}

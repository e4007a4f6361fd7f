//! What concepts are found by, beside the index: profiles, functions that give instances, other names of classes.
//!
//! Each is worked out for the whole tree when it is first asked for, and handed on to the next of many trees.

use std::sync::OnceLock;

use crate::analysis::AnalysisOptions;
use crate::analysis::similarity::Profiles;
use crate::facts::{Bound, FunctionIdx, MODULE_SCOPE, Name};
use crate::link::changes::{Changes, Moved};
use crate::link::resolve::{Entity, Place, Resolver};
use crate::link::{ClassId, FileId, FunctionId, Index, Kept};
use crate::source::FileRole;
use crate::text::Offset;

/// What was worked out so far.
#[derive(Debug, Default)]
pub struct Groundwork {
    profiles: OnceLock<Profiles>,
    makers: OnceLock<Kept<Makers>>,
    renamed: OnceLock<Kept<Renamed>>,
}

/// Functions at module level that give an instance, and of which class.
#[derive(Debug, Clone, Default)]
pub(super) struct Makers(pub(super) Vec<(FunctionId, ClassId)>);

/// Names at module level that stand for a class of another name, in the order of the source.
#[derive(Debug, Clone, Default)]
pub(super) struct Renamed(pub(super) Vec<(Name, ClassId, Offset)>);

impl Groundwork {
    /// The profiles of the tree; `before` is what was worked out for the tree that this one was linked after.
    pub fn profiles(
        &self,
        index: &Index,
        options: &AnalysisOptions,
        before: Option<&Groundwork>,
    ) -> &Profiles {
        let before = before.and_then(|before| before.profiles.get());
        self.profiles.get_or_init(|| Profiles::after(before, index, &options.lexicon, options.similarity))
    }

    pub(super) fn makers(&self, index: &Index, before: Option<&Groundwork>) -> &Kept<Makers> {
        let before = before.and_then(|before| before.makers.get());
        self.makers.get_or_init(|| Kept::of(index, before, |file| makers_in(index, file)))
    }

    pub(super) fn renamed(&self, index: &Index, before: Option<&Groundwork>) -> &Kept<Renamed> {
        let before = before.and_then(|before| before.renamed.get());
        self.renamed.get_or_init(|| Kept::of(index, before, |file| renamed_in(index, file)))
    }
}

impl Moved for Makers {
    fn moved(&self, changes: &Changes) -> Option<Self> {
        let moved = self
            .0
            .iter()
            .map(|(function, class)| Some((changes.function(*function)?, changes.class(*class)?)));
        Some(Self(moved.collect::<Option<Vec<_>>>()?))
    }
}

impl Moved for Renamed {
    fn moved(&self, changes: &Changes) -> Option<Self> {
        let moved = self.0.iter().map(|(name, class, at)| Some((*name, changes.class(*class)?, *at)));
        Some(Self(moved.collect::<Option<Vec<_>>>()?))
    }
}

fn makers_in(index: &Index, file: FileId) -> Makers {
    let resolver = Resolver::new(index);
    if index.file(file).role == FileRole::Test {
        return Makers::default();
    }
    let functions = index.file(file).facts.functions.iter().enumerate();
    let at_module_level = functions.filter(|(_, function)| {
        function.scope == MODULE_SCOPE && (function.returned.len > 0 || function.returns.is_some())
    });
    let ids = at_module_level.map(|(at, _)| FunctionId { file, index: FunctionIdx(at as u32) });
    let giving = ids.filter_map(|id| match resolver.returned(id, 0) {
        Entity::Instance(given) | Entity::Awaitable(given) => Some((id, given)),
        _ => None,
    });
    Makers(giving.collect())
}

fn renamed_in(index: &Index, file: FileId) -> Renamed {
    let resolver = Resolver::new(index);
    let mut found = Vec::new();
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
            found.push((binding.name, class, binding.at));
        }
    }
    found.sort_by_key(|(_, _, at)| *at);
    Renamed(found)
}

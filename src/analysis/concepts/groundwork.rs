//! What concepts are found by, beside the index: profiles, functions that give instances.
//!
//! Each is worked out for the whole tree when it is first asked for, and handed on to the next of many trees.

use std::sync::OnceLock;

use crate::analysis::AnalysisOptions;
use crate::analysis::similarity::Profiles;
use crate::facts::{FunctionIdx, MODULE_SCOPE};
use crate::link::changes::{Changes, Moved};
use crate::link::resolve::{Entity, Resolver};
use crate::link::{ClassId, FileId, FunctionId, Index, Kept};
use crate::source::FileRole;

/// What was worked out so far.
#[derive(Debug, Default)]
pub struct Groundwork {
    profiles: OnceLock<Profiles>,
    makers: OnceLock<Kept<Makers>>,
}

/// Functions at module level that give an instance, and of which class.
#[derive(Debug, Clone, Default)]
pub(super) struct Makers(pub(super) Vec<(FunctionId, ClassId)>);

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

fn makers_in(index: &Index, file: FileId) -> Makers {
    let resolver = Resolver::new(index);
    if index.file(file).role == FileRole::Test {
        return Makers::default();
    }
    let functions = index.file(file).facts.functions.iter().enumerate();
    let at_module_level = functions.filter(|(_, function)| {
        function.scope == MODULE_SCOPE && (function.returned.len > 0 || function.returns.is_some())
    });
    let ids = at_module_level.map(|(at, _)| FunctionId { file, index: FunctionIdx::at(at) });
    let giving = ids.filter_map(|id| match resolver.returned(id, 0) {
        Entity::Instance(given) | Entity::Awaitable(given) => Some((id, given)),
        _ => None,
    });
    Makers(giving.collect())
}

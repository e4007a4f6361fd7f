//! Chains and what they start from.

use rustc_hash::FxHashMap;

use super::statements::Lowering;
use crate::facts::{Chain, ChainId, Name, Root, RootId, Run, ScopeId, Step, Usage};
use crate::text::Offset;

/// The roots of a file by the scope that looks them up.
pub(super) type RootTable = FxHashMap<(ScopeId, Name), RootId>;

impl Lowering<'_> {
    /// Records a chain from a name; its steps are the ones pushed since `start`.
    pub(super) fn push_chain(&mut self, name: Name, at: Offset, start: u32, usage: Usage) -> ChainId {
        let root = self.root_of(name);
        let steps = Run { start, len: self.facts.steps.len() as u32 - start };
        let id = ChainId::at(self.facts.chains.len());
        self.facts.chains.push(Chain { root, at, steps, guard: self.guard, usage });
        id
    }

    /// Records what `with` gives for what a chain does.
    pub(super) fn push_entered(&mut self, chain: ChainId, is_async: bool) -> ChainId {
        let chain = self.facts.chains[chain.index()];
        let start = self.facts.steps.len() as u32;
        self.facts.steps.extend_from_within(chain.steps.range());
        self.facts.steps.push(Step::Entered { is_async });
        let steps = Run { start, len: chain.steps.len + 1 };
        let id = ChainId::at(self.facts.chains.len());
        self.facts.chains.push(Chain { steps, ..chain });
        id
    }

    /// Records a chain of one name.
    pub(super) fn push_name(&mut self, name: &str, at: Offset, usage: Usage) -> ChainId {
        let start = self.facts.steps.len() as u32;
        self.push_chain(Name::new(name), at, start, usage)
    }

    fn root_of(&mut self, name: Name) -> RootId {
        let next = RootId::at(self.facts.roots.len());
        let root = *self.roots.entry((self.scope, name)).or_insert(next);
        if root == next {
            self.facts.roots.push(Root { name, scope: self.scope, nearest: Run::default(), is_path: false });
        }
        root
    }
}

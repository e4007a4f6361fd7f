//! The module dependency graph of the tree: who imports whom, when, and where that goes round.
//!
//! Edges follow what CPython loads, not what the text spells: `from p import n` leads to `p.n` only
//! where `n` is that submodule and no other thing that `p` binds. What lies outside the tree has
//! no node. How references between types look as a graph is in [`super::type_graph`].

mod components;
mod feedback;
mod imports;
mod paths;

use crate::facts::{Name, ScopeId};
use rayon::prelude::*;

use crate::link::modules::ModuleId;
use crate::link::{FileId, Index, Kept};
use crate::text::Offset;

pub use self::components::{Breaker, Component, ImportPlace, PhaseSet};

/// The modules of the tree and the imports between them.
#[derive(Debug)]
pub struct ModuleGraph {
    /// Sorted by dotted name: the modules with a file, and the namespace packages that are imported.
    pub modules: Vec<ModuleId>,
    /// One entry per place that imports, sorted by `from`, `to`, file and place.
    pub edges: Vec<Edge>,
    /// Cycles of imports: by phase set, then the largest first, then by name.
    pub components: Vec<Component>,
}

/// One import of one module by another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// The importing module, into [`ModuleGraph::modules`].
    pub from: usize,
    /// The imported module, into [`ModuleGraph::modules`].
    pub to: usize,
    /// When it is imported.
    pub phase: Phase,
    /// CPython loads it on the way to the module that the import names: a parent package, or a
    /// submodule that a star import finds in `__all__`.
    pub implicit: bool,
    /// The importing file.
    pub file: FileId,
    /// Where the imported name stands.
    pub at: Offset,
    /// The condition of compilation that it stands under, where there is one.
    pub condition: Option<Name>,
}

/// When an import takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// When the importing module is loaded.
    Load,
    /// When a function runs, or when the module is run as a script.
    Local,
    /// For type checkers only: under `TYPE_CHECKING`, or in a stub.
    Typing,
    /// When `importlib.import_module("…")` runs, wherever it stands.
    Dynamic,
    /// Compiled for tests alone: `#[cfg(test)]`, and in files of tests.
    Test,
}

impl Phase {
    /// The word used in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Local => "local",
            Self::Typing => "typing",
            Self::Dynamic => "dynamic",
            Self::Test => "test",
        }
    }
}

/// What belongs to the graph.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GraphOptions {
    /// Whether implicit edges take part in cycles.
    pub implicit_in_cycles: bool,
}

/// How many modules a module is imported by, and how many it imports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fan {
    /// Modules that import it.
    pub fan_in: usize,
    /// Modules that it imports.
    pub fan_out: usize,
}

/// Builds the graph of the tree's modules. Files that no import can reach are left out.
#[must_use]
pub fn module_graph(index: &Index, options: GraphOptions) -> ModuleGraph {
    Imports::of(index).graph(index, options)
}

/// The imports of a tree, also for the next one that is linked after it.
#[derive(Debug)]
pub struct Imports(Kept<imports::FileImports>);

impl Imports {
    /// Follows them, file by file on all threads; what is made of them afterwards is the work of one.
    #[must_use]
    pub fn of(index: &Index) -> Self {
        Self(imports::imports_of_tree(index, None))
    }

    /// The graph that they make.
    #[must_use]
    pub fn graph(&self, index: &Index, options: GraphOptions) -> ModuleGraph {
        let Self(by_file) = self;
        let modules = modules_of(index, by_file);
        let edges = edges_between(index, &modules, by_file);
        let components = components::components(modules.len(), &edges, options);
        ModuleGraph { modules, edges, components }
    }
}

/// How many cycles a phase set has, without what would break them. `before` has the imports of the tree that this one was
/// linked after.
#[must_use]
pub fn count_cycles(
    index: &Index,
    before: Option<&Imports>,
    phases: PhaseSet,
    options: GraphOptions,
) -> (usize, Imports) {
    let by_file = imports::imports_of_tree(index, before.map(|before| &before.0));
    let modules = modules_of(index, &by_file);
    let edges = edges_between(index, &modules, &by_file);
    (components::count(modules.len(), &edges, phases, options), Imports(by_file))
}

impl ModuleGraph {
    /// Fan-in and fan-out of each module: other modules of the tree, each counted once, over all
    /// phases. Implicit edges do not count.
    #[must_use]
    pub fn fans(&self) -> Vec<Fan> {
        let mut fans = vec![Fan::default(); self.modules.len()];
        let mut last = None;
        for edge in self.edges.iter().filter(|edge| !edge.implicit) {
            if last != Some((edge.from, edge.to)) {
                fans[edge.from].fan_out += 1;
                fans[edge.to].fan_in += 1;
                last = Some((edge.from, edge.to));
            }
        }
        fans
    }

    /// The position of a module in [`ModuleGraph::modules`].
    #[must_use]
    pub fn position(&self, index: &Index, module: ModuleId) -> Option<usize> {
        let key = |id: ModuleId| (index.modules.get(id).name, id);
        self.modules.binary_search_by_key(&key(module), |&id| key(id)).ok()
    }

    /// The edges that leave a module.
    #[must_use]
    pub fn edges_from(&self, module: usize) -> &[Edge] {
        let start = self.edges.partition_point(|edge| edge.from < module);
        let end = self.edges.partition_point(|edge| edge.from <= module);
        &self.edges[start..end]
    }
}

/// Whether code of `scope` runs when a function is called rather than when the module is loaded.
pub(super) fn runs_later(facts: &crate::facts::FileFacts, scope: ScopeId) -> bool {
    let mut at = scope;
    loop {
        let here = facts.scopes[at.index()];
        if matches!(here.kind, crate::facts::ScopeKind::Function(_)) {
            return true;
        }
        if at == crate::facts::MODULE_SCOPE {
            return false;
        }
        at = here.parent;
    }
}

fn modules_of(index: &Index, by_file: &Kept<imports::FileImports>) -> Vec<ModuleId> {
    let mut is_imported = vec![false; index.modules.all.len()];
    for found in by_file.iter().flat_map(|imports| &imports.0) {
        is_imported[found.to.0 as usize] = true;
    }
    let all = index.modules.all.iter().enumerate();
    let mut modules: Vec<ModuleId> = all
        .filter(|(at, module)| module.is_in_tree && (module.file.is_some() || is_imported[*at]))
        .map(|(at, _)| ModuleId(at as u32))
        .collect();
    modules.sort_by_key(|&id| (index.modules.get(id).name, id));
    modules
}

/// Numbers the ends of the edges and sorts them.
fn edges_between(index: &Index, modules: &[ModuleId], by_file: &Kept<imports::FileImports>) -> Vec<Edge> {
    let mut positions = vec![usize::MAX; index.modules.all.len()];
    for (position, module) in modules.iter().enumerate() {
        positions[module.0 as usize] = position;
    }
    let mut edges: Vec<Edge> = Vec::with_capacity(by_file.iter().map(|imports| imports.0.len()).sum());
    // A file may hold several modules, and a module may have a source and a stub.
    for (file, found) in by_file.iter().enumerate() {
        edges.extend(found.0.iter().map(|found| Edge {
            from: positions[found.from.0 as usize],
            to: positions[found.to.0 as usize],
            phase: found.phase,
            implicit: found.implicit,
            file: FileId(file as u32),
            at: found.at,
            condition: found.condition,
        }));
    }
    edges.par_sort_unstable_by_key(|edge| {
        (edge.from, edge.to, edge.file, edge.at, edge.implicit, edge.phase, edge.condition)
    });
    edges.dedup();
    edges
}

#[cfg(test)]
mod tests;

//! Strongly connected components of the module graph, and the fewest imports that would break them.

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use super::feedback::{self, Arc, Budget};
use super::{Edge, GraphOptions, Phase};
use crate::link::FileId;
use crate::text::Offset;

/// Work that all components of a graph may take together, in steps of a few nanoseconds.
const STEPS: u64 = 12_000_000;

/// Modules that import each other in a circle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// Which imports count.
    pub phases: PhaseSet,
    /// The modules, into [`super::ModuleGraph::modules`], sorted.
    pub modules: Vec<usize>,
    /// Imports whose removal leaves no cycle, as few pairs of modules as were found.
    pub breakers: Vec<Breaker>,
    /// Whether it is proven that no smaller set of pairs would do.
    pub is_minimum: bool,
}

/// All imports of one module by another that have to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breaker {
    /// The importing module, into [`super::ModuleGraph::modules`].
    pub from: usize,
    /// The imported module, into [`super::ModuleGraph::modules`].
    pub to: usize,
    /// Where the imports stand, in the order of files and lines.
    pub places: Vec<ImportPlace>,
}

/// A place that imports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportPlace {
    /// The file.
    pub file: FileId,
    /// Where the imported name stands.
    pub at: Offset,
    /// When it is imported.
    pub phase: Phase,
}

/// Which imports count for a cycle. Dynamic ones never do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PhaseSet {
    /// Imports at load time: a cycle may fail at start-up.
    Load,
    /// Those and imports for type checkers.
    LoadTyping,
    /// Those and imports in functions: everything that ties the modules together.
    LoadTypingLocal,
}

impl PhaseSet {
    /// All sets, the narrowest first.
    pub const ALL: [Self; 3] = [Self::Load, Self::LoadTyping, Self::LoadTypingLocal];

    /// The phases of the set.
    #[must_use]
    pub fn phases(self) -> &'static [Phase] {
        match self {
            Self::Load => &[Phase::Load],
            Self::LoadTyping => &[Phase::Load, Phase::Typing],
            Self::LoadTypingLocal => &[Phase::Load, Phase::Typing, Phase::Local],
        }
    }

    /// The words used in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::LoadTyping => "load+typing",
            Self::LoadTypingLocal => "load+typing+local",
        }
    }
}

/// The components of every phase set.
pub(super) fn components(modules: usize, edges: &[Edge], options: GraphOptions) -> Vec<Component> {
    let mut budget = Budget::new(STEPS);
    let mut all = Vec::new();
    for phases in PhaseSet::ALL {
        let counted = counted(phases, edges, options);
        let pairs = pairs_of(&counted);
        let mut found = strongly_connected(modules, &pairs);
        found.sort_unstable_by_key(|members| (std::cmp::Reverse(members.len()), members.first().copied()));
        let mut owner: Vec<Option<usize>> = vec![None; modules];
        let mut local = vec![0u32; modules];
        for (component, members) in found.iter().enumerate() {
            for (position, &module) in members.iter().enumerate() {
                owner[module] = Some(component);
                local[module] = position as u32;
            }
        }
        let mut inner: Vec<Vec<&Pair<'_>>> = vec![Vec::new(); found.len()];
        for pair in &pairs {
            if let Some(component) = owner[pair.from]
                && owner[pair.to] == Some(component)
            {
                inner[component].push(pair);
            }
        }
        // Small ones first, so that one giant does not use up the budget of those that can be proven.
        let mut solved: Vec<Component> = Vec::with_capacity(found.len());
        for (members, pairs) in found.into_iter().zip(inner).rev() {
            solved.push(component_of(phases, members, &pairs, &local, &mut budget));
        }
        all.extend(solved.into_iter().rev());
    }
    all
}

/// How many components a phase set has.
pub(super) fn count(modules: usize, edges: &[Edge], phases: PhaseSet, options: GraphOptions) -> usize {
    strongly_connected(modules, &pairs_of(&counted(phases, edges, options))).len()
}

/// The edges that count for a phase set.
fn counted(phases: PhaseSet, edges: &[Edge], options: GraphOptions) -> Vec<&Edge> {
    let counts = |edge: &&Edge| {
        phases.phases().contains(&edge.phase) && (!edge.implicit || options.implicit_in_cycles)
    };
    edges.iter().filter(counts).collect()
}

/// All places of one phase set at which one module imports another.
struct Pair<'e> {
    from: usize,
    to: usize,
    places: &'e [&'e Edge],
}

/// Runs of edges, which are sorted, between the same two modules.
fn pairs_of<'e>(counted: &'e [&'e Edge]) -> Vec<Pair<'e>> {
    let runs = counted.chunk_by(|a, b| (a.from, a.to) == (b.from, b.to));
    runs.map(|places| Pair { from: places[0].from, to: places[0].to, places }).collect()
}

/// Components of more than one module; modules sorted.
fn strongly_connected(modules: usize, pairs: &[Pair<'_>]) -> Vec<Vec<usize>> {
    let mut graph: DiGraph<(), (), u32> = DiGraph::with_capacity(modules, pairs.len());
    for _ in 0..modules {
        graph.add_node(());
    }
    for pair in pairs {
        graph.add_edge(NodeIndex::new(pair.from), NodeIndex::new(pair.to), ());
    }
    let found = kosaraju_scc(&graph).into_iter().filter(|members| members.len() > 1);
    let sorted = found.map(|members| {
        let mut members: Vec<usize> = members.into_iter().map(NodeIndex::index).collect();
        members.sort_unstable();
        members
    });
    sorted.collect()
}

fn component_of(
    phases: PhaseSet,
    modules: Vec<usize>,
    pairs: &[&Pair<'_>],
    local: &[u32],
    budget: &mut Budget,
) -> Component {
    let arcs: Vec<Arc> = pairs
        .iter()
        .map(|pair| Arc { from: local[pair.from], to: local[pair.to], cost: cost_of(pair) })
        .collect();
    let cut = feedback::minimum_cut(modules.len(), &arcs, budget);
    let breakers = cut.arcs.iter().map(|&arc| {
        let pair = pairs[arc as usize];
        let place = |edge: &&Edge| ImportPlace { file: edge.file, at: edge.at, phase: edge.phase };
        Breaker { from: pair.from, to: pair.to, places: pair.places.iter().map(place).collect() }
    });
    Component { phases, breakers: breakers.collect(), modules, is_minimum: cut.is_minimum }
}

/// What it costs to remove a pair, beyond being one pair: places first, then whether code that
/// runs at load time is concerned.
fn cost_of(pair: &Pair<'_>) -> u64 {
    let is_load = pair.places.iter().any(|edge| edge.phase == Phase::Load);
    ((pair.places.len() as u64) << 16) | u64::from(is_load)
}

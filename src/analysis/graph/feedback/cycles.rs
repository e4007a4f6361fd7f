//! Short cycles of a graph, each once.

use std::collections::VecDeque;

use rustc_hash::FxHashSet;

use super::{Budget, Digraph, OutOfSteps};

/// Cycles as sorted lists of arcs.
#[derive(Default)]
pub(super) struct Cycles {
    all: Vec<Vec<u32>>,
    known: FxHashSet<Vec<u32>>,
}

impl Cycles {
    /// All that were found, in the order of finding.
    pub(super) fn all(&self) -> &[Vec<u32>] {
        &self.all
    }

    /// Adds a shortest cycle through each arc.
    pub(super) fn add_shortest_of_arcs(
        &mut self,
        graph: &Digraph<'_>,
        budget: &mut Budget,
    ) -> Result<(), OutOfSteps> {
        let is_removed = vec![false; graph.arcs.len()];
        let mut search = Search::new(graph, &is_removed);
        for (position, arc) in graph.arcs.iter().enumerate() {
            if let Some(mut cycle) = search.shortest_path(arc.to, arc.from, budget)? {
                cycle.push(position as u32);
                self.add(cycle);
            }
        }
        Ok(())
    }

    /// Adds a shortest cycle through each node that still lies on one without these arcs. False if
    /// there is none.
    pub(super) fn add_shortest_without(
        &mut self,
        graph: &Digraph<'_>,
        without: &[u32],
        budget: &mut Budget,
    ) -> Result<bool, OutOfSteps> {
        let mut is_removed = vec![false; graph.arcs.len()];
        for &arc in without {
            is_removed[arc as usize] = true;
        }
        budget.spend(graph.arcs.len() + graph.nodes)?;
        let mut is_done = vec![false; graph.nodes];
        for node in graph.topological_order(&is_removed) {
            is_done[node as usize] = true;
        }
        let before = self.all.len();
        let mut search = Search::new(graph, &is_removed);
        for node in (0..graph.nodes as u32).filter(|&node| !is_done[node as usize]) {
            if let Some(cycle) = search.shortest_path(node, node, budget)? {
                self.add(cycle);
            }
        }
        Ok(self.all.len() > before)
    }

    fn add(&mut self, mut cycle: Vec<u32>) {
        cycle.sort_unstable();
        if self.known.insert(cycle.clone()) {
            self.all.push(cycle);
        }
    }
}

/// Breadth-first search.
struct Search<'g> {
    graph: &'g Digraph<'g>,
    is_removed: &'g [bool],
    /// By which arc a node was reached, and in which search.
    reached_by: Vec<(u32, u32)>,
    round: u32,
    queue: VecDeque<u32>,
}

impl<'g> Search<'g> {
    fn new(graph: &'g Digraph<'g>, is_removed: &'g [bool]) -> Self {
        Self { graph, is_removed, reached_by: vec![(0, 0); graph.nodes], round: 0, queue: VecDeque::new() }
    }

    /// The arcs of a shortest path of at least one arc.
    fn shortest_path(
        &mut self,
        from: u32,
        to: u32,
        budget: &mut Budget,
    ) -> Result<Option<Vec<u32>>, OutOfSteps> {
        self.round += 1;
        self.queue.clear();
        self.queue.push_back(from);
        while let Some(node) = self.queue.pop_front() {
            let outgoing = &self.graph.outgoing[node as usize];
            budget.spend(outgoing.len() + 1)?;
            for &arc in outgoing {
                let next = self.graph.arcs[arc as usize].to;
                if self.is_removed[arc as usize] || self.reached_by[next as usize].1 == self.round {
                    continue;
                }
                self.reached_by[next as usize] = (arc, self.round);
                if next == to {
                    return Ok(Some(self.path_back(from, to)));
                }
                self.queue.push_back(next);
            }
        }
        Ok(None)
    }

    fn path_back(&self, from: u32, to: u32) -> Vec<u32> {
        let mut path = Vec::new();
        let mut at = to;
        loop {
            let (arc, _) = self.reached_by[at as usize];
            path.push(arc);
            at = self.graph.arcs[arc as usize].from;
            if at == from {
                return path;
            }
        }
    }
}

//! The fewest arcs whose removal leaves a directed graph without cycles: a minimum feedback arc set.
//!
//! The exact way collects cycles lazily and hits them all with as few arcs as possible, until what is
//! left has no cycle (Baharev, Schichl, Neumaier, Achterberg: "An Exact Method for the Minimum
//! Feedback Arc Set Problem", 2021). Its work is bounded by a count of steps, never by a clock, so
//! the answer is the same on every machine; where the steps run out, a good order of the nodes
//! decides, and the answer says that it is not proven.

mod cycles;
mod hitting_set;
mod order;

use self::cycles::Cycles;

/// What one arc of a solution counts, next to which the costs of arcs decide ties only.
const ONE_ARC: u64 = 1 << 44;

/// An arc.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arc {
    /// Its tail, below the number of nodes.
    pub(super) from: u32,
    /// Its head.
    pub(super) to: u32,
    /// Decides between solutions of as many arcs.
    pub(super) cost: u64,
}

/// Arcs that break every cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cut {
    /// Positions of the arcs, sorted.
    pub(super) arcs: Vec<u32>,
    /// Whether it is proven that fewer would not do.
    pub(super) is_minimum: bool,
}

/// Steps of work that are left.
#[derive(Debug)]
pub(super) struct Budget {
    steps: u64,
}

/// The steps ran out.
#[derive(Debug, Clone, Copy)]
pub(super) struct OutOfSteps;

impl Budget {
    /// A budget of so many steps.
    pub(super) fn new(steps: u64) -> Self {
        Self { steps }
    }

    fn spend(&mut self, steps: usize) -> Result<(), OutOfSteps> {
        self.steps = self.steps.checked_sub(steps as u64).ok_or(OutOfSteps)?;
        Ok(())
    }
}

/// A cut of a graph of `nodes` nodes without arcs from a node to itself.
pub(super) fn minimum_cut(nodes: usize, arcs: &[Arc], budget: &mut Budget) -> Cut {
    let graph = Digraph::new(nodes, arcs);
    let by_order = order::cut_by_order(&graph);
    let mut cut = Cut { is_minimum: by_order.len() <= 1, arcs: by_order };
    // Half of what is left: the components to come are larger, and fewer.
    let mut own = Budget::new(budget.steps / 2);
    let all = own.steps;
    let mut cycles = Cycles::default();
    let ones = vec![1; arcs.len()];
    if let Ok(exact) = exact_cut(&graph, &ones, &mut cycles, cut.arcs.len() as u64, &mut own) {
        if let Some(fewer) = exact {
            cut.arcs = fewer;
        }
        cut.is_minimum = true;
        let costs: Vec<u64> = arcs.iter().map(|arc| ONE_ARC + arc.cost).collect();
        // One as cheap is welcome: it was chosen by name, not by where the search for an order began.
        let known = cut.arcs.iter().map(|&arc| costs[arc as usize]).sum::<u64>() + 1;
        if let Ok(Some(cheapest)) = exact_cut(&graph, &costs, &mut cycles, known, &mut own) {
            cut.arcs = cheapest;
        }
    }
    budget.steps -= all - own.steps;
    cut.arcs.sort_unstable();
    cut
}

/// The cheapest cut, if one is cheaper than `known`.
fn exact_cut(
    graph: &Digraph<'_>,
    costs: &[u64],
    cycles: &mut Cycles,
    known: u64,
    budget: &mut Budget,
) -> Result<Option<Vec<u32>>, OutOfSteps> {
    if cycles.all().is_empty() {
        cycles.add_shortest_of_arcs(graph, budget)?;
    }
    loop {
        let hit = hitting_set::minimum(cycles.all(), costs, budget)?;
        // Every cut hits these cycles, so no cut is cheaper than this.
        if hit.iter().map(|&arc| costs[arc as usize]).sum::<u64>() >= known {
            return Ok(None);
        }
        if !cycles.add_shortest_without(graph, &hit, budget)? {
            return Ok(Some(hit));
        }
    }
}

/// Arcs by their ends.
struct Digraph<'a> {
    nodes: usize,
    arcs: &'a [Arc],
    outgoing: Vec<Vec<u32>>,
    incoming: Vec<Vec<u32>>,
}

impl<'a> Digraph<'a> {
    fn new(nodes: usize, arcs: &'a [Arc]) -> Self {
        let mut graph =
            Self { nodes, arcs, outgoing: vec![Vec::new(); nodes], incoming: vec![Vec::new(); nodes] };
        for (position, arc) in arcs.iter().enumerate() {
            graph.outgoing[arc.from as usize].push(position as u32);
            graph.incoming[arc.to as usize].push(position as u32);
        }
        graph
    }

    /// The nodes in an order that all arcs but the removed ones follow; those on cycles, and behind
    /// cycles, are missing.
    fn topological_order(&self, is_removed: &[bool]) -> Vec<u32> {
        let mut waiting = vec![0u32; self.nodes];
        for (position, arc) in self.arcs.iter().enumerate() {
            waiting[arc.to as usize] += u32::from(!is_removed[position]);
        }
        let mut order: Vec<u32> =
            (0..self.nodes as u32).filter(|&node| waiting[node as usize] == 0).collect();
        let mut done = 0;
        while let Some(&node) = order.get(done) {
            done += 1;
            for &arc in &self.outgoing[node as usize] {
                let to = self.arcs[arc as usize].to;
                if !is_removed[arc as usize] {
                    waiting[to as usize] -= 1;
                    if waiting[to as usize] == 0 {
                        order.push(to);
                    }
                }
            }
        }
        order
    }
}

#[cfg(test)]
mod tests;

//! A good cut from a good order of the nodes: whatever points backwards has to go.
//!
//! The order is that of Eades, Lin and Smyth ("A fast and effective heuristic for the feedback arc set
//! problem", 1993), improved by moving single nodes to where they cost least ("sifting").

use std::collections::BTreeSet;

use super::{Arc, Digraph, ONE_ARC};

/// Work for moving nodes and for putting arcs back, in steps.
const STEPS: usize = 1_500_000;

/// A cut of which no arc can be left out, unless the steps run out.
pub(super) fn cut_by_order(graph: &Digraph<'_>) -> Vec<u32> {
    let mut order = sinks_last(graph);
    sift(graph, &mut order);
    without_needless(graph, &order)
}

/// Takes sinks from the end, sources from the start, else the node with the most surplus of outgoing arcs.
fn sinks_last(graph: &Digraph<'_>) -> Vec<u32> {
    let mut out: Vec<i64> = graph.outgoing.iter().map(|arcs| arcs.len() as i64).collect();
    let mut inn: Vec<i64> = graph.incoming.iter().map(|arcs| arcs.len() as i64).collect();
    // A sink sorts before everything, a source next, then by surplus.
    let key = |out: i64, inn: i64, node: u32| match (out, inn) {
        (0, _) => (i64::MIN, node),
        (_, 0) => (i64::MIN + 1, node),
        (out, inn) => (inn - out, node),
    };
    let mut queue: BTreeSet<(i64, u32)> =
        (0..graph.nodes).map(|node| key(out[node], inn[node], node as u32)).collect();
    let mut is_taken = vec![false; graph.nodes];
    let (mut head, mut tail) = (Vec::with_capacity(graph.nodes), Vec::new());
    while let Some((rank, node)) = queue.pop_first() {
        is_taken[node as usize] = true;
        if rank == i64::MIN {
            tail.push(node)
        } else {
            head.push(node)
        }
        let successors = graph.outgoing[node as usize].iter().map(|&arc| (graph.arcs[arc as usize].to, 0, 1));
        let predecessors =
            graph.incoming[node as usize].iter().map(|&arc| (graph.arcs[arc as usize].from, 1, 0));
        for (next, less_out, less_in) in successors.chain(predecessors) {
            let at = next as usize;
            if !is_taken[at] {
                queue.remove(&key(out[at], inn[at], next));
                out[at] -= less_out;
                inn[at] -= less_in;
                queue.insert(key(out[at], inn[at], next));
            }
        }
    }
    head.extend(tail.into_iter().rev());
    head
}

fn positions(order: &[u32]) -> Vec<u32> {
    let mut positions = vec![0; order.len()];
    for (position, &node) in order.iter().enumerate() {
        positions[node as usize] = position as u32;
    }
    positions
}

/// Moves each node to its cheapest place, until nothing moves.
fn sift(graph: &Digraph<'_>, order: &mut [u32]) {
    let mut position = positions(order);
    let mut steps = STEPS;
    let mut neighbours: Vec<(u32, i64)> = Vec::new();
    loop {
        let mut has_moved = false;
        for node in 0..graph.nodes {
            let here = position[node];
            let work = 8 * (graph.outgoing[node].len() + graph.incoming[node].len());
            if work > steps {
                return;
            }
            steps -= work;
            let Some(best) = best_place(graph, &position, node, &mut neighbours) else { continue };
            // Places count gaps: the node's own gap closes when it moves to the right.
            let target = if best > here { best - 1 } else { best };
            let (low, high) = (here.min(target) as usize, here.max(target) as usize);
            if high - low > steps {
                return;
            }
            steps -= high - low;
            if target < here {
                order[low..=high].rotate_right(1);
            } else {
                order[low..=high].rotate_left(1);
            }
            for (at, &moved) in order.iter().enumerate().take(high + 1).skip(low) {
                position[moved as usize] = at as u32;
            }
            has_moved = true;
        }
        if !has_moved {
            return;
        }
    }
}

/// The gap in which a node costs least, if that is less than where it is.
fn best_place(
    graph: &Digraph<'_>,
    position: &[u32],
    node: usize,
    neighbours: &mut Vec<(u32, i64)>,
) -> Option<u32> {
    let cost = |arc: &Arc| (ONE_ARC + arc.cost) as i64;
    neighbours.clear();
    let mut now = 0;
    for &arc in &graph.incoming[node] {
        let arc = &graph.arcs[arc as usize];
        // Left of its tail, an incoming arc points backwards.
        neighbours.push((position[arc.from as usize], -cost(arc)));
        now += cost(arc);
    }
    for &arc in &graph.outgoing[node] {
        let arc = &graph.arcs[arc as usize];
        neighbours.push((position[arc.to as usize], cost(arc)));
    }
    neighbours.sort_unstable();
    let here = position[node];
    let mut at_here = now;
    let (mut best, mut best_gap) = (now, 0);
    // A neighbour of both kinds changes sides once, not twice.
    for both in neighbours.chunk_by(|a, b| a.0 == b.0) {
        let at = both[0].0;
        now += both.iter().map(|(_, change)| change).sum::<i64>();
        if at < here {
            at_here = now;
        }
        if now < best {
            (best, best_gap) = (now, at + 1);
        }
    }
    (best < at_here).then_some(best_gap)
}

/// The arcs that point backwards, without those that close no cycle.
fn without_needless(graph: &Digraph<'_>, order: &[u32]) -> Vec<u32> {
    let mut position = positions(order);
    let backwards = |arc: &Arc, position: &[u32]| position[arc.from as usize] > position[arc.to as usize];
    let mut is_removed: Vec<bool> = graph.arcs.iter().map(|arc| backwards(arc, &position)).collect();
    let mut removed: Vec<u32> =
        (0..graph.arcs.len() as u32).filter(|&arc| is_removed[arc as usize]).collect();
    // What costs most is put back first; of equals, the one whose names come last stays removed.
    removed.sort_by_key(|&arc| (std::cmp::Reverse(graph.arcs[arc as usize].cost), std::cmp::Reverse(arc)));
    let mut steps = STEPS;
    let mut seen = vec![0u32; graph.nodes];
    let mut stack = Vec::new();
    for (round, &candidate) in removed.iter().enumerate() {
        let round = round as u32 + 1;
        let arc = &graph.arcs[candidate as usize];
        // Does its head lead back to its tail?
        let mut closes_cycle = false;
        stack.clear();
        stack.push(arc.to);
        while let Some(node) = stack.pop() {
            let outgoing = &graph.outgoing[node as usize];
            if outgoing.len() >= steps {
                return (0..graph.arcs.len() as u32).filter(|&arc| is_removed[arc as usize]).collect();
            }
            steps -= outgoing.len() + 1;
            for &next in outgoing {
                let to = graph.arcs[next as usize].to;
                closes_cycle |= !is_removed[next as usize] && to == arc.from;
                let is_between = position[to as usize] < position[arc.from as usize];
                if !is_removed[next as usize] && is_between && seen[to as usize] != round {
                    seen[to as usize] = round;
                    stack.push(to);
                }
            }
            if closes_cycle {
                break;
            }
        }
        if !closes_cycle {
            is_removed[candidate as usize] = false;
            position = positions(&graph.topological_order(&is_removed));
            steps = steps.saturating_sub(graph.arcs.len());
        }
    }
    (0..graph.arcs.len() as u32).filter(|&arc| is_removed[arc as usize]).collect()
}

use proptest::prelude::*;

use super::*;

fn graph_of(nodes: u32, pairs: &[(u32, u32)]) -> Vec<Arc> {
    let mut pairs: Vec<(u32, u32)> =
        pairs.iter().map(|&(a, b)| (a % nodes, b % nodes)).filter(|(a, b)| a != b).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let cost = |from: u32, to: u32| u64::from((from * 7 + to * 3) % 5);
    pairs.into_iter().map(|(from, to)| Arc { from, to, cost: cost(from, to) }).collect()
}

fn is_acyclic_without(nodes: usize, arcs: &[Arc], removed: &[u32]) -> bool {
    let is_removed: Vec<bool> = (0..arcs.len() as u32).map(|arc| removed.contains(&arc)).collect();
    Digraph::new(nodes, arcs).topological_order(&is_removed).len() == nodes
}

/// The fewest arcs, then the least cost, over every order of the nodes: subsets of nodes as bits.
fn by_brute_force(nodes: usize, arcs: &[Arc]) -> u64 {
    let mut least = vec![u64::MAX; 1 << nodes];
    least[0] = 0;
    for placed in 0..1usize << nodes {
        for next in (0..nodes).filter(|next| placed & (1 << next) == 0) {
            let back = arcs.iter().filter(|arc| arc.from as usize == next && placed & (1 << arc.to) != 0);
            let cost = least[placed] + back.map(|arc| ONE_ARC + arc.cost).sum::<u64>();
            let with = placed | (1 << next);
            least[with] = least[with].min(cost);
        }
    }
    least[(1 << nodes) - 1]
}

#[track_caller]
fn check(nodes: u32, pairs: &[(u32, u32)], expected: &[(u32, u32)]) {
    let arcs = graph_of(nodes, pairs);
    let cut = minimum_cut(nodes as usize, &arcs, &mut Budget::new(1_000_000));
    let found: Vec<(u32, u32)> =
        cut.arcs.iter().map(|&arc| (arcs[arc as usize].from, arcs[arc as usize].to)).collect();
    assert_eq!((found.as_slice(), cut.is_minimum), (expected, true));
}

#[test]
fn one_arc_that_two_circles_share_breaks_both() {
    check(4, &[(0, 1), (1, 2), (2, 0), (1, 3), (3, 0)], &[(0, 1)]);
}

#[test]
fn circles_without_a_common_arc_each_lose_one() {
    check(4, &[(0, 1), (1, 0), (2, 3), (3, 2), (1, 2)], &[(1, 0), (3, 2)]);
}

#[test]
fn without_steps_the_answer_still_breaks_all_cycles_and_says_that_it_is_not_proven() {
    let arcs = graph_of(6, &[(0, 1), (1, 2), (2, 3), (3, 0), (3, 4), (4, 5), (5, 3), (2, 0)]);
    let cut = minimum_cut(6, &arcs, &mut Budget::new(0));
    assert!(!cut.is_minimum && is_acyclic_without(6, &arcs, &cut.arcs));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_exact_cut_is_what_brute_force_finds(
        nodes in 2u32..=8,
        pairs in prop::collection::vec((0u32..8, 0u32..8), 0..40),
    ) {
        let arcs = graph_of(nodes, &pairs);
        let cut = minimum_cut(nodes as usize, &arcs, &mut Budget::new(50_000_000));
        let cost: u64 = cut.arcs.iter().map(|&arc| ONE_ARC + arcs[arc as usize].cost).sum();
        prop_assert!(cut.is_minimum);
        prop_assert_eq!(cost, by_brute_force(nodes as usize, &arcs));
    }

    #[test]
    fn no_cycle_is_left_with_any_budget(
        pairs in prop::collection::vec((0u32..60, 0u32..60), 0..400),
        steps in 0u64..2_000_000,
    ) {
        let arcs = graph_of(60, &pairs);
        let cut = minimum_cut(60, &arcs, &mut Budget::new(steps));
        prop_assert!(is_acyclic_without(60, &arcs, &cut.arcs));
    }

    #[test]
    fn the_order_alone_leaves_no_cycle_and_no_needless_arc(
        pairs in prop::collection::vec((0u32..60, 0u32..60), 0..400),
    ) {
        let arcs = graph_of(60, &pairs);
        let cut = order::cut_by_order(&Digraph::new(60, &arcs));
        prop_assert!(is_acyclic_without(60, &arcs, &cut));
        for left_in in 0..cut.len() {
            let mut fewer = cut.clone();
            fewer.remove(left_in);
            prop_assert!(!is_acyclic_without(60, &arcs, &fewer));
        }
    }
}

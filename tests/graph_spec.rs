//! The module graph of the example tree is what its specification says.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;
use ssot::analysis::graph::{GraphOptions, ModuleGraph, module_graph};
use ssot::cache::Cache;
use ssot::link::references::Uses;
use ssot::source::{RoleRule, RoleTable};
use ssot::tree::{EnvironmentChoice, ReadOptions, Tree, read};

#[derive(Deserialize)]
struct Spec {
    cycle: Vec<Cycle>,
    edge: Vec<StatedEdge>,
}

#[derive(Deserialize)]
struct Cycle {
    phases: Vec<String>,
    modules: Vec<String>,
}

#[derive(Deserialize)]
struct StatedEdge {
    from: String,
    to: String,
    phase: String,
    path: String,
    line: u32,
}

#[derive(Deserialize)]
struct Roles {
    role: Vec<RoleRule>,
}

fn example() -> (Spec, Tree, ModuleGraph) {
    let trees = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/trees");
    let text = std::fs::read_to_string(trees.join("chat_service.toml")).expect("specification");
    let spec: Spec = toml::from_str(&text).expect("specification");
    let roles: Roles = toml::from_str(include_str!("../rules/roles.toml")).expect("roles");
    let roles = RoleTable::new(&roles.role).expect("roles");
    let options = ReadOptions {
        paths: vec![trees.join("chat_service")],
        respects_ignore: true,
        roles: &roles,
        environment: EnvironmentChoice::None,
        python_minor: None,
        platform: ssot::lang::Platform::default(),
        reads_prose: true,
        uses: Uses::All,
    };
    let tree = read(&options, &Cache::off()).expect("example tree");
    let graph = module_graph(&tree.index, GraphOptions::default());
    (spec, tree, graph)
}

fn name(tree: &Tree, graph: &ModuleGraph, module: usize) -> String {
    tree.index.modules.get(graph.modules[module]).name.to_string()
}

#[test]
fn every_stated_edge_is_there() {
    let (spec, tree, graph) = example();
    let found: BTreeSet<(String, String, &str, String, u32)> = graph
        .edges
        .iter()
        .filter(|edge| !edge.implicit)
        .map(|edge| {
            let (from, to) = (name(&tree, &graph, edge.from), name(&tree, &graph, edge.to));
            let path = tree.index.file(edge.file).display.to_string();
            (from, to, edge.phase.as_str(), path, tree.index.position(edge.file, edge.at).line)
        })
        .collect();
    for edge in spec.edge {
        let wanted = (edge.from, edge.to, edge.phase.as_str(), edge.path, edge.line);
        assert!(found.contains(&wanted), "not there: {wanted:?}");
    }
}

#[test]
fn the_cycles_are_exactly_the_stated_ones() {
    let (spec, tree, graph) = example();
    let found: BTreeSet<(String, Vec<String>)> = graph
        .components
        .iter()
        .map(|component| {
            let modules = component.modules.iter().map(|&module| name(&tree, &graph, module));
            (component.phases.as_str().to_owned(), modules.collect())
        })
        .collect();
    let stated = spec.cycle.into_iter().map(|cycle| (cycle.phases.join("+"), cycle.modules)).collect();
    assert_eq!(found, stated);
}

#[test]
fn every_cycle_has_breakers_that_are_proven_to_be_the_fewest() {
    let (_, _, graph) = example();
    assert!(graph.components.iter().all(|component| component.is_minimum && !component.breakers.is_empty()));
}

//! Modules, imports and cycles, as reported.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Place, path_of, place};
use crate::analysis::graph::{ModuleGraph, Phase, PhaseSet};
use crate::link::Index;
use crate::source::Language;

/// The dependency graph of the modules.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GraphReport {
    /// Modules, sorted by id.
    pub modules: Vec<ModuleReport>,
    /// Imports, one entry per place.
    pub edges: Vec<EdgeReport>,
    /// Cycles, per set of phases.
    pub components: Vec<ComponentReport>,
    /// Which Rust crates of the tree name items of which others; empty where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub crates: Vec<CrateEdgeReport>,
}

/// A use of one crate by another.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CrateEdgeReport {
    /// The using crate.
    pub from: &'static str,
    /// The used crate.
    pub to: &'static str,
    /// Places in code that ships.
    pub places: usize,
    /// Places that are compiled for tests alone.
    pub test_places: usize,
    /// Places under another condition of compilation.
    pub conditional_places: usize,
}

impl GraphReport {
    /// Leaves the modules of cycles and the imports between two of one cycle.
    #[must_use]
    pub fn of_cycles(mut self) -> Self {
        let components = &self.components;
        let are_together = |from: &str, to: &str| {
            components
                .iter()
                .any(|component| component.modules.contains(&from) && component.modules.contains(&to))
        };
        self.edges.retain(|edge| are_together(edge.from, edge.to));
        self.modules.retain(|module| are_together(module.id, module.id));
        self
    }
}

/// A module.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ModuleReport {
    /// Dotted name.
    pub id: &'static str,
    /// Its file; a namespace package has none.
    pub path: Option<&'static str>,
    /// Modules that import it.
    pub fan_in: usize,
    /// Modules that it imports.
    pub fan_out: usize,
}

/// An import of one module by another.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EdgeReport {
    /// The importing module.
    pub from: &'static str,
    /// The imported module.
    pub to: &'static str,
    /// `load`, `local`, `typing`, `dynamic` or, for what is compiled for tests alone, `test`.
    pub phase: &'static str,
    /// Loaded on the way to what the import names.
    pub implicit: bool,
    /// The condition of compilation that it stands under: `feature = "metrics"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<&'static str>,
    /// The importing file.
    pub path: &'static str,
    /// 1-based line.
    pub line: u32,
}

/// A cycle: modules that all reach each other.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ComponentReport {
    /// The phases whose imports were followed.
    pub phases: Vec<&'static str>,
    /// Its modules, sorted.
    pub modules: Vec<&'static str>,
    /// The fewest imports whose removal leaves no cycle.
    pub breakers: Vec<BreakerReport>,
    /// Whether no smaller set of breakers exists.
    pub is_minimum: bool,
}

/// An import to remove, with every place where it stands.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BreakerReport {
    /// The importing module.
    pub from: &'static str,
    /// The imported module.
    pub to: &'static str,
    /// Where.
    pub places: Vec<BreakerPlace>,
}

/// One place of a breaker.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BreakerPlace {
    /// `load`, `local` or `typing`.
    pub phase: &'static str,
    /// Where.
    #[serde(flatten)]
    pub place: Place,
}

/// Reports the graph.
#[must_use]
pub fn build(index: &Index, graph: &ModuleGraph) -> GraphReport {
    let name = |position: usize| index.modules.get(graph.modules[position]).name.as_str();
    let modules = graph.modules.iter().zip(graph.fans()).map(|(id, fan)| {
        let module = index.modules.get(*id);
        ModuleReport {
            id: module.name.as_str(),
            path: module.file.map(|file| path_of(index, file)),
            fan_in: fan.fan_in,
            fan_out: fan.fan_out,
        }
    });
    let edges = graph.edges.iter().map(|edge| {
        let Place { path, line } = place(index, edge.file, edge.at);
        EdgeReport {
            from: name(edge.from),
            to: name(edge.to),
            phase: edge.phase.as_str(),
            implicit: edge.implicit,
            condition: edge.condition.map(|condition| condition.as_str()),
            path,
            line,
        }
    });
    let components = graph.components.iter().map(|component| ComponentReport {
        phases: phases_of(component.phases),
        modules: component.modules.iter().map(|position| name(*position)).collect(),
        breakers: component
            .breakers
            .iter()
            .map(|breaker| BreakerReport {
                from: name(breaker.from),
                to: name(breaker.to),
                places: breaker
                    .places
                    .iter()
                    .map(|at| BreakerPlace { phase: at.phase.as_str(), place: place(index, at.file, at.at) })
                    .collect(),
            })
            .collect(),
        is_minimum: component.is_minimum,
    });
    GraphReport {
        modules: modules.collect(),
        edges: edges.collect(),
        components: components.collect(),
        crates: crates_of(index, graph),
    }
}

/// Edges between crates, added up.
fn crates_of(index: &Index, graph: &ModuleGraph) -> Vec<CrateEdgeReport> {
    let crate_of = |position: usize| {
        let module = index.modules.get(graph.modules[position]);
        let name = module.name.as_str();
        (module.language == Language::Rust).then(|| name.split("::").next().unwrap_or(name))
    };
    let mut found: BTreeMap<(&'static str, &'static str), CrateEdgeReport> = BTreeMap::new();
    for edge in &graph.edges {
        let (Some(from), Some(to)) = (crate_of(edge.from), crate_of(edge.to)) else { continue };
        if from == to {
            continue;
        }
        let empty = CrateEdgeReport { from, to, places: 0, test_places: 0, conditional_places: 0 };
        let entry = found.entry((from, to)).or_insert(empty);
        match (edge.phase, edge.condition) {
            (Phase::Test, _) => entry.test_places += 1,
            (_, Some(_)) => entry.conditional_places += 1,
            (_, None) => entry.places += 1,
        }
    }
    found.into_values().collect()
}

fn phases_of(set: PhaseSet) -> Vec<&'static str> {
    set.phases().iter().map(|phase| phase.as_str()).collect()
}

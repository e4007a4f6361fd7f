//! Modules that import each other in a circle, as findings: one for each circle, at the imports to remove.

use super::Wanted;
use super::evidence::Places;
use crate::analysis::graph::{self, GraphOptions};
use crate::facts::names::last_segment;
use crate::finding::{Atom, Finding, Rule};
use crate::source::Language;

/// How many modules a message names.
const NAMED: usize = 4;

pub(super) fn check(places: &Places<'_>, wanted: &Wanted) -> Vec<Finding> {
    if !wanted.rules.contains(&Rule::ImportCycle) {
        return Vec::new();
    }
    let index = places.index;
    let graph = graph::module_graph(index, GraphOptions::default());
    let module = |position: usize| index.modules.get(graph.modules[position]);
    let of_phase = graph.components.iter().filter(|component| component.phases == wanted.cycle_phases);
    let circles = of_phase
        .filter(|component| component.modules.iter().all(|at| module(*at).language != Language::Rust));
    circles
        .filter_map(|circle| {
            let names: Vec<&str> = circle.modules.iter().map(|at| module(*at).name.as_str()).collect();
            let more = names.len().saturating_sub(NAMED);
            let shown: Vec<String> = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
            let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
            let when = circle.phases.as_str();
            let mut evidence = Vec::new();
            for breaker in &circle.breakers {
                let target = module(breaker.to).name.as_str();
                for place in &breaker.places {
                    let label = format!("remove this import of `{target}`");
                    evidence.push(places.at(place.file, place.at, 1, label));
                }
            }
            let atoms = circle.modules.iter().filter_map(|at| {
                let module = module(*at);
                let path = index.file(module.file?).display.to_string();
                Some(Atom { name: format!("module {}", last_segment(module.name.as_str())), path })
            });
            let proof = if circle.is_minimum { "no fewer would do" } else { "fewer may do" };
            let count = circle.breakers.len();
            let imports = if count == 1 { "one import".to_owned() } else { format!("{count} imports") };
            Some(Finding {
                rule: Rule::ImportCycle,
                message: format!(
                    "{} modules import each other ({when}): {}{rest}",
                    names.len(),
                    shown.join(", ")
                ),
                atoms: atoms.collect(),
                notes: vec![format!("{imports} to remove; {proof}")],
                symbols: names.iter().map(|name| (*name).to_owned()).collect(),
                places: (!evidence.is_empty()).then_some(evidence)?,
                after: None,
                copy: None,
            })
        })
        .collect()
}

//! Names of the configuration that nothing in the tree bears: what they promise is not checked.

use super::Wanted;
use super::evidence::Places;
use super::held::named;
use crate::analysis::AnalysisOptions;
use crate::analysis::concepts::unknown_names;
use crate::finding::{Atom, Evidence, Finding, Rule};

pub(super) fn check(places: &Places<'_>, options: &AnalysisOptions, wanted: &Wanted) -> Vec<Finding> {
    let index = places.index;
    let mut found = Vec::new();
    if wanted.rules.contains(&Rule::UnknownName) {
        for rule in options.concepts.iter().filter(|rule| rule.line > 0) {
            let named = rule.members.iter().chain(&rule.exclude).chain(&rule.canonical).chain(&rule.protocol);
            let mut unknown = unknown_names(index, named);
            unknown.dedup();
            for name in &unknown {
                let message = format!("concept {} names `{name}`, and nothing here is called so", rule.id);
                found.push(finding(Rule::UnknownName, wanted, rule.line, name, message));
            }
        }
    }
    if wanted.rules.contains(&Rule::ProtocolViolation) {
        for held in &wanted.held {
            for name in [&held.of, &held.protocol] {
                if named(index, name).next().is_none() {
                    let message =
                        format!("`{}` is held to `{}`, and there is no `{name}`", held.of, held.protocol);
                    found.push(finding(Rule::ProtocolViolation, wanted, held.line, name, message));
                }
            }
        }
    }
    found
}

fn finding(rule: Rule, wanted: &Wanted, line: u32, name: &str, message: String) -> Finding {
    let path = wanted.config_path.clone();
    let label = format!("`{name}` is not there");
    Finding {
        rule,
        message,
        places: vec![Evidence { path: path.clone(), line, column: 1, length: 1, label, first_line: line }],
        notes: Vec::new(),
        atoms: vec![Atom { name: name.to_owned(), path }],
        symbols: vec![name.to_owned()],
        after: None,
        copy: None,
    }
}

//! The rules: what each finds, why it matters and how to mend it, and the checks behind them.
//!
//! A rule is a file in `rules/`, an entry of [`Rule`] and a fixture in `fixtures/rules/`; a test holds the three
//! together. The checks turn what [`crate::analysis`] found into findings, one for each fact.

mod copies;
mod cycles;
mod evidence;
mod held;
mod mismatches;
mod names;
mod orders;
mod shims;
pub mod suppressions;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::analysis::concepts::groundwork::Groundwork;
use crate::analysis::graph::PhaseSet;
use crate::analysis::{AnalysisOptions, concepts};
use crate::finding::{Finding, Rule, Severity};
use crate::link::Index;
use evidence::Places;
pub use shims::Shim;

/// What a rule says of itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// Its id.
    pub id: String,
    /// How bad its findings are, unless the configuration says otherwise.
    pub severity: Severity,
    /// On one line.
    pub summary: String,
    /// What it finds, and what it leaves out.
    pub finds: String,
    /// Why that matters.
    pub why: String,
    /// What to do about a finding.
    pub fix: String,
    /// What can be set.
    #[serde(default)]
    pub setting: Vec<Setting>,
}

/// A value that the configuration can set for a rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Its key.
    pub name: String,
    /// What it is by default.
    pub value: String,
    /// What it means.
    pub meaning: String,
}

/// Reads the files of the rules, in the order of [`Rule::ALL`].
macro_rules! rule_files {
    ($($name:literal),+ $(,)?) => { [$(include_str!(concat!("../rules/", $name, ".toml"))),+] };
}

const FILES: [&str; 24] = rule_files![
    "duplicate-concept",
    "duplicate-definition",
    "duplicate-protocol",
    "name-clash",
    "signature-mismatch",
    "return-type",
    "async-mismatch",
    "binding-mismatch",
    "visibility-mismatch",
    "missing-method",
    "naming-mismatch",
    "shadowed-method",
    "ambiguous-method",
    "incompatible-override",
    "abstract-not-implemented",
    "inconsistent-mro",
    "super-chain-broken",
    "import-cycle",
    "protocol-violation",
    "unused-implementation",
    "shim-overdue",
    "stale-suppression",
    "stale-baseline",
    "unknown-name",
];

static DESCRIPTIONS: LazyLock<Vec<Description>> = LazyLock::new(|| {
    let read = |text: &&str| toml::from_str(text).expect("a test reads every file");
    FILES.iter().map(read).collect()
});

/// What a rule says of itself.
#[must_use]
pub fn description(rule: Rule) -> &'static Description {
    &DESCRIPTIONS[rule as usize]
}

/// A type that has to do what a protocol demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Dotted id of the type, or a tail of one.
    pub of: String,
    /// Dotted id of the protocol, or a tail of one.
    pub protocol: String,
    /// The line of the configuration that says so.
    pub line: u32,
}

/// What to check.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The rules that count.
    pub rules: BTreeSet<Rule>,
    /// Which imports make a cycle.
    pub cycle_phases: PhaseSet,
    /// Types that are held to protocols.
    pub held: Vec<Held>,
    /// Stand-ins that must go.
    pub shims: Vec<Shim>,
    /// The configuration's file, as places in it are shown.
    pub config_path: String,
}

impl Wanted {
    fn any(&self, rules: &[Rule]) -> bool {
        rules.iter().any(|rule| self.rules.contains(rule))
    }
}

/// Checks a program. Only the analyses behind the wanted rules run. Findings are sorted by place, then by rule; which of
/// them are new or suppressed is for [`crate::gate`] to say.
#[must_use]
pub fn check(index: &Index, options: &AnalysisOptions, wanted: &Wanted) -> Vec<Finding> {
    let places = Places { index };
    let ((mut found, orders), cycles) = rayon::join(
        || rayon::join(|| check_concepts(&places, options, wanted), || orders::check(&places, wanted)),
        || cycles::check(&places, wanted),
    );
    found.extend(orders);
    found.extend(cycles);
    found.extend(shims::check(&places, wanted));
    found.extend(names::check(&places, options, wanted));
    found.retain(|finding| wanted.rules.contains(&finding.rule));
    found.sort_by(|a, b| {
        let key = |finding: &Finding| (finding.place().clone(), finding.rule, finding.message.clone());
        key(a).cmp(&key(b))
    });
    found.dedup();
    found
}

fn check_concepts(places: &Places<'_>, options: &AnalysisOptions, wanted: &Wanted) -> Vec<Finding> {
    let groundwork = Groundwork::default();
    let of_declared = [
        Rule::DuplicateConcept,
        Rule::NameClash,
        Rule::SignatureMismatch,
        Rule::ReturnType,
        Rule::AsyncMismatch,
        Rule::BindingMismatch,
        Rule::VisibilityMismatch,
        Rule::MissingMethod,
        Rule::NamingMismatch,
        Rule::ProtocolViolation,
        Rule::UnusedImplementation,
        Rule::DuplicateDefinition,
        Rule::DuplicateProtocol,
    ];
    let of_copies = [
        Rule::DuplicateConcept,
        Rule::DuplicateDefinition,
        Rule::DuplicateProtocol,
        Rule::UnusedImplementation,
    ];
    let mut found = Vec::new();
    let declared = match wanted.any(&of_declared) {
        true => concepts::find_with(places.index, options, &groundwork, None),
        false => Vec::new(),
    };
    if wanted.any(&of_copies) {
        found.extend(copies::check(places, options, &declared, &groundwork));
    }
    found.extend(held::check(places, options, &declared, wanted));
    found.extend(mismatches::check(places, &declared));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_its_file_and_every_file_its_rule() {
        assert_eq!(FILES.len(), Rule::ALL.len());
        for rule in Rule::ALL {
            let told = description(*rule);
            assert_eq!(told.id, rule.id());
            assert_eq!(Rule::from_id(&told.id), Some(*rule));
            for text in [&told.summary, &told.finds, &told.why, &told.fix] {
                assert!(!text.trim().is_empty(), "{rule} says all of its parts");
            }
        }
    }
}

//! The way to one implementation of each concept: steps in phases, in an order that leaves nothing dangling.
//!
//! A plan is made from what [`crate::analysis::impact`] decides for each member: a graph of steps with what each needs,
//! risks, costs and leaves behind. When they take place is in [`schedule`], whether they have, in [`criteria`].

mod cost;
pub mod criteria;
mod risk;
pub mod schedule;
mod steps;

use std::collections::BTreeMap;

use crate::analysis::Analysis;
use crate::analysis::concepts::{Concept, Reason};
use crate::analysis::impact::{self, FileUse, Impact};
use crate::analysis::lexicon::Lexicon;
use crate::link::{FileId, Index};
use criteria::{Criterion, Success};
pub use risk::{Factor, Level, Risk};

/// Whom a file belongs to, by its shown path.
pub type Owners<'a> = &'a (dyn Fn(&str) -> String + Sync);

/// The folder of a file, which owns it where nobody else does.
#[must_use]
pub fn folder_of(path: &str) -> String {
    path.rsplit_once('/').map_or(".", |(folder, _)| folder).to_owned()
}

/// Phases of a plan, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// What nothing that runs uses goes; what is another thing gets another name.
    Clearing,
    /// The canonical implementation takes over what others do.
    Integration,
    /// One protocol, and everything conforms to it.
    Protocol,
    /// What sits on top of it knows the protocol alone.
    Separation,
    /// Old names go.
    Shims,
}

impl Phase {
    /// All phases, in order.
    pub const ALL: [Self; 5] =
        [Self::Clearing, Self::Integration, Self::Protocol, Self::Separation, Self::Shims];

    /// The words used in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clearing => "safe removals and renames",
            Self::Integration => "integration",
            Self::Protocol => "protocol unification",
            Self::Separation => "separation of application services",
            Self::Shims => "removal of shims",
        }
    }

    /// 1 to 5.
    #[must_use]
    pub fn number(self) -> usize {
        self as usize + 1
    }
}

/// What a step does to the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// Deletes a type, and the references that are left to it.
    Remove,
    /// Takes a type out of the tree and keeps it elsewhere.
    Archive,
    /// Gives a type another name.
    Rename,
    /// Adds members to a type.
    Extend,
    /// Puts an alias in the place of a type.
    Alias,
    /// Leads references from one type to another.
    MoveCallers,
    /// Makes a type conform to a protocol.
    Conform,
    /// Leads a service from a type to its protocol.
    Separate,
}

impl Work {
    /// The word used in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Remove => "remove",
            Self::Archive => "archive",
            Self::Rename => "rename",
            Self::Extend => "extend",
            Self::Alias => "alias",
            Self::MoveCallers => "move-callers",
            Self::Conform => "conform",
            Self::Separate => "separate",
        }
    }
}

/// One step: what one person changes and another reviews.
#[derive(Debug, Clone)]
pub struct Step {
    /// Kebab-case, unique in the plan.
    pub id: String,
    /// The concept's id.
    pub concept: String,
    /// When.
    pub phase: Phase,
    /// What it does.
    pub work: Work,
    /// In one sentence.
    pub title: String,
    /// The type that it is about, by dotted id.
    pub subject: String,
    /// What it leads to, where it leads somewhere.
    pub target: Option<String>,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Further lines on what to do: methods that move, clashes.
    pub details: Vec<String>,
    /// The files that change, the definition's first.
    pub files: Vec<FileUse>,
    /// Ids of the steps that come before.
    pub depends_on: Vec<String>,
    /// What may break.
    pub risk: Risk,
    /// Days of one person.
    pub effort: f64,
    /// Commands that say whether it worked.
    pub verify: Vec<String>,
    /// What is true afterwards.
    pub criteria: Vec<Criterion>,
    /// How to go back.
    pub back: &'static str,
    /// An entry for `ssot.toml` that keeps it from coming undone.
    pub gate: Option<String>,
    /// The files by owner, where they are many.
    pub shards: Vec<(String, Vec<FileId>)>,
}

/// A plan.
#[derive(Debug, Default)]
pub struct Plan {
    /// What becomes of each member, concept by concept.
    pub impacts: Vec<(String, Vec<Impact>)>,
    /// In an order in which they can be done.
    pub steps: Vec<Step>,
    /// What is true when all is done, and how far it is now; concept by concept.
    pub success: Vec<(String, Vec<Success>)>,
}

/// Makes the plan for some concepts.
#[must_use]
pub fn plan(
    index: &Index,
    analysis: &Analysis,
    concepts: &[&Concept],
    lexicon: &Lexicon,
    owners: Owners<'_>,
) -> Plan {
    let mut plan = Plan::default();
    if concepts.is_empty() {
        return plan;
    }
    let tested = risk::tested_files(index, analysis);
    for concept in concepts {
        let impacts = impact::decide(index, lexicon, &analysis.mentions, concept);
        let steps =
            steps::steps_of(&steps::Ground { index, lexicon, concept, tested: &tested, owners }, &impacts);
        plan.steps.extend(steps);
        plan.success.push((concept.id.clone(), criteria::success_of(index, concept, &impacts)));
        plan.impacts.push((concept.id.clone(), impacts));
    }
    make_unique(&mut plan.steps);
    sort(&mut plan.steps);
    plan
}

/// Steps of several concepts may have one name; the later ones get a number.
fn make_unique(steps: &mut [Step]) {
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    let mut renamed: BTreeMap<(String, String), String> = BTreeMap::new();
    for step in steps.iter_mut() {
        let count = taken.entry(step.id.clone()).or_default();
        *count += 1;
        if *count > 1 {
            let new = format!("{}-{count}", step.id);
            renamed.insert((step.concept.clone(), step.id.clone()), new.clone());
            step.id = new;
        }
    }
    for step in steps.iter_mut() {
        for needed in &mut step.depends_on {
            if let Some(new) = renamed.get(&(step.concept.clone(), needed.clone())) {
                needed.clone_from(new);
            }
        }
    }
}

/// By phase, and within it what others need first. Steps only ever need steps of their own or of an earlier phase.
fn sort(steps: &mut Vec<Step>) {
    let mut rest = std::mem::take(steps);
    rest.sort_by(|a, b| (a.phase, &a.concept).cmp(&(b.phase, &b.concept)));
    while !rest.is_empty() {
        let is_ready =
            |step: &Step| step.depends_on.iter().all(|needed| steps.iter().any(|done| done.id == *needed));
        // A circle cannot be, since every edge leads to an earlier phase or an earlier kind of work.
        let next = rest.iter().position(is_ready).unwrap_or(0);
        steps.push(rest.remove(next));
    }
}

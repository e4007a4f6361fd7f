//! The canonical implementation: declared, or elected from what the code shows.

use std::collections::BTreeSet;

use super::ConceptRule;
use crate::analysis::overrides::provided;
use crate::analysis::usage;
use crate::facts::Name;
use crate::facts::names::is_tail;
use crate::link::members::{is_internal, methods_of};
use crate::link::{ClassId, Index};
use crate::source::FileRole;

/// The outcome and the figures behind it.
#[derive(Debug, Default)]
pub struct Election {
    /// Who won; none without a candidate.
    pub winner: Option<ClassId>,
    /// Whether a rule declared it.
    pub is_declared: bool,
    /// A declaration that names no member.
    pub unknown_declaration: Option<String>,
    /// Every candidate's figures, best first.
    pub ballots: Vec<Ballot>,
}

/// The figures of one candidate.
#[derive(Debug, Clone)]
pub struct Ballot {
    /// The candidate.
    pub class: ClassId,
    /// References in production code.
    pub production_references: u32,
    /// Of the members that the concept's protocols demand or production code calls, how many it has by name.
    pub protocol_members: u32,
    /// How many are wanted so.
    pub protocol_members_wanted: u32,
    /// References in tests.
    pub test_references: u32,
    /// Public methods of its own.
    pub public_methods: u32,
    /// Lines of its definition.
    pub lines: u32,
    /// The weighted sum that decides, from 0 to 1.
    pub score: f64,
    /// The day on which its file was first committed, as `2024-03-01`; asked for where the election is close.
    pub first_committed: Option<String>,
}

/// Knows when files came into the tree.
pub trait History: std::fmt::Debug + Send + Sync {
    /// The day of the first commit of a file that is shown under this path, as `2024-03-01`.
    fn first_committed(&self, display: &str) -> Option<String>;
}

/// Candidates this near to the best one are even; the oldest of them wins.
pub const CLOSE: f64 = 0.05;

/// Weights of the figures, each taken relative to the best candidate. Production use and completeness
/// weigh most: the canonical implementation is what the code already relies on.
const WEIGHTS: [f64; 4] = [0.45, 0.25, 0.15, 0.15];

/// Holds an election without a rule and without protocols.
pub(in crate::analysis) fn elect_among(index: &Index, candidates: &[ClassId]) -> Election {
    let ballots = count_votes(index, candidates, &BTreeSet::new());
    Election { winner: ballots.first().map(|ballot| ballot.class), ballots, ..Election::default() }
}

/// Holds the election among `candidates`.
pub(super) fn elect(
    index: &Index,
    rule: &ConceptRule,
    candidates: &[ClassId],
    protocols: &[ClassId],
    history: Option<&dyn History>,
) -> Election {
    let mut demanded: BTreeSet<Name> = protocols
        .iter()
        .flat_map(|protocol| methods_of(index, *protocol))
        .map(|method| index.function(*method).name)
        .collect();
    demanded.extend(called(index, candidates));
    let mut ballots = count_votes(index, candidates, &demanded);
    if let Some(history) = history
        && rule.canonical.is_none()
    {
        prefer_older(index, &mut ballots, history);
    }
    let elected = ballots.first().map(|ballot| ballot.class);
    let Some(declared) = &rule.canonical else {
        return Election { winner: elected, ballots, ..Election::default() };
    };
    let named = candidates.iter().copied().filter(|class| is_tail(index.class(*class).id.as_str(), declared));
    let named: Vec<ClassId> = named.collect();
    // A tail that several bear decides nothing.
    let winner = match named[..] {
        [single] => Some(single),
        _ => named.iter().copied().find(|class| index.class(*class).id.as_str() == declared),
    };
    Election {
        winner: winner.or(elected),
        is_declared: winner.is_some(),
        unknown_declaration: winner.is_none().then(|| declared.clone()),
        ballots,
    }
}

/// Public methods that production code calls on any of the candidates.
fn called(index: &Index, candidates: &[ClassId]) -> BTreeSet<Name> {
    let references = candidates.iter().flat_map(|class| index.references.on_receiver(*class));
    references
        .filter(|reference| {
            !reference.is_own && index.role_at(reference.file, reference.scope) == FileRole::Production
        })
        .filter(|reference| !is_internal(index, reference.function))
        .map(|reference| index.function(reference.function).name)
        .collect()
}

/// Puts the oldest of those that are even with the best one first: what came later is the copy.
fn prefer_older(index: &Index, ballots: &mut [Ballot], history: &dyn History) {
    let best = ballots.first().map_or(0.0, |ballot| ballot.score);
    let even = ballots.iter().take_while(|ballot| best - ballot.score < CLOSE).count();
    let Some(even) = ballots.get_mut(..even).filter(|even| even.len() > 1) else { return };
    for ballot in even.iter_mut() {
        let file = index.source_of(ballot.class).map(|(file, _)| file);
        ballot.first_committed =
            file.and_then(|file| history.first_committed(index.file(file).display.as_str()));
    }
    let first = even[0].first_committed.clone();
    let says_something = even.iter().any(|ballot| ballot.first_committed != first)
        && even.iter().all(|ballot| ballot.first_committed.is_some());
    if says_something {
        even.sort_by(|a, b| a.first_committed.cmp(&b.first_committed));
    } else {
        for ballot in even {
            ballot.first_committed = None;
        }
    }
}

/// Every candidate's figures, best first.
fn count_votes(index: &Index, candidates: &[ClassId], demanded: &BTreeSet<Name>) -> Vec<Ballot> {
    let mut ballots: Vec<Ballot> =
        candidates.iter().map(|class| ballot_of(index, *class, demanded)).collect();
    let best = |of: fn(&Ballot) -> u32| f64::from(ballots.iter().map(of).max().unwrap_or(0).max(1));
    let most = [
        best(|b| b.production_references),
        best(|b| b.protocol_members + b.public_methods),
        best(|b| b.test_references),
        best(|b| b.lines),
    ];
    for ballot in &mut ballots {
        let figures = [
            ballot.production_references,
            ballot.protocol_members + ballot.public_methods,
            ballot.test_references,
            ballot.lines,
        ];
        let parts = figures.iter().zip(most).zip(WEIGHTS);
        ballot.score = parts.map(|((figure, most), weight)| f64::from(*figure) / most * weight).sum();
    }
    // Who has nothing of what is wanted, settings or an event of the same name, stands behind all who have.
    let is_able = |ballot: &Ballot| ballot.protocol_members + ballot.public_methods > 0;
    ballots.sort_by(|a, b| {
        is_able(b)
            .cmp(&is_able(a))
            .then(b.score.total_cmp(&a.score))
            .then_with(|| index.class(a.class).id.cmp(&index.class(b.class).id))
    });
    ballots
}

fn ballot_of(index: &Index, class: ClassId, demanded: &BTreeSet<Name>) -> Ballot {
    let counts = usage::counts(index, class);
    let has = provided(index, class);
    let public = methods_of(index, class).iter().copied().filter(|method| !is_internal(index, *method));
    let lines = index.lines_of(class);
    Ballot {
        class,
        production_references: counts.in_role(FileRole::Production),
        protocol_members: demanded.iter().filter(|name| has.contains_key(name)).count() as u32,
        protocol_members_wanted: demanded.len() as u32,
        test_references: counts.in_role(FileRole::Test),
        public_methods: public.count() as u32,
        lines,
        score: 0.0,
        first_committed: None,
    }
}

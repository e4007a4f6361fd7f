//! What a step may break, from facts: each factor with its value.

use rustc_hash::FxHashSet;

use crate::analysis::Analysis;
use crate::analysis::impact::FileUse;
use crate::analysis::usage::outside_references;
use crate::link::references::ReferenceKind;
use crate::link::{ClassId, FileId, Index};
use crate::source::FileRole;

/// How risky.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A review finds what goes wrong.
    Low,
    /// Tests have to.
    Medium,
    /// Take it in small parts, and be ready to go back.
    High,
}

impl Level {
    /// The word used in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// One thing that may break.
#[derive(Debug, Clone, PartialEq)]
pub struct Factor {
    /// What it counts.
    pub name: &'static str,
    /// How many.
    pub value: u32,
    /// Its part of the score.
    pub weight: f64,
}

/// What may break, in all.
#[derive(Debug, Clone, PartialEq)]
pub struct Risk {
    /// How risky.
    pub level: Level,
    /// The sum of the weights.
    pub score: f64,
    /// What it is made of; those that are 0 are left out.
    pub factors: Vec<Factor>,
}

/// What each of a kind adds to the score, and what the kind adds at the most.
const WEIGHTS: [(&str, f64, f64); 8] = [
    ("production references", 0.03, 1.5),
    ("production files", 0.1, 1.5),
    ("public re-exports", 0.4, 1.2),
    ("names in strings", 0.25, 1.0),
    ("subclasses", 0.6, 1.8),
    ("clashing signatures", 0.5, 2.0),
    ("methods that move", 0.2, 1.2),
    ("callers without a test", 0.15, 1.5),
];

/// From these scores on a risk is medium, and high.
const LEVELS: (f64, f64) = (1.0, 3.0);

impl Risk {
    /// Adds up counts in the order of [`WEIGHTS`].
    fn of(counts: [u32; 8]) -> Self {
        let factors: Vec<Factor> = WEIGHTS
            .iter()
            .zip(counts)
            .filter(|(_, value)| *value > 0)
            .map(|((name, each, most), value)| Factor {
                name,
                value,
                weight: (f64::from(value) * each).min(*most),
            })
            .collect();
        let score = factors.iter().map(|factor| factor.weight).sum();
        let level = match score {
            score if score >= LEVELS.1 => Level::High,
            score if score >= LEVELS.0 => Level::Medium,
            _ => Level::Low,
        };
        Self { level, score, factors }
    }
}

/// Production files that some test imports.
pub(super) fn tested_files(index: &Index, analysis: &Analysis) -> FxHashSet<FileId> {
    let graph = &analysis.graph;
    let file_of = |position: usize| index.modules.get(graph.modules[position]).file;
    let from_tests =
        graph.edges.iter().filter(|edge| !edge.implicit && index.file(edge.file).role == FileRole::Test);
    from_tests.filter_map(|edge| file_of(edge.to)).collect()
}

/// The risk of changing what leads to a type.
pub(super) fn risk_of(
    index: &Index,
    class: ClassId,
    files: &[FileUse],
    tested: &FxHashSet<FileId>,
    clashes: usize,
    moves: usize,
) -> Risk {
    let production: Vec<&FileUse> = files.iter().filter(|used| used.role == FileRole::Production).collect();
    let own_file = index.source_of(class).map(|(file, _)| file);
    let in_files = |file: FileId| files.iter().any(|used| used.file == file);
    let of_kind = |kind: ReferenceKind| {
        outside_references(index, class)
            .filter(|reference| reference.kind == kind && in_files(reference.file))
            .count() as u32
    };
    let untested = production
        .iter()
        .filter(|used| Some(used.file) != own_file && used.references > 0 && !tested.contains(&used.file))
        .count();
    Risk::of([
        production.iter().map(|used| used.references).sum(),
        production.iter().filter(|used| used.references > 0).count() as u32,
        of_kind(ReferenceKind::Export),
        of_kind(ReferenceKind::String),
        of_kind(ReferenceKind::Base),
        clashes as u32,
        moves as u32,
        untested as u32,
    ])
}

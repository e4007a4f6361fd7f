//! The program → what users want to know of it.
//!
//! Every part below is a pure function of the [`Index`]; none knows files, JSON or a terminal.

pub mod clones;
pub mod concepts;
pub mod conflicts;
pub mod discovery;
pub mod duplicates;
pub mod graph;
pub mod impact;
pub mod lexicon;
pub mod overrides;
pub mod protocols;
pub mod signatures;
pub mod similarity;
pub mod synthesis;
pub mod trait_methods;
pub mod type_graph;
pub mod types;
pub mod usage;

use std::sync::Arc;

use crate::link::Index;
use concepts::election::History;
use concepts::{Concept, ConceptRule};
use duplicates::DuplicateName;
use graph::{GraphOptions, ModuleGraph};
use lexicon::Lexicon;
use overrides::MroTrouble;
use usage::Mentions;

/// What to look for.
#[derive(Debug, Clone, Default)]
pub struct AnalysisOptions {
    /// Concepts, declared by rules.
    pub concepts: Vec<ConceptRule>,
    /// Words that mean the same.
    pub lexicon: Lexicon,
    /// When two implementations have one responsibility.
    pub similarity: similarity::Rules,
    /// How the module graph is read.
    pub graph: GraphOptions,
    /// When files came into the tree, where that is known.
    pub history: Option<Arc<dyn History>>,
}

/// Everything that was found out.
#[derive(Debug)]
pub struct Analysis {
    /// Modules, imports and cycles.
    pub graph: ModuleGraph,
    /// Trouble inside method resolution orders.
    pub trouble: Vec<MroTrouble>,
    /// Names defined more than once.
    pub duplicates: Vec<DuplicateName>,
    /// Where prose names classes.
    pub mentions: Mentions,
    /// The declared concepts that have members here.
    pub concepts: Vec<Concept>,
}

/// Runs every analysis.
#[must_use]
pub fn run(index: &Index, documents: &[(String, String)], options: &AnalysisOptions) -> Analysis {
    let imports = graph::Imports::of(index);
    let (((graph, trouble), (duplicates, mentions)), concepts) = rayon::join(
        || {
            rayon::join(
                || rayon::join(|| imports.graph(index, options.graph), || overrides::check_orders(index)),
                || rayon::join(|| duplicates::find(index), || usage::find_mentions(index, documents)),
            )
        },
        || concepts::find(index, options),
    );
    Analysis { graph, trouble, duplicates, mentions, concepts }
}

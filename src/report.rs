//! Everything that a renderer may see: plain data, ready to be written.
//!
//! These structs are the JSON schema (`schema: "ssot/1"`). Paths are relative to the root of the
//! scan with `/`; lines and columns count from 1; every list is sorted.

pub mod check;
pub mod concepts;
pub mod conformance;
pub mod coverage;
pub mod discovery;
pub mod graph;
pub mod history;
mod marking;
pub mod orders;
pub mod plan;
pub mod protocol;
pub mod trial;
pub mod types;
pub mod usage;

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::Analysis;
use crate::analysis::lexicon::Lexicon;
use crate::link::{FileId, Index};
use crate::text::Offset;
use crate::tree::Tree;
use concepts::ConceptReport;
use coverage::CoverageReport;
use graph::GraphReport;
use orders::TroubleReport;
use plan::PlanReport;
use types::{BusyType, DuplicateReport, TypeReport};

/// The version of the format.
pub const SCHEMA: &str = "ssot/1";

/// The whole report.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Report {
    /// Always [`SCHEMA`].
    pub schema: &'static str,
    /// What was analysed, and what could not be.
    pub coverage: CoverageReport,
    /// Declared concepts with members in the tree.
    pub concepts: Vec<ConceptReport>,
    /// The way to one implementation of each of them, for one person.
    pub plan: PlanReport,
    /// Defects inside method resolution orders.
    pub mro_findings: Vec<TroubleReport>,
    /// Class names with several definitions.
    pub duplicates: Vec<DuplicateReport>,
    /// The types with the most references.
    pub busiest: Vec<BusyType>,
    /// Modules, imports, cycles.
    pub graph: GraphReport,
    /// Every type of the tree.
    pub types: Vec<TypeReport>,
}

/// The answer of `ssot scan`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Inventory {
    /// Always [`SCHEMA`].
    pub schema: &'static str,
    /// What was analysed, and what could not be.
    pub coverage: CoverageReport,
    /// Every type of the tree.
    pub types: Vec<TypeReport>,
}

/// The answer of `ssot graph`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GraphAnswer {
    /// Always [`SCHEMA`].
    pub schema: &'static str,
    /// Modules, imports, cycles.
    #[serde(flatten)]
    pub graph: GraphReport,
}

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Place {
    /// Relative path with `/`.
    pub path: &'static str,
    /// 1-based line.
    pub line: u32,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.path, self.line)
    }
}

/// The place of an offset.
pub(crate) fn place(index: &Index, file: FileId, at: Offset) -> Place {
    Place { path: path_of(index, file), line: index.file(file).facts.lines.line(at) }
}

/// The shown path of a file, which lives as long as the run.
pub(crate) fn path_of(index: &Index, file: FileId) -> &'static str {
    index.file(file).display.as_str()
}

/// Builds the report.
#[must_use]
pub fn build(tree: &Tree, analysis: &Analysis, lexicon: &Lexicon) -> Report {
    let index = &tree.index;
    let plan = plan::of_report(index, analysis, lexicon);
    let (((types, graph), (trouble, concepts)), (coverage, (duplicates, busiest))) = rayon::join(
        || {
            rayon::join(
                || rayon::join(|| types::all(index), || graph::build(index, &analysis.graph)),
                || rayon::join(|| orders::all(index, analysis), || concepts::all(index, analysis)),
            )
        },
        || {
            rayon::join(
                || coverage::build(tree),
                || rayon::join(|| types::duplicates(index, analysis), || types::busiest(index)),
            )
        },
    );
    Report {
        schema: SCHEMA,
        coverage,
        concepts,
        plan,
        mro_findings: trouble,
        duplicates,
        busiest,
        graph,
        types,
    }
}

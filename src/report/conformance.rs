//! Classes against protocols, as reported.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Place, place};
use crate::analysis::protocols::matrix::ConformancePair;
use crate::link::Index;

/// The answer of `ssot conform static`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ConformanceReport {
    /// Always [`super::SCHEMA`].
    pub schema: &'static str,
    /// Every pair that was compared, by protocol, then by type.
    pub pairs: Vec<PairReport>,
}

/// One implementation against one protocol.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PairReport {
    /// The implementation.
    pub r#type: &'static str,
    /// The protocol.
    pub protocol: &'static str,
    /// `conforms`, `violates` or `cannot-tell`.
    pub verdict: &'static str,
    /// Member by member.
    pub members: Vec<PairMember>,
    /// What is not known of the protocol itself.
    pub unknowns: Vec<String>,
    /// It violates by names of parameters alone, about which type checkers disagree.
    pub only_names: bool,
    /// Whether `Any` or a missing annotation hides what could differ.
    pub through_any: bool,
}

/// One member of a protocol.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PairMember {
    /// Its name.
    pub name: &'static str,
    /// The verdict on it.
    pub verdict: &'static str,
    /// Why it does not conform.
    pub reasons: Vec<PairReason>,
}

/// Why a member does not conform.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PairReason {
    /// What differs.
    pub kind: &'static str,
    /// What the protocol says.
    pub expected: String,
    /// What the implementation has.
    pub found: String,
    /// Where.
    pub place: Option<Place>,
}

/// Builds the report.
#[must_use]
pub fn build(index: &Index, pairs: &[ConformancePair]) -> ConformanceReport {
    ConformanceReport {
        schema: super::SCHEMA,
        pairs: pairs.iter().map(|pair| pair_report(index, pair)).collect(),
    }
}

pub(super) fn pair_report(index: &Index, pair: &ConformancePair) -> PairReport {
    let conformance = &pair.conformance;
    let members = conformance.members.iter().map(|member| PairMember {
        name: member.name.as_str(),
        verdict: member.verdict.as_str(),
        reasons: member
            .reasons
            .iter()
            .map(|reason| PairReason {
                kind: reason.kind.as_str(),
                expected: reason.expected.clone(),
                found: reason.found.clone(),
                place: reason.place.map(|(file, at)| place(index, file, at)),
            })
            .collect(),
    });
    PairReport {
        r#type: index.class(pair.class).id.as_str(),
        protocol: index.class(pair.protocol).id.as_str(),
        verdict: conformance.verdict.as_str(),
        members: members.collect(),
        unknowns: conformance.unknowns.clone(),
        only_names: conformance.only_names,
        through_any: conformance.is_through_any,
    }
}

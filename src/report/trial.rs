//! Candidates and what became of them in each case, as reported.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::conformance::cases::Case;
use crate::conformance::known::KnownFailures;
use crate::conformance::run::{Judged, JudgedCandidate};
pub use crate::conformance::verdict::{HistoryLine, Side, Verdict};

/// The answer of `ssot conform run`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TrialReport {
    /// Always [`super::SCHEMA`].
    pub schema: &'static str,
    /// Whether nothing failed but what is known, and nothing that is known passed.
    pub passed: bool,
    /// The candidates, as asked for.
    pub candidates: Vec<CandidateReport>,
    /// What is demanded, and what became of it.
    pub cases: Vec<CaseReport>,
    /// Protocol members of classes whose source was looked at, too.
    pub members: Vec<MemberReport>,
}

/// The answer of `ssot conform list`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RequirementsReport {
    /// Always [`super::SCHEMA`].
    pub schema: &'static str,
    /// What is demanded.
    pub cases: Vec<RequirementReport>,
}

/// A candidate.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CandidateReport {
    /// As it was asked for.
    pub candidate: String,
    /// What its driver calls it; none where the driver said nothing.
    pub name: Option<String>,
    /// `L1` or `L2`.
    pub level: Option<String>,
    /// What it has.
    pub capabilities: Vec<String>,
    /// How many cases by verdict.
    pub verdicts: BTreeMap<&'static str, usize>,
    /// Seconds that its cases took.
    pub seconds: f64,
}

/// What is demanded.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RequirementReport {
    /// Of the case.
    pub id: &'static str,
    /// What it is about.
    pub group: &'static str,
    /// `MUST` or `SHOULD`.
    pub strength: &'static str,
    /// `L1`, `L2`, or none for both.
    pub level: Option<String>,
    /// Capabilities without which it is skipped.
    pub needs: &'static [&'static str],
    /// Members of the protocol that it is about.
    pub members: &'static [&'static str],
    /// A sentence.
    pub requirement: &'static str,
}

/// A case with its verdicts.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CaseReport {
    /// What is demanded.
    #[serde(flatten)]
    pub of: RequirementReport,
    /// By candidate, in their order.
    pub verdicts: Vec<VerdictReport>,
}

/// What became of a candidate in a case.
#[derive(Debug, Serialize, JsonSchema)]
pub struct VerdictReport {
    /// The verdict.
    pub verdict: Verdict,
    /// Why it is neither pass nor fail.
    pub reason: Option<String>,
    /// What was expected.
    pub expected: Option<String>,
    /// What was seen.
    pub seen: Option<String>,
    /// What went to and fro.
    pub history: Vec<HistoryLine>,
    /// How often there was which verdict.
    pub runs: BTreeMap<&'static str, u32>,
    /// Seconds.
    pub seconds: f64,
    /// That it is known to fail, and why.
    pub known: Option<KnownReport>,
}

/// A known failure.
#[derive(Debug, Serialize, JsonSchema)]
pub struct KnownReport {
    /// `failing` or `flaky`.
    pub kind: &'static str,
    /// Why it is accepted.
    pub reason: String,
    /// Whether it passes, so that the entry has to go.
    pub is_stale: bool,
}

/// A member of the protocol: how a class declares it, and what it does.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MemberReport {
    /// As it was asked for.
    pub candidate: String,
    /// Of the member.
    pub member: String,
    /// `conforms`, `violates`, `cannot-tell`, or `not-found` where there is no source.
    pub signature: String,
    /// Why it does not conform.
    pub reasons: Vec<String>,
    /// How many of its cases by verdict.
    pub cases: BTreeMap<&'static str, usize>,
    /// The cases that it fails.
    pub failed: Vec<&'static str>,
    /// Both in one: `conforms`, `violates` or `cannot-tell`.
    pub verdict: &'static str,
}

impl VerdictReport {
    /// Whether it makes the run fail.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        match &self.known {
            Some(known) => known.is_stale,
            None => self.verdict.is_bad(),
        }
    }
}

/// The report on what is demanded.
#[must_use]
pub fn requirements(cases: &[&'static Case]) -> RequirementsReport {
    RequirementsReport { schema: super::SCHEMA, cases: cases.iter().map(|case| requirement(case)).collect() }
}

fn requirement(case: &Case) -> RequirementReport {
    RequirementReport {
        id: case.id,
        group: case.group.as_str(),
        strength: case.strength.as_str(),
        level: case.level.map(|level| level.to_string()),
        needs: case.needs,
        members: case.members,
        requirement: case.requirement,
    }
}

/// Builds the report. All candidates were judged by the same cases.
#[must_use]
pub fn build(judged: &[JudgedCandidate], known: &KnownFailures) -> TrialReport {
    let count = judged.iter().map(|candidate| candidate.cases.len()).max().unwrap_or_default();
    let mut cases: Vec<CaseReport> = Vec::with_capacity(count);
    for candidate in judged {
        for (at, one) in candidate.cases.iter().enumerate() {
            if cases.len() <= at {
                cases.push(CaseReport { of: requirement(one.case), verdicts: Vec::new() });
            }
            cases[at].verdicts.push(verdict(one, &candidate.label, known));
        }
    }
    let passed = !cases.iter().flat_map(|case| &case.verdicts).any(VerdictReport::is_bad);
    let candidates = judged.iter().map(candidate).collect();
    TrialReport { schema: super::SCHEMA, passed, candidates, cases, members: Vec::new() }
}

fn candidate(judged: &JudgedCandidate) -> CandidateReport {
    let mut verdicts = BTreeMap::new();
    for one in &judged.cases {
        *verdicts.entry(one.verdict.as_str()).or_default() += 1;
    }
    let hello = judged.hello.as_ref();
    CandidateReport {
        candidate: judged.label.clone(),
        name: hello.map(|hello| hello.name.clone()),
        level: hello.map(|hello| hello.level.to_string()),
        capabilities: hello.map(|hello| hello.capabilities.clone()).unwrap_or_default(),
        verdicts,
        seconds: judged.cases.iter().map(|one| one.took.as_secs_f64()).sum(),
    }
}

fn verdict(judged: &Judged, candidate: &str, known: &KnownFailures) -> VerdictReport {
    let known = known.of(judged.case.id, candidate).map(|entry| KnownReport {
        kind: entry.kind.as_str(),
        reason: entry.reason.clone(),
        is_stale: entry.is_stale(judged.verdict),
    });
    let failure = judged.failure.as_ref();
    VerdictReport {
        verdict: judged.verdict,
        reason: judged.reason.clone(),
        expected: failure.map(|failure| failure.expected.clone()),
        seen: failure.map(|failure| failure.seen.clone()),
        history: judged.history.clone(),
        runs: judged.verdicts.iter().map(|(verdict, count)| (verdict.as_str(), *count)).collect(),
        seconds: judged.took.as_secs_f64(),
        known,
    }
}

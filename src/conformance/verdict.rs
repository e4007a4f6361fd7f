//! What became of a case.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What became of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The candidate does what is demanded.
    Pass,
    /// It does not, and the history shows it.
    Fail,
    /// It does not claim to, and need not.
    Skip,
    /// The driver did not do its part: nothing is known of the candidate.
    Errored,
    /// The driver did, and it still cannot be told.
    Unknown,
}

impl Verdict {
    /// As shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Skip => "skip",
            Self::Errored => "errored",
            Self::Unknown => "unknown",
        }
    }

    /// Whether a run with such a case has failed.
    #[must_use]
    pub fn is_bad(self) -> bool {
        match self {
            Self::Fail | Self::Errored => true,
            Self::Pass | Self::Skip | Self::Unknown => false,
        }
    }
}

/// What was expected, and what was seen instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Failure {
    /// What the requirement means here.
    pub expected: String,
    /// What happened.
    pub seen: String,
}

/// Why a case ends before its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stop {
    Failed(Failure),
    Skipped(String),
    Errored(String),
    Unknown(String),
}

impl Stop {
    pub(super) fn failed(expected: impl Into<String>, seen: impl Into<String>) -> Self {
        Self::Failed(Failure { expected: expected.into(), seen: seen.into() })
    }
}

/// Who wrote a line of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// We asked for something.
    Harness,
    /// The driver answered, or told what happened.
    Driver,
    /// A client of ours saw something.
    Client,
}

/// A line of a history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HistoryLine {
    /// Who wrote it.
    pub from: Side,
    /// What it says.
    pub line: String,
}

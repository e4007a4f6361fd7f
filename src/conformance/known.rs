//! Failures that are known, each with its reason. A list goes stale: what passes must not stand in it.

use serde::Deserialize;

use super::cases;
use super::verdict::Verdict;

/// What is known.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownFailures {
    #[serde(default)]
    known: Vec<KnownFailure>,
}

/// A case that a candidate fails.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownFailure {
    /// The id of the case.
    pub case: String,
    /// The candidate, as it is asked for: `reference`, `app.ws:Manager`, a command.
    pub candidate: String,
    /// Why it is accepted.
    pub reason: String,
    /// Always, or sometimes.
    pub kind: KnownKind,
}

/// How often a known case fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KnownKind {
    /// Always: when it passes, the entry is stale.
    Failing,
    /// Sometimes.
    Flaky,
}

impl KnownKind {
    /// As written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failing => "failing",
            Self::Flaky => "flaky",
        }
    }
}

impl KnownFailures {
    /// Reads a list.
    ///
    /// # Errors
    /// Where it is no TOML of this form, gives no reason, or names a case that there is not.
    pub fn parse(text: &str) -> Result<Self, String> {
        let list: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        for entry in &list.known {
            if !cases::all().any(|case| case.id == entry.case) {
                return Err(format!("there is no case `{}`", entry.case));
            }
            if entry.reason.trim().is_empty() {
                return Err(format!("`{}` of {} has no reason", entry.case, entry.candidate));
            }
        }
        Ok(list)
    }

    /// What is known of a case and a candidate.
    #[must_use]
    pub fn of(&self, case: &str, candidate: &str) -> Option<&KnownFailure> {
        self.known.iter().find(|entry| entry.case == case && entry.candidate == candidate)
    }
}

impl KnownFailure {
    /// Whether there is nothing to excuse any more.
    #[must_use]
    pub fn is_stale(&self, verdict: Verdict) -> bool {
        match (self.kind, verdict) {
            (KnownKind::Failing, Verdict::Pass) => true,
            (KnownKind::Failing, Verdict::Fail | Verdict::Skip | Verdict::Errored | Verdict::Unknown)
            | (KnownKind::Flaky, _) => false,
        }
    }
}

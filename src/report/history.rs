//! The answer of `ssot history`: what each commit held, and what came and went.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::analysis::concepts::Role;
use crate::git::Commit;
use crate::history::figures::{Change, Event, Figures};

/// A history.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct HistoryReport {
    /// Always [`super::SCHEMA`].
    pub schema: String,
    /// How many commits there are, by first parents.
    pub all_commits: usize,
    /// Whether older commits are not in this clone.
    pub is_shallow: bool,
    /// The commits that were looked at, oldest first.
    pub commits: Vec<CommitReport>,
    /// What came and went, oldest first.
    pub events: Vec<EventReport>,
}

/// What a commit held.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct CommitReport {
    /// Its id.
    pub id: String,
    /// `2024-03-01`
    pub day: String,
    /// The first line of its message.
    pub subject: String,
    /// Source files.
    pub files: usize,
    /// Their lines.
    pub lines: u64,
    /// Types that they define.
    pub types: usize,
    /// Class names of production code with several definitions.
    pub duplicate_names: usize,
    /// Cycles of imports on load.
    pub load_cycles: usize,
    /// The declared concepts that have members.
    pub concepts: Vec<ConceptCounts>,
}

/// What a commit held of one concept.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct ConceptCounts {
    /// Its id.
    pub id: String,
    /// The canonical implementation.
    pub canonical: Option<String>,
    /// Canonical, duplicate and complementary members.
    pub implementations: usize,
    /// Duplicates among them.
    pub duplicates: usize,
    /// Protocols.
    pub protocols: usize,
    /// Aliases and subclasses without content.
    pub shims: usize,
    /// Where members contradict each other.
    pub conflicts: usize,
    /// Lines of the implementations.
    pub lines: u32,
}

/// What a commit did to a concept.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct EventReport {
    /// The commit's id.
    pub commit: String,
    /// `2024-03-01`
    pub day: String,
    /// The first line of its message.
    pub subject: String,
    /// The concept's id.
    pub concept: String,
    /// The member.
    pub r#type: String,
    /// `introduced`, `moved`, `changed` or `removed`.
    pub change: String,
    /// Its role; of what was removed, the role that it had.
    pub role: Option<String>,
    /// What it was before: another name, or another role.
    pub before: Option<String>,
}

/// Reports a history.
#[must_use]
pub fn build(
    all_commits: usize,
    is_shallow: bool,
    commits: &[(&Commit, &Figures)],
    events: &[(&Commit, Event)],
) -> HistoryReport {
    HistoryReport {
        schema: super::SCHEMA.to_owned(),
        all_commits,
        is_shallow,
        commits: commits.iter().map(|(commit, figures)| commit_report(commit, figures)).collect(),
        events: events.iter().map(|(commit, event)| event_report(commit, event)).collect(),
    }
}

fn commit_report(commit: &Commit, figures: &Figures) -> CommitReport {
    let concepts = figures.concepts.iter().map(|concept| ConceptCounts {
        id: concept.id.clone(),
        canonical: concept.canonical.clone(),
        implementations: concept.implementations(),
        duplicates: concept.with_role(Role::Duplicate),
        protocols: concept.with_role(Role::Protocol),
        shims: concept.with_role(Role::Shim),
        conflicts: concept.conflicts,
        lines: concept.lines(),
    });
    CommitReport {
        id: commit.id.clone(),
        day: commit.day.clone(),
        subject: commit.subject.clone(),
        files: figures.files,
        lines: figures.lines,
        types: figures.types,
        duplicate_names: figures.duplicate_names,
        load_cycles: figures.load_cycles,
        concepts: concepts.collect(),
    }
}

fn event_report(commit: &Commit, event: &Event) -> EventReport {
    let (change, role, before) = match &event.change {
        Change::Introduced(role) => ("introduced", Some(*role), None),
        Change::Moved(before) => ("moved", None, Some(before.clone())),
        Change::BecameOther(before, after) => ("changed", Some(*after), Some(before.as_str().to_owned())),
        Change::Removed(role) => ("removed", Some(*role), None),
    };
    EventReport {
        commit: commit.id.clone(),
        day: commit.day.clone(),
        subject: commit.subject.clone(),
        concept: event.concept.clone(),
        r#type: event.member.clone(),
        change: change.to_owned(),
        role: role.map(|role| role.as_str().to_owned()),
        before,
    }
}

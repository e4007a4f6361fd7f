//! What is demanded: one requirement a case, as data and the function that judges.

mod agent_updates;
mod connection;
mod delivery;
mod faults;
mod health;
mod isolation;
mod lifecycle;
mod limits;
mod ordering;
mod scale_out;
mod security;
mod serialisation;
mod slow_consumer;
mod stats;
mod threads;

use super::lines::{Level, Limits};
use super::world::{Judged, World};

/// A requirement, and how it is judged.
#[derive(Debug)]
pub struct Case {
    /// Unique; kebab-case.
    pub id: &'static str,
    /// What it is about.
    pub group: Group,
    /// Whether a candidate may lack it.
    pub strength: Strength,
    /// The level that it needs; none where it is judged at any.
    pub level: Option<Level>,
    /// Capabilities that a candidate may lack; then the case is skipped.
    pub needs: &'static [&'static str],
    /// The protocol's members that it says something of.
    pub members: &'static [&'static str],
    /// What is demanded: a sentence.
    pub requirement: &'static str,
    /// Limits of the manager that is judged.
    pub(super) limits: Limits,
    /// Nodes that it takes.
    pub(super) nodes: u32,
    pub(super) judge: fn(&mut World<'_>) -> Judged,
}

/// How binding a requirement is (RFC 2119).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strength {
    /// Of everybody.
    Must,
    /// Of who announces the capability.
    Should,
}

impl Strength {
    /// As shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
        }
    }
}

/// What a case is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "their names say what they are")]
pub enum Group {
    Connection,
    Delivery,
    Ordering,
    Isolation,
    Threads,
    AgentUpdates,
    Health,
    Stats,
    Serialisation,
    SlowConsumer,
    Faults,
    Lifecycle,
    LimitsAndSecurity,
    ScaleOut,
}

impl Group {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 14] = [
        Self::Connection,
        Self::Delivery,
        Self::Ordering,
        Self::Isolation,
        Self::Threads,
        Self::AgentUpdates,
        Self::Health,
        Self::Stats,
        Self::Serialisation,
        Self::SlowConsumer,
        Self::Faults,
        Self::Lifecycle,
        Self::LimitsAndSecurity,
        Self::ScaleOut,
    ];

    /// As typed and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Delivery => "delivery",
            Self::Ordering => "ordering",
            Self::Isolation => "isolation",
            Self::Threads => "threads",
            Self::AgentUpdates => "agent-updates",
            Self::Health => "health",
            Self::Stats => "stats",
            Self::Serialisation => "serialisation",
            Self::SlowConsumer => "slow-consumer",
            Self::Faults => "faults",
            Self::Lifecycle => "lifecycle",
            Self::LimitsAndSecurity => "limits-and-security",
            Self::ScaleOut => "scale-out",
        }
    }

    fn cases(self) -> &'static [&'static [Case]] {
        match self {
            Self::Connection => &[&connection::CASES],
            Self::Delivery => &[&delivery::CASES],
            Self::Ordering => &[&ordering::CASES],
            Self::Isolation => &[&isolation::CASES],
            Self::Threads => &[&threads::CASES],
            Self::AgentUpdates => &[&agent_updates::CASES],
            Self::Health => &[&health::CASES],
            Self::Stats => &[&stats::CASES],
            Self::Serialisation => &[&serialisation::CASES],
            Self::SlowConsumer => &[&slow_consumer::CASES],
            Self::Faults => &[&faults::CASES],
            Self::Lifecycle => &[&lifecycle::CASES],
            Self::LimitsAndSecurity => &[&limits::CASES, &security::CASES],
            Self::ScaleOut => &[&scale_out::CASES],
        }
    }
}

/// All cases, by group.
pub fn all() -> impl Iterator<Item = &'static Case> {
    let by_group = |group: Group| group.cases().iter().flat_map(|cases| cases.iter());
    Group::ALL.into_iter().flat_map(by_group)
}

type Judge = fn(&mut World<'_>) -> Judged;

impl Case {
    const fn must(
        id: &'static str,
        group: Group,
        members: &'static [&'static str],
        requirement: &'static str,
        judge: Judge,
    ) -> Self {
        let (level, needs, limits, nodes) = (None, &[], Limits::NONE, 1);
        Self { id, group, strength: Strength::Must, level, needs, members, requirement, limits, nodes, judge }
    }

    const fn should(self, needs: &'static [&'static str]) -> Self {
        Self { strength: Strength::Should, needs, ..self }
    }

    /// It needs sockets whose peers do what they are told.
    const fn virtual_only(self) -> Self {
        Self { level: Some(Level::L1), ..self }
    }

    const fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    const fn with_nodes(self, nodes: u32) -> Self {
        Self { nodes, ..self }
    }
}

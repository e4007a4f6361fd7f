//! How much a manager holds and how long it waits.

use std::time::Duration;

use super::session::Resume;

/// Limits of one manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of JSON of one message.
    pub message_bytes: usize,
    /// Messages that wait for one connection.
    pub queue_messages: usize,
    /// Bytes of messages that wait for one connection. One message alone may always wait.
    pub queue_bytes: usize,
    /// What happens when a queue is full.
    pub overflow: Overflow,
    /// Connections of one user.
    pub connections_per_user: usize,
    /// What happens when a user has as many.
    pub when_full: WhenFull,
    /// How long one write to a socket, and its close, may take.
    pub write_deadline: Duration,
    /// How often a connection is pinged; none are where it is zero.
    pub ping_interval: Duration,
    /// How long a pong may take before the connection counts as unhealthy.
    pub pong_deadline: Duration,
    /// How long a connection may give no sign of life before it is closed with 1011. Only where pings are sent.
    pub stale_after: Duration,
    /// How sessions are kept for clients that come back; none are where it is none.
    pub resume: Option<Resume>,
}

/// What happens when the queue of a connection is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overflow {
    /// The connection is closed with 1013: whoever comes back knows that something is missing.
    Close,
    /// The oldest messages go.
    DropOldest,
    /// The new message is not queued.
    DropNewest,
}

/// What happens when a user has as many connections as allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenFull {
    /// The new one is not taken.
    Refuse,
    /// The oldest one is closed with 1008.
    ReplaceOldest,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 1 << 20,
            queue_messages: 256,
            queue_bytes: 4 << 20,
            overflow: Overflow::Close,
            connections_per_user: usize::MAX,
            when_full: WhenFull::Refuse,
            write_deadline: Duration::from_secs(10),
            ping_interval: Duration::from_secs(30),
            pong_deadline: Duration::from_secs(10),
            stale_after: Duration::from_secs(90),
            resume: None,
        }
    }
}

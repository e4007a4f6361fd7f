//! What a manager did and what it holds.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;
use serde_json::Value;

use super::backplane::{Node, NodeCounters};

/// Counters of a manager; none ever decreases.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) connections_opened: AtomicU64,
    pub(super) connections_closed: AtomicU64,
    pub(super) connections_refused: AtomicU64,
    pub(super) connections_replaced: AtomicU64,
    pub(super) connections_reaped: AtomicU64,
    pub(super) sessions_resumed: AtomicU64,
    pub(super) sessions_refused: AtomicU64,
    pub(super) sessions_forgotten: AtomicU64,
    pub(super) messages_queued: AtomicU64,
    pub(super) messages_sent: AtomicU64,
    pub(super) bytes_sent: AtomicU64,
    pub(super) messages_dropped_oldest: AtomicU64,
    pub(super) messages_dropped_newest: AtomicU64,
    pub(super) messages_lost: AtomicU64,
    pub(super) overflows: AtomicU64,
    pub(super) write_timeouts: AtomicU64,
    pub(super) write_errors: AtomicU64,
    pub(super) not_serialisable: AtomicU64,
    pub(super) too_large: AtomicU64,
    pub(super) pings_sent: AtomicU64,
    pub(super) pongs_received: AtomicU64,
    pub(super) pongs_missed: AtomicU64,
}

/// Adds to a counter.
pub(super) fn add(counter: &AtomicU64, amount: usize) {
    counter.fetch_add(amount as u64, Ordering::Relaxed);
}

/// Figures of a manager at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stats {
    /// `open`, `draining` or `closed`.
    pub state: &'static str,
    /// Seconds since the manager was made.
    pub uptime_seconds: f64,
    /// Connections that are live.
    pub active_connections: usize,
    /// Users with a live connection.
    pub active_users: usize,
    /// Threads that a live connection looks at.
    pub active_threads: usize,
    /// Sessions that wait for their client to come back.
    pub active_sessions_away: usize,
    /// Messages that wait in queues.
    pub queued_messages: usize,
    /// Their bytes.
    pub queued_bytes: usize,
    /// Connections that were taken.
    pub connections_opened: u64,
    /// Connections that ended, for whatever reason.
    pub connections_closed: u64,
    /// Connections that were not taken.
    pub connections_refused: u64,
    /// Connections that ended for a newer one of their user.
    pub connections_replaced: u64,
    /// Connections that ended since they gave no sign of life.
    pub connections_reaped: u64,
    /// Sessions that went on in a new connection.
    pub sessions_resumed: u64,
    /// Clients that came back to a session that could not go on.
    pub sessions_refused: u64,
    /// Sessions whose client did not come back in time, or that others had to go for.
    pub sessions_forgotten: u64,
    /// Messages put into a queue, once for each recipient.
    pub messages_queued: u64,
    /// Messages that a socket took.
    pub messages_sent: u64,
    /// Their bytes.
    pub bytes_sent: u64,
    /// Messages that went for newer ones when a queue was full.
    pub messages_dropped_oldest: u64,
    /// Messages that were not queued since a queue was full.
    pub messages_dropped_newest: u64,
    /// Messages that waited when their connection ended.
    pub messages_lost: u64,
    /// Connections that ended since their queue was full.
    pub overflows: u64,
    /// Connections that ended since a write took too long.
    pub write_timeouts: u64,
    /// Connections that ended since a write failed.
    pub write_errors: u64,
    /// Messages that were sent to nobody since they have no JSON.
    pub not_serialisable: u64,
    /// Messages that were sent to nobody since they are too large.
    pub too_large: u64,
    /// Pings.
    pub pings_sent: u64,
    /// Pongs that answer the last ping.
    pub pongs_received: u64,
    /// Pings whose pong did not come in time.
    pub pongs_missed: u64,
    /// How things stand with the other nodes: `none` (there are no others), `up`, `degraded` (the registry refuses), `down`,
    /// `probing`.
    pub backplane: &'static str,
    /// Messages that went out to other nodes.
    pub backplane_published: u64,
    /// Messages that came from other nodes.
    pub backplane_received: u64,
    /// Messages that did not go out: the backplane was away, or too many waited.
    pub backplane_dropped: u64,
    /// How often the backplane was lost or not reached.
    pub backplane_failures: u64,
    /// What came over the backplane and could not be read.
    pub backplane_unreadable: u64,
}

/// One connection, as somebody who watches wants to see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConnectionFigures {
    /// Its id.
    pub connection_id: String,
    /// Its user.
    pub user_id: String,
    /// The thread that it looks at.
    pub thread_id: Option<String>,
    /// Messages that wait for it.
    pub queued_messages: usize,
    /// Their bytes.
    pub queued_bytes: usize,
    /// Whether it has answered every ping whose deadline has passed.
    pub is_healthy: bool,
    /// The mean round-trip time of its pings, in seconds.
    pub mean_round_trip_seconds: Option<f64>,
    /// Seconds since its last sign of life.
    pub silent_seconds: f64,
}

/// What a manager holds at the moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) state: &'static str,
    pub(super) uptime_seconds: f64,
    pub(super) connections: usize,
    pub(super) users: usize,
    pub(super) threads: usize,
    pub(super) sessions: usize,
    pub(super) messages: usize,
    pub(super) bytes: usize,
}

impl Counters {
    pub(super) fn snapshot(&self, held: Held, node: Option<&Node>) -> Stats {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let of_node = |counter: fn(&NodeCounters) -> &AtomicU64| {
            node.map_or(0, |node| counter(&node.counters).load(Ordering::Relaxed))
        };
        Stats {
            state: held.state,
            uptime_seconds: held.uptime_seconds,
            active_connections: held.connections,
            active_users: held.users,
            active_threads: held.threads,
            active_sessions_away: held.sessions,
            queued_messages: held.messages,
            queued_bytes: held.bytes,
            connections_opened: of(&self.connections_opened),
            connections_closed: of(&self.connections_closed),
            connections_refused: of(&self.connections_refused),
            connections_replaced: of(&self.connections_replaced),
            connections_reaped: of(&self.connections_reaped),
            sessions_resumed: of(&self.sessions_resumed),
            sessions_refused: of(&self.sessions_refused),
            sessions_forgotten: of(&self.sessions_forgotten),
            messages_queued: of(&self.messages_queued),
            messages_sent: of(&self.messages_sent),
            bytes_sent: of(&self.bytes_sent),
            messages_dropped_oldest: of(&self.messages_dropped_oldest),
            messages_dropped_newest: of(&self.messages_dropped_newest),
            messages_lost: of(&self.messages_lost),
            overflows: of(&self.overflows),
            write_timeouts: of(&self.write_timeouts),
            write_errors: of(&self.write_errors),
            not_serialisable: of(&self.not_serialisable),
            too_large: of(&self.too_large),
            pings_sent: of(&self.pings_sent),
            pongs_received: of(&self.pongs_received),
            pongs_missed: of(&self.pongs_missed),
            backplane: node.map_or("none", |node| node.standing().state.as_str()),
            backplane_published: of_node(|counters| &counters.published),
            backplane_received: of_node(|counters| &counters.received),
            backplane_dropped: of_node(|counters| &counters.dropped),
            backplane_failures: of_node(|counters| &counters.failures),
            backplane_unreadable: of_node(|counters| &counters.unreadable),
        }
    }
}

impl Stats {
    /// As JSON values by name.
    #[must_use]
    pub fn to_map(&self) -> BTreeMap<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(entries)) => entries.into_iter().collect(),
            // Numbers and a word: there is nothing in it that has no JSON.
            Ok(_) | Err(_) => BTreeMap::new(),
        }
    }
}

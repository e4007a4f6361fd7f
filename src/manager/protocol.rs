//! The target protocol: what a unified WebSocket manager does for its callers.
//!
//! `rules/protocols/unified_websocket_manager.pyi` says the same in Python; a test keeps the two in step.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use serde_json::Value;

use super::message::Message;
use super::socket::Socket;

/// The name of one connection: unique among all connections of all managers, never used again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(Arc<str>);

impl ConnectionId {
    /// The id that says this.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a connection is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The manager is shutting down, or has.
    #[error("the manager is shutting down")]
    ShuttingDown,
    /// The socket belongs to another user's connection.
    #[error("the socket belongs to another user")]
    SocketInUse,
    /// The user has as many connections as allowed.
    #[error("the user has {limit} connections, which is the limit")]
    TooManyConnections {
        /// How many are allowed.
        limit: usize,
    },
}

/// What a unified manager offers. All ids match exactly, code point by code point: `u1` is not `U1`, nor `u10`, and two
/// Unicode normal forms of a name are two names.
///
/// *Queued* means: put into the queue of a live connection, from which it will be written in order. Delivery is at most once.
/// Of the calls of one caller, each connection sees the messages in the order of the calls, whatever they were addressed to. An
/// unknown user, thread, run, connection or socket is no error.
pub trait UnifiedWebSocketManager: Send + Sync {
    /// Takes an accepted socket as a connection of a user, looking at a thread or at none. Earlier connections of the user stay.
    ///
    /// A socket that already is this user's connection stays that connection, and looks at `thread_id` from now on. One whose
    /// connection has ended is closed: what is made of it again ends with its first write.
    ///
    /// # Errors
    /// While shutting down, for a socket of another user, and where the user has as many connections as allowed.
    fn connect_user(
        &self,
        user_id: &str,
        websocket: Arc<dyn Socket>,
        thread_id: Option<&str>,
    ) -> impl Future<Output = Result<ConnectionId, Refused>> + Send;

    /// Ends the user's connection on this socket: what is queued is written, then the socket is closed with 1000. Nothing else of
    /// the user ends. A socket that is no connection of this user is left alone, so calling it twice is fine.
    fn disconnect_user(&self, user_id: &str, websocket: Arc<dyn Socket>) -> impl Future<Output = ()> + Send;

    /// Sends to every connection of a user. True when it was queued for at least one.
    ///
    /// A message that cannot be sent at all (see [`super::message::Unsendable`]) is queued for none; connections stay.
    fn send_to_user(&self, user_id: &str, message: &Message) -> impl Future<Output = bool> + Send;

    /// Sends to every connection that looks at a thread. True when it was queued for at least one.
    fn send_to_thread(&self, thread_id: &str, message: &Message) -> impl Future<Output = bool> + Send;

    /// Sends `{"type": "agent_update", "run_id": …, "agent_name": …, "payload": update}` to the thread that a run is bound to; a
    /// run that was never bound belongs to the thread of the same id.
    fn send_agent_update(
        &self,
        run_id: &str,
        agent_name: &str,
        update: &Message,
    ) -> impl Future<Output = ()> + Send;

    /// Whether a connection is live and has answered every ping whose deadline has passed. Says what is known: it waits for no
    /// peer.
    fn check_connection_health(&self, connection_id: &ConnectionId) -> impl Future<Output = bool> + Send;

    /// Figures of the manager as JSON values. Counters never decrease; gauges (`active_…`, `queued_…`) return to zero with the
    /// last connection.
    fn get_stats(&self) -> impl Future<Output = BTreeMap<String, Value>> + Send;
}

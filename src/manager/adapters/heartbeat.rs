//! `WebSocketHeartbeatManager`: pings and pongs of connections that somebody else holds.

use std::sync::Arc;

use super::Names;
use crate::manager::message::Message;
use crate::manager::protocol::UnifiedWebSocketManager;
use crate::manager::socket::Socket;
use crate::manager::unified::Manager;

/// What `WebSocketHeartbeatManager` offered. The manager pings by itself: nothing has to be started.
#[derive(Debug)]
pub struct HeartbeatAdapter {
    manager: Arc<Manager>,
    names: Names,
}

impl HeartbeatAdapter {
    /// Over this manager.
    #[must_use]
    pub fn new(manager: Arc<Manager>) -> Self {
        Self { manager, names: Names::default() }
    }

    /// Every connection is watched over from the beginning: there is nothing to do.
    pub async fn register_connection(&self, _connection_id: &str) {}

    /// A connection is watched over until it ends.
    pub async fn unregister_connection(&self, connection_id: &str) {
        self.names.table().remove(connection_id);
    }

    /// Now [`Manager::ping`]; a socket that is no connection yet becomes one under this name. The payload is the manager's own.
    pub async fn send_ping(&self, connection_id: &str, websocket: Arc<dyn Socket>, _payload: &[u8]) -> bool {
        let id = match self.names.get(connection_id) {
            Some(id) => Some(id),
            None => self.names.connect(&self.manager, connection_id, websocket).await,
        };
        id.is_some_and(|id| self.manager.ping(&id))
    }

    /// Now [`Manager::record_pong`], which needs what the pong says: this one answers the last ping. The time of that ping is
    /// the manager's own.
    pub async fn record_pong(&self, connection_id: &str, _ping_timestamp: Option<f64>) {
        let Some(id) = self.names.get(connection_id) else { return };
        let awaited = self.manager.health(&id).and_then(|health| health.awaited);
        match awaited {
            Some(ping) => self.manager.record_pong(&id, &ping.number.to_be_bytes()),
            None => self.manager.record_sign_of_life(&id),
        }
    }

    /// Now [`UnifiedWebSocketManager::check_connection_health`].
    pub async fn check_connection_health(&self, connection_id: &str) -> bool {
        match self.names.get(connection_id) {
            Some(id) => self.manager.check_connection_health(&id).await,
            None => false,
        }
    }

    /// Now part of [`Manager::stats`].
    #[must_use]
    pub fn get_stats(&self) -> Message {
        let stats = self.manager.stats();
        let count = |number: u64| Message::Unsigned(number);
        Message::map([
            ("pings_sent", count(stats.pings_sent)),
            ("pongs_received", count(stats.pongs_received)),
            ("pongs_missed", count(stats.pongs_missed)),
        ])
    }
}

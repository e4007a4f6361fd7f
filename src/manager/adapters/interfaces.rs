//! The three protocols that callers were typed with: `WebSocketManagerInterface`, `WebSocketManagerProtocol` (whose two methods
//! are the manager's own) and `StrictWebSocketManager`.

use std::sync::Arc;

use super::Names;
use crate::manager::message::Message;
use crate::manager::protocol::UnifiedWebSocketManager;
use crate::manager::socket::Socket;
use crate::manager::unified::Manager;

/// What `WebSocketManagerInterface` demanded.
#[derive(Debug)]
pub struct InterfaceAdapter {
    manager: Arc<Manager>,
    names: Names,
}

impl InterfaceAdapter {
    /// Over this manager.
    #[must_use]
    pub fn new(manager: Arc<Manager>) -> Self {
        Self { manager, names: Names::default() }
    }

    /// Now [`UnifiedWebSocketManager::connect_user`]. A refusal is not told, as before: nothing is sent there.
    pub async fn add_connection(&self, connection_id: &str, websocket: Arc<dyn Socket>) {
        let _ = self.names.connect(&self.manager, connection_id, websocket).await;
    }

    /// Now [`Manager::disconnect_connection`].
    pub async fn remove_connection(&self, connection_id: &str) {
        self.names.disconnect(&self.manager, connection_id).await;
    }

    /// Now [`Manager::send_to_connection`].
    pub async fn send_to_connection(&self, connection_id: &str, data: &Message) -> bool {
        match self.names.get(connection_id) {
            Some(id) => self.manager.send_to_connection(&id, data).await,
            None => false,
        }
    }

    /// Now [`Manager::broadcast`].
    pub async fn broadcast_to_all(&self, data: &Message) -> usize {
        self.manager.broadcast(data, &[]).queued
    }

    /// Now `active_connections` of [`Manager::stats`].
    #[must_use]
    pub fn get_connection_count(&self) -> usize {
        self.manager.stats().active_connections
    }
}

/// What `StrictWebSocketManager` demanded: nobody learned whether a message was queued.
#[derive(Debug)]
pub struct StrictAdapter {
    manager: Arc<Manager>,
}

impl StrictAdapter {
    /// Over this manager.
    #[must_use]
    pub fn new(manager: Arc<Manager>) -> Self {
        Self { manager }
    }

    /// Now the manager's own.
    pub async fn send_agent_update(&self, run_id: &str, agent_name: &str, update: &Message) {
        self.manager.send_agent_update(run_id, agent_name, update).await;
    }

    /// Now the manager's own, which says whether it was queued.
    pub async fn send_to_thread(&self, thread_id: &str, message: &Message) {
        let _ = self.manager.send_to_thread(thread_id, message).await;
    }

    /// Now [`UnifiedWebSocketManager::send_to_user`], which says whether it was queued.
    pub async fn send_message(&self, user_id: &str, message: &Message) {
        let _ = self.manager.send_to_user(user_id, message).await;
    }
}

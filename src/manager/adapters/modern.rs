//! `ModernWebSocketManager`: connections under names of the caller, wrapped.

use std::collections::HashSet;
use std::sync::Arc;

use super::Names;
use crate::manager::message::Message;
use crate::manager::protocol::ConnectionId;
use crate::manager::socket::Socket;
use crate::manager::unified::Manager;

/// What `ModernWebSocketManager` offered.
#[derive(Debug)]
pub struct ModernAdapter {
    manager: Arc<Manager>,
    names: Names,
}

/// A connection under its caller's name.
#[derive(Debug, Clone)]
pub struct ConnectionWrapper {
    manager: Arc<Manager>,
    /// The name.
    pub connection_id: String,
    /// What the caller said of it.
    pub metadata: Option<Message>,
    id: ConnectionId,
}

impl ModernAdapter {
    /// Over this manager.
    #[must_use]
    pub fn new(manager: Arc<Manager>) -> Self {
        Self { manager, names: Names::default() }
    }

    /// Now [`crate::manager::UnifiedWebSocketManager::connect_user`]. None where the manager refuses.
    pub async fn register_connection(
        &self,
        connection_id: &str,
        websocket: Arc<dyn Socket>,
        metadata: Option<Message>,
    ) -> Option<ConnectionWrapper> {
        let id = self.names.connect(&self.manager, connection_id, websocket).await?;
        let manager = self.manager.clone();
        Some(ConnectionWrapper { manager, connection_id: connection_id.to_owned(), metadata, id })
    }

    /// Now [`Manager::send_to_connection`].
    pub async fn send_to_connection(&self, connection_id: &str, message: &Message) -> bool {
        match self.names.get(connection_id) {
            Some(id) => self.manager.send_to_connection(&id, message).await,
            None => false,
        }
    }

    /// Now [`Manager::broadcast`]: how many connections it was queued for.
    pub async fn broadcast_message(&self, message: &Message, exclude: Option<&HashSet<String>>) -> usize {
        let exclude: Vec<&str> = exclude.into_iter().flatten().map(String::as_str).collect();
        self.manager.broadcast(message, &exclude).queued
    }

    /// Now [`Manager::disconnect_connection`].
    pub async fn disconnect_connection(&self, connection_id: &str) {
        self.names.disconnect(&self.manager, connection_id).await;
    }

    /// Now `active_connections` of [`Manager::stats`].
    #[must_use]
    pub fn get_connection_count(&self) -> usize {
        self.manager.stats().active_connections
    }
}

impl ConnectionWrapper {
    /// Now [`Manager::send_to_connection`].
    pub async fn send(&self, message: &Message) -> bool {
        self.manager.send_to_connection(&self.id, message).await
    }

    /// Now [`Manager::disconnect_connection`].
    pub async fn close(&self) {
        self.manager.disconnect_connection(&self.id).await;
    }
}

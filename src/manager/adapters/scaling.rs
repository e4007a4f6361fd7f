//! `WebSocketScalingManager`: which user is connected, and messages to users wherever they are.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::manager::message::Message;
use crate::manager::protocol::UnifiedWebSocketManager;
use crate::manager::unified::Manager;

/// What `WebSocketScalingManager` offered.
#[derive(Debug)]
pub struct ScalingAdapter {
    manager: Arc<Manager>,
    /// What callers said of their users' connections.
    registered: Mutex<HashMap<String, (String, Message)>>,
}

impl ScalingAdapter {
    /// Over this manager.
    #[must_use]
    pub fn new(manager: Arc<Manager>) -> Self {
        Self { manager, registered: Mutex::default() }
    }

    fn registered(&self) -> MutexGuard<'_, HashMap<String, (String, Message)>> {
        self.registered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Now part of [`UnifiedWebSocketManager::connect_user`]: true when the user is connected.
    pub async fn register_connection(
        &self,
        user_id: &str,
        connection_id: &str,
        metadata: Option<Message>,
    ) -> bool {
        let metadata = metadata.unwrap_or_else(|| Message::Map(Vec::new()));
        self.registered().insert(user_id.to_owned(), (connection_id.to_owned(), metadata));
        !self.manager.find_user_connections(user_id).is_empty()
    }

    /// Now part of [`UnifiedWebSocketManager::disconnect_user`].
    pub async fn unregister_connection(&self, user_id: &str) {
        self.registered().remove(user_id);
    }

    /// Now [`Manager::find_user_connections`]: the oldest one, with what was registered of it.
    pub async fn find_user_connection(&self, user_id: &str) -> Option<Message> {
        let id = self.manager.find_user_connections(user_id).into_iter().next()?;
        let registered = self.registered().get(user_id).cloned();
        let (name, metadata) =
            registered.unwrap_or_else(|| (id.as_str().to_owned(), Message::Map(Vec::new())));
        Some(Message::map([
            ("user_id", Message::text(user_id)),
            ("connection_id", Message::Text(name)),
            ("metadata", metadata),
        ]))
    }

    /// Now [`UnifiedWebSocketManager::send_to_user`].
    pub async fn broadcast_to_user(&self, user_id: &str, message: &Message) -> bool {
        self.manager.send_to_user(user_id, message).await
    }

    /// Now [`Manager::broadcast`].
    pub async fn broadcast_to_all(&self, message: &Message) -> usize {
        self.manager.broadcast(message, &[]).queued
    }
}

//! Old names for the one manager: what code calls that was written for the managers it replaces, until that code is moved.
//!
//! Each adapter has the methods of one of them with their old names, parameters and results, and holds nothing but the names
//! that its callers chose for their connections. They come out with the last caller.

mod heartbeat;
mod interfaces;
mod modern;
mod scaling;

pub use self::heartbeat::HeartbeatAdapter;
pub use self::interfaces::{InterfaceAdapter, StrictAdapter};
pub use self::modern::{ConnectionWrapper, ModernAdapter};
pub use self::scaling::ScalingAdapter;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::protocol::{ConnectionId, UnifiedWebSocketManager};
use super::socket::Socket;
use super::unified::Manager;

/// Connections by the names that callers chose, where the manager chooses its own.
#[derive(Debug, Default)]
struct Names {
    by_name: Mutex<HashMap<String, ConnectionId>>,
}

impl Names {
    fn table(&self) -> MutexGuard<'_, HashMap<String, ConnectionId>> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, name: &str) -> Option<ConnectionId> {
        self.table().get(name).cloned()
    }

    /// Connects under a name. Such connections have no user: the name stands for one.
    async fn connect(&self, manager: &Manager, name: &str, socket: Arc<dyn Socket>) -> Option<ConnectionId> {
        let id = manager.connect_user(name, socket, None).await.ok()?;
        self.table().insert(name.to_owned(), id.clone());
        Some(id)
    }

    async fn disconnect(&self, manager: &Manager, name: &str) {
        let known = self.table().remove(name);
        if let Some(id) = known {
            manager.disconnect_connection(&id).await;
        }
    }
}

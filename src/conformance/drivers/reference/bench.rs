//! A fresh manager with its sockets and kept messages, and the calls to it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::socket::{Desk, VirtualSocket};
use super::values::message_of;
use crate::conformance::lines::{
    BackplaneState, Call, Limits, Mode, Outcome, OverflowPolicy, Trouble, TroubleKind,
};
use crate::manager::backplane::Backplane;
use crate::manager::backplane::memory::MemoryBus;
use crate::manager::limits::{Limits as ManagerLimits, Overflow};
use crate::manager::socket::Socket;
use crate::manager::{ConnectionId, Manager, Message, UnifiedWebSocketManager};

pub(super) struct Bench {
    /// One, or several that the bus joins.
    nodes: Vec<Manager>,
    bus: MemoryBus,
    desk: Arc<Desk>,
    things: Mutex<Things>,
}

#[derive(Default)]
struct Things {
    sockets: BTreeMap<String, Arc<VirtualSocket>>,
    /// Ids by the name of the socket.
    connections: BTreeMap<String, (usize, ConnectionId)>,
    messages: BTreeMap<String, Message>,
}

impl Bench {
    pub(super) fn new(desk: Arc<Desk>, limits: Option<&Limits>, nodes: u32) -> Self {
        let limits = limits.map_or_else(ManagerLimits::default, limits_of);
        let bus = MemoryBus::default();
        let nodes = match nodes {
            0 | 1 => vec![Manager::new(limits)],
            _ => {
                let backplane = || Backplane::over(Arc::new(bus.clone()));
                (0..nodes).map(|_| Manager::with_backplane(limits.clone(), backplane())).collect()
            }
        };
        Self { nodes, bus, desk, things: Mutex::default() }
    }

    /// Takes what joins the nodes down, or brings it up.
    pub(super) fn set_backplane(&self, state: BackplaneState) {
        self.bus.set_up(match state {
            BackplaneState::Up => true,
            BackplaneState::Down => false,
        });
    }

    fn node(&self, number: u32) -> Result<(usize, &Manager), Trouble> {
        let at = number as usize;
        let found = self.nodes.get(at).map(|manager| (at, manager));
        found.ok_or_else(|| {
            invalid(&format!("there is no node {number}: `reset` asked for {}", self.nodes.len()))
        })
    }

    fn things(&self) -> MutexGuard<'_, Things> {
        self.things.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its sockets tell nothing any more.
    pub(super) fn forget(&self) {
        for socket in self.things().sockets.values() {
            socket.forget();
        }
    }

    pub(super) fn add_socket(&self, name: &str, mode: Mode) {
        let made = VirtualSocket::new(name, mode, self.desk.clone());
        self.things().sockets.insert(name.to_owned(), made);
    }

    pub(super) fn set_mode(&self, socket: &str, mode: Mode) -> Result<(), Trouble> {
        self.things().socket(socket)?.set_mode(mode);
        Ok(())
    }

    /// The peer answers the last ping.
    pub(super) fn pong(&self, socket: &str) -> Result<(), Trouble> {
        let things = self.things();
        let payload = things.socket(socket)?.last_ping().unwrap_or_default();
        if let Some((node, id)) = things.connections.get(socket)
            && let Some(manager) = self.nodes.get(*node)
        {
            manager.record_pong(id, &payload);
        }
        Ok(())
    }

    /// Keeps a message.
    pub(super) fn keep(&self, name: &str, value: &Value) -> Result<(), Trouble> {
        let mut things = self.things();
        let message = message_of(value, &things.messages)?;
        things.messages.insert(name.to_owned(), message);
        Ok(())
    }

    /// Changes a kept message.
    pub(super) fn change(&self, name: &str, key: &str, value: &Value) -> Result<(), Trouble> {
        let mut things = self.things();
        let value = message_of(value, &things.messages)?;
        let Some(Message::Map(entries)) = things.messages.get_mut(name) else {
            return Err(invalid(&format!("no map is kept as `{name}`")));
        };
        let key = Message::text(key);
        entries.retain(|(known, _)| *known != key);
        entries.push((key, value));
        Ok(())
    }

    /// A call of the manager.
    pub(super) async fn call(&self, call: &Call) -> Outcome {
        let (node, manager) = self.node(call.node())?;
        let id_of = |value: &Value| ConnectionId::new(value.as_str().unwrap_or_default());
        match call {
            Call::ConnectUser { user_id, socket, thread_id, .. } => {
                let websocket = self.things().socket(socket)?;
                let connected = manager.connect_user(user_id, websocket, thread_id.as_deref()).await;
                let id = connected.map_err(|refused| raised(&refused))?;
                self.things().connections.insert(socket.clone(), (node, id.clone()));
                Ok(json!(id.as_str()))
            }
            Call::DisconnectUser { user_id, socket, .. } => {
                let websocket: Arc<dyn Socket> = self.things().socket(socket)?;
                manager.disconnect_user(user_id, websocket).await;
                Ok(Value::Null)
            }
            Call::SendToUser { user_id, message, .. } => {
                Ok(json!(manager.send_to_user(user_id, &self.message(message)?).await))
            }
            Call::SendToThread { thread_id, message, .. } => {
                Ok(json!(manager.send_to_thread(thread_id, &self.message(message)?).await))
            }
            Call::SendAgentUpdate { run_id, agent_name, update, .. } => {
                manager.send_agent_update(run_id, agent_name, &self.message(update)?).await;
                Ok(Value::Null)
            }
            Call::CheckConnectionHealth { connection_id, .. } => {
                Ok(json!(manager.check_connection_health(&id_of(connection_id)).await))
            }
            Call::GetStats { .. } => Ok(json!(manager.get_stats().await)),
            Call::SendToConnection { connection_id, message, .. } => {
                let message = self.message(message)?;
                Ok(json!(manager.send_to_connection(&id_of(connection_id), &message).await))
            }
            Call::Broadcast { message, exclude_users, .. } => {
                let exclude: Vec<&str> = exclude_users.iter().map(String::as_str).collect();
                let outcome = manager.broadcast(&self.message(message)?, &exclude);
                Ok(json!({ "queued": outcome.queued, "failed": outcome.failed }))
            }
            Call::FindUserConnections { user_id, .. } => {
                let found = manager.find_user_everywhere(user_id).await;
                Ok(json!(found.iter().map(ConnectionId::as_str).collect::<Vec<_>>()))
            }
            Call::BindRun { run_id, thread_id, .. } => {
                manager.bind_run(run_id, thread_id);
                Ok(Value::Null)
            }
            Call::Shutdown { within_ms, .. } => {
                manager.shutdown(Duration::from_millis(*within_ms)).await;
                Ok(Value::Null)
            }
            Call::Hello { .. }
            | Call::Reset { .. }
            | Call::SocketNew { .. }
            | Call::SocketMode { .. }
            | Call::SocketPong { .. }
            | Call::MessageNew { .. }
            | Call::MessageSet { .. }
            | Call::Settle {}
            | Call::Advance { .. }
            | Call::Cancel { .. }
            | Call::Endpoint { .. }
            | Call::Backplane { .. }
            | Call::Stop {} => Err(invalid(&format!("{} is no call of the manager", call.op()))),
        }
    }

    fn message(&self, value: &Value) -> Result<Message, Trouble> {
        message_of(value, &self.things().messages)
    }
}

impl Things {
    fn socket(&self, name: &str) -> Result<Arc<VirtualSocket>, Trouble> {
        self.sockets.get(name).cloned().ok_or_else(|| invalid(&format!("there is no socket `{name}`")))
    }
}

fn limits_of(wanted: &Limits) -> ManagerLimits {
    let usual = ManagerLimits::default();
    let duration = |ms: Option<u64>, usual: Duration| ms.map_or(usual, Duration::from_millis);
    ManagerLimits {
        message_bytes: wanted.message_bytes.unwrap_or(usual.message_bytes),
        queue_messages: wanted.queue_messages.unwrap_or(usual.queue_messages),
        queue_bytes: wanted.queue_bytes.unwrap_or(usual.queue_bytes),
        overflow: match wanted.overflow {
            None | Some(OverflowPolicy::Close) => Overflow::Close,
            Some(OverflowPolicy::DropOldest) => Overflow::DropOldest,
            Some(OverflowPolicy::DropNewest) => Overflow::DropNewest,
        },
        connections_per_user: wanted.connections_per_user.unwrap_or(usual.connections_per_user),
        write_deadline: duration(wanted.write_deadline_ms, usual.write_deadline),
        ping_interval: duration(wanted.ping_interval_ms, usual.ping_interval),
        pong_deadline: duration(wanted.pong_deadline_ms, usual.pong_deadline),
        stale_after: duration(wanted.stale_after_ms, usual.stale_after),
        when_full: usual.when_full,
        resume: None,
    }
}

pub(super) fn invalid(why: &str) -> Trouble {
    Trouble { kind: TroubleKind::Invalid, message: why.to_owned() }
}

pub(super) fn unsupported(why: &str) -> Trouble {
    Trouble { kind: TroubleKind::Unsupported, message: why.to_owned() }
}

fn raised(error: &dyn std::error::Error) -> Trouble {
    Trouble { kind: TroubleKind::Raised, message: error.to_string() }
}

//! The manager: the protocol and what belongs to it, over the registry and the queues.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tungstenite::Utf8Bytes;

use super::admission;
use super::backplane::{Backplane, Node, NodeFigures, Question, State, Topic};
use super::connection::{DONE, GOING_AWAY, GONE, Health};
use super::core::{Core, Phase};
use super::limits::Limits;
use super::message::Message;
use super::protocol::{ConnectionId, Refused, UnifiedWebSocketManager};
use super::registry::Registry;
use super::session::Resumption;
use super::socket::{Socket, identity};
use super::stats::{ConnectionFigures, Stats};

/// The reference manager. Its calls return at once; they have to be made within a tokio runtime with time. Dropped without
/// [`Manager::shutdown`], it drops its connections.
#[derive(Debug)]
pub struct Manager {
    core: Arc<Core>,
}

/// What became of a broadcast.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Broadcast {
    /// Connections for which it was queued.
    pub queued: usize,
    /// Connections for which it was not.
    pub failed: usize,
}

impl Manager {
    /// A manager without connections.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let core = Core::new(limits, new_instance(), Registry::default(), None);
        Self { core: Arc::new(core) }
    }

    /// A manager that is one node of several, and begins to connect to the others. Within a runtime.
    #[must_use]
    pub fn with_backplane(limits: Limits, backplane: Backplane) -> Self {
        let instance = new_instance();
        let (node, watcher, beginning) = Node::new(&instance, backplane);
        let core = Arc::new(Core::new(limits, instance, Registry::watched_by(watcher), Some(node)));
        Node::start(&core, beginning);
        Self { core }
    }

    /// Takes a socket as [`UnifiedWebSocketManager::connect_user`] does, as a session that can be resumed, or that goes on.
    ///
    /// The first message is the session's greeting: `{"type": "session", "resumed", "token", "sequence", "window_seconds"}`, and
    /// where a session that was asked for cannot go on its `reason`; then a new session begins. A greeting has no sequence
    /// number; every message after it has the next one, from `sequence` + 1. Of a thread that is not named the session keeps
    /// its own.
    ///
    /// # Errors
    /// As [`UnifiedWebSocketManager::connect_user`].
    pub async fn connect_session(
        &self,
        user_id: &str,
        websocket: Arc<dyn Socket>,
        thread_id: Option<&str>,
        resumption: Resumption<'_>,
    ) -> Result<ConnectionId, Refused> {
        let id = admission::connect(&self.core, user_id, websocket, thread_id, Some(resumption))?;
        self.core.tell_others().await;
        Ok(id)
    }

    /// Sends to one connection, on whatever node. True when it was queued.
    pub async fn send_to_connection(&self, connection_id: &ConnectionId, message: &Message) -> bool {
        let Some(text) = self.core.encode(message) else { return false };
        match (self.core.find(connection_id), self.core.node()) {
            (Some(connection), _) => self.core.push_one(&connection, &text),
            (None, Some(node)) => node.ask(connection_id.as_str(), Question::Send(text)).await,
            (None, None) => false,
        }
    }

    /// Sends to every connection but those of some users. The figures are those of this node; others hear of it.
    pub fn broadcast(&self, message: &Message, exclude_users: &[&str]) -> Broadcast {
        let Some(text) = self.core.encode(message) else {
            return Broadcast { queued: 0, failed: self.core.registry().live().all().len() };
        };
        let outcome = self.core.deliver(&Topic::All, &text, &|user| exclude_users.contains(&user));
        if let Some(node) = self.core.node() {
            // Nobody is waited for.
            drop(node.send(Topic::All, &text, exclude_users));
        }
        outcome
    }

    /// The live connections of a user on this node, the oldest first.
    #[must_use]
    pub fn find_user_connections(&self, user_id: &str) -> Vec<ConnectionId> {
        let registry = self.core.registry();
        let found = registry.live().of_user(user_id).into_iter().flat_map(BTreeMap::values);
        found.map(|connection| connection.id.clone()).collect()
    }

    /// The live connections of a user on all nodes: those of this one first, the oldest first. Of others, what the registry
    /// knows; where it does not answer, those of this node alone.
    pub async fn find_user_everywhere(&self, user_id: &str) -> Vec<ConnectionId> {
        let mut found = self.find_user_connections(user_id);
        if let Some(node) = self.core.node() {
            let known = node.find(user_id).await.unwrap_or_default();
            let others = known.iter().filter(|id| !id.starts_with(&*self.core.instance));
            found.extend(others.map(|id| ConnectionId::new(id)));
        }
        found
    }

    /// The nodes of the service with their stats; only this one where there are no others, or the registry does not answer.
    pub async fn nodes(&self) -> Vec<NodeFigures> {
        let own = NodeFigures { node: self.core.instance.clone(), stats: json!(self.stats()) };
        let Some(node) = self.core.node() else { return vec![own] };
        let known = node.nodes().await.unwrap_or_default();
        let others = known.into_iter().filter(|other| other.node != own.node);
        let mut all: Vec<NodeFigures> = others.chain([own.clone()]).collect();
        all.sort_by(|one, other| one.node.cmp(&other.node));
        all
    }

    /// Why the other nodes are not reached as they should be; none where they are, or there are none.
    #[must_use]
    pub fn backplane_trouble(&self) -> Option<String> {
        let standing = self.core.node()?.standing();
        (standing.state != State::Up).then(|| {
            let why = standing.why.unwrap_or_else(|| "not connected yet".to_owned());
            format!("{}: {why}", standing.state.as_str())
        })
    }

    /// Ends a connection, on whatever node, as [`UnifiedWebSocketManager::disconnect_user`] does; false where there is none of
    /// this id.
    pub async fn disconnect_connection(&self, connection_id: &ConnectionId) -> bool {
        if self.core.disconnect(connection_id) {
            return true;
        }
        match self.core.node() {
            Some(node) => node.ask(connection_id.as_str(), Question::Disconnect).await,
            None => false,
        }
    }

    /// Lets a connection look at another thread, or at none; false where there is none of this id.
    pub fn look_at(&self, connection_id: &ConnectionId, thread_id: Option<&str>) -> bool {
        let mut registry = self.core.registry_mut();
        let found = registry.by_id(connection_id).cloned();
        found.is_some_and(|connection| {
            registry.look_at(&connection, thread_id);
            true
        })
    }

    /// Updates of a run go to this thread from now on.
    pub fn bind_run(&self, run_id: &str, thread_id: &str) {
        self.rebind(run_id, Some(thread_id));
    }

    /// The run is over: it belongs to the thread of the same id again.
    pub fn unbind_run(&self, run_id: &str) {
        self.rebind(run_id, None);
    }

    fn rebind(&self, run_id: &str, thread_id: Option<&str>) {
        self.core.bind(run_id, thread_id);
        if let Some(node) = self.core.node() {
            node.bind(run_id, thread_id);
        }
    }

    /// Pings a connection now, whatever the interval. False where there is none of this id.
    pub fn ping(&self, connection_id: &ConnectionId) -> bool {
        self.core.find(connection_id).is_some_and(|connection| {
            connection.ping(&self.core.counters);
            true
        })
    }

    /// Tells that a pong with this payload came: whoever reads from the socket calls it.
    pub fn record_pong(&self, connection_id: &ConnectionId, payload: &[u8]) {
        if let Some(connection) = self.core.find(connection_id) {
            connection.pong(payload, &self.core.counters);
        }
    }

    /// Tells that anything came from the peer.
    pub fn record_sign_of_life(&self, connection_id: &ConnectionId) {
        if let Some(connection) = self.core.find(connection_id) {
            connection.seen();
        }
    }

    /// Tells that the peer is gone: the connection ends without a word. Its session can go on.
    pub fn record_gone(&self, connection_id: &ConnectionId) {
        if let Some(connection) = self.core.find(connection_id) {
            self.core.cut(&connection, GONE);
        }
    }

    /// Tells that the peer has closed for good: connection and session end.
    pub fn record_left(&self, connection_id: &ConnectionId) {
        if let Some(connection) = self.core.find(connection_id) {
            self.core.cut(&connection, DONE);
        }
    }

    /// What is known of a connection's health.
    #[must_use]
    pub fn health(&self, connection_id: &ConnectionId) -> Option<Health> {
        self.core.registry().by_id(connection_id).map(|connection| *connection.health())
    }

    /// The live connections, at most so many: those for which most bytes wait, of those the oldest.
    #[must_use]
    pub fn connections(&self, most: usize) -> Vec<ConnectionFigures> {
        self.core.busiest(most)
    }

    /// What the manager did and holds.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.core.stats()
    }

    /// Takes no more connections or messages, writes what is queued for at most this long, and closes everything with 1001.
    /// What is left then is dropped. Another call waits for the first one's end.
    pub async fn shutdown(&self, within: Duration) {
        let core = &self.core;
        let is_first = core.phase.send_if_modified(|phase| {
            let is_open = *phase == Phase::Open;
            if is_open {
                *phase = Phase::Draining;
            }
            is_open
        });
        if !is_first {
            // The sender lives as long as the manager.
            let _ = core.phase.subscribe().wait_for(|phase| *phase == Phase::Closed).await;
            return;
        }
        // Whoever gives up on this call leaves the manager closed all the same.
        let _closing = Closing(&core.phase);
        let connections = core.connections();
        for connection in &connections {
            core.end(connection, GOING_AWAY);
        }
        core.writers.close();
        if tokio::time::timeout(within, core.writers.wait()).await.is_err() {
            for connection in connections.iter().filter(|connection| !connection.is_written()) {
                core.drop_rest(connection, GOING_AWAY);
                connection.socket.abort();
            }
        }
        if let Some(node) = core.node() {
            node.leave().await;
        }
    }

    /// Sends to whom a topic means, here and on other nodes. Others are waited for only where there is nobody here.
    async fn send(&self, topic: Topic, text: &Utf8Bytes) -> bool {
        let is_here = self.core.deliver(&topic, text, &|_| false).queued > 0;
        let Some(node) = self.core.node() else { return is_here };
        let heard = node.send(topic, text, &[]);
        is_here || heard.by_any(node.deadline()).await
    }
}

impl UnifiedWebSocketManager for Manager {
    async fn connect_user(
        &self,
        user_id: &str,
        websocket: Arc<dyn Socket>,
        thread_id: Option<&str>,
    ) -> Result<ConnectionId, Refused> {
        let id = admission::connect(&self.core, user_id, websocket, thread_id, None)?;
        self.core.tell_others().await;
        Ok(id)
    }

    async fn disconnect_user(&self, user_id: &str, websocket: Arc<dyn Socket>) {
        let found = self.core.registry().by_socket(identity(&websocket)).cloned();
        if let Some(connection) = found.filter(|connection| &*connection.user == user_id) {
            self.core.end(&connection, DONE);
        }
    }

    async fn send_to_user(&self, user_id: &str, message: &Message) -> bool {
        let Some(text) = self.core.encode(message) else { return false };
        self.send(Topic::User(user_id.into()), &text).await
    }

    async fn send_to_thread(&self, thread_id: &str, message: &Message) -> bool {
        let Some(text) = self.core.encode(message) else { return false };
        self.send(Topic::Thread(thread_id.into()), &text).await
    }

    async fn send_agent_update(&self, run_id: &str, agent_name: &str, update: &Message) {
        let message = Message::map([
            ("type", Message::text("agent_update")),
            ("run_id", Message::text(run_id)),
            ("agent_name", Message::text(agent_name)),
            ("payload", update.clone()),
        ]);
        if let Some(text) = self.core.encode(&message) {
            let thread: Arc<str> = self.core.registry().thread_of_run(run_id).into();
            self.send(Topic::Thread(thread), &text).await;
        }
    }

    async fn check_connection_health(&self, connection_id: &ConnectionId) -> bool {
        match (self.health(connection_id), self.core.node()) {
            (Some(health), _) => health.is_good(),
            (None, Some(node)) => node.ask(connection_id.as_str(), Question::IsHealthy).await,
            (None, None) => false,
        }
    }

    async fn get_stats(&self) -> BTreeMap<String, Value> {
        self.stats().to_map()
    }
}

/// Says that a manager is closed, however its shutdown ends.
struct Closing<'a>(&'a watch::Sender<Phase>);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.send_replace(Phase::Closed);
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        for connection in self.core.connections() {
            self.core.cut(&connection, GOING_AWAY);
            connection.socket.abort();
        }
    }
}

/// A name that no other manager has.
fn new_instance() -> String {
    format!("{:016x}", RandomState::new().build_hasher().finish())
}

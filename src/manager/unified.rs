//! The manager: the protocol and what belongs to it, over the registry and the queues.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use tungstenite::Utf8Bytes;

use super::connection::{self, Connection, DONE, GOING_AWAY, Health, REPLACED};
use super::heartbeat::{self, Newcomers};
use super::limits::{Limits, WhenFull};
use super::message::{Message, Unsendable};
use super::outbox::{Ending, Push};
use super::protocol::{ConnectionId, Refused, UnifiedWebSocketManager};
use super::registry::{Group, Registry};
use super::socket::{Socket, identity};
use super::stats::{Counters, Held, Stats, add};

/// The reference manager. Its calls return at once; they have to be made within a tokio runtime with time. Dropped without
/// [`Manager::shutdown`], it drops its connections.
#[derive(Debug)]
pub struct Manager {
    core: Arc<Core>,
}

/// What the tasks of a manager share.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) limits: Limits,
    pub(super) counters: Counters,
    /// Tells ids from those of other managers.
    instance: u64,
    next_number: AtomicU64,
    started: Instant,
    registry: RwLock<Registry>,
    phase: watch::Sender<Phase>,
    writers: TaskTracker,
    heartbeat: OnceLock<Newcomers>,
}

/// Where a manager is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    Draining,
    Closed,
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
        let core = Core {
            limits,
            counters: Counters::default(),
            instance: RandomState::new().build_hasher().finish(),
            next_number: AtomicU64::new(1),
            started: Instant::now(),
            registry: RwLock::default(),
            phase: watch::Sender::new(Phase::Open),
            writers: TaskTracker::new(),
            heartbeat: OnceLock::new(),
        };
        Self { core: Arc::new(core) }
    }

    /// Sends to one connection. True when it was queued.
    pub fn send_to_connection(&self, connection_id: &ConnectionId, message: &Message) -> bool {
        let Some(text) = self.encode(message) else { return false };
        self.core.find(connection_id).is_some_and(|connection| self.core.push_one(&connection, &text))
    }

    /// Sends to every connection but those of some users.
    pub fn broadcast(&self, message: &Message, exclude_users: &[&str]) -> Broadcast {
        let Some(text) = self.encode(message) else {
            return Broadcast { queued: 0, failed: self.core.registry().all().len() };
        };
        let is_meant = |connection: &Connection| !exclude_users.contains(&&*connection.user);
        self.core.push_all(&text, |registry| Some(registry.all()), is_meant)
    }

    /// The live connections of a user, the oldest first.
    #[must_use]
    pub fn find_user_connections(&self, user_id: &str) -> Vec<ConnectionId> {
        let registry = self.core.registry();
        let found = registry.of_user(user_id).into_iter().flat_map(BTreeMap::values);
        found.map(|connection| connection.id.clone()).collect()
    }

    /// Ends a connection as [`UnifiedWebSocketManager::disconnect_user`] does; false where there is none of this id.
    pub fn disconnect_connection(&self, connection_id: &ConnectionId) -> bool {
        self.core.find(connection_id).is_some_and(|connection| self.core.end(&connection, DONE))
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
        self.core.registry_mut().bind_run(run_id, thread_id);
    }

    /// The run is over: it belongs to the thread of the same id again.
    pub fn unbind_run(&self, run_id: &str) {
        self.core.registry_mut().unbind_run(run_id);
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

    /// Tells that the peer is gone: the connection ends without a word.
    pub fn record_gone(&self, connection_id: &ConnectionId) {
        if let Some(connection) = self.core.find(connection_id) {
            self.core.cut(&connection, DONE);
        }
    }

    /// What is known of a connection's health.
    #[must_use]
    pub fn health(&self, connection_id: &ConnectionId) -> Option<Health> {
        self.core.registry().by_id(connection_id).map(|connection| *connection.health())
    }

    /// What the manager did and holds.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let registry = self.core.registry();
        let waiting = registry.all().values().map(|connection| connection.outbox.waiting());
        let (messages, bytes) = waiting.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        self.core.counters.snapshot(Held {
            state: match *self.core.phase.borrow() {
                Phase::Open => "open",
                Phase::Draining => "draining",
                Phase::Closed => "closed",
            },
            uptime_seconds: self.core.started.elapsed().as_secs_f64(),
            connections: registry.all().len(),
            users: registry.users(),
            threads: registry.threads(),
            messages,
            bytes,
        })
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
        let connections: Vec<Arc<Connection>> = core.registry().all().values().cloned().collect();
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
    }

    /// The JSON of a message; what cannot be sent is counted.
    fn encode(&self, message: &Message) -> Option<Utf8Bytes> {
        match message.encode(self.core.limits.message_bytes) {
            Ok(text) => Some(text),
            Err(Unsendable::NotSerialisable(_)) => {
                add(&self.core.counters.not_serialisable, 1);
                None
            }
            Err(Unsendable::TooLarge { .. }) => {
                add(&self.core.counters.too_large, 1);
                None
            }
        }
    }
}

impl UnifiedWebSocketManager for Manager {
    async fn connect_user(
        &self,
        user_id: &str,
        websocket: Arc<dyn Socket>,
        thread_id: Option<&str>,
    ) -> Result<ConnectionId, Refused> {
        let core = &self.core;
        let mut registry = core.registry_mut();
        let refuse = |why: Refused| {
            add(&core.counters.connections_refused, 1);
            Err(why)
        };
        if *core.phase.borrow() != Phase::Open {
            return refuse(Refused::ShuttingDown);
        }
        if let Some(known) = registry.by_socket(identity(&websocket)).cloned() {
            if &*known.user != user_id {
                return refuse(Refused::SocketInUse);
            }
            registry.look_at(&known, thread_id);
            return Ok(known.id.clone());
        }
        let limit = core.limits.connections_per_user;
        let held = registry.of_user(user_id);
        if held.map_or(0, Group::len) >= limit {
            let oldest = held.and_then(Group::first_key_value).map(|(_, oldest)| oldest.clone());
            match (core.limits.when_full, oldest) {
                (WhenFull::ReplaceOldest, Some(oldest)) => {
                    registry.remove(&oldest);
                    core.count_closed();
                    add(&core.counters.connections_replaced, 1);
                    core.drop_rest(&oldest, REPLACED);
                }
                (WhenFull::ReplaceOldest, None) | (WhenFull::Refuse, _) => {
                    return refuse(Refused::TooManyConnections { limit });
                }
            }
        }
        let number = core.next_number.fetch_add(1, Ordering::Relaxed);
        let id = ConnectionId::new(&format!("{:016x}-{number:x}", core.instance));
        let connection = Arc::new(Connection::new(number, id.clone(), user_id, websocket));
        registry.add(&connection, thread_id);
        drop(registry);
        add(&core.counters.connections_opened, 1);
        core.start(connection);
        Ok(id)
    }

    async fn disconnect_user(&self, user_id: &str, websocket: Arc<dyn Socket>) {
        let found = self.core.registry().by_socket(identity(&websocket)).cloned();
        if let Some(connection) = found.filter(|connection| &*connection.user == user_id) {
            self.core.end(&connection, DONE);
        }
    }

    async fn send_to_user(&self, user_id: &str, message: &Message) -> bool {
        let Some(text) = self.encode(message) else { return false };
        self.core.push_all(&text, |registry| registry.of_user(user_id), |_| true).queued > 0
    }

    async fn send_to_thread(&self, thread_id: &str, message: &Message) -> bool {
        let Some(text) = self.encode(message) else { return false };
        self.core.push_all(&text, |registry| registry.of_thread(thread_id), |_| true).queued > 0
    }

    async fn send_agent_update(&self, run_id: &str, agent_name: &str, update: &Message) {
        let message = Message::map([
            ("type", Message::text("agent_update")),
            ("run_id", Message::text(run_id)),
            ("agent_name", Message::text(agent_name)),
            ("payload", update.clone()),
        ]);
        if let Some(text) = self.encode(&message) {
            self.core.push_all(&text, |registry| registry.of_run(run_id), |_| true);
        }
    }

    async fn check_connection_health(&self, connection_id: &ConnectionId) -> bool {
        self.health(connection_id).is_some_and(|health| health.is_good())
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
        let connections: Vec<Arc<Connection>> = self.core.registry().all().values().cloned().collect();
        for connection in connections {
            self.core.cut(&connection, GOING_AWAY);
            connection.socket.abort();
        }
    }
}

impl Core {
    fn registry(&self) -> RwLockReadGuard<'_, Registry> {
        self.registry.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn registry_mut(&self) -> RwLockWriteGuard<'_, Registry> {
        self.registry.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The live connection with this id.
    fn find(&self, id: &ConnectionId) -> Option<Arc<Connection>> {
        self.registry().by_id(id).cloned()
    }

    /// Whether a connection has not ended.
    pub(super) fn is_live(&self, connection: &Connection) -> bool {
        self.registry().by_id(&connection.id).is_some()
    }

    /// Starts the task that writes, and watches over it.
    fn start(self: &Arc<Self>, connection: Arc<Connection>) {
        if !self.limits.ping_interval.is_zero() {
            let newcomers = self.heartbeat.get_or_init(|| heartbeat::watch_over(self));
            // Without a task that listens the runtime is on its way down.
            let _ = newcomers.send(Arc::downgrade(&connection));
        }
        let core = self.clone();
        self.writers.spawn(async move {
            connection::write(&connection, &core.counters, core.limits.write_deadline).await;
            // What ended by itself leaves what still waited.
            core.cut(&connection, DONE);
        });
    }

    /// Ends a connection after what is queued; false where it has ended before.
    fn end(&self, connection: &Connection, ending: Ending) -> bool {
        let is_live = self.registry_mut().remove(connection);
        if is_live {
            self.count_closed();
        }
        connection.outbox.end(ending);
        is_live
    }

    /// Ends a connection at once.
    pub(super) fn cut(&self, connection: &Connection, ending: Ending) {
        if self.registry_mut().remove(connection) {
            self.count_closed();
        }
        self.drop_rest(connection, ending);
    }

    /// Lets go of what waits for a connection.
    fn drop_rest(&self, connection: &Connection, ending: Ending) {
        add(&self.counters.messages_lost, connection.outbox.cut(ending));
    }

    fn count_closed(&self) {
        add(&self.counters.connections_closed, 1);
    }

    /// Queues a message for one connection.
    fn push_one(&self, connection: &Arc<Connection>, text: &Utf8Bytes) -> bool {
        let (is_queued, has_ended) = self.push(connection, text);
        if has_ended {
            self.cut(connection, DONE);
        }
        is_queued
    }

    /// Queues a message for a group of connections. Nobody waits: queues take, drop or end.
    fn push_all<'r>(
        &'r self,
        text: &Utf8Bytes,
        group: impl for<'a> FnOnce(&'a Registry) -> Option<&'a Group>,
        is_meant: impl Fn(&Connection) -> bool,
    ) -> Broadcast {
        let mut outcome = Broadcast::default();
        let mut ended: Vec<Arc<Connection>> = Vec::new();
        {
            let registry = self.registry();
            let meant = group(&registry).into_iter().flat_map(BTreeMap::values).filter(|one| is_meant(one));
            for connection in meant {
                let (is_queued, has_ended) = self.push(connection, text);
                outcome.queued += usize::from(is_queued);
                outcome.failed += usize::from(!is_queued);
                if has_ended {
                    ended.push(connection.clone());
                }
            }
        }
        for connection in ended {
            self.cut(&connection, DONE);
        }
        outcome
    }

    /// Queues a message: whether it waits, and whether the connection has to end for it.
    fn push(&self, connection: &Connection, text: &Utf8Bytes) -> (bool, bool) {
        let counters = &self.counters;
        match connection.outbox.push(text, &self.limits) {
            Push::Queued => {
                add(&counters.messages_queued, 1);
                (true, false)
            }
            Push::QueuedFor(gone) => {
                add(&counters.messages_queued, 1);
                add(&counters.messages_dropped_oldest, gone);
                (true, false)
            }
            Push::Dropped => {
                add(&counters.messages_dropped_newest, 1);
                (false, false)
            }
            Push::Overflowed(gone) => {
                add(&counters.overflows, 1);
                add(&counters.messages_lost, gone);
                (false, true)
            }
            Push::Ended => (false, false),
        }
    }
}

//! What the calls and the tasks of a manager share: the registry, the counters, and how a message comes into queues.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_util::task::TaskTracker;
use tungstenite::Utf8Bytes;

use super::backplane::{Node, Question, Topic};
use super::connection::{self, Connection, DONE, GONE};
use super::heartbeat::{self, Newcomers, Watched};
use super::limits::Limits;
use super::message::{Message, Unsendable};
use super::outbox::{Ending, Push};
use super::protocol::ConnectionId;
use super::registry::Registry;
use super::stats::{ConnectionFigures, Counters, Held, Stats, add};
use super::unified::Broadcast;

/// The inside of a manager.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) limits: Limits,
    pub(super) counters: Counters,
    /// Tells its ids from those of other managers.
    pub(super) instance: String,
    next_number: AtomicU64,
    started: Instant,
    registry: RwLock<Registry>,
    pub(super) phase: watch::Sender<Phase>,
    pub(super) writers: TaskTracker,
    heartbeat: OnceLock<Newcomers>,
    /// Its part in a service of several nodes.
    node: Option<Node>,
}

/// Where a manager is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    Draining,
    Closed,
}

impl Core {
    pub(super) fn new(limits: Limits, instance: String, registry: Registry, node: Option<Node>) -> Self {
        Self {
            limits,
            counters: Counters::default(),
            instance,
            next_number: AtomicU64::new(1),
            started: Instant::now(),
            registry: RwLock::new(registry),
            phase: watch::Sender::new(Phase::Open),
            writers: TaskTracker::new(),
            heartbeat: OnceLock::new(),
            node,
        }
    }

    pub(super) fn registry(&self) -> RwLockReadGuard<'_, Registry> {
        self.registry.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn registry_mut(&self) -> RwLockWriteGuard<'_, Registry> {
        self.registry.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The live connection with this id.
    pub(super) fn find(&self, id: &ConnectionId) -> Option<Arc<Connection>> {
        self.registry().by_id(id).cloned()
    }

    /// Whether a connection has not ended.
    pub(super) fn is_live(&self, connection: &Connection) -> bool {
        self.registry().by_number(connection.number).is_some()
    }

    /// The live connections, the oldest first.
    pub(super) fn connections(&self) -> Vec<Arc<Connection>> {
        self.registry().live().all().values().cloned().collect()
    }

    /// Starts the task that writes, and watches over it.
    pub(super) fn start(self: &Arc<Self>, connection: Arc<Connection>) {
        if !self.limits.ping_interval.is_zero() {
            let newcomers = self.heartbeat.get_or_init(|| heartbeat::watch_over(self));
            // Without a task that listens the runtime is on its way down.
            let _ = newcomers.send(Watched::Came(Arc::downgrade(&connection)));
        }
        let core = self.clone();
        self.writers.spawn(async move {
            connection::write(&connection, &core.counters, core.limits.write_deadline).await;
            // What ended by itself leaves what still waited.
            core.cut(&connection, GONE);
        });
    }

    /// A connection is not live any more.
    pub(super) fn closed(&self, connection: &Connection) {
        add(&self.counters.connections_closed, 1);
        if let Some(newcomers) = self.heartbeat.get() {
            let _ = newcomers.send(Watched::Went(connection.number));
        }
    }

    /// Ends a connection after what is queued; false where it has ended before.
    pub(super) fn end(&self, connection: &Connection, ending: Ending) -> bool {
        connection.outbox.end(ending);
        let is_live = {
            let mut registry = self.registry_mut();
            let is_live = registry.remove(connection);
            // It may have overflowed a moment before; what is ended by will is not resumed.
            registry.take_away(connection.number);
            is_live
        };
        if is_live {
            self.closed(connection);
        }
        is_live
    }

    /// Ends a connection at once. A session that may go on waits for its client from then on.
    pub(super) fn cut(self: &Arc<Self>, connection: &Connection, ending: Ending) {
        self.drop_rest(connection, ending);
        let is_live = self.registry_mut().remove(connection);
        if is_live {
            self.closed(connection);
            if connection.outbox.can_resume() {
                self.keep_session(connection.number, &connection.user);
            }
        }
    }

    /// Forgets a session when its window is over, and the oldest one where there are too many.
    fn keep_session(self: &Arc<Self>, number: u64, user: &str) {
        let Some(resume) = &self.limits.resume else { return };
        {
            let mut registry = self.registry_mut();
            let away = registry.away();
            let own = away.of_user(user).filter(|own| own.len() > resume.sessions_per_user);
            let all = Some(away.all()).filter(|all| all.len() > resume.sessions);
            let surplus = own.or(all).and_then(|sessions| sessions.keys().next().copied());
            // One came, so one has to go.
            if let Some(oldest) = surplus
                && registry.take_away(oldest).is_some()
            {
                add(&self.counters.sessions_forgotten, 1);
            }
        }
        self.forget_later(number);
    }

    /// Forgets the session of a connection when its window is over, if it has not gone on.
    pub(super) fn forget_later(self: &Arc<Self>, number: u64) {
        let Some(resume) = &self.limits.resume else { return };
        let (core, window) = (Arc::downgrade(self), resume.window);
        // Without a runtime the manager is being dropped.
        let Ok(runtime) = Handle::try_current() else { return };
        runtime.spawn(async move {
            sleep(window).await;
            if let Some(core) = core.upgrade()
                && core.registry_mut().take_away(number).is_some()
            {
                add(&core.counters.sessions_forgotten, 1);
            }
        });
    }

    /// Lets go of what waits for a connection.
    pub(super) fn drop_rest(&self, connection: &Connection, ending: Ending) {
        add(&self.counters.messages_lost, connection.outbox.cut(ending));
    }

    /// The JSON of a message; what cannot be sent is counted.
    pub(super) fn encode(&self, message: &Message) -> Option<Utf8Bytes> {
        match message.encode(self.limits.message_bytes) {
            Ok(text) => Some(text),
            Err(Unsendable::NotSerialisable(_)) => {
                add(&self.counters.not_serialisable, 1);
                None
            }
            Err(Unsendable::TooLarge { .. }) => {
                add(&self.counters.too_large, 1);
                None
            }
        }
    }

    /// Queues a message for one connection.
    pub(super) fn push_one(self: &Arc<Self>, connection: &Arc<Connection>, text: &Utf8Bytes) -> bool {
        let (is_queued, has_ended) = self.push(connection, text);
        if has_ended {
            self.cut(connection, DONE);
        }
        is_queued
    }

    /// Queues a message for all whom a topic means here, but for some users, and keeps it for sessions whose client is away.
    /// Nobody waits: queues take, drop or end.
    pub(super) fn deliver(
        self: &Arc<Self>,
        topic: &Topic,
        text: &Utf8Bytes,
        is_excluded: &dyn Fn(&str) -> bool,
    ) -> Broadcast {
        let mut outcome = Broadcast::default();
        let mut ended: Vec<Arc<Connection>> = Vec::new();
        {
            let registry = self.registry();
            let (live, away) = (registry.live(), registry.away());
            let (live, away) = match topic {
                Topic::All => (Some(live.all()), Some(away.all())),
                Topic::Node(_) => (None, None),
                Topic::User(user) => (live.of_user(user), away.of_user(user)),
                Topic::Thread(thread) => (live.of_thread(thread), away.of_thread(thread)),
            };
            for connection in live.into_iter().flat_map(BTreeMap::values) {
                if is_excluded(&connection.user) {
                    continue;
                }
                let (is_queued, has_ended) = self.push(connection, text);
                outcome.queued += usize::from(is_queued);
                outcome.failed += usize::from(!is_queued);
                if has_ended {
                    ended.push(connection.clone());
                }
            }
            for session in away.into_iter().flat_map(BTreeMap::values) {
                if !is_excluded(&session.user) {
                    session.record(text);
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

    /// What the manager did and holds.
    pub(super) fn stats(&self) -> Stats {
        let registry = self.registry();
        let live = registry.live();
        let waiting = live.all().values().map(|connection| connection.outbox.waiting());
        let (messages, bytes) = waiting.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        let held = Held {
            state: match *self.phase.borrow() {
                Phase::Open => "open",
                Phase::Draining => "draining",
                Phase::Closed => "closed",
            },
            uptime_seconds: self.started.elapsed().as_secs_f64(),
            connections: live.all().len(),
            users: live.users(),
            threads: live.threads(),
            sessions: registry.away().all().len(),
            messages,
            bytes,
        };
        drop(registry);
        self.counters.snapshot(held, self.node.as_ref())
    }

    /// The live connections for which most bytes wait, of those the oldest.
    pub(super) fn busiest(&self, most: usize) -> Vec<ConnectionFigures> {
        let registry = self.registry();
        let all = registry.live().all();
        let mut found: Vec<(Reverse<usize>, u64)> = all
            .iter()
            .map(|(number, connection)| (Reverse(connection.outbox.waiting().1), *number))
            .collect();
        found.sort_unstable();
        let listed = found.iter().take(most).filter_map(|(_, number)| all.get(number));
        let figures = listed.map(|connection| {
            let thread = registry.live().thread_of(connection.number);
            connection.figures(thread.map(|thread| &**thread))
        });
        figures.collect()
    }
}

/// What the others of a service ask and tell.
impl Core {
    pub(super) fn node(&self) -> Option<&Node> {
        self.node.as_ref()
    }

    /// Its figures, for the others.
    pub(super) fn figures(&self) -> String {
        serde_json::to_string(&self.stats()).unwrap_or_default()
    }

    /// Whom others have to know to be here.
    pub(super) fn topics(&self) -> Vec<Topic> {
        self.registry().topics()
    }

    pub(super) fn is_wanted(&self, topic: &Topic) -> bool {
        self.registry().is_wanted(topic)
    }

    /// Waits until the others know who came; where they are not reached, not at all.
    pub(super) async fn tell_others(&self) {
        if let Some(node) = &self.node {
            node.settle().await;
        }
    }

    pub(super) fn bind(&self, run: &str, thread: Option<&str>) {
        self.registry_mut().bind_run(run, thread);
    }

    pub(super) fn runs(&self) -> BTreeMap<String, String> {
        self.registry().runs()
    }

    pub(super) fn replace_runs(&self, runs: BTreeMap<String, String>) {
        self.registry_mut().replace_runs(runs);
    }

    /// Does or says what only the node of a connection can.
    pub(super) fn answer(self: &Arc<Self>, connection: &str, question: &Question) -> bool {
        let id = ConnectionId::new(connection);
        match question {
            Question::Send(text) => self.find(&id).is_some_and(|connection| self.push_one(&connection, text)),
            Question::IsHealthy => self.find(&id).is_some_and(|connection| connection.health().is_good()),
            Question::Disconnect => self.disconnect(&id),
        }
    }

    /// Ends a connection, or the session that it left; false where there is none of this id.
    pub(super) fn disconnect(&self, id: &ConnectionId) -> bool {
        if let Some(connection) = self.find(id) {
            return self.end(&connection, DONE);
        }
        let number = id.as_str().strip_prefix(&*self.instance).and_then(|rest| rest.strip_prefix('-'));
        let number = number.and_then(|number| u64::from_str_radix(number, 16).ok());
        number.is_some_and(|number| self.registry_mut().take_away(number).is_some())
    }

    /// The next id.
    pub(super) fn next_id(&self) -> (u64, ConnectionId) {
        let number = self.next_number.fetch_add(1, Ordering::Relaxed);
        (number, ConnectionId::new(&format!("{}-{number:x}", self.instance)))
    }
}

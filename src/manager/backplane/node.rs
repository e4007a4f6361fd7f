//! A manager's part in a service of several nodes: what it says to the others, what it hears, and what it does while it can do
//! neither.

mod supervision;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tungstenite::Utf8Bytes;

use super::{Backplane, Content, Envelope, Question, State, Topic, Whereabouts};
use crate::manager::connection::Connection;
use crate::manager::core::Core;

/// Questions that may be under way at once; beyond that there is no answer.
const OPEN_QUESTIONS: usize = 10_000;

/// A manager's part in a service of several nodes.
#[derive(Debug)]
pub(in crate::manager) struct Node {
    id: Arc<str>,
    settings: Backplane,
    orders: UnboundedSender<Order>,
    next_question: AtomicU64,
    questions: Mutex<BTreeMap<u64, oneshot::Sender<bool>>>,
    standing: Mutex<Standing>,
    pub(in crate::manager) counters: Arc<NodeCounters>,
}

/// How things stand with the bus.
#[derive(Debug, Clone)]
pub(in crate::manager) struct Standing {
    pub(in crate::manager) state: State,
    /// Why it is not up.
    pub(in crate::manager) why: Option<String>,
}

/// Counters of a node; none but `waiting` ever decreases.
#[derive(Debug, Default)]
pub(in crate::manager) struct NodeCounters {
    /// Messages that wait to be published.
    waiting: AtomicUsize,
    /// Messages that went out.
    pub(in crate::manager) published: AtomicU64,
    /// Messages of other nodes that came in.
    pub(in crate::manager) received: AtomicU64,
    /// Messages that did not go out: the bus was away, or too many waited.
    pub(in crate::manager) dropped: AtomicU64,
    /// How often the bus was lost or not reached.
    pub(in crate::manager) failures: AtomicU64,
    /// What came in and could not be read.
    pub(in crate::manager) unreadable: AtomicU64,
}

/// One node of a service, as the registry knows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NodeFigures {
    /// Its name.
    pub node: String,
    /// Its stats, as it last said them.
    pub stats: Value,
}

/// Hears of changes in a manager's registry.
#[derive(Debug, Clone)]
pub(in crate::manager) struct Watcher {
    orders: UnboundedSender<Order>,
}

/// What the task that holds the line is to do.
#[derive(Debug)]
enum Order {
    /// Publish.
    Publish(Outgoing),
    /// See whether a topic is wanted.
    Touch(Topic),
    /// Somebody came or went.
    Register(Whereabouts),
    /// A run is bound to a thread, or to none.
    Bind(String, Option<String>),
    /// Where a user's connections are.
    Find(Arc<str>, oneshot::Sender<Vec<String>>),
    /// Which nodes there are.
    Nodes(oneshot::Sender<Vec<(String, String)>>),
    /// Tell when everything before this is done.
    Barrier(oneshot::Sender<()>),
    /// Leave the service.
    Leave(oneshot::Sender<()>),
}

/// Something on its way out.
#[derive(Debug)]
struct Outgoing {
    envelope: Envelope,
    /// How many other nodes heard it.
    heard: oneshot::Sender<usize>,
    ticket: Ticket,
}

/// The place of something that waits to go out. Dropped without [`Ticket::is_out`], it did not.
#[derive(Debug)]
struct Ticket {
    counters: Arc<NodeCounters>,
    is_out: bool,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.counters.waiting.fetch_sub(1, Ordering::Relaxed);
        let counter = if self.is_out { &self.counters.published } else { &self.counters.dropped };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

impl Watcher {
    /// A topic may be wanted, or not any more.
    pub(in crate::manager) fn touch(&self, topic: Topic) {
        let _ = self.orders.send(Order::Touch(topic));
    }

    /// A connection is there.
    pub(in crate::manager) fn came(&self, connection: &Connection) {
        let _ = self.orders.send(Order::Register(whereabouts(connection, true)));
    }

    /// A connection is not there any more.
    pub(in crate::manager) fn went(&self, connection: &Connection) {
        let _ = self.orders.send(Order::Register(whereabouts(connection, false)));
    }
}

/// What the registry is told of a connection.
fn whereabouts(connection: &Connection, is_here: bool) -> Whereabouts {
    Whereabouts { connection: connection.id.to_string(), user: connection.user.clone(), is_here }
}

/// What is to be made into a node's task, once there is a manager.
pub(in crate::manager) struct Beginning {
    orders: UnboundedReceiver<Order>,
}

impl Node {
    /// A node without a task, and what its registry has to be watched by.
    pub(in crate::manager) fn new(id: &str, settings: Backplane) -> (Self, Watcher, Beginning) {
        let (sender, orders) = unbounded_channel();
        let node = Self {
            id: id.into(),
            settings,
            orders: sender.clone(),
            next_question: AtomicU64::new(1),
            questions: Mutex::default(),
            standing: Mutex::new(Standing { state: State::Probing, why: None }),
            counters: Arc::default(),
        };
        (node, Watcher { orders: sender }, Beginning { orders })
    }

    /// Begins to connect.
    pub(in crate::manager) fn start(core: &Arc<Core>, beginning: Beginning) {
        tokio::spawn(supervision::supervise(Arc::downgrade(core), beginning.orders));
    }

    /// How long a caller waits for the others.
    pub(in crate::manager) fn deadline(&self) -> Duration {
        self.settings.deadline
    }

    pub(in crate::manager) fn standing(&self) -> Standing {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether anything that is sent goes out as things stand.
    fn is_up(&self) -> bool {
        matches!(self.standing().state, State::Up | State::Degraded)
    }

    fn stand(&self, state: State, why: Option<String>) {
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        if standing.state != state {
            let why = why.as_deref().unwrap_or_default();
            match state {
                State::Up => tracing::info!(node = &*self.id, "the backplane is up"),
                State::Probing => tracing::debug!(node = &*self.id, "the backplane is tried"),
                State::Degraded => tracing::warn!(node = &*self.id, why, "the backplane refuses"),
                State::Down => tracing::warn!(node = &*self.id, why, "the backplane is down"),
            }
        }
        *standing = Standing { state, why };
    }

    fn envelope(&self, topic: Topic, content: Content) -> Envelope {
        Envelope { topic, from: self.id.clone(), content }
    }

    /// Whether what could not be read is worth a line: the first, the tenth, the hundredth, …
    fn is_unreadable_news(&self) -> bool {
        let count = self.counters.unreadable.load(Ordering::Relaxed);
        count.checked_ilog10().is_some_and(|power| 10_u64.pow(power) == count)
    }

    /// Publishes a message, unless the bus is away or too much waits; what comes says how many other nodes heard it.
    fn publish(&self, envelope: Envelope) -> Option<oneshot::Receiver<usize>> {
        let waiting = self.counters.waiting.fetch_add(1, Ordering::Relaxed);
        let ticket = Ticket { counters: self.counters.clone(), is_out: false };
        if !self.is_up() || waiting >= self.settings.waiting {
            return None;
        }
        let (heard, hears) = oneshot::channel();
        self.orders.send(Order::Publish(Outgoing { envelope, heard, ticket })).ok()?;
        Some(hears)
    }

    /// Sends to whom a topic means on other nodes, without waiting for it.
    pub(in crate::manager) fn send(&self, topic: Topic, text: &Utf8Bytes, exclude: &[&str]) -> Heard {
        let exclude = exclude.iter().map(|user| (*user).to_owned()).collect();
        let content = Content::Text { text: text.clone(), exclude };
        Heard(self.publish(self.envelope(topic, content)))
    }

    /// Tells the others that a run is bound to a thread, or to none.
    pub(in crate::manager) fn bind(&self, run: &str, thread: Option<&str>) {
        let _ = self.orders.send(Order::Bind(run.to_owned(), thread.map(str::to_owned)));
    }

    /// Asks the node of a connection, by the connection's id; false where nobody answers in time.
    pub(in crate::manager) async fn ask(&self, connection: &str, question: Question) -> bool {
        let Some((node, _)) = connection.split_once('-').filter(|(node, _)| *node != &*self.id) else {
            return false;
        };
        let number = self.next_question.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        {
            let mut questions = self.questions();
            if questions.len() >= OPEN_QUESTIONS {
                return false;
            }
            questions.insert(number, answer);
        }
        let asked = Asked { node: self, number };
        let content = Content::Ask { number, connection: connection.to_owned(), question };
        let heard = Heard(self.publish(self.envelope(Topic::Node(node.into()), content)));
        let is_heard = heard.by_any(self.settings.deadline).await;
        let is_so = is_heard && matches!(timeout(self.settings.deadline, answered).await, Ok(Ok(true)));
        drop(asked);
        is_so
    }

    /// An answer came.
    fn answered(&self, number: u64, is_so: bool) {
        if let Some(waiting) = self.questions().remove(&number) {
            let _ = waiting.send(is_so);
        }
    }

    fn questions(&self) -> MutexGuard<'_, BTreeMap<u64, oneshot::Sender<bool>>> {
        self.questions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connections of a user on all nodes; none where the registry does not answer.
    pub(in crate::manager) async fn find(&self, user: &str) -> Option<Vec<String>> {
        let (found, finds) = oneshot::channel();
        self.orders.send(Order::Find(user.into(), found)).ok()?;
        self.within(finds).await
    }

    /// The nodes that live; none where the registry does not answer.
    pub(in crate::manager) async fn nodes(&self) -> Option<Vec<NodeFigures>> {
        let (found, finds) = oneshot::channel();
        self.orders.send(Order::Nodes(found)).ok()?;
        let nodes = self.within(finds).await?;
        let read = nodes.into_iter().map(|(node, stats)| NodeFigures {
            node,
            stats: serde_json::from_str(&stats).unwrap_or(Value::Null),
        });
        Some(read.collect())
    }

    /// Waits until the others know of what changed before.
    pub(in crate::manager) async fn settle(&self) {
        let (done, is_done) = oneshot::channel();
        if self.is_up() && self.orders.send(Order::Barrier(done)).is_ok() {
            let _ = timeout(self.settings.deadline, is_done).await;
        }
    }

    /// Leaves the service, if that takes no longer than an answer may.
    pub(in crate::manager) async fn leave(&self) {
        let (left, leaves) = oneshot::channel();
        if self.orders.send(Order::Leave(left)).is_ok() {
            self.within(leaves).await;
        }
    }

    /// An answer of the bus, as long as one may take twice: it may have to end something else first.
    async fn within<T>(&self, answer: oneshot::Receiver<T>) -> Option<T> {
        timeout(self.settings.deadline * 2, answer).await.ok()?.ok()
    }
}

/// A question that nobody waits for any more once this is dropped.
struct Asked<'a> {
    node: &'a Node,
    number: u64,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.node.questions().remove(&self.number);
    }
}

/// How many other nodes heard a message, once it is known.
#[derive(Debug)]
pub(in crate::manager) struct Heard(Option<oneshot::Receiver<usize>>);

impl Heard {
    /// Whether any did, as far as it is known in time.
    pub(in crate::manager) async fn by_any(self, deadline: Duration) -> bool {
        match self.0 {
            Some(hears) => matches!(timeout(deadline, hears).await, Ok(Ok(1..))),
            None => false,
        }
    }
}

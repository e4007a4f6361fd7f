//! What the nodes of one service tell each other, so that a user who is connected to one is reached from all.
//!
//! A [`Bus`] carries it: [`memory`] within one process, [`redis`] between machines. A node listens to the topics that somebody
//! here is to be reached by, publishes what its callers send, and drops what comes back to itself. Whatever becomes of the bus,
//! what is delivered here does not wait for it: [`node`] tries again by a circuit breaker with backoff and jitter
//! ([`breaker`]), says in the stats how things stand, and tells everything anew when it is back.
//!
//! What a caller is told of other nodes is less exact than of its own: `true` says that a node has the message that has somebody of
//! this user or thread, live or with a session that can go on.
//!
//! # What is deliberately absent
//! No queue of messages for a bus that is away: delivery is at most once. What is state and no message (who is where, which
//! run is bound) is told when the bus is back.

pub(super) mod breaker;
mod envelope;
pub mod memory;
pub(super) mod node;
pub mod redis;

use std::fmt::Debug;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::Stream;

pub use self::envelope::{Content, Envelope, Question, Unreadable};
pub use self::node::NodeFigures;
pub(super) use self::node::{Node, NodeCounters, Watcher};
use super::socket::Pending;

/// Whom something is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Every node.
    All,
    /// One node.
    Node(Arc<str>),
    /// The connections of a user.
    User(Arc<str>),
    /// The connections that look at a thread.
    Thread(Arc<str>),
}

/// What a bus cannot do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BusError {
    /// The line is gone, or nothing is answered in time.
    #[error("{0}")]
    Lost(String),
    /// It answers, but does not do what was asked: its memory is full, or rights are missing.
    #[error("refused: {0}")]
    Refused(String),
}

/// Carries what nodes tell each other, and keeps the registry of who is where.
pub trait Bus: Send + Sync + Debug + 'static {
    /// Connects as a node; what is published to its topics comes out of the second part, which ends when the line is lost.
    ///
    /// # Errors
    /// When there is no reaching it, or it does not let this node in.
    fn connect<'a>(&'a self, node: &'a str) -> Pending<'a, Result<Connected, BusError>>;
}

/// A line, and what comes over it.
pub type Connected = (Box<dyn Line>, Incoming);

/// What other nodes publish, and what this one publishes to topics that it listens to.
pub type Incoming = Pin<Box<dyn Stream<Item = Result<Envelope, Unreadable>> + Send>>;

/// A connection of a node on a node's side: who is where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whereabouts {
    /// The connection.
    pub connection: String,
    /// Its user.
    pub user: Arc<str>,
    /// Whether it is there, or not any more.
    pub is_here: bool,
}

/// One node's line to the bus. Calls come one after the other.
pub trait Line: Send {
    /// Publishes in order; for each, how many nodes heard it, this one included if it listens.
    ///
    /// # Errors
    /// When it is not certain that all of it was published.
    fn publish(&mut self, envelopes: Vec<Envelope>) -> Pending<'_, Result<Vec<usize>, BusError>>;

    /// Listens to topics from now on, or does not any more. Done when it is so.
    ///
    /// # Errors
    /// When the line is lost.
    fn listen(&mut self, topics: Vec<Topic>, is_wanted: bool) -> Pending<'_, Result<(), BusError>>;

    /// Writes into the registry who is where.
    ///
    /// # Errors
    /// When it is lost or refused.
    fn register(&mut self, changes: Vec<Whereabouts>) -> Pending<'_, Result<(), BusError>>;

    /// Says that this node lives, and its figures (an object of JSON). What it answers changes when the registry has lost what
    /// it knew.
    ///
    /// # Errors
    /// When it is lost or refused.
    fn beat(&mut self, figures: String) -> Pending<'_, Result<Epoch, BusError>>;

    /// The connections of a user on all nodes that live, by the registry.
    ///
    /// # Errors
    /// When it is lost or refused.
    fn find(&mut self, user: Arc<str>) -> Pending<'_, Result<Vec<String>, BusError>>;

    /// The nodes that live, with their figures.
    ///
    /// # Errors
    /// When it is lost or refused.
    fn nodes(&mut self) -> Pending<'_, Result<Vec<(String, String)>, BusError>>;

    /// Which runs are bound to which threads.
    ///
    /// # Errors
    /// When it is lost or refused.
    fn bindings(&mut self) -> Pending<'_, Result<Vec<(String, String)>, BusError>>;

    /// Binds runs to threads, or unbinds them, in the registry.
    ///
    /// # Errors
    /// When it is lost or refused.
    fn bind(&mut self, runs: Vec<(String, Option<String>)>) -> Pending<'_, Result<(), BusError>>;

    /// Takes this node out of the registry.
    ///
    /// # Errors
    /// When it is lost or refused.
    fn leave(&mut self) -> Pending<'_, Result<(), BusError>>;
}

/// What a registry is told apart by from one that has lost everything.
pub type Epoch = String;

/// How a node deals with its bus.
#[derive(Debug, Clone)]
pub struct Backplane {
    /// What carries it.
    pub bus: Arc<dyn Bus>,
    /// How long an answer of the bus may take.
    pub deadline: Duration,
    /// How long to wait after a first failure; twice as long after each further one.
    pub first_wait: Duration,
    /// How long to wait at most.
    pub longest_wait: Duration,
    /// How often a node says that it lives; the registry forgets it after three times as long.
    pub beat: Duration,
    /// What waits to be published at most; more is dropped and counted.
    pub waiting: usize,
}

impl Backplane {
    /// Over this bus, as most want it.
    #[must_use]
    pub fn over(bus: Arc<dyn Bus>) -> Self {
        Self {
            bus,
            deadline: Duration::from_secs(1),
            first_wait: Duration::from_millis(100),
            longest_wait: Duration::from_secs(10),
            beat: Duration::from_secs(5),
            waiting: 10_000,
        }
    }
}

/// How things stand with the bus, in terms of a circuit breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Closed: what is sent goes out.
    Up,
    /// Closed, but the registry refuses: what is sent goes out, who is where is not up to date.
    Degraded,
    /// Open: nothing is tried for a while.
    Down,
    /// Half open: one attempt is under way.
    Probing,
}

impl State {
    /// As one word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Down => "down",
            Self::Probing => "probing",
        }
    }
}

//! The task that holds a node's line to the bus: connects, tells everything, goes on until the line is lost, and tries again.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};

use super::{Node, Order, Outgoing, whereabouts};
use crate::manager::backplane::breaker::Breaker;
use crate::manager::backplane::{
    Backplane, BusError, Content, Envelope, Epoch, Incoming, Line, State, Topic, Unreadable, Whereabouts,
};
use crate::manager::core::Core;
use crate::manager::socket::Pending;

/// Orders that are carried out together.
const BATCH: usize = 256;

/// Topics and connections that are told in one go.
const CHUNK: usize = 500;

/// Every so many beats all connections are registered anew.
const BEATS_TO_REGISTER: u32 = 3;

/// Runs that are bound or unbound while the bus is away, at most.
const UNTOLD: usize = 10_000;

/// Holds the line for as long as there is a manager.
pub(super) async fn supervise(core: Weak<Core>, mut orders: UnboundedReceiver<Order>) {
    let Some((settings, id)) = core.upgrade().and_then(|core| {
        let node = core.node()?;
        Some((node.settings.clone(), node.id.clone()))
    }) else {
        return;
    };
    let mut breaker = Breaker::new(settings.first_wait, settings.longest_wait);
    let mut known = Known::default();
    loop {
        let connecting = timeout(settings.deadline, settings.bus.connect(&id)).await;
        let connected = connecting.unwrap_or_else(|_| Err(BusError::Lost("no answer in time".to_owned())));
        let ending = match connected {
            Ok((line, incoming)) => {
                let mut held = Held {
                    core: &core,
                    settings: &settings,
                    line,
                    listening: BTreeSet::new(),
                    known: &mut known,
                    beats: 0,
                    is_refused: false,
                };
                let mut hearing = Hearing(tokio::spawn(hear(core.clone(), incoming)));
                let ending = held.run(&mut orders, &mut hearing.0, &mut breaker).await;
                drop(hearing);
                ending
            }
            Err(error) => Ending::Lost(error),
        };
        let error = match ending {
            Ending::Left => return,
            Ending::Lost(error) => error,
        };
        let wait = breaker.opened(getrandom::u64().unwrap_or_default());
        {
            let Some(core) = core.upgrade() else { return };
            let Some(node) = core.node() else { return };
            node.counters.failures.fetch_add(1, Ordering::Relaxed);
            node.stand(State::Down, Some(error.to_string()));
        }
        if pass_over(&mut orders, &mut known, wait).await.is_break() {
            return;
        }
        let Some(core) = core.upgrade() else { return };
        if let Some(node) = core.node() {
            node.stand(State::Probing, Some(error.to_string()));
        }
    }
}

/// Why a line is not held any more.
enum Ending {
    /// The node has left, or there is no manager any more.
    Left,
    /// The bus is gone.
    Lost(BusError),
}

impl From<BusError> for Ending {
    fn from(error: BusError) -> Self {
        Self::Lost(error)
    }
}

/// The task that hears; dropped, it hears nothing any more.
struct Hearing(JoinHandle<()>);

impl Drop for Hearing {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What outlives a line.
#[derive(Debug, Default)]
struct Known {
    /// What the registry said of itself.
    epoch: Option<Epoch>,
    /// Runs that were bound here.
    own: BTreeMap<String, String>,
    /// Runs that were bound or unbound here while the bus was away.
    untold: BTreeMap<String, Option<String>>,
}

impl Known {
    /// A run was bound or unbound here.
    fn note(&mut self, run: &str, thread: Option<&str>) {
        match thread {
            Some(thread) => self.own.insert(run.to_owned(), thread.to_owned()),
            None => self.own.remove(run),
        };
    }
}

/// Does nothing that needs the bus, for a while; breaks off when the node has left, or there is no manager any more.
async fn pass_over(
    orders: &mut UnboundedReceiver<Order>,
    known: &mut Known,
    wait: Duration,
) -> ControlFlow<()> {
    let until = sleep(wait);
    tokio::pin!(until);
    loop {
        let order = tokio::select! {
            () = &mut until => return ControlFlow::Continue(()),
            order = orders.recv() => order,
        };
        match order {
            None => return ControlFlow::Break(()),
            Some(Order::Leave(left)) => {
                let _ = left.send(());
                return ControlFlow::Break(());
            }
            Some(Order::Bind(run, thread)) => {
                known.note(&run, thread.as_deref());
                if known.untold.len() < UNTOLD || known.untold.contains_key(&run) {
                    known.untold.insert(run, thread);
                }
            }
            // What is wanted and who is here is told when the bus is back; who asks or sends gets no answer.
            Some(
                Order::Publish(_)
                | Order::Touch(_)
                | Order::Register(_)
                | Order::Find(..)
                | Order::Nodes(_)
                | Order::Barrier(_),
            ) => {}
        }
    }
}

/// Delivers what other nodes say, until the line is lost.
async fn hear(core: Weak<Core>, mut incoming: Incoming) {
    while let Some(heard) = incoming.next().await {
        let Some(core) = core.upgrade() else { return };
        let Some(node) = core.node() else { return };
        match heard {
            Ok(envelope) if envelope.from == node.id => {}
            Ok(envelope) => receive(&core, node, envelope),
            Err(Unreadable(why)) => {
                node.counters.unreadable.fetch_add(1, Ordering::Relaxed);
                if node.is_unreadable_news() {
                    tracing::warn!(why, "something on the backplane cannot be read");
                }
            }
        }
    }
}

fn receive(core: &Arc<Core>, node: &Node, envelope: Envelope) {
    match envelope.content {
        Content::Text { text, exclude } => {
            node.counters.received.fetch_add(1, Ordering::Relaxed);
            core.deliver(&envelope.topic, &text, &|user| exclude.iter().any(|excluded| excluded == user));
        }
        Content::Bind { run, thread } => core.bind(&run, thread.as_deref()),
        Content::Ask { number, connection, question } => {
            let is_so = core.answer(&connection, &question);
            let answer = node.envelope(Topic::Node(envelope.from), Content::Answer { number, is_so });
            let _ = node.publish(answer);
        }
        Content::Answer { number, is_so } => node.answered(number, is_so),
    }
}

/// A line that is up.
struct Held<'a> {
    core: &'a Weak<Core>,
    settings: &'a Backplane,
    line: Box<dyn Line>,
    /// What is listened to.
    listening: BTreeSet<Topic>,
    known: &'a mut Known,
    beats: u32,
    /// Whether the registry refused anything since all was last told.
    is_refused: bool,
}

impl Held<'_> {
    /// Tells everything, and goes on until the line is lost.
    async fn run(
        &mut self,
        orders: &mut UnboundedReceiver<Order>,
        hearing: &mut JoinHandle<()>,
        breaker: &mut Breaker,
    ) -> Ending {
        if let Err(error) = self.tell_everything().await {
            return error.into();
        }
        breaker.closed();
        let mut beat = interval_at(Instant::now() + self.settings.beat, self.settings.beat);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut batch = Vec::new();
        loop {
            let done = tokio::select! {
                taken = orders.recv_many(&mut batch, BATCH) => match taken {
                    0 => return Ending::Left,
                    _ => self.carry_out(std::mem::take(&mut batch)).await,
                },
                _ = beat.tick() => self.beat().await.map_err(Ending::from),
                _ = &mut *hearing => Err(BusError::Lost("the line was closed".to_owned()).into()),
            };
            if let Err(ending) = done {
                return ending;
            }
        }
    }

    /// Asks the line for something, for no longer than an answer may take.
    async fn ask<T>(
        &mut self,
        question: impl for<'l> FnOnce(&'l mut dyn Line) -> Pending<'l, Result<T, BusError>>,
    ) -> Result<T, BusError> {
        let answer = timeout(self.settings.deadline, question(&mut *self.line)).await;
        answer.unwrap_or_else(|_| Err(BusError::Lost("no answer in time".to_owned())))
    }

    /// Asks the registry for something. That it refuses is said, and no reason to give the line up.
    async fn ask_registry<T>(
        &mut self,
        question: impl for<'l> FnOnce(&'l mut dyn Line) -> Pending<'l, Result<T, BusError>>,
    ) -> Result<Option<T>, BusError> {
        match self.ask(question).await {
            Ok(answer) => Ok(Some(answer)),
            Err(BusError::Refused(why)) => {
                self.is_refused = true;
                self.stand(State::Degraded, Some(why));
                Ok(None)
            }
            Err(lost @ BusError::Lost(_)) => Err(lost),
        }
    }

    fn stand(&self, state: State, why: Option<String>) {
        if let Some(core) = self.core.upgrade()
            && let Some(node) = core.node()
        {
            node.stand(state, why);
        }
    }

    /// Listens to all that is wanted, and brings the registry up to date.
    async fn tell_everything(&mut self) -> Result<(), BusError> {
        let Some((id, topics)) = self.core.upgrade().and_then(|core| {
            let id = core.node()?.id.clone();
            Some((id, core.topics()))
        }) else {
            return Err(BusError::Lost("there is no manager any more".to_owned()));
        };
        let wanted: Vec<Topic> = [Topic::All, Topic::Node(id)].into_iter().chain(topics).collect();
        for chunk in wanted.chunks(CHUNK) {
            self.ask(|line| line.listen(chunk.to_vec(), true)).await?;
            self.listening.extend(chunk.iter().cloned());
        }
        self.stand(State::Up, None);
        self.beat().await
    }

    /// Says that the node lives; tells the registry again what it lost.
    async fn beat(&mut self) -> Result<(), BusError> {
        let Some(figures) = self.core.upgrade().map(|core| core.figures()) else { return Ok(()) };
        let Some(epoch) = self.ask_registry(|line| line.beat(figures)).await? else { return Ok(()) };
        let is_new = self.known.epoch.as_ref() != Some(&epoch);
        // What was refused is told again, and again all of it.
        let was_refused = std::mem::take(&mut self.is_refused);
        if is_new || was_refused || self.beats == 0 {
            self.tell_runs(is_new).await?;
        }
        if is_new || was_refused || self.beats.is_multiple_of(BEATS_TO_REGISTER) {
            self.register_all().await?;
        }
        self.known.epoch = Some(epoch);
        self.beats = self.beats.wrapping_add(1);
        if !self.is_refused {
            self.stand(State::Up, None);
        }
        Ok(())
    }

    /// Says who is here.
    async fn register_all(&mut self) -> Result<(), BusError> {
        let Some(core) = self.core.upgrade() else { return Ok(()) };
        let here: Vec<Whereabouts> =
            core.connections().iter().map(|connection| whereabouts(connection, true)).collect();
        drop(core);
        for chunk in here.chunks(CHUNK) {
            self.ask_registry(|line| line.register(chunk.to_vec())).await?;
        }
        Ok(())
    }

    /// Brings runs and threads in step: what the registry says counts, and what was bound here meanwhile. To a registry that has
    /// lost everything (`is_new`) each node tells what was bound at it and by nobody else since.
    async fn tell_runs(&mut self, is_new: bool) -> Result<(), BusError> {
        let Some(bound) = self.ask_registry(|line| line.bindings()).await? else { return Ok(()) };
        let Some(core) = self.core.upgrade() else { return Ok(()) };
        let mut runs: BTreeMap<String, String> = bound.into_iter().collect();
        let mut untold = std::mem::take(&mut self.known.untold);
        if is_new {
            let bound_here = core.runs();
            let lost =
                self.known.own.iter().filter(|(run, thread)| {
                    !runs.contains_key(*run) && bound_here.get(*run) == Some(*thread)
                });
            for (run, thread) in lost {
                untold.entry(run.clone()).or_insert_with(|| Some(thread.clone()));
            }
        }
        for (run, thread) in &untold {
            match thread {
                Some(thread) => runs.insert(run.clone(), thread.clone()),
                None => runs.remove(run),
            };
        }
        core.replace_runs(runs);
        drop(core);
        self.bind(untold.into_iter().collect()).await
    }

    /// Tells registry and nodes which runs are bound.
    async fn bind(&mut self, runs: Vec<(String, Option<String>)>) -> Result<(), BusError> {
        if runs.is_empty() {
            return Ok(());
        }
        let Some(id) = self.core.upgrade().and_then(|core| core.node().map(|node| node.id.clone())) else {
            return Ok(());
        };
        let told = runs.iter().map(|(run, thread)| Envelope {
            topic: Topic::All,
            from: id.clone(),
            content: Content::Bind { run: run.clone(), thread: thread.clone() },
        });
        let told: Vec<Envelope> = told.collect();
        self.ask_registry(|line| line.bind(runs)).await?;
        self.ask(|line| line.publish(told)).await?;
        Ok(())
    }

    /// Carries out orders: first who is to be reached and who is where, then what is said, in order.
    async fn carry_out(&mut self, batch: Vec<Order>) -> Result<(), Ending> {
        let mut touched = BTreeSet::new();
        let mut changes = Vec::new();
        let mut bound = Vec::new();
        let mut rest = Vec::new();
        for order in batch {
            match order {
                Order::Touch(topic) => {
                    touched.insert(topic);
                }
                Order::Register(change) => changes.push(change),
                Order::Bind(run, thread) => {
                    self.known.note(&run, thread.as_deref());
                    bound.push((run, thread));
                }
                Order::Publish(_)
                | Order::Find(..)
                | Order::Nodes(_)
                | Order::Barrier(_)
                | Order::Leave(_) => rest.push(order),
            }
        }
        self.listen(touched).await?;
        if !changes.is_empty() {
            self.ask_registry(|line| line.register(changes)).await?;
        }
        self.bind(bound).await?;
        let mut outgoing = Vec::new();
        for order in rest {
            match order {
                Order::Publish(one) => outgoing.push(one),
                Order::Find(user, found) => {
                    if let Some(connections) = self.ask_registry(|line| line.find(user)).await? {
                        let _ = found.send(connections);
                    }
                }
                Order::Nodes(found) => {
                    if let Some(nodes) = self.ask_registry(|line| line.nodes()).await? {
                        let _ = found.send(nodes);
                    }
                }
                Order::Leave(left) => {
                    self.publish(std::mem::take(&mut outgoing)).await?;
                    // A registry that does not let go forgets by itself.
                    let _ = self.ask(|line| line.leave()).await;
                    let _ = left.send(());
                    return Err(Ending::Left);
                }
                Order::Barrier(done) => {
                    let _ = done.send(());
                }
                Order::Touch(_) | Order::Register(_) | Order::Bind(..) => {}
            }
        }
        Ok(self.publish(outgoing).await?)
    }

    /// Listens to what is wanted now, and to nothing else of these topics.
    async fn listen(&mut self, touched: BTreeSet<Topic>) -> Result<(), BusError> {
        let Some(core) = self.core.upgrade() else { return Ok(()) };
        let wanted: Vec<(Topic, bool)> =
            touched.into_iter().map(|topic| (topic.clone(), core.is_wanted(&topic))).collect();
        drop(core);
        let changed =
            wanted.into_iter().filter(|(topic, is_wanted)| self.listening.contains(topic) != *is_wanted);
        let (new, old): (Vec<_>, Vec<_>) = changed.partition(|(_, is_wanted)| *is_wanted);
        for (topics, is_wanted) in [(new, true), (old, false)] {
            let topics: Vec<Topic> = topics.into_iter().map(|(topic, _)| topic).collect();
            if topics.is_empty() {
                continue;
            }
            self.ask(|line| line.listen(topics.clone(), is_wanted)).await?;
            for topic in topics {
                if is_wanted {
                    self.listening.insert(topic);
                } else {
                    self.listening.remove(&topic);
                }
            }
        }
        Ok(())
    }

    /// Publishes in order, and says how many others heard each.
    async fn publish(&mut self, outgoing: Vec<Outgoing>) -> Result<(), BusError> {
        if outgoing.is_empty() {
            return Ok(());
        }
        let envelopes: Vec<Envelope> = outgoing.iter().map(|one| one.envelope.clone()).collect();
        let counts = self.ask(|line| line.publish(envelopes)).await?;
        for (mut one, count) in outgoing.into_iter().zip(counts) {
            one.ticket.is_out = true;
            // Of what this node listens to it hears itself.
            let is_own = self.listening.contains(&one.envelope.topic);
            // Whoever does not wait for it does not want to know.
            let _ = one.heard.send(count.saturating_sub(usize::from(is_own)));
        }
        Ok(())
    }
}

//! A bus within one process: for nodes of one program, and for tests, which can take it down.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::stream;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::{Bus, BusError, Connected, Envelope, Epoch, Incoming, Line, Topic, Unreadable, Whereabouts};
use crate::manager::socket::Pending;

/// The bus.
#[derive(Debug, Clone)]
pub struct MemoryBus {
    hub: Arc<Mutex<Hub>>,
}

#[derive(Debug)]
struct Hub {
    is_up: bool,
    /// Counts how often the registry was lost.
    epoch: u64,
    nodes: BTreeMap<String, Listener>,
    figures: BTreeMap<String, String>,
    /// By user: the connection and its node.
    connections: BTreeMap<Arc<str>, BTreeMap<String, String>>,
    runs: BTreeMap<String, String>,
}

#[derive(Debug)]
struct Listener {
    topics: BTreeSet<Topic>,
    hears: UnboundedSender<Result<Envelope, Unreadable>>,
}

impl Default for MemoryBus {
    fn default() -> Self {
        let hub = Hub {
            is_up: true,
            epoch: 1,
            nodes: BTreeMap::new(),
            figures: BTreeMap::new(),
            connections: BTreeMap::new(),
            runs: BTreeMap::new(),
        };
        Self { hub: Arc::new(Mutex::new(hub)) }
    }
}

impl MemoryBus {
    fn hub(&self) -> MutexGuard<'_, Hub> {
        self.hub.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the bus down, with all that its registry knows, or brings it up again.
    pub fn set_up(&self, is_up: bool) {
        let mut hub = self.hub();
        if hub.is_up && !is_up {
            hub.epoch += 1;
            hub.nodes.clear();
            hub.figures.clear();
            hub.connections.clear();
            hub.runs.clear();
        }
        hub.is_up = is_up;
    }
}

impl Bus for MemoryBus {
    fn connect<'a>(&'a self, node: &'a str) -> Pending<'a, Result<Connected, BusError>> {
        Box::pin(async move {
            let mut hub = self.hub();
            if !hub.is_up {
                return Err(BusError::Lost("the bus is down".to_owned()));
            }
            let (hears, heard) = unbounded_channel();
            hub.nodes.insert(node.to_owned(), Listener { topics: BTreeSet::new(), hears });
            let line: Box<dyn Line> = Box::new(MemoryLine { bus: self.clone(), node: node.to_owned() });
            let incoming: Incoming = Box::pin(stream::unfold(heard, |mut heard| async move {
                heard.recv().await.map(|envelope| (envelope, heard))
            }));
            Ok((line, incoming))
        })
    }
}

struct MemoryLine {
    bus: MemoryBus,
    node: String,
}

impl MemoryLine {
    /// Does something with the hub, as far as it is there and knows this node.
    fn with<'a, T: Send + 'a>(
        &'a self,
        work: impl FnOnce(&mut Hub, &str) -> T + Send + 'a,
    ) -> Pending<'a, Result<T, BusError>> {
        Box::pin(async move {
            let mut hub = self.bus.hub();
            if !hub.is_up || !hub.nodes.contains_key(&self.node) {
                return Err(BusError::Lost("the bus went down".to_owned()));
            }
            Ok(work(&mut hub, &self.node))
        })
    }
}

impl Hub {
    /// Takes a node out.
    fn forget(&mut self, node: &str) {
        self.nodes.remove(node);
        self.figures.remove(node);
        for connections in self.connections.values_mut() {
            connections.retain(|_, at| at != node);
        }
        self.connections.retain(|_, connections| !connections.is_empty());
    }
}

impl Line for MemoryLine {
    fn publish(&mut self, envelopes: Vec<Envelope>) -> Pending<'_, Result<Vec<usize>, BusError>> {
        self.with(|hub, _| {
            let published = envelopes.into_iter().map(|envelope| {
                let listeners = hub.nodes.values().filter(|node| node.topics.contains(&envelope.topic));
                listeners.filter(|node| node.hears.send(Ok(envelope.clone())).is_ok()).count()
            });
            published.collect()
        })
    }

    fn listen(&mut self, topics: Vec<Topic>, is_wanted: bool) -> Pending<'_, Result<(), BusError>> {
        self.with(move |hub, node| {
            let Some(listener) = hub.nodes.get_mut(node) else { return };
            for topic in topics {
                if is_wanted {
                    listener.topics.insert(topic);
                } else {
                    listener.topics.remove(&topic);
                }
            }
        })
    }

    fn register(&mut self, changes: Vec<Whereabouts>) -> Pending<'_, Result<(), BusError>> {
        self.with(|hub, node| {
            for Whereabouts { connection, user, is_here } in changes {
                let connections = hub.connections.entry(user).or_default();
                if is_here {
                    connections.insert(connection, node.to_owned());
                } else {
                    connections.remove(&connection);
                }
            }
            hub.connections.retain(|_, connections| !connections.is_empty());
        })
    }

    fn beat(&mut self, figures: String) -> Pending<'_, Result<Epoch, BusError>> {
        self.with(|hub, node| {
            hub.figures.insert(node.to_owned(), figures);
            hub.epoch.to_string()
        })
    }

    fn find(&mut self, user: Arc<str>) -> Pending<'_, Result<Vec<String>, BusError>> {
        self.with(move |hub, _| {
            hub.connections.get(&user).into_iter().flat_map(BTreeMap::keys).cloned().collect()
        })
    }

    fn nodes(&mut self) -> Pending<'_, Result<Vec<(String, String)>, BusError>> {
        self.with(|hub, _| hub.figures.clone().into_iter().collect())
    }

    fn bindings(&mut self) -> Pending<'_, Result<Vec<(String, String)>, BusError>> {
        self.with(|hub, _| hub.runs.clone().into_iter().collect())
    }

    fn bind(&mut self, runs: Vec<(String, Option<String>)>) -> Pending<'_, Result<(), BusError>> {
        self.with(|hub, _| {
            for (run, thread) in runs {
                match thread {
                    Some(thread) => hub.runs.insert(run, thread),
                    None => hub.runs.remove(&run),
                };
            }
        })
    }

    fn leave(&mut self) -> Pending<'_, Result<(), BusError>> {
        self.with(Hub::forget)
    }
}

impl Drop for MemoryLine {
    fn drop(&mut self) {
        self.bus.hub().forget(&self.node);
    }
}

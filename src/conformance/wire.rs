//! Real clients, for candidates that serve a network (L2). They read, stall, reset and break the protocol as a case wants it; what
//! they see becomes the same events as at L1.

mod client;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

use self::client::{Command, connect, serve};
use super::lines::{Endpoint, Event};

/// How long a client waits for what has to come.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the clients of a case saw and was not looked at yet.
type Seen = Arc<Mutex<Vec<Event>>>;

/// The clients of one case; they end with it.
pub(super) struct Wire {
    runtime: Runtime,
    seen: Seen,
    clients: BTreeMap<String, UnboundedSender<Command>>,
    patience: Duration,
}

impl Wire {
    pub(super) fn new(patience: f64) -> Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|error| format!("cannot start clients: {error}"))?;
        let patience = PATIENCE.mul_f64(patience);
        Ok(Self { runtime, seen: Seen::default(), clients: BTreeMap::new(), patience })
    }

    /// Connects a client. The inner error says how it was refused: the status of the answer.
    pub(super) fn connect(
        &mut self,
        name: &str,
        endpoint: &Endpoint,
        origin: Option<&str>,
    ) -> Result<Result<(), u16>, String> {
        let patience = self.patience;
        let connecting = async { tokio::time::timeout(patience, connect(endpoint, origin)).await };
        let connected = self.runtime.block_on(connecting);
        let stream = match connected {
            Ok(Ok(Ok(stream))) => stream,
            Ok(Ok(Err(status))) => return Ok(Err(status)),
            Ok(Err(error)) => return Err(format!("a client cannot connect to {}: {error}", endpoint.url)),
            Err(_elapsed) => return Err(format!("{} does not answer a client's handshake", endpoint.url)),
        };
        let (commands, orders) = tokio::sync::mpsc::unbounded_channel();
        self.runtime.spawn(serve(stream, name.to_owned(), self.seen.clone(), orders));
        self.clients.insert(name.to_owned(), commands);
        self.catch_up();
        Ok(Ok(()))
    }

    fn order(&self, name: &str, command: Command) {
        if let Some(client) = self.clients.get(name) {
            // One that has ended takes no orders.
            let _ = client.send(command);
        }
    }

    /// It reads nothing from now on.
    pub(super) fn stall(&self, name: &str) {
        self.order(name, Command::Stall);
    }

    /// It drops the connection with a reset.
    pub(super) fn reset(&self, name: &str) {
        self.order(name, Command::Reset);
    }

    /// It writes these bytes, which need be no frame.
    pub(super) fn write_raw(&self, name: &str, bytes: Vec<u8>) {
        self.order(name, Command::Raw(bytes));
    }

    /// Lets every client read what was written to it before now: a pong comes after it (RFC 6455, section 5.5.3).
    pub(super) fn catch_up(&self) {
        let waiting: Vec<oneshot::Receiver<()>> = self
            .clients
            .values()
            .map(|client| {
                let (done, is_done) = oneshot::channel();
                let _ = client.send(Command::CatchUp(done));
                is_done
            })
            .collect();
        let all = async {
            for one in waiting {
                // A client that has ended has read everything.
                let _ = one.await;
            }
        };
        let patience = self.patience;
        // One whose peer answers no ping has read what it could.
        let _ = self.runtime.block_on(async { tokio::time::timeout(patience, all).await });
    }

    /// Waits until a client's connection is over, as far as patience goes.
    pub(super) fn wait_for_end(&self, name: &str) {
        let Some(client) = self.clients.get(name) else { return };
        let patience = self.patience;
        let _ = self.runtime.block_on(async { tokio::time::timeout(patience, client.closed()).await });
    }

    /// What was seen since the last time.
    pub(super) fn take_seen(&self) -> Vec<Event> {
        std::mem::take(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

//! Virtual sockets, and the desk that everything goes out over in one order.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::conformance::channel::{Incoming, LineSink};
use crate::conformance::drivers::defect::Defect;
use crate::conformance::lines::{Call, Event, FromDriver, Mode, Outcome, Reply, Request};
use crate::manager::socket::{Frame, Pending, Socket, SocketClosed};

/// Where lines go out, through the defect of a broken manager.
pub(super) struct Desk {
    inner: Mutex<(LineSink, Box<dyn Defect>)>,
    activity: AtomicU64,
}

impl Desk {
    pub(super) fn new(sink: LineSink, defect: Box<dyn Defect>) -> Self {
        Self { inner: Mutex::new((sink, defect)), activity: AtomicU64::new(0) }
    }

    fn inner(&self) -> MutexGuard<'_, (LineSink, Box<dyn Defect>)> {
        self.activity.fetch_add(1, Ordering::Relaxed);
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Grows with everything that happens.
    pub(super) fn activity(&self) -> u64 {
        self.activity.load(Ordering::Relaxed)
    }

    pub(super) fn instead_of(&self, request: Request) -> Vec<Request> {
        self.inner().1.request(request)
    }

    pub(super) fn answer(&self, id: u64, call: &Call, outcome: Outcome) {
        let mut inner = self.inner();
        if let Some(outcome) = inner.1.outcome(call, outcome)
            && id > 0
        {
            write(&inner.0, &FromDriver::Reply(Reply::new(id, outcome)));
        }
    }

    fn tell(&self, event: Event) {
        let mut inner = self.inner();
        for event in inner.1.event(event) {
            write(&inner.0, &FromDriver::Event(event));
        }
    }

    fn count(&self) {
        self.activity.fetch_add(1, Ordering::Relaxed);
    }
}

fn write(sink: &LineSink, line: &FromDriver) {
    if let Ok(line) = serde_json::to_string(line) {
        // Who does not listen any more needs no lines.
        let _ = sink.send(Incoming::Line(line));
    }
}

/// A socket whose peer does what it is told.
pub(super) struct VirtualSocket {
    name: String,
    state: Mutex<State>,
    changed: Notify,
    is_forgotten: AtomicBool,
    desk: Arc<Desk>,
}

struct State {
    mode: Mode,
    last_ping: Option<Vec<u8>>,
}

impl VirtualSocket {
    pub(super) fn new(name: &str, mode: Mode, desk: Arc<Desk>) -> Arc<Self> {
        let state = Mutex::new(State { mode, last_ping: None });
        let is_forgotten = AtomicBool::new(false);
        Arc::new(Self { name: name.to_owned(), state, changed: Notify::new(), is_forgotten, desk })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_mode(&self, mode: Mode) {
        self.state().mode = mode;
        self.changed.notify_waiters();
    }

    /// The payload of the last ping.
    pub(super) fn last_ping(&self) -> Option<Vec<u8>> {
        self.state().last_ping.clone()
    }

    /// Tells nothing any more.
    pub(super) fn forget(&self) {
        self.is_forgotten.store(true, Ordering::Relaxed);
    }

    fn tell(&self, event: Event) {
        if !self.is_forgotten.load(Ordering::Relaxed) {
            self.desk.tell(event);
        }
    }

    /// Waits for a peer that takes.
    async fn wait_to_write(&self) -> Result<(), SocketClosed> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            match self.state().mode {
                Mode::Ok => return Ok(()),
                Mode::Fail | Mode::Closed => return Err(SocketClosed),
                Mode::Hang => {}
            }
            changed.await;
        }
    }
}

impl Socket for VirtualSocket {
    fn feed(&self, frame: Frame) -> Pending<'_, Result<(), SocketClosed>> {
        Box::pin(async move {
            self.desk.count();
            self.wait_to_write().await?;
            let socket = self.name.clone();
            match frame {
                Frame::Text(text) => {
                    self.tell(Event::Send { socket, message: Some(text.to_string()), bytes: None });
                }
                Frame::Ping(payload) => {
                    self.state().last_ping = Some(payload);
                    self.tell(Event::Ping { socket });
                }
            }
            Ok(())
        })
    }

    fn flush(&self) -> Pending<'_, Result<(), SocketClosed>> {
        Box::pin(async { Ok(()) })
    }

    fn close(&self, code: u16, _reason: &str) -> Pending<'_, ()> {
        Box::pin(async move {
            self.desk.count();
            if self.wait_to_write().await.is_ok() {
                self.tell(Event::Close { socket: self.name.clone(), code });
            }
            self.set_mode(Mode::Closed);
        })
    }

    fn abort(&self) {
        self.tell(Event::Abort { socket: self.name.clone() });
        self.set_mode(Mode::Closed);
    }
}

//! Sockets without a network, whose peer does what a test says.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::socket::{Frame, Pending, Socket, SocketClosed};

/// How the peer of a [`MemorySocket`] behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It takes everything at once.
    Ok,
    /// It takes nothing, and does not say so.
    Hang,
    /// Every write fails.
    Fail,
    /// It has closed.
    Closed,
}

/// What reached the peer, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A message.
    Text(String),
    /// A ping.
    Ping(Vec<u8>),
    /// The socket was closed with this code.
    Close(u16),
    /// The socket was dropped.
    Abort,
}

/// A socket that keeps what is written to it.
#[derive(Debug)]
pub struct MemorySocket {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    mode: Mode,
    events: Vec<Event>,
}

impl MemorySocket {
    /// A socket whose peer behaves so.
    #[must_use]
    pub fn new(mode: Mode) -> Arc<Self> {
        let state = State { mode, events: Vec::new() };
        Arc::new(Self { state: Mutex::new(state), changed: Notify::new() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The peer behaves differently from now on; a write that hangs goes on accordingly.
    pub fn set_mode(&self, mode: Mode) {
        self.state().mode = mode;
        self.changed.notify_waiters();
    }

    /// What reached the peer so far.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.state().events.clone()
    }

    /// The messages among it.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        let texts = self.events().into_iter().filter_map(|event| match event {
            Event::Text(text) => Some(text),
            Event::Ping(_) | Event::Close(_) | Event::Abort => None,
        });
        texts.collect()
    }

    /// The code that it was closed with.
    #[must_use]
    pub fn close_code(&self) -> Option<u16> {
        self.events().into_iter().find_map(|event| match event {
            Event::Close(code) => Some(code),
            Event::Text(_) | Event::Ping(_) | Event::Abort => None,
        })
    }

    /// Waits for a peer that takes, and lets it take.
    async fn take(&self, event: Event) -> Result<(), SocketClosed> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            {
                let mut state = self.state();
                match state.mode {
                    Mode::Ok => {
                        state.events.push(event);
                        return Ok(());
                    }
                    Mode::Fail | Mode::Closed => return Err(SocketClosed),
                    Mode::Hang => {}
                }
            }
            changed.await;
        }
    }
}

impl Socket for MemorySocket {
    fn feed(&self, frame: Frame) -> Pending<'_, Result<(), SocketClosed>> {
        let event = match frame {
            Frame::Text(text) => Event::Text(text.to_string()),
            Frame::Ping(payload) => Event::Ping(payload),
        };
        Box::pin(self.take(event))
    }

    fn flush(&self) -> Pending<'_, Result<(), SocketClosed>> {
        Box::pin(async { Ok(()) })
    }

    fn close(&self, code: u16, _reason: &str) -> Pending<'_, ()> {
        // That it was asked for is known even where the peer takes nothing.
        let mut state = self.state();
        state.events.push(Event::Close(code));
        state.mode = Mode::Closed;
        Box::pin(async {})
    }

    fn abort(&self) {
        let mut state = self.state();
        state.events.push(Event::Abort);
        state.mode = Mode::Closed;
        drop(state);
        self.changed.notify_waiters();
    }
}

//! The queue of one connection: bounded, in order, with an end.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tungstenite::Utf8Bytes;

use super::limits::{Limits, Overflow};
use super::session::Session;
use super::socket::Frame;
use super::socket::close::TRY_AGAIN;

/// What waits for one connection. Whoever puts something in never waits.
#[derive(Debug)]
pub(super) struct Outbox {
    state: Mutex<State>,
    /// Keeps what leaves the queue, and what is left in it, for a client that comes back.
    session: Option<Arc<Session>>,
    changed: Notify,
    cut: Notify,
}

#[derive(Debug)]
struct State {
    /// What is written before any message: no part of the session that is to be kept, or kept already.
    ahead: VecDeque<Utf8Bytes>,
    messages: VecDeque<Utf8Bytes>,
    bytes: usize,
    /// Overtakes messages: health must not depend on how much is queued.
    ping: Option<Vec<u8>>,
    ending: Option<Ending>,
}

/// How a connection ends. The first ending counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ending {
    /// Close code.
    pub(super) code: u16,
    /// Close reason.
    pub(super) reason: &'static str,
    /// Whether the session may go on in another connection.
    pub(super) can_resume: bool,
}

/// The ending of a connection whose queue is full.
const OVERFLOW: Ending = Ending { code: TRY_AGAIN, reason: "reads too slowly", can_resume: true };

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Push {
    /// It waits.
    Queued,
    /// It waits, and so many older ones went for it.
    QueuedFor(usize),
    /// The queue is full, and it is not in it.
    Dropped,
    /// The queue is full, and the connection ends for it; so many messages went.
    Overflowed(usize),
    /// The connection takes no more.
    Ended,
}

/// What is to be done next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Write this.
    Write(Frame),
    /// Nothing waits: what was written can be sent on its way.
    Idle,
    /// Close: everything before it was taken.
    End(Ending),
}

impl Outbox {
    /// A queue that writes `ahead` before anything else, whatever the limits.
    pub(super) fn new(session: Option<Arc<Session>>, ahead: Vec<Utf8Bytes>) -> Self {
        let state =
            State { ahead: ahead.into(), messages: VecDeque::new(), bytes: 0, ping: None, ending: None };
        Self { state: Mutex::new(state), session, changed: Notify::new(), cut: Notify::new() }
    }

    /// The session that outlives the connection.
    pub(super) fn session(&self) -> Option<&Arc<Session>> {
        self.session.as_ref()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a message in.
    pub(super) fn push(&self, message: &Utf8Bytes, limits: &Limits) -> Push {
        let mut state = self.state();
        if let Some(ending) = state.ending {
            if ending.can_resume {
                self.record([message]);
            }
            return Push::Ended;
        }
        let is_full = |state: &State| {
            !state.messages.is_empty()
                && (state.messages.len() >= limits.queue_messages
                    || state.bytes + message.len() > limits.queue_bytes)
        };
        let mut gone = 0;
        if is_full(&state) {
            match limits.overflow {
                Overflow::DropNewest => return Push::Dropped,
                Overflow::Close => {
                    state.ending = Some(OVERFLOW);
                    let gone = self.let_go(&mut state);
                    self.record([message]);
                    drop(state);
                    self.cut.notify_one();
                    self.changed.notify_one();
                    return Push::Overflowed(gone);
                }
                Overflow::DropOldest => {
                    while is_full(&state) {
                        let oldest = state.messages.pop_front();
                        state.bytes -= oldest.map_or(0, |oldest| oldest.len());
                        gone += 1;
                    }
                }
            }
        }
        state.bytes += message.len();
        state.messages.push_back(message.clone());
        drop(state);
        self.changed.notify_one();
        if gone == 0 { Push::Queued } else { Push::QueuedFor(gone) }
    }

    /// Asks for a ping; it overtakes what waits.
    pub(super) fn ping(&self, payload: Vec<u8>) {
        self.state().ping = Some(payload);
        self.changed.notify_one();
    }

    /// Takes no more; what waits is still written.
    pub(super) fn end(&self, ending: Ending) {
        self.state().ending.get_or_insert(ending);
        self.changed.notify_one();
    }

    /// Takes no more, and lets go of what waits: how much that was.
    pub(super) fn cut(&self, ending: Ending) -> usize {
        let mut state = self.state();
        state.ending.get_or_insert(ending);
        let gone = self.let_go(&mut state);
        drop(state);
        self.cut.notify_one();
        self.changed.notify_one();
        gone
    }

    /// Lets go of what waits: how many messages are lost for it. What a session keeps is not.
    fn let_go(&self, state: &mut State) -> usize {
        let rest = std::mem::take(&mut state.messages);
        state.ahead = VecDeque::new();
        state.bytes = 0;
        state.ping = None;
        let can_resume = state.ending.is_some_and(|ending| ending.can_resume);
        if can_resume && self.session.is_some() {
            self.record(&rest);
            0
        } else {
            rest.len()
        }
    }

    /// Keeps messages for a client that comes back. Under the queue's lock: in the order of the queue.
    fn record<'m>(&self, messages: impl IntoIterator<Item = &'m Utf8Bytes>) {
        if let Some(session) = &self.session {
            for message in messages {
                session.record(message);
            }
        }
    }

    /// Whether the session goes on after the connection; false while it has not ended.
    pub(super) fn can_resume(&self) -> bool {
        self.session.is_some() && self.state().ending.is_some_and(|ending| ending.can_resume)
    }

    /// Waits until what waited was let go of: how the connection ends.
    pub(super) async fn was_cut(&self) -> Ending {
        loop {
            self.cut.notified().await;
            if let Some(ending) = self.state().ending {
                return ending;
            }
        }
    }

    /// How many messages wait, and their bytes.
    pub(super) fn waiting(&self) -> (usize, usize) {
        let state = self.state();
        (state.messages.len(), state.bytes)
    }

    /// What to do next, as things stand.
    pub(super) fn next(&self) -> Next {
        let mut state = self.state();
        if let Some(payload) = state.ping.take() {
            return Next::Write(Frame::Ping(payload));
        }
        if let Some(message) = state.ahead.pop_front() {
            return Next::Write(Frame::Text(message));
        }
        if let Some(message) = state.messages.pop_front() {
            state.bytes -= message.len();
            self.record([&message]);
            return Next::Write(Frame::Text(message));
        }
        // Room for a burst that has passed is given back.
        if state.messages.capacity() > 64 {
            state.messages = VecDeque::new();
        }
        state.ending.map_or(Next::Idle, Next::End)
    }

    /// Waits until something has changed since the last time.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(overflow: Overflow) -> (Outbox, Limits) {
        let limits = Limits { queue_messages: 2, queue_bytes: 10, overflow, ..Limits::default() };
        let outbox = Outbox::new(None, Vec::new());
        assert_eq!(outbox.push(&"one".into(), &limits), Push::Queued);
        assert_eq!(outbox.push(&"two".into(), &limits), Push::Queued);
        (outbox, limits)
    }

    fn rest(outbox: &Outbox) -> Vec<String> {
        let mut found = Vec::new();
        while let Next::Write(Frame::Text(text)) = outbox.next() {
            found.push(text.to_string());
        }
        found
    }

    #[test]
    fn a_full_queue_does_what_was_said() {
        let (outbox, limits) = filled(Overflow::DropNewest);
        assert_eq!(outbox.push(&"three".into(), &limits), Push::Dropped);
        assert_eq!(rest(&outbox), ["one", "two"]);

        let (outbox, limits) = filled(Overflow::DropOldest);
        assert_eq!(outbox.push(&"three".into(), &limits), Push::QueuedFor(1));
        assert_eq!(outbox.push(&"123456789".into(), &limits), Push::QueuedFor(2));
        assert_eq!(outbox.push(&"longer than all".into(), &limits), Push::QueuedFor(1));
        assert_eq!((rest(&outbox), outbox.waiting()), (vec!["longer than all".to_owned()], (0, 0)));

        let (outbox, limits) = filled(Overflow::Close);
        assert_eq!(outbox.push(&"three".into(), &limits), Push::Overflowed(2));
        assert_eq!(outbox.push(&"four".into(), &limits), Push::Ended);
        assert!(matches!(outbox.next(), Next::End(Ending { code: 1013, .. })));
    }

    #[test]
    fn an_end_comes_after_what_waits_and_the_first_one_counts() {
        let (outbox, _) = filled(Overflow::Close);
        outbox.end(Ending { code: 1000, reason: "first", can_resume: false });
        outbox.end(Ending { code: 1001, reason: "second", can_resume: false });
        outbox.ping(b"p".to_vec());
        assert_eq!(outbox.next(), Next::Write(Frame::Ping(b"p".to_vec())));
        assert_eq!(rest(&outbox), ["one", "two"]);
        assert_eq!(outbox.next(), Next::End(Ending { code: 1000, reason: "first", can_resume: false }));
    }
}

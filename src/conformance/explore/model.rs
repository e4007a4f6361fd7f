//! What is allowed: the simplest manager that keeps the protocol, with what may be one way or the other left open.

use std::collections::BTreeMap;

use super::Operation;
use crate::conformance::lines::Mode;

/// A manager as it has to look from outside.
#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    pub(super) sockets: BTreeMap<usize, ModelSocket>,
}

#[derive(Debug, Clone)]
pub(super) struct ModelSocket {
    pub(super) user: String,
    thread: Option<String>,
    mode: Mode,
    state: State,
    /// What reached the peer.
    pub(super) got: Vec<usize>,
    /// What waits for it.
    waiting: Vec<usize>,
    /// Of these the peer may get the first ones, as many as it likes.
    pub(super) may_get: Vec<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Live,
    /// A write has failed, and everybody will know when things have settled.
    Failing,
    Ended,
}

/// What a send may return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Returns {
    True,
    False,
    /// That depends on when a failure is found out.
    Either,
    /// It is no send.
    Nothing,
}

impl Model {
    /// Whether an operation makes sense: what was cut out of a history may have been its ground.
    pub(super) fn takes(&self, operation: &Operation) -> bool {
        match operation {
            Operation::Connect { socket, .. } => !self.sockets.contains_key(socket),
            Operation::LookAt { socket, .. } => self
                .sockets
                .get(socket)
                .is_some_and(|socket| socket.state == State::Live && socket.mode == Mode::Ok),
            Operation::Disconnect { socket } | Operation::SetMode { socket, .. } => {
                self.sockets.contains_key(socket)
            }
            Operation::Send { .. } | Operation::SendToThread { .. } => true,
            Operation::Overlap { calls } => !calls.is_empty(),
        }
    }

    /// What happens, and what a send may return. Overlapping calls are applied one by one.
    pub(super) fn apply(&mut self, operation: &Operation) -> Returns {
        match operation {
            Operation::Connect { socket, user, thread } => {
                self.sockets.entry(*socket).or_insert_with(|| ModelSocket::new(user, thread.as_deref()));
            }
            Operation::LookAt { socket, thread } => {
                if let Some(socket) =
                    self.sockets.get_mut(socket).filter(|socket| socket.state == State::Live)
                {
                    socket.thread.clone_from(thread);
                }
            }
            Operation::Disconnect { socket } => {
                if let Some(socket) = self.sockets.get_mut(socket) {
                    socket.end();
                }
            }
            Operation::Send { user, message } => return self.send(*message, |socket| socket.user == *user),
            Operation::SendToThread { thread, message } => {
                return self.send(*message, |socket| socket.thread.as_ref() == Some(thread));
            }
            Operation::SetMode { socket, mode } => {
                if let Some(socket) = self.sockets.get_mut(socket) {
                    socket.set_mode(*mode);
                }
            }
            Operation::Overlap { calls } => {
                for call in calls {
                    self.apply(call);
                }
            }
        }
        Returns::Nothing
    }

    fn send(&mut self, message: usize, is_meant: impl Fn(&ModelSocket) -> bool) -> Returns {
        let (mut is_certain, mut is_possible) = (false, false);
        let meant = self.sockets.values_mut().filter(|socket| is_meant(socket));
        for socket in meant {
            match socket.state {
                State::Live => is_certain |= socket.take(message),
                State::Failing => is_possible = true,
                State::Ended => {}
            }
            is_possible |= socket.state == State::Failing;
        }
        match (is_certain, is_possible) {
            (true, _) => Returns::True,
            (false, true) => Returns::Either,
            (false, false) => Returns::False,
        }
    }

    /// Everything that happens without time has happened.
    pub(super) fn settle(&mut self) {
        for socket in self.sockets.values_mut().filter(|socket| socket.state == State::Failing) {
            socket.state = State::Ended;
        }
    }

    /// Whether some peer takes nothing: then a call may still be under way.
    pub(super) fn is_any_hung(&self) -> bool {
        self.sockets.values().any(|socket| socket.mode == Mode::Hang)
    }
}

impl ModelSocket {
    fn new(user: &str, thread: Option<&str>) -> Self {
        Self {
            user: user.to_owned(),
            thread: thread.map(str::to_owned),
            mode: Mode::Ok,
            state: State::Live,
            got: Vec::new(),
            waiting: Vec::new(),
            may_get: Vec::new(),
        }
    }

    /// Whether a message certainly waits or arrives.
    fn take(&mut self, message: usize) -> bool {
        match self.mode {
            Mode::Ok => {
                self.got.push(message);
                true
            }
            Mode::Hang => {
                self.waiting.push(message);
                true
            }
            Mode::Fail | Mode::Closed => {
                self.state = State::Failing;
                false
            }
        }
    }

    fn end(&mut self) {
        self.state = State::Ended;
        // Whether what waits is still written when the peer takes again is the candidate's to say.
        self.may_get.append(&mut self.waiting);
    }

    fn set_mode(&mut self, mode: Mode) {
        self.mode = mode;
        match mode {
            Mode::Ok => self.got.append(&mut self.waiting),
            Mode::Hang => {}
            Mode::Fail | Mode::Closed if !self.waiting.is_empty() => {
                self.waiting.clear();
                self.state = State::Failing;
            }
            Mode::Fail | Mode::Closed => {}
        }
    }

    /// Whether a peer may have got exactly this.
    pub(super) fn allows(&self, seen: &[usize]) -> bool {
        let rest = seen.strip_prefix(self.got.as_slice());
        rest.is_some_and(|rest| self.may_get.starts_with(rest))
    }
}

//! What a defect knows of the manager that it breaks.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::conformance::lines::{Call, Mode, Outcome, Request};

/// A socket that is or was a connection.
#[derive(Debug, Clone)]
pub(super) struct Seat {
    pub(super) socket: String,
    pub(super) user: String,
    pub(super) thread: Option<String>,
    pub(super) id: Value,
    pub(super) mode: Mode,
    pub(super) was_hung: bool,
    pub(super) connects: usize,
    pub(super) disconnects: usize,
}

impl Seat {
    pub(super) fn is_live(&self) -> bool {
        self.disconnects == 0
    }
}

/// What was asked for since the last reset.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) seats: Vec<Seat>,
    pub(super) kept: BTreeMap<String, Value>,
    pub(super) bound: BTreeMap<String, String>,
    pub(super) shutdowns: usize,
    pub(super) cancels: usize,
    /// Requests as they stand, for words in them.
    pub(super) last_send: String,
    /// For the defect to count with.
    pub(super) count: usize,
    /// For the defect to hold back.
    pub(super) held: Vec<Request>,
    pub(super) held_events: Vec<crate::conformance::lines::Event>,
    pub(super) texts: Vec<String>,
}

impl Memory {
    /// Before a request is performed.
    pub(super) fn learn(&mut self, request: &Request) {
        match &request.call {
            Call::Reset { .. } => *self = Self::default(),
            Call::ConnectUser { user_id, socket, thread_id, .. } => {
                if let Some(seat) = self.seats.iter_mut().find(|seat| seat.socket == *socket) {
                    seat.connects += 1;
                } else {
                    self.seats.push(Seat {
                        socket: socket.clone(),
                        user: user_id.clone(),
                        thread: thread_id.clone(),
                        id: Value::Null,
                        mode: Mode::Ok,
                        was_hung: false,
                        connects: 1,
                        disconnects: 0,
                    });
                }
            }
            Call::DisconnectUser { user_id, socket, .. } => {
                let own = self.seats.iter_mut().find(|seat| seat.socket == *socket && seat.user == *user_id);
                if let Some(seat) = own {
                    seat.disconnects += 1;
                }
            }
            Call::SocketMode { socket, mode } => {
                if let Some(seat) = self.seats.iter_mut().find(|seat| seat.socket == *socket) {
                    seat.mode = *mode;
                    seat.was_hung |= *mode == Mode::Hang;
                }
            }
            Call::MessageNew { name, value } => {
                self.kept.insert(name.clone(), value.clone());
            }
            Call::MessageSet { name, key, value } => {
                if let Some(Value::Object(entries)) = self.kept.get_mut(name) {
                    entries.insert(key.clone(), value.clone());
                }
            }
            Call::Shutdown { .. } => self.shutdowns += 1,
            Call::Cancel { .. } => self.cancels += 1,
            Call::SendToUser { message, .. } | Call::SendToThread { message, .. } => {
                self.last_send = message.to_string();
            }
            Call::BindRun { run_id, thread_id, .. } => {
                self.bound.entry(run_id.clone()).or_insert_with(|| thread_id.clone());
            }
            Call::Hello { .. }
            | Call::SocketNew { .. }
            | Call::SocketPong { .. }
            | Call::SendAgentUpdate { .. }
            | Call::CheckConnectionHealth { .. }
            | Call::GetStats { .. }
            | Call::SendToConnection { .. }
            | Call::Broadcast { .. }
            | Call::FindUserConnections { .. }
            | Call::Settle {}
            | Call::Advance { .. }
            | Call::Endpoint { .. }
            | Call::Backplane { .. }
            | Call::Stop {} => {}
        }
    }

    /// After a call has ended.
    pub(super) fn learn_outcome(&mut self, call: &Call, outcome: &Outcome) {
        if let (Call::ConnectUser { socket, .. }, Ok(id)) = (call, outcome)
            && let Some(seat) = self.seats.iter_mut().find(|seat| seat.socket == *socket)
        {
            seat.id = id.clone();
        }
    }

    pub(super) fn seat(&self, socket: &str) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.socket == socket)
    }

    pub(super) fn seat_of_id(&self, id: &Value) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.id == *id)
    }

    pub(super) fn live(&self) -> impl DoubleEndedIterator<Item = &Seat> {
        self.seats.iter().filter(|seat| seat.is_live())
    }

    pub(super) fn live_of<'a>(&'a self, user: &'a str) -> impl DoubleEndedIterator<Item = &'a Seat> {
        self.live().filter(move |seat| seat.user == user)
    }

    pub(super) fn live_in<'a>(&'a self, thread: &'a str) -> impl DoubleEndedIterator<Item = &'a Seat> {
        self.live().filter(move |seat| seat.thread.as_deref() == Some(thread))
    }

    pub(super) fn is_any_hung(&self) -> bool {
        self.seats.iter().any(|seat| seat.mode == Mode::Hang)
    }
}

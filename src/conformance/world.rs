//! What a case speaks to: users' peers and the manager, whatever the sockets are.

mod checks;
mod clients;
mod peers;

use serde_json::{Map, Value};

pub(super) use self::checks::ensure;
pub(super) use self::peers::Peer;
use super::lines::{Call, Event, Level, Mode, Outcome, TroubleKind};
use super::session::{Session, Ticket, is_unsupported};
use super::verdict::Stop;
use super::wire::Wire;

/// The outcome of a case or of a part of one.
pub(super) type Judged<T = ()> = Result<T, Stop>;

/// A fresh manager and its peers.
pub(super) struct World<'s> {
    session: &'s mut Session,
    /// The node that calls go to.
    node: u32,
    sockets: usize,
    /// Clients, where sockets are no objects of the driver.
    wire: Option<Wire>,
}

impl<'s> World<'s> {
    pub(super) fn new(session: &'s mut Session) -> Judged<Self> {
        let wire = match session.hello.level {
            Level::L1 => None,
            Level::L2 => Some(Wire::new(session.patience()).map_err(Stop::Errored)?),
        };
        Ok(Self { session, node: 0, sockets: 0, wire })
    }

    /// Calls go to this node from now on.
    pub(super) fn on_node(&mut self, node: u32) {
        self.node = node;
    }

    pub(super) fn has(&self, capability: &str) -> bool {
        self.session.has(capability)
    }

    /// What happened so far, in order.
    pub(super) fn events(&self) -> &[Event] {
        self.session.events()
    }

    /// Makes a call and waits for its end, however it ends.
    pub(super) fn call(&mut self, call: Call) -> Judged<Outcome> {
        self.check_has(&call)?;
        let outcome = self.session.call(call)?;
        sensible(outcome)
    }

    /// Begins a call that may take long.
    pub(super) fn begin(&mut self, call: Call) -> Judged<Ticket> {
        self.check_has(&call)?;
        Ok(self.session.begin(call))
    }

    /// How a call that was begun has ended, if it has.
    pub(super) fn ended(&self, ticket: Ticket) -> Judged<Option<Outcome>> {
        self.session.answer(ticket).cloned().map(sensible).transpose()
    }

    fn check_has(&self, call: &Call) -> Judged {
        if call.is_of_manager() && !self.has(call.op()) {
            return Err(Stop::failed(
                format!("the candidate has `{}`", call.op()),
                "it does not announce it",
            ));
        }
        Ok(())
    }

    /// Lets everything happen that happens without time.
    pub(super) fn settle(&mut self) -> Judged {
        self.plain(Call::Settle {})?;
        self.catch_up();
        Ok(())
    }

    /// Takes over what clients saw.
    fn catch_up(&mut self) {
        if let Some(wire) = &self.wire {
            wire.catch_up();
            for event in wire.take_seen() {
                self.session.note(event);
            }
        }
    }

    /// Lets time pass.
    pub(super) fn advance(&mut self, ms: u64) -> Judged {
        self.plain(Call::Advance { ms })
    }

    /// An operation of the driver itself, which has to work.
    pub(super) fn plain(&mut self, call: Call) -> Judged {
        let op = call.op();
        match self.session.call(call)? {
            Ok(_) => Ok(()),
            outcome if is_unsupported(&outcome) => sensible(outcome).map(drop),
            Err(trouble) => Err(Stop::Errored(format!("{op} did not work: {}", trouble.message))),
        }
    }

    /// Sends to a user: what it answered.
    pub(super) fn send(&mut self, user: &str, message: &Value) -> Judged<bool> {
        let call = self.sending(user, message);
        self.truth(call)
    }

    /// Sends to a thread: what it answered.
    pub(super) fn send_to_thread(&mut self, thread: &str, message: &Value) -> Judged<bool> {
        let call = self.sending_to_thread(thread, message);
        self.truth(call)
    }

    /// Sends an update of a run.
    pub(super) fn update(&mut self, run: &str, agent: &str, update: &Value) -> Judged {
        let call = Call::SendAgentUpdate {
            run_id: run.to_owned(),
            agent_name: agent.to_owned(),
            update: update.clone(),
            node: self.node,
        };
        self.returns(call).map(drop)
    }

    /// Sends to everybody else.
    pub(super) fn broadcast(&mut self, message: &Value, exclude: &[&str]) -> Judged {
        let call = self.broadcasting(message, exclude);
        self.returns(call).map(drop)
    }

    /// Whether a connection is healthy.
    pub(super) fn is_healthy(&mut self, connection: &Value) -> Judged<bool> {
        self.truth(Call::CheckConnectionHealth { connection_id: connection.clone(), node: self.node })
    }

    /// The figures.
    pub(super) fn stats(&mut self) -> Judged<Map<String, Value>> {
        match self.returns(Call::GetStats { node: self.node })? {
            Value::Object(figures) => Ok(figures),
            other => Err(Stop::failed("`get_stats` returns an object", shown(&other))),
        }
    }

    /// The connections of a user.
    pub(super) fn find(&mut self, user: &str) -> Judged<Vec<Value>> {
        match self.returns(Call::FindUserConnections { user_id: user.to_owned(), node: self.node })? {
            Value::Array(ids) => Ok(ids),
            other => Err(Stop::failed("`find_user_connections` returns ids of connections", shown(&other))),
        }
    }

    /// Ends a user's connection.
    pub(super) fn disconnect(&mut self, user: &str, peer: &Peer) -> Judged {
        let call =
            Call::DisconnectUser { user_id: user.to_owned(), socket: peer.socket.clone(), node: self.node };
        self.returns(call).map(drop)
    }

    pub(super) fn sending(&self, user: &str, message: &Value) -> Call {
        Call::SendToUser { user_id: user.to_owned(), message: message.clone(), node: self.node }
    }

    pub(super) fn sending_to_thread(&self, thread: &str, message: &Value) -> Call {
        Call::SendToThread { thread_id: thread.to_owned(), message: message.clone(), node: self.node }
    }

    pub(super) fn broadcasting(&self, message: &Value, exclude: &[&str]) -> Call {
        let exclude_users = exclude.iter().map(|user| (*user).to_owned()).collect();
        Call::Broadcast { message: message.clone(), exclude_users, node: self.node }
    }

    /// The value of a call that has to return.
    pub(super) fn returns(&mut self, call: Call) -> Judged<Value> {
        let op = call.op();
        self.call(call)?.map_err(|trouble| {
            Stop::failed(format!("`{op}` returns"), format!("it raised: {}", trouble.message))
        })
    }

    pub(super) fn truth(&mut self, call: Call) -> Judged<bool> {
        let op = call.op();
        match self.returns(call)? {
            Value::Bool(answer) => Ok(answer),
            other => Err(Stop::failed(format!("`{op}` returns true or false"), shown(&other))),
        }
    }

    /// Changes how a peer behaves.
    pub(super) fn set_mode(&mut self, peer: &Peer, mode: Mode) -> Judged {
        self.plain(Call::SocketMode { socket: peer.socket.clone(), mode })
    }
}

/// An outcome that says something of the candidate.
fn sensible(outcome: Outcome) -> Judged<Outcome> {
    let Err(trouble) = &outcome else { return Ok(outcome) };
    match trouble.kind {
        TroubleKind::Raised | TroubleKind::Cancelled => Ok(outcome),
        TroubleKind::Unsupported => Err(Stop::Skipped(format!("unsupported: {}", trouble.message))),
        TroubleKind::Invalid => {
            Err(Stop::Errored(format!("the driver finds no sense in a request: {}", trouble.message)))
        }
    }
}

/// A value as it is shown in a failure.
pub(super) fn shown(value: &Value) -> String {
    const LONGEST: usize = 400;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text,
    }
}

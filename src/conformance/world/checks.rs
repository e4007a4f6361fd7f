//! What a case expects, and how it says so.

use std::fmt::Display;

use serde_json::Value;

use super::{Judged, Peer, World, shown};
use crate::conformance::lines::{Call, Outcome};
use crate::conformance::session::Ticket;
use crate::conformance::verdict::Stop;

/// Fails where it does not hold.
pub(in crate::conformance) fn ensure(holds: bool, expected: impl Display, seen: impl Display) -> Judged {
    if holds { Ok(()) } else { Err(Stop::failed(expected.to_string(), seen.to_string())) }
}

impl World<'_> {
    /// A peer got these messages, in this order, and nothing else.
    pub(in crate::conformance) fn check_received(&self, peer: &Peer, expected: &[Value]) -> Judged {
        let seen = self.received(peer)?;
        let messages = |list: &[Value]| match list {
            [] => "nothing".to_owned(),
            list => shown(&Value::Array(list.to_vec())),
        };
        let (name, user) = (&peer.socket, &peer.user);
        ensure(
            seen == expected,
            format!("socket {name} of user {user:?} gets {}", messages(expected)),
            format!("it gets {}", messages(&seen)),
        )
    }

    /// Sends to a user, which is answered so.
    pub(in crate::conformance) fn check_send(
        &mut self,
        user: &str,
        message: &Value,
        expected: bool,
    ) -> Judged {
        let seen = self.send(user, message)?;
        ensure(seen == expected, format!("`send_to_user` to {user:?} returns {expected}"), seen)
    }

    /// Sends to a thread, which is answered so.
    pub(in crate::conformance) fn check_send_to_thread(
        &mut self,
        thread: &str,
        message: &Value,
        expected: bool,
    ) -> Judged {
        let seen = self.send_to_thread(thread, message)?;
        ensure(seen == expected, format!("`send_to_thread` to {thread:?} returns {expected}"), seen)
    }

    /// A connection's health is this.
    pub(in crate::conformance) fn check_health(
        &mut self,
        connection: &Value,
        expected: bool,
        when: &str,
    ) -> Judged {
        let seen = self.is_healthy(connection)?;
        ensure(seen == expected, format!("`check_connection_health` returns {expected} {when}"), seen)
    }

    /// A call that was begun has ended.
    pub(in crate::conformance) fn check_ended(&self, ticket: Ticket, what: &str) -> Judged<Outcome> {
        self.ended(ticket)?.ok_or_else(|| Stop::failed(format!("{what} ends"), "it still goes on"))
    }

    /// A call that was begun has returned this.
    pub(in crate::conformance) fn check_returned(
        &self,
        ticket: Ticket,
        what: &str,
        expected: &Value,
    ) -> Judged {
        match self.check_ended(ticket, what)? {
            Ok(value) => ensure(value == *expected, format!("{what} returns {expected}"), shown(&value)),
            Err(trouble) => Err(Stop::failed(
                format!("{what} returns {expected}"),
                format!("it raised: {}", trouble.message),
            )),
        }
    }

    /// Sends something that may be refused: by false or by raising, and then nothing is sent. True when it was taken.
    pub(in crate::conformance) fn offer(&mut self, peer: &Peer, message: &Value) -> Judged<bool> {
        let before = self.texts(peer)?.len();
        let call: Call = self.sending(&peer.user, message);
        let outcome = self.call(call)?;
        self.settle()?;
        let sent = self.received(peer)?.len() - before;
        match outcome {
            Ok(Value::Bool(true)) => {
                ensure(
                    sent == 1,
                    "what `send_to_user` returns true for is sent once",
                    format!("it is sent {sent} times"),
                )?;
                Ok(true)
            }
            Ok(Value::Bool(false)) | Err(_) => {
                ensure(
                    sent == 0,
                    "nothing is sent of a message that is refused",
                    format!("{sent} messages"),
                )?;
                Ok(false)
            }
            Ok(other) => Err(Stop::failed("`send_to_user` returns true or false", shown(&other))),
        }
    }

    /// A peer's connection works: a message gets through, once, and the socket was not closed.
    pub(in crate::conformance) fn check_works(&mut self, peer: &Peer) -> Judged {
        let before = self.texts(peer)?.len();
        let message = serde_json::json!({ "type": "still-there" });
        self.check_send(&peer.user, &message, true)?;
        self.settle()?;
        let after = self.received(peer)?;
        ensure(
            after[before..] == [message],
            format!("socket {} still gets what is sent", peer.socket),
            shown(&Value::Array(after[before..].to_vec())),
        )?;
        let codes = self.close_codes(peer);
        ensure(
            codes.is_empty(),
            format!("socket {} stays open", peer.socket),
            format!("closed with {codes:?}"),
        )
    }
}

//! The other ends of sockets.

use serde_json::Value;

use super::{Judged, World};
use crate::conformance::lines::{Call, Event, Mode, Outcome};
use crate::conformance::verdict::Stop;

/// The other end of a socket.
#[derive(Debug, Clone)]
pub(in crate::conformance) struct Peer {
    pub(in crate::conformance) socket: String,
    pub(in crate::conformance) user: String,
    /// The id of the connection, as the candidate told it.
    pub(in crate::conformance) id: Value,
}

impl World<'_> {
    /// A peer that is connected as this user, and looks at no thread.
    pub(in crate::conformance) fn connect(&mut self, user: &str) -> Judged<Peer> {
        self.connect_to(user, None)
    }

    /// A peer that is connected as this user, and looks at a thread.
    pub(in crate::conformance) fn connect_in(&mut self, user: &str, thread: &str) -> Judged<Peer> {
        self.connect_to(user, Some(thread))
    }

    fn connect_to(&mut self, user: &str, thread: Option<&str>) -> Judged<Peer> {
        let (peer, outcome) = self.try_connect(user, thread)?;
        match outcome {
            Ok(id) => Ok(Peer { id, ..peer }),
            Err(trouble) => {
                Err(Stop::failed("`connect_user` returns", format!("it raised: {}", trouble.message)))
            }
        }
    }

    /// A new peer, whether it is taken or not.
    pub(in crate::conformance) fn try_connect(
        &mut self,
        user: &str,
        thread: Option<&str>,
    ) -> Judged<(Peer, Outcome)> {
        self.sockets += 1;
        let socket = format!("s{}", self.sockets);
        let peer = Peer { socket, user: user.to_owned(), id: Value::Null };
        if self.is_on_the_wire() {
            let outcome = self.connect_client(&peer, thread)?;
            return Ok((peer, outcome));
        }
        self.plain(Call::SocketNew { socket: peer.socket.clone(), mode: Mode::Ok })?;
        let outcome = self.connect_again(user, &peer, thread)?;
        Ok((peer, outcome))
    }

    /// Connects a socket that may be connected already.
    pub(in crate::conformance) fn connect_again(
        &mut self,
        user: &str,
        peer: &Peer,
        thread: Option<&str>,
    ) -> Judged<Outcome> {
        self.call(Call::ConnectUser {
            user_id: user.to_owned(),
            socket: peer.socket.clone(),
            thread_id: thread.map(str::to_owned),
            node: self.node,
        })
    }

    /// The messages that a peer got so far, in order. Each has to be JSON.
    pub(in crate::conformance) fn received(&self, peer: &Peer) -> Judged<Vec<Value>> {
        self.texts(peer)?.iter().map(|text| parse(text)).collect()
    }

    /// The same as text.
    pub(in crate::conformance) fn texts(&self, peer: &Peer) -> Judged<Vec<String>> {
        let own = self.events().iter().filter(|event| event.socket() == peer.socket);
        own.filter_map(|event| match event {
            Event::Send { message: Some(text), .. } => Some(Ok(text.clone())),
            Event::Send { bytes, .. } => Some(text_of(bytes.as_deref().unwrap_or_default())),
            Event::Close { .. } | Event::Ping { .. } | Event::Abort { .. } => None,
        })
        .collect()
    }

    /// The codes that a peer's socket was closed with.
    pub(in crate::conformance) fn close_codes(&self, peer: &Peer) -> Vec<u16> {
        let codes = self.events().iter().filter_map(|event| match event {
            Event::Close { socket, code } if *socket == peer.socket => Some(*code),
            Event::Close { .. } | Event::Send { .. } | Event::Ping { .. } | Event::Abort { .. } => None,
        });
        codes.collect()
    }

    /// How often a peer was pinged.
    pub(in crate::conformance) fn pings(&self, peer: &Peer) -> usize {
        let is_ping = |event: &&Event| matches!(event, Event::Ping { socket } if *socket == peer.socket);
        self.events().iter().filter(is_ping).count()
    }
}

/// JSON in binary frames counts as well.
fn text_of(base64: &str) -> Judged<String> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(base64);
    let bytes = bytes.map_err(|error| Stop::Errored(format!("the driver's bytes are no base64: {error}")))?;
    String::from_utf8(bytes).map_err(|error| {
        Stop::failed("every message is JSON in UTF-8 (RFC 8259, section 8.1)", error.to_string())
    })
}

fn parse(text: &str) -> Judged<Value> {
    serde_json::from_str(text).map_err(|error| {
        let start: String = text.chars().take(200).collect();
        Stop::failed("every message is JSON (RFC 8259)", format!("{start} ({error})"))
    })
}

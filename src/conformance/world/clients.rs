//! Peers that are real clients.

use serde_json::Value;

use super::{Judged, Peer, World};
use crate::conformance::lines::{Call, Endpoint, Outcome, Trouble, TroubleKind};
use crate::conformance::verdict::Stop;

impl World<'_> {
    pub(super) fn is_on_the_wire(&self) -> bool {
        self.wire.is_some()
    }

    /// Connects a peer as an honest client.
    pub(super) fn connect_client(&mut self, peer: &Peer, thread: Option<&str>) -> Judged<Outcome> {
        let status = self.connect_as(peer, thread, None, None)?;
        Ok(match status {
            None => Ok(Value::Null),
            Some(status) => {
                let message = format!("the handshake was refused with status {status}");
                Err(Trouble { kind: TroubleKind::Raised, message })
            }
        })
    }

    /// A client of its own that connects so: the peer, and the status where it was refused.
    pub(in crate::conformance) fn client(
        &mut self,
        user: &str,
        claims: Option<&str>,
        origin: Option<&str>,
    ) -> Judged<(Peer, Option<u16>)> {
        self.sockets += 1;
        let peer = Peer { socket: format!("s{}", self.sockets), user: user.to_owned(), id: Value::Null };
        let status = self.connect_as(&peer, None, claims, origin)?;
        Ok((peer, status))
    }

    fn connect_as(
        &mut self,
        peer: &Peer,
        thread: Option<&str>,
        claims: Option<&str>,
        origin: Option<&str>,
    ) -> Judged<Option<u16>> {
        let asked = Call::Endpoint {
            user_id: peer.user.clone(),
            thread_id: thread.map(str::to_owned),
            claims: claims.map(str::to_owned),
            node: self.node,
        };
        let answer = self
            .call(asked)?
            .map_err(|trouble| Stop::Errored(format!("the driver has no endpoint: {}", trouble.message)))?;
        let endpoint: Endpoint = serde_json::from_value(answer)
            .map_err(|error| Stop::Errored(format!("the driver's endpoint is none: {error}")))?;
        let Some(wire) = &mut self.wire else {
            return Err(Stop::Skipped("it takes real clients (L2)".to_owned()));
        };
        let refused = wire.connect(&peer.socket, &endpoint, origin).map_err(Stop::Errored)?.err();
        // Whoever is let in counts as connected from now on.
        self.settle()?;
        Ok(refused)
    }

    /// A client reads nothing from now on.
    pub(in crate::conformance) fn stall(&self, peer: &Peer) {
        if let Some(wire) = &self.wire {
            wire.stall(&peer.socket);
        }
    }

    /// A client resets its connection.
    pub(in crate::conformance) fn reset(&self, peer: &Peer) {
        if let Some(wire) = &self.wire {
            wire.reset(&peer.socket);
            wire.wait_for_end(&peer.socket);
        }
    }

    /// A client writes bytes that are against the protocol: the code that it is closed with, if it is.
    pub(in crate::conformance) fn misbehave(&mut self, peer: &Peer, bytes: Vec<u8>) -> Judged<Option<u16>> {
        if let Some(wire) = &self.wire {
            wire.write_raw(&peer.socket, bytes);
            wire.wait_for_end(&peer.socket);
        }
        self.catch_up();
        Ok(self.close_codes(peer).first().copied())
    }

    /// Whether a client's connection was dropped without a close.
    pub(in crate::conformance) fn was_dropped(&self, peer: &Peer) -> bool {
        use crate::conformance::lines::Event;
        self.events().iter().any(|event| matches!(event, Event::Abort { socket } if *socket == peer.socket))
    }
}

//! What a manager writes to.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tungstenite::Utf8Bytes;

/// A future behind a pointer, so that sockets of several kinds can stand side by side.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Something that is written to a peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A message; the text is shared by all its recipients.
    Text(Utf8Bytes),
    /// A ping with its payload, at most 125 bytes (RFC 6455, section 5.5).
    Ping(Vec<u8>),
}

impl Frame {
    /// Bytes of payload.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Ping(payload) => payload.len(),
        }
    }

    /// Whether the payload is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A socket that takes no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the socket is closed")]
pub struct SocketClosed;

/// The writing half of one accepted WebSocket. A manager calls it from one task at a time, and may give up on a call at any
/// point (it then calls [`Socket::abort`] and nothing else).
pub trait Socket: Send + Sync + 'static {
    /// Takes a frame; it need not be on its way before [`Socket::flush`].
    ///
    /// # Errors
    /// When the peer is gone. Nothing more can be written then.
    fn feed(&self, frame: Frame) -> Pending<'_, Result<(), SocketClosed>>;

    /// Sends what was taken on its way.
    ///
    /// # Errors
    /// As [`Socket::feed`].
    fn flush(&self) -> Pending<'_, Result<(), SocketClosed>>;

    /// Closes with a code (RFC 6455, section 7.4) and a reason of at most 123 bytes. Waits for no answer.
    fn close(&self, code: u16, reason: &str) -> Pending<'_, ()>;

    /// Drops the connection without a word. Returns at once.
    fn abort(&self);
}

/// What tells one socket from another.
#[must_use]
pub(super) fn identity(socket: &Arc<dyn Socket>) -> usize {
    Arc::as_ptr(socket).cast::<()>() as usize
}

/// Close codes that a manager uses (RFC 6455, section 7.4.1 and the IANA registry).
pub mod close {
    /// The purpose is fulfilled.
    pub const NORMAL: u16 = 1000;
    /// The server goes down.
    pub const GOING_AWAY: u16 = 1001;
    /// A rule was broken: too many connections, too many messages.
    pub const POLICY: u16 = 1008;
    /// A message was too big.
    pub const TOO_BIG: u16 = 1009;
    /// No sign of life.
    pub const UNEXPECTED: u16 = 1011;
    /// The peer reads too slowly; it may come back.
    pub const TRY_AGAIN: u16 = 1013;
}

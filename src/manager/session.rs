//! What a client that comes back has missed: the last messages of one session, numbered from 1 in the order in which the client
//! sees them. Bounded by count and bytes; what is older is gone, and whoever asks for it is told so.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tungstenite::Utf8Bytes;

/// How sessions are kept for clients that come back. The most that all of them hold is `sessions` × `bytes`, and as much for
/// connections that are live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    /// How long after its connection ended a session can be resumed.
    pub window: Duration,
    /// Messages that one session keeps.
    pub messages: usize,
    /// Bytes of messages that one session keeps. One message alone may always be kept.
    pub bytes: usize,
    /// Sessions whose connection has ended; beyond that the one that ended first is forgotten.
    pub sessions: usize,
    /// As many of one user, so that nobody's sessions have to go for another's.
    pub sessions_per_user: usize,
}

impl Default for Resume {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(60),
            messages: 256,
            bytes: 256 << 10,
            sessions: 10_000,
            sessions_per_user: 8,
        }
    }
}

/// What a client asks for when it connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resumption<'a> {
    /// A session that can be resumed later.
    New,
    /// To go on with a session.
    Of {
        /// What the session's greeting said.
        token: &'a str,
        /// How many messages the client has seen of the session, its greetings not counted.
        sequence: u64,
    },
}

/// Why a session cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// Its window is over, it was ended, it is another user's, or it was never one of this node.
    #[error("there is no such session")]
    Unknown,
    /// The first message that is missing is no longer kept.
    #[error("what was missed is no longer kept")]
    TooOld,
    /// The client claims to have seen what was never sent.
    #[error("the sequence number is ahead of the session")]
    Ahead,
}

/// The messages of one client, over several connections.
pub(super) struct Session {
    /// Who shows it may go on with the session, if it is the same user.
    pub(super) token: Arc<str>,
    pub(super) user: Arc<str>,
    limits: Resume,
    kept: Mutex<Kept>,
}

/// The last messages.
#[derive(Debug)]
struct Kept {
    /// The number of the first one.
    first: u64,
    messages: VecDeque<Utf8Bytes>,
    bytes: usize,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The token is a secret.
        f.debug_struct("Session").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Session {
    /// A session without messages.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub(super) fn new(user: &Arc<str>, limits: &Resume) -> Result<Self, getrandom::Error> {
        let mut secret = [0; 16];
        getrandom::fill(&mut secret)?;
        Ok(Self {
            token: URL_SAFE_NO_PAD.encode(secret).into(),
            user: user.clone(),
            limits: limits.clone(),
            kept: Mutex::new(Kept { first: 1, messages: VecDeque::new(), bytes: 0 }),
        })
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the session's next message.
    pub(super) fn record(&self, message: &Utf8Bytes) {
        let mut kept = self.kept();
        kept.bytes += message.len();
        kept.messages.push_back(message.clone());
        let is_too_much = |kept: &Kept| {
            kept.messages.len() > self.limits.messages.max(1)
                || (kept.messages.len() > 1 && kept.bytes > self.limits.bytes)
        };
        while is_too_much(&kept) {
            let oldest = kept.messages.pop_front();
            kept.bytes -= oldest.map_or(0, |oldest| oldest.len());
            kept.first += 1;
        }
    }

    /// What came after a message.
    pub(super) fn since(&self, sequence: u64) -> Result<Vec<Utf8Bytes>, Lost> {
        let kept = self.kept();
        let next = kept.first + kept.messages.len() as u64;
        match sequence.checked_add(1) {
            Some(wanted) if wanted > next => Err(Lost::Ahead),
            Some(wanted) if wanted < kept.first => Err(Lost::TooOld),
            Some(wanted) => {
                let seen = usize::try_from(wanted - kept.first).unwrap_or(usize::MAX);
                Ok(kept.messages.iter().skip(seen).cloned().collect())
            }
            None => Err(Lost::Ahead),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(messages: usize, bytes: usize) -> Session {
        Session::new(&"u".into(), &Resume { messages, bytes, ..Resume::default() }).expect("randomness")
    }

    #[track_caller]
    fn check(session: &Session, sequence: u64, expect: Result<&[&str], Lost>) {
        let found = session.since(sequence);
        let found = found.as_ref().map(|found| found.iter().map(Utf8Bytes::as_str).collect::<Vec<_>>());
        assert_eq!(found.as_deref().map_err(|lost| **lost), expect);
    }

    #[test]
    fn what_was_missed_is_what_came_after() {
        let session = session(10, 100);
        check(&session, 0, Ok(&[]));
        check(&session, 1, Err(Lost::Ahead));
        for text in ["one", "two", "three"] {
            session.record(&text.into());
        }
        check(&session, 0, Ok(&["one", "two", "three"]));
        check(&session, 2, Ok(&["three"]));
        check(&session, 3, Ok(&[]));
        check(&session, 4, Err(Lost::Ahead));
        check(&session, u64::MAX, Err(Lost::Ahead));
    }

    #[test]
    fn what_is_too_much_is_gone_and_said_to_be() {
        let few = session(2, 100);
        let small = session(10, 8);
        for text in ["one", "two", "three", "four"] {
            few.record(&text.into());
            small.record(&text.into());
        }
        check(&few, 1, Err(Lost::TooOld));
        check(&few, 2, Ok(&["three", "four"]));
        check(&small, 2, Err(Lost::TooOld));
        check(&small, 3, Ok(&["four"]));
        let alone = session(10, 2);
        alone.record(&"longer".into());
        check(&alone, 0, Ok(&["longer"]));
    }

    #[test]
    fn no_two_tokens_are_alike() {
        assert_ne!(session(1, 1).token, session(1, 1).token);
    }
}

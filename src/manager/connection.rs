//! One connection: its queue, its health, and the task that writes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::outbox::{Ending, Next, Outbox};
use super::protocol::ConnectionId;
use super::socket::{self, Frame, Socket, close};
use super::stats::{ConnectionFigures, Counters, add};

/// A connection of a user.
pub(super) struct Connection {
    /// Unique in its manager; a later connection has a higher one.
    pub(super) number: u64,
    pub(super) id: ConnectionId,
    pub(super) user: Arc<str>,
    pub(super) socket: Arc<dyn Socket>,
    pub(super) outbox: Outbox,
    health: Mutex<Health>,
    /// Whether its task has written all that it will.
    is_written: AtomicBool,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("id", &self.id).field("user", &self.user).finish_non_exhaustive()
    }
}

/// What is known of a peer's health.
#[derive(Debug, Clone, Copy)]
pub struct Health {
    /// When it last gave a sign of life: a frame of any kind.
    pub last_seen: Instant,
    /// When it was last asked for a pong.
    pub last_ping: Option<Instant>,
    /// The ping that is not answered yet.
    pub awaited: Option<Ping>,
    /// Pings that were answered.
    pub answered: u32,
    /// The last round-trip time.
    pub last_round_trip: Option<Duration>,
    /// The sum of all round-trip times: divided by `answered` their mean.
    pub sum_of_round_trips: Duration,
}

/// A ping on its way.
#[derive(Debug, Clone, Copy)]
pub struct Ping {
    /// Its payload is this number, big-endian.
    pub number: u64,
    /// When it was asked for.
    pub at: Instant,
    /// Whether its deadline has passed.
    pub is_missed: bool,
}

impl Health {
    /// The mean round-trip time.
    #[must_use]
    pub fn mean_round_trip(&self) -> Option<Duration> {
        (self.answered > 0).then(|| self.sum_of_round_trips / self.answered)
    }

    /// Whether every ping whose deadline has passed was answered.
    #[must_use]
    pub fn is_good(&self) -> bool {
        !self.awaited.is_some_and(|ping| ping.is_missed)
    }
}

impl Connection {
    pub(super) fn new(
        number: u64,
        id: ConnectionId,
        user: Arc<str>,
        socket: Arc<dyn Socket>,
        outbox: Outbox,
    ) -> Self {
        let health = Health {
            last_seen: Instant::now(),
            last_ping: None,
            awaited: None,
            answered: 0,
            last_round_trip: None,
            sum_of_round_trips: Duration::ZERO,
        };
        Self {
            number,
            id,
            user,
            socket,
            outbox,
            health: Mutex::new(health),
            is_written: AtomicBool::new(false),
        }
    }

    /// What tells its socket from others.
    pub(super) fn identity(&self) -> usize {
        socket::identity(&self.socket)
    }

    /// What somebody who watches wants to know of it.
    pub(super) fn figures(&self, thread: Option<&str>) -> ConnectionFigures {
        let (queued_messages, queued_bytes) = self.outbox.waiting();
        let health = *self.health();
        ConnectionFigures {
            connection_id: self.id.to_string(),
            user_id: self.user.to_string(),
            thread_id: thread.map(str::to_owned),
            queued_messages,
            queued_bytes,
            is_healthy: health.is_good(),
            mean_round_trip_seconds: health.mean_round_trip().map(|mean| mean.as_secs_f64()),
            silent_seconds: health.last_seen.elapsed().as_secs_f64(),
        }
    }

    pub(super) fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether its socket was closed or dropped for good.
    pub(super) fn is_written(&self) -> bool {
        self.is_written.load(Ordering::Acquire)
    }

    /// Asks for a ping.
    pub(super) fn ping(&self, counters: &Counters) {
        let number = {
            let mut health = self.health();
            let number = health.awaited.map_or(u64::from(health.answered), |ping| ping.number) + 1;
            let now = Instant::now();
            health.last_ping = Some(now);
            health.awaited = Some(Ping { number, at: now, is_missed: false });
            number
        };
        add(&counters.pings_sent, 1);
        self.outbox.ping(number.to_be_bytes().to_vec());
    }

    /// A pong came. One that answers no ping is a sign of life and nothing else.
    pub(super) fn pong(&self, payload: &[u8], counters: &Counters) {
        let now = Instant::now();
        let mut health = self.health();
        health.last_seen = now;
        if let Some(ping) = health.awaited.filter(|ping| ping.number.to_be_bytes() == payload) {
            let round_trip = now - ping.at;
            health.awaited = None;
            health.answered += 1;
            health.last_round_trip = Some(round_trip);
            health.sum_of_round_trips += round_trip;
            add(&counters.pongs_received, 1);
        }
    }

    /// Something came from the peer.
    pub(super) fn seen(&self) {
        self.health().last_seen = Instant::now();
    }
}

/// Writes what is queued, in order, until the connection ends; then closes the socket.
pub(super) async fn write(connection: &Connection, counters: &Counters, deadline: Duration) {
    write_and_close(connection, counters, deadline).await;
    connection.is_written.store(true, Ordering::Release);
}

async fn write_and_close(connection: &Connection, counters: &Counters, deadline: Duration) {
    let ending = match write_until_end(connection, counters, deadline).await {
        Ok(ending) => ending,
        Err(Broken::Failed) => {
            add(&counters.write_errors, 1);
            connection.socket.abort();
            return;
        }
        Err(Broken::TimedOut) => {
            add(&counters.write_timeouts, 1);
            connection.socket.abort();
            return;
        }
    };
    let closing = connection.socket.close(ending.code, ending.reason);
    if timeout(deadline, closing).await.is_err() {
        connection.socket.abort();
    }
}

/// Why nothing more can be written.
enum Broken {
    Failed,
    TimedOut,
}

async fn write_until_end(
    connection: &Connection,
    counters: &Counters,
    deadline: Duration,
) -> Result<Ending, Broken> {
    let Connection { socket, outbox, .. } = connection;
    let mut is_flushed = true;
    loop {
        let (writing, taken) = match outbox.next() {
            Next::Write(frame) => {
                is_flushed = false;
                let taken = match &frame {
                    Frame::Text(text) => Some(text.len()),
                    Frame::Ping(_) => None,
                };
                (socket.feed(frame), taken)
            }
            Next::Idle if is_flushed => {
                outbox.changed().await;
                continue;
            }
            Next::Idle => {
                is_flushed = true;
                (socket.flush(), None)
            }
            Next::End(ending) if is_flushed => return Ok(ending),
            Next::End(_) => {
                is_flushed = true;
                (socket.flush(), None)
            }
        };
        let written = tokio::select! {
            biased;
            written = timeout(deadline, writing) => match written {
                Ok(Ok(())) => Ok(()),
                Ok(Err(_closed)) => Err(Err(Broken::Failed)),
                Err(_elapsed) => Err(Err(Broken::TimedOut)),
            },
            // A peer that does not read must not hold up the end of its own connection.
            ending = outbox.was_cut() => Err(Ok(ending)),
        };
        match (written, taken) {
            (Ok(()), Some(bytes)) => {
                add(&counters.messages_sent, 1);
                add(&counters.bytes_sent, bytes);
            }
            (Ok(()), None) => {}
            (Err(outcome), taken) => {
                // What the socket did not take is lost, unless a session keeps it.
                let is_lost = taken.is_some() && outbox.session().is_none();
                add(&counters.messages_lost, usize::from(is_lost));
                return outcome;
            }
        }
    }
}

/// An ending after which nothing goes on.
const fn last(code: u16, reason: &'static str) -> Ending {
    Ending { code, reason, can_resume: false }
}

/// The ending of a connection that gave no sign of life.
pub(super) const STALE: Ending =
    Ending { code: close::UNEXPECTED, reason: "no sign of life", can_resume: true };
/// The ending of a connection whose peer is gone.
pub(super) const GONE: Ending = Ending { code: close::NORMAL, reason: "", can_resume: true };
/// The ending of a connection whose session goes on in another one.
pub(super) const RESUMED: Ending =
    Ending { code: close::POLICY, reason: "resumed by a newer connection", can_resume: true };
/// The ending of a connection that its user's newer one replaces.
pub(super) const REPLACED: Ending = last(close::POLICY, "replaced by a newer connection");
/// The ending that was asked for.
pub(super) const DONE: Ending = last(close::NORMAL, "");
/// The ending at shutdown.
pub(super) const GOING_AWAY: Ending = last(close::GOING_AWAY, "going away");

//! Who is still there: pings, their deadlines, and the end of who gives no sign of life. One task for all connections, woken
//! for the one that is due.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::Instant;
use tokio_util::time::DelayQueue;
use tokio_util::time::delay_queue::Key;

use super::connection::{Connection, STALE};
use super::core::Core;
use super::limits::Limits;
use super::stats::add;

/// Connections that come and go are told here.
pub(super) type Newcomers = tokio::sync::mpsc::UnboundedSender<Watched>;

/// Whom to watch over.
#[derive(Debug)]
pub(super) enum Watched {
    /// This one, from now on.
    Came(Weak<Connection>),
    /// The connection of this number not any more.
    Went(u64),
}

/// Watches over the connections of a manager for as long as there is one.
pub(super) fn watch_over(core: &Arc<Core>) -> Newcomers {
    let (sender, receiver) = unbounded_channel();
    tokio::spawn(watch(Arc::downgrade(core), core.limits.clone(), receiver));
    sender
}

async fn watch(core: Weak<Core>, limits: Limits, mut told: UnboundedReceiver<Watched>) {
    let mut due: DelayQueue<Weak<Connection>> = DelayQueue::new();
    let mut keys: HashMap<u64, Key> = HashMap::new();
    loop {
        let connection = tokio::select! {
            told = told.recv() => match told {
                Some(Watched::Came(connection)) => {
                    if let Some(number) = connection.upgrade().map(|connection| connection.number) {
                        keys.insert(number, due.insert(connection, limits.ping_interval));
                    }
                    continue;
                }
                // Nothing of it is to stay until it would have been due.
                Some(Watched::Went(number)) => {
                    if let Some(key) = keys.remove(&number) {
                        due.try_remove(&key);
                    }
                    if keys.is_empty() {
                        due.compact();
                    }
                    continue;
                }
                None => return,
            },
            Some(expired) = std::future::poll_fn(|context| due.poll_expired(context)), if !due.is_empty() => {
                expired.into_inner()
            }
        };
        let (Some(core), Some(alive)) = (core.upgrade(), connection.upgrade()) else { continue };
        match look_at(&core, &alive, &limits) {
            Some(after) => {
                keys.insert(alive.number, due.insert(connection, after));
            }
            None => {
                keys.remove(&alive.number);
            }
        }
    }
}

/// Does what is due for a connection, and says after which time to look again; none where it has ended.
fn look_at(core: &Arc<Core>, connection: &Arc<Connection>, limits: &Limits) -> Option<Duration> {
    let now = Instant::now();
    let (last_seen, last_ping, awaited) = {
        let mut health = connection.health();
        if let Some(ping) = &mut health.awaited
            && !ping.is_missed
            && now - ping.at >= limits.pong_deadline
        {
            ping.is_missed = true;
            add(&core.counters.pongs_missed, 1);
        }
        (health.last_seen, health.last_ping, health.awaited)
    };
    if now - last_seen >= limits.stale_after {
        add(&core.counters.connections_reaped, 1);
        core.cut(connection, STALE);
        return None;
    }
    let awaits_in_time = awaited.filter(|ping| !ping.is_missed);
    let next = match awaits_in_time {
        Some(ping) => ping.at + limits.pong_deadline,
        None => {
            let ping_at = last_ping.map_or(now, |at| at + limits.ping_interval);
            if ping_at <= now {
                connection.ping(&core.counters);
                now + limits.pong_deadline.min(limits.ping_interval)
            } else {
                ping_at
            }
        }
    };
    let next = next.min(last_seen + limits.stale_after);
    core.is_live(connection).then(|| next.saturating_duration_since(now).max(Duration::from_millis(1)))
}

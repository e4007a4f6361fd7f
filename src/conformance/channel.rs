//! Lines to and from one driver, whatever it is. Nothing here blocks: both ways are queues, and threads serve them.

mod child;
mod groups;
mod thread;

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Instant;

pub(super) use self::child::{CommandLine, start_child};
pub use self::groups::end_all_processes;
pub(super) use self::thread::{LineSink, start_thread};

/// Bytes of one line of a driver.
const LINE_BYTES: usize = 8 << 20;

/// What comes from a driver.
#[derive(Debug)]
pub(super) enum Incoming {
    /// A line without its end.
    Line(String),
    /// A line with more than [`LINE_BYTES`], or one that is no UTF-8: what is wrong with it.
    Unreadable(String),
}

/// A running driver; dropped, it ends with everything that it started.
pub(super) struct Channel {
    to: Sender<String>,
    from: Receiver<Incoming>,
    life: Box<dyn Life>,
}

/// What is known of a driver besides its lines.
trait Life {
    /// Ends it at once.
    fn end(&mut self);
    /// How it ended, where it has, and the last of what it wrote to standard error.
    fn last_words(&mut self) -> String;
}

/// Why no line came.
pub(super) enum Silence {
    /// Not in time.
    Late,
    /// There will be none any more.
    Ended,
}

impl Channel {
    /// Sends a line, some time. A driver that has ended is found out by [`Channel::receive`].
    pub(super) fn send(&self, line: String) {
        let _ = self.to.send(line);
    }

    /// Waits for the next line until then.
    pub(super) fn receive(&self, until: Instant) -> Result<Incoming, Silence> {
        let left = until.saturating_duration_since(Instant::now());
        self.from.recv_timeout(left).map_err(|error| match error {
            RecvTimeoutError::Timeout => Silence::Late,
            RecvTimeoutError::Disconnected => Silence::Ended,
        })
    }

    /// Ends the driver, and says how it ended and what it last wrote to standard error.
    pub(super) fn autopsy(&mut self) -> String {
        self.life.last_words()
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.life.end();
    }
}

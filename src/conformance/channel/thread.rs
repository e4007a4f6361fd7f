//! A driver on a thread of this process.

use std::sync::mpsc::{Receiver, Sender, channel};

use super::{Channel, Incoming, Life};

/// Where a driver in this process writes its lines.
pub(in crate::conformance) type LineSink = Sender<Incoming>;

/// Values that are nested a hundred thousand levels deep are taken apart level by level. Reserved, not used.
const STACK_BYTES: usize = 256 << 20;

/// Starts a driver that reads lines until there are no more.
///
/// # Errors
/// When there is no thread for it.
pub(in crate::conformance) fn start_thread(
    drive: impl FnOnce(Receiver<String>, LineSink) + Send + 'static,
) -> Result<Channel, String> {
    let (to, requests) = channel();
    let (sink, from) = channel();
    std::thread::Builder::new()
        .name("driver".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(move || drive(requests, sink))
        .map_err(|error| format!("cannot start a thread: {error}"))?;
    Ok(Channel { to, from, life: Box::new(Ours) })
}

/// It ends with its lines.
struct Ours;

impl Life for Ours {
    fn end(&mut self) {}

    fn last_words(&mut self) -> String {
        "it is part of ssot itself".to_owned()
    }
}

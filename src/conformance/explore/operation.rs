//! What can be done to a manager and its peers, and how it is chosen.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::conformance::lines::Mode;

/// Something that is done. Sockets have numbers; users and threads are few, so that they meet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "the variants say what the fields are")]
pub enum Operation {
    /// A new socket is connected.
    Connect { socket: usize, user: String, thread: Option<String> },
    /// A connected socket is connected again, looking at another thread.
    LookAt { socket: usize, thread: Option<String> },
    /// A connection is ended.
    Disconnect { socket: usize },
    /// A message is sent to a user.
    Send { user: String, message: usize },
    /// A message is sent to a thread.
    SendToThread { thread: String, message: usize },
    /// A peer behaves differently.
    SetMode { socket: usize, mode: Mode },
    /// Calls that overlap.
    Overlap { calls: Vec<Operation> },
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect { socket, user, thread } => {
                write!(f, "connect s{socket} as {user}")?;
                thread.as_ref().map_or(Ok(()), |thread| write!(f, ", looking at {thread}"))
            }
            Self::LookAt { socket, thread } => {
                write!(f, "let s{socket} look at {}", thread.as_deref().unwrap_or("nothing"))
            }
            Self::Disconnect { socket } => write!(f, "disconnect s{socket}"),
            Self::Send { user, message } => write!(f, "send {message} to user {user}"),
            Self::SendToThread { thread, message } => write!(f, "send {message} to thread {thread}"),
            Self::SetMode { socket, mode } => {
                let mode = match mode {
                    Mode::Ok => "takes everything",
                    Mode::Hang => "takes nothing",
                    Mode::Fail => "fails",
                    Mode::Closed => "is closed",
                };
                write!(f, "the peer of s{socket} {mode} from now on")
            }
            Self::Overlap { calls } => {
                f.write_str("at the same time: ")?;
                for (at, call) in calls.iter().enumerate() {
                    write!(f, "{}{call}", if at == 0 { "" } else { "; " })?;
                }
                Ok(())
            }
        }
    }
}

/// Chance that can be repeated: splitmix64 (Steele, Lea, Flood 2014).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `count`.
    fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.next() % count.max(1) as u64).unwrap_or_default()
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of.get(self.below(of.len())).copied().unwrap_or_default()
    }
}

const USERS: [&str; 4] = ["u1", "u10", "U1", "u2"];
const THREADS: [&str; 3] = ["t1", "t10", "t2"];

/// Operations of one episode.
pub(super) fn episode(dice: &mut Dice, count: usize) -> Vec<Operation> {
    let mut chooser = Chooser { dice, sockets: 0, messages: 0 };
    (0..count).map(|_| chooser.operation()).collect()
}

struct Chooser<'d> {
    dice: &'d mut Dice,
    sockets: usize,
    messages: usize,
}

impl Chooser<'_> {
    fn operation(&mut self) -> Operation {
        match self.dice.below(20) {
            0 | 1 => {
                let count = 2 + self.dice.below(3);
                Operation::Overlap { calls: (0..count).map(|_| self.call()).collect() }
            }
            2..=5 => {
                let mode = [Mode::Ok, Mode::Ok, Mode::Hang, Mode::Fail, Mode::Closed][self.dice.below(5)];
                Operation::SetMode { socket: self.socket(), mode }
            }
            _ => self.call(),
        }
    }

    /// A call of the manager.
    fn call(&mut self) -> Operation {
        match self.dice.below(14) {
            0..=2 => {
                self.sockets += 1;
                let user = self.dice.pick(&USERS).to_owned();
                Operation::Connect { socket: self.sockets, user, thread: self.thread() }
            }
            3 => Operation::LookAt { socket: self.socket(), thread: self.thread() },
            4 | 5 => Operation::Disconnect { socket: self.socket() },
            6..=9 => {
                self.messages += 1;
                Operation::Send { user: self.dice.pick(&USERS).to_owned(), message: self.messages }
            }
            _ => {
                self.messages += 1;
                Operation::SendToThread {
                    thread: self.dice.pick(&THREADS).to_owned(),
                    message: self.messages,
                }
            }
        }
    }

    /// A socket, more often a late one.
    fn socket(&mut self) -> usize {
        let back = self.dice.below(6.min(self.sockets.max(1)));
        self.sockets.saturating_sub(back).max(1)
    }

    fn thread(&mut self) -> Option<String> {
        let chosen = self.dice.below(THREADS.len() + 1);
        THREADS.get(chosen).map(|thread| (*thread).to_owned())
    }
}

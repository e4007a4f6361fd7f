//! One driver at work: requests, their replies, and what happened between them, in one order.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::channel::{Channel, Incoming, Silence};
use super::lines::{
    Call, Event, FromDriver, Hello, Level, Outcome, PROTOCOL, Request, TroubleKind, read_from_driver,
};
use super::verdict::{HistoryLine, Side, Stop};

/// How long a reply may take.
const REPLY: Duration = Duration::from_secs(2);

/// How long a driver may take to start.
const START: Duration = Duration::from_secs(10);

/// Lines of a driver between two of ours; more is a flood.
const FLOOD: usize = 20_000;

/// Lines of a history that are kept.
const HISTORY: usize = 5_000;

/// A request that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(pub(super) u64);

/// What is under way.
#[derive(Debug, Clone, Copy)]
struct Asked {
    op: &'static str,
    /// Whether a driver may have no way to do it: it holds a value that JSON does not, or keeps a message, which is for objects.
    may_be_unsupported: bool,
}

/// A driver, and what it said in the current case.
pub(super) struct Session {
    channel: Channel,
    pub(super) hello: Hello,
    patience: f64,
    next_id: u64,
    open: BTreeMap<u64, Asked>,
    answers: BTreeMap<u64, Outcome>,
    /// Requests of earlier cases that may still be answered.
    abandoned: BTreeSet<u64>,
    events: Vec<Event>,
    pub(super) history: Vec<HistoryLine>,
    lines_since_request: usize,
}

impl Session {
    /// Greets a driver.
    pub(super) fn open(channel: Channel, patience: f64) -> Result<Self, Stop> {
        let nobody = Hello {
            protocol: String::new(),
            name: String::new(),
            level: Level::L1,
            capabilities: Vec::new(),
        };
        let mut session = Self {
            channel,
            hello: nobody,
            patience,
            next_id: 1,
            open: BTreeMap::new(),
            answers: BTreeMap::new(),
            abandoned: BTreeSet::new(),
            events: Vec::new(),
            history: Vec::new(),
            lines_since_request: 0,
        };
        let ticket = session.ask(Call::Hello { protocol: PROTOCOL.to_owned() }, true);
        let value = session.wait_for(ticket, START)?.map_err(|trouble| {
            Stop::Errored(format!("the driver does not say who it is: {}", trouble.message))
        })?;
        let hello: Hello = serde_json::from_value(value)
            .map_err(|error| Stop::Errored(format!("the driver's answer to hello is no such: {error}")))?;
        if hello.protocol != PROTOCOL {
            return Err(Stop::Errored(format!("the driver speaks {}, not {PROTOCOL}", hello.protocol)));
        }
        session.hello = hello;
        Ok(session)
    }

    /// Forgets what happened so far.
    pub(super) fn start_case(&mut self) {
        self.abandoned.extend(std::mem::take(&mut self.open).into_keys());
        self.answers.clear();
        self.events.clear();
        self.history.clear();
    }

    /// Whether calls are under way.
    pub(super) fn has_open_calls(&self) -> bool {
        !self.open.is_empty()
    }

    /// Whether the candidate or its driver announced this.
    pub(super) fn has(&self, capability: &str) -> bool {
        self.hello.capabilities.iter().any(|known| known == capability)
    }

    /// What happened so far, in order.
    pub(super) fn events(&self) -> &[Event] {
        &self.events
    }

    /// Makes a call and waits for its end.
    pub(super) fn call(&mut self, call: Call) -> Result<Outcome, Stop> {
        let is_reset = matches!(call, Call::Reset { .. });
        let ticket = self.ask(call, true);
        let outcome = self.wait_for(ticket, REPLY);
        if is_reset {
            // Until it was answered the manager before it may still have done something.
            self.events.clear();
        }
        outcome
    }

    /// Begins a call.
    pub(super) fn begin(&mut self, call: Call) -> Ticket {
        self.ask(call, false)
    }

    /// How a call ended, as far as lines were read.
    pub(super) fn answer(&self, ticket: Ticket) -> Option<&Outcome> {
        self.answers.get(&ticket.0)
    }

    /// Notes what one of our clients saw.
    pub(super) fn note(&mut self, event: Event) {
        self.record(Side::Client, serde_json::to_string(&event).unwrap_or_default());
        self.events.push(event);
    }

    /// How many times as long everything may take.
    pub(super) fn patience(&self) -> f64 {
        self.patience
    }

    fn record(&mut self, from: Side, line: String) {
        if self.history.len() < HISTORY {
            self.history.push(HistoryLine { from, line });
        }
    }

    fn ask(&mut self, call: Call, wait: bool) -> Ticket {
        let id = self.next_id;
        self.next_id += 1;
        self.lines_since_request = 0;
        let op = call.op();
        let line = serde_json::to_string(&Request { id, call, wait }).unwrap_or_default();
        let may_be_unsupported = line.contains("{\"$\":") || op.starts_with("message.");
        self.open.insert(id, Asked { op, may_be_unsupported });
        self.record(Side::Harness, line.clone());
        self.channel.send(line);
        Ticket(id)
    }

    /// Waits for the end of a call that was begun.
    pub(super) fn wait_for(&mut self, ticket: Ticket, at_most: Duration) -> Result<Outcome, Stop> {
        let at_most = at_most.mul_f64(self.patience);
        let until = Instant::now() + at_most;
        loop {
            if let Some(outcome) = self.answers.get(&ticket.0) {
                return Ok(outcome.clone());
            }
            match self.channel.receive(until) {
                Ok(Incoming::Line(line)) => self.take(&line)?,
                Ok(Incoming::Unreadable(why)) => return Err(self.broken(&format!("the driver wrote {why}"))),
                Err(Silence::Late) => {
                    let op = self.op_of(ticket);
                    let seconds = at_most.as_secs_f64();
                    return Err(self.broken(&format!(
                        "request {} ({op}) was not answered within {seconds} s",
                        ticket.0
                    )));
                }
                Err(Silence::Ended) => {
                    let op = self.op_of(ticket);
                    return Err(self.broken(&format!(
                        "the driver ended before it answered request {} ({op})",
                        ticket.0
                    )));
                }
            }
        }
    }

    fn op_of(&self, ticket: Ticket) -> &'static str {
        self.open.get(&ticket.0).map_or("", |asked| asked.op)
    }

    fn take(&mut self, line: &str) -> Result<(), Stop> {
        self.lines_since_request += 1;
        if self.lines_since_request > FLOOD {
            return Err(self.broken(&format!("a flood: more than {FLOOD} lines without a request")));
        }
        self.record(Side::Driver, line.to_owned());
        match read_from_driver(line) {
            Ok(FromDriver::Event(event)) => self.events.push(event),
            Ok(FromDriver::Reply(reply)) => {
                let id = reply.id();
                if let Some(asked) = self.open.remove(&id) {
                    let outcome = reply.outcome();
                    // Nothing is asked for that was not announced; only a value may be beyond a language.
                    if is_unsupported(&outcome) && !asked.may_be_unsupported {
                        return Err(Stop::Errored(format!(
                            "the driver answers `unsupported` to {}, which it has to do or announced",
                            asked.op
                        )));
                    }
                    self.answers.insert(id, outcome);
                } else if !self.abandoned.remove(&id) {
                    let what = if id < self.next_id { "a second reply to" } else { "a reply to the unknown" };
                    return Err(self.broken(&format!("{what} request {id}")));
                }
            }
            Err(why) => {
                let shown: String = line.chars().take(200).collect();
                return Err(self.broken(&format!("the driver wrote {why}: {shown}")));
            }
        }
        Ok(())
    }

    /// Ends the driver: it did not do its part.
    fn broken(&mut self, what: &str) -> Stop {
        Stop::Errored(format!("{what}; {}", self.channel.autopsy()))
    }

    /// Lets the driver end in peace.
    pub(super) fn close(mut self) {
        let ticket = self.ask(Call::Stop {}, true);
        // It is ended anyway.
        let _ = self.wait_for(ticket, Duration::from_secs(1));
    }
}

/// Whether a call could not be made for lack of something that is no fault of the candidate.
pub(super) fn is_unsupported(outcome: &Outcome) -> bool {
    outcome.as_ref().is_err_and(|trouble| trouble.kind == TroubleKind::Unsupported)
}

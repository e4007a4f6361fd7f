//! A defect as up to three functions: what is done, what happens and what is answered instead.

use serde_json::Value;

use super::memory::Memory;
use crate::conformance::drivers::defect::Defect;
use crate::conformance::lines::{Call, Event, Limits, Outcome, Request, Trouble, TroubleKind};

type OnRequest = fn(&mut Memory, Request) -> Vec<Request>;
type OnEvent = fn(&mut Memory, Event) -> Vec<Event>;
type OnOutcome = fn(&mut Memory, &Call, Outcome) -> Option<Outcome>;

/// A defect that remembers.
pub(super) struct Broken {
    memory: Memory,
    on_request: OnRequest,
    on_event: OnEvent,
    on_outcome: OnOutcome,
}

fn sound() -> Broken {
    Broken {
        memory: Memory::default(),
        on_request: |_, request| vec![request],
        on_event: |_, event| vec![event],
        on_outcome: |_, _, outcome| Some(outcome),
    }
}

/// Something else is done.
pub(super) fn request(on_request: OnRequest) -> Box<dyn Defect> {
    Box::new(Broken { on_request, ..sound() })
}

/// Something else happens.
pub(super) fn event(on_event: OnEvent) -> Box<dyn Defect> {
    Box::new(Broken { on_event, ..sound() })
}

/// Something else is answered.
pub(super) fn outcome(on_outcome: OnOutcome) -> Box<dyn Defect> {
    Box::new(Broken { on_outcome, ..sound() })
}

/// Something else is done, and something else happens for it.
pub(super) fn request_and_event(on_request: OnRequest, on_event: OnEvent) -> Box<dyn Defect> {
    Box::new(Broken { on_request, on_event, ..sound() })
}

impl Defect for Broken {
    fn request(&mut self, request: Request) -> Vec<Request> {
        self.memory.learn(&request);
        (self.on_request)(&mut self.memory, request)
    }

    fn event(&mut self, event: Event) -> Vec<Event> {
        (self.on_event)(&mut self.memory, event)
    }

    fn outcome(&mut self, call: &Call, outcome: Outcome) -> Option<Outcome> {
        self.memory.learn_outcome(call, &outcome);
        (self.on_outcome)(&mut self.memory, call, outcome)
    }
}

/// A call that nobody asked for.
pub(super) fn extra(call: Call) -> Request {
    Request { id: 0, call, wait: true }
}

/// The request with another call.
pub(super) fn instead(request: Request, call: Call) -> Vec<Request> {
    vec![Request { call, ..request }]
}

pub(super) fn raised(message: &str) -> Option<Outcome> {
    Some(Err(Trouble { kind: TroubleKind::Raised, message: message.to_owned() }))
}

/// What `get_stats` answers, changed.
pub(super) fn figures(
    outcome: Outcome,
    change: impl FnOnce(&mut serde_json::Map<String, Value>),
) -> Option<Outcome> {
    Some(outcome.map(|value| match value {
        Value::Object(mut figures) => {
            change(&mut figures);
            Value::Object(figures)
        }
        other => other,
    }))
}

/// A reset with other limits.
pub(super) fn other_limits(request: Request, change: fn(&mut Limits)) -> Vec<Request> {
    match request.call {
        Call::Reset { mut limits, nodes } => {
            change(&mut limits);
            vec![Request { id: request.id, wait: request.wait, call: Call::Reset { limits, nodes } }]
        }
        call => vec![Request { id: request.id, wait: request.wait, call }],
    }
}

/// A message with another text.
pub(super) fn other_text(event: Event, change: impl FnOnce(&str) -> String) -> Vec<Event> {
    match event {
        Event::Send { socket, message: Some(text), bytes } => {
            vec![Event::Send { socket, message: Some(change(&text)), bytes }]
        }
        other => vec![other],
    }
}

/// The text of a message.
pub(super) fn text_of(event: &Event) -> Option<&str> {
    match event {
        Event::Send { message, .. } => message.as_deref(),
        Event::Close { .. } | Event::Ping { .. } | Event::Abort { .. } => None,
    }
}

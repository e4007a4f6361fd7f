//! Managers that fail where they are several.

use serde_json::{Value, json};

use super::broken::{event, figures, outcome, request, text_of};
use super::{Mutant, mutant};
use crate::conformance::lines::{BackplaneState, Call, Event, Request};

pub(super) const MUTANTS: [Mutant; 9] = [
    mutant(
        "nodes-hear-twice",
        "across-nodes-once",
        "what comes from another node is delivered twice",
        || {
            event(|memory, event| match text_of(&event) {
                Some(text) if text.contains("from-node-0") && is_far(memory.seats.len(), &event) => {
                    vec![event.clone(), event]
                }
                _ => vec![event],
            })
        },
    ),
    mutant("nodes-echo", "across-nodes-once", "a node hears what it says itself", || {
        event(|_, event| match text_of(&event) {
            Some(text) if text.contains("from-node-0") => vec![event.clone(), event],
            _ => vec![event],
        })
    }),
    mutant("threads-stay-here", "across-nodes-thread", "a thread is sent to on one node alone", || {
        event(|memory, event| match text_of(&event) {
            Some(text) if text.contains("from-node-0") && is_far(memory.seats.len(), &event) => Vec::new(),
            _ => vec![event],
        })
    }),
    mutant(
        "exclude-stays-here",
        "across-nodes-broadcast-once",
        "who is excluded is not told to other nodes",
        || {
            request(|_, request| match request.call {
                Call::Broadcast { message, node, .. } => {
                    let call = Call::Broadcast { message, exclude_users: Vec::new(), node };
                    vec![Request { call, ..request }]
                }
                _ => vec![request],
            })
        },
    ),
    mutant("updates-stay-here", "across-nodes-agent-update", "updates reach one node alone", || {
        event(|_, event| match text_of(&event) {
            Some(text) if text.contains("agent_update") => Vec::new(),
            _ => vec![event],
        })
    }),
    mutant("finds-here-alone", "across-nodes-find-user", "a user is looked for on one node alone", || {
        outcome(|_, call, outcome| match call {
            Call::FindUserConnections { .. } => Some(outcome.map(|found| match found {
                Value::Array(ids) => Value::Array(ids.into_iter().take(1).collect()),
                other => other,
            })),
            _ => Some(outcome),
        })
    }),
    mutant(
        "waits-for-backplane",
        "backplane-lost-local-goes-on",
        "a send waits for the backplane while it is away",
        || {
            request(|memory, request| match &request.call {
                Call::Backplane { state } => {
                    memory.count = usize::from(*state == BackplaneState::Down);
                    vec![request]
                }
                Call::SendToUser { .. } if memory.count > 0 => {
                    memory.held.push(request);
                    Vec::new()
                }
                _ => vec![request],
            })
        },
    ),
    mutant("never-heals", "backplane-healed", "a backplane that was lost is not tried again", || {
        request(|_, request| match &request.call {
            Call::Backplane { state: BackplaneState::Up } => {
                let call = Call::Backplane { state: BackplaneState::Down };
                vec![Request { call, ..request }]
            }
            _ => vec![request],
        })
    }),
    mutant("breaker-stays-up", "breaker-half-opens", "the stats say `up` whatever is so", || {
        outcome(|_, call, outcome| match call {
            Call::GetStats { .. } => figures(outcome, |figures| {
                figures.insert("backplane".to_owned(), json!("up"));
            }),
            _ => Some(outcome),
        })
    }),
];

/// Whether it happens at a socket behind the first one: in the cases of several nodes these are on the second node.
fn is_far(seats: usize, event: &Event) -> bool {
    match event {
        Event::Send { socket, .. } => seats > 1 && socket != "s1",
        Event::Close { .. } | Event::Ping { .. } | Event::Abort { .. } => false,
    }
}

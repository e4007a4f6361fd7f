//! Managers that do not end well, or leave something behind.

use serde_json::json;

use super::broken::{event, figures, outcome, raised, text_of};
use super::{Mutant, mutant};
use crate::conformance::lines::{Call, Event};

pub(super) const MUTANTS: [Mutant; 8] = [
    mutant("shutdown-drops-queues", "shutdown-drains", "shutdown drops what waits", || {
        event(
            |memory, event| {
                if memory.shutdowns > 0 && text_of(&event).is_some() { Vec::new() } else { vec![event] }
            },
        )
    }),
    mutant("shutdown-closes-1000", "shutdown-closes-1001", "shutdown closes with 1000", || {
        event(|_, event| match event {
            Event::Close { socket, code: 1001 } => vec![Event::Close { socket, code: 1000 }],
            other => vec![other],
        })
    }),
    mutant("shutdown-takes-more", "shutdown-refuses-new", "connections are taken after shutdown", || {
        outcome(|memory, call, outcome| match call {
            Call::ConnectUser { .. } if memory.shutdowns > 0 => Some(Ok(json!("late"))),
            Call::SendToUser { user_id, .. }
                if memory.shutdowns > 0 && memory.live_of(user_id).any(|seat| seat.id.is_null()) =>
            {
                Some(Ok(json!(true)))
            }
            _ => Some(outcome),
        })
    }),
    mutant(
        "shutdown-waits-for-ever",
        "shutdown-deadline",
        "shutdown waits for a peer that takes nothing",
        || {
            outcome(|memory, call, outcome| match call {
                Call::Shutdown { .. } if memory.is_any_hung() => None,
                _ => Some(outcome),
            })
        },
    ),
    mutant("second-shutdown-raises", "shutdown-twice", "a second shutdown raises", || {
        outcome(|memory, call, outcome| match call {
            Call::Shutdown { .. } if memory.shutdowns > 1 => raised("already closed"),
            _ => Some(outcome),
        })
    }),
    mutant("sends-after-shutdown", "send-after-shutdown-false", "a send after shutdown returns true", || {
        outcome(|memory, call, outcome| match call {
            Call::SendToUser { user_id, .. }
                if memory.shutdowns > 0 && memory.seats.iter().any(|seat| seat.user == *user_id) =>
            {
                Some(Ok(json!(true)))
            }
            _ => Some(outcome),
        })
    }),
    mutant(
        "threads-are-kept",
        "cycles-leak-nothing",
        "of a hundred threads that nobody looks at any more one is kept",
        || {
            outcome(|memory, call, outcome| match call {
                Call::GetStats { .. } => figures(outcome, |figures| {
                    let kept = memory.seats.len() / 100;
                    let now =
                        figures.get("active_threads").and_then(serde_json::Value::as_u64).unwrap_or_default();
                    figures.insert("active_threads".to_owned(), json!(now + kept as u64));
                }),
                _ => Some(outcome),
            })
        },
    ),
    mutant("shutdown-in-silence", "shutdown-closes-1001", "shutdown leaves the sockets open", || {
        event(|memory, event| match event {
            Event::Close { code: 1001, .. } if memory.shutdowns > 0 => Vec::new(),
            other => vec![other],
        })
    }),
];

//! Slow and dead peers that do more harm than they may.

use serde_json::json;

use super::broken::{event, other_limits, outcome, raised, request, text_of};
use super::memory::Memory;
use super::{Mutant, mutant};
use crate::conformance::lines::{Call, Event, Mode, OverflowPolicy, Request};

pub(super) const MUTANTS: [Mutant; 17] = [
    mutant(
        "one-lock-for-all",
        "hung-peer-delays-nobody",
        "a peer that takes nothing holds up every send",
        || {
            request(|memory, request| {
                let is_any_hung = memory.is_any_hung();
                hold_sends(memory, request, |_, _| true, is_any_hung)
            })
        },
    ),
    mutant(
        "connections-in-turn",
        "hung-peer-of-same-user",
        "a user's connections are written to in turn, and a hung one holds up the others",
        || {
            request(|memory, request| {
                let is_any_hung = memory.is_any_hung();
                let is_of_many = |memory: &Memory, user: &str| memory.live_of(user).count() > 1;
                hold_sends(memory, request, is_of_many, is_any_hung)
            })
        },
    ),
    mutant(
        "loses-while-hung",
        "hung-peer-recovers-in-order",
        "of what waited for a hung peer one message is lost",
        || {
            event(|memory, event| {
                let was_hung = memory.seat(event.socket()).is_some_and(|seat| seat.was_hung);
                memory.count += usize::from(was_hung && text_of(&event).is_some());
                if was_hung && memory.count == 4 { Vec::new() } else { vec![event] }
            })
        },
    ),
    mutant("queue-without-bound", "queue-bounded", "a queue grows as it likes", || {
        request(|_, request| {
            other_limits(request, |limits| limits.queue_messages = limits.queue_messages.map(|_| 10_000))
        })
    }),
    mutant("overflow-closes-1000", "queue-bounded", "an overflow closes with 1000", || {
        event(|_, event| match event {
            Event::Close { socket, code: 1013 } => vec![Event::Close { socket, code: 1000 }],
            other => vec![other],
        })
    }),
    mutant("overflow-is-true", "overflow-reported", "a send that did not fit returns true", || {
        outcome(|memory, call, outcome| match call {
            Call::SendToUser { user_id, .. }
                if memory.live_of(user_id).any(|seat| seat.mode == Mode::Hang) =>
            {
                Some(outcome.map(|_| json!(true)))
            }
            _ => Some(outcome),
        })
    }),
    mutant(
        "drops-newest-instead",
        "overflow-drop-oldest",
        "a full queue gives up the newest instead of the oldest",
        || {
            request(|_, request| {
                other_limits(request, |limits| {
                    if limits.overflow == Some(OverflowPolicy::DropOldest) {
                        limits.overflow = Some(OverflowPolicy::DropNewest);
                    }
                })
            })
        },
    ),
    mutant(
        "drops-oldest-instead",
        "overflow-drop-newest",
        "a full queue gives up the oldest instead of the newest",
        || {
            request(|_, request| {
                other_limits(request, |limits| {
                    if limits.overflow == Some(OverflowPolicy::DropNewest) {
                        limits.overflow = Some(OverflowPolicy::DropOldest);
                    }
                })
            })
        },
    ),
    mutant("writes-for-ever", "write-deadline", "a write may take as long as it likes", || {
        request(|_, request| other_limits(request, |limits| limits.write_deadline_ms = Some(100_000_000)))
    }),
    mutant("dead-is-healthy", "dead-peer-reaped", "a connection whose write failed is healthy", || {
        outcome(|memory, call, outcome| match call {
            Call::CheckConnectionHealth { connection_id, .. }
                if memory.seat_of_id(connection_id).is_some_and(|seat| seat.mode == Mode::Fail) =>
            {
                Some(outcome.map(|_| json!(true)))
            }
            _ => Some(outcome),
        })
    }),
    mutant(
        "stops-at-first-failure",
        "failure-not-contagious",
        "a write that fails ends the loop over a thread's connections",
        || {
            event(|memory, event| {
                let Some(seat) = memory.seat(event.socket()).filter(|_| text_of(&event).is_some()) else {
                    return vec![event];
                };
                let mut before = memory.seats.iter().take_while(|other| other.socket != seat.socket);
                let has_failed = before.any(|other| {
                    other.thread.is_some()
                        && other.thread == seat.thread
                        && matches!(other.mode, Mode::Fail | Mode::Closed)
                });
                if has_failed { Vec::new() } else { vec![event] }
            })
        },
    ),
    mutant(
        "connect-breaks-broadcast",
        "connect-during-broadcast",
        "connecting while a broadcast is under way raises",
        || {
            outcome(|memory, call, outcome| match call {
                Call::ConnectUser { .. } if memory.is_any_hung() => {
                    raised("dictionary changed size during iteration")
                }
                _ => Some(outcome),
            })
        },
    ),
    mutant(
        "disconnect-breaks-broadcast",
        "disconnect-during-broadcast",
        "disconnecting while a broadcast is under way raises",
        || {
            outcome(|memory, call, outcome| match call {
                Call::DisconnectUser { .. } if memory.is_any_hung() => {
                    raised("Set changed size during iteration")
                }
                _ => Some(outcome),
            })
        },
    ),
    mutant(
        "lock-stays-held",
        "cancelled-send-leaves-nothing",
        "a send that is given up keeps its lock",
        || {
            outcome(|memory, call, outcome| match call {
                Call::SendToUser { .. } if memory.cancels > 0 => None,
                _ => Some(outcome),
            })
        },
    ),
    mutant(
        "repeats-the-cancelled",
        "cancelled-send-leaves-nothing",
        "a message that was given up is written twice",
        || {
            event(|memory, event| {
                let is_given_up = memory.cancels > 0 && text_of(&event) == Some("{\"n\":1}");
                if is_given_up { vec![event.clone(), event] } else { vec![event] }
            })
        },
    ),
    mutant("silent-peers-stay", "silent-peer-reaped", "a peer that is silent stays for ever", || {
        request(|_, request| other_limits(request, |limits| limits.stale_after_ms = Some(100_000_000)))
    }),
    mutant(
        "waiting-order-lost",
        "hung-peer-recovers-in-order",
        "what waited for a hung peer comes in pairs that are swapped",
        || {
            event(|memory, event| {
                let was_hung = memory.seat(event.socket()).is_some_and(|seat| seat.was_hung);
                if !was_hung || text_of(&event).is_none() {
                    return vec![event];
                }
                match memory.held_events.pop() {
                    Some(earlier) => vec![event, earlier],
                    None => {
                        memory.held_events.push(event);
                        Vec::new()
                    }
                }
            })
        },
    ),
];

/// Holds sends back while a peer hangs, and lets them go when none does any more.
fn hold_sends(
    memory: &mut Memory,
    request: Request,
    is_held: fn(&Memory, &str) -> bool,
    is_any_hung: bool,
) -> Vec<Request> {
    if !is_any_hung {
        return std::mem::take(&mut memory.held).into_iter().chain([request]).collect();
    }
    match &request.call {
        Call::SendToUser { user_id, .. } if is_held(memory, user_id) => {
            memory.held.push(request);
            Vec::new()
        }
        _ => vec![request],
    }
}

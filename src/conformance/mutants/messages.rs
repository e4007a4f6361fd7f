//! Payloads, updates, figures and health that say something else.

use serde_json::{Value, json};

use super::broken::{
    event, extra, figures, instead, other_limits, other_text, outcome, raised, request, request_and_event,
};
use super::memory::Memory;
use super::{Mutant, mutant};
use crate::conformance::drivers::defect::Defect;
use crate::conformance::lines::{Call, Mode, Request};

pub(super) const MUTANTS: [Mutant; 28] = [
    mutant("nulls-left-out", "payload-unmutated", "entries that are null are left out", || {
        event(|_, event| other_text(event, |text| text.replace("\"nothing\":null,", "")))
    }),
    mutant(
        "serialises-late",
        "payload-changed-afterwards",
        "a message becomes JSON when it is written, not when it is sent",
        || {
            event(|memory, event| {
                let was_hung = memory.seat(event.socket()).is_some_and(|seat| seat.was_hung);
                let now = memory.kept.get("m").filter(|_| was_hung).map(Value::to_string);
                other_text(event, |text| now.unwrap_or_else(|| text.to_owned()))
            })
        },
    ),
    mutant("update-without-agent", "agent-update-carries-all", "an update does not say whose it is", || {
        event(|_, event| other_text(event, |text| text.replace("\"agent_name\":\"planner\",", "")))
    }),
    mutant("update-to-all-threads", "agent-update-own-run-only", "an update reaches every thread", || {
        request(|memory, request| {
            let Call::SendAgentUpdate { run_id, update, .. } = &request.call else { return vec![request] };
            let others =
                memory.live().filter_map(|seat| seat.thread.clone()).filter(|thread| thread != run_id);
            let others: Vec<Request> = others
                .map(|thread_id| extra(Call::SendToThread { thread_id, message: update.clone(), node: 0 }))
                .collect();
            others.into_iter().chain([request]).collect()
        })
    }),
    mutant(
        "unknown-run-raises",
        "agent-update-unknown-run-silent",
        "an update of an unknown run raises",
        || {
            outcome(|memory, call, outcome| match call {
                Call::SendAgentUpdate { run_id, .. }
                    if memory.live_in(run_id).next().is_none() && !memory.bound.contains_key(run_id) =>
                {
                    raised("KeyError")
                }
                _ => Some(outcome),
            })
        },
    ),
    mutant("runs-stay-unbound", "agent-update-bound-run", "binding a run does nothing", || {
        request(|_, request| match request.call {
            Call::BindRun { .. } => instead(request, Call::Settle {}),
            _ => vec![request],
        })
    }),
    mutant("runs-bound-once", "agent-update-rebound", "a run stays bound to its first thread", || {
        request(|memory, mut request| {
            if let Call::BindRun { run_id, thread_id, .. } = &mut request.call
                && let Some(first) = memory.bound.get(run_id)
            {
                thread_id.clone_from(first);
            }
            vec![request]
        })
    }),
    mutant("nobody-is-healthy", "health-live", "no connection is healthy", || {
        outcome(|_, call, outcome| match call {
            Call::CheckConnectionHealth { .. } => Some(outcome.map(|_| json!(false))),
            _ => Some(outcome),
        })
    }),
    mutant("unknown-health-raises", "health-unknown-false", "the health of an unknown id raises", || {
        outcome(|memory, call, outcome| match call {
            Call::CheckConnectionHealth { connection_id, .. }
                if memory.seat_of_id(connection_id).is_none() =>
            {
                raised("KeyError")
            }
            _ => Some(outcome),
        })
    }),
    mutant("ended-is-healthy", "health-ended-false", "a connection that has ended is healthy", || {
        outcome(|memory, call, outcome| match call {
            Call::CheckConnectionHealth { connection_id, .. }
                if memory.seat_of_id(connection_id).is_some_and(|seat| !seat.is_live()) =>
            {
                Some(outcome.map(|_| json!(true)))
            }
            _ => Some(outcome),
        })
    }),
    mutant("pongs-are-not-missed", "health-missed-pong", "a missed pong changes nothing", || {
        request(|_, request| other_limits(request, |limits| limits.pong_deadline_ms = Some(1_000_000)))
    }),
    mutant("pongs-are-not-heard", "health-restored-by-pong", "a late pong changes nothing", || {
        request(|_, request| match request.call {
            Call::SocketPong { .. } => instead(request, Call::Settle {}),
            _ => vec![request],
        })
    }),
    mutant(
        "health-waits-for-the-peer",
        "health-not-blocked-by-hung",
        "the health of a connection waits until its peer takes something",
        || {
            outcome(|memory, call, outcome| match call {
                Call::CheckConnectionHealth { connection_id, .. }
                    if memory.seat_of_id(connection_id).is_some_and(|seat| seat.mode == Mode::Hang) =>
                {
                    None
                }
                _ => Some(outcome),
            })
        },
    ),
    mutant("figures-without-numbers", "stats-json", "the figures are words", || {
        outcome(|_, call, outcome| match call {
            Call::GetStats { .. } => Some(outcome.map(|_| json!({ "state": "fine" }))),
            _ => Some(outcome),
        })
    }),
    mutant(
        "gauge-never-falls",
        "stats-gauges-return-to-zero",
        "the number of connections counts those that ended",
        || {
            outcome(|memory, call, outcome| match call {
                Call::GetStats { .. } => figures(outcome, |figures| {
                    figures.insert("active_connections".to_owned(), json!(memory.seats.len()));
                }),
                _ => Some(outcome),
            })
        },
    ),
    mutant("counter-falls", "stats-monotonic", "the number of connections ever opened falls", || {
        outcome(|memory, call, outcome| match call {
            Call::GetStats { .. } => figures(outcome, |figures| {
                figures.insert("connections_opened".to_owned(), json!(memory.live().count()));
            }),
            _ => Some(outcome),
        })
    }),
    mutant(
        "time-with-a-space",
        "json-datetime",
        "a point in time is written with a space and no zone",
        || {
            event(|_, event| {
                other_text(event, |text| text.replace("2024-03-01T12:00:00Z", "2024-03-01 12:00:00"))
            })
        },
    ),
    mutant("enum-by-name", "json-enum", "a member of an enum is written as its name", || {
        event(|_, event| other_text(event, |text| text.replace("urgent", "Priority.URGENT")))
    }),
    mutant("bytes-as-shown", "json-bytes", "bytes are written as the language shows them", || {
        event(|_, event| other_text(event, |text| text.replace("AP9hYg==", "b'..ab'")))
    }),
    mutant("writes-nan", "json-non-finite", "numbers that are none are written as NaN", || {
        event(|memory, event| {
            let is_special = memory.last_send.contains("\"float\"");
            other_text(event, |text| if is_special { text.replace("null", "NaN") } else { text.to_owned() })
        })
    }),
    mutant(
        "writes-half-a-pair",
        "json-lone-surrogate",
        "half of a surrogate pair is written as it is",
        || {
            request_and_event(
                |_, mut request| {
                    if let Call::SendToUser { message, .. } = &mut request.call
                        && message.to_string().contains("utf16")
                    {
                        *message = json!({ "value": "half" });
                    }
                    vec![request]
                },
                |_, event| other_text(event, |text| text.replace("half", "\\ud800")),
            )
        },
    ),
    mutant(
        "unserialisable-ends-connection",
        "json-unserialisable-keeps-connection",
        "a message that has no JSON ends the connection",
        || request(|memory, request| ends_for(memory, request, "opaque")),
    ),
    mutant(
        "cycle-ends-connection",
        "json-cycle-keeps-connection",
        "a message that holds itself ends the connection",
        || request(|memory, request| ends_for(memory, request, "cycle")),
    ),
    mutant(
        "depth-ends-connection",
        "json-deep-nesting",
        "a message that is nested deeply ends the connection",
        || request(|memory, request| ends_for(memory, request, "nested")),
    ),
    mutant("integers-as-doubles", "json-big-integer", "whole numbers are written as doubles", doubles),
    mutant(
        "keys-as-shown",
        "json-odd-keys",
        "keys that are no text are written as the language shows them",
        || event(|_, event| other_text(event, |text| text.replace("\"null\":", "\"None\":"))),
    ),
    mutant("message-limit-ignored", "json-too-large", "messages may be as large as they like", || {
        request(|_, request| other_limits(request, |limits| limits.message_bytes = None))
    }),
    mutant("marks-left-out", "json-unicode-exact", "byte order marks are left out", || {
        event(|_, event| other_text(event, |text| text.replace('\u{feff}', "")))
    }),
];

fn doubles() -> Box<dyn Defect> {
    event(|_, event| {
        other_text(event, |text| {
            text.replace("9007199254740993", "9007199254740992")
                .replace("18446744073709551615", "18446744073709552000")
        })
    })
}

/// Ends the connections of whoever is sent something with this word in it.
fn ends_for(memory: &Memory, request: Request, word: &str) -> Vec<Request> {
    let Call::SendToUser { user_id, message, .. } = &request.call else { return vec![request] };
    if !message.to_string().contains(&format!("\"{word}\"")) {
        return vec![request];
    }
    let ends: Vec<Request> = memory
        .live_of(user_id)
        .map(|seat| {
            extra(Call::DisconnectUser { user_id: seat.user.clone(), socket: seat.socket.clone(), node: 0 })
        })
        .collect();
    ends.into_iter().chain([request]).collect()
}

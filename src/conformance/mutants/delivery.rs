//! Messages that reach the wrong peers, or the right ones in the wrong way.

use serde_json::{Value, json};

use super::broken::{event, extra, instead, outcome, request, text_of};
use super::memory::Memory;
use super::{Mutant, mutant};
use crate::conformance::lines::{Call, Event, Mode, Request};

pub(super) const MUTANTS: [Mutant; 19] = [
    mutant("sends-twice", "send-exactly-once", "every message is written twice", || {
        event(|_, event| if text_of(&event).is_some() { vec![event.clone(), event] } else { vec![event] })
    }),
    mutant("third-is-lost", "send-exactly-once", "every third message is lost", || {
        event(|memory, event| {
            memory.count += usize::from(text_of(&event).is_some());
            if text_of(&event).is_some() && memory.count.is_multiple_of(3) { Vec::new() } else { vec![event] }
        })
    }),
    mutant(
        "newest-connection-only",
        "send-all-connections-of-user",
        "a user's newest connection alone is reached",
        || {
            request(|memory, request| match &request.call {
                Call::SendToUser { user_id, message, node } => match last_of(memory, user_id) {
                    Some(connection_id) => {
                        let (message, node) = (message.clone(), *node);
                        instead(request, Call::SendToConnection { connection_id, message, node })
                    }
                    None => vec![request],
                },
                _ => vec![request],
            })
        },
    ),
    mutant("unknown-user-true", "unknown-user-false", "a message to an unknown user returns true", || {
        outcome(|memory, call, outcome| match call {
            Call::SendToUser { user_id, .. } if !memory.seats.iter().any(|seat| seat.user == *user_id) => {
                Some(outcome.map(|_| json!(true)))
            }
            _ => Some(outcome),
        })
    }),
    mutant("one-dead-is-false", "one-dead-of-two", "one dead connection makes the answer false", || {
        outcome(|memory, call, outcome| match call {
            Call::SendToUser { user_id, .. }
                if memory.live_of(user_id).any(|seat| seat.mode == Mode::Fail) =>
            {
                Some(outcome.map(|_| json!(false)))
            }
            _ => Some(outcome),
        })
    }),
    mutant(
        "ended-is-true",
        "all-ended-false",
        "a user all of whose connections have ended counts as reached",
        || {
            outcome(|memory, call, outcome| match call {
                Call::SendToUser { user_id, .. } if memory.seats.iter().any(|seat| seat.user == *user_id) => {
                    Some(outcome.map(|_| json!(true)))
                }
                _ => Some(outcome),
            })
        },
    ),
    mutant(
        "connection-means-user",
        "send-to-connection-only-that",
        "a message to one connection goes to all of its user",
        || {
            request(|memory, request| match &request.call {
                Call::SendToConnection { connection_id, message, node } => {
                    match memory.seat_of_id(connection_id) {
                        Some(seat) => {
                            let (user_id, message, node) = (seat.user.clone(), message.clone(), *node);
                            instead(request, Call::SendToUser { user_id, message, node })
                        }
                        None => vec![request],
                    }
                }
                _ => vec![request],
            })
        },
    ),
    mutant("excludes-nobody", "broadcast-excludes", "a broadcast reaches those who are excluded", || {
        request(|_, mut request| {
            if let Call::Broadcast { exclude_users, .. } = &mut request.call {
                exclude_users.clear();
            }
            vec![request]
        })
    }),
    mutant("finds-the-ended", "find-user-connections", "connections that have ended are found", || {
        outcome(|memory, call, outcome| match call {
            Call::FindUserConnections { user_id, .. } => {
                let own = memory.seats.iter().filter(|seat| seat.user == *user_id);
                let ids: Vec<&Value> = own.map(|seat| &seat.id).collect();
                Some(outcome.map(|_| json!(ids)))
            }
            _ => Some(outcome),
        })
    }),
    mutant("seventh-comes-late", "order-of-50", "every seventh message comes after the next one", || {
        event(|memory, event| {
            if text_of(&event).is_none() {
                return vec![event];
            }
            memory.count += 1;
            let late = memory.held_events.iter().position(|late| late.socket() == event.socket());
            match late.map(|at| memory.held_events.remove(at)) {
                Some(late) => vec![event, late],
                None if memory.count.is_multiple_of(7) => {
                    memory.held_events.push(event);
                    Vec::new()
                }
                None => vec![event],
            }
        })
    }),
    mutant(
        "threads-have-their-own-queue",
        "user-and-thread-sends-keep-order",
        "messages to threads come after those to users that were sent later",
        || {
            super::broken::request_and_event(
                |memory, request| {
                    if let Call::SendToThread { message, .. } = &request.call {
                        memory.texts.push(message.to_string());
                    }
                    vec![request]
                },
                |memory, event| {
                    let is_of_thread =
                        text_of(&event).is_some_and(|text| memory.texts.iter().any(|own| own == text));
                    if is_of_thread && memory.texts.len() > 1 {
                        memory.held_events.push(event);
                        return Vec::new();
                    }
                    std::iter::once(event).chain(std::mem::take(&mut memory.held_events)).collect()
                },
            )
        },
    ),
    mutant(
        "overlapping-calls-overtake",
        "overlapping-sends-keep-order",
        "of two calls that overlap, the second one is done first",
        || {
            request(|memory, request| {
                let is_send = matches!(request.call, Call::SendToUser { .. } | Call::SendToThread { .. });
                let held = std::mem::take(&mut memory.held);
                if is_send && !request.wait && held.is_empty() && !memory.is_any_hung() {
                    memory.held.push(request);
                    return Vec::new();
                }
                if is_send {
                    std::iter::once(request).chain(held).collect()
                } else {
                    held.into_iter().chain([request]).collect()
                }
            })
        },
    ),
    mutant(
        "prefix-matches",
        "user-prefix-not-matched",
        "a message to a user reaches all whose id begins so",
        || request(|memory, request| also_to(memory, request, |wanted, user| user.starts_with(wanted))),
    ),
    mutant("star-is-everybody", "ids-with-wildcards", "a message to the user `*` reaches everybody", || {
        request(|memory, request| also_to(memory, request, |wanted, _| wanted == "*"))
    }),
    mutant("ids-in-lower-case", "ids-case-exact", "ids are compared in lower case", || {
        request(|_, request| with_ids(request, str::to_lowercase))
    }),
    mutant("ids-normalised", "ids-unicode-exact", "ids are brought into a normal form", || {
        request(|_, request| with_ids(request, |id| id.replace("e\u{301}", "\u{e9}")))
    }),
    mutant(
        "thread-means-its-users",
        "thread-only",
        "a message to a thread goes to all connections of the users who look at it",
        || {
            request(|memory, request| match &request.call {
                Call::SendToThread { thread_id, message, node } => {
                    let mut users: Vec<String> =
                        memory.live_in(thread_id).map(|seat| seat.user.clone()).collect();
                    users.sort();
                    users.dedup();
                    let Some(first) = users.pop() else { return vec![request] };
                    let to =
                        |user_id: String| Call::SendToUser { user_id, message: message.clone(), node: *node };
                    let mut done: Vec<Request> = users.into_iter().map(|user| extra(to(user))).collect();
                    done.push(Request { call: to(first), ..request });
                    done
                }
                _ => vec![request],
            })
        },
    ),
    mutant(
        "says-to-whom",
        "recipients-identical",
        "every recipient gets a payload with its own socket in it",
        || {
            event(|_, event| {
                let own = event.socket().to_owned();
                super::broken::other_text(event, |text| with_entry(text, "recipient", &own))
            })
        },
    ),
    mutant("adds-a-time", "payload-unmutated", "a time is added to every payload", || {
        event(|_, event: Event| super::broken::other_text(event, |text| with_entry(text, "sent_at", "12:00")))
    }),
];

/// Sends to other users, too.
fn also_to(memory: &Memory, request: Request, is_meant: fn(&str, &str) -> bool) -> Vec<Request> {
    let Call::SendToUser { user_id, message, node } = &request.call else { return vec![request] };
    let mut others: Vec<&str> = memory
        .live()
        .map(|seat| seat.user.as_str())
        .filter(|user| user != user_id && is_meant(user_id, user))
        .collect();
    others.sort_unstable();
    others.dedup();
    let others: Vec<Request> = others
        .into_iter()
        .map(|user| {
            extra(Call::SendToUser { user_id: user.to_owned(), message: message.clone(), node: *node })
        })
        .collect();
    others.into_iter().chain([request]).collect()
}

/// The request with its ids changed.
fn with_ids(mut request: Request, change: fn(&str) -> String) -> Vec<Request> {
    match &mut request.call {
        Call::ConnectUser { user_id, thread_id, .. } => {
            *user_id = change(user_id);
            *thread_id = thread_id.as_deref().map(change);
        }
        Call::SendToUser { user_id, .. } | Call::DisconnectUser { user_id, .. } => *user_id = change(user_id),
        Call::SendToThread { thread_id, .. } => *thread_id = change(thread_id),
        _ => {}
    }
    vec![request]
}

fn with_entry(text: &str, key: &str, value: &str) -> String {
    match serde_json::from_str(text) {
        Ok(Value::Object(mut entries)) => {
            entries.insert(key.to_owned(), json!(value));
            Value::Object(entries).to_string()
        }
        Ok(_) | Err(_) => text.to_owned(),
    }
}

fn last_of(memory: &Memory, user: &str) -> Option<Value> {
    memory.live_of(user).next_back().map(|seat| seat.id.clone())
}

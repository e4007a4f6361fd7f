//! Connections that come and go as they should not, and threads that they look at.

use serde_json::{Value, json};

use super::broken::{event, extra, instead, outcome, raised, request, text_of};
use super::memory::Memory;
use super::{Mutant, mutant};
use crate::conformance::lines::{Call, Event, Request};

pub(super) const MUTANTS: [Mutant; 19] = [
    mutant("one-id-for-all", "connection-ids-unique", "every connection has the same id", || {
        outcome(|_, call, outcome| match call {
            Call::ConnectUser { .. } => Some(outcome.map(|_| json!("connection"))),
            _ => Some(outcome),
        })
    }),
    mutant("id-is-the-user", "connection-ids-unique", "a connection's id is its user's", || {
        outcome(|_, call, outcome| match call {
            Call::ConnectUser { user_id, .. } => Some(outcome.map(|_| json!(user_id))),
            _ => Some(outcome),
        })
    }),
    mutant(
        "one-connection-per-user",
        "second-connection-keeps-first",
        "a second connection of a user ends the first one",
        || {
            request(|memory, request| {
                let Call::ConnectUser { user_id, socket, .. } = &request.call else { return vec![request] };
                let earlier = memory.live_of(user_id).filter(|seat| seat.socket != *socket);
                let ends = earlier.map(|seat| {
                    extra(Call::DisconnectUser {
                        user_id: seat.user.clone(),
                        socket: seat.socket.clone(),
                        node: 0,
                    })
                });
                let ends: Vec<Request> = ends.collect();
                ends.into_iter().chain([request]).collect()
            })
        },
    ),
    mutant(
        "disconnect-ends-all-of-user",
        "disconnect-only-that-socket",
        "disconnecting one socket ends all connections of its user",
        || {
            request(|memory, request| {
                let Call::DisconnectUser { user_id, .. } = &request.call else { return vec![request] };
                let others: Vec<Request> = memory
                    .live_of(user_id)
                    .map(|seat| {
                        extra(Call::DisconnectUser {
                            user_id: seat.user.clone(),
                            socket: seat.socket.clone(),
                            node: 0,
                        })
                    })
                    .collect();
                others.into_iter().chain([request]).collect()
            })
        },
    ),
    mutant(
        "disconnect-leaves-open",
        "disconnect-only-that-socket",
        "disconnecting does not close the socket",
        || {
            event(|_, event| match event {
                Event::Close { code: 1000, .. } => Vec::new(),
                other => vec![other],
            })
        },
    ),
    mutant("disconnect-closes-1001", "disconnect-only-that-socket", "disconnecting closes with 1001", || {
        event(|_, event| match event {
            Event::Close { socket, code: 1000 } => vec![Event::Close { socket, code: 1001 }],
            other => vec![other],
        })
    }),
    mutant(
        "disconnect-twice-raises",
        "disconnect-repeated",
        "disconnecting what is disconnected raises",
        || {
            outcome(|memory, call, outcome| match call {
                Call::DisconnectUser { socket, .. }
                    if memory.seat(socket).is_some_and(|seat| seat.disconnects > 1) =>
                {
                    raised("KeyError")
                }
                _ => Some(outcome),
            })
        },
    ),
    mutant(
        "disconnect-by-socket-alone",
        "disconnect-foreign-user",
        "disconnecting looks at the socket and not at the user",
        || {
            request(|memory, request| match &request.call {
                Call::DisconnectUser { socket, node, .. } => {
                    let user = memory.seat(socket).map(|seat| seat.user.clone()).unwrap_or_default();
                    let call = Call::DisconnectUser { user_id: user, socket: socket.clone(), node: *node };
                    instead(request, call)
                }
                _ => vec![request],
            })
        },
    ),
    mutant(
        "socket-listed-twice",
        "same-socket-twice",
        "a socket that is connected twice is written to twice",
        || {
            event(|memory, event| {
                let is_twice = memory.seat(event.socket()).is_some_and(|seat| seat.connects > 1);
                if is_twice && text_of(&event).is_some() { vec![event.clone(), event] } else { vec![event] }
            })
        },
    ),
    mutant(
        "writes-to-the-first-socket",
        "reconnect-after-disconnect",
        "who comes back is written to at the old socket",
        || {
            event(|memory, event| match event {
                Event::Send { socket, message, bytes } => {
                    let user = memory.seat(&socket).map(|seat| seat.user.clone());
                    let first =
                        memory.seats.iter().find(|seat| Some(&seat.user) == user.as_ref() && !seat.is_live());
                    let socket = first.map_or(socket, |first| first.socket.clone());
                    vec![Event::Send { socket, message, bytes }]
                }
                other => vec![other],
            })
        },
    ),
    mutant(
        "id-counts-the-living",
        "connection-id-not-reused",
        "an id is the number of live connections, so that it comes again",
        || {
            outcome(|memory, call, outcome| match call {
                Call::ConnectUser { .. } => {
                    let count = memory.live().count();
                    Some(outcome.map(|_| json!(format!("c{count}"))))
                }
                _ => Some(outcome),
            })
        },
    ),
    mutant(
        "user-limit-ignored",
        "connections-per-user",
        "a user has as many connections as it likes",
        || {
            request(|_, request| {
                super::broken::other_limits(request, |limits| limits.connections_per_user = None)
            })
        },
    ),
    mutant(
        "thread-told-nobody",
        "thread-reaches-its-connections",
        "a thread's messages are sent, and false is returned",
        || {
            outcome(|_, call, outcome| match call {
                Call::SendToThread { .. } => Some(outcome.map(|_| json!(false))),
                _ => Some(outcome),
            })
        },
    ),
    mutant(
        "last-of-thread-only",
        "thread-of-two-users",
        "of a thread's connections the last one alone is reached",
        || {
            request(|memory, request| match &request.call {
                Call::SendToThread { thread_id, message, node } => match last_in(memory, thread_id) {
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
    mutant(
        "unknown-thread-true",
        "unknown-thread-false",
        "a message to a thread that nobody looks at returns true",
        || {
            outcome(|memory, call, outcome| match call {
                Call::SendToThread { thread_id, .. } if memory.live_in(thread_id).next().is_none() => {
                    Some(outcome.map(|_| json!(true)))
                }
                _ => Some(outcome),
            })
        },
    ),
    mutant("no-thread-is-none", "thread-none", "no thread is the thread `None`", || {
        request(|_, mut request| {
            if let Call::ConnectUser { thread_id, .. } = &mut request.call {
                thread_id.get_or_insert_with(|| "None".to_owned());
            }
            vec![request]
        })
    }),
    mutant(
        "threads-of-users",
        "reconnect-other-thread-leaves-old",
        "who has looked at a thread once gets its messages for ever",
        || {
            request(|memory, request| match &request.call {
                Call::SendToThread { thread_id, message, node } => {
                    let looked = |thread: &Option<String>| thread.as_deref() == Some(thread_id);
                    let mut gone = memory.seats.iter().filter(|seat| !seat.is_live() && looked(&seat.thread));
                    let back = gone.find(|seat| memory.live_of(&seat.user).next().is_some());
                    match back {
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
    mutant(
        "thread-set-once",
        "same-socket-changes-thread",
        "a connection looks at its first thread for ever",
        || {
            request(|memory, mut request| {
                if let Call::ConnectUser { socket, thread_id, .. } = &mut request.call
                    && let Some(seat) = memory.seat(socket)
                {
                    *thread_id = seat.thread.clone();
                }
                vec![request]
            })
        },
    ),
    mutant(
        "thread-outlives-connections",
        "thread-after-disconnect",
        "a thread whose connections ended still returns true",
        || {
            outcome(|memory, call, outcome| match call {
                Call::SendToThread { thread_id, .. }
                    if memory.seats.iter().any(|seat| seat.thread.as_ref() == Some(thread_id)) =>
                {
                    Some(outcome.map(|_| json!(true)))
                }
                _ => Some(outcome),
            })
        },
    ),
];

fn last_in(memory: &Memory, thread: &str) -> Option<Value> {
    memory.live_in(thread).next_back().map(|seat| seat.id.clone())
}

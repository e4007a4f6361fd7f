//! What a connection looks at.

use serde_json::json;

use super::{Case, Group};
use crate::conformance::world::{Judged, World, ensure};

const THREAD: &[&str] = &["send_to_thread"];
const BOTH: &[&str] = &["connect_user", "send_to_thread"];

pub(super) const CASES: [Case; 7] = [
    Case::must(
        "thread-reaches-its-connections",
        Group::Threads,
        THREAD,
        "A message to a thread is written once to every connection that looks at it, and send_to_thread returns true.",
        thread_reaches_its_connections,
    ),
    Case::must(
        "thread-of-two-users",
        Group::Threads,
        THREAD,
        "A thread may be looked at by several users, and by one user several times: all of these connections get its messages.",
        thread_of_two_users,
    ),
    Case::must(
        "unknown-thread-false",
        Group::Threads,
        THREAD,
        "A message to a thread that no connection looks at is no error: send_to_thread returns false.",
        unknown_thread_false,
    ),
    Case::must(
        "thread-none",
        Group::Threads,
        BOTH,
        "A connection without a thread gets nothing that is sent to a thread whose name a careless program makes of nothing: `None`, `null`, `undefined` or the empty text.",
        thread_none,
    ),
    Case::must(
        "reconnect-other-thread-leaves-old",
        Group::Threads,
        BOTH,
        "A user who disconnects and comes back looking at another thread gets nothing of the old thread any more.",
        reconnect_other_thread_leaves_old,
    )
    .virtual_only(),
    Case::must(
        "same-socket-changes-thread",
        Group::Threads,
        BOTH,
        "connect_user with a socket that already is the user's connection lets that connection look at the new thread instead of the old one.",
        same_socket_changes_thread,
    )
    .virtual_only(),
    Case::must(
        "thread-after-disconnect",
        Group::Threads,
        &["disconnect_user", "send_to_thread"],
        "A connection that has ended gets nothing of its thread any more; when it was the last one, send_to_thread returns false.",
        thread_after_disconnect,
    )
    .virtual_only(),
];

fn thread_reaches_its_connections(world: &mut World<'_>) -> Judged {
    let peer = world.connect_in("u1", "t1")?;
    let messages = [json!({ "n": 1 }), json!({ "n": 2 })];
    for message in &messages {
        world.check_send_to_thread("t1", message, true)?;
    }
    world.settle()?;
    world.check_received(&peer, &messages)
}

fn thread_of_two_users(world: &mut World<'_>) -> Judged {
    let peers = [world.connect_in("u1", "t1")?, world.connect_in("u2", "t1")?, world.connect_in("u1", "t1")?];
    let message = json!({ "type": "to-all-three" });
    world.check_send_to_thread("t1", &message, true)?;
    world.settle()?;
    for peer in &peers {
        world.check_received(peer, std::slice::from_ref(&message))?;
    }
    Ok(())
}

fn unknown_thread_false(world: &mut World<'_>) -> Judged {
    let peer = world.connect_in("u1", "t1")?;
    world.check_send_to_thread("t2", &json!({ "type": "lost" }), false)?;
    world.settle()?;
    world.check_received(&peer, &[])
}

fn thread_none(world: &mut World<'_>) -> Judged {
    let peer = world.connect("u1")?;
    for thread in ["None", "null", "undefined", ""] {
        world.check_send_to_thread(thread, &json!({ "to": thread }), false)?;
    }
    world.settle()?;
    world.check_received(&peer, &[])
}

fn reconnect_other_thread_leaves_old(world: &mut World<'_>) -> Judged {
    let old = world.connect_in("u1", "t1")?;
    world.disconnect("u1", &old)?;
    world.settle()?;
    let new = world.connect_in("u1", "t2")?;
    world.check_send_to_thread("t1", &json!({ "to": "t1" }), false)?;
    world.check_send_to_thread("t2", &json!({ "to": "t2" }), true)?;
    world.settle()?;
    world.check_received(&old, &[])?;
    world.check_received(&new, &[json!({ "to": "t2" })])
}

fn same_socket_changes_thread(world: &mut World<'_>) -> Judged {
    let peer = world.connect_in("u1", "t1")?;
    let again = world.connect_again("u1", &peer, Some("t2"))?;
    let problem = again.err().map(|trouble| trouble.message);
    ensure(
        problem.is_none(),
        "`connect_user` lets a connection look at another thread",
        format!("it raised: {}", problem.unwrap_or_default()),
    )?;
    world.check_send_to_thread("t1", &json!({ "to": "t1" }), false)?;
    world.check_send_to_thread("t2", &json!({ "to": "t2" }), true)?;
    world.settle()?;
    world.check_received(&peer, &[json!({ "to": "t2" })])
}

fn thread_after_disconnect(world: &mut World<'_>) -> Judged {
    let (first, second) = (world.connect_in("u1", "t1")?, world.connect_in("u2", "t1")?);
    world.disconnect("u1", &first)?;
    world.settle()?;
    world.check_send_to_thread("t1", &json!({ "n": 1 }), true)?;
    world.settle()?;
    world.check_received(&first, &[])?;
    world.check_received(&second, &[json!({ "n": 1 })])?;
    world.disconnect("u2", &second)?;
    world.settle()?;
    world.check_send_to_thread("t1", &json!({ "n": 2 }), false)
}

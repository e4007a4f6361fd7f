//! Who gets a message, how often, and what the sender is told.

use serde_json::{Value, json};

use super::{Case, Group};
use crate::conformance::lines::{Call, Mode};
use crate::conformance::world::{Judged, World, ensure, shown};

const SEND: &[&str] = &["send_to_user"];

pub(super) const CASES: [Case; 8] = [
    Case::must(
        "send-exactly-once",
        Group::Delivery,
        SEND,
        "A message to a user with a live connection is written to it exactly once, and send_to_user returns true.",
        send_exactly_once,
    ),
    Case::must(
        "send-all-connections-of-user",
        Group::Delivery,
        SEND,
        "A message to a user reaches every connection of that user, and nobody else's.",
        send_all_connections_of_user,
    ),
    Case::must(
        "unknown-user-false",
        Group::Delivery,
        SEND,
        "A message to a user without a connection is no error: send_to_user returns false, and nobody gets it.",
        unknown_user_false,
    ),
    Case::must(
        "one-dead-of-two",
        Group::Delivery,
        SEND,
        "Where one of a user's two connections is dead, the other one gets the message and send_to_user returns true.",
        one_dead_of_two,
    )
    .virtual_only(),
    Case::must(
        "all-ended-false",
        Group::Delivery,
        SEND,
        "send_to_user returns false for a user all of whose connections have ended: by disconnect_user, or by a write that failed earlier.",
        all_ended_false,
    )
    .virtual_only(),
    Case::must(
        "send-to-connection-only-that",
        Group::Delivery,
        &["send_to_connection"],
        "send_to_connection reaches this connection and no other one of its user; for an id that is unknown it returns false.",
        send_to_connection_only_that,
    )
    .should(&["send_to_connection"])
    .virtual_only(),
    Case::must(
        "broadcast-excludes",
        Group::Delivery,
        &["broadcast"],
        "broadcast reaches every connection once, but none of the users that are excluded.",
        broadcast_excludes,
    )
    .should(&["broadcast"]),
    Case::must(
        "find-user-connections",
        Group::Delivery,
        &["find_user_connections"],
        "find_user_connections returns the ids of the user's live connections, and nothing for a user without one.",
        find_user_connections,
    )
    .should(&["find_user_connections"])
    .virtual_only(),
];

fn send_exactly_once(world: &mut World<'_>) -> Judged {
    let peer = world.connect_in("u1", "t1")?;
    let messages = [json!({ "n": 1 }), json!({ "n": 2 }), json!({ "n": 3 })];
    for message in &messages {
        world.check_send("u1", message, true)?;
    }
    world.settle()?;
    world.check_received(&peer, &messages)
}

fn send_all_connections_of_user(world: &mut World<'_>) -> Judged {
    let own = [world.connect("u1")?, world.connect_in("u1", "t1")?, world.connect_in("u1", "t2")?];
    let other = world.connect_in("u2", "t1")?;
    let message = json!({ "type": "everywhere" });
    world.check_send("u1", &message, true)?;
    world.settle()?;
    for peer in &own {
        world.check_received(peer, std::slice::from_ref(&message))?;
    }
    world.check_received(&other, &[])
}

fn unknown_user_false(world: &mut World<'_>) -> Judged {
    let peer = world.connect("u1")?;
    world.check_send("nobody", &json!({ "type": "lost" }), false)?;
    world.settle()?;
    world.check_received(&peer, &[])
}

fn one_dead_of_two(world: &mut World<'_>) -> Judged {
    let message = json!({ "type": "to-the-living" });
    for (user, is_first_dead) in [("u1", true), ("u2", false)] {
        let pair = [world.connect(user)?, world.connect(user)?];
        let (dead, living) = if is_first_dead { (&pair[0], &pair[1]) } else { (&pair[1], &pair[0]) };
        world.set_mode(dead, Mode::Fail)?;
        world.check_send(user, &message, true)?;
        world.settle()?;
        world.check_received(living, std::slice::from_ref(&message))?;
    }
    Ok(())
}

fn all_ended_false(world: &mut World<'_>) -> Judged {
    let pair = [world.connect("u1")?, world.connect("u1")?];
    for peer in &pair {
        world.disconnect("u1", peer)?;
    }
    world.settle()?;
    world.check_send("u1", &json!({ "type": "too-late" }), false)?;
    let pair = [world.connect("u2")?, world.connect("u2")?];
    for peer in &pair {
        world.set_mode(peer, Mode::Closed)?;
    }
    // What the first one is answered depends on when the candidate finds out.
    let first = world.sending("u2", &json!({ "n": 1 }));
    let _ = world.call(first)?;
    world.settle()?;
    world.check_send("u2", &json!({ "n": 2 }), false)
}

fn send_to_connection_only_that(world: &mut World<'_>) -> Judged {
    let (first, second) = (world.connect("u1")?, world.connect("u1")?);
    let message = json!({ "type": "to-one" });
    let to =
        |id: &Value| Call::SendToConnection { connection_id: id.clone(), message: message.clone(), node: 0 };
    let queued = world.truth(to(&second.id))?;
    ensure(queued, "`send_to_connection` to a live connection returns true", queued)?;
    let queued = world.truth(to(&json!("no-such-connection")))?;
    ensure(!queued, "`send_to_connection` to an unknown id returns false", queued)?;
    world.settle()?;
    world.check_received(&first, &[])?;
    world.check_received(&second, std::slice::from_ref(&message))
}

fn broadcast_excludes(world: &mut World<'_>) -> Judged {
    let meant = [world.connect("u1")?, world.connect("u1")?, world.connect_in("u2", "t1")?];
    let excluded = [world.connect("u3")?, world.connect_in("u3", "t1")?, world.connect("u4")?];
    let message = json!({ "type": "to-most" });
    world.broadcast(&message, &["u3", "u4", "nobody"])?;
    world.settle()?;
    for peer in &meant {
        world.check_received(peer, std::slice::from_ref(&message))?;
    }
    for peer in &excluded {
        world.check_received(peer, &[])?;
    }
    Ok(())
}

fn find_user_connections(world: &mut World<'_>) -> Judged {
    let (first, second) = (world.connect("u1")?, world.connect("u1")?);
    world.connect("u2")?;
    let check = |world: &mut World<'_>, user: &str, expected: &[&Value]| {
        let found = world.find(user)?;
        let is_same = found.len() == expected.len() && expected.iter().all(|id| found.contains(id));
        ensure(
            is_same,
            format!("`find_user_connections` of {user:?} returns {}", shown(&json!(expected))),
            shown(&Value::Array(found)),
        )
    };
    check(world, "u1", &[&first.id, &second.id])?;
    world.disconnect("u1", &first)?;
    world.settle()?;
    check(world, "u1", &[&second.id])?;
    check(world, "u", &[])
}

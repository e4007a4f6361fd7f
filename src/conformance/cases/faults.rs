//! Peers that fail, and calls that are given up.

use serde_json::json;

use super::{Case, Group};
use crate::conformance::lines::{Call, Event, Limits, Mode};
use crate::conformance::session::Ticket;
use crate::conformance::world::{Judged, World, ensure, shown};

const SENDING: &[&str] = &["send_to_user", "send_to_thread"];

pub(super) const CASES: [Case; 6] = [
    Case::must(
        "dead-peer-reaped",
        Group::Faults,
        &["send_to_user", "check_connection_health"],
        "A connection whose write failed has ended: it is not healthy, nothing more is written to it, and its user is not connected any more.",
        dead_peer_reaped,
    )
    .virtual_only(),
    Case::must(
        "failure-not-contagious",
        Group::Faults,
        SENDING,
        "A write that fails, in whatever way, keeps no other recipient from the message and is no error of the call.",
        failure_not_contagious,
    )
    .virtual_only(),
    Case::must(
        "connect-during-broadcast",
        Group::Faults,
        &["broadcast", "connect_user"],
        "A user may connect while a broadcast is under way; those who were there get it once, and the next one reaches everybody.",
        connect_during_broadcast,
    )
    .should(&["broadcast"])
    .virtual_only(),
    Case::must(
        "disconnect-during-broadcast",
        Group::Faults,
        &["broadcast", "disconnect_user"],
        "A user may disconnect while a broadcast is under way; the others get it once.",
        disconnect_during_broadcast,
    )
    .should(&["broadcast"])
    .virtual_only(),
    Case::must(
        "cancelled-send-leaves-nothing",
        Group::Faults,
        &["send_to_user"],
        "A send that its caller gives up leaves no lock held and no half of a message behind: the message arrives once or never, and the next ones arrive in order.",
        cancelled_send_leaves_nothing,
    )
    .should(&["cancel"])
    .virtual_only(),
    Case::must(
        "silent-peer-reaped",
        Group::Faults,
        &["check_connection_health"],
        "A connection whose peer answers no ping is ended after the time that is configured, and its user is not connected any more.",
        silent_peer_reaped,
    )
    .should(&["heartbeat", "clock", "limits"])
    .with_limits(Limits {
        ping_interval_ms: Some(1_000),
        pong_deadline_ms: Some(500),
        stale_after_ms: Some(3_000),
        ..Limits::NONE
    })
    .virtual_only(),
];

fn dead_peer_reaped(world: &mut World<'_>) -> Judged {
    let (dead, other) = (world.connect_in("u1", "t1")?, world.connect_in("u2", "t1")?);
    world.set_mode(&dead, Mode::Fail)?;
    // What it is answered depends on when the candidate finds out.
    let first = world.sending("u1", &json!({ "n": 1 }));
    let _ = world.call(first)?;
    world.settle()?;
    world.check_health(&dead.id, false, "after a write has failed")?;
    world.set_mode(&dead, Mode::Ok)?;
    world.check_send("u1", &json!({ "n": 2 }), false)?;
    world.check_send_to_thread("t1", &json!({ "n": 3 }), true)?;
    world.settle()?;
    world.check_received(&dead, &[])?;
    world.check_received(&other, &[json!({ "n": 3 })])?;
    if world.has("find_user_connections") {
        let found = world.find("u1")?;
        ensure(found.is_empty(), "`find_user_connections` finds no dead connection", shown(&json!(found)))?;
    }
    let alone = world.connect_in("u3", "t3")?;
    world.set_mode(&alone, Mode::Fail)?;
    let last = world.sending_to_thread("t3", &json!({ "n": 4 }));
    let _ = world.call(last)?;
    world.settle()?;
    world.check_send_to_thread("t3", &json!({ "n": 5 }), false)
}

fn failure_not_contagious(world: &mut World<'_>) -> Judged {
    for (round, mode) in [Mode::Fail, Mode::Closed].into_iter().enumerate() {
        let thread = format!("t{round}");
        let mut living = Vec::new();
        for user in ["u1", "u2", "u3", "u4", "u5"] {
            let peer = world.connect_in(&format!("{user}-{round}"), &thread)?;
            if matches!(user, "u1" | "u3" | "u5") {
                world.set_mode(&peer, mode)?;
            } else {
                living.push(peer);
            }
        }
        let message = json!({ "round": round });
        world.check_send_to_thread(&thread, &message, true)?;
        world.settle()?;
        for peer in &living {
            world.check_received(peer, std::slice::from_ref(&message))?;
        }
    }
    Ok(())
}

fn check_broadcast_returned(world: &mut World<'_>, broadcast: Ticket, what: &str) -> Judged {
    let outcome = world.check_ended(broadcast, what)?;
    let problem = outcome.err().map(|trouble| trouble.message);
    ensure(problem.is_none(), "the broadcast returns", format!("it raised: {}", problem.unwrap_or_default()))
}

fn connect_during_broadcast(world: &mut World<'_>) -> Judged {
    let (hung, other) = (world.connect("u1")?, world.connect("u2")?);
    world.set_mode(&hung, Mode::Hang)?;
    let (first, second) = (json!({ "n": 1 }), json!({ "n": 2 }));
    let broadcast = world.broadcasting(&first, &[]);
    let broadcast = world.begin(broadcast)?;
    world.settle()?;
    let newcomer = world.connect("u3")?;
    world.set_mode(&hung, Mode::Ok)?;
    world.settle()?;
    check_broadcast_returned(world, broadcast, "a broadcast during which a user connects")?;
    world.broadcast(&second, &[])?;
    world.settle()?;
    let both = [first, second];
    world.check_received(&hung, &both)?;
    world.check_received(&other, &both)?;
    let seen = world.received(&newcomer)?;
    ensure(
        seen == both || seen == both[1..],
        "the newcomer gets the second broadcast once",
        shown(&json!(seen)),
    )
}

fn disconnect_during_broadcast(world: &mut World<'_>) -> Judged {
    let (hung, leaver, other) = (world.connect("u1")?, world.connect("u2")?, world.connect("u3")?);
    world.set_mode(&hung, Mode::Hang)?;
    let (first, second) = (json!({ "n": 1 }), json!({ "n": 2 }));
    let broadcast = world.broadcasting(&first, &[]);
    let broadcast = world.begin(broadcast)?;
    world.settle()?;
    world.disconnect("u2", &leaver)?;
    world.set_mode(&hung, Mode::Ok)?;
    world.settle()?;
    check_broadcast_returned(world, broadcast, "a broadcast during which a user disconnects")?;
    world.broadcast(&second, &[])?;
    world.settle()?;
    let both = [first, second];
    world.check_received(&hung, &both)?;
    world.check_received(&other, &both)?;
    let seen = world.received(&leaver)?;
    ensure(
        seen.is_empty() || seen == both[..1],
        "who left gets the first broadcast at most",
        shown(&json!(seen)),
    )
}

fn cancelled_send_leaves_nothing(world: &mut World<'_>) -> Judged {
    let (peer, other) = (world.connect("u1")?, world.connect("u1")?);
    world.set_mode(&peer, Mode::Hang)?;
    let call = world.sending("u1", &json!({ "n": 1 }));
    let given_up = world.begin(call)?;
    world.settle()?;
    world.plain(Call::Cancel { request: given_up.0 })?;
    world.settle()?;
    world.check_ended(given_up, "a send that was given up")?.ok();
    world.set_mode(&peer, Mode::Ok)?;
    world.settle()?;
    let rest = [json!({ "n": 2 }), json!({ "n": 3 })];
    for message in &rest {
        let call = world.sending("u1", message);
        let sent = world.begin(call)?;
        world.settle()?;
        world.check_returned(sent, "a send after one that was given up", &json!(true))?;
    }
    let seen = world.received(&other)?;
    let whole = [json!({ "n": 1 }), json!({ "n": 2 }), json!({ "n": 3 })];
    ensure(
        seen == whole || seen == rest,
        "the other connection gets the message that was given up at most once, then the next two",
        shown(&json!(seen)),
    )?;
    // A write that was given up midway may end its own connection, but not leave it in between.
    let seen = world.received(&peer)?;
    let has_ended = !world.close_codes(&peer).is_empty()
        || world
            .events()
            .iter()
            .any(|event| matches!(event, Event::Abort { socket } if *socket == peer.socket));
    ensure(
        seen == whole || seen == rest || has_ended && seen.len() <= 1,
        "the connection itself gets the same, or has ended",
        shown(&json!(seen)),
    )
}

fn silent_peer_reaped(world: &mut World<'_>) -> Judged {
    let silent = world.connect("u1")?;
    world.advance(10_000)?;
    world.check_health(&silent.id, false, "for a peer that was silent for 10 s")?;
    world.check_send("u1", &json!({ "n": 1 }), false)?;
    world.settle()?;
    world.check_received(&silent, &[])
}

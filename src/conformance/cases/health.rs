//! What is known of a connection's health.

use serde_json::{Value, json};

use super::{Case, Group};
use crate::conformance::lines::{Call, Limits, Mode};
use crate::conformance::world::{Judged, Peer, World, ensure};

const HEALTH: &[&str] = &["check_connection_health"];
const BEATING: &[&str] = &["heartbeat", "clock", "limits"];

const PINGS: Limits = Limits {
    ping_interval_ms: Some(1_000),
    pong_deadline_ms: Some(500),
    stale_after_ms: Some(60_000),
    ..Limits::NONE
};

pub(super) const CASES: [Case; 6] = [
    Case::must(
        "health-live",
        Group::Health,
        HEALTH,
        "check_connection_health returns true for a connection that is live.",
        health_live,
    )
    .virtual_only(),
    Case::must(
        "health-unknown-false",
        Group::Health,
        HEALTH,
        "check_connection_health returns false for an id that no connection has; that is no error.",
        health_unknown_false,
    ),
    Case::must(
        "health-ended-false",
        Group::Health,
        HEALTH,
        "check_connection_health returns false for a connection that was disconnected.",
        health_ended_false,
    )
    .virtual_only(),
    Case::must(
        "health-missed-pong",
        Group::Health,
        HEALTH,
        "A connection whose peer has not answered a ping (RFC 6455, section 5.5.2) by its deadline is not healthy, and it is before.",
        health_missed_pong,
    )
    .should(BEATING)
    .with_limits(PINGS)
    .virtual_only(),
    Case::must(
        "health-restored-by-pong",
        Group::Health,
        HEALTH,
        "A connection that missed the deadline of a pong is healthy again as soon as the pong comes.",
        health_restored_by_pong,
    )
    .should(BEATING)
    .with_limits(PINGS)
    .virtual_only(),
    Case::must(
        "health-not-blocked-by-hung",
        Group::Health,
        HEALTH,
        "check_connection_health says what is known and waits for no peer: neither for the connection's own, which takes nothing, nor for another one.",
        health_not_blocked_by_hung,
    )
    .virtual_only(),
];

fn health_live(world: &mut World<'_>) -> Judged {
    let pair = [world.connect("u1")?, world.connect("u1")?];
    for peer in &pair {
        world.check_health(&peer.id, true, "for a live connection")?;
    }
    world.check_send("u1", &json!({ "n": 1 }), true)?;
    world.settle()?;
    world.check_health(&pair[0].id, true, "after a message was sent")
}

fn health_unknown_false(world: &mut World<'_>) -> Judged {
    world.connect("u1")?;
    world.check_health(&json!("no-such-connection"), false, "for an unknown id")?;
    world.check_health(&json!(""), false, "for an empty id")
}

fn health_ended_false(world: &mut World<'_>) -> Judged {
    let (ended, other) = (world.connect("u1")?, world.connect("u1")?);
    world.disconnect("u1", &ended)?;
    world.settle()?;
    world.check_health(&ended.id, false, "for a connection that has ended")?;
    world.check_health(&other.id, true, "for the user's other one")
}

/// A peer that was pinged and did not answer in time.
fn with_missed_pong(world: &mut World<'_>) -> Judged<Peer> {
    let peer = world.connect("u1")?;
    world.advance(1_100)?;
    ensure(
        world.pings(&peer) == 1,
        "a ping after 1000 ms, as configured",
        format!("{} pings", world.pings(&peer)),
    )?;
    world.check_health(&peer.id, true, "while a pong is on its way")?;
    world.advance(500)?;
    world.check_health(&peer.id, false, "when a pong has not come in time")?;
    Ok(peer)
}

fn health_missed_pong(world: &mut World<'_>) -> Judged {
    with_missed_pong(world).map(drop)
}

fn health_restored_by_pong(world: &mut World<'_>) -> Judged {
    let peer = with_missed_pong(world)?;
    world.plain(Call::SocketPong { socket: peer.socket.clone() })?;
    world.settle()?;
    world.check_health(&peer.id, true, "after the pong has come")?;
    world.check_works(&peer)
}

fn health_not_blocked_by_hung(world: &mut World<'_>) -> Judged {
    let (hung, other) = (world.connect("u1")?, world.connect("u2")?);
    world.set_mode(&hung, Mode::Hang)?;
    let call = world.sending("u1", &json!({ "n": 1 }));
    world.begin(call)?;
    world.settle()?;
    let ask = |id: &Value| Call::CheckConnectionHealth { connection_id: id.clone(), node: 0 };
    let of_hung = world.begin(ask(&hung.id))?;
    let of_other = world.begin(ask(&other.id))?;
    world.settle()?;
    world.check_returned(
        of_other,
        "check_connection_health of a connection beside a hung one",
        &json!(true),
    )?;
    let outcome = world.check_ended(of_hung, "check_connection_health of a hung connection")?;
    let answer = outcome.ok().filter(Value::is_boolean);
    ensure(answer.is_some(), "check_connection_health returns true or false", "neither")
}

//! The end of a manager, and what a long life leaves behind.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::stats::{is_gauge, numbers};
use super::{Case, Group};
use crate::conformance::lines::{Call, Mode};
use crate::conformance::world::{Judged, World, ensure, shown};

const SHUTDOWN: &[&str] = &["shutdown"];

const fn ending(id: &'static str, requirement: &'static str, judge: fn(&mut World<'_>) -> Judged) -> Case {
    Case::must(id, Group::Lifecycle, SHUTDOWN, requirement, judge).should(SHUTDOWN).virtual_only()
}

pub(super) const CASES: [Case; 7] = [
    ending(
        "shutdown-drains",
        "shutdown lets what was sent before reach the peers before their sockets are closed.",
        shutdown_drains,
    ),
    ending(
        "shutdown-closes-1001",
        "shutdown closes every socket once, with 1001 (going away, RFC 6455, section 7.4.1).",
        shutdown_closes_1001,
    ),
    ending(
        "shutdown-refuses-new",
        "A manager that was shut down takes no more connections: connect_user raises, or the connection gets nothing.",
        shutdown_refuses_new,
    ),
    ending(
        "shutdown-deadline",
        "shutdown ends by its deadline even where a peer takes nothing.",
        shutdown_deadline,
    )
    .should(&["shutdown", "clock"]),
    ending("shutdown-twice", "A second shutdown is no error, and returns as well.", shutdown_twice),
    ending(
        "send-after-shutdown-false",
        "send_to_user and send_to_thread return false after shutdown, and nothing is written any more.",
        send_after_shutdown_false,
    ),
    Case::must(
        "cycles-leak-nothing",
        Group::Lifecycle,
        &["connect_user", "disconnect_user"],
        "A thousand users who come and go leave nothing behind: gauges are as before, and none of them is found or reached.",
        cycles_leak_nothing,
    )
    .virtual_only(),
];

fn shutdown(world: &mut World<'_>, within_ms: u64) -> Judged {
    world.returns(Call::Shutdown { within_ms, node: 0 }).map(drop)
}

fn shutdown_drains(world: &mut World<'_>) -> Judged {
    let peer = world.connect("u1")?;
    world.set_mode(&peer, Mode::Hang)?;
    let messages = [json!({ "n": 1 }), json!({ "n": 2 }), json!({ "n": 3 })];
    for message in &messages {
        let call = world.sending("u1", message);
        world.begin(call)?;
        world.settle()?;
    }
    let ended = world.begin(Call::Shutdown { within_ms: 5_000, node: 0 })?;
    world.settle()?;
    world.set_mode(&peer, Mode::Ok)?;
    world.settle()?;
    let _ = world.check_ended(ended, "shutdown when everything is written")?;
    world.check_received(&peer, &messages)?;
    let codes = world.close_codes(&peer);
    ensure(
        codes == [1001],
        "the socket is closed with 1001 after that",
        format!("it is closed with {codes:?}"),
    )
}

fn shutdown_closes_1001(world: &mut World<'_>) -> Judged {
    let peers = [world.connect("u1")?, world.connect_in("u1", "t1")?, world.connect("u2")?];
    shutdown(world, 1_000)?;
    world.settle()?;
    for peer in &peers {
        let codes = world.close_codes(peer);
        ensure(
            codes == [1001],
            format!("socket {} is closed once, with 1001", peer.socket),
            format!("it is closed with {codes:?}"),
        )?;
    }
    Ok(())
}

fn shutdown_refuses_new(world: &mut World<'_>) -> Judged {
    world.connect("u1")?;
    shutdown(world, 1_000)?;
    let (peer, outcome) = world.try_connect("u2", None)?;
    if outcome.is_ok() {
        world.check_send("u2", &json!({ "n": 1 }), false)?;
        world.settle()?;
        world.check_received(&peer, &[])?;
    }
    Ok(())
}

fn shutdown_deadline(world: &mut World<'_>) -> Judged {
    let (hung, other) = (world.connect("u1")?, world.connect("u2")?);
    world.set_mode(&hung, Mode::Hang)?;
    let call = world.sending("u1", &json!({ "n": 1 }));
    world.begin(call)?;
    world.settle()?;
    let ended = world.begin(Call::Shutdown { within_ms: 1_000, node: 0 })?;
    world.settle()?;
    world.advance(1_500)?;
    let outcome = world.check_ended(ended, "shutdown with a deadline of 1000 ms, after 1500 ms,")?;
    let problem = outcome.err().map(|trouble| trouble.message);
    ensure(problem.is_none(), "shutdown returns", format!("it raised: {}", problem.unwrap_or_default()))?;
    let codes = world.close_codes(&other);
    ensure(codes == [1001], "the other socket is closed with 1001", format!("it is closed with {codes:?}"))
}

fn shutdown_twice(world: &mut World<'_>) -> Judged {
    let peer = world.connect("u1")?;
    shutdown(world, 1_000)?;
    let second = world.begin(Call::Shutdown { within_ms: 1_000, node: 0 })?;
    world.settle()?;
    world.check_returned(second, "a second shutdown", &Value::Null)?;
    let codes = world.close_codes(&peer);
    ensure(codes.len() <= 1, "the socket is closed once", format!("it is closed with {codes:?}"))
}

fn send_after_shutdown_false(world: &mut World<'_>) -> Judged {
    let peer = world.connect_in("u1", "t1")?;
    shutdown(world, 1_000)?;
    world.settle()?;
    world.check_send("u1", &json!({ "n": 1 }), false)?;
    world.check_send_to_thread("t1", &json!({ "n": 2 }), false)?;
    world.settle()?;
    world.check_received(&peer, &[])
}

fn cycles_leak_nothing(world: &mut World<'_>) -> Judged {
    const CYCLES: usize = 1_000;
    let gauges = |world: &mut World<'_>| -> Judged<BTreeMap<String, f64>> {
        if !world.has("get_stats") {
            return Ok(BTreeMap::new());
        }
        Ok(numbers(&world.stats()?).into_iter().filter(|(key, _)| is_gauge(key)).collect())
    };
    let before = gauges(world)?;
    for cycle in 0..CYCLES {
        let peer = world.connect_in(&format!("u{cycle}"), &format!("t{}", cycle % 7))?;
        world.disconnect(&peer.user, &peer)?;
    }
    world.settle()?;
    let after = gauges(world)?;
    ensure(
        before == after,
        format!("the gauges are {} as before", shown(&json!(before))),
        shown(&json!(after)),
    )?;
    for user in ["u0", "u500", "u999"] {
        world.check_send(user, &json!({ "n": 1 }), false)?;
        if world.has("find_user_connections") {
            let found = world.find(user)?;
            ensure(found.is_empty(), format!("{user} has no connection"), shown(&json!(found)))?;
        }
    }
    world.check_send_to_thread("t3", &json!({ "n": 2 }), false)
}

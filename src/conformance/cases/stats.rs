//! Figures of the manager.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Case, Group};
use crate::conformance::lines::Mode;
use crate::conformance::verdict::Stop;
use crate::conformance::world::{Judged, World, ensure, shown};

const STATS: &[&str] = &["get_stats"];

pub(super) const CASES: [Case; 3] = [
    Case::must(
        "stats-json",
        Group::Stats,
        STATS,
        "get_stats returns an object of JSON values with at least one number, with and without connections.",
        stats_json,
    ),
    Case::must(
        "stats-gauges-return-to-zero",
        Group::Stats,
        STATS,
        "Figures that count what there is now (keys that begin with `active_` or `queued_`) rise with connections and return to zero with the last one.",
        stats_gauges_return_to_zero,
    )
    .virtual_only(),
    Case::must(
        "stats-monotonic",
        Group::Stats,
        STATS,
        "All other numbers of get_stats count what happened, and never decrease.",
        stats_monotonic,
    )
    .virtual_only(),
];

/// Whether a figure counts what there is now.
pub(super) fn is_gauge(key: &str) -> bool {
    let last = key.rsplit('.').next().unwrap_or(key);
    last.starts_with("active_") || last.starts_with("queued_")
}

/// The numbers of an object, at any depth, by their path.
pub(super) fn numbers(figures: &Map<String, Value>) -> BTreeMap<String, f64> {
    let mut found = BTreeMap::new();
    for (key, value) in figures {
        match value {
            Value::Number(number) => {
                found.extend(number.as_f64().map(|number| (key.clone(), number)));
            }
            Value::Object(inner) => {
                found.extend(
                    numbers(inner).into_iter().map(|(path, number)| (format!("{key}.{path}"), number)),
                );
            }
            Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) => {}
        }
    }
    found
}

fn stats_json(world: &mut World<'_>) -> Judged {
    let before = world.stats()?;
    let peer = world.connect("u1")?;
    world.check_send("u1", &json!({ "n": 1 }), true)?;
    world.settle()?;
    let after = world.stats()?;
    for figures in [before, after] {
        let has_number = !numbers(&figures).is_empty();
        ensure(has_number, "the figures hold a number", shown(&Value::Object(figures)))?;
    }
    world.check_works(&peer)
}

fn stats_gauges_return_to_zero(world: &mut World<'_>) -> Judged {
    let gauges = |world: &mut World<'_>| -> Judged<BTreeMap<String, f64>> {
        Ok(numbers(&world.stats()?).into_iter().filter(|(key, _)| is_gauge(key)).collect())
    };
    let before = gauges(world)?;
    if before.is_empty() {
        return Err(Stop::Unknown("no figure begins with `active_` or `queued_`".to_owned()));
    }
    let peers = [world.connect_in("u1", "t1")?, world.connect("u1")?, world.connect_in("u2", "t1")?];
    world.check_send("u1", &json!({ "n": 1 }), true)?;
    world.settle()?;
    let during = gauges(world)?;
    let has_risen = during.iter().any(|(key, now)| before.get(key).is_none_or(|before| before < now));
    ensure(has_risen, "a gauge rises with three connections", shown(&json!(during)))?;
    for peer in &peers {
        world.disconnect(&peer.user, peer)?;
    }
    world.settle()?;
    let check_zero = |world: &mut World<'_>| -> Judged {
        let after = gauges(world)?;
        let left: BTreeMap<&String, &f64> = after.iter().filter(|(_, number)| **number != 0.0).collect();
        ensure(left.is_empty(), "every gauge is zero after the last connection", shown(&json!(left)))
    };
    check_zero(world)?;
    // A connection ends by itself, too.
    let dead = world.connect_in("u3", "t3")?;
    world.set_mode(&dead, Mode::Fail)?;
    let last = world.sending("u3", &json!({ "n": 2 }));
    let _ = world.call(last)?;
    world.settle()?;
    check_zero(world)
}

fn stats_monotonic(world: &mut World<'_>) -> Judged {
    let counters = |world: &mut World<'_>| -> Judged<BTreeMap<String, f64>> {
        Ok(numbers(&world.stats()?).into_iter().filter(|(key, _)| !is_gauge(key)).collect())
    };
    let mut before = counters(world)?;
    let mut check = |world: &mut World<'_>, after_what: &str| {
        world.settle()?;
        let now = counters(world)?;
        for (key, number) in &now {
            let earlier = before.get(key).copied().unwrap_or(f64::MIN);
            ensure(
                *number >= earlier,
                format!("`{key}` is not less {after_what} than before ({earlier})"),
                number,
            )?;
        }
        before = now;
        Ok(())
    };
    let (first, second) = (world.connect_in("u1", "t1")?, world.connect("u2")?);
    check(world, "after two users connected")?;
    world.check_send("u1", &json!({ "n": 1 }), true)?;
    world.check_send_to_thread("t1", &json!({ "n": 2 }), true)?;
    world.check_send("nobody", &json!({ "n": 3 }), false)?;
    check(world, "after messages were sent")?;
    world.disconnect("u1", &first)?;
    check(world, "after one disconnected")?;
    world.disconnect("u2", &second)?;
    check(world, "after all disconnected")?;
    world.connect("u3")?;
    check(world, "after another one connected")
}

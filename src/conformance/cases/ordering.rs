//! Each connection gets the messages of one caller in the order of the calls.

use serde_json::{Value, json};

use super::{Case, Group};
use crate::conformance::world::{Judged, World};

pub(super) const CASES: [Case; 3] = [
    Case::must(
        "order-of-50",
        Group::Ordering,
        &["send_to_user"],
        "Fifty messages that are sent one after the other arrive in that order, at every connection of the user.",
        order_of_50,
    ),
    Case::must(
        "user-and-thread-sends-keep-order",
        Group::Ordering,
        &["send_to_user", "send_to_thread"],
        "Messages of one caller keep their order at a connection whether they were sent to its user or to its thread.",
        user_and_thread_sends_keep_order,
    ),
    Case::must(
        "overlapping-sends-keep-order",
        Group::Ordering,
        &["send_to_user"],
        "Calls that overlap are delivered in the order in which they were begun, each once.",
        overlapping_sends_keep_order,
    ),
];

fn numbered(count: usize) -> Vec<Value> {
    (0..count).map(|n| json!({ "n": n })).collect()
}

fn order_of_50(world: &mut World<'_>) -> Judged {
    let pair = [world.connect("u1")?, world.connect("u1")?];
    let messages = numbered(50);
    for message in &messages {
        world.check_send("u1", message, true)?;
    }
    world.settle()?;
    world.check_received(&pair[0], &messages)?;
    world.check_received(&pair[1], &messages)
}

fn user_and_thread_sends_keep_order(world: &mut World<'_>) -> Judged {
    let peer = world.connect_in("u1", "t1")?;
    let messages = numbered(30);
    for (at, message) in messages.iter().enumerate() {
        if at % 3 == 1 {
            world.check_send_to_thread("t1", message, true)?;
        } else {
            world.check_send("u1", message, true)?;
        }
    }
    world.settle()?;
    world.check_received(&peer, &messages)
}

fn overlapping_sends_keep_order(world: &mut World<'_>) -> Judged {
    let peer = world.connect_in("u1", "t1")?;
    let messages = numbered(30);
    let mut begun = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        let call =
            if at % 2 == 1 { world.sending_to_thread("t1", message) } else { world.sending("u1", message) };
        begun.push(world.begin(call)?);
    }
    world.settle()?;
    for ticket in begun {
        world.check_returned(ticket, "a send that overlaps others", &json!(true))?;
    }
    world.check_received(&peer, &messages)
}

//! Several managers that share a backplane.

use serde_json::{Value, json};

use super::{Case, Group};
use crate::conformance::lines::{BackplaneState, Call};
use crate::conformance::verdict::Stop;
use crate::conformance::world::{Judged, Peer, World, ensure, shown};

const NODES: &[&str] = &["nodes"];
const BACKPLANE: &[&str] = &["nodes", "backplane"];

const fn case(
    id: &'static str,
    members: &'static [&'static str],
    requirement: &'static str,
    judge: fn(&mut World<'_>) -> Judged,
) -> Case {
    Case::must(id, Group::ScaleOut, members, requirement, judge).should(NODES).with_nodes(2).virtual_only()
}

pub(super) const CASES: [Case; 8] = [
    case(
        "across-nodes-once",
        &["send_to_user"],
        "A message that is sent on one node reaches the user's connections on every node, each once.",
        across_nodes_once,
    ),
    case(
        "across-nodes-thread",
        &["send_to_thread"],
        "A message to a thread reaches the connections that look at it on every node, each once.",
        across_nodes_thread,
    ),
    case(
        "across-nodes-broadcast-once",
        &["broadcast"],
        "A broadcast on one node reaches every connection of every node once, but none of the users that are excluded.",
        across_nodes_broadcast_once,
    )
    .should(&["nodes", "broadcast"]),
    case(
        "across-nodes-agent-update",
        &["send_agent_update"],
        "An agent's update that is sent on one node reaches the thread of its run on another one, once.",
        across_nodes_agent_update,
    ),
    case(
        "across-nodes-find-user",
        &["find_user_connections"],
        "find_user_connections finds the user's connections on every node.",
        across_nodes_find_user,
    )
    .should(&["nodes", "find_user_connections"]),
    case(
        "backplane-lost-local-goes-on",
        &["send_to_user"],
        "While the backplane is away, messages still reach connections on the node where they are sent, at once, in order and once.",
        backplane_lost_local_goes_on,
    )
    .should(BACKPLANE),
    case(
        "backplane-healed",
        &["send_to_user"],
        "When the backplane is back, messages reach other nodes again, each once and without anybody's help.",
        backplane_healed,
    )
    .should(&["nodes", "backplane", "clock"]),
    case(
        "breaker-half-opens",
        &["get_stats"],
        "get_stats says in `backplane` whether the backplane is up; after it was away, it is tried again by itself and found up.",
        breaker_half_opens,
    )
    .should(&["nodes", "backplane", "clock"]),
];

/// Lets two minutes pass, longer than any candidate waits before it tries a backplane again. Peers answer meanwhile.
fn wait_for_healing(world: &mut World<'_>, peers: &[&Peer]) -> Judged {
    for _ in 0..12 {
        world.advance(10_000)?;
        if world.has("heartbeat") {
            for peer in peers {
                world.plain(Call::SocketPong { socket: peer.socket.clone() })?;
            }
        }
    }
    Ok(())
}

fn across_nodes_once(world: &mut World<'_>) -> Judged {
    let near = world.connect("u1")?;
    world.on_node(1);
    let (far, other) = (world.connect("u1")?, world.connect("u2")?);
    world.on_node(0);
    world.settle()?;
    let message = json!({ "type": "from-node-0" });
    world.check_send("u1", &message, true)?;
    world.settle()?;
    world.check_received(&near, std::slice::from_ref(&message))?;
    world.check_received(&far, &[message])?;
    world.check_received(&other, &[])
}

fn across_nodes_thread(world: &mut World<'_>) -> Judged {
    let near = world.connect_in("u1", "t1")?;
    world.on_node(1);
    let (far, other) = (world.connect_in("u2", "t1")?, world.connect_in("u1", "t2")?);
    world.on_node(0);
    world.settle()?;
    let message = json!({ "type": "from-node-0" });
    world.check_send_to_thread("t1", &message, true)?;
    world.settle()?;
    world.check_received(&near, std::slice::from_ref(&message))?;
    world.check_received(&far, &[message])?;
    world.check_received(&other, &[])
}

fn across_nodes_broadcast_once(world: &mut World<'_>) -> Judged {
    let near = world.connect("u1")?;
    world.on_node(1);
    let (far, excluded) = (world.connect("u2")?, world.connect("u3")?);
    world.on_node(0);
    world.settle()?;
    let message = json!({ "type": "to-most" });
    world.broadcast(&message, &["u3"])?;
    world.settle()?;
    world.check_received(&near, std::slice::from_ref(&message))?;
    world.check_received(&far, &[message])?;
    world.check_received(&excluded, &[])
}

fn across_nodes_agent_update(world: &mut World<'_>) -> Judged {
    world.on_node(1);
    let far = world.connect_in("u1", "run-1")?;
    world.on_node(0);
    world.settle()?;
    world.update("run-1", "planner", &json!({ "n": 1 }))?;
    world.settle()?;
    let seen = world.received(&far)?.len();
    ensure(seen == 1, "the update arrives once", format!("{seen} messages"))
}

fn across_nodes_find_user(world: &mut World<'_>) -> Judged {
    let near = world.connect("u1")?;
    world.on_node(1);
    let far = world.connect("u1")?;
    world.on_node(0);
    world.settle()?;
    let found = world.find("u1")?;
    ensure(
        found.len() == 2 && found.contains(&near.id) && found.contains(&far.id),
        format!("{} and {}", near.id, far.id),
        shown(&Value::Array(found)),
    )
}

fn set_backplane(world: &mut World<'_>, state: BackplaneState) -> Judged {
    world.plain(Call::Backplane { state })?;
    world.settle()
}

fn backplane_lost_local_goes_on(world: &mut World<'_>) -> Judged {
    let near = world.connect("u1")?;
    set_backplane(world, BackplaneState::Down)?;
    let messages = [json!({ "n": 1 }), json!({ "n": 2 }), json!({ "n": 3 })];
    for message in &messages {
        let call = world.sending("u1", message);
        let sent = world.begin(call)?;
        world.settle()?;
        world.check_returned(sent, "a send to a user of this node without a backplane", &json!(true))?;
    }
    world.check_received(&near, &messages)
}

fn backplane_healed(world: &mut World<'_>) -> Judged {
    world.on_node(1);
    let far = world.connect("u1")?;
    world.on_node(0);
    world.settle()?;
    set_backplane(world, BackplaneState::Down)?;
    let call = world.sending("u1", &json!({ "n": 1 }));
    world.begin(call)?;
    world.settle()?;
    set_backplane(world, BackplaneState::Up)?;
    wait_for_healing(world, &[&far])?;
    let before = world.received(&far)?;
    ensure(before.len() <= 1, "what was sent meanwhile arrives at most once", shown(&json!(before)))?;
    for n in [2, 3] {
        let call = world.sending("u1", &json!({ "n": n }));
        world.call(call)?.ok();
        world.settle()?;
    }
    let after = world.received(&far)?;
    ensure(
        after[before.len()..] == [json!({ "n": 2 }), json!({ "n": 3 })],
        "what is sent after that arrives once, in order",
        shown(&json!(after)),
    )
}

fn breaker_half_opens(world: &mut World<'_>) -> Judged {
    let state = |world: &mut World<'_>| -> Judged<Value> {
        let figures = world.stats()?;
        let state = figures.get("backplane").cloned();
        state.ok_or_else(|| Stop::failed("`get_stats` has a key `backplane`", shown(&Value::Object(figures))))
    };
    let before = state(world)?;
    ensure(before == "up", "`backplane` is `up`", shown(&before))?;
    set_backplane(world, BackplaneState::Down)?;
    for n in 0..20 {
        let call = world.sending("somebody-elsewhere", &json!({ "n": n }));
        world.begin(call)?;
        world.settle()?;
        world.advance(1_000)?;
    }
    let during = state(world)?;
    ensure(during != "up", "`backplane` is not `up` while it is away", shown(&during))?;
    set_backplane(world, BackplaneState::Up)?;
    wait_for_healing(world, &[])?;
    let after = state(world)?;
    ensure(after == "up", "`backplane` is `up` again", shown(&after))
}

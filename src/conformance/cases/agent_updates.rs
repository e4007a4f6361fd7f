//! Updates of agents' runs.

use serde_json::{Value, json};

use super::{Case, Group};
use crate::conformance::lines::Call;
use crate::conformance::world::{Judged, Peer, World, ensure, shown};

const UPDATE: &[&str] = &["send_agent_update"];

pub(super) const CASES: [Case; 5] = [
    Case::must(
        "agent-update-carries-all",
        Group::AgentUpdates,
        UPDATE,
        "An agent's update arrives once, with the id of the run, the name of the agent, and everything in the update as it was.",
        agent_update_carries_all,
    ),
    Case::must(
        "agent-update-own-run-only",
        Group::AgentUpdates,
        UPDATE,
        "An update reaches the thread of its run, which is the one of the same id unless said otherwise, and no other thread.",
        agent_update_own_run_only,
    ),
    Case::must(
        "agent-update-unknown-run-silent",
        Group::AgentUpdates,
        UPDATE,
        "An update of a run that nobody looks at is no error, and reaches nobody.",
        agent_update_unknown_run_silent,
    ),
    Case::must(
        "agent-update-bound-run",
        Group::AgentUpdates,
        &["bind_run", "send_agent_update"],
        "An update of a run that was bound to a thread reaches that thread, and not the one of the run's own id.",
        agent_update_bound_run,
    )
    .should(&["bind_run"]),
    Case::must(
        "agent-update-rebound",
        Group::AgentUpdates,
        &["bind_run", "send_agent_update"],
        "A run that is bound to another thread sends its updates there from then on, and to the first one no more.",
        agent_update_rebound,
    )
    .should(&["bind_run"]),
];

/// Whether a value stands somewhere in another one.
fn holds(whole: &Value, part: &Value) -> bool {
    let is_within = match whole {
        Value::Array(items) => items.iter().any(|item| holds(item, part)),
        Value::Object(entries) => {
            entries.values().any(|value| holds(value, part)) || is_merged(entries, part)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    };
    whole == part || is_within
}

/// Whether all entries of one object stand among those of another.
fn is_merged(entries: &serde_json::Map<String, Value>, part: &Value) -> bool {
    let part = part.as_object().filter(|part| !part.is_empty());
    part.is_some_and(|part| part.iter().all(|(key, value)| entries.get(key) == Some(value)))
}

fn check_update(world: &World<'_>, peer: &Peer, parts: &[Value]) -> Judged {
    let seen = world.received(peer)?;
    let list = || shown(&Value::Array(seen.clone()));
    ensure(seen.len() == 1, format!("socket {} gets the update once", peer.socket), list())?;
    for part in parts {
        ensure(holds(&seen[0], part), format!("the message holds {}", shown(part)), list())?;
    }
    Ok(())
}

fn bind(world: &mut World<'_>, run: &str, thread: &str) -> Judged {
    let call = Call::BindRun { run_id: run.to_owned(), thread_id: thread.to_owned(), node: 0 };
    world.returns(call).map(drop)
}

fn agent_update_carries_all(world: &mut World<'_>) -> Judged {
    let peer = world.connect_in("u1", "run-1")?;
    let update =
        json!({ "step": 3, "status": "thinking", "tools": [{ "name": "search", "took": 1.5 }, null] });
    world.update("run-1", "planner", &update)?;
    world.settle()?;
    check_update(world, &peer, &[json!("run-1"), json!("planner"), update])?;
    // What an update calls its own parts is its own matter, and everybody who looks at the thread gets it.
    let others = [world.connect_in("u1", "run-2")?, world.connect_in("u2", "run-2")?];
    let update = json!({ "type": "own", "run_id": "of the update", "nothing": null });
    world.update("run-2", "planner", &update)?;
    world.settle()?;
    for peer in &others {
        check_update(world, peer, &[json!("run-2"), json!("planner"), update.clone()])?;
    }
    Ok(())
}

fn agent_update_own_run_only(world: &mut World<'_>) -> Judged {
    let own = world.connect_in("u1", "run-1")?;
    let others = [
        world.connect_in("u1", "run-2")?,
        world.connect_in("u2", "run-10")?,
        world.connect("u1")?,
        world.connect("run-1")?,
    ];
    world.update("run-1", "planner", &json!({ "n": 1 }))?;
    world.settle()?;
    check_update(world, &own, &[json!({ "n": 1 })])?;
    for peer in &others {
        world.check_received(peer, &[])?;
    }
    Ok(())
}

fn agent_update_unknown_run_silent(world: &mut World<'_>) -> Judged {
    let peer = world.connect_in("u1", "run-1")?;
    world.update("run-2", "planner", &json!({ "n": 1 }))?;
    world.update("", "", &json!({}))?;
    world.settle()?;
    world.check_received(&peer, &[])?;
    world.check_works(&peer)
}

fn agent_update_bound_run(world: &mut World<'_>) -> Judged {
    let (bound, own) = (world.connect_in("u1", "t1")?, world.connect_in("u2", "run-1")?);
    bind(world, "run-1", "t1")?;
    world.update("run-1", "planner", &json!({ "n": 1 }))?;
    world.settle()?;
    check_update(world, &bound, &[json!({ "n": 1 })])?;
    world.check_received(&own, &[])
}

fn agent_update_rebound(world: &mut World<'_>) -> Judged {
    let (first, second) = (world.connect_in("u1", "t1")?, world.connect_in("u2", "t2")?);
    bind(world, "run-1", "t1")?;
    world.update("run-1", "planner", &json!({ "n": 1 }))?;
    bind(world, "run-1", "t2")?;
    world.update("run-1", "planner", &json!({ "n": 2 }))?;
    world.settle()?;
    check_update(world, &first, &[json!({ "n": 1 })])?;
    check_update(world, &second, &[json!({ "n": 2 })])
}

//! Limits.

use serde_json::json;

use super::{Case, Group};
use crate::conformance::lines::Limits;
use crate::conformance::world::{Judged, World, ensure};

pub(super) const CASES: [Case; 1] = [Case::must(
    "connections-per-user",
    Group::LimitsAndSecurity,
    &["connect_user"],
    "A user has at most as many connections as configured: another one is refused or takes the place of an older one, and other users are not concerned.",
    connections_per_user,
)
.should(&["limits"])
.with_limits(Limits { connections_per_user: Some(2), ..Limits::NONE })
.virtual_only()];

fn connections_per_user(world: &mut World<'_>) -> Judged {
    let mut peers = vec![world.connect("u1")?, world.connect("u1")?];
    for _ in 0..3 {
        let (peer, _) = world.try_connect("u1", None)?;
        peers.push(peer);
    }
    let other = world.connect("u2")?;
    world.settle()?;
    world.check_send("u1", &json!({ "n": 1 }), true)?;
    world.settle()?;
    let mut reached = 0;
    for peer in &peers {
        reached += world.received(peer)?.len();
    }
    ensure(reached == 2, "two connections of the user get a message", format!("{reached} do"))?;
    world.check_works(&other)
}

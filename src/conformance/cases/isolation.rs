//! Nobody gets what is meant for somebody else, and everybody gets what was sent.

use serde_json::{Value, json};

use super::{Case, Group};
use crate::conformance::lines::{Call, Mode};
use crate::conformance::world::{Judged, Peer, World, ensure, shown};

const SEND: &[&str] = &["send_to_user"];

pub(super) const CASES: [Case; 8] = [
    Case::must(
        "user-prefix-not-matched",
        Group::Isolation,
        SEND,
        "A message to user u1 reaches nobody whose id merely begins or ends so, such as u10.",
        user_prefix_not_matched,
    ),
    Case::must(
        "ids-case-exact",
        Group::Isolation,
        &["send_to_user", "send_to_thread"],
        "Ids that differ in upper and lower case are different ids, of users as of threads.",
        ids_case_exact,
    ),
    Case::must(
        "ids-unicode-exact",
        Group::Isolation,
        &["send_to_user", "send_to_thread"],
        "Ids match code point by code point: two normal forms of one name (UAX #15) are two ids.",
        ids_unicode_exact,
    ),
    Case::must(
        "ids-with-wildcards",
        Group::Isolation,
        SEND,
        "Characters that mean something elsewhere, such as `*`, `?`, `:`, spaces or line ends, mean nothing in an id.",
        ids_with_wildcards,
    ),
    Case::must(
        "recipients-identical",
        Group::Isolation,
        &["send_to_user", "send_to_thread"],
        "All recipients of one message get the same payload.",
        recipients_identical,
    ),
    Case::must(
        "payload-unmutated",
        Group::Isolation,
        SEND,
        "What arrives is what was sent: nothing is added to the payload, left out of it or renamed in it, and the caller's own object is not changed.",
        payload_unmutated,
    ),
    Case::must(
        "payload-changed-afterwards",
        Group::Isolation,
        SEND,
        "A caller who changes the message after the send changes nothing of what a slow peer gets later.",
        payload_changed_afterwards,
    )
    .virtual_only(),
    Case::must(
        "thread-only",
        Group::Isolation,
        &["send_to_thread"],
        "A message to a thread reaches no connection that looks at another thread or at none, not even of the same user.",
        thread_only,
    ),
];

/// Sends each user a message of its own; each gets its own alone.
fn check_own(world: &mut World<'_>, users: &[&str]) -> Judged {
    let mut peers: Vec<Peer> = Vec::new();
    for user in users {
        peers.push(world.connect(user)?);
    }
    for user in users {
        world.check_send(user, &json!({ "for": user }), true)?;
    }
    world.settle()?;
    for (peer, user) in peers.iter().zip(users) {
        world.check_received(peer, &[json!({ "for": user })])?;
    }
    Ok(())
}

/// The same for threads.
fn check_own_thread(world: &mut World<'_>, threads: &[&str]) -> Judged {
    let mut peers: Vec<Peer> = Vec::new();
    for (at, thread) in threads.iter().enumerate() {
        peers.push(world.connect_in(&format!("reader-{at}"), thread)?);
    }
    for thread in threads {
        world.check_send_to_thread(thread, &json!({ "for": thread }), true)?;
    }
    world.settle()?;
    for (peer, thread) in peers.iter().zip(threads) {
        world.check_received(peer, &[json!({ "for": thread })])?;
    }
    Ok(())
}

fn user_prefix_not_matched(world: &mut World<'_>) -> Judged {
    check_own(world, &["u10", "u1", "u", "u1x", "xu1", "u11"])
}

fn ids_case_exact(world: &mut World<'_>) -> Judged {
    check_own(world, &["user", "User", "USER"])?;
    check_own_thread(world, &["thread", "Thread"])
}

fn ids_unicode_exact(world: &mut World<'_>) -> Judged {
    check_own(world, &["caf\u{e9}", "cafe\u{301}", "cafe"])?;
    check_own_thread(world, &["caf\u{e9}", "cafe\u{301}"])
}

fn ids_with_wildcards(world: &mut World<'_>) -> Judged {
    check_own(world, &["u1", "*", "u?", "u*", "a:b", "a", "a b", " a", "a\nb", "%", "[a-z]", ".*", "a/b"])?;
    check_own_thread(world, &["*", "t?", "t1", ".*", "[a-z]1", "a:b", "a"])
}

fn recipients_identical(world: &mut World<'_>) -> Judged {
    let peers = [world.connect_in("u1", "t1")?, world.connect_in("u1", "t1")?, world.connect_in("u2", "t1")?];
    world.check_send_to_thread("t1", &json!({ "list": [1, 2], "of": { "deep": true } }), true)?;
    world.check_send("u1", &json!({ "list": [3] }), true)?;
    world.settle()?;
    let [first, second, third] = [&peers[0], &peers[1], &peers[2]].map(|peer| world.received(peer));
    let (first, second, third) = (first?, second?, third?);
    ensure(!first.is_empty() && !third.is_empty(), "every recipient gets it", "one got nothing")?;
    let list = |seen: &[Value]| shown(&Value::Array(seen.to_vec()));
    ensure(first == second, format!("both get {}", list(&first)), list(&second))?;
    ensure(first[..1] == third[..1], format!("both get {}", list(&first[..1])), list(&third))
}

fn payload_unmutated(world: &mut World<'_>) -> Judged {
    let peer = world.connect_in("u1", "t1")?;
    let payload = json!({
        "type": "mixed",
        "empty": { "list": [], "map": {}, "text": "" },
        "numbers": [0, -1, 1.5, 1e300, 9_007_199_254_740_991_i64],
        "nothing": null,
        "truths": [true, false],
        "user_id": "somebody",
        "timestamp": "kept",
        "deep": [[[{ "a": [{ "b": "c" }] }]]],
    });
    world.plain(Call::MessageNew { name: "m".to_owned(), value: payload.clone() })?;
    let kept = json!({ "$": "ref", "name": "m" });
    world.check_send("u1", &kept, true)?;
    world.check_send_to_thread("t1", &kept, true)?;
    world.settle()?;
    world.check_received(&peer, &[payload.clone(), payload])
}

fn payload_changed_afterwards(world: &mut World<'_>) -> Judged {
    let peer = world.connect("u1")?;
    world.set_mode(&peer, Mode::Hang)?;
    world.plain(Call::MessageNew { name: "m".to_owned(), value: json!({ "n": 1 }) })?;
    let kept = json!({ "$": "ref", "name": "m" });
    for n in [2, 3] {
        let call = world.sending("u1", &kept);
        world.begin(call)?;
        world.settle()?;
        world.plain(Call::MessageSet { name: "m".to_owned(), key: "n".to_owned(), value: json!(n) })?;
    }
    world.set_mode(&peer, Mode::Ok)?;
    world.settle()?;
    world.check_received(&peer, &[json!({ "n": 1 }), json!({ "n": 2 })])?;
    let peer = world.connect_in("u2", "t2")?;
    world.set_mode(&peer, Mode::Hang)?;
    world.plain(Call::MessageNew { name: "deep".to_owned(), value: json!({ "n": 4 }) })?;
    let call = world.sending_to_thread("t2", &json!({ "$": "ref", "name": "deep" }));
    world.begin(call)?;
    world.settle()?;
    world.plain(Call::MessageSet { name: "deep".to_owned(), key: "n".to_owned(), value: json!(5) })?;
    world.set_mode(&peer, Mode::Ok)?;
    world.settle()?;
    world.check_received(&peer, &[json!({ "n": 4 })])
}

fn thread_only(world: &mut World<'_>) -> Judged {
    let meant = world.connect_in("u1", "t1")?;
    let others = [
        world.connect_in("u1", "t2")?,
        world.connect("u1")?,
        world.connect_in("u2", "t10")?,
        world.connect("t1")?,
    ];
    let message = json!({ "type": "to-the-thread" });
    world.check_send_to_thread("t1", &message, true)?;
    world.settle()?;
    world.check_received(&meant, &[message])?;
    for peer in &others {
        world.check_received(peer, &[])?;
    }
    // Nor does what goes to a user reach a thread of that name.
    let named = world.connect_in("u3", "u4")?;
    world.check_send("u4", &json!({ "type": "to-nobody" }), false)?;
    world.settle()?;
    world.check_received(&named, &[])
}

//! Peers that take nothing, or not fast enough.

use serde_json::{Value, json};

use super::{Case, Group};
use crate::conformance::lines::{Limits, Mode, OverflowPolicy};
use crate::conformance::session::Ticket;
use crate::conformance::world::{Judged, Peer, World, ensure, shown};

const SEND: &[&str] = &["send_to_user"];

/// Messages that may wait; one more may be on its way.
const QUEUE: usize = 5;

const fn queue(overflow: OverflowPolicy) -> Limits {
    Limits { queue_messages: Some(QUEUE), overflow: Some(overflow), ..Limits::NONE }
}

const fn case(id: &'static str, requirement: &'static str, judge: fn(&mut World<'_>) -> Judged) -> Case {
    Case::must(id, Group::SlowConsumer, SEND, requirement, judge).virtual_only()
}

pub(super) const CASES: [Case; 8] = [
    case(
        "hung-peer-delays-nobody",
        "A peer that takes nothing delays no message to anybody else: not of a later call, and not of a call that it is a recipient of itself.",
        hung_peer_delays_nobody,
    ),
    case(
        "hung-peer-of-same-user",
        "Where one of a user's connections takes nothing, the others get messages at once, and send_to_user returns true.",
        hung_peer_of_same_user,
    ),
    case(
        "hung-peer-recovers-in-order",
        "A peer that takes nothing for a while gets what was sent meanwhile afterwards, in order and once, as long as it fits into the queue.",
        hung_peer_recovers_in_order,
    ),
    case(
        "queue-bounded",
        "No more than the limit waits for a peer that takes nothing: when it is more, the connection is closed with 1013 (try again later, IANA's registry of close codes).",
        queue_bounded,
    )
    .should(&["limits"])
    .with_limits(queue(OverflowPolicy::Close)),
    case(
        "overflow-reported",
        "A sender whose message did not fit is told by false, and the connection that ended for it is not healthy any more.",
        overflow_reported,
    )
    .should(&["limits"])
    .with_limits(queue(OverflowPolicy::Close)),
    case(
        "overflow-drop-oldest",
        "With the policy `drop_oldest` a full queue gives up its oldest messages: the peer gets the newest ones in order, and stays.",
        overflow_drop_oldest,
    )
    .should(&["limits"])
    .with_limits(queue(OverflowPolicy::DropOldest)),
    case(
        "overflow-drop-newest",
        "With the policy `drop_newest` a full queue takes no more: the sender is told by false, the peer gets the oldest messages in order, and stays.",
        overflow_drop_newest,
    )
    .should(&["limits"])
    .with_limits(queue(OverflowPolicy::DropNewest)),
    case(
        "write-deadline",
        "A write that takes longer than its deadline ends the connection: it is not healthy, and gets no more messages.",
        write_deadline,
    )
    .should(&["limits", "clock"])
    .with_limits(Limits { write_deadline_ms: Some(1_000), ..Limits::NONE }),
];

fn begin_send(world: &mut World<'_>, user: &str, message: &Value) -> Judged<Ticket> {
    let call = world.sending(user, message);
    world.begin(call)
}

/// A user's only peer, which takes nothing, and so many messages to it.
fn flooded(world: &mut World<'_>, count: usize) -> Judged<(Peer, Vec<Ticket>)> {
    let peer = world.connect("u1")?;
    world.set_mode(&peer, Mode::Hang)?;
    let mut begun = Vec::new();
    for n in 0..count {
        begun.push(begin_send(world, "u1", &json!({ "n": n }))?);
        world.settle()?;
    }
    Ok((peer, begun))
}

/// The numbers of the messages that arrive once the peer takes them.
fn numbers_after_recovery(world: &mut World<'_>, peer: &Peer) -> Judged<Vec<u64>> {
    world.set_mode(peer, Mode::Ok)?;
    world.settle()?;
    Ok(world.received(peer)?.iter().filter_map(|message| message["n"].as_u64()).collect())
}

fn hung_peer_delays_nobody(world: &mut World<'_>) -> Judged {
    let (hung, other) = (world.connect_in("u1", "t1")?, world.connect_in("u2", "t1")?);
    world.set_mode(&hung, Mode::Hang)?;
    begin_send(world, "u1", &json!({ "n": 1 }))?;
    world.settle()?;
    let later = begin_send(world, "u2", &json!({ "n": 2 }))?;
    world.settle()?;
    world.check_returned(later, "a send to a user beside a hung one", &json!(true))?;
    let call = world.sending_to_thread("t1", &json!({ "n": 3 }));
    world.begin(call)?;
    world.settle()?;
    let mut expected = vec![json!({ "n": 2 }), json!({ "n": 3 })];
    if world.has("broadcast") {
        let call = world.broadcasting(&json!({ "n": 4 }), &[]);
        world.begin(call)?;
        world.settle()?;
        expected.push(json!({ "n": 4 }));
    }
    world.check_received(&other, &expected)
}

fn hung_peer_of_same_user(world: &mut World<'_>) -> Judged {
    for (user, is_first_hung) in [("u1", true), ("u2", false)] {
        let pair = [world.connect(user)?, world.connect(user)?];
        let (hung, other) = if is_first_hung { (&pair[0], &pair[1]) } else { (&pair[1], &pair[0]) };
        world.set_mode(hung, Mode::Hang)?;
        let messages = [json!({ "n": 1 }), json!({ "n": 2 })];
        for message in &messages {
            let sent = begin_send(world, user, message)?;
            world.settle()?;
            world.check_returned(sent, "a send to a user with a hung connection", &json!(true))?;
        }
        world.check_received(other, &messages)?;
    }
    Ok(())
}

fn hung_peer_recovers_in_order(world: &mut World<'_>) -> Judged {
    let (peer, _) = flooded(world, 10)?;
    let numbers = numbers_after_recovery(world, &peer)?;
    ensure(numbers == (0..10).collect::<Vec<_>>(), "the messages 0 to 9 in order", shown(&json!(numbers)))
}

fn queue_bounded(world: &mut World<'_>) -> Judged {
    let (peer, _) = flooded(world, 20)?;
    let numbers = numbers_after_recovery(world, &peer)?;
    let most = QUEUE + 1;
    ensure(
        numbers.len() <= most && numbers.iter().zip(0..).all(|(number, at)| *number == at),
        format!("at most {most} of the first messages, in order"),
        shown(&json!(numbers)),
    )?;
    let codes = world.close_codes(&peer);
    ensure(codes == [1013], "the socket is closed with 1013", format!("it is closed with {codes:?}"))
}

fn overflow_reported(world: &mut World<'_>) -> Judged {
    let (peer, begun) = flooded(world, 20)?;
    for ticket in &begun[..QUEUE] {
        world.check_returned(*ticket, "a send that fits into the queue", &json!(true))?;
    }
    let last = begun[begun.len() - 1];
    world.check_returned(last, "a send that does not fit into the queue", &json!(false))?;
    world.check_health(&peer.id, false, "for a connection that ended since its queue was full")
}

fn overflow_drop_oldest(world: &mut World<'_>) -> Judged {
    let (peer, begun) = flooded(world, 20)?;
    let last = begun[begun.len() - 1];
    world.check_returned(last, "a send to a full queue that gives up its oldest", &json!(true))?;
    let numbers = numbers_after_recovery(world, &peer)?;
    // What was on its way already comes first.
    let newest: Vec<u64> = numbers.iter().copied().rev().take(QUEUE - 1).rev().collect();
    ensure(
        newest == [16, 17, 18, 19] && (QUEUE..=QUEUE + 1).contains(&numbers.len()) && numbers.is_sorted(),
        "the newest five messages, of which one may be that which was on its way, or it comes before them",
        shown(&json!(numbers)),
    )?;
    world.check_works(&peer)
}

fn overflow_drop_newest(world: &mut World<'_>) -> Judged {
    let (peer, begun) = flooded(world, 20)?;
    let last = begun[begun.len() - 1];
    world.check_returned(last, "a send to a full queue that takes no more", &json!(false))?;
    let numbers = numbers_after_recovery(world, &peer)?;
    let is_prefix = numbers.iter().zip(0..).all(|(number, at)| *number == at);
    ensure(
        is_prefix && (QUEUE..=QUEUE + 1).contains(&numbers.len()),
        "the oldest five messages, and one that was on its way",
        shown(&json!(numbers)),
    )?;
    world.check_works(&peer)
}

fn write_deadline(world: &mut World<'_>) -> Judged {
    let (hung, other) = (world.connect("u1")?, world.connect("u2")?);
    world.set_mode(&hung, Mode::Hang)?;
    begin_send(world, "u1", &json!({ "n": 1 }))?;
    world.settle()?;
    world.check_health(&other.id, true, "for a connection beside a hung one")?;
    world.advance(1_500)?;
    world.check_health(&hung.id, false, "when a write has taken longer than its deadline")?;
    world.check_send("u1", &json!({ "n": 2 }), false)?;
    world.check_works(&other)
}

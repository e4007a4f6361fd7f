//! Clients that break the protocol, or say that they were somebody else. Real ones only.

use serde_json::json;

use super::{Case, Group};
use crate::conformance::lines::{Call, Level};
use crate::conformance::world::{Judged, World, ensure};

const fn case(id: &'static str, requirement: &'static str, judge: fn(&mut World<'_>) -> Judged) -> Case {
    Case { level: Some(Level::L2), ..Case::must(id, Group::LimitsAndSecurity, &[], requirement, judge) }
}

pub(super) const CASES: [Case; 8] = [
    case(
        "oversize-1009",
        "A client that announces a message of 32 MiB is closed with 1009 (RFC 6455, section 7.4.1), before it has sent it.",
        oversize_1009,
    ),
    case(
        "foreign-origin-403",
        "A handshake from a page of a foreign origin is refused with 403 before anything is upgraded (RFC 6455, section 10.2).",
        foreign_origin_403,
    ),
    case(
        "claimed-user-refused",
        "A client that says it were another user, with its own credentials, does not get that user's messages.",
        claimed_user_refused,
    ),
    case(
        "bad-utf8-1007",
        "A text frame that is no UTF-8 is answered by closing with 1007 (RFC 6455, section 8.1).",
        bad_utf8_1007,
    ),
    case(
        "unmasked-frame-1002",
        "A frame of a client without a mask ends the connection, with 1002 if with any code (RFC 6455, section 5.1).",
        unmasked_frame_1002,
    ),
    case(
        "fragmented-control-1002",
        "A control frame in fragments ends the connection, with 1002 if with any code (RFC 6455, section 5.5).",
        fragmented_control_1002,
    ),
    case(
        "reset-harms-nobody",
        "A client that resets its connection harms no other one, and is no error of a later call.",
        reset_harms_nobody,
    ),
    case(
        "stalled-reader-harms-nobody",
        "A client that reads nothing, while megabytes are sent to it, delays and harms no other one.",
        stalled_reader_harms_nobody,
    ),
];

/// Of every frame of these cases.
const MASK: [u8; 4] = [0x11, 0x22, 0x33, 0x44];

/// A short frame with a mask (RFC 6455, section 5.2): its first byte, and its payload.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap_or(125).min(125);
    let masked = payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask);
    [first, 0x80 | length].into_iter().chain(MASK).chain(masked).collect()
}

/// A client that does this is closed with this code, and nobody else is harmed.
fn check_closed(world: &mut World<'_>, bytes: Vec<u8>, code: u16, may_be_dropped: bool) -> Judged {
    let other = world.connect("u2")?;
    let (peer, _) = world.client("u1", None, None)?;
    let seen = world.misbehave(&peer, bytes)?;
    let is_dropped = may_be_dropped && seen.is_none() && world.was_dropped(&peer);
    let shown = seen.map_or("it is not closed".to_owned(), |seen| format!("it is closed with {seen}"));
    ensure(seen == Some(code) || is_dropped, format!("the client is closed with {code}"), shown)?;
    world.check_works(&other)
}

fn oversize_1009(world: &mut World<'_>) -> Judged {
    let length: u64 = 32 << 20;
    let head = [0x81, 0x80 | 127].into_iter().chain(length.to_be_bytes()).chain(MASK);
    let bytes = head.chain(std::iter::repeat_n(b'x', 1_000)).collect();
    check_closed(world, bytes, 1009, false)
}

fn foreign_origin_403(world: &mut World<'_>) -> Judged {
    let (_, refused) = world.client("u1", None, Some("https://foreign.example"))?;
    let shown = refused.map_or("it is let in".to_owned(), |status| format!("it is refused with {status}"));
    ensure(refused == Some(403), "a client of a foreign origin is refused with 403", shown)?;
    let own = world.connect("u1")?;
    world.check_works(&own)
}

fn claimed_user_refused(world: &mut World<'_>) -> Judged {
    let honest = world.connect("u2")?;
    let (liar, refused) = world.client("u1", Some("u2"), None)?;
    let message = json!({ "type": "for-u2-alone" });
    world.check_send("u2", &message, true)?;
    world.settle()?;
    if refused.is_none() {
        world.check_received(&liar, &[])?;
    }
    world.check_received(&honest, &[message])
}

fn bad_utf8_1007(world: &mut World<'_>) -> Judged {
    check_closed(world, masked(0x81, b"\xff\xfe"), 1007, false)
}

fn unmasked_frame_1002(world: &mut World<'_>) -> Judged {
    check_closed(world, vec![0x81, 2, b'h', b'i'], 1002, true)
}

fn fragmented_control_1002(world: &mut World<'_>) -> Judged {
    // A ping without FIN.
    check_closed(world, masked(0x09, b"hi"), 1002, true)
}

fn reset_harms_nobody(world: &mut World<'_>) -> Judged {
    let other = world.connect_in("u2", "t1")?;
    let gone = world.connect_in("u1", "t1")?;
    world.reset(&gone);
    world.settle()?;
    let messages = [json!({ "n": 1 }), json!({ "n": 2 })];
    for message in &messages {
        world.check_send_to_thread("t1", message, true)?;
    }
    world.settle()?;
    world.check_received(&other, &messages)?;
    world.check_works(&other)
}

fn stalled_reader_harms_nobody(world: &mut World<'_>) -> Judged {
    const MESSAGES: usize = 40;
    let stalled = world.connect("u1")?;
    let other = world.connect("u2")?;
    world.stall(&stalled);
    let large = json!({ "text": { "$": "repeat", "text": "x", "times": 250_000 } });
    for _ in 0..MESSAGES {
        // Whether it still fits is not the question here.
        let call = world.sending("u1", &large);
        world.begin(call)?;
        world.plain(Call::Settle {})?;
    }
    world.settle()?;
    world.check_works(&other)
}

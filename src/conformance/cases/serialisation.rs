//! Values that JSON holds, and those that it does not.

use serde_json::{Value, json};

use super::{Case, Group};
use crate::conformance::lines::Limits;
use crate::conformance::world::{Judged, World, ensure, shown};

const SEND: &[&str] = &["send_to_user"];

const SMALL: Limits = Limits { message_bytes: Some(1_000), ..Limits::NONE };

const fn case(id: &'static str, requirement: &'static str, judge: fn(&mut World<'_>) -> Judged) -> Case {
    Case::must(id, Group::Serialisation, SEND, requirement, judge)
}

pub(super) const CASES: [Case; 12] = [
    case("json-datetime", "A point in time arrives as text in the form of RFC 3339.", json_datetime),
    case("json-enum", "A member of an enum arrives as its value.", json_enum),
    case("json-bytes", "Bytes arrive as base64 with padding (RFC 4648, section 4).", json_bytes),
    case(
        "json-non-finite",
        "NaN and infinities are refused or replaced; what is written is valid JSON (RFC 8259, section 6) in any case.",
        json_non_finite,
    ),
    case(
        "json-lone-surrogate",
        "Text with half of a surrogate pair is refused or replaced: what is written holds no such half, escaped or not (I-JSON, RFC 7493, section 2.1), since many parsers refuse it.",
        json_lone_surrogate,
    ),
    case(
        "json-unserialisable-keeps-connection",
        "A message with a part that has no JSON is refused, by false or by raising, or sent with that part replaced; the connection stays and the next message arrives.",
        json_unserialisable_keeps_connection,
    ),
    case(
        "json-cycle-keeps-connection",
        "A message that holds itself is refused, and neither ends the connection nor the program.",
        json_cycle_keeps_connection,
    ),
    case(
        "json-deep-nesting",
        "Lists nested a hundred thousand levels deep are sent whole or refused, and end neither the connection nor the program.",
        json_deep_nesting,
    ),
    case(
        "json-big-integer",
        "Whole numbers beyond 2^53 arrive digit by digit, or the message is refused: never as another number.",
        json_big_integer,
    ),
    case(
        "json-odd-keys",
        "A map whose keys are no text is refused, or arrives with the keys as text: `7`, `null`, `true`.",
        json_odd_keys,
    ),
    case(
        "json-unicode-exact",
        "Text arrives code point by code point: beyond the basic plane, combining, controls, quotes and line separators.",
        json_unicode_exact,
    ),
    case(
        "json-too-large",
        "A message with more bytes than the limit is refused for everybody, and the connection stays.",
        json_too_large,
    )
    .should(&["limits"])
    .with_limits(SMALL),
];

/// Sends `{"value": value}`: what arrived as `value`, where it was not refused. The connection works in any case.
fn offered(world: &mut World<'_>, value: &Value) -> Judged<Option<Value>> {
    let peer = world.connect("u1")?;
    let is_taken = world.offer(&peer, &json!({ "value": value }))?;
    let received = world.received(&peer)?;
    world.check_works(&peer)?;
    Ok(received.first().filter(|_| is_taken).map(|message| message["value"].clone()))
}

/// It has to arrive.
fn arrived(world: &mut World<'_>, value: &Value) -> Judged<Value> {
    let found = offered(world, value)?;
    ensure(found.is_some(), format!("a message with {} is sent", shown(value)), "it is refused")?;
    Ok(found.unwrap_or_default())
}

fn check_text(seen: &Value, expected: &str) -> Judged {
    ensure(seen == expected, format!("it arrives as {}", shown(&json!(expected))), shown(seen))
}

fn json_datetime(world: &mut World<'_>) -> Judged {
    for when in ["2024-03-01T12:00:00+00:00", "2024-03-01T13:30:00.250000+01:30"] {
        let seen = arrived(world, &json!({ "$": "datetime", "value": when }))?;
        let read = seen.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
        let meant = when.parse::<jiff::Timestamp>().ok();
        // What reads dates takes more than RFC 3339 has: `T` between date and time, a colon in the offset.
        let is_rfc = seen.as_str().is_some_and(|text| {
            let offset = text.get(text.len().saturating_sub(6)..).unwrap_or_default();
            let has_offset = offset.starts_with(['+', '-']) && offset.get(3..4) == Some(":");
            text.get(10..11) == Some("T") && (text.ends_with('Z') || has_offset)
        });
        ensure(is_rfc && read == meant, format!("it arrives as RFC 3339 of {when}"), shown(&seen))?;
    }
    Ok(())
}

fn json_enum(world: &mut World<'_>) -> Judged {
    let seen = arrived(world, &json!({ "$": "enum", "value": "urgent" }))?;
    check_text(&seen, "urgent")
}

fn json_bytes(world: &mut World<'_>) -> Judged {
    for bytes in ["AP9hYg==", "+/+/"] {
        let seen = arrived(world, &json!({ "$": "bytes", "value": bytes }))?;
        check_text(&seen, bytes)?;
    }
    Ok(())
}

fn json_non_finite(world: &mut World<'_>) -> Judged {
    for value in ["nan", "inf", "-inf"] {
        offered(world, &json!({ "$": "float", "value": value }))?;
    }
    Ok(())
}

fn json_lone_surrogate(world: &mut World<'_>) -> Judged {
    for units in [[0xd800, 0x61], [0x61, 0xdc00]] {
        offered(world, &json!({ "$": "utf16", "value": units }))?;
    }
    Ok(())
}

fn json_unserialisable_keeps_connection(world: &mut World<'_>) -> Judged {
    offered(world, &json!({ "inside": [1, { "$": "opaque" }] })).map(drop)
}

fn json_cycle_keeps_connection(world: &mut World<'_>) -> Judged {
    offered(world, &json!({ "$": "cycle" })).map(drop)
}

fn json_deep_nesting(world: &mut World<'_>) -> Judged {
    let peer = world.connect("u1")?;
    let before = world.texts(&peer)?.len();
    let call = world.sending("u1", &json!({ "value": { "$": "nested", "levels": 100_000 } }));
    let outcome = world.call(call)?;
    world.settle()?;
    // It is valid JSON that no parser of ours has to take apart.
    let texts = world.texts(&peer)?;
    let is_whole = texts[before..].iter().all(|text| {
        let brackets = |which: char| text.chars().filter(|c| *c == which).count();
        brackets('[') == brackets(']')
    });
    ensure(is_whole, "what is sent has as many `]` as `[`", "it has not")?;
    let is_taken = outcome == Ok(Value::Bool(true));
    let sent = texts.len() - before;
    ensure(
        sent == usize::from(is_taken),
        "it is sent where true is returned, and only there",
        format!("{sent} messages"),
    )?;
    let message = json!({ "type": "still-there" });
    world.check_send("u1", &message, true)?;
    world.settle()?;
    let last = world.texts(&peer)?.pop().and_then(|text| serde_json::from_str::<Value>(&text).ok());
    ensure(last.as_ref() == Some(&message), "the next message arrives", "it does not")
}

fn json_big_integer(world: &mut World<'_>) -> Judged {
    for digits in ["9007199254740993", "18446744073709551615"] {
        let peer = world.connect(&format!("reader-of-{digits}"))?;
        let message = json!({ "value": { "$": "int", "value": digits } });
        if world.offer(&peer, &message)? {
            let text = world.texts(&peer)?.pop().unwrap_or_default();
            let found: String = text.chars().filter(char::is_ascii_digit).collect();
            ensure(found == digits, format!("it arrives as {digits}"), text)?;
        }
    }
    Ok(())
}

fn json_odd_keys(world: &mut World<'_>) -> Judged {
    let map = json!({ "$": "map", "value": [[7, "a"], [null, "b"], [true, "c"]] });
    if let Some(seen) = offered(world, &map)? {
        let expected = json!({ "7": "a", "null": "b", "true": "c" });
        ensure(seen == expected, format!("it arrives as {expected}"), shown(&seen))?;
    }
    Ok(())
}

fn json_unicode_exact(world: &mut World<'_>) -> Judged {
    let text = "e\u{301}\u{e9} \u{1f469}\u{200d}\u{1f4bb} \u{2028}\u{2029} \u{0}\u{1f}\u{7f} \"\\/ </script> \u{feff}\u{10ffff}";
    let seen = arrived(world, &json!(text))?;
    check_text(&seen, text)
}

fn json_too_large(world: &mut World<'_>) -> Judged {
    let peers = [world.connect("u1")?, world.connect("u1")?];
    let large = json!({ "text": { "$": "repeat", "text": "x", "times": 3_000 } });
    let is_taken = world.offer(&peers[0], &large)?;
    ensure(!is_taken, "a message of more than 1000 bytes is refused", "it is sent")?;
    world.check_received(&peers[1], &[])?;
    world.check_works(&peers[0])
}

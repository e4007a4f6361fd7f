//! Values of the lines → messages of the manager.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::bench::{invalid, unsupported};
use crate::conformance::lines::Trouble;
use crate::manager::Message;

/// Reads a value; one with a key `$` stands for what JSON cannot hold.
pub(super) fn message_of(value: &Value, kept: &BTreeMap<String, Message>) -> Result<Message, Trouble> {
    match value {
        Value::Array(items) => {
            items.iter().map(|item| message_of(item, kept)).collect::<Result<_, _>>().map(Message::List)
        }
        Value::Object(entries) if entries.contains_key("$") => special(value, kept),
        Value::Object(entries) => {
            let entry = |(key, value): (&String, &Value)| Ok((Message::text(key), message_of(value, kept)?));
            entries.iter().map(entry).collect::<Result<_, _>>().map(Message::Map)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            serde_json::from_value(value.clone()).map_err(|error| invalid(&error.to_string()))
        }
    }
}

fn special(value: &Value, kept: &BTreeMap<String, Message>) -> Result<Message, Trouble> {
    let text = |key: &str| {
        value.get(key).and_then(Value::as_str).ok_or_else(|| invalid(&format!("`{key}` has to be text")))
    };
    let number = |key: &str| {
        let found = value.get(key).and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok());
        found.ok_or_else(|| invalid(&format!("`{key}` has to be a number")))
    };
    match text("$")? {
        "float" => match text("value")? {
            "nan" => Ok(Message::Float(f64::NAN)),
            "inf" => Ok(Message::Float(f64::INFINITY)),
            "-inf" => Ok(Message::Float(f64::NEG_INFINITY)),
            other => Err(invalid(&format!("no such float: {other}"))),
        },
        "int" => {
            let digits = text("value")?;
            let small = digits.parse().map(Message::Int);
            small
                .or_else(|_| digits.parse().map(Message::Unsigned))
                .map_err(|_| unsupported("whole numbers have at most 64 bits"))
        }
        "bytes" => {
            STANDARD.decode(text("value")?).map(Message::Bytes).map_err(|error| invalid(&error.to_string()))
        }
        "datetime" => text("value")?.parse().map(Message::Time).map_err(|error| invalid(&format!("{error}"))),
        "enum" => {
            let member = value.get("value").unwrap_or(&Value::Null);
            message_of(member, kept).map(|member| Message::Variant(Box::new(member)))
        }
        "utf16" => Err(unsupported("text is UTF-8, which has no lone surrogates")),
        "map" => {
            let pairs = value.get("value").and_then(Value::as_array);
            let pairs = pairs.ok_or_else(|| invalid("a map has a list of pairs"))?;
            let pair = |pair: &Value| match pair.as_array().map(Vec::as_slice) {
                Some([key, value]) => Ok((message_of(key, kept)?, message_of(value, kept)?)),
                _ => Err(invalid("a map has a list of pairs")),
            };
            pairs.iter().map(pair).collect::<Result<_, _>>().map(Message::Map)
        }
        "repeat" => Ok(Message::Text(text("text")?.repeat(number("times")?))),
        "nested" => Ok((0..number("levels")?).fold(Message::Null, |inner, _| Message::List(vec![inner]))),
        "cycle" => Ok(Message::Opaque("value that holds itself".to_owned())),
        "opaque" => Ok(Message::Opaque("socket".to_owned())),
        "ref" => {
            let name = text("name")?;
            kept.get(name).cloned().ok_or_else(|| invalid(&format!("no message is kept as `{name}`")))
        }
        other => Err(invalid(&format!("no such value: {other}"))),
    }
}

//! Values of the lines → JSON, which is all that the control interface takes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::trouble;
use crate::conformance::lines::{Trouble, TroubleKind};

/// The JSON of a value. What JSON cannot hold cannot be sent this way.
pub(super) fn plain_of(value: &Value, kept: &BTreeMap<String, Value>) -> Result<Value, Trouble> {
    match value {
        Value::Array(items) => {
            items.iter().map(|item| plain_of(item, kept)).collect::<Result<_, _>>().map(Value::Array)
        }
        Value::Object(entries) => match entries.get("$").and_then(Value::as_str) {
            Some(kind) => special(kind, value, kept),
            None => entries
                .iter()
                .map(|(key, value)| Ok((key.clone(), plain_of(value, kept)?)))
                .collect::<Result<_, _>>()
                .map(Value::Object),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(value.clone()),
    }
}

fn special(kind: &str, value: &Value, kept: &BTreeMap<String, Value>) -> Result<Value, Trouble> {
    match kind {
        "repeat" => {
            let text = value["text"].as_str().unwrap_or_default();
            let times = usize::try_from(value["times"].as_u64().unwrap_or_default()).unwrap_or_default();
            Ok(Value::String(text.repeat(times)))
        }
        "ref" => {
            let name = value["name"].as_str().unwrap_or_default();
            let found = kept.get(name).cloned();
            found.ok_or_else(|| trouble(TroubleKind::Invalid, &format!("no message is kept as `{name}`")))
        }
        "int" => {
            let digits = value["value"].as_str().unwrap_or_default();
            let small =
                digits.parse::<i64>().map(Value::from).or_else(|_| digits.parse::<u64>().map(Value::from));
            small.map_err(|_| trouble(TroubleKind::Unsupported, "whole numbers have at most 64 bits"))
        }
        _ => Err(trouble(TroubleKind::Unsupported, &format!("JSON has no {kind}"))),
    }
}

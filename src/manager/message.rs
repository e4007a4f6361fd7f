//! What is sent, and how it becomes JSON: every value that JSON cannot hold has a defined answer.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::{Error as _, SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tungstenite::Utf8Bytes;

/// How deep lists and maps may be nested, as `serde_json` reads them.
const MAX_DEPTH: usize = 127;

/// A message: what languages hold, before it is JSON.
///
/// | value | on the wire |
/// | --- | --- |
/// | [`Message::Float`] that is no number, or infinite | `null` (RFC 8259 has no such numbers) |
/// | [`Message::Bytes`] | base64 with padding (RFC 4648, section 4) |
/// | [`Message::Time`] | RFC 3339 in UTC: `2024-03-01T12:00:00Z` |
/// | [`Message::Variant`] | the value of the enum's member |
/// | keys of a map that are no text | their text: `1`, `true`, `null`; of bytes, times and variants, as above |
/// | two keys with one text | both are written; what counts is the reader's to say (RFC 8259, section 4) |
/// | [`Message::Opaque`], lists and maps as keys, more than 127 levels | [`Unsendable`]: nothing is sent, the connection stays |
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// `null`
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number above [`i64::MAX`].
    Unsigned(u64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A point in time.
    Time(Timestamp),
    /// A member of an enum: its value.
    Variant(Box<Message>),
    /// A list.
    List(Vec<Message>),
    /// Keys and values, in order.
    Map(Vec<(Message, Message)>),
    /// Something that has no JSON: the name of its type.
    Opaque(String),
}

/// A message that cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsendable {
    /// Some part of it has no JSON.
    #[error("not serialisable: {0}")]
    NotSerialisable(String),
    /// It has more bytes than allowed.
    #[error("{bytes} bytes of JSON, {limit} are allowed")]
    TooLarge {
        /// How many it has.
        bytes: usize,
        /// How many are allowed.
        limit: usize,
    },
}

impl Message {
    /// A map with keys of text.
    #[must_use]
    pub fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Message)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (Self::Text(key.into()), value)).collect())
    }

    /// Text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// The value of a key of text.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(entries) = self else { return None };
        let is_wanted = |found: &Self| matches!(found, Self::Text(text) if text == key);
        entries.iter().find(|(found, _)| is_wanted(found)).map(|(_, value)| value)
    }

    /// The text that it is.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Variant(value) => value.as_text(),
            Self::Null
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Unsigned(_)
            | Self::Float(_)
            | Self::Bytes(_)
            | Self::Time(_)
            | Self::List(_)
            | Self::Map(_)
            | Self::Opaque(_) => None,
        }
    }

    /// Its JSON, at most `limit` bytes.
    ///
    /// # Errors
    /// When it has no JSON, or too much of it.
    pub fn encode(&self, limit: usize) -> Result<Utf8Bytes, Unsendable> {
        if self.is_deeper_than(MAX_DEPTH) {
            return Err(Unsendable::NotSerialisable(format!("nested deeper than {MAX_DEPTH} levels")));
        }
        let json =
            serde_json::to_string(self).map_err(|error| Unsendable::NotSerialisable(error.to_string()))?;
        if json.len() > limit {
            return Err(Unsendable::TooLarge { bytes: json.len(), limit });
        }
        Ok(json.into())
    }

    /// Whether it is nested deeper, found out without recursion beyond that.
    fn is_deeper_than(&self, levels: usize) -> bool {
        let Some(below) = levels.checked_sub(1) else {
            return matches!(self, Self::List(_) | Self::Map(_) | Self::Variant(_));
        };
        match self {
            Self::Null
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Unsigned(_)
            | Self::Float(_)
            | Self::Text(_)
            | Self::Bytes(_)
            | Self::Time(_)
            | Self::Opaque(_) => false,
            Self::Variant(value) => value.is_deeper_than(below),
            Self::List(items) => items.iter().any(|item| item.is_deeper_than(below)),
            Self::Map(entries) => {
                entries.iter().any(|(key, value)| key.is_deeper_than(below) || value.is_deeper_than(below))
            }
        }
    }

    /// The text that a key is on the wire.
    fn as_key(&self) -> Result<String, String> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::Variant(value) => value.as_key(),
            Self::Null => Ok("null".to_owned()),
            Self::Bool(value) => Ok(value.to_string()),
            Self::Int(value) => Ok(value.to_string()),
            Self::Unsigned(value) => Ok(value.to_string()),
            Self::Float(value) => Ok(serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())),
            Self::Bytes(bytes) => Ok(STANDARD.encode(bytes)),
            Self::Time(time) => Ok(time.to_string()),
            Self::List(_) => Err("a list is no key".to_owned()),
            Self::Map(_) => Err("a map is no key".to_owned()),
            Self::Opaque(name) => Err(format!("a {name} is no key")),
        }
    }
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Unsigned(value) => serializer.serialize_u64(*value),
            Self::Float(value) if value.is_finite() => serializer.serialize_f64(*value),
            Self::Float(_) => serializer.serialize_unit(),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => serializer.serialize_str(&STANDARD.encode(bytes)),
            Self::Time(time) => serializer.collect_str(time),
            Self::Variant(value) => value.serialize(serializer),
            Self::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(&key.as_key().map_err(S::Error::custom)?, value)?;
                }
                map.end()
            }
            Self::Opaque(name) => Err(S::Error::custom(format!("a {name} has no JSON"))),
        }
    }
}

/// Read as it stands: keys in their order, numbers as they are where they have at most 64 bits.
impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Message;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<Message, E> {
        Ok(Message::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Message, E> {
        Ok(Message::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Message, E> {
        Ok(Message::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Message, E> {
        Ok(i64::try_from(value).map_or(Message::Unsigned(value), Message::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Message, E> {
        Ok(Message::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Message, E> {
        Ok(Message::text(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Message, E> {
        Ok(Message::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Message, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Message::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Message, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = access.next_entry::<String, Message>()? {
            entries.push((Message::Text(key), value));
        }
        Ok(Message::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[track_caller]
    fn check(message: &Message, expect: &str) {
        assert_eq!(message.encode(usize::MAX).map(|json| json.to_string()).as_deref(), Ok(expect));
    }

    #[test]
    fn what_json_cannot_hold_has_a_defined_answer() {
        check(
            &Message::List([f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.5].map(Message::Float).to_vec()),
            "[null,null,null,1.5]",
        );
        check(&Message::Bytes(b"\x00\xffab".to_vec()), "\"AP9hYg==\"");
        check(
            &Message::Time("2024-03-01T13:00:00+01:00".parse().expect("a time")),
            "\"2024-03-01T12:00:00Z\"",
        );
        check(&Message::Variant(Box::new(Message::text("urgent"))), "\"urgent\"");
        check(&Message::Unsigned(u64::MAX), "18446744073709551615");
        check(&Message::text("\u{2028}</script>\"\u{0}"), "\"\u{2028}</script>\\\"\\u0000\"");
        let keys = [Message::Int(1), Message::Bool(true), Message::Null, Message::Float(1.5)];
        let map = Message::Map(keys.into_iter().map(|key| (key, Message::Null)).collect());
        check(&map, "{\"1\":null,\"true\":null,\"null\":null,\"1.5\":null}");
    }

    #[test]
    fn what_has_no_json_is_refused_and_said_why() {
        let refused = |message: Message| message.encode(usize::MAX).expect_err("refused").to_string();
        let inside = Message::map([("a", Message::List(vec![Message::Opaque("socket".to_owned())]))]);
        assert_eq!(refused(inside), "not serialisable: a socket has no JSON");
        let list_as_key = Message::Map(vec![(Message::List(Vec::new()), Message::Null)]);
        assert_eq!(refused(list_as_key), "not serialisable: a list is no key");
        let nested = |levels: usize| (0..levels).fold(Message::Null, |inner, _| Message::List(vec![inner]));
        assert!(nested(MAX_DEPTH).encode(usize::MAX).is_ok());
        assert!(refused(nested(MAX_DEPTH + 1)).contains("127 levels"));
        assert!(refused(nested(1_000)).contains("127 levels"));
    }

    #[test]
    fn a_message_is_as_large_as_its_json() {
        let message = Message::text("é");
        assert!(message.encode(4).is_ok());
        assert_eq!(message.encode(3), Err(Unsendable::TooLarge { bytes: 4, limit: 3 }));
    }

    #[test]
    fn json_goes_through_unchanged() {
        let json = r#"{"b":[1,-2,3.5,18446744073709551615],"a":{"x":null,"y":"é"}}"#;
        let value: Value = serde_json::from_str(json).expect("JSON");
        let message: Message = serde_json::from_value(value.clone()).expect("JSON");
        let encoded = message.encode(usize::MAX).expect("JSON");
        assert_eq!(serde_json::from_str::<Value>(&encoded).expect("JSON"), value);
        // Read directly, keys keep their order, and what is said twice stays so.
        let json = r#"{"b":[1,-2,3.5,18446744073709551615],"a":{"x":null,"y":"é"},"b":true}"#;
        let read: Message = serde_json::from_str(json).expect("JSON");
        assert_eq!(read.encode(usize::MAX).expect("JSON").as_str(), json);
    }
}

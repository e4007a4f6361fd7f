//! The lines that harness and driver exchange; `docs/conformance-driver.md` tells what they mean.
//!
//! These types are the JSON Schema ([`schema`]). What they do not know is refused, in both directions.

mod calls;

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use self::calls::{BackplaneState, CALLS, Call, Claims, Limits, Mode, OverflowPolicy, SocketName};

/// The version of the lines.
pub const PROTOCOL: &str = "ssot-conform/1";

/// What the harness asks for.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Request {
    /// Counts up from 1.
    pub id: u64,
    /// What is asked for.
    #[serde(flatten)]
    pub call: Call,
    /// Whether the next request is begun only after this one is answered.
    pub wait: bool,
}

/// What a driver answers, exactly once for every request.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Reply {
    /// The call ended.
    Ok {
        /// Of the request.
        id: u64,
        /// How it ended.
        ok: Done,
    },
    /// The call failed.
    Error {
        /// Of the request.
        id: u64,
        /// How it failed.
        error: Trouble,
    },
}

/// A call that ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Done {
    /// What it returned; null where it returns nothing.
    pub value: Value,
}

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trouble {
    /// How it failed.
    pub kind: TroubleKind,
    /// What happened, for people.
    pub message: String,
}

/// How a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TroubleKind {
    /// The candidate raised.
    Raised,
    /// The operation was not announced, or the language has no such value.
    Unsupported,
    /// The request makes no sense.
    Invalid,
    /// It was given up.
    Cancelled,
}

/// How a call ended.
pub type Outcome = Result<Value, Trouble>;

/// What reached the peer of a virtual socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// A message.
    Send {
        /// Where.
        socket: SocketName,
        /// The text as it would stand on the wire.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// A binary frame, in base64.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bytes: Option<String>,
    },
    /// It was closed.
    Close {
        /// Where.
        socket: SocketName,
        /// With this code (RFC 6455, section 7.4).
        code: u16,
    },
    /// A ping.
    Ping {
        /// Where.
        socket: SocketName,
    },
    /// The connection was dropped without a close.
    Abort {
        /// Where.
        socket: SocketName,
    },
}

/// A line of a driver.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum FromDriver {
    /// An answer.
    Reply(Reply),
    /// Something that happened.
    Event(Event),
}

/// What a driver says of itself in answer to `hello`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// Always [`PROTOCOL`].
    pub protocol: String,
    /// Of the candidate, with its version.
    pub name: String,
    /// What sockets are.
    pub level: Level,
    /// The calls that the candidate has, and what the driver can do.
    pub capabilities: Vec<String>,
}

/// What sockets are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Level {
    /// Objects of the driver.
    L1,
    /// Connections of real clients.
    L2,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::L1 => "L1",
            Self::L2 => "L2",
        })
    }
}

/// Where a client connects, in answer to `endpoint`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// `ws://…`
    pub url: String,
    /// Headers of the handshake beside those of the protocol.
    #[serde(default)]
    pub headers: std::collections::BTreeMap<String, String>,
}

impl Reply {
    /// Of the request.
    #[must_use]
    pub fn id(&self) -> u64 {
        match self {
            Self::Ok { id, .. } | Self::Error { id, .. } => *id,
        }
    }

    /// The reply that says this.
    #[must_use]
    pub fn new(id: u64, outcome: Outcome) -> Self {
        match outcome {
            Ok(value) => Self::Ok { id, ok: Done { value } },
            Err(error) => Self::Error { id, error },
        }
    }

    /// How the call ended.
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Ok { ok, .. } => Ok(ok.value),
            Self::Error { error, .. } => Err(error),
        }
    }
}

impl Event {
    /// Where it happened.
    #[must_use]
    pub fn socket(&self) -> &str {
        match self {
            Self::Send { socket, .. }
            | Self::Close { socket, .. }
            | Self::Ping { socket }
            | Self::Abort { socket } => socket,
        }
    }
}

/// Reads what the harness asks for.
///
/// # Errors
/// What is wrong with the line.
pub fn read_request(line: &str) -> Result<Request, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Raw {
        id: u64,
        op: String,
        args: Value,
        wait: bool,
    }
    let Raw { id, op, args, wait } = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let call =
        serde_json::from_value(json!({ "op": op, "args": args })).map_err(|error| error.to_string())?;
    Ok(Request { id, call, wait })
}

/// Reads what a driver says.
///
/// # Errors
/// What is wrong with the line.
pub fn read_from_driver(line: &str) -> Result<FromDriver, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Raw {
        id: u64,
        ok: Option<Done>,
        error: Option<Trouble>,
    }
    let value: Value = serde_json::from_str(line).map_err(|error| format!("no JSON: {error}"))?;
    if value.get("event").is_some() {
        let event: Event = serde_json::from_value(value).map_err(|error| format!("no event: {error}"))?;
        if let Event::Send { message, bytes, .. } = &event
            && message.is_some() == bytes.is_some()
        {
            return Err("no event: a send has either a `message` or `bytes`".to_owned());
        }
        return Ok(FromDriver::Event(event));
    }
    let raw: Raw = serde_json::from_value(value).map_err(|error| format!("no reply: {error}"))?;
    match (raw.ok, raw.error) {
        (Some(ok), None) => Ok(FromDriver::Reply(Reply::Ok { id: raw.id, ok })),
        (None, Some(error)) => Ok(FromDriver::Reply(Reply::Error { id: raw.id, error })),
        (Some(_), Some(_)) | (None, None) => Err("no reply: expected either `ok` or `error`".to_owned()),
    }
}

/// The JSON Schema (draft 2020-12) of every line: under `$defs`, `Request` is what the harness writes and `FromDriver` what a driver
/// does; at the top, either.
#[must_use]
pub fn schema() -> Schema {
    let mut generator = SchemaGenerator::default();
    let request = generator.subschema_for::<Request>();
    let from_driver = generator.subschema_for::<FromDriver>();
    let hello = generator.subschema_for::<Hello>();
    let endpoint = generator.subschema_for::<Endpoint>();
    let mut definitions = generator.take_definitions(true);
    for name in ["Reply", "Request"] {
        close(definitions.get_mut(name));
    }
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": PROTOCOL,
        "anyOf": [request, from_driver],
        "$comment": "the values of the replies to `hello` and `endpoint` are Hello and Endpoint",
        "x-values": { "hello": hello, "endpoint": endpoint },
        "$defs": definitions,
    });
    Schema::try_from(schema.take()).unwrap_or_default()
}

/// Refuses what a definition does not know, as reading does.
fn close(definition: Option<&mut Value>) {
    if let Some(Value::Object(definition)) = definition {
        definition.insert("unevaluatedProperties".to_owned(), Value::Bool(false));
    }
}

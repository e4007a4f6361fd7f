//! The operations: what a driver can be asked for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The name of a virtual socket.
pub type SocketName = String;

/// The calls of the manager, each a capability of its own.
pub const CALLS: [&str; 12] = [
    "connect_user",
    "disconnect_user",
    "send_to_user",
    "send_to_thread",
    "send_agent_update",
    "check_connection_health",
    "get_stats",
    "send_to_connection",
    "broadcast",
    "find_user_connections",
    "bind_run",
    "shutdown",
];

/// An operation with its arguments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "op", content = "args", rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "docs/conformance-driver.md has the table of operations and arguments")]
pub enum Call {
    Hello {
        protocol: String,
    },
    Reset {
        #[serde(default, skip_serializing_if = "Limits::is_empty")]
        limits: Limits,
        #[serde(default = "one", skip_serializing_if = "is_one")]
        nodes: u32,
    },
    #[serde(rename = "socket.new")]
    SocketNew {
        socket: SocketName,
        mode: Mode,
    },
    #[serde(rename = "socket.mode")]
    SocketMode {
        socket: SocketName,
        mode: Mode,
    },
    #[serde(rename = "socket.pong")]
    SocketPong {
        socket: SocketName,
    },
    #[serde(rename = "message.new")]
    MessageNew {
        name: String,
        value: Value,
    },
    #[serde(rename = "message.set")]
    MessageSet {
        name: String,
        key: String,
        value: Value,
    },
    ConnectUser {
        user_id: String,
        socket: SocketName,
        thread_id: Option<String>,
        #[serde(default, skip_serializing_if = "is_zero")]
        node: u32,
    },
    DisconnectUser {
        user_id: String,
        socket: SocketName,
        #[serde(default, skip_serializing_if = "is_zero")]
        node: u32,
    },
    SendToUser {
        user_id: String,
        message: Value,
        #[serde(default, skip_serializing_if = "is_zero")]
        node: u32,
    },
    SendToThread {
        thread_id: String,
        message: Value,
        #[serde(default, skip_serializing_if = "is_zero")]
        node: u32,
    },
    SendAgentUpdate {
        run_id: String,
        agent_name: String,
        update: Value,
        #[serde(default, skip_serializing_if = "is_zero")]
        node: u32,
    },
    CheckConnectionHealth {
        connection_id: Value,
        #[serde(default, skip_serializing_if = "is_zero")]
        node: u32,
    },
    GetStats {
        #[serde(default, skip_serializing_if = "is_zero")]
        node: u32,
    },
    SendToConnection {
        connection_id: Value,
        message: Value,
        #[serde(default, skip_serializing_if = "is_zero")]
        node: u32,
    },
    Broadcast {
        message: Value,
        #[serde(default)]
        exclude_users: Vec<String>,
        #[serde(default, skip_serializing_if = "is_zero")]
        node: u32,
    },
    FindUserConnections {
        user_id: String,
        #[serde(default, skip_serializing_if = "is_zero")]
        node: u32,
    },
    BindRun {
        run_id: String,
        thread_id: String,
        #[serde(default, skip_serializing_if = "is_zero")]
        node: u32,
    },
    Shutdown {
        within_ms: u64,
        #[serde(default, skip_serializing_if = "is_zero")]
        node: u32,
    },
    Settle {},
    Advance {
        ms: u64,
    },
    Cancel {
        request: u64,
    },
    Endpoint {
        user_id: String,
        thread_id: Option<String>,
        claims: Option<Claims>,
        #[serde(default, skip_serializing_if = "is_zero")]
        node: u32,
    },
    Backplane {
        state: BackplaneState,
    },
    Stop {},
}

/// The user that a dishonest client says it were.
pub type Claims = String;

/// Whether nodes reach each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BackplaneState {
    /// They do.
    Up,
    /// They do not.
    Down,
}

/// How the peer of a virtual socket behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It takes everything at once.
    Ok,
    /// It takes nothing; a write does not return.
    Hang,
    /// Every write fails.
    Fail,
    /// It has closed.
    Closed,
}

/// Limits of a fresh manager; what is missing is the candidate's to choose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "their names say what they are")]
pub struct Limits {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_messages: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_bytes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_bytes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overflow: Option<OverflowPolicy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections_per_user: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ping_interval_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pong_deadline_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale_after_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write_deadline_ms: Option<u64>,
}

/// What happens when a queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "their names say what they are")]
pub enum OverflowPolicy {
    Close,
    DropOldest,
    DropNewest,
}

impl Limits {
    /// Of a candidate that chooses everything.
    pub const NONE: Self = Self {
        queue_messages: None,
        queue_bytes: None,
        message_bytes: None,
        overflow: None,
        connections_per_user: None,
        ping_interval_ms: None,
        pong_deadline_ms: None,
        stale_after_ms: None,
        write_deadline_ms: None,
    };

    fn is_empty(&self) -> bool {
        *self == Self::NONE
    }
}

impl Call {
    /// The node that it goes to.
    #[must_use]
    pub fn node(&self) -> u32 {
        match self {
            Self::ConnectUser { node, .. }
            | Self::DisconnectUser { node, .. }
            | Self::SendToUser { node, .. }
            | Self::SendToThread { node, .. }
            | Self::SendAgentUpdate { node, .. }
            | Self::CheckConnectionHealth { node, .. }
            | Self::GetStats { node }
            | Self::SendToConnection { node, .. }
            | Self::Broadcast { node, .. }
            | Self::FindUserConnections { node, .. }
            | Self::BindRun { node, .. }
            | Self::Shutdown { node, .. }
            | Self::Endpoint { node, .. } => *node,
            Self::Hello { .. }
            | Self::Reset { .. }
            | Self::SocketNew { .. }
            | Self::SocketMode { .. }
            | Self::SocketPong { .. }
            | Self::MessageNew { .. }
            | Self::MessageSet { .. }
            | Self::Settle {}
            | Self::Advance { .. }
            | Self::Cancel { .. }
            | Self::Backplane { .. }
            | Self::Stop {} => 0,
        }
    }

    /// The name of the operation.
    #[must_use]
    pub fn op(&self) -> &'static str {
        match self {
            Self::Hello { .. } => "hello",
            Self::Reset { .. } => "reset",
            Self::SocketNew { .. } => "socket.new",
            Self::SocketMode { .. } => "socket.mode",
            Self::SocketPong { .. } => "socket.pong",
            Self::MessageNew { .. } => "message.new",
            Self::MessageSet { .. } => "message.set",
            Self::ConnectUser { .. } => "connect_user",
            Self::DisconnectUser { .. } => "disconnect_user",
            Self::SendToUser { .. } => "send_to_user",
            Self::SendToThread { .. } => "send_to_thread",
            Self::SendAgentUpdate { .. } => "send_agent_update",
            Self::CheckConnectionHealth { .. } => "check_connection_health",
            Self::GetStats { .. } => "get_stats",
            Self::SendToConnection { .. } => "send_to_connection",
            Self::Broadcast { .. } => "broadcast",
            Self::FindUserConnections { .. } => "find_user_connections",
            Self::BindRun { .. } => "bind_run",
            Self::Shutdown { .. } => "shutdown",
            Self::Settle {} => "settle",
            Self::Advance { .. } => "advance",
            Self::Cancel { .. } => "cancel",
            Self::Endpoint { .. } => "endpoint",
            Self::Backplane { .. } => "backplane",
            Self::Stop {} => "stop",
        }
    }

    /// Whether it is a call of the manager, which a candidate may lack.
    #[must_use]
    pub fn is_of_manager(&self) -> bool {
        CALLS.contains(&self.op())
    }
}

fn one() -> u32 {
    1
}

fn is_one(number: &u32) -> bool {
    *number == 1
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

//! The protocol's calls over HTTP, as JSON, for services in other languages. `docs/control-api.json` describes them (OpenAPI 3.1).

use std::sync::Arc;

use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::AUTHORIZATION;
use hyper::{Method, Request, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::Shared;
use super::admission::{bearer, is_same_secret};
use super::routes::{Answer, error, json as answer_json, query_of};
use crate::manager::{ConnectionId, Message, UnifiedWebSocketManager};

/// Where the calls are.
pub(super) const PREFIX: &str = "/control/v1/";

/// The calls.
const CALLS: [&str; 9] = [
    "bind_run",
    "broadcast",
    "check_connection_health",
    "disconnect",
    "find_user_connections",
    "send_agent_update",
    "send_to_connection",
    "send_to_thread",
    "send_to_user",
];

/// Connections that are listed where it is not said how many.
const LISTED: usize = 100;

/// Bytes that a call may have beside its message.
const ENVELOPE: usize = 4 << 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToUser {
    user_id: String,
    message: Message,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToThread {
    thread_id: String,
    message: Message,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToConnection {
    connection_id: String,
    message: Message,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToAll {
    message: Message,
    #[serde(default)]
    exclude_users: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AgentUpdate {
    run_id: String,
    agent_name: String,
    update: Message,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {
    run_id: String,
    thread_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfUser {
    user_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfConnection {
    connection_id: String,
}

/// Answers a call of whoever has the token.
pub(super) async fn answer(request: Request<Incoming>, shared: &Arc<Shared>) -> Answer {
    let Some(token) = &shared.settings.control_token else {
        return error(StatusCode::NOT_FOUND, "the control interface is off: it needs a token");
    };
    let shown = bearer(request.headers(), &AUTHORIZATION);
    if !shown.is_some_and(|shown| is_same_secret(&shown, token)) {
        return error(StatusCode::UNAUTHORIZED, "the control token is needed: Authorization: Bearer …");
    }
    let call = request.uri().path().strip_prefix(PREFIX).unwrap_or_default().to_owned();
    if call == "stats" && request.method() == Method::GET {
        let stats = shared.manager.get_stats().await;
        return answer_json(StatusCode::OK, &json!(stats));
    }
    if call == "nodes" && request.method() == Method::GET {
        return answer_json(StatusCode::OK, &json!({ "nodes": shared.manager.nodes().await }));
    }
    if call == "connections" && request.method() == Method::GET {
        let query = query_of(request.uri().query().unwrap_or_default());
        let most = query.iter().find(|(key, _)| key == "most").map(|(_, value)| value.parse());
        let Ok(most) = most.unwrap_or(Ok(LISTED)) else {
            return error(StatusCode::BAD_REQUEST, "`most` is a whole number");
        };
        let listed = shared.manager.connections(most);
        return answer_json(StatusCode::OK, &json!({ "connections": listed }));
    }
    if request.method() != Method::POST {
        return error(StatusCode::METHOD_NOT_ALLOWED, "calls are POST; GET stats, connections, nodes");
    }
    let limit = shared.settings.limits.message_bytes.saturating_add(ENVELOPE);
    let too_large = || error(StatusCode::PAYLOAD_TOO_LARGE, &format!("a call has at most {limit} bytes"));
    if request.body().size_hint().lower() > limit as u64 {
        return too_large();
    }
    let reading = Limited::new(request.into_body(), limit).collect();
    let Ok(read) = timeout(shared.settings.handshake_deadline, reading).await else {
        return error(StatusCode::REQUEST_TIMEOUT, "the call did not come in time");
    };
    let Ok(body) = read else { return too_large() };
    match perform(&call, &body.to_bytes(), shared).await {
        Ok(value) => answer_json(StatusCode::OK, &value),
        Err(Wrong { status, why }) => error(status, &why),
    }
}

/// A call that cannot be made.
struct Wrong {
    status: StatusCode,
    why: String,
}

async fn perform(call: &str, body: &[u8], shared: &Shared) -> Result<Value, Wrong> {
    let manager = &shared.manager;
    let queued = |is_queued: bool| Ok(json!({ "queued": is_queued }));
    match call {
        "send_to_user" => {
            let ToUser { user_id, message } = read(body)?;
            queued(manager.send_to_user(&user_id, &message).await)
        }
        "send_to_thread" => {
            let ToThread { thread_id, message } = read(body)?;
            queued(manager.send_to_thread(&thread_id, &message).await)
        }
        "send_to_connection" => {
            let ToConnection { connection_id, message } = read(body)?;
            queued(manager.send_to_connection(&ConnectionId::new(&connection_id), &message).await)
        }
        "broadcast" => {
            let ToAll { message, exclude_users } = read(body)?;
            let exclude: Vec<&str> = exclude_users.iter().map(String::as_str).collect();
            let outcome = manager.broadcast(&message, &exclude);
            Ok(json!({ "queued": outcome.queued, "failed": outcome.failed }))
        }
        "send_agent_update" => {
            let AgentUpdate { run_id, agent_name, update } = read(body)?;
            manager.send_agent_update(&run_id, &agent_name, &update).await;
            Ok(json!({}))
        }
        "bind_run" => {
            let Run { run_id, thread_id } = read(body)?;
            match thread_id {
                Some(thread_id) => manager.bind_run(&run_id, &thread_id),
                None => manager.unbind_run(&run_id),
            }
            Ok(json!({}))
        }
        "find_user_connections" => {
            let OfUser { user_id } = read(body)?;
            let found = manager.find_user_everywhere(&user_id).await;
            let ids: Vec<&str> = found.iter().map(ConnectionId::as_str).collect();
            Ok(json!({ "connections": ids }))
        }
        "check_connection_health" => {
            let OfConnection { connection_id } = read(body)?;
            let is_healthy = manager.check_connection_health(&ConnectionId::new(&connection_id)).await;
            Ok(json!({ "healthy": is_healthy }))
        }
        "disconnect" => {
            let OfConnection { connection_id } = read(body)?;
            let has_ended = manager.disconnect_connection(&ConnectionId::new(&connection_id)).await;
            Ok(json!({ "ended": has_ended }))
        }
        _ => Err(Wrong {
            status: StatusCode::NOT_FOUND,
            why: format!("no such call: {call}; there are {}", CALLS.join(", ")),
        }),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Wrong> {
    serde_json::from_slice(body)
        .map_err(|error| Wrong { status: StatusCode::BAD_REQUEST, why: error.to_string() })
}

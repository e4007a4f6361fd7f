//! Calls of the manager over HTTP.

use std::collections::BTreeMap;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::server::{CONTROL, Served};
use super::trouble;
use super::values::plain_of;
use crate::conformance::lines::{Call, Outcome, Trouble, TroubleKind};

/// The figures of the manager.
pub(super) async fn figures(served: &Served) -> Result<Value, Trouble> {
    ask(served, Method::GET, "stats", &Value::Null).await
}

/// A call of the manager.
pub(super) async fn control_call(served: &Served, call: &Call, kept: &BTreeMap<String, Value>) -> Outcome {
    let plain = |value: &Value| plain_of(value, kept);
    let (body, answer) = match call {
        Call::GetStats { .. } => return figures(served).await,
        Call::SendToUser { user_id, message, .. } => {
            (json!({ "user_id": user_id, "message": plain(message)? }), "queued")
        }
        Call::SendToThread { thread_id, message, .. } => {
            (json!({ "thread_id": thread_id, "message": plain(message)? }), "queued")
        }
        Call::SendToConnection { connection_id, message, .. } => {
            (json!({ "connection_id": connection_id, "message": plain(message)? }), "queued")
        }
        Call::SendAgentUpdate { run_id, agent_name, update, .. } => {
            (json!({ "run_id": run_id, "agent_name": agent_name, "update": plain(update)? }), "")
        }
        Call::CheckConnectionHealth { connection_id, .. } => {
            (json!({ "connection_id": connection_id }), "healthy")
        }
        Call::Broadcast { message, exclude_users, .. } => {
            (json!({ "message": plain(message)?, "exclude_users": exclude_users }), "")
        }
        Call::FindUserConnections { user_id, .. } => (json!({ "user_id": user_id }), "connections"),
        Call::BindRun { run_id, thread_id, .. } => (json!({ "run_id": run_id, "thread_id": thread_id }), ""),
        Call::Hello { .. }
        | Call::Reset { .. }
        | Call::SocketNew { .. }
        | Call::SocketMode { .. }
        | Call::SocketPong { .. }
        | Call::MessageNew { .. }
        | Call::MessageSet { .. }
        | Call::ConnectUser { .. }
        | Call::DisconnectUser { .. }
        | Call::Shutdown { .. }
        | Call::Settle {}
        | Call::Advance { .. }
        | Call::Cancel { .. }
        | Call::Endpoint { .. }
        | Call::Backplane { .. }
        | Call::Stop {} => {
            let why = format!("{} is no call of the control interface", call.op());
            return Err(trouble(TroubleKind::Invalid, &why));
        }
    };
    let said = ask(served, Method::POST, call.op(), &body).await?;
    Ok(if answer.is_empty() { Value::Null } else { said[answer].clone() })
}

async fn ask(served: &Served, method: Method, path: &str, body: &Value) -> Outcome {
    let raised = |error: &dyn std::fmt::Display| trouble(TroubleKind::Raised, &error.to_string());
    let stream = TcpStream::connect(served.address).await.map_err(|error| raised(&error))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| raised(&error))?;
    let connection = tokio::spawn(connection);
    let request = Request::builder()
        .method(method)
        .uri(format!("/control/v1/{path}"))
        .header(HOST, served.address.to_string())
        .header(AUTHORIZATION, format!("Bearer {CONTROL}"))
        .body(Full::new(Bytes::from(body.to_string())))
        .map_err(|error| raised(&error))?;
    let response = sender.send_request(request).await.map_err(|error| raised(&error))?;
    let status = response.status();
    let bytes = response.into_body().collect().await.map_err(|error| raised(&error))?.to_bytes();
    connection.abort();
    if status != StatusCode::OK {
        return Err(raised(&format!("{status}: {}", String::from_utf8_lossy(&bytes))));
    }
    serde_json::from_slice(&bytes).map_err(|error| raised(&error))
}

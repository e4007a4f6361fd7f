//! What is answered to whom.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, SEC_WEBSOCKET_PROTOCOL,
    WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Method, Request, Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;

use super::admission::{identify, is_origin_allowed, take_seat};
use super::{Shared, control, metrics, wire};

/// An answer over HTTP.
pub(super) type Answer = Response<Full<Bytes>>;

pub(super) async fn answer(request: Request<Incoming>, address: SocketAddr, shared: &Arc<Shared>) -> Answer {
    let path = request.uri().path().to_owned();
    match (request.method(), path.as_str()) {
        (&Method::GET, "/ws") => upgrade(request, address, shared),
        (&Method::GET, "/echo") if shared.settings.has_echo => upgrade_echo(request, shared),
        (&Method::GET, "/healthz") => text(StatusCode::OK, &state_of("ok", shared)),
        (&Method::GET, "/readyz") => match shared.is_ending.is_cancelled() {
            // Whatever the other nodes do, clients are served here.
            false => text(StatusCode::OK, &state_of("ready", shared)),
            true => text(StatusCode::SERVICE_UNAVAILABLE, "ending\n"),
        },
        (&Method::GET, "/metrics") => {
            let mut answer = text(StatusCode::OK, &metrics::render(shared));
            answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(metrics::CONTENT_TYPE));
            answer
        }
        (&Method::GET, "/dashboard") if shared.settings.control_token.is_some() => dashboard(),
        (_, path) if path.starts_with(control::PREFIX) => control::answer(request, shared).await,
        (_, "/ws" | "/healthz" | "/readyz" | "/metrics") => {
            let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "only GET is answered here\n");
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
            answer
        }
        (_, _) => text(StatusCode::NOT_FOUND, "nothing is here: /ws, /healthz, /readyz, /metrics\n"),
    }
}

/// A word, and what is wrong beside it.
fn state_of(word: &str, shared: &Shared) -> String {
    let trouble = shared.manager.backplane_trouble();
    format!("{word}\n{}", trouble.map_or_else(String::new, |trouble| format!("backplane {trouble}\n")))
}

/// A page that shows what the control interface says to whoever has its token. It holds nothing itself.
fn dashboard() -> Answer {
    let mut answer = text(StatusCode::OK, include_str!("dashboard.html"));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(DASHBOARD_POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

/// What the dashboard may do: its own script and style, and calls to where it comes from (CSP Level 3).
const DASHBOARD_POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Lets a client in, or says why not before anything is upgraded.
fn upgrade(mut request: Request<Incoming>, address: SocketAddr, shared: &Arc<Shared>) -> Answer {
    let refuse = |counter: &AtomicU64, status: StatusCode, why: &str| {
        counter.fetch_add(1, Ordering::Relaxed);
        tracing::info!(%address, status = status.as_u16(), why = why.trim_end(), "refused");
        text(status, why)
    };
    let counters = &shared.counters;
    if !is_origin_allowed(request.headers(), &shared.settings.origins) {
        return refuse(&counters.origin, StatusCode::FORBIDDEN, "this origin may not connect\n");
    }
    let query = query_of(request.uri().query().unwrap_or_default());
    let Some(admitted) = identify(&shared.settings.identity, request.headers(), &query) else {
        let mut answer = refuse(&counters.identity, StatusCode::UNAUTHORIZED, "a good token is needed\n");
        answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        return answer;
    };
    if shared.is_ending.is_cancelled() {
        return text(StatusCode::SERVICE_UNAVAILABLE, "ending\n");
    }
    let mut response = match create_response_with_body(&request, Full::default) {
        Ok(response) => response,
        Err(error) => {
            return refuse(
                &counters.protocol_errors,
                StatusCode::BAD_REQUEST,
                &format!("no WebSocket handshake: {error}\n"),
            );
        }
    };
    let value_of = |wanted: &str| query.iter().find(|(key, _)| key == wanted).map(|(_, value)| value.clone());
    let Ok(sequence) = value_of("sequence").map_or(Ok(0), |sequence| sequence.parse()) else {
        return text(StatusCode::BAD_REQUEST, "`sequence` is the number of messages that were seen\n");
    };
    let resume = value_of("resume").map(|token| wire::Resume { token, sequence });
    let Some(seat) = take_seat(&shared.seats, address.ip()) else {
        return refuse(&counters.no_room, StatusCode::TOO_MANY_REQUESTS, "too many connections\n");
    };
    if let Some(subprotocol) = admitted.subprotocol {
        response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(subprotocol));
    }
    let client = wire::Client { user: admitted.user, thread: value_of("thread_id"), resume };
    let upgrading = hyper::upgrade::on(&mut request);
    let shared = shared.clone();
    shared.clients.clone().spawn(async move {
        if let Ok(upgraded) = upgrading.await {
            wire::serve(upgraded, &shared, &client).await;
        }
        drop(seat);
    });
    response
}

fn upgrade_echo(mut request: Request<Incoming>, shared: &Arc<Shared>) -> Answer {
    match create_response_with_body(&request, Full::default) {
        Ok(response) => {
            let upgrading = hyper::upgrade::on(&mut request);
            let incoming_bytes = shared.settings.incoming_bytes;
            tokio::spawn(async move {
                if let Ok(upgraded) = upgrading.await {
                    wire::echo(upgraded, incoming_bytes).await;
                }
            });
            response
        }
        Err(error) => text(StatusCode::BAD_REQUEST, &format!("no WebSocket handshake: {error}\n")),
    }
}

/// Keys and values of a query, decoded.
pub(super) fn query_of(query: &str) -> Vec<(String, String)> {
    let decoded = |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (decoded(key), decoded(value)))
        .collect()
}

pub(super) fn text(status: StatusCode, body: &str) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::copy_from_slice(body.as_bytes())));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

pub(super) fn json(status: StatusCode, value: &Value) -> Answer {
    let mut answer = text(status, &value.to_string());
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// An error of a call, with what was expected.
pub(super) fn error(status: StatusCode, why: &str) -> Answer {
    json(status, &json!({ "error": why }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_decoded_part_by_part() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(
            query_of("user_id=a%26b+c&x&%C3%A9=1&"),
            [pair("user_id", "a&b c"), pair("x", ""), pair("é", "1")]
        );
    }
}

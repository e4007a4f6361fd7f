//! Servers and clients of the tests that serve: each test has a server of its own.
#![allow(dead_code, reason = "each test binary uses its own part of this module")]

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::Value;
use ssot::manager::server::{Identity, Settings, run};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

pub(crate) type Client = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub(crate) const CONTROL: &str = "the token of the control interface";

/// A server of its own, which ends with the test.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    end: Option<oneshot::Sender<()>>,
    running: tokio::task::JoinHandle<std::io::Result<()>>,
}

pub(crate) fn trusting() -> Settings {
    Settings {
        identity: Identity::Anybody,
        control_token: Some(CONTROL.to_owned()),
        drain: Duration::from_secs(2),
        ..Settings::default()
    }
}

pub(crate) async fn start(settings: Settings) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (end, ended) = oneshot::channel::<()>();
    let running = tokio::spawn(run(listener, settings, async move {
        let _ = ended.await;
    }));
    Server { address, end: Some(end), running }
}

impl Server {
    pub(crate) async fn connect(&self, query: &str) -> Client {
        self.try_connect(query, &[]).await.expect("a connection")
    }

    /// Connects with headers; the status of a refusal.
    pub(crate) async fn try_connect(
        &self,
        query: &str,
        headers: &[(&'static str, String)],
    ) -> Result<Client, u16> {
        let address = format!("ws://{}/ws?{query}", self.address);
        let mut request = address.into_client_request().expect("a request");
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).expect("a value"));
        }
        match connect_async(request).await {
            Ok((client, _)) => Ok(client),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(other) => panic!("{other}"),
        }
    }

    /// The answer to a request, as status, headers and body.
    pub(crate) async fn http(&self, request: &str) -> (u16, String, String) {
        http(self.address, request).await
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        get(self.address, path).await
    }

    pub(crate) async fn call(&self, call: &str, body: &Value, token: &str) -> (u16, Value) {
        let body = body.to_string();
        let request = format!(
            "POST /control/v1/{call} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {token}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let (status, _, body) = self.http(&request).await;
        (status, serde_json::from_str(&body).expect("JSON"))
    }

    pub(crate) async fn stop(mut self) {
        drop(self.end.take());
        self.running.await.expect("no panic").expect("served");
    }
}

/// The answer to a request, as status, headers and body.
async fn http(address: SocketAddr, request: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("written");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer");
    let answer = String::from_utf8(answer).expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, head.to_owned(), body.to_owned())
}

pub(crate) async fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let (status, _, body) = http(address, &request).await;
    (status, body)
}

pub(crate) async fn next<S: AsyncRead + AsyncWrite + Unpin>(client: &mut WebSocketStream<S>) -> Message {
    let received = tokio::time::timeout(Duration::from_secs(10), client.next()).await;
    received.expect("in time").expect("not over").expect("a message")
}

pub(crate) async fn next_json<S: AsyncRead + AsyncWrite + Unpin>(client: &mut WebSocketStream<S>) -> Value {
    serde_json::from_str(next(client).await.to_text().expect("text")).expect("JSON")
}

/// The code with which a connection is closed, whatever comes before.
pub(crate) async fn close_code(client: &mut Client) -> u16 {
    loop {
        let received = tokio::time::timeout(Duration::from_secs(10), client.next()).await.expect("in time");
        match received {
            Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
            Some(Ok(_)) => {}
            other => panic!("no close frame: {other:?}"),
        }
    }
}

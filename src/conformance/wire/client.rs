//! One client: what it does when it is told nothing, and what it is told.

use std::collections::VecDeque;
use std::sync::PoisonError;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use super::Seen;
use crate::conformance::lines::{Endpoint, Event};

pub(super) type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What a client is told.
pub(super) enum Command {
    /// Read nothing any more.
    Stall,
    /// Drop the connection with a reset.
    Reset,
    /// Write this as it is.
    Raw(Vec<u8>),
    /// Say when everything was read that had been written before.
    CatchUp(oneshot::Sender<()>),
}

/// Connects; the inner error is the status of a refusal.
pub(super) async fn connect(
    endpoint: &Endpoint,
    origin: Option<&str>,
) -> Result<Result<Stream, u16>, String> {
    let mut request = endpoint.url.as_str().into_client_request().map_err(|error| error.to_string())?;
    let origin = origin.map(|origin| ("Origin", origin));
    let given = endpoint.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in given.chain(origin) {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| error.to_string())?;
        let value = HeaderValue::from_str(value).map_err(|error| error.to_string())?;
        request.headers_mut().insert(name, value);
    }
    let config = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
    match connect_async_with_config(request, Some(config), true).await {
        Ok((stream, _)) => Ok(Ok(stream)),
        Err(Error::Http(response)) => Ok(Err(response.status().as_u16())),
        Err(error) => Err(error.to_string()),
    }
}

/// Reads until the connection is over.
pub(super) async fn serve(
    mut stream: Stream,
    name: String,
    seen: Seen,
    mut orders: UnboundedReceiver<Command>,
) {
    let tell = |event: Event| seen.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    let mut awaited: VecDeque<(u64, oneshot::Sender<()>)> = VecDeque::new();
    let mut pings: u64 = 0;
    loop {
        let received = tokio::select! {
            received = stream.next() => received,
            order = orders.recv() => match order {
                None => return,
                Some(Command::CatchUp(done)) => {
                    pings += 1;
                    awaited.push_back((pings, done));
                    // A connection that is over is found out by reading.
                    let _ = stream.send(Message::Ping(pings.to_be_bytes().to_vec().into())).await;
                    continue;
                }
                Some(Command::Raw(bytes)) => {
                    write_raw(&mut stream, &bytes).await;
                    continue;
                }
                Some(Command::Reset) => {
                    reset(stream);
                    return;
                }
                Some(Command::Stall) => {
                    awaited.clear();
                    stall(stream, orders).await;
                    return;
                }
            },
        };
        let socket = name.clone();
        match received {
            Some(Ok(Message::Text(text))) => {
                tell(Event::Send { socket, message: Some(text.to_string()), bytes: None });
            }
            Some(Ok(Message::Binary(bytes))) => {
                use base64::Engine as _;
                let bytes = base64::engine::general_purpose::STANDARD.encode(&bytes);
                tell(Event::Send { socket, message: None, bytes: Some(bytes) });
            }
            Some(Ok(Message::Ping(_))) => tell(Event::Ping { socket }),
            Some(Ok(Message::Pong(payload))) => {
                let number = <[u8; 8]>::try_from(&payload[..]).map_or(0, u64::from_be_bytes);
                while awaited.front().is_some_and(|(awaited, _)| *awaited <= number) {
                    if let Some((_, done)) = awaited.pop_front() {
                        let _ = done.send(());
                    }
                }
            }
            Some(Ok(Message::Close(frame))) => {
                // A close without a code counts as 1005 (RFC 6455, section 7.1.5).
                tell(Event::Close { socket, code: frame.map_or(1005, |frame| frame.code.into()) });
                let _ = tokio::time::timeout(Duration::from_secs(1), stream.close(None)).await;
                return;
            }
            Some(Ok(Message::Frame(_))) => {}
            Some(Err(_)) | None => {
                tell(Event::Abort { socket });
                return;
            }
        }
    }
}

async fn write_raw(stream: &mut Stream, bytes: &[u8]) {
    if let MaybeTlsStream::Plain(plain) = stream.get_mut() {
        // Who answers by closing does so before everything is written.
        let _ = plain.write_all(bytes).await;
        let _ = plain.flush().await;
    }
}

fn reset(stream: Stream) {
    if let MaybeTlsStream::Plain(plain) = stream.get_ref() {
        let _ = plain.set_zero_linger();
    }
    drop(stream);
}

/// Keeps the connection open and reads nothing.
async fn stall(stream: Stream, mut orders: UnboundedReceiver<Command>) {
    while let Some(order) = orders.recv().await {
        match order {
            Command::Reset => {
                reset(stream);
                return;
            }
            // What waits for it is told that there will be nothing more.
            Command::Stall | Command::Raw(_) | Command::CatchUp(_) => {}
        }
    }
}

//! One client's WebSocket: what the manager writes to it, and what it says.

mod early;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message as WireMessage};
use tokio_util::sync::CancellationToken;

use self::early::{Watched, is_no_utf8};
use super::Shared;
use crate::manager::socket::{Frame, Pending, Socket, SocketClosed, close};
use crate::manager::{ConnectionId, Manager, Message, Refused, Resumption, UnifiedWebSocketManager};

/// Bytes of the buffers of one connection, each way: what most messages fit into.
const BUFFER: usize = 4 << 10;

/// Bytes that may wait in the write buffer beside one message.
const MOST_BUFFERED: usize = 64 << 10;

/// How long a client may take to answer a close.
const CLOSE_DEADLINE: Duration = Duration::from_secs(5);

/// How long a client that was closed for a fault is listened to.
const LAST_WORDS: Duration = Duration::from_secs(2);

type Stream = WebSocketStream<Watched<TokioIo<Upgraded>>>;

/// The writing half.
struct WireSocket {
    sink: Mutex<SplitSink<Stream, WireMessage>>,
    /// Set when nothing is to be read any more either.
    is_over: CancellationToken,
}

impl Socket for WireSocket {
    fn feed(&self, frame: Frame) -> Pending<'_, Result<(), SocketClosed>> {
        let message = match frame {
            Frame::Text(text) => WireMessage::Text(text),
            Frame::Ping(payload) => WireMessage::Ping(payload.into()),
        };
        Box::pin(async move { self.sink.lock().await.feed(message).await.map_err(|_| SocketClosed) })
    }

    fn flush(&self) -> Pending<'_, Result<(), SocketClosed>> {
        Box::pin(async move { self.sink.lock().await.flush().await.map_err(|_| SocketClosed) })
    }

    fn close(&self, code: u16, reason: &str) -> Pending<'_, ()> {
        let closing = close_message(code, reason);
        Box::pin(async move {
            // A peer that is gone needs no close.
            let _ = self.sink.lock().await.send(closing).await;
            // It may answer; whoever reads ends then, or when this is up.
            let _ = timeout(CLOSE_DEADLINE, self.is_over.cancelled()).await;
            self.is_over.cancel();
        })
    }

    fn abort(&self) {
        self.is_over.cancel();
    }
}

/// What a client asked for.
pub(super) struct Client {
    pub(super) user: String,
    pub(super) thread: Option<String>,
    pub(super) resume: Option<Resume>,
}

/// The session that a client wants.
pub(super) struct Resume {
    /// Empty for a new one.
    pub(super) token: String,
    /// How many messages it has of it.
    pub(super) sequence: u64,
}

/// Serves one client until either side ends it.
pub(super) async fn serve(upgraded: Upgraded, shared: &Shared, client: &Client) {
    let settings = &shared.settings;
    let stream = accept(upgraded, settings.incoming_bytes, settings.limits.message_bytes).await;
    let (sink, stream) = stream.split();
    let is_over = CancellationToken::new();
    let socket = Arc::new(WireSocket { sink: Mutex::new(sink), is_over: is_over.clone() });
    let manager = &shared.manager;
    let Client { user, thread, resume } = client;
    let (thread, sequence) = (thread.as_deref(), resume.as_ref().map_or(0, |resume| resume.sequence));
    let connected = match resume.as_ref().map(|resume| resume.token.as_str()) {
        None => manager.connect_user(user, socket.clone(), thread).await,
        Some("") => manager.connect_session(user, socket.clone(), thread, Resumption::New).await,
        Some(token) => {
            let resumption = Resumption::Of { token, sequence };
            manager.connect_session(user, socket.clone(), thread, resumption).await
        }
    };
    let id = match connected {
        Ok(id) => id,
        Err(refused) => {
            let code = match refused {
                Refused::ShuttingDown => close::GOING_AWAY,
                Refused::SocketInUse | Refused::TooManyConnections { .. } => close::POLICY,
            };
            tracing::info!(user, why = %refused, "refused");
            end(&socket, code, &refused.to_string()).await;
            return;
        }
    };
    tracing::debug!(connection = %id, user, thread, "connected");
    let mut stream = stream;
    let ending = tokio::select! {
        ending = listen(&mut stream, shared, &id) => ending,
        () = is_over.cancelled() => None,
    };
    if let Some((code, reason)) = ending {
        tracing::info!(connection = %id, user, code, reason, "closed");
        say_close(&socket, code, reason).await;
        manager.record_gone(&id);
        // What the client has sent meanwhile is taken, and thrown away: a socket that is closed with something unread in it is
        // reset, and the close never arrives.
        let taking = async { while let Some(Ok(_)) = stream.next().await {} };
        let _ = timeout(LAST_WORDS, taking).await;
    }
    manager.record_gone(&id);
    tracing::debug!(connection = %id, user, "ended");
    is_over.cancel();
}

async fn accept(upgraded: Upgraded, incoming_bytes: usize, outgoing_bytes: usize) -> Stream {
    let mut config = WebSocketConfig::default();
    config.read_buffer_size = BUFFER;
    config.write_buffer_size = BUFFER;
    config.max_write_buffer_size = outgoing_bytes.saturating_add(MOST_BUFFERED);
    config.max_message_size = Some(incoming_bytes);
    config.max_frame_size = Some(incoming_bytes);
    let watched = Watched::new(TokioIo::new(upgraded));
    WebSocketStream::from_raw_socket(watched, Role::Server, Some(config)).await
}

/// Answers every message with itself, and faults as [`serve`] does.
pub(super) async fn echo(upgraded: Upgraded, incoming_bytes: usize) {
    let mut stream = accept(upgraded, incoming_bytes, incoming_bytes).await;
    while let Some(received) = stream.next().await {
        let answered = match received {
            Ok(message @ (WireMessage::Text(_) | WireMessage::Binary(_))) => stream.send(message).await,
            Ok(
                WireMessage::Ping(_) | WireMessage::Pong(_) | WireMessage::Close(_) | WireMessage::Frame(_),
            ) => Ok(()),
            Err(error) => {
                if let Some((code, reason)) = close_code_of(&error) {
                    let _ = timeout(CLOSE_DEADLINE, stream.send(close_message(code, reason))).await;
                }
                return;
            }
        };
        if answered.is_err() {
            return;
        }
    }
}

/// Closes what the manager does not know, or what it must not write to any more.
async fn end(socket: &WireSocket, code: u16, reason: &str) {
    say_close(socket, code, reason).await;
    socket.is_over.cancel();
}

async fn say_close(socket: &WireSocket, code: u16, reason: &str) {
    let closing = async {
        let _ = socket.sink.lock().await.send(close_message(code, reason)).await;
    };
    let _ = timeout(CLOSE_DEADLINE, closing).await;
}

fn close_message(code: u16, reason: &str) -> WireMessage {
    WireMessage::Close(Some(CloseFrame { code: CloseCode::from(code), reason: reason.into() }))
}

/// Takes what a client says; how to close it, where it has to be.
async fn listen(
    stream: &mut SplitStream<Stream>,
    shared: &Shared,
    id: &ConnectionId,
) -> Option<(u16, &'static str)> {
    let counters = &shared.counters;
    let mut allowance = Allowance::new(shared.settings.incoming_per_second);
    while let Some(received) = stream.next().await {
        let message = match received {
            Ok(message) => message,
            Err(error) => {
                let ending = close_code_of(&error);
                if ending.is_some() {
                    counters.protocol_errors.fetch_add(1, Ordering::Relaxed);
                }
                return ending;
            }
        };
        shared.manager.record_sign_of_life(id);
        match message {
            WireMessage::Pong(payload) => shared.manager.record_pong(id, &payload),
            WireMessage::Text(text) if allowance.take() => {
                hear(&shared.manager, id, &text).await;
            }
            WireMessage::Binary(_) if allowance.take() => {
                return Some((1003, "only text is understood"));
            }
            // A ping is answered by the library; it costs as much as any message.
            WireMessage::Ping(_) if allowance.take() => {}
            WireMessage::Text(_) | WireMessage::Binary(_) | WireMessage::Ping(_) => {
                counters.too_many_messages.fetch_add(1, Ordering::Relaxed);
                return Some((close::POLICY, "too many messages"));
            }
            // Whoever closes like this does not come back to go on; a page that is left may.
            WireMessage::Close(Some(CloseFrame { code: CloseCode::Normal, .. })) => {
                shared.manager.record_left(id);
            }
            WireMessage::Close(_) | WireMessage::Frame(_) => {}
        }
    }
    None
}

/// Does what a client asks for: to look at another thread, or at none.
async fn hear(manager: &Manager, id: &ConnectionId, text: &str) {
    let asked: Option<Value> = serde_json::from_str(text).ok();
    let kind = asked.as_ref().and_then(|asked| asked.get("type")?.as_str());
    let problem = match kind {
        Some("look_at") => {
            match asked.as_ref().and_then(|asked| asked.get("thread_id")) {
                Some(Value::String(thread)) => {
                    // A connection that has just ended looks at nothing any more.
                    manager.look_at(id, Some(thread));
                    return;
                }
                Some(Value::Null) => {
                    manager.look_at(id, None);
                    return;
                }
                Some(_) | None => "look_at needs a `thread_id`: text, or null for none",
            }
        }
        Some(_) => "unknown type: look_at is understood",
        None => "expected an object of JSON with a `type`",
    };
    let answer = Message::map([("type", Message::text("error")), ("error", Message::text(problem))]);
    manager.send_to_connection(id, &answer).await;
}

/// How a client is told what it did wrong (RFC 6455, section 7.4.1); none where there is nobody to tell.
fn close_code_of(error: &Error) -> Option<(u16, &'static str)> {
    match error {
        Error::Capacity(_) => Some((close::TOO_BIG, "the message is too big")),
        Error::Utf8(_) => Some((1007, "text that is no UTF-8")),
        Error::Protocol(protocol) => {
            use tokio_tungstenite::tungstenite::error::ProtocolError;
            let is_gone = matches!(protocol, ProtocolError::ResetWithoutClosingHandshake);
            (!is_gone).then_some((1002, "against the protocol"))
        }
        Error::Io(error) if is_no_utf8(error) => Some((1007, "text that is no UTF-8")),
        Error::ConnectionClosed | Error::AlreadyClosed | Error::Io(_) => None,
        Error::AttackAttempt => Some((close::POLICY, "against the protocol")),
        Error::Tls(_) | Error::WriteBufferFull(_) | Error::Url(_) | Error::Http(_) | Error::HttpFormat(_) => {
            None
        }
    }
}

/// How much a client may say: a bucket that fills by so many a second, and holds as many.
struct Allowance {
    per_second: f64,
    left: f64,
    at: Instant,
}

impl Allowance {
    fn new(per_second: u32) -> Self {
        let per_second = f64::from(per_second.max(1));
        Self { per_second, left: per_second, at: Instant::now() }
    }

    fn take(&mut self) -> bool {
        let now = Instant::now();
        let gained = (now - self.at).as_secs_f64() * self.per_second;
        self.at = now;
        self.left = (self.left + gained).min(self.per_second);
        let is_allowed = self.left >= 1.0;
        if is_allowed {
            self.left -= 1.0;
        }
        is_allowed
    }
}

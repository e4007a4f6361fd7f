//! Who is let in by the server: tokens, origins, limits.

mod serving;

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use ssot::manager::Limits;
use ssot::manager::server::{Identity, Settings, TokenAlgorithm, TokenRules};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use serving::{CONTROL, close_code, next_json, start, trusting};

const SECRET: &[u8] = b"a secret of more than thirty-two bytes";

fn token(claims: &Value, secret: &[u8]) -> String {
    encode(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(secret)).expect("a token")
}

#[tokio::test]
async fn a_user_is_whom_a_good_token_names_and_nobody_else() {
    let rules = TokenRules::new(TokenAlgorithm::Hs256, SECRET, Some("chat")).expect("a key");
    let server = start(Settings { identity: Identity::Token(Arc::new(rules)), ..trusting() }).await;
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    let good = json!({"sub": "u", "aud": "chat", "exp": now + 60});
    let with = |key: &str, value: Value| {
        let mut claims = good.clone();
        claims[key] = value;
        token(&claims, SECRET)
    };
    let unsigned = {
        let parts: Vec<String> = token(&good, SECRET).split('.').map(str::to_owned).collect();
        format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", parts[1])
    };
    let bad = [
        token(&good, b"another secret of more than 32 bytes"),
        with("exp", json!(now - 60)),
        with("nbf", json!(now + 60)),
        with("aud", json!("another")),
        with("sub", json!("")),
        with("sub", json!(7)),
        token(&json!({"aud": "chat", "exp": now + 60}), SECRET),
        token(&json!({"sub": "u", "aud": "chat"}), SECRET),
        token(&json!({"sub": "u", "exp": now + 60}), SECRET),
        unsigned,
        "nonsense".to_owned(),
        String::new(),
    ];
    for bad in bad {
        let headers = [("authorization", format!("Bearer {bad}"))];
        assert_eq!(server.try_connect("user_id=u", &headers).await.err(), Some(401), "{bad}");
    }
    assert_eq!(server.try_connect("user_id=u", &[]).await.err(), Some(401));

    let headers = [("authorization", format!("Bearer {}", token(&good, SECRET)))];
    let mut client = server.try_connect("user_id=somebody-else", &headers).await.expect("let in");
    let headers = [("sec-websocket-protocol", format!("bearer, {}", token(&good, SECRET)))];
    let mut browser = server.try_connect("", &headers).await.expect("let in");
    assert_eq!(
        server.call("send_to_user", &json!({"user_id": "somebody-else", "message": 1}), CONTROL).await.1["queued"],
        false
    );
    server.call("send_to_user", &json!({"user_id": "u", "message": 1}), CONTROL).await;
    assert_eq!((next_json(&mut client).await, next_json(&mut browser).await), (json!(1), json!(1)));
    server.stop().await;
    assert!(TokenRules::new(TokenAlgorithm::Hs256, b"short", None).is_err());
    assert!(TokenRules::new(TokenAlgorithm::Rs256, b"no key", None).is_err());
}

#[tokio::test]
async fn pages_of_foreign_origins_are_refused_before_the_upgrade() {
    let allowed = vec!["https://app.example.org".to_owned()];
    let server = start(Settings { origins: allowed, ..trusting() }).await;
    let from = |origin: &str| [("origin", origin.to_owned())];
    for foreign in
        ["https://evil.example.org", "null", "https://app.example.org.evil.org", "http://app.example.org"]
    {
        assert_eq!(server.try_connect("user_id=u", &from(foreign)).await.err(), Some(403), "{foreign}");
    }
    assert!(server.try_connect("user_id=u", &from("https://app.example.org")).await.is_ok());
    assert!(server.try_connect("user_id=u", &[]).await.is_ok(), "what is no browser names no origin");
    server.stop().await;
    let server = start(trusting()).await;
    assert_eq!(server.try_connect("user_id=u", &from("https://any.example.org")).await.err(), Some(403));
    server.stop().await;
}

/// A handshake by hand, so that anything can be sent after it.
#[tokio::test]
async fn who_says_too_much_or_comes_too_often_is_turned_away() {
    let settings = Settings {
        incoming_bytes: 100,
        incoming_per_second: 10,
        connections_per_address: 3,
        limits: Limits { connections_per_user: 1, ..Limits::default() },
        ..trusting()
    };
    let server = start(settings).await;
    let mut large = server.connect("user_id=a").await;
    large.send(Message::text("x".repeat(101))).await.expect("sent");
    assert_eq!(close_code(&mut large).await, 1009);
    let mut chatty = server.connect("user_id=b").await;
    for _ in 0..12 {
        // It may be closed before the last one.
        let _ = chatty.send(Message::text("{}")).await;
    }
    assert_eq!(close_code(&mut chatty).await, 1008);
    drop((large, chatty));

    let one = server.connect("user_id=c").await;
    let mut second = server.connect("user_id=c").await;
    assert_eq!(close_code(&mut second).await, 1008);
    let _ = second.next().await;
    drop(second);
    let mut held = Vec::new();
    let mut refused = None;
    for user in 0..10 {
        match server.try_connect(&format!("user_id=d{user}"), &[]).await {
            Ok(client) => held.push(client),
            Err(status) => refused = Some(status),
        }
    }
    assert_eq!(refused, Some(429));
    assert!(held.len() <= 2, "{} beside one", held.len());
    drop((one, held));
    server.stop().await;
}

#[tokio::test]
async fn a_handshake_that_takes_too_long_is_ended() {
    let server = start(Settings { handshake_deadline: Duration::from_millis(300), ..trusting() }).await;
    let mut slow = TcpStream::connect(server.address).await.expect("a connection");
    slow.write_all(b"GET /ws HTTP/1.1\r\nhost: ").await.expect("written");
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(5), slow.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "the server still waits");
    server.stop().await;
}

#[tokio::test]
async fn who_is_closed_for_a_fault_hears_why_whatever_it_has_sent() {
    let server = start(Settings { incoming_per_second: 5, ..trusting() }).await;
    for _ in 0..10 {
        let mut client = server.connect("user_id=u").await;
        for _ in 0..200 {
            client.feed(Message::text("{}")).await.expect("sent");
        }
        client.flush().await.expect("sent");
        assert_eq!(close_code(&mut client).await, 1008);
    }
    server.stop().await;
}

#[tokio::test]
async fn who_says_nothing_takes_no_more_places_than_anybody() {
    let server = start(Settings { connections_per_address: 5, ..trusting() }).await;
    let mut silent = Vec::new();
    for _ in 0..5 {
        silent.push(TcpStream::connect(server.address).await.expect("a connection"));
    }
    let is_closed = async |stream: &mut TcpStream| {
        tokio::time::timeout(Duration::from_millis(500), stream.read(&mut [0; 8])).await.is_ok()
    };
    let mut sixth = TcpStream::connect(server.address).await.expect("a connection");
    assert!(is_closed(&mut sixth).await, "there is no place for a sixth");
    assert!(!is_closed(&mut silent[0]).await);
    silent.clear();
    // Places are free again, and clients have places of their own.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut clients = Vec::new();
    for _ in 0..5 {
        clients.push(server.connect("user_id=u").await);
    }
    assert_eq!(server.get("/healthz").await.0, 200);
    server.stop().await;
}

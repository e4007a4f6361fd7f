//! The server with real sockets: who is let in, what is delivered, how faults are answered, how it ends.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use ssot::manager::server::{Identity, Settings, TokenAlgorithm, TokenRules, run};
use ssot::manager::{Limits, Overflow};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

type Client = WebSocketStream<MaybeTlsStream<TcpStream>>;

const SECRET: &[u8] = b"a secret of more than thirty-two bytes";
const CONTROL: &str = "the token of the control interface";

/// A server of its own, which ends with the test.
struct Server {
    address: SocketAddr,
    end: Option<oneshot::Sender<()>>,
    running: tokio::task::JoinHandle<std::io::Result<()>>,
}

fn trusting() -> Settings {
    Settings {
        identity: Identity::Anybody,
        control_token: Some(CONTROL.to_owned()),
        drain: Duration::from_secs(2),
        ..Settings::default()
    }
}

async fn start(settings: Settings) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (end, ended) = oneshot::channel::<()>();
    let running = tokio::spawn(run(listener, settings, async move {
        let _ = ended.await;
    }));
    Server { address, end: Some(end), running }
}

impl Server {
    async fn connect(&self, query: &str) -> Client {
        self.try_connect(query, &[]).await.expect("a connection")
    }

    /// Connects with headers; the status of a refusal.
    async fn try_connect(&self, query: &str, headers: &[(&'static str, String)]) -> Result<Client, u16> {
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
    async fn http(&self, request: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(self.address).await.expect("a connection");
        stream.write_all(request.as_bytes()).await.expect("written");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("an answer");
        let answer = String::from_utf8(answer).expect("text");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, head.to_owned(), body.to_owned())
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let (status, _, body) =
            self.http(&format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).await;
        (status, body)
    }

    async fn call(&self, call: &str, body: &Value, token: &str) -> (u16, Value) {
        let body = body.to_string();
        let request = format!(
            "POST /control/v1/{call} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {token}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let (status, _, body) = self.http(&request).await;
        (status, serde_json::from_str(&body).expect("JSON"))
    }

    async fn stop(mut self) {
        drop(self.end.take());
        self.running.await.expect("no panic").expect("served");
    }
}

async fn next(client: &mut Client) -> Message {
    let received = tokio::time::timeout(Duration::from_secs(10), client.next()).await;
    received.expect("in time").expect("not over").expect("a message")
}

async fn next_json(client: &mut Client) -> Value {
    serde_json::from_str(next(client).await.to_text().expect("text")).expect("JSON")
}

/// The code with which a connection is closed, whatever comes before.
async fn close_code(client: &mut Client) -> u16 {
    loop {
        let received = tokio::time::timeout(Duration::from_secs(10), client.next()).await.expect("in time");
        match received {
            Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
            Some(Ok(_)) => {}
            other => panic!("no close frame: {other:?}"),
        }
    }
}

#[tokio::test]
async fn what_a_service_sends_reaches_its_users_and_threads() {
    let server = start(trusting()).await;
    let mut one = server.connect("user_id=u%C3%A9&thread_id=t").await;
    let mut two = server.connect("user_id=other").await;
    let sent = server.call("send_to_user", &json!({"user_id": "ué", "message": {"n": 1}}), CONTROL).await;
    assert_eq!(sent, (200, json!({"queued": true})));
    let sent = server.call("send_to_user", &json!({"user_id": "nobody", "message": 1}), CONTROL).await;
    assert_eq!(sent, (200, json!({"queued": false})));
    server.call("send_to_thread", &json!({"thread_id": "t", "message": 2}), CONTROL).await;
    server.call("bind_run", &json!({"run_id": "r", "thread_id": "t"}), CONTROL).await;
    let update = json!({"run_id": "r", "agent_name": "a", "update": {"x": null}});
    server.call("send_agent_update", &update, CONTROL).await;
    let all = server.call("broadcast", &json!({"message": 3, "exclude_users": ["other"]}), CONTROL).await;
    assert_eq!(all, (200, json!({"queued": 1, "failed": 0})));
    let found = server.call("find_user_connections", &json!({"user_id": "other"}), CONTROL).await.1;
    let id = found["connections"][0].as_str().expect("an id").to_owned();
    server.call("send_to_connection", &json!({"connection_id": id, "message": 4}), CONTROL).await;
    assert_eq!(next_json(&mut one).await, json!({"n": 1}));
    assert_eq!(next_json(&mut one).await, json!(2));
    let told = json!({"type": "agent_update", "run_id": "r", "agent_name": "a", "payload": {"x": null}});
    assert_eq!(next_json(&mut one).await, told);
    assert_eq!(next_json(&mut one).await, json!(3));
    assert_eq!(next_json(&mut two).await, json!(4));

    // A client looks at another thread.
    two.send(Message::text(r#"{"type": "look_at", "thread_id": "new"}"#)).await.expect("sent");
    for _ in 0..200 {
        if server.call("send_to_thread", &json!({"thread_id": "new", "message": 5}), CONTROL).await.1["queued"]
            == true
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(next_json(&mut two).await, json!(5));
    two.send(Message::text("nonsense")).await.expect("sent");
    assert_eq!(next_json(&mut two).await["type"], "error");

    let healthy = server.call("check_connection_health", &json!({"connection_id": id}), CONTROL).await;
    assert_eq!(healthy.1, json!({"healthy": true}));
    assert_eq!(
        server.call("disconnect", &json!({"connection_id": id}), CONTROL).await.1,
        json!({"ended": true})
    );
    assert_eq!(close_code(&mut two).await, 1000);
    server.stop().await;
}

#[tokio::test]
async fn calls_need_their_token_and_say_what_is_wrong_with_them() {
    let server = start(trusting()).await;
    assert_eq!(server.call("stats", &json!({}), "guess").await.0, 401);
    assert_eq!(server.call("nothing", &json!({}), CONTROL).await.0, 404);
    let (status, why) = server.call("send_to_user", &json!({"user": "u", "message": 1}), CONTROL).await;
    assert_eq!(status, 400);
    assert!(why["error"].as_str().is_some_and(|why| why.contains("unknown field `user`")), "{why}");
    let large = json!({"user_id": "u", "message": "x".repeat(2 << 20)});
    assert_eq!(server.call("send_to_user", &large, CONTROL).await.0, 413);
    server.stop().await;
    let closed = start(Settings { control_token: None, ..trusting() }).await;
    assert_eq!(closed.call("stats", &json!({}), CONTROL).await.0, 404);
    closed.stop().await;
}

#[tokio::test]
async fn every_call_is_described_and_answers_as_it_is_described() {
    let server = start(trusting()).await;
    let document: Value = serde_json::from_str(include_str!("../docs/control-api.json")).expect("JSON");
    let paths = document["paths"].as_object().expect("paths");
    let mut described = Vec::new();
    for (path, methods) in paths {
        let call = path.strip_prefix("/control/v1/").expect("a call");
        let Some(post) = methods.get("post") else { continue };
        described.push(call.to_owned());
        let request = &post["requestBody"]["content"]["application/json"];
        let example = &request["example"];
        assert!(jsonschema::is_valid(&request["schema"], example), "{call}: its example fits its schema");
        let (status, answer) = server.call(call, example, CONTROL).await;
        let schema = &post["responses"]["200"]["content"]["application/json"]["schema"];
        assert!(status == 200 && jsonschema::is_valid(schema, &answer), "{call}: {status} {answer}");
        for field in request["schema"]["required"].as_array().expect("fields") {
            let mut without = example.clone();
            without.as_object_mut().expect("an object").remove(field.as_str().expect("a name"));
            assert_eq!(server.call(call, &without, CONTROL).await.0, 400, "{call} without {field}");
        }
    }
    let known = server.call("nothing", &json!({}), CONTROL).await.1;
    let known = known["error"].as_str().expect("why").rsplit("there are ").next().expect("a list").to_owned();
    assert_eq!(known, described.join(", "));
    let request = format!(
        "GET /control/v1/stats HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {CONTROL}\r\n\r\n"
    );
    let stats: Value = serde_json::from_str(&server.http(&request).await.2).expect("JSON");
    let schema =
        &paths["/control/v1/stats"]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
    assert!(jsonschema::is_valid(schema, &stats), "{stats}");
    server.stop().await;
}

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
async fn raw(server: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    let request = "GET /ws?user_id=raw HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request.as_bytes()).await.expect("written");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a head"));
    }
    let head = String::from_utf8(head).expect("text").to_ascii_lowercase();
    // RFC 6455, section 1.3: what this key has to be answered with.
    assert!(head.starts_with("http/1.1 101 ") && head.contains("s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
    stream
}

/// A masked frame of a client, with a mask of zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).expect("a short frame");
    [&[first, 0x80 | length, 0, 0, 0, 0], payload].concat()
}

#[tokio::test]
async fn each_fault_of_the_protocol_has_the_close_code_that_rfc_6455_demands() {
    let server = start(trusting()).await;
    let faults: [(&str, Vec<u8>, u16); 9] = [
        ("text that is no UTF-8", frame(0x81, b"\xff\xfe"), 1007),
        ("a fragmented control frame", frame(0x09, b"x"), 1002),
        (
            "a control frame of more than 125 bytes",
            [&[0x89, 0xfe, 0, 126, 0, 0, 0, 0][..], &[0; 126]].concat(),
            1002,
        ),
        ("a reserved bit", frame(0xc1, b"x"), 1002),
        ("a reserved opcode", frame(0x83, b"x"), 1002),
        ("an unmasked frame", vec![0x81, 1, b'x'], 1002),
        ("a continuation of nothing", frame(0x80, b"x"), 1002),
        ("a frame that says it is a gigabyte", vec![0x81, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0], 1009),
        ("bytes where text is understood", frame(0x82, b"x"), 1003),
    ];
    for (fault, bytes, code) in faults {
        let mut stream = raw(&server).await;
        stream.write_all(&bytes).await.expect("written");
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
        // A reset after the close frame is fine; no answer is not.
        assert!(read.is_ok(), "{fault}: the connection stays open");
        let closes = answer.first() == Some(&0x88) && answer.get(2..4) == Some(&code.to_be_bytes()[..]);
        assert!(closes, "{fault}: {code} is expected, not {answer:?}");
    }
    assert_eq!(server.get("/healthz").await, (200, "ok\n".to_owned()));
    assert_eq!(
        server.call("find_user_connections", &json!({"user_id": "raw"}), CONTROL).await.1,
        json!({"connections": []})
    );
    server.stop().await;
}

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
async fn a_client_that_never_reads_costs_a_bound_and_nobody_else_anything() {
    let limits = Limits {
        queue_messages: 64,
        overflow: Overflow::Close,
        write_deadline: Duration::from_secs(60),
        ..Limits::default()
    };
    let server = start(Settings { limits, ..trusting() }).await;
    let _never_reads = raw(&server).await;
    let mut readers = Vec::new();
    for reader in 0..20 {
        readers.push(server.connect(&format!("user_id=r{reader}")).await);
    }
    let reading = readers.into_iter().map(|mut client| {
        tokio::spawn(async move {
            for number in 0..300 {
                assert_eq!(next_json(&mut client).await["n"], number);
            }
            client
        })
    });
    let reading: Vec<_> = reading.collect();
    let filling = "x".repeat(40_000);
    for number in 0..300 {
        server.call("broadcast", &json!({"message": {"n": number, "filling": filling}}), CONTROL).await;
    }
    let mut held = Vec::new();
    for reader in reading {
        held.push(reader.await.expect("every message in order"));
    }
    let stats: Value = serde_json::from_str(
        &server
            .http(&format!("GET /control/v1/stats HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {CONTROL}\r\n\r\n"))
            .await
            .2,
    )
    .expect("JSON");
    assert_eq!((&stats["overflows"], &stats["active_connections"]), (&json!(1), &json!(20)), "{stats}");
    drop(held);
    server.stop().await;
}

#[tokio::test]
async fn clients_that_drop_without_a_word_do_no_harm() {
    let server = start(trusting()).await;
    let mut reader = server.connect("user_id=reader").await;
    let mut droppers = Vec::new();
    for _ in 0..50 {
        droppers.push(raw(&server).await);
    }
    for number in 0..100 {
        server.call("broadcast", &json!({"message": number}), CONTROL).await;
        // A reset, not a close: what was on its way is lost with it.
        if let Some(dropper) = droppers.pop() {
            dropper.set_zero_linger().expect("an option");
            drop(dropper);
        }
    }
    for number in 0..100 {
        assert_eq!(next_json(&mut reader).await, json!(number));
    }
    let mut left = Value::Null;
    for _ in 0..200 {
        left = server.call("find_user_connections", &json!({"user_id": "raw"}), CONTROL).await.1;
        if left == json!({"connections": []}) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(left, json!({"connections": []}), "who is gone is gone");
    let (_, metrics) = server.get("/metrics").await;
    assert!(metrics.lines().any(|line| line == "ssot_sockets 1"), "{metrics}");
    server.stop().await;
}

#[tokio::test]
async fn a_half_open_socket_is_found_out_by_its_silence() {
    let limits = Limits {
        ping_interval: Duration::from_millis(100),
        pong_deadline: Duration::from_millis(50),
        stale_after: Duration::from_millis(400),
        ..Limits::default()
    };
    let server = start(Settings { limits, ..trusting() }).await;
    // It never answers a ping, and never closes: nothing tells that its machine is gone.
    let mut silent = raw(&server).await;
    let mut answering = server.connect("user_id=here").await;
    // Reading is what answers pings.
    let listening = tokio::spawn(async move { while answering.next().await.is_some() {} });
    let mut received = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(10), silent.read_to_end(&mut received)).await;
    assert!(ended.is_ok(), "the server keeps it");
    assert!(received.windows(4).any(|bytes| bytes[0] == 0x88 && bytes[2..4] == 1011_u16.to_be_bytes()));
    let here = server.call("find_user_connections", &json!({"user_id": "here"}), CONTROL).await.1;
    assert_eq!(here["connections"].as_array().map(Vec::len), Some(1), "who answers stays");
    server.stop().await;
    listening.await.expect("closed with the server");
}

#[tokio::test]
async fn the_end_is_announced_drains_and_closes_with_1001() {
    let server = start(trusting()).await;
    let mut client = server.connect("user_id=u").await;
    assert_eq!(server.get("/readyz").await.0, 200);
    server.call("send_to_user", &json!({"user_id": "u", "message": "last"}), CONTROL).await;
    let stopping = tokio::spawn(server.stop());
    assert_eq!(next_json(&mut client).await, json!("last"));
    assert_eq!(close_code(&mut client).await, 1001);
    let _ = client.next().await;
    stopping.await.expect("ended");
}

#[tokio::test]
async fn health_and_metrics_are_there_for_who_watches() {
    let server = start(trusting()).await;
    let _client = server.connect("user_id=u").await;
    let _ = server.try_connect("", &[]).await;
    let (status, metrics) = server.get("/metrics").await;
    assert_eq!(status, 200);
    for line in [
        "ssot_active_connections 1",
        "ssot_connections_opened_total 1",
        "ssot_refused_identity_total 1",
        "ssot_sockets 1",
        "# EOF",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is not in:\n{metrics}");
    }
    assert_eq!(server.get("/nothing").await.0, 404);
    let (status, head, _) = server
        .http("POST /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        .await;
    assert!(status == 405 && head.to_ascii_lowercase().contains("allow: get"), "{head}");
    // No handshake of WebSocket.
    assert_eq!(server.get("/ws?user_id=u").await.0, 400);
    server.stop().await;
}

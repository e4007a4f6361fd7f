//! The server with real sockets: who is let in, what is delivered, how faults are answered, how it ends.

mod serving;

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use ssot::manager::server::Settings;
use ssot::manager::{Limits, Overflow};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use serving::{CONTROL, Server, close_code, get, next_json, start, trusting};

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

    // A client looks at another thread, and is told where it does not say which.
    for wrong in [r#"{"type": "look_at"}"#, r#"{"type": "look_at", "thread_id": 5}"#] {
        two.send(Message::text(wrong)).await.expect("sent");
        let told = next_json(&mut two).await;
        assert!(told["error"].as_str().is_some_and(|error| error.contains("`thread_id`")), "{told}");
    }
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
async fn a_call_that_does_not_come_in_time_is_not_waited_for() {
    let server = start(Settings { handshake_deadline: Duration::from_millis(300), ..trusting() }).await;
    let head = |length: u64| {
        format!(
            "POST /control/v1/broadcast HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {CONTROL}\r\ncontent-length: {length}\r\n\r\n{{"
        )
    };
    assert_eq!(server.http(&head(100)).await.0, 408);
    assert_eq!(server.http(&head(99_999_999_999)).await.0, 413);
    server.stop().await;
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
    let client = server.connect("user_id=u&thread_id=t").await;
    for (path, methods) in paths {
        let Some(get) = methods.get("get") else { continue };
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {CONTROL}\r\n\r\n"
        );
        let answer: Value = serde_json::from_str(&server.http(&request).await.2).expect("JSON");
        let schema = &get["responses"]["200"]["content"]["application/json"]["schema"];
        assert!(jsonschema::is_valid(schema, &answer), "{path}: {answer}");
    }
    drop(client);
    server.stop().await;
}

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
    let address = server.address;
    let stopping = tokio::spawn(server.stop());
    assert_eq!(next_json(&mut client).await, json!("last"));
    assert_eq!(close_code(&mut client).await, 1001);
    // The client has not answered the close: the end waits for it, and says so to who asks.
    assert_eq!(get(address, "/readyz").await.0, 503);
    assert_eq!(get(address, "/ws?user_id=late").await.0, 503);
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

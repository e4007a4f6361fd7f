//! Clients that come back: what they missed, in order, once, or the word that it is gone; on sockets without a network.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use ssot::manager::memory::{MemorySocket, Mode};
use ssot::manager::{
    ConnectionId, Limits, Manager, Message, Overflow, Resume, Resumption, UnifiedWebSocketManager,
};

fn keeping(resume: Resume) -> Manager {
    Manager::new(Limits { ping_interval: Duration::ZERO, resume: Some(resume), ..Limits::default() })
}

async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

/// A client's connection, and the greeting of its session.
struct Client {
    id: ConnectionId,
    socket: Arc<MemorySocket>,
    greeting: Value,
}

impl Client {
    async fn connect(
        manager: &Manager,
        user: &str,
        thread: Option<&str>,
        resumption: Resumption<'_>,
    ) -> Self {
        let socket = MemorySocket::new(Mode::Ok);
        let id = manager.connect_session(user, socket.clone(), thread, resumption).await.expect("taken");
        settle().await;
        let greeting = serde_json::from_str(&socket.texts()[0]).expect("a greeting");
        Self { id, socket, greeting }
    }

    fn token(&self) -> &str {
        self.greeting["token"].as_str().expect("a token")
    }

    /// The messages after the greeting, as numbers.
    fn seen(&self) -> Vec<i64> {
        let texts = self.socket.texts();
        texts[1..].iter().map(|text| text.parse().expect("a number")).collect()
    }

    async fn back(&self, manager: &Manager, sequence: u64) -> Self {
        Self::connect(manager, "u", None, Resumption::Of { token: self.token(), sequence }).await
    }
}

async fn say(manager: &Manager, numbers: std::ops::Range<i64>) {
    for number in numbers {
        manager.send_to_user("u", &Message::Int(number)).await;
    }
    settle().await;
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_gets_what_it_missed_and_then_goes_on() {
    let manager = keeping(Resume::default());
    let first = Client::connect(&manager, "u", Some("t"), Resumption::New).await;
    assert_eq!(first.greeting["resumed"], false);
    assert_eq!((&first.greeting["sequence"], &first.greeting["window_seconds"]), (&json!(0), &json!(60.0)));
    say(&manager, 1..4).await;
    // The third was written, but never seen; then the peer takes nothing any more, and goes.
    first.socket.set_mode(Mode::Hang);
    say(&manager, 4..6).await;
    manager.record_gone(&first.id);
    assert!(!manager.send_to_user("u", &Message::Int(6)).await, "nobody is there to queue it for");
    assert!(!manager.send_to_thread("t", &Message::Int(7)).await);
    manager.broadcast(&Message::Int(8), &[]);
    manager.broadcast(&Message::Int(0), &["u"]);
    assert_eq!(manager.stats().active_sessions_away, 1);
    let second = first.back(&manager, 2).await;
    assert_eq!((&second.greeting["resumed"], &second.greeting["sequence"]), (&json!(true), &json!(2)));
    assert_eq!(second.seen(), [3, 4, 5, 6, 7, 8]);
    assert!(manager.send_to_thread("t", &Message::Int(9)).await, "the session looks at its thread again");
    settle().await;
    assert_eq!(second.seen(), [3, 4, 5, 6, 7, 8, 9]);
    manager.record_gone(&second.id);
    let third = second.back(&manager, 9).await;
    assert_eq!(third.seen(), Vec::<i64>::new());
    let stats = manager.stats();
    assert_eq!((stats.sessions_resumed, stats.active_sessions_away, stats.messages_lost), (2, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_back_before_its_end_was_noticed_takes_over() {
    let manager = keeping(Resume::default());
    let first = Client::connect(&manager, "u", None, Resumption::New).await;
    first.socket.set_mode(Mode::Hang);
    say(&manager, 1..4).await;
    let second = first.back(&manager, 0).await;
    assert_eq!(second.seen(), [1, 2, 3]);
    assert_eq!(manager.find_user_connections("u"), std::slice::from_ref(&second.id));
    assert_eq!(first.socket.close_code(), Some(1008));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_go_on_is_told_and_a_new_session_begins() {
    let manager = keeping(Resume { messages: 3, ..Resume::default() });
    let first = Client::connect(&manager, "u", None, Resumption::New).await;
    say(&manager, 1..6).await;
    manager.record_gone(&first.id);
    let refused = async |user: &str, token: &str, sequence: u64| {
        let client = Client::connect(&manager, user, None, Resumption::Of { token, sequence }).await;
        assert_eq!(client.greeting["resumed"], false);
        assert_ne!(client.token(), token);
        client.greeting["reason"].as_str().expect("a reason").to_owned()
    };
    assert_eq!(refused("u", first.token(), 1).await, "what was missed is no longer kept");
    assert_eq!(refused("u", first.token(), 6).await, "the sequence number is ahead of the session");
    assert_eq!(refused("somebody", first.token(), 5).await, "there is no such session");
    assert_eq!(refused("u", "a guess", 0).await, "there is no such session");
    // None of these guesses took anything from who the session belongs to.
    let back = first.back(&manager, 2).await;
    assert_eq!(back.seen(), [3, 4, 5]);
    manager.record_gone(&back.id);
    settle().await;
    tokio::time::advance(Duration::from_secs(61)).await;
    settle().await;
    assert_eq!(manager.stats().sessions_forgotten, 1);
    assert_eq!(refused("u", first.token(), 5).await, "there is no such session");
    let without = Manager::new(Limits { ping_interval: Duration::ZERO, ..Limits::default() });
    let socket = MemorySocket::new(Mode::Ok);
    without.connect_session("u", socket.clone(), None, Resumption::New).await.expect("taken");
    settle().await;
    let greeting: Value = serde_json::from_str(&socket.texts()[0]).expect("a greeting");
    assert_eq!(
        (&greeting["token"], &greeting["reason"]),
        (&Value::Null, &json!("sessions are not kept here"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_session_that_was_ended_by_will_does_not_go_on() {
    let manager = keeping(Resume::default());
    for (why, end) in [
        ("the client closed", Manager::record_left as fn(&Manager, &ConnectionId)),
        ("the session was revoked while away", Manager::record_gone),
    ] {
        let client = Client::connect(&manager, "u", None, Resumption::New).await;
        end(&manager, &client.id);
        manager.disconnect_connection(&client.id).await;
        let back = client.back(&manager, 0).await;
        assert_eq!(back.greeting["resumed"], false, "{why}");
        manager.disconnect_connection(&back.id).await;
        settle().await;
    }
    let client = Client::connect(&manager, "u", None, Resumption::New).await;
    manager.disconnect_user("u", client.socket.clone()).await;
    settle().await;
    assert_eq!(client.back(&manager, 0).await.greeting["resumed"], false);
    assert_eq!(manager.stats().active_sessions_away, 0);
}

#[tokio::test(start_paused = true)]
async fn an_overflow_loses_nothing_that_a_session_keeps() {
    let limits = Limits {
        queue_messages: 4,
        overflow: Overflow::Close,
        resume: Some(Resume::default()),
        ping_interval: Duration::ZERO,
        ..Limits::default()
    };
    let manager = Manager::new(limits);
    let first = Client::connect(&manager, "u", None, Resumption::New).await;
    first.socket.set_mode(Mode::Hang);
    say(&manager, 1..12).await;
    let stats = manager.stats();
    assert_eq!((stats.overflows, stats.messages_lost, stats.active_connections), (1, 0, 0));
    // What was missed is more than a queue holds; it is written all the same, and new messages still have their room.
    let second = first.back(&manager, 0).await;
    assert_eq!(second.seen(), (1..12).collect::<Vec<_>>());
    say(&manager, 12..15).await;
    assert_eq!(second.seen(), (1..15).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn what_sessions_hold_is_bounded() {
    let manager = keeping(Resume { messages: 1_000, bytes: 100, sessions: 10, ..Resume::default() });
    let mut first = None;
    for number in 0..100 {
        let user = format!("u{number}");
        let client = Client::connect(&manager, &user, None, Resumption::New).await;
        for _ in 0..20 {
            manager.send_to_user(&user, &Message::text(&"x".repeat(38))).await;
        }
        settle().await;
        manager.record_gone(&client.id);
        first.get_or_insert(client);
    }
    let stats = manager.stats();
    assert_eq!((stats.active_sessions_away, stats.sessions_forgotten), (10, 90));
    let first = first.expect("a client");
    let resumption = Resumption::Of { token: first.token(), sequence: 20 };
    let late = Client::connect(&manager, "u0", None, resumption).await;
    assert_eq!(late.greeting["reason"], "there is no such session");
    manager.shutdown(Duration::from_secs(1)).await;
    assert_eq!(manager.stats().active_connections, 0);
}

#[tokio::test(start_paused = true)]
async fn nobodys_sessions_go_for_anothers() {
    let manager = keeping(Resume { sessions: 50, sessions_per_user: 3, ..Resume::default() });
    let first = Client::connect(&manager, "u", None, Resumption::New).await;
    manager.record_gone(&first.id);
    for _ in 0..100 {
        let greedy = Client::connect(&manager, "greedy", None, Resumption::New).await;
        manager.record_gone(&greedy.id);
    }
    assert_eq!(manager.stats().active_sessions_away, 4);
    assert_eq!(first.back(&manager, 0).await.greeting["resumed"], true);
}

#[tokio::test(start_paused = true)]
async fn of_two_that_go_on_with_one_session_the_later_one_has_it() {
    let manager = keeping(Resume::default());
    let first = Client::connect(&manager, "u", None, Resumption::New).await;
    say(&manager, 1..4).await;
    let second = first.back(&manager, 0).await;
    let third = first.back(&manager, 0).await;
    assert_eq!((&second.greeting["resumed"], &third.greeting["resumed"]), (&json!(true), &json!(true)));
    assert_eq!(third.seen(), [1, 2, 3]);
    assert_eq!(manager.find_user_connections("u"), std::slice::from_ref(&third.id));
    settle().await;
    assert_eq!(second.socket.close_code(), Some(1008));
}

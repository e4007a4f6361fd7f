//! The reference manager on sockets without a network, with a clock that stands still until a test moves it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use ssot::manager::memory::{Event, MemorySocket, Mode};
use ssot::manager::socket::Socket;
use ssot::manager::{
    Broadcast, ConnectionId, Limits, Manager, Message, Overflow, Refused, UnifiedWebSocketManager, WhenFull,
};

fn without_pings() -> Limits {
    Limits { ping_interval: Duration::ZERO, ..Limits::default() }
}

/// Lets every task do what it can do now.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

async fn pass(time: Duration) {
    settle().await;
    tokio::time::advance(time).await;
    settle().await;
}

async fn connect(manager: &Manager, user: &str, thread: Option<&str>) -> (ConnectionId, Arc<MemorySocket>) {
    let socket = MemorySocket::new(Mode::Ok);
    let id = manager.connect_user(user, socket.clone(), thread).await.expect("taken");
    (id, socket)
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn said(socket: &MemorySocket) -> Vec<Value> {
    socket.texts().iter().map(|text| serde_json::from_str(text).expect("JSON")).collect()
}

#[tokio::test(start_paused = true)]
async fn every_connection_of_a_user_gets_a_message_once_and_nobody_else_does() {
    let manager = Manager::new(without_pings());
    let (first, one) = connect(&manager, "u1", None).await;
    let (second, two) = connect(&manager, "u1", Some("t")).await;
    let others = [connect(&manager, "u10", Some("t")).await.1, connect(&manager, "U1", None).await.1];
    assert_ne!(first, second);
    assert_eq!(manager.find_user_connections("u1"), [first, second]);
    assert!(manager.send_to_user("u1", &Message::text("hello")).await);
    assert!(!manager.send_to_user("nobody", &Message::text("hello")).await);
    settle().await;
    assert_eq!((said(&one), said(&two)), (vec![json!("hello")], vec![json!("hello")]));
    assert!(others.iter().all(|other| other.texts().is_empty()));
}

#[tokio::test(start_paused = true)]
async fn ids_match_code_point_by_code_point() {
    let manager = Manager::new(without_pings());
    let (_, composed) = connect(&manager, "\u{e9}", None).await;
    let (_, decomposed) = connect(&manager, "e\u{301}", None).await;
    manager.send_to_user("e\u{301}", &Message::Null).await;
    settle().await;
    assert_eq!((composed.texts().len(), decomposed.texts().len()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn messages_of_a_caller_keep_their_order_whatever_they_are_addressed_to() {
    let manager = Manager::new(without_pings());
    let (id, socket) = connect(&manager, "u", Some("t")).await;
    manager.bind_run("run", "t");
    for number in 0..50 {
        let message = Message::Int(number);
        match number % 5 {
            0 => drop(manager.send_to_user("u", &message).await),
            1 => drop(manager.send_to_thread("t", &message).await),
            2 => drop(manager.send_to_connection(&id, &message).await),
            3 => drop(manager.broadcast(&message, &[])),
            _ => manager.send_agent_update("run", "planner", &message).await,
        }
    }
    settle().await;
    settle().await;
    let numbers: Vec<i64> = said(&socket)
        .iter()
        .map(|value| value.as_i64().or_else(|| value["payload"].as_i64()).expect("a number"))
        .collect();
    assert_eq!(numbers, (0..50).collect::<Vec<i64>>());
}

#[tokio::test(start_paused = true)]
async fn an_update_says_everything_and_reaches_the_thread_of_its_run_alone() {
    let manager = Manager::new(without_pings());
    let (_, bound) = connect(&manager, "a", Some("thread")).await;
    let (_, own) = connect(&manager, "b", Some("run")).await;
    let update = Message::map([("progress", Message::Float(0.5))]);
    manager.send_agent_update("run", "planner", &update).await;
    manager.bind_run("run", "thread");
    manager.send_agent_update("run", "planner", &update).await;
    manager.unbind_run("run");
    manager.send_agent_update("unknown", "planner", &update).await;
    settle().await;
    let expected = json!({"type": "agent_update", "run_id": "run", "agent_name": "planner", "payload": {"progress": 0.5}});
    assert_eq!((said(&own), said(&bound)), (vec![expected.clone()], vec![expected]));
}

#[tokio::test(start_paused = true)]
async fn a_disconnect_ends_that_connection_alone_after_what_is_queued() {
    let manager = Manager::new(without_pings());
    let (_, stays) = connect(&manager, "u", None).await;
    let (gone, socket) = connect(&manager, "u", None).await;
    manager.send_to_user("u", &Message::text("last")).await;
    manager.disconnect_user("other", socket.clone()).await;
    manager.disconnect_user("u", socket.clone()).await;
    manager.disconnect_user("u", socket.clone()).await;
    manager.disconnect_user("u", MemorySocket::new(Mode::Ok)).await;
    assert!(!manager.check_connection_health(&gone).await);
    assert!(manager.send_to_user("u", &Message::text("after")).await);
    settle().await;
    assert_eq!(socket.events(), [Event::Text("\"last\"".to_owned()), Event::Close(1000)]);
    assert_eq!(said(&stays), [json!("last"), json!("after")]);
    assert_eq!(manager.stats().connections_closed, 1);
}

#[tokio::test(start_paused = true)]
async fn the_same_socket_again_is_the_same_connection_in_another_thread() {
    let manager = Manager::new(without_pings());
    let (id, socket) = connect(&manager, "u", Some("old")).await;
    let again = manager.connect_user("u", socket.clone(), Some("new")).await;
    assert_eq!(again, Ok(id));
    assert!(!manager.send_to_thread("old", &Message::Null).await);
    assert!(manager.send_to_thread("new", &Message::Null).await);
    let stolen = manager.connect_user("thief", socket.clone(), None).await;
    assert_eq!(stolen, Err(Refused::SocketInUse));
    settle().await;
    assert_eq!(socket.texts().len(), 1);
    assert_eq!(manager.stats().active_connections, 1);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_nothing_delays_nobody_and_ends_at_its_deadline() {
    let manager = Manager::new(without_pings());
    let (_, hung) = connect(&manager, "u", None).await;
    let (_, well) = connect(&manager, "u", None).await;
    hung.set_mode(Mode::Hang);
    for number in 0..10 {
        assert!(manager.send_to_user("u", &Message::Int(number)).await);
    }
    settle().await;
    assert_eq!((hung.texts().len(), well.texts().len()), (0, 10));
    pass(seconds(9)).await;
    assert_eq!(manager.stats().active_connections, 2);
    pass(seconds(2)).await;
    assert_eq!(hung.events(), [Event::Abort]);
    let stats = manager.stats();
    assert_eq!((stats.active_connections, stats.write_timeouts, stats.messages_lost), (1, 1, 10));
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_closes_with_1013_or_drops_and_says_so() {
    for overflow in [Overflow::Close, Overflow::DropOldest, Overflow::DropNewest] {
        let manager = Manager::new(Limits { queue_messages: 3, overflow, ..without_pings() });
        let (id, socket) = connect(&manager, "u", None).await;
        socket.set_mode(Mode::Hang);
        manager.send_to_user("u", &Message::Int(0)).await;
        // One message is on its way, three wait.
        settle().await;
        let queued: Vec<bool> = [
            manager.send_to_user("u", &Message::Int(1)).await,
            manager.send_to_user("u", &Message::Int(2)).await,
            manager.send_to_user("u", &Message::Int(3)).await,
            manager.send_to_user("u", &Message::Int(4)).await,
        ]
        .into();
        settle().await;
        socket.set_mode(Mode::Ok);
        settle().await;
        let stats = manager.stats();
        let is_live = manager.check_connection_health(&id).await;
        match overflow {
            Overflow::Close => {
                assert_eq!((queued[3], socket.close_code(), is_live), (false, Some(1013), false));
                assert_eq!((stats.overflows, stats.messages_lost, stats.active_connections), (1, 4, 0));
            }
            Overflow::DropOldest => {
                assert_eq!((queued[3], said(&socket)), (true, vec![json!(0), json!(2), json!(3), json!(4)]));
                assert_eq!((stats.messages_dropped_oldest, is_live), (1, true));
            }
            Overflow::DropNewest => {
                assert_eq!((queued[3], said(&socket)), (false, vec![json!(0), json!(1), json!(2), json!(3)]));
                assert_eq!((stats.messages_dropped_newest, is_live), (1, true));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_sent_goes_to_nobody_and_the_connection_stays() {
    let manager = Manager::new(Limits { message_bytes: 8, ..without_pings() });
    let (id, socket) = connect(&manager, "u", Some("t")).await;
    let opaque = Message::Opaque("socket".to_owned());
    assert!(!manager.send_to_user("u", &opaque).await);
    assert!(!manager.send_to_thread("t", &Message::text("longer than that")).await);
    assert_eq!(manager.broadcast(&opaque, &[]), Broadcast { queued: 0, failed: 1 });
    assert!(manager.send_to_user("u", &Message::Float(f64::NAN)).await);
    settle().await;
    assert_eq!(socket.texts(), ["null"]);
    assert!(manager.check_connection_health(&id).await);
    assert_eq!((manager.stats().not_serialisable, manager.stats().too_large), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_broadcast_leaves_out_whom_it_should() {
    let manager = Manager::new(without_pings());
    let (_, a) = connect(&manager, "a", None).await;
    let (_, b) = connect(&manager, "b", None).await;
    assert_eq!(manager.broadcast(&Message::Int(1), &["b", "nobody"]), Broadcast { queued: 1, failed: 0 });
    settle().await;
    assert_eq!((a.texts().len(), b.texts().len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_user_has_as_many_connections_as_allowed() {
    let manager = Manager::new(Limits { connections_per_user: 2, ..without_pings() });
    let (_, _one) = connect(&manager, "u", None).await;
    let (_, _two) = connect(&manager, "u", None).await;
    let third = manager.connect_user("u", MemorySocket::new(Mode::Ok), None).await;
    assert_eq!(third, Err(Refused::TooManyConnections { limit: 2 }));
    assert!(manager.connect_user("v", MemorySocket::new(Mode::Ok), None).await.is_ok());

    let limits = Limits { connections_per_user: 2, when_full: WhenFull::ReplaceOldest, ..without_pings() };
    let manager = Manager::new(limits);
    let (_, one) = connect(&manager, "u", None).await;
    let (second, _two) = connect(&manager, "u", None).await;
    let (third, _three) = connect(&manager, "u", None).await;
    settle().await;
    assert_eq!(one.close_code(), Some(1008));
    assert_eq!(manager.find_user_connections("u"), [second, third]);
    assert_eq!((manager.stats().connections_replaced, manager.stats().connections_refused), (1, 0));
}

/// The payload of the last ping that reached a peer.
fn last_ping(socket: &MemorySocket) -> Vec<u8> {
    let mut pings = socket.events().into_iter().filter_map(|event| match event {
        Event::Ping(payload) => Some(payload),
        Event::Text(_) | Event::Close(_) | Event::Abort => None,
    });
    pings.next_back().expect("a ping")
}

#[tokio::test(start_paused = true)]
async fn a_missed_pong_is_bad_health_until_the_next_one_and_silence_ends_the_connection() {
    let limits = Limits {
        ping_interval: seconds(30),
        pong_deadline: seconds(10),
        stale_after: seconds(100),
        ..Limits::default()
    };
    let manager = Manager::new(limits);
    let (id, socket) = connect(&manager, "u", None).await;
    assert!(manager.check_connection_health(&id).await);
    pass(seconds(31)).await;
    pass(Duration::from_millis(250)).await;
    manager.record_pong(&id, &last_ping(&socket));
    let health = manager.health(&id).expect("live");
    assert_eq!((health.answered, health.mean_round_trip()), (1, health.last_round_trip));
    assert!(health.last_round_trip.is_some_and(|time| time >= Duration::from_millis(250)));

    for _ in 0..45 {
        pass(seconds(1)).await;
    }
    assert!(!manager.check_connection_health(&id).await, "a ping was missed");
    manager.record_pong(&id, b"what nobody asked");
    assert!(!manager.check_connection_health(&id).await, "another pong restores nothing");
    for _ in 0..20 {
        pass(seconds(1)).await;
    }
    manager.record_pong(&id, &last_ping(&socket));
    assert!(manager.check_connection_health(&id).await, "restored by the pong");

    for _ in 0..110 {
        pass(seconds(1)).await;
    }
    assert_eq!(socket.close_code(), Some(1011));
    let stats = manager.stats();
    assert_eq!((stats.connections_reaped, stats.active_connections), (1, 0));
    assert!(stats.pongs_missed >= 2 && stats.pongs_received == 2, "{stats:?}");
}

#[tokio::test(start_paused = true)]
async fn a_hung_peer_is_found_out_without_anybody_waiting_for_it() {
    let manager = Manager::new(Limits { write_deadline: seconds(1_000), ..Limits::default() });
    let (id, socket) = connect(&manager, "u", None).await;
    socket.set_mode(Mode::Hang);
    for _ in 0..45 {
        pass(seconds(1)).await;
    }
    assert!(!manager.check_connection_health(&id).await);
    for _ in 0..60 {
        pass(seconds(1)).await;
    }
    assert_eq!((socket.close_code(), manager.stats().connections_reaped), (Some(1011), 1));
}

#[tokio::test(start_paused = true)]
async fn shutdown_drains_closes_with_1001_refuses_and_may_be_called_twice() {
    let manager = Arc::new(Manager::new(without_pings()));
    let (_, well) = connect(&manager, "u", None).await;
    let (_, hung) = connect(&manager, "u", None).await;
    hung.set_mode(Mode::Hang);
    manager.send_to_user("u", &Message::text("last")).await;
    let started = tokio::time::Instant::now();
    let first = tokio::spawn({
        let manager = manager.clone();
        async move { manager.shutdown(seconds(5)).await }
    });
    settle().await;
    assert_eq!(manager.stats().state, "draining");
    assert!(!manager.send_to_user("u", &Message::text("late")).await);
    let refused = manager.connect_user("u", MemorySocket::new(Mode::Ok), None).await;
    assert_eq!(refused, Err(Refused::ShuttingDown));
    manager.shutdown(seconds(1)).await;
    first.await.expect("the first call ends too");
    assert_eq!(started.elapsed(), seconds(5), "the deadline is that of the first call");
    assert_eq!(well.events(), [Event::Text("\"last\"".to_owned()), Event::Close(1001)]);
    assert_eq!(hung.events().last(), Some(&Event::Abort));
    manager.shutdown(seconds(1)).await;
    let stats = manager.stats();
    assert_eq!((stats.state, stats.active_connections, stats.queued_messages), ("closed", 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_is_given_up_leaves_nobody_waiting() {
    let manager = Manager::new(without_pings());
    let (_, hung) = connect(&manager, "u", None).await;
    hung.set_mode(Mode::Hang);
    manager.send_to_user("u", &Message::Null).await;
    settle().await;
    assert!(tokio::time::timeout(seconds(1), manager.shutdown(seconds(9))).await.is_err());
    manager.shutdown(seconds(9)).await;
    assert_eq!(manager.stats().state, "closed");
}

#[tokio::test(start_paused = true)]
async fn a_connection_looks_at_another_thread_while_it_lives() {
    let manager = Manager::new(without_pings());
    let (id, socket) = connect(&manager, "u", Some("old")).await;
    assert!(manager.look_at(&id, Some("new")));
    assert!(!manager.send_to_thread("old", &Message::Null).await);
    assert!(manager.send_to_thread("new", &Message::Null).await);
    manager.disconnect_user("u", socket).await;
    assert!(!manager.look_at(&id, Some("newer")));
    assert_eq!(manager.stats().active_threads, 0);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_connections_that_came_and_went_leave_nothing_behind() {
    let manager = Manager::new(Limits::default());
    for number in 0..1_000 {
        let (_, socket) = connect(&manager, &format!("u{}", number % 7), Some("t")).await;
        manager.send_to_thread("t", &Message::Int(number)).await;
        if number % 3 == 0 {
            socket.set_mode(Mode::Fail);
            manager.send_to_thread("t", &Message::Int(number)).await;
        }
        manager.disconnect_user(&format!("u{}", number % 7), socket).await;
        settle().await;
    }
    let stats = manager.stats();
    let gauges = (
        stats.active_connections,
        stats.active_users,
        stats.active_threads,
        stats.queued_messages,
        stats.queued_bytes,
    );
    assert_eq!(gauges, (0, 0, 0, 0, 0));
    assert_eq!((stats.connections_opened, stats.connections_closed), (1_000, 1_000));
    // What was queued was sent or is counted as lost.
    assert_eq!(stats.messages_queued, stats.messages_sent + stats.messages_lost);
    let map = manager.get_stats().await;
    assert_eq!(map["connections_opened"], json!(1_000));
    assert_eq!(map["state"], json!("open"));
}

#[tokio::test(start_paused = true)]
async fn a_manager_that_is_dropped_drops_its_connections() {
    let manager = Manager::new(Limits::default());
    let (_, socket) = connect(&manager, "u", None).await;
    let weak = Arc::downgrade(&socket);
    drop(manager);
    settle().await;
    assert!(socket.events().contains(&Event::Abort));
    drop(socket);
    pass(seconds(120)).await;
    assert!(weak.upgrade().is_none(), "no task holds the socket");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_leaves_nothing_behind() {
    let manager = Manager::new(without_pings());
    let (_, socket) = connect(&manager, "u", None).await;
    let message = Message::text("never");
    drop(manager.send_to_user("u", &message));
    let never: Arc<dyn Socket> = MemorySocket::new(Mode::Ok);
    drop(manager.connect_user("v", never, None));
    settle().await;
    assert!(socket.texts().is_empty());
    assert_eq!(manager.stats().connections_opened, 1);
}

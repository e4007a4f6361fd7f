//! Several managers as nodes of one service, on a bus without a network, with a clock that stands still.

use std::sync::Arc;
use std::time::Duration;

use ssot::manager::backplane::Backplane;
use ssot::manager::backplane::memory::MemoryBus;
use ssot::manager::memory::{MemorySocket, Mode};
use ssot::manager::{ConnectionId, Limits, Manager, Message, Resume, Resumption, UnifiedWebSocketManager};

async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

async fn pass(time: Duration) {
    settle().await;
    tokio::time::advance(time).await;
    settle().await;
}

async fn nodes<const N: usize>(bus: &MemoryBus) -> [Manager; N] {
    let limits =
        Limits { ping_interval: Duration::ZERO, resume: Some(Resume::default()), ..Limits::default() };
    let made = std::array::from_fn(|_| {
        Manager::with_backplane(limits.clone(), Backplane::over(Arc::new(bus.clone())))
    });
    settle().await;
    made
}

async fn connect(manager: &Manager, user: &str, thread: Option<&str>) -> (ConnectionId, Arc<MemorySocket>) {
    let socket = MemorySocket::new(Mode::Ok);
    let id = manager.connect_user(user, socket.clone(), thread).await.expect("taken");
    (id, socket)
}

fn number(number: i64) -> Message {
    Message::Int(number)
}

fn backplane(manager: &Manager) -> &'static str {
    manager.stats().backplane
}

#[tokio::test(start_paused = true)]
async fn whoever_is_meant_gets_it_once_wherever_it_is() {
    let bus = MemoryBus::default();
    let [a, b, c] = nodes(&bus).await;
    let (_, on_a) = connect(&a, "u1", Some("t")).await;
    let (_, on_b) = connect(&b, "u1", None).await;
    let (_, other) = connect(&b, "u10", Some("t")).await;
    assert!(a.send_to_user("u1", &number(1)).await);
    assert!(c.send_to_user("u1", &number(2)).await);
    assert!(c.send_to_user("u10", &number(3)).await);
    assert!(!c.send_to_user("u100", &number(4)).await);
    assert!(c.send_to_thread("t", &number(5)).await);
    assert!(!a.send_to_thread("T", &number(6)).await);
    a.broadcast(&number(7), &["u10"]);
    settle().await;
    assert_eq!(on_a.texts(), ["1", "2", "5", "7"]);
    assert_eq!(on_b.texts(), ["1", "2", "7"]);
    assert_eq!(other.texts(), ["3", "5"]);
    assert_eq!((a.stats().backplane_received, backplane(&c)), (2, "up"));
}

#[tokio::test(start_paused = true)]
async fn messages_of_a_caller_keep_their_order_across_nodes() {
    let bus = MemoryBus::default();
    let [a, b] = nodes(&bus).await;
    let (_, socket) = connect(&b, "u", Some("t")).await;
    for at in 0..300 {
        let message = number(at);
        match at % 3 {
            0 => drop(a.send_to_user("u", &message).await),
            1 => drop(a.send_to_thread("t", &message).await),
            _ => drop(a.broadcast(&message, &[])),
        }
    }
    settle().await;
    assert_eq!(socket.texts(), (0..300).map(|at| at.to_string()).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_run_is_bound_for_all_nodes() {
    let bus = MemoryBus::default();
    let [a, b] = nodes(&bus).await;
    let (_, socket) = connect(&b, "u", Some("t")).await;
    a.bind_run("run", "t");
    settle().await;
    a.send_agent_update("run", "agent", &number(1)).await;
    b.send_agent_update("run", "agent", &number(2)).await;
    let [late] = nodes(&bus).await;
    late.send_agent_update("run", "agent", &number(3)).await;
    b.unbind_run("run");
    settle().await;
    a.send_agent_update("run", "agent", &number(4)).await;
    a.send_agent_update("t", "agent", &number(5)).await;
    settle().await;
    let payloads: Vec<String> = socket
        .texts()
        .iter()
        .map(|text| serde_json::from_str::<serde_json::Value>(text).expect("JSON")["payload"].to_string())
        .collect();
    assert_eq!(payloads, ["1", "2", "3", "5"]);
}

#[tokio::test(start_paused = true)]
async fn one_connection_is_found_asked_and_ended_from_everywhere() {
    let bus = MemoryBus::default();
    let [a, b] = nodes(&bus).await;
    let (here, _) = connect(&a, "u", None).await;
    let (there, socket) = connect(&b, "u", None).await;
    assert_eq!(a.find_user_everywhere("u").await, [here.clone(), there.clone()]);
    assert_eq!(b.find_user_everywhere("u").await, [there.clone(), here]);
    assert!(a.check_connection_health(&there).await);
    assert!(a.send_to_connection(&there, &number(1)).await);
    assert!(a.disconnect_connection(&there).await);
    settle().await;
    assert_eq!((socket.texts(), socket.close_code()), (vec!["1".to_owned()], Some(1000)));
    assert!(!a.check_connection_health(&there).await);
    assert!(!a.send_to_connection(&there, &number(2)).await);
    assert!(!a.disconnect_connection(&there).await);
    assert_eq!(b.find_user_everywhere("u").await.len(), 1);
    let nobody = ConnectionId::new("0000000000000000-1");
    assert!(!a.check_connection_health(&nobody).await);
    assert!(!a.check_connection_health(&ConnectionId::new("nonsense")).await);
    let users: Vec<u64> =
        a.nodes().await.iter().map(|node| node.stats["active_users"].as_u64().expect("a figure")).collect();
    assert_eq!(users.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn while_the_bus_is_away_what_is_here_goes_on_and_it_heals_by_itself() {
    let bus = MemoryBus::default();
    let [a, b] = nodes(&bus).await;
    let (_, on_a) = connect(&a, "u", None).await;
    let (_, on_b) = connect(&b, "u", Some("t")).await;
    a.bind_run("before", "t");
    settle().await;
    bus.set_up(false);
    settle().await;
    assert!(a.send_to_user("u", &number(1)).await, "the local one got it");
    settle().await;
    assert_eq!((on_a.texts(), backplane(&a)), (vec!["1".to_owned()], "down"));
    assert!(a.backplane_trouble().is_some_and(|why| why.starts_with("down: ")));
    assert_eq!(a.find_user_everywhere("u").await.len(), 1);
    let (_, late) = connect(&a, "late", None).await;
    a.bind_run("meanwhile", "t");
    a.unbind_run("before");
    for _ in 0..20 {
        pass(Duration::from_secs(10)).await;
    }
    let failures = a.stats().backplane_failures;
    assert!((15..60).contains(&failures), "it tries, but not without pause: {failures}");
    bus.set_up(true);
    pass(Duration::from_secs(10)).await;
    pass(Duration::from_secs(10)).await;
    assert_eq!((backplane(&a), backplane(&b), a.backplane_trouble()), ("up", "up", None));
    assert!(b.send_to_user("late", &number(2)).await);
    b.send_agent_update("meanwhile", "agent", &number(3)).await;
    b.send_agent_update("before", "agent", &number(4)).await;
    assert_eq!(b.find_user_everywhere("u").await.len(), 2, "the registry is told again");
    settle().await;
    assert_eq!((late.texts(), on_b.texts().len()), (vec!["2".to_owned()], 1));
    assert!(a.stats().backplane_dropped > 0);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_away_is_still_written_to_from_other_nodes() {
    let bus = MemoryBus::default();
    let [a, b] = nodes(&bus).await;
    let socket = MemorySocket::new(Mode::Ok);
    let id = b.connect_session("u", socket.clone(), None, Resumption::New).await.expect("taken");
    settle().await;
    let greeting: serde_json::Value = serde_json::from_str(&socket.texts()[0]).expect("a greeting");
    b.record_gone(&id);
    settle().await;
    a.send_to_user("u", &number(1)).await;
    settle().await;
    let back = MemorySocket::new(Mode::Ok);
    let resumption = Resumption::Of { token: greeting["token"].as_str().expect("a token"), sequence: 0 };
    b.connect_session("u", back.clone(), None, resumption).await.expect("taken");
    settle().await;
    assert_eq!(back.texts()[1..], ["1"]);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_ends_leaves_the_service() {
    let bus = MemoryBus::default();
    let [a, b] = nodes(&bus).await;
    let (_, socket) = connect(&b, "u", None).await;
    b.shutdown(Duration::from_secs(1)).await;
    assert_eq!(socket.close_code(), Some(1001));
    assert_eq!((a.nodes().await.len(), a.find_user_everywhere("u").await.len()), (1, 0));
    assert!(!a.send_to_user("u", &number(1)).await);
}

//! Old names for the one manager, and what uses it: each method of the managers and protocols that it replaces, called as its
//! callers call it. And the two forms of the target protocol, held to each other.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use ssot::facts::{FileFacts, ParameterKind};
use ssot::lang::{self, Target};
use ssot::manager::adapters::{
    HeartbeatAdapter, InterfaceAdapter, ModernAdapter, ScalingAdapter, StrictAdapter,
};
use ssot::manager::memory::{Event, MemorySocket, Mode};
use ssot::manager::services::dashboards::Dashboards;
use ssot::manager::services::quality::QualityUpdates;
use ssot::manager::{Limits, Manager, Message, UnifiedWebSocketManager};
use ssot::source::Language;

fn manager() -> Arc<Manager> {
    Arc::new(Manager::new(Limits { ping_interval: Duration::ZERO, ..Limits::default() }))
}

async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

fn message(json: Value) -> Message {
    serde_json::from_value(json).expect("JSON")
}

fn said(socket: &MemorySocket) -> Vec<Value> {
    socket.texts().iter().map(|text| serde_json::from_str(text).expect("JSON")).collect()
}

#[tokio::test(start_paused = true)]
async fn the_generic_wrapper_goes_on_under_its_old_names() {
    let manager = manager();
    let modern = ModernAdapter::new(manager.clone());
    let (one, two) = (MemorySocket::new(Mode::Ok), MemorySocket::new(Mode::Ok));
    let about = Some(message(json!({"agent": "x"})));
    let wrapper = modern.register_connection("c1", one.clone(), about.clone()).await.expect("taken");
    assert_eq!((wrapper.connection_id.as_str(), &wrapper.metadata), ("c1", &about));
    modern.register_connection("c2", two.clone(), None).await.expect("taken");
    assert_eq!(modern.get_connection_count(), 2);
    assert!(modern.send_to_connection("c1", &message(json!(1))).await);
    assert!(!modern.send_to_connection("c3", &message(json!(1))).await);
    assert!(wrapper.send(&message(json!(2))).await);
    let exclude = HashSet::from(["c2".to_owned()]);
    assert_eq!(modern.broadcast_message(&message(json!(3)), Some(&exclude)).await, 1);
    assert_eq!(modern.broadcast_message(&message(json!(4)), None).await, 2);
    modern.disconnect_connection("c2").await;
    wrapper.close().await;
    settle().await;
    assert_eq!((said(&one), said(&two)), (vec![json!(1), json!(2), json!(3), json!(4)], vec![json!(4)]));
    assert_eq!(
        (one.close_code(), two.close_code(), modern.get_connection_count()),
        (Some(1000), Some(1000), 0)
    );
}

#[tokio::test(start_paused = true)]
async fn scaling_finds_users_and_reaches_them() {
    let manager = manager();
    let scaling = ScalingAdapter::new(manager.clone());
    assert!(!scaling.register_connection("u", "c", None).await, "nobody is connected yet");
    let socket = MemorySocket::new(Mode::Ok);
    manager.connect_user("u", socket.clone(), None).await.expect("taken");
    assert!(scaling.register_connection("u", "c", Some(message(json!({"node": 1})))).await);
    let found = scaling.find_user_connection("u").await.expect("connected");
    let found = serde_json::to_value(found).expect("JSON");
    assert_eq!(found, json!({"user_id": "u", "connection_id": "c", "metadata": {"node": 1}}));
    assert_eq!(scaling.find_user_connection("nobody").await, None);
    assert!(scaling.broadcast_to_user("u", &message(json!(1))).await);
    assert_eq!(scaling.broadcast_to_all(&message(json!(2))).await, 1);
    scaling.unregister_connection("u").await;
    settle().await;
    assert_eq!(said(&socket), [json!(1), json!(2)]);
}

#[tokio::test(start_paused = true)]
async fn heartbeats_go_on_under_their_old_names() {
    let manager = manager();
    let heartbeat = HeartbeatAdapter::new(manager.clone());
    let socket = MemorySocket::new(Mode::Ok);
    heartbeat.register_connection("c").await;
    assert!(heartbeat.send_ping("c", socket.clone(), b"").await);
    settle().await;
    assert!(matches!(socket.events().as_slice(), [Event::Ping(_)]));
    heartbeat.record_pong("c", Some(1.0)).await;
    assert!(heartbeat.check_connection_health("c").await);
    assert!(!heartbeat.check_connection_health("unknown").await);
    let stats = heartbeat.get_stats();
    assert_eq!(
        (stats.get("pings_sent"), stats.get("pongs_received")),
        (Some(&Message::Unsigned(1)), Some(&Message::Unsigned(1)))
    );
    heartbeat.unregister_connection("c").await;
    assert!(!heartbeat.check_connection_health("c").await);
}

#[tokio::test(start_paused = true)]
async fn the_three_protocols_go_on_under_their_old_names() {
    let manager = manager();
    let interface = InterfaceAdapter::new(manager.clone());
    let socket = MemorySocket::new(Mode::Ok);
    interface.add_connection("c", socket.clone()).await;
    assert_eq!(interface.get_connection_count(), 1);
    assert!(interface.send_to_connection("c", &message(json!(1))).await);
    assert_eq!(interface.broadcast_to_all(&message(json!(2))).await, 1);
    interface.remove_connection("c").await;
    settle().await;
    assert_eq!((said(&socket), socket.close_code()), (vec![json!(1), json!(2)], Some(1000)));

    let strict = StrictAdapter::new(manager.clone());
    let socket = MemorySocket::new(Mode::Ok);
    manager.connect_user("u", socket.clone(), Some("t")).await.expect("taken");
    strict.send_message("u", &message(json!(1))).await;
    strict.send_to_thread("t", &message(json!(2))).await;
    strict.send_agent_update("t", "a", &message(json!({}))).await;
    // `WebSocketManagerProtocol` has two methods, which are the manager's own.
    manager.send_agent_update("t", "b", &message(json!({}))).await;
    assert!(manager.send_to_thread("t", &message(json!(3))).await);
    settle().await;
    let agents: Vec<Value> = said(&socket).iter().map(|value| value["agent_name"].clone()).collect();
    assert_eq!(agents, [Value::Null, Value::Null, json!("a"), json!("b"), Value::Null]);
}

#[tokio::test(start_paused = true)]
async fn quality_is_told_to_those_who_asked() {
    let manager = manager();
    let (one, two) = (MemorySocket::new(Mode::Ok), MemorySocket::new(Mode::Ok));
    manager.connect_user("one", one.clone(), None).await.expect("taken");
    manager.connect_user("two", two.clone(), None).await.expect("taken");
    let quality = QualityUpdates::new(manager, Box::new(|run| Message::text(&format!("score of {run}"))));
    quality.handle_message("one", &message(json!({"type": "quality_subscribe"}))).await;
    quality.broadcast_quality_update(&message(json!({"score": 1}))).await;
    quality.broadcast_quality_alert(&message(json!({"reason": "low"}))).await;
    quality
        .handle_message("two", &message(json!({"type": "quality_score", "payload": {"run_id": "r"}})))
        .await;
    quality.handle_message("one", &message(json!({"type": "quality_unsubscribe"}))).await;
    quality.broadcast_quality_update(&message(json!({"score": 2}))).await;
    quality.handle_message("two", &message(json!({"type": "what"}))).await;
    settle().await;
    let kinds: Vec<Value> = said(&one).iter().map(|value| value["type"].clone()).collect();
    assert_eq!(kinds, [json!("quality_update"), json!("quality_alert"), json!("quality_update")]);
    assert_eq!(said(&one)[2]["payload"], json!({"run_id": "r", "score": "score of r"}));
    assert_eq!(said(&two), [json!({"type": "error", "payload": {"error": "unknown quality request"}})]);
}

#[tokio::test(start_paused = true)]
async fn dashboards_show_figures_of_the_manager() {
    let manager = manager();
    manager.connect_user("u", MemorySocket::new(Mode::Ok), None).await.expect("taken");
    let dashboards = Dashboards::new(manager);
    assert_eq!(dashboards.get_dashboard_list(), [("sockets".to_owned(), "Sockets".to_owned())]);
    let data = dashboards.get_dashboard_data("sockets").await;
    assert_eq!(Value::Object(data), json!({"title": "Sockets", "panels": {"Connections": 1, "Messages": 0}}));
    assert!(dashboards.get_dashboard_data("unknown").await.is_empty());
    let settings = |value: Value| value.as_object().cloned().unwrap_or_else(Map::new);
    assert!(dashboards.update_dashboard_config(
        "sockets",
        &settings(json!({"title": "All", "panels": {"Open": "active_users"}}))
    ));
    assert!(
        !dashboards.update_dashboard_config("sockets", &settings(json!({"title": "No", "colour": "red"})))
    );
    assert!(!dashboards.update_dashboard_config("unknown", &Map::new()));
    let data = dashboards.get_dashboard_data("sockets").await;
    assert_eq!(Value::Object(data), json!({"title": "All", "panels": {"Open": 1}}));
}

/// Methods of a type, each with its parameters but the receiver.
fn methods(facts: &FileFacts, of: &str) -> Vec<(String, Vec<String>)> {
    let types = facts.types.iter().find(|fact| fact.name.as_str() == of).expect("the protocol");
    let own = facts.functions.iter().filter(|function| function.scope == types.body);
    let mut methods: Vec<(String, Vec<String>)> = own
        .map(|function| {
            let parameters = facts.parameters_of(function).iter();
            let named = parameters.filter(|parameter| parameter.kind != ParameterKind::KeywordOnly);
            let names =
                named.map(|parameter| parameter.name.as_str().to_owned()).filter(|name| name != "self");
            (function.name.as_str().to_owned(), names.collect())
        })
        .collect();
    methods.sort();
    methods
}

#[test]
fn the_protocol_says_the_same_in_python_and_in_rust() {
    let python = include_str!("../rules/protocols/unified_websocket_manager.pyi");
    let rust = include_str!("../src/manager/protocol.rs");
    let python = lang::facts(python, Language::PythonStub, Target::default());
    let rust = lang::facts(rust, Language::Rust, Target::default());
    let (stub, contract) =
        (methods(&python, "UnifiedWebSocketManager"), methods(&rust, "UnifiedWebSocketManager"));
    assert_eq!(stub.len(), 7);
    assert_eq!(stub, contract);
    assert!(python.functions.iter().all(|function| function.traits.is_async));
    // A future in Rust stands for `async` in Python.
    let of =
        rust.functions.iter().filter(|function| stub.iter().any(|(name, _)| name == function.name.as_str()));
    let returns: Vec<&str> = of.filter_map(|function| Some(function.returns?.as_str())).collect();
    assert_eq!(returns.len(), 7);
    assert!(returns.iter().all(|returns| returns.contains("Future<")), "{returns:?}");
}

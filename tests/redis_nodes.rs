//! Nodes over a real Redis that is killed, paused, restarted, filled up and locked. Needs `redis-server`: the variable
//! `SSOT_REDIS_SERVER` names it; without it these tests are left out, and say so.

#![expect(clippy::print_stderr, reason = "what is left out is said")]
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use ssot::manager::backplane::Backplane;
use ssot::manager::backplane::redis::RedisBus;
use ssot::manager::memory::{MemorySocket, Mode};
use ssot::manager::{ConnectionId, Limits, Manager, Message, UnifiedWebSocketManager};

const PASSWORD: &str = "a password";

/// A Redis of its own, which ends with the test.
struct Redis {
    program: PathBuf,
    port: u16,
    folder: tempfile::TempDir,
    child: Child,
}

impl Redis {
    /// None where the program is not said.
    fn start() -> Option<Self> {
        let Some(program) = std::env::var_os("SSOT_REDIS_SERVER").map(PathBuf::from) else {
            eprintln!("LEFT OUT: nodes over Redis need SSOT_REDIS_SERVER=/usr/bin/redis-server");
            return None;
        };
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        let folder = tempfile::tempdir().expect("a folder");
        let child = run(&program, port, folder.path());
        Some(Self { program, port, folder, child })
    }

    /// Ends it without a word; its data are gone.
    fn kill(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("ended");
    }

    fn restart(&mut self) {
        self.child = run(&self.program, self.port, self.folder.path());
    }

    /// Lets it stand still, or go on.
    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(sent.expect("kill").success());
    }

    fn address(&self, password: &str) -> String {
        format!("redis://:{}@127.0.0.1:{}", password.replace(' ', "%20"), self.port)
    }

    async fn ask(&self, command: &[&str]) -> redis::Value {
        let client = redis::Client::open(self.address(PASSWORD)).expect("an address");
        let mut connection = client.get_multiplexed_async_connection().await.expect("a connection");
        let mut asked = redis::cmd(command[0]);
        asked.arg(&command[1..]);
        asked.query_async(&mut connection).await.expect("an answer")
    }

    fn node(&self) -> Manager {
        self.node_with(PASSWORD)
    }

    fn node_with(&self, password: &str) -> Manager {
        let (lives, deadline) = (Duration::from_millis(1_500), Duration::from_millis(500));
        let bus = RedisBus::new(&self.address(password), "test", lives, deadline).expect("an address");
        let backplane = Backplane {
            deadline,
            first_wait: Duration::from_millis(50),
            longest_wait: Duration::from_millis(400),
            beat: lives / 3,
            ..Backplane::over(Arc::new(bus))
        };
        Manager::with_backplane(Limits::default(), backplane)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(program: &Path, port: u16, folder: &Path) -> Child {
    let mut called = Command::new(program);
    called.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--requirepass", PASSWORD]);
    called.args(["--save", "", "--appendonly", "no", "--dir"]).arg(folder);
    let child = called.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("redis-server");
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "redis-server does not listen");
        std::thread::sleep(Duration::from_millis(10));
    }
    child
}

/// Waits until something is so.
#[track_caller]
fn until<'a, F: Future<Output = bool> + 'a>(
    what: &'a str,
    mut is_so: impl FnMut() -> F + 'a,
) -> impl Future<Output = ()> + 'a {
    let place = std::panic::Location::caller();
    async move {
        let begun = Instant::now();
        while !is_so().await {
            assert!(begun.elapsed() < Duration::from_secs(20), "{place}: not in time: {what}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

async fn is_up(nodes: &[&Manager]) {
    until("all nodes are up", async || nodes.iter().all(|node| node.stats().backplane == "up")).await;
}

async fn connect(manager: &Manager, user: &str, thread: Option<&str>) -> (ConnectionId, Arc<MemorySocket>) {
    let socket = MemorySocket::new(Mode::Ok);
    let id = manager.connect_user(user, socket.clone(), thread).await.expect("taken");
    (id, socket)
}

async fn heard(socket: &MemorySocket, texts: &[&str]) {
    until("the messages came", async || socket.texts().len() >= texts.len()).await;
    assert_eq!(socket.texts(), texts);
}

fn number(number: i64) -> Message {
    Message::Int(number)
}

#[tokio::test(flavor = "multi_thread")]
async fn three_nodes_are_one_service() {
    let Some(redis) = Redis::start() else { return };
    let (a, b, c) = (redis.node(), redis.node(), redis.node());
    is_up(&[&a, &b, &c]).await;
    let (_, on_a) = connect(&a, "u1", Some("t")).await;
    let (there, on_b) = connect(&b, "u1", None).await;
    let (_, other) = connect(&b, "u 10:*\n", Some("t")).await;
    // Order is of one caller on one node: what the next node says waits until the last is heard.
    assert!(a.send_to_user("u1", &number(1)).await);
    heard(&on_b, &["1"]).await;
    assert!(c.send_to_user("u1", &number(2)).await);
    assert!(c.send_to_user("u 10:*\n", &number(3)).await);
    assert!(!c.send_to_user("u10", &number(4)).await);
    assert!(c.send_to_thread("t", &number(5)).await);
    heard(&on_a, &["1", "2", "5"]).await;
    c.bind_run("run", "t");
    a.broadcast(&number(7), &["u 10:*\n"]);
    heard(&on_b, &["1", "2", "7"]).await;
    assert!(c.send_to_connection(&there, &number(8)).await);
    heard(&on_a, &["1", "2", "5", "7"]).await;
    heard(&on_b, &["1", "2", "7", "8"]).await;
    heard(&other, &["3", "5"]).await;
    until("all nodes know the run", async || {
        b.send_agent_update("run", "agent", &Message::Null).await;
        on_a.texts().len() > 4 && other.texts().len() > 2
    })
    .await;
    assert!(on_a.texts()[4].contains("\"run_id\":\"run\""), "{:?}", on_a.texts());
    until("the registry knows both", async || c.find_user_everywhere("u1").await.len() == 2).await;
    until("all nodes say their figures", async || {
        let nodes = c.nodes().await;
        let connections = nodes.iter().filter_map(|node| node.stats["active_connections"].as_u64());
        nodes.len() == 3 && connections.sum::<u64>() == 3
    })
    .await;
    assert!(c.check_connection_health(&there).await);
    assert!(c.disconnect_connection(&there).await);
    until("the registry forgets", async || c.find_user_everywhere("u1").await.len() == 1).await;
    a.shutdown(Duration::from_secs(1)).await;
    assert!(!c.send_to_user("u1", &number(9)).await);
    assert_eq!(c.nodes().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn order_is_kept_and_nothing_comes_twice_or_not_at_all() {
    let Some(redis) = Redis::start() else { return };
    let (a, b) = (redis.node(), redis.node());
    is_up(&[&a, &b]).await;
    let (_, socket) = connect(&b, "u", Some("t")).await;
    for at in 0..5_000 {
        let is_queued = match at % 2 {
            0 => a.send_to_user("u", &number(at)).await,
            _ => a.send_to_thread("t", &number(at)).await,
        };
        assert!(is_queued);
    }
    until("all came", async || socket.texts().len() >= 5_000).await;
    assert_eq!(socket.texts(), (0..5_000).map(|at| at.to_string()).collect::<Vec<_>>());
    assert_eq!(b.stats().backplane_received, 5_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_killed_and_comes_back_empty_is_told_everything_again() {
    let Some(mut redis) = Redis::start() else { return };
    let (a, b) = (redis.node(), redis.node());
    is_up(&[&a, &b]).await;
    let (_, on_a) = connect(&a, "u", None).await;
    let (_, on_b) = connect(&b, "u", Some("t")).await;
    b.bind_run("run", "t");
    redis.kill();
    until("both notice", async || [&a, &b].iter().all(|node| node.stats().backplane != "up")).await;
    assert!(a.send_to_user("u", &number(1)).await, "the local one gets it");
    heard(&on_a, &["1"]).await;
    let begun = Instant::now();
    assert!(!a.send_to_user("nobody", &number(0)).await);
    assert!(begun.elapsed() < Duration::from_millis(200), "nobody waits for a bus that is known to be away");
    let (_, late) = connect(&a, "late", None).await;
    redis.restart();
    is_up(&[&a, &b]).await;
    assert!(b.send_to_user("late", &number(2)).await);
    heard(&late, &["2"]).await;
    until("the registry is repaired", async || a.find_user_everywhere("u").await.len() == 2).await;
    a.send_agent_update("run", "agent", &Message::Null).await;
    until("the run is still bound", async || on_b.texts().len() == 1).await;
    assert!(a.stats().backplane_failures > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_stands_still_holds_up_nobody_here() {
    let Some(redis) = Redis::start() else { return };
    let (a, b) = (redis.node(), redis.node());
    is_up(&[&a, &b]).await;
    let (_, on_a) = connect(&a, "u", None).await;
    let (_, on_b) = connect(&b, "u", None).await;
    redis.signal("-STOP");
    for at in 0..100 {
        let begun = Instant::now();
        assert!(a.send_to_user("u", &number(at)).await);
        assert!(begun.elapsed() < Duration::from_millis(200), "nobody waits");
    }
    until("its clients got all", async || on_a.texts().len() == 100).await;
    until("it is noticed", async || a.stats().backplane != "up").await;
    let (_, late) = connect(&a, "late", None).await;
    redis.signal("-CONT");
    is_up(&[&a, &b]).await;
    until("it is reached again", async || b.send_to_user("late", &number(1)).await).await;
    heard(&late, &["1"]).await;
    // What was under way when it stood still came once or not at all, and in order.
    let seen: Vec<i64> = on_b.texts().iter().map(|text| text.parse().expect("a number")).collect();
    assert!(seen.is_sorted() && seen.windows(2).all(|pair| pair[0] != pair[1]), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_cut_is_taken_up_again() {
    let Some(redis) = Redis::start() else { return };
    let (a, b) = (redis.node(), redis.node());
    is_up(&[&a, &b]).await;
    let (_, on_b) = connect(&b, "u", None).await;
    for kind in ["normal", "pubsub"] {
        let before = (a.stats().backplane_failures, b.stats().backplane_failures);
        redis.ask(&["CLIENT", "KILL", "TYPE", kind]).await;
        until("both notice", async || {
            a.stats().backplane_failures > before.0 && b.stats().backplane_failures > before.1
        })
        .await;
        is_up(&[&a, &b]).await;
        let had = on_b.texts().len();
        assert!(a.send_to_user("u", &number(1)).await, "after {kind}");
        until("it came", async || on_b.texts().len() == had + 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_said_and_what_is_here_goes_on() {
    let Some(redis) = Redis::start() else { return };
    let node = redis.node_with("wrong");
    until("it is noticed", async || {
        node.backplane_trouble().is_some_and(|why| why.contains("WRONGPASS") || why.contains("uthentication"))
    })
    .await;
    let why = node.backplane_trouble().expect("trouble");
    assert!(!why.contains("a password") && !why.contains(":wrong@"), "no secrets: {why}");
    let (_, socket) = connect(&node, "u", None).await;
    assert!(node.send_to_user("u", &number(1)).await);
    heard(&socket, &["1"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_whose_memory_is_full_still_carries_messages() {
    let Some(redis) = Redis::start() else { return };
    let (a, b) = (redis.node(), redis.node());
    is_up(&[&a, &b]).await;
    redis.ask(&["CONFIG", "SET", "maxmemory", "1"]).await;
    let (_, on_b) = connect(&b, "u", None).await;
    until("it is noticed", async || b.stats().backplane == "degraded").await;
    assert!(b.backplane_trouble().is_some_and(|why| why.contains("OOM")), "{:?}", b.backplane_trouble());
    assert!(a.send_to_user("u", &number(1)).await);
    heard(&on_b, &["1"]).await;
    redis.ask(&["CONFIG", "SET", "maxmemory", "0"]).await;
    is_up(&[&a, &b]).await;
    until("the registry is repaired", async || a.find_user_everywhere("u").await.len() == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_dies_without_a_word_is_forgotten() {
    let Some(redis) = Redis::start() else { return };
    let (a, b) = (redis.node(), redis.node());
    is_up(&[&a, &b]).await;
    let (_, _socket) = connect(&b, "u", None).await;
    until("it is known", async || a.find_user_everywhere("u").await.len() == 1 && a.nodes().await.len() == 2)
        .await;
    let registered = redis.ask(&["HGETALL", "test:user:u"]).await;
    // Dropped, it says nothing to anybody.
    drop(b);
    until("its line is gone, and with it whom it listened for", async || {
        !a.send_to_user("u", &number(1)).await
    })
    .await;
    until("its time is up", async || a.find_user_everywhere("u").await.is_empty()).await;
    until("it is no node any more", async || a.nodes().await.len() == 1).await;
    assert_ne!(redis.ask(&["HGETALL", "test:user:u"]).await, registered, "what it left is cleared up");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_write_on_the_bus_is_counted_and_harms_nobody() {
    let Some(redis) = Redis::start() else { return };
    let a = redis.node();
    is_up(&[&a]).await;
    let (_, socket) = connect(&a, "u", None).await;
    for nonsense in ["", "nonsense", "{}\n", "{\"v\":9,\"from\":\"x\",\"kind\":\"text\"}\n1"] {
        redis.ask(&["PUBLISH", "test:to-user:u", nonsense]).await;
    }
    until("it is counted", async || a.stats().backplane_unreadable == 4).await;
    redis.ask(&["PUBLISH", "test:to-user:u", "{\"v\":1,\"from\":\"a script\",\"kind\":\"text\"}\n1"]).await;
    heard(&socket, &["1"]).await;
    assert_eq!(a.stats().to_map()["backplane"], Value::from("up"));
}

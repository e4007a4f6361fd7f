//! One message to many clients: the reference manager's server beside a plain axum broadcast server with buffers of the same
//! size. `cargo bench --bench fanout -- [CLIENTS] [ROUNDS]`; with `many [CLIENTS]` ours alone holds as many clients as the limit of
//! descriptors allows: memory of each, times of the handshakes, and a broadcast to all.
//!
//! Each server is a process of its own, pinned to one core where `taskset` is there, and this process, which holds the
//! clients, to another. The servers take turns, round by round; medians are shown. Deliveries per second: as many messages
//! on their way as clients take. Latency: at 20,000 deliveries a second, from the call to the last byte at each client.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark talks, and fails where it stands")]

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::{get, post};
use ssot::manager::Limits;
use ssot::manager::server::{Identity, Settings, run};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;

const TOKEN: &str = "fanout";
/// Bytes of JSON of one message.
const MESSAGE: usize = 128;
/// Messages on their way at most.
const WINDOW: u64 = 32;
/// Messages of one measurement of throughput.
const MESSAGES: u64 = 600;
/// Deliveries a second while latency is measured, and how long.
const STEADY: u64 = 20_000;
const STEADY_SECONDS: u64 = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.first().map(String::as_str) {
        Some("serve-ours") => serve(true),
        Some("serve-axum") => serve(false),
        Some("many") => hold_many(arguments.get(1).map_or(19_900, |text| text.parse().unwrap())),
        _ => {
            let number =
                |at: usize, default: usize| arguments.get(at).map_or(default, |text| text.parse().unwrap());
            compare(number(0, 1_000), number(1, 5));
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Serves one of the two, and says on which port.
fn serve(is_ours: bool) {
    runtime().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap().port());
        if is_ours {
            let settings = Settings {
                identity: Identity::Anybody,
                control_token: Some(TOKEN.to_owned()),
                connections: 100_000,
                connections_per_address: 100_000,
                limits: Limits { queue_messages: 4_096, ..Limits::default() },
                ..Settings::default()
            };
            run(listener, settings, std::future::pending()).await.unwrap();
        } else {
            let (sender, _) = broadcast::channel::<Utf8Bytes>(4_096);
            let app = Router::new()
                .route("/ws", get(upgrade))
                .route("/broadcast", post(publish))
                .with_state(sender);
            axum::serve(listener, app).await.unwrap();
        }
    });
}

async fn upgrade(upgrade: WebSocketUpgrade, State(sender): State<broadcast::Sender<Utf8Bytes>>) -> Response {
    upgrade
        .read_buffer_size(4 << 10)
        .write_buffer_size(4 << 10)
        .on_upgrade(move |socket| forward(socket, sender.subscribe()))
}

/// axum's chat pattern: every client has its place in one broadcast channel.
async fn forward(mut socket: WebSocket, mut messages: broadcast::Receiver<Utf8Bytes>) {
    loop {
        tokio::select! {
            message = messages.recv() => {
                let Ok(message) = message else { return };
                if socket.send(Message::Text(message)).await.is_err() {
                    return;
                }
            }
            received = socket.recv() => {
                if received.is_none_or(|received| received.is_err()) {
                    return;
                }
            }
        }
    }
}

async fn publish(State(sender): State<broadcast::Sender<Utf8Bytes>>, body: String) {
    let _ = sender.send(body.into());
}

/// What one round found of one server.
#[derive(Debug, Clone, Copy)]
struct Found {
    per_second: f64,
    median: Duration,
    p99: Duration,
    bytes_each: f64,
}

/// One figure of a round.
type Figure = fn(&Found) -> f64;

fn compare(clients: usize, rounds: usize) {
    pin(std::process::id(), 1);
    let mut found: [Vec<Found>; 2] = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        for (at, kind) in ["serve-ours", "serve-axum"].into_iter().enumerate() {
            found[at].push(measure(kind, clients));
        }
    }
    let median = |of: &[Found], figure: fn(&Found) -> f64| {
        let mut figures: Vec<f64> = of.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures[figures.len() / 2]
    };
    println!("{clients} clients, messages of {MESSAGE} bytes, {rounds} rounds, medians");
    let figures: [(&str, Figure); 4] = [
        ("deliveries per second", |found| found.per_second),
        ("median latency, µs", |found| found.median.as_secs_f64() * 1e6),
        ("p99 latency, µs", |found| found.p99.as_secs_f64() * 1e6),
        ("bytes per idle connection", |found| found.bytes_each),
    ];
    for (name, figure) in figures {
        let (ours, axum) = (median(&found[0], figure), median(&found[1], figure));
        println!("{name:<28} ours {ours:>12.0}   axum {axum:>12.0}   ratio {:.2}", ours / axum);
    }
}

/// Pins a process to one core, where there is a tool for it.
fn pin(process: u32, core: usize) {
    let _ = Command::new("taskset")
        .args(["-a", "-c", "-p", &core.to_string(), &process.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

struct Server {
    child: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(kind: &str) -> Server {
    let mut child =
        Command::new(std::env::current_exe().unwrap()).arg(kind).stdout(Stdio::piped()).spawn().unwrap();
    pin(child.id(), 0);
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line)
        .unwrap();
    Server { port: line.trim().parse().unwrap(), child }
}

/// Resident bytes of a process.
fn resident(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
    line.split_whitespace().next().unwrap().parse::<f64>().unwrap() * 1024.0
}

/// What the clients have got.
#[derive(Default)]
struct Got {
    /// Of each client, how many messages.
    each: Vec<AtomicU64>,
    /// Microseconds from call to arrival, while latency is measured.
    latencies: std::sync::Mutex<Vec<u32>>,
}

fn measure(kind: &str, clients: usize) -> Found {
    let server = start(kind);
    runtime().block_on(async {
        let before = resident(server.child.id());
        let got = Arc::new(Got { each: (0..clients).map(|_| AtomicU64::new(0)).collect(), ..Got::default() });
        let epoch = Instant::now();
        for at in 0..clients {
            let stream = connect(server.port, at).await;
            tokio::spawn(read(stream, at, got.clone(), epoch));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        let bytes_each = (resident(server.child.id()) - before) / clients as f64;
        let mut caller = Caller::new(kind, server.port).await;
        let slowest = || got.each.iter().map(|each| each.load(Ordering::Relaxed)).min().unwrap();

        let started = Instant::now();
        for sent in 0..MESSAGES {
            while sent >= slowest() + WINDOW {
                tokio::time::sleep(Duration::from_micros(200)).await;
            }
            caller.send(u64::MAX).await;
        }
        while slowest() < MESSAGES {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        let per_second = (MESSAGES * clients as u64) as f64 / started.elapsed().as_secs_f64();

        let per_message = Duration::from_secs_f64(clients as f64 / STEADY as f64);
        let steady = STEADY * STEADY_SECONDS / clients as u64;
        let mut ticks = tokio::time::interval(per_message);
        for _ in 0..steady {
            ticks.tick().await;
            caller.send(epoch.elapsed().as_micros() as u64).await;
        }
        while slowest() < MESSAGES + steady {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let mut latencies = std::mem::take(&mut *got.latencies.lock().unwrap());
        latencies.sort_unstable();
        let at =
            |part: f64| Duration::from_micros(u64::from(latencies[(latencies.len() as f64 * part) as usize]));
        Found { per_second, median: at(0.5), p99: at(0.99), bytes_each }
    })
}

/// As many clients as there are descriptors, of which this process and the server need one each for every client.
fn hold_many(clients: usize) {
    let server = start("serve-ours");
    runtime().block_on(async {
        let before = resident(server.child.id());
        let got = Arc::new(Got { each: (0..clients).map(|_| AtomicU64::new(0)).collect(), ..Got::default() });
        let epoch = Instant::now();
        let mut handshakes = Vec::with_capacity(clients);
        let mut under_way = tokio::task::JoinSet::new();
        for at in 0..clients {
            if under_way.len() >= 64 {
                handshakes.push(under_way.join_next().await.unwrap().unwrap());
            }
            let (port, got) = (server.port, got.clone());
            under_way.spawn(async move {
                let begun = Instant::now();
                let stream = connect(port, at).await;
                tokio::spawn(read_frugally(stream, at, got));
                begun.elapsed()
            });
        }
        handshakes.extend(under_way.join_all().await);
        let all = epoch.elapsed();
        handshakes.sort_unstable();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let each = (resident(server.child.id()) - before) / clients as f64;
        let mut caller = Caller::new("serve-ours", server.port).await;
        let mut rounds: Vec<Duration> = Vec::new();
        for round in 1..=5 {
            let begun = Instant::now();
            caller.send(u64::MAX).await;
            while got.each.iter().any(|each| each.load(Ordering::Relaxed) < round) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            rounds.push(begun.elapsed());
        }
        rounds.sort_unstable();
        println!("{clients} clients on one server");
        println!("handshakes per second        {:>12.0}", clients as f64 / all.as_secs_f64());
        println!(
            "handshake, median and p99    {:>12.2?} {:.2?}",
            handshakes[clients / 2],
            handshakes[clients * 99 / 100]
        );
        println!("bytes per idle connection    {each:>12.0}");
        println!("one message to all, median   {:>12.2?}", rounds[2]);
    });
}

/// Counts whole frames with a buffer that many clients can have.
async fn read_frugally(mut stream: TcpStream, at: usize, got: Arc<Got>) {
    let mut frame = [0; MESSAGE + 4];
    while stream.read_exact(&mut frame).await.is_ok() {
        got.each[at].fetch_add(1, Ordering::Relaxed);
    }
}

/// A handshake by hand: clients cost as little as they can.
async fn connect(port: u16, at: usize) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let request = format!(
        "GET /ws?user_id=u{at} HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
    stream
}

/// Counts whole frames: every message has the same length.
async fn read(mut stream: TcpStream, at: usize, got: Arc<Got>, epoch: Instant) {
    // 126 and more bytes of payload: two bytes of length.
    let frame = MESSAGE + 4;
    let mut buffer = vec![0; 64 << 10];
    let mut held = 0;
    loop {
        let Ok(count) = stream.read(&mut buffer[held..]).await else { return };
        if count == 0 {
            return;
        }
        held += count;
        let whole = held / frame;
        let now = epoch.elapsed().as_micros() as u64;
        for message in buffer[..whole * frame].chunks(frame) {
            let sent: u64 = std::str::from_utf8(&message[10..30]).unwrap().parse().unwrap();
            if sent != u64::MAX {
                got.latencies.lock().unwrap().push((now - sent) as u32);
            }
        }
        got.each[at].fetch_add(whole as u64, Ordering::Relaxed);
        buffer.copy_within(whole * frame..held, 0);
        held -= whole * frame;
    }
}

/// Asks a server to broadcast, over one connection that stays.
struct Caller {
    stream: BufReader<TcpStream>,
    is_ours: bool,
}

impl Caller {
    async fn new(kind: &str, port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream: BufReader::new(stream), is_ours: kind == "serve-ours" }
    }

    /// Twenty digits and filling: 128 bytes for both.
    async fn send(&mut self, sent: u64) {
        // Keys in the order in which every map of JSON has them.
        let head = format!("{{\"a\":\"{sent:>020}\",\"b\":\"");
        let message = format!("{head}{}\"}}", "x".repeat(MESSAGE - head.len() - 2));
        let (path, body) = match self.is_ours {
            true => ("/control/v1/broadcast", format!("{{\"message\":{message}}}")),
            false => ("/broadcast", message),
        };
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes()).await.unwrap();
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).await.unwrap();
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer).await.unwrap();
    }
}

//! The manager on a network: WebSockets over HTTP/1.1 (RFC 6455), health, metrics, and a control interface for services in other
//! languages. [`run`] takes a bound listener and a future that ends it, so that a test owns both.

mod admission;
mod control;
mod metrics;
mod routes;
mod tls;
mod wire;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::admission::{Identity, KeyError, TokenAlgorithm, TokenRules};
use self::admission::{Seats, take_seat};
pub use self::tls::{Tls, TlsError};
use super::backplane::Backplane;
use super::{Limits, Manager};

/// How a server behaves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Who a client is.
    pub identity: Identity,
    /// Origins of pages that may connect (RFC 6454): `https://app.example.org`. Where there are none, requests that name an
    /// origin are refused: they come from a browser.
    pub origins: Vec<String>,
    /// What callers of the control interface have to show as a bearer token; without one there is no such interface.
    pub control_token: Option<String>,
    /// The certificate; without one everything goes in clear text.
    pub tls: Option<Tls>,
    /// What joins several nodes to one service.
    pub backplane: Option<Backplane>,
    /// Limits of the manager.
    pub limits: Limits,
    /// Bytes of one message from a client: more is answered by 1009.
    pub incoming_bytes: usize,
    /// Messages of one client per second, on average and in one burst: more is answered by 1008.
    pub incoming_per_second: u32,
    /// Connections of all clients.
    pub connections: usize,
    /// Connections from one address.
    pub connections_per_address: usize,
    /// How long a client may take to say what it wants.
    pub handshake_deadline: Duration,
    /// How long the end may take.
    pub drain: Duration,
    /// Whether `/echo` answers every message with itself, to anybody: for test suites of the protocol.
    pub has_echo: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            identity: Identity::Nobody,
            origins: Vec::new(),
            control_token: None,
            tls: None,
            backplane: None,
            limits: Limits::default(),
            incoming_bytes: 64 << 10,
            incoming_per_second: 50,
            connections: 20_000,
            connections_per_address: 1_000,
            handshake_deadline: Duration::from_secs(10),
            drain: Duration::from_secs(20),
            has_echo: false,
        }
    }
}

/// What the requests of one server share.
#[derive(Debug)]
struct Shared {
    settings: Settings,
    manager: Manager,
    /// Places of clients.
    seats: Arc<Seats>,
    /// Places of those who have not said yet what they want, or only ask over HTTP: as many again.
    doorway: Arc<Seats>,
    counters: metrics::Refusals,
    /// Tasks that serve clients.
    clients: TaskTracker,
    is_ending: CancellationToken,
}

/// How long after a warning the same one is not worth a line.
const BETWEEN_WARNINGS: Duration = Duration::from_secs(10);

/// Serves until `until` ends; then lets nobody else in, writes what is queued and closes everything.
///
/// # Errors
/// When the listener fails for good. A single client that cannot be taken is no error.
pub async fn run(
    listener: TcpListener,
    settings: Settings,
    until: impl Future<Output = ()> + Send,
) -> std::io::Result<()> {
    let places = || Arc::new(Seats::new(settings.connections, settings.connections_per_address));
    let (seats, doorway) = (places(), places());
    let shared = Arc::new(Shared {
        manager: match settings.backplane.clone() {
            Some(backplane) => Manager::with_backplane(settings.limits.clone(), backplane),
            None => Manager::new(settings.limits.clone()),
        },
        seats,
        doorway,
        settings,
        counters: metrics::Refusals::default(),
        clients: TaskTracker::new(),
        is_ending: CancellationToken::new(),
    });
    let ending = async {
        until.await;
        end(&shared).await;
    };
    tokio::pin!(ending);
    let mut warned: Option<Instant> = None;
    // Who watches may ask until the very end; nobody is let in any more.
    loop {
        let (stream, address) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) if is_passing(&error) => {
                    // Out of descriptors: the listener would say so again at once.
                    if warned.is_none_or(|at| at.elapsed() > BETWEEN_WARNINGS) {
                        warned = Some(Instant::now());
                        tracing::warn!(%error, "clients cannot be taken");
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
                Err(error) => return Err(error),
            },
            () = &mut ending => return Ok(()),
        };
        // Small frames must not wait for the acknowledgement of earlier ones.
        let _ = stream.set_nodelay(true);
        let Some(place) = take_seat(&shared.doorway, address.ip()) else {
            shared.counters.no_room.fetch_add(1, Ordering::Relaxed);
            continue;
        };
        let shared = shared.clone();
        tokio::spawn(async move {
            welcome(stream, address, shared).await;
            drop(place);
        });
    }
}

/// Writes what is queued, and closes everything.
async fn end(shared: &Shared) {
    shared.is_ending.cancel();
    let begun = Instant::now();
    tracing::info!(
        connections = shared.seats.taken(),
        "ending: nobody else is let in, what is queued is written"
    );
    shared.manager.shutdown(shared.settings.drain).await;
    shared.clients.close();
    // Whoever has not closed its side by now does not matter any more.
    let _ = timeout(Duration::from_secs(1), shared.clients.wait()).await;
    tracing::info!(seconds = begun.elapsed().as_secs_f64(), "ended");
}

/// Whether accepting may work again.
fn is_passing(error: &std::io::Error) -> bool {
    use std::io::ErrorKind as Kind;
    let is_of_one_client =
        matches!(error.kind(), Kind::ConnectionAborted | Kind::ConnectionReset | Kind::Interrupted);
    // EMFILE and ENFILE: no descriptor is free.
    is_of_one_client || matches!(error.raw_os_error(), Some(23 | 24))
}

/// Serves a client over TLS or without it.
async fn welcome(stream: TcpStream, address: SocketAddr, shared: Arc<Shared>) {
    let Some(tls) = &shared.settings.tls else {
        return serve_client(TokioIo::new(stream), address, shared).await;
    };
    match timeout(shared.settings.handshake_deadline, tls.accept(stream)).await {
        Ok(Ok(stream)) => serve_client(TokioIo::new(stream), address, shared).await,
        Ok(Err(error)) => tracing::debug!(%address, %error, "no TLS"),
        Err(_elapsed) => tracing::debug!(%address, "TLS took too long"),
    }
}

async fn serve_client<I>(io: TokioIo<I>, address: SocketAddr, shared: Arc<Shared>)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let deadline = shared.settings.handshake_deadline;
    // Whoever comes after the end has begun only wants to know how things stand.
    let is_late = shared.is_ending.is_cancelled();
    let is_ending = shared.is_ending.clone();
    let answer = service_fn(move |request| {
        let shared = shared.clone();
        async move { Ok::<_, std::convert::Infallible>(routes::answer(request, address, &shared).await) }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(deadline)
        .max_buf_size(16 << 10)
        .serve_connection(io, answer)
        .with_upgrades();
    tokio::pin!(serving);
    tokio::select! {
        // A client that breaks the protocol or goes is nobody's trouble.
        _ = &mut serving => {}
        () = is_ending.cancelled(), if !is_late => {
            serving.as_mut().graceful_shutdown();
            let _ = timeout(Duration::from_secs(1), serving).await;
        }
    }
}

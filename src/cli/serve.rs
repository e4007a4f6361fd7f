//! `ssot serve`: the reference manager on a network.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::output::print_note;
use crate::manager::server::{Identity, Settings, TokenAlgorithm, TokenRules, run as run_server};
use crate::manager::{Limits, Overflow};

/// Names of the variables that secrets may come from: arguments are seen by everybody on a machine.
const TOKEN_KEY: &str = "SSOT_TOKEN_KEY";
const CONTROL_TOKEN: &str = "SSOT_CONTROL_TOKEN";

/// What `ssot serve` takes.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Where to listen.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8765")]
    listen: SocketAddr,
    /// How clients' tokens are signed.
    #[arg(long, value_enum, value_name = "ALGORITHM", conflicts_with = "insecure_dev")]
    tokens: Option<AlgorithmName>,
    /// File with the secret, or with the public key in PEM; by default SSOT_TOKEN_KEY holds it.
    #[arg(long, value_name = "FILE", requires = "tokens")]
    token_key_file: Option<PathBuf>,
    /// Whom tokens have to be for (`aud`).
    #[arg(long, value_name = "AUDIENCE", requires = "tokens")]
    audience: Option<String>,
    /// Believe `?user_id=` in the address, whoever says so. For trials on this machine alone.
    #[arg(long)]
    insecure_dev: bool,
    /// Origin of pages that may connect, such as https://app.example.org; may be given several times.
    #[arg(long, value_name = "ORIGIN")]
    origin: Vec<String>,
    /// File with the token of the control interface; by default SSOT_CONTROL_TOKEN holds it. Without one it is off.
    #[arg(long, value_name = "FILE")]
    control_token_file: Option<PathBuf>,
    /// Messages that may wait for one connection.
    #[arg(long, value_name = "MESSAGES", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..))]
    queue: u32,
    /// What happens when they are more.
    #[arg(long, value_enum, default_value_t = OverflowName::Close)]
    overflow: OverflowName,
    /// Connections of one user.
    #[arg(long, value_name = "CONNECTIONS")]
    per_user: Option<usize>,
    /// Connections from one address.
    #[arg(long, value_name = "CONNECTIONS", default_value_t = 1_000)]
    per_address: usize,
    /// Connections of all.
    #[arg(long, value_name = "CONNECTIONS", default_value_t = 20_000)]
    connections: usize,
    /// Bytes of one message from a client.
    #[arg(long, value_name = "BYTES", default_value_t = 65_536)]
    incoming_bytes: usize,
    /// Messages of one client per second.
    #[arg(long, value_name = "MESSAGES", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    incoming_rate: u32,
    /// Seconds between pings; 0 sends none.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    ping: u64,
    /// Seconds that the end may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    drain: u64,
    /// Say whether the settings are good, and serve nothing.
    #[arg(long)]
    check_config: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AlgorithmName {
    #[value(name = "HS256", alias = "hs256")]
    Hs256,
    #[value(name = "RS256", alias = "rs256")]
    Rs256,
    #[value(name = "EdDSA", alias = "eddsa")]
    EdDsa,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OverflowName {
    Close,
    DropOldest,
    DropNewest,
}

pub(super) fn run(serve: &Serve, quiet: bool) -> miette::Result<()> {
    let settings = settings(serve)?;
    if serve.check_config {
        print_note("the settings are good\n");
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| miette::miette!("cannot start threads: {error}"))?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(serve.listen)
            .await
            .map_err(|error| miette::miette!("cannot listen on {}: {error}", serve.listen))?;
        let address = listener.local_addr().map_err(|error| miette::miette!("cannot listen: {error}"))?;
        if !quiet {
            print_note(&format!("listening on ws://{address}/ws\n"));
        }
        let served = run_server(listener, settings, asked_to_end()).await;
        served.map_err(|error| miette::miette!("cannot go on listening on {address}: {error}"))
    })
}

fn settings(serve: &Serve) -> miette::Result<Settings> {
    let identity = match (serve.tokens, serve.insecure_dev) {
        (Some(algorithm), _) => {
            let key = secret(serve.token_key_file.as_ref(), TOKEN_KEY)?.ok_or_else(|| {
                miette::miette!(
                    help = format!("give --token-key-file FILE, or set {TOKEN_KEY}"),
                    "there is no key to check tokens with"
                )
            })?;
            let algorithm = match algorithm {
                AlgorithmName::Hs256 => TokenAlgorithm::Hs256,
                AlgorithmName::Rs256 => TokenAlgorithm::Rs256,
                AlgorithmName::EdDsa => TokenAlgorithm::EdDsa,
            };
            let rules = TokenRules::new(algorithm, key.as_bytes(), serve.audience.as_deref())
                .map_err(|error| miette::miette!("the key to check tokens with is no good: {error}"))?;
            Identity::Token(Arc::new(rules))
        }
        (None, true) if !serve.listen.ip().is_loopback() => {
            return Err(miette::miette!(
                help = "listen on 127.0.0.1, or check tokens with --tokens",
                "--insecure-dev lets anybody be anybody: not on {}",
                serve.listen
            ));
        }
        (None, true) => Identity::Anybody,
        (None, false) => {
            return Err(miette::miette!(
                help = "check tokens with --tokens HS256|RS256|EdDSA, or try it on this machine with --insecure-dev",
                "nobody could connect: it is not said how clients are known"
            ));
        }
    };
    if let Some(origin) = serve.origin.iter().find(|origin| !is_origin(origin)) {
        return Err(miette::miette!(
            help = "expected scheme://host or scheme://host:port, without a path: https://app.example.org",
            "`{origin}` is no origin"
        ));
    }
    let control_token = secret(serve.control_token_file.as_ref(), CONTROL_TOKEN)?;
    if control_token.as_ref().is_some_and(|token| token.len() < 16) {
        return Err(miette::miette!(
            help = "make one with `openssl rand -hex 32`",
            "the control token has less than 16 bytes: it can be guessed"
        ));
    }
    let ping_interval = Duration::from_secs(serve.ping);
    let limits = Limits {
        queue_messages: serve.queue as usize,
        overflow: match serve.overflow {
            OverflowName::Close => Overflow::Close,
            OverflowName::DropOldest => Overflow::DropOldest,
            OverflowName::DropNewest => Overflow::DropNewest,
        },
        connections_per_user: serve.per_user.unwrap_or(usize::MAX),
        ping_interval,
        pong_deadline: (ping_interval / 3).max(Duration::from_secs(1)),
        stale_after: ping_interval * 3,
        ..Limits::default()
    };
    Ok(Settings {
        identity,
        origins: serve.origin.clone(),
        control_token,
        limits,
        incoming_bytes: serve.incoming_bytes,
        incoming_per_second: serve.incoming_rate,
        connections: serve.connections,
        connections_per_address: serve.per_address,
        drain: Duration::from_secs(serve.drain),
        ..Settings::default()
    })
}

/// A secret out of a file, or else of a variable; the line end of a file is none of it.
fn secret(file: Option<&PathBuf>, variable: &str) -> miette::Result<Option<String>> {
    match file {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| miette::miette!("cannot read {}: {error}", path.display()))?;
            Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
        }
        None => Ok(std::env::var(variable).ok().filter(|value| !value.is_empty())),
    }
}

/// `scheme://host[:port]`, as browsers send it (RFC 6454, section 6.2).
fn is_origin(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, host)| {
        matches!(scheme, "http" | "https") && !host.is_empty() && !host.contains(['/', '?', '#', '@', ' '])
    })
}

/// Ends when the process is asked to.
async fn asked_to_end() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminated.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

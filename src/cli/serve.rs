//! `ssot serve`: the reference manager on a network.

mod layers;
mod resolve;

use std::io::IsTerminal;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::Args;
use tracing::level_filters::LevelFilter;

use self::layers::{Layer, LogForm, LogLevel};
use super::output::{Color, print_note};
use crate::manager::server::run as run_server;

/// Where it listens if nothing else is said.
const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8765);

/// What `ssot serve` takes.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// File with settings (TOML; keys are the names of the flags). Flags go before variables, variables before the file.
    #[arg(long, env = "SSOT_SERVE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Say whether the settings are good, and serve nothing.
    #[arg(long)]
    check_config: bool,
    #[command(flatten)]
    layer: Layer,
}

pub(super) fn run(serve: &Serve, quiet: bool, color: Color) -> miette::Result<()> {
    let layer = match &serve.config {
        Some(path) => serve.layer.clone().over(Layer::read(path)?),
        None => serve.layer.clone(),
    };
    let listen = layer.listen.unwrap_or(LISTEN);
    let settings = resolve::settings(&layer, listen.ip().is_loopback())?;
    if serve.check_config {
        print_note("the settings are good\n");
        return Ok(());
    }
    let form = layer.log.unwrap_or(if quiet { LogForm::Off } else { LogForm::Text });
    log_to_stderr(form, layer.log_level.unwrap_or(LogLevel::Info), color);
    let scheme = if settings.tls.is_some() { "wss" } else { "ws" };
    if settings.tls.is_none() && !listen.ip().is_loopback() {
        tracing::warn!(
            "without TLS whoever is on the way reads tokens and messages: put it in front, or give --tls-cert"
        );
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| miette::miette!("cannot start threads: {error}"))?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(listen)
            .await
            .map_err(|error| miette::miette!("cannot listen on {listen}: {error}"))?;
        let address = listener.local_addr().map_err(|error| miette::miette!("cannot listen: {error}"))?;
        match form {
            LogForm::Json => tracing::info!(address = format!("{scheme}://{address}/ws"), "listening"),
            LogForm::Text | LogForm::Off if !quiet => {
                print_note(&format!("listening on {scheme}://{address}/ws\n"));
            }
            LogForm::Text | LogForm::Off => {}
        }
        let served = run_server(listener, settings, asked_to_end()).await;
        served.map_err(|error| miette::miette!("cannot go on listening on {address}: {error}"))
    })
}

/// Says from now on what happens.
fn log_to_stderr(form: LogForm, level: LogLevel, color: Color) {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    let log = tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(level).with_target(false);
    // A second call in one process keeps the first one's choice.
    match form {
        LogForm::Off => {}
        LogForm::Text => {
            let has_color = color.is_wanted(std::io::stderr().is_terminal());
            let _ = log.with_ansi(has_color).try_init();
        }
        LogForm::Json => {
            let _ = log.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init();
        }
    }
}

fn read(path: &Path) -> miette::Result<String> {
    std::fs::read_to_string(path).map_err(|error| miette::miette!("cannot read {}: {error}", path.display()))
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

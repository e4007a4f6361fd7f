//! What the settings of `ssot serve` mean, and why some cannot be meant.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::layers::{AlgorithmName, Layer, OverflowName, WhenFullName};
use super::read;
use crate::manager::backplane::Backplane;
use crate::manager::backplane::redis::RedisBus;
use crate::manager::server::{Identity, Settings, Tls, TokenAlgorithm, TokenRules};
use crate::manager::{Limits, Overflow, Resume, WhenFull};

/// Names of the variables that secrets may come from: arguments are seen by everybody on a machine.
const TOKEN_KEY: &str = "SSOT_TOKEN_KEY";
const CONTROL_TOKEN: &str = "SSOT_CONTROL_TOKEN";

/// Settings that a server can run with.
pub(super) fn settings(layer: &Layer, listens_on_loopback: bool) -> miette::Result<Settings> {
    check_ranges(layer)?;
    let identity = identity(layer, listens_on_loopback)?;
    let origins = layer.origin.clone().unwrap_or_default();
    if let Some(origin) = origins.iter().find(|origin| !is_origin(origin)) {
        return Err(miette::miette!(
            help = "expected scheme://host or scheme://host:port, without a path: https://app.example.org",
            "`{origin}` is no origin"
        ));
    }
    let control_token = secret(layer.control_token_file.as_ref(), CONTROL_TOKEN)?;
    if control_token.as_ref().is_some_and(|token| token.chars().any(|letter| !letter.is_ascii_graphic())) {
        return Err(miette::miette!(
            help = "make one with `openssl rand -hex 32`",
            "the control token has blanks, line ends or other letters than ASCII: no header can hold it"
        ));
    }
    if control_token.as_ref().is_some_and(|token| token.len() < 16) {
        return Err(miette::miette!(
            help = "make one with `openssl rand -hex 32`",
            "the control token has less than 16 bytes: it can be guessed"
        ));
    }
    let usual = Settings::default();
    Ok(Settings {
        identity,
        origins,
        control_token,
        tls: tls(layer)?,
        limits: limits(layer),
        backplane: backplane(layer)?,
        incoming_bytes: layer.incoming_bytes.unwrap_or(usual.incoming_bytes),
        incoming_per_second: layer.incoming_rate.unwrap_or(usual.incoming_per_second),
        connections: layer.connections.unwrap_or(usual.connections),
        connections_per_address: layer.per_address.unwrap_or(usual.connections_per_address),
        handshake_deadline: seconds(layer.handshake, usual.handshake_deadline),
        drain: seconds(layer.drain, usual.drain),
        has_echo: false,
    })
}

/// The longest time that can be meant, in seconds: a year.
const LONGEST: u64 = 366 * 24 * 60 * 60;

/// Whether figures make sense, wherever they come from.
fn check_ranges(layer: &Layer) -> miette::Result<()> {
    let times = [
        ("handshake", layer.handshake),
        ("write", layer.write),
        ("ping", layer.ping),
        ("drain", layer.drain),
        ("resume", layer.resume),
    ];
    if let Some((name, time)) =
        times.iter().find_map(|(name, time)| Some((name, time.filter(|time| *time > LONGEST)?)))
    {
        return Err(miette::miette!(
            help = "expected seconds, of a year at most",
            "`{name}` of {time} is too long"
        ));
    }
    let counts = [
        ("connections", layer.connections),
        ("per-address", layer.per_address),
        ("per-user", layer.per_user),
        ("incoming-bytes", layer.incoming_bytes),
        ("incoming-rate", layer.incoming_rate.map(|rate| rate as usize)),
        ("message-bytes", layer.message_bytes),
        ("queue", layer.queue.map(|queue| queue as usize)),
        ("queue-bytes", layer.queue_bytes),
        ("handshake", layer.handshake.map(|seconds| seconds.min(1) as usize)),
        ("write", layer.write.map(|seconds| seconds.min(1) as usize)),
    ];
    if let Some((name, _)) = counts.iter().find(|(_, count)| *count == Some(0)) {
        return Err(miette::miette!(help = "expected 1 or more", "`{name}` of 0 would serve nobody"));
    }
    if layer.audience.as_deref() == Some("") {
        return Err(miette::miette!(help = "leave it out to take tokens for anybody", "`audience` is empty"));
    }
    Ok(())
}

fn seconds(given: Option<u64>, usual: Duration) -> Duration {
    given.map_or(usual, Duration::from_secs)
}

fn identity(layer: &Layer, listens_on_loopback: bool) -> miette::Result<Identity> {
    let is_insecure = layer.insecure_dev.unwrap_or(false);
    match (layer.tokens, is_insecure) {
        (Some(_), true) => Err(miette::miette!(
            help = "leave one of them out",
            "--insecure-dev lets anybody in, --tokens only some: they cannot be used with each other"
        )),
        (Some(algorithm), false) => {
            let key = secret(layer.token_key_file.as_ref(), TOKEN_KEY)?.ok_or_else(|| {
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
            let rules = TokenRules::new(algorithm, key.as_bytes(), layer.audience.as_deref());
            let rules = rules.map_err(|error| {
                miette::miette!(
                    help = "a secret: `openssl rand -hex 32`; a pair of keys: `openssl genpkey -algorithm ed25519 -out key.pem`, then `openssl pkey -in key.pem -pubout`",
                    "the key to check tokens with is no good: {error}"
                )
            })?;
            Ok(Identity::Token(Arc::new(rules)))
        }
        (None, true) if !listens_on_loopback => Err(miette::miette!(
            help = "listen on 127.0.0.1, or check tokens with --tokens",
            "--insecure-dev lets anybody be anybody: only on an address of this machine alone"
        )),
        (None, true) => Ok(Identity::Anybody),
        (None, false) if layer.audience.is_some() || layer.token_key_file.is_some() => Err(miette::miette!(
            help = "say how tokens are signed: --tokens HS256|RS256|EdDSA",
            "a key or an audience means nothing without --tokens"
        )),
        (None, false) => Err(miette::miette!(
            help =
                "check tokens with --tokens HS256|RS256|EdDSA, or try it on this machine with --insecure-dev",
            "nobody could connect: it is not said how clients are known"
        )),
    }
}

fn tls(layer: &Layer) -> miette::Result<Option<Tls>> {
    let (cert, key) = match (&layer.tls_cert, &layer.tls_key) {
        (None, None) => return Ok(None),
        (Some(cert), Some(key)) => (cert, key),
        (Some(_), None) | (None, Some(_)) => {
            return Err(miette::miette!(
                help = "give both --tls-cert FILE and --tls-key FILE",
                "a certificate is of no use without its key, nor a key without its certificate"
            ));
        }
    };
    let tls = Tls::from_pem(read(cert)?.as_bytes(), read(key)?.as_bytes());
    tls.map(Some)
        .map_err(|error| miette::miette!("{} and {} cannot be used: {error}", cert.display(), key.display()))
}

fn limits(layer: &Layer) -> Limits {
    let usual = Limits::default();
    let ping_interval = seconds(layer.ping, usual.ping_interval);
    let kept = Resume::default();
    let resume = layer.resume.filter(|window| *window > 0).map(|window| Resume {
        window: Duration::from_secs(window),
        messages: layer.resume_messages.unwrap_or(kept.messages),
        bytes: layer.resume_bytes.unwrap_or(kept.bytes),
        sessions: layer.resume_sessions.unwrap_or(kept.sessions),
        sessions_per_user: kept.sessions_per_user,
    });
    Limits {
        message_bytes: layer.message_bytes.unwrap_or(usual.message_bytes),
        queue_messages: layer.queue.map_or(usual.queue_messages, |queue| queue as usize),
        queue_bytes: layer.queue_bytes.unwrap_or(usual.queue_bytes),
        overflow: match layer.overflow {
            Some(OverflowName::Close) | None => Overflow::Close,
            Some(OverflowName::DropOldest) => Overflow::DropOldest,
            Some(OverflowName::DropNewest) => Overflow::DropNewest,
        },
        connections_per_user: layer.per_user.unwrap_or(usual.connections_per_user),
        when_full: match layer.when_full {
            Some(WhenFullName::Refuse) | None => WhenFull::Refuse,
            Some(WhenFullName::ReplaceOldest) => WhenFull::ReplaceOldest,
        },
        write_deadline: seconds(layer.write, usual.write_deadline),
        ping_interval,
        pong_deadline: (ping_interval / 3).max(Duration::from_secs(1)),
        stale_after: ping_interval * 3,
        resume,
    }
}

fn backplane(layer: &Layer) -> miette::Result<Option<Backplane>> {
    let Some(address) = &layer.backplane else { return Ok(None) };
    let prefix = layer.backplane_prefix.as_deref().unwrap_or("ssot");
    if prefix.is_empty() || !prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    {
        return Err(miette::miette!(
            help = "expected letters, digits and -_.",
            "`{prefix}` is no prefix for the keys of the backplane"
        ));
    }
    if !address.starts_with("redis://") {
        return Err(miette::miette!(
            help = "expected redis://[user:password@]host[:port]; TLS towards it is not built in",
            "this is no address of a backplane"
        ));
    }
    let usual = Duration::from_secs(5);
    let bus = RedisBus::new(address, prefix, usual * 3, Duration::from_secs(1)).map_err(|error| {
        miette::miette!(
            help = "expected redis://[user:password@]host[:port]",
            "this is no address of a backplane: {error}"
        )
    })?;
    Ok(Some(Backplane { beat: usual, ..Backplane::over(Arc::new(bus)) }))
}

/// A secret out of a file, or else of a variable; the line end of a file is none of it.
fn secret(file: Option<&PathBuf>, variable: &str) -> miette::Result<Option<String>> {
    match file {
        Some(path) => Ok(Some(read(Path::new(path))?.trim_end_matches(['\r', '\n']).to_owned())),
        None => Ok(std::env::var(variable).ok().filter(|value| !value.is_empty())),
    }
}

/// `scheme://host[:port]`, as browsers send it (RFC 6454, section 6.2).
fn is_origin(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, host)| {
        matches!(scheme, "http" | "https") && !host.is_empty() && !host.contains(['/', '?', '#', '@', ' '])
    })
}

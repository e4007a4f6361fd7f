//! The settings of `ssot serve` as they are given: by flags, by the environment, by a file. One list serves all three.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Deserialize;

/// What one layer says; the rest is left to the next one.
#[derive(Debug, Clone, Default, Args, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Layer {
    /// Where to listen [default: 127.0.0.1:8765].
    #[arg(long, env = "SSOT_LISTEN", value_name = "ADDRESS")]
    pub(super) listen: Option<SocketAddr>,
    /// How clients' tokens are signed.
    #[arg(long, env = "SSOT_TOKENS", value_enum, value_name = "ALGORITHM", help_heading = "Who may connect")]
    pub(super) tokens: Option<AlgorithmName>,
    /// File with the secret, or with the public key in PEM; without it SSOT_TOKEN_KEY holds it.
    #[arg(long, env = "SSOT_TOKEN_KEY_FILE", value_name = "FILE", help_heading = "Who may connect")]
    pub(super) token_key_file: Option<PathBuf>,
    /// Whom tokens have to be for (`aud`).
    #[arg(long, env = "SSOT_AUDIENCE", value_name = "AUDIENCE", help_heading = "Who may connect")]
    pub(super) audience: Option<String>,
    /// Believe `?user_id=` in the address, whoever says so. For trials on this machine alone.
    #[arg(long, num_args = 0..=1, default_missing_value = "true", require_equals = true, value_name = "BOOL", help_heading = "Who may connect")]
    pub(super) insecure_dev: Option<bool>,
    /// Origin of pages that may connect, such as https://app.example.org; may be given several times.
    #[arg(
        long,
        env = "SSOT_ORIGIN",
        value_delimiter = ',',
        value_name = "ORIGIN",
        help_heading = "Who may connect"
    )]
    pub(super) origin: Option<Vec<String>>,
    /// File with the token of the control interface and the dashboard; without it SSOT_CONTROL_TOKEN holds it. Without one
    /// both are off.
    #[arg(long, env = "SSOT_CONTROL_TOKEN_FILE", value_name = "FILE", help_heading = "Who may connect")]
    pub(super) control_token_file: Option<PathBuf>,
    /// File with the certificate chain in PEM. With it wss:// and https:// are served.
    #[arg(long, env = "SSOT_TLS_CERT", value_name = "FILE", help_heading = "Who may connect")]
    pub(super) tls_cert: Option<PathBuf>,
    /// File with the certificate's private key in PEM.
    #[arg(long, env = "SSOT_TLS_KEY", value_name = "FILE", help_heading = "Who may connect")]
    pub(super) tls_key: Option<PathBuf>,
    /// Connections of all [default: 20000].
    #[arg(long, env = "SSOT_CONNECTIONS", value_name = "COUNT", help_heading = "Limits")]
    pub(super) connections: Option<usize>,
    /// Connections from one address [default: 1000].
    #[arg(long, env = "SSOT_PER_ADDRESS", value_name = "COUNT", help_heading = "Limits")]
    pub(super) per_address: Option<usize>,
    /// Connections of one user [default: any number].
    #[arg(long, env = "SSOT_PER_USER", value_name = "COUNT", help_heading = "Limits")]
    pub(super) per_user: Option<usize>,
    /// What happens when a user has as many: the new one is refused, or the oldest one is closed [default: refuse].
    #[arg(long, env = "SSOT_WHEN_FULL", value_enum, value_name = "WHAT", help_heading = "Limits")]
    pub(super) when_full: Option<WhenFullName>,
    /// Bytes of one message from a client [default: 65536].
    #[arg(long, env = "SSOT_INCOMING_BYTES", value_name = "BYTES", help_heading = "Limits")]
    pub(super) incoming_bytes: Option<usize>,
    /// Messages of one client per second [default: 50].
    #[arg(long, env = "SSOT_INCOMING_RATE", value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Limits")]
    pub(super) incoming_rate: Option<u32>,
    /// Bytes of one message to a client [default: 1048576].
    #[arg(long, env = "SSOT_MESSAGE_BYTES", value_name = "BYTES", help_heading = "Limits")]
    pub(super) message_bytes: Option<usize>,
    /// Messages that may wait for one connection [default: 256].
    #[arg(long, env = "SSOT_QUEUE", value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Limits")]
    pub(super) queue: Option<u32>,
    /// Bytes that may wait for one connection [default: 4194304].
    #[arg(long, env = "SSOT_QUEUE_BYTES", value_name = "BYTES", help_heading = "Limits")]
    pub(super) queue_bytes: Option<usize>,
    /// What happens when more would wait [default: close].
    #[arg(long, env = "SSOT_OVERFLOW", value_enum, value_name = "WHAT", help_heading = "Limits")]
    pub(super) overflow: Option<OverflowName>,
    /// Seconds that a handshake may take [default: 10].
    #[arg(long, env = "SSOT_HANDSHAKE", value_name = "SECONDS", help_heading = "Times")]
    pub(super) handshake: Option<u64>,
    /// Seconds that one write may take [default: 10].
    #[arg(long, env = "SSOT_WRITE", value_name = "SECONDS", help_heading = "Times")]
    pub(super) write: Option<u64>,
    /// Seconds between pings; 0 sends none [default: 30].
    #[arg(long, env = "SSOT_PING", value_name = "SECONDS", help_heading = "Times")]
    pub(super) ping: Option<u64>,
    /// Seconds that the end may take [default: 20].
    #[arg(long, env = "SSOT_DRAIN", value_name = "SECONDS", help_heading = "Times")]
    pub(super) drain: Option<u64>,
    /// Seconds for which a session can be resumed after its connection ended; 0 keeps none [default: 0].
    #[arg(long, env = "SSOT_RESUME", value_name = "SECONDS", help_heading = "Clients that come back")]
    pub(super) resume: Option<u64>,
    /// Messages that a session keeps [default: 256].
    #[arg(long, env = "SSOT_RESUME_MESSAGES", value_name = "COUNT", help_heading = "Clients that come back")]
    pub(super) resume_messages: Option<usize>,
    /// Bytes that a session keeps [default: 262144].
    #[arg(long, env = "SSOT_RESUME_BYTES", value_name = "BYTES", help_heading = "Clients that come back")]
    pub(super) resume_bytes: Option<usize>,
    /// Sessions that are kept for clients that are away [default: 10000].
    #[arg(long, env = "SSOT_RESUME_SESSIONS", value_name = "COUNT", help_heading = "Clients that come back")]
    pub(super) resume_sessions: Option<usize>,
    /// Redis that joins several nodes: redis://[user:password@]host[:port]. With a password rather as SSOT_BACKPLANE.
    #[arg(
        long,
        env = "SSOT_BACKPLANE",
        hide_env_values = true,
        value_name = "URL",
        help_heading = "Several nodes"
    )]
    pub(super) backplane: Option<String>,
    /// What the service's keys and channels begin with [default: ssot].
    #[arg(long, env = "SSOT_BACKPLANE_PREFIX", value_name = "WORD", help_heading = "Several nodes")]
    pub(super) backplane_prefix: Option<String>,
    /// How the log is written, to stderr [default: text].
    #[arg(long, env = "SSOT_LOG", value_enum, value_name = "FORM", help_heading = "Log")]
    pub(super) log: Option<LogForm>,
    /// The least that is worth a line [default: info].
    #[arg(long, env = "SSOT_LOG_LEVEL", value_enum, value_name = "LEVEL", help_heading = "Log")]
    pub(super) log_level: Option<LogLevel>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
pub(super) enum AlgorithmName {
    #[value(name = "HS256", alias = "hs256")]
    #[serde(rename = "HS256")]
    Hs256,
    #[value(name = "RS256", alias = "rs256")]
    #[serde(rename = "RS256")]
    Rs256,
    #[value(name = "EdDSA", alias = "eddsa")]
    #[serde(rename = "EdDSA")]
    EdDsa,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum OverflowName {
    /// The connection is closed with 1013.
    Close,
    /// The oldest messages go.
    DropOldest,
    /// The new message is not queued.
    DropNewest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum WhenFullName {
    /// The new one is not taken.
    Refuse,
    /// The oldest one is closed with 1008.
    ReplaceOldest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum LogForm {
    /// Lines for people.
    Text,
    /// One object of JSON a line.
    Json,
    /// Nothing.
    Off,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum LogLevel {
    /// What has to be mended.
    Error,
    /// And what is not as it should be: the backplane is down.
    Warn,
    /// And who was refused, and the server's own life.
    Info,
    /// And every connection.
    Debug,
}

impl Layer {
    /// What this one says, and where it says nothing, what the lower one does.
    pub(super) fn over(self, lower: Self) -> Self {
        Self {
            listen: self.listen.or(lower.listen),
            tokens: self.tokens.or(lower.tokens),
            token_key_file: self.token_key_file.or(lower.token_key_file),
            audience: self.audience.or(lower.audience),
            insecure_dev: self.insecure_dev.or(lower.insecure_dev),
            origin: self.origin.or(lower.origin),
            control_token_file: self.control_token_file.or(lower.control_token_file),
            tls_cert: self.tls_cert.or(lower.tls_cert),
            tls_key: self.tls_key.or(lower.tls_key),
            connections: self.connections.or(lower.connections),
            per_address: self.per_address.or(lower.per_address),
            per_user: self.per_user.or(lower.per_user),
            when_full: self.when_full.or(lower.when_full),
            incoming_bytes: self.incoming_bytes.or(lower.incoming_bytes),
            incoming_rate: self.incoming_rate.or(lower.incoming_rate),
            message_bytes: self.message_bytes.or(lower.message_bytes),
            queue: self.queue.or(lower.queue),
            queue_bytes: self.queue_bytes.or(lower.queue_bytes),
            overflow: self.overflow.or(lower.overflow),
            handshake: self.handshake.or(lower.handshake),
            write: self.write.or(lower.write),
            ping: self.ping.or(lower.ping),
            drain: self.drain.or(lower.drain),
            resume: self.resume.or(lower.resume),
            resume_messages: self.resume_messages.or(lower.resume_messages),
            resume_bytes: self.resume_bytes.or(lower.resume_bytes),
            resume_sessions: self.resume_sessions.or(lower.resume_sessions),
            backplane: self.backplane.or(lower.backplane),
            backplane_prefix: self.backplane_prefix.or(lower.backplane_prefix),
            log: self.log.or(lower.log),
            log_level: self.log_level.or(lower.log_level),
        }
    }

    /// Reads a file. Paths in it are relative to its folder.
    pub(super) fn read(path: &Path) -> miette::Result<Self> {
        let text = super::read(path)?;
        let mut layer: Self = toml::from_str(&text).map_err(|error| {
            // The lines themselves are not shown: they may hold a secret, and this may end in a log.
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            miette::miette!(
                help = "keys are the names of the flags, without the dashes in front: `ssot serve --help` lists them",
                "{}:{line}: {}",
                path.display(),
                error.message()
            )
        })?;
        let folder = path.parent().unwrap_or_else(|| Path::new(""));
        let files = [
            &mut layer.token_key_file,
            &mut layer.control_token_file,
            &mut layer.tls_cert,
            &mut layer.tls_key,
        ];
        for file in files.into_iter().flatten() {
            *file = folder.join(&file);
        }
        Ok(layer)
    }
}

//! A server of its own for each reset.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::flaw::Flaw;
use crate::conformance::lines::{Endpoint, Limits, OverflowPolicy};
use crate::manager::server::{Identity, Settings, TokenAlgorithm, TokenRules, run};
use crate::manager::{Limits as ManagerLimits, Overflow};

/// The secret that tokens are signed with: the server listens to this machine for as long as a case takes.
const SECRET: &[u8] = b"a secret of conformance runs, of no use elsewhere";

/// The token of the control interface.
pub(super) const CONTROL: &str = "the control token of conformance runs";

/// The one origin whose pages may connect.
const OWN_ORIGIN: &str = "https://own.example";

/// A server that ends when it is dropped.
pub(super) struct Served {
    pub(super) address: SocketAddr,
    /// Where clients connect.
    front: SocketAddr,
    flaw: Flaw,
    _end: oneshot::Sender<()>,
}

impl Served {
    pub(super) async fn start(limits: &Limits, flaw: Flaw) -> Result<Self, String> {
        let rules =
            TokenRules::new(TokenAlgorithm::Hs256, SECRET, None).map_err(|error| error.to_string())?;
        let usual = ManagerLimits::default();
        let settings = Settings {
            identity: if flaw == Flaw::BelievesClaims {
                Identity::Anybody
            } else {
                Identity::Token(Arc::new(rules))
            },
            origins: match flaw {
                Flaw::ForeignOrigins => vec![OWN_ORIGIN.to_owned(), "https://foreign.example".to_owned()],
                Flaw::None
                | Flaw::BelievesClaims
                | Flaw::ClosesAs1000(_)
                | Flaw::ResetEndsAll
                | Flaw::WritesInTurn => vec![OWN_ORIGIN.to_owned()],
            },
            control_token: Some(CONTROL.to_owned()),
            limits: ManagerLimits {
                message_bytes: limits.message_bytes.unwrap_or(usual.message_bytes),
                queue_messages: limits.queue_messages.unwrap_or(usual.queue_messages),
                queue_bytes: limits.queue_bytes.unwrap_or(usual.queue_bytes),
                connections_per_user: limits.connections_per_user.unwrap_or(usual.connections_per_user),
                overflow: match limits.overflow {
                    None | Some(OverflowPolicy::Close) => Overflow::Close,
                    Some(OverflowPolicy::DropOldest) => Overflow::DropOldest,
                    Some(OverflowPolicy::DropNewest) => Overflow::DropNewest,
                },
                ..usual
            },
            // Our clients ping to know that they have read everything.
            incoming_per_second: 1_000_000,
            drain: Duration::from_millis(50),
            ..Settings::default()
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| error.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let (end, ended) = oneshot::channel::<()>();
        tokio::spawn(run(listener, settings, async move {
            // The sender goes when the server is dropped.
            let _ = ended.await;
        }));
        let front = flaw.before(address).await.map_err(|error| error.to_string())?;
        Ok(Self { address, front, flaw, _end: end })
    }

    /// Where a client of a user connects, and with what.
    pub(super) fn endpoint(
        &self,
        user: &str,
        thread: Option<&str>,
        claims: Option<&str>,
    ) -> Result<Endpoint, String> {
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let thread = thread.map(|thread| format!("thread_id={}", encoded(thread)));
        let claims = claims.or((self.flaw == Flaw::BelievesClaims).then_some(user));
        let claims = claims.map(|user| format!("user_id={}", encoded(user)));
        let query: Vec<String> = thread.into_iter().chain(claims).collect();
        let expires = jiff::Timestamp::now().as_second() + 3_600;
        let token = json!({ "sub": user, "exp": expires });
        let token = encode(&Header::new(Algorithm::HS256), &token, &EncodingKey::from_secret(SECRET))
            .map_err(|error| format!("cannot make a token: {error}"))?;
        Ok(Endpoint {
            url: format!("ws://{}/ws?{}", self.front, query.join("&")),
            headers: BTreeMap::from([("Authorization".to_owned(), format!("Bearer {token}"))]),
        })
    }
}

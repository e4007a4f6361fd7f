//! Who may connect: tokens (RFC 7519), origins (RFC 6454), and how many.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HeaderName, ORIGIN, SEC_WEBSOCKET_PROTOCOL};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;

/// How a client's user is found out.
#[derive(Clone)]
pub enum Identity {
    /// Nobody is let in.
    Nobody,
    /// By the `sub` of a token that it shows in `Authorization: Bearer …`, or behind `bearer` in `Sec-WebSocket-Protocol` where
    /// it is a browser, which can set no other header.
    Token(Arc<TokenRules>),
    /// By `user_id` in the query, whoever says so: for trials on one's own machine alone.
    Anybody,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Keys do not belong in logs.
        f.write_str(match self {
            Self::Nobody => "Nobody",
            Self::Token(_) => "Token",
            Self::Anybody => "Anybody",
        })
    }
}

/// How tokens are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenAlgorithm {
    /// HMAC with SHA-256; the key is a secret of at least 32 bytes (RFC 7518, section 3.2).
    Hs256,
    /// RSA with SHA-256; the key is a public key in PEM.
    Rs256,
    /// Ed25519; the key is a public key in PEM.
    EdDsa,
}

/// A key that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A secret that can be guessed.
    #[error("the secret has {0} bytes; HS256 needs at least 32 (RFC 7518, section 3.2)")]
    Short(usize),
    /// A key in PEM where a secret is wanted.
    #[error("this is a key in PEM; HS256 needs a secret, for a public key say RS256 or EdDSA")]
    Public,
    /// No key of this kind.
    #[error("no public key of this kind in PEM: {0}")]
    Unreadable(String),
}

/// What makes a token a good one.
pub struct TokenRules {
    key: DecodingKey,
    validation: Validation,
}

impl std::fmt::Debug for TokenRules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenRules").finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
}

impl TokenRules {
    /// Tokens that are signed so, are not over, are for this audience if one is given, and name a user.
    ///
    /// # Errors
    /// When the key is none.
    pub fn new(algorithm: TokenAlgorithm, key: &[u8], audience: Option<&str>) -> Result<Self, KeyError> {
        let unreadable = |error: jsonwebtoken::errors::Error| KeyError::Unreadable(error.to_string());
        let (algorithm, key) = match algorithm {
            TokenAlgorithm::Hs256 if key.len() < 32 => return Err(KeyError::Short(key.len())),
            // What is public is no secret: anybody could sign with it.
            TokenAlgorithm::Hs256 if key.windows(5).any(|part| part == b"-----") => {
                return Err(KeyError::Public);
            }
            TokenAlgorithm::Hs256 => (Algorithm::HS256, DecodingKey::from_secret(key)),
            TokenAlgorithm::Rs256 => (Algorithm::RS256, DecodingKey::from_rsa_pem(key).map_err(unreadable)?),
            TokenAlgorithm::EdDsa => (Algorithm::EdDSA, DecodingKey::from_ed_pem(key).map_err(unreadable)?),
        };
        let mut validation = Validation::new(algorithm);
        validation.leeway = 5;
        match audience {
            Some(audience) => {
                validation.set_audience(&[audience]);
                validation.set_required_spec_claims(&["exp", "sub", "aud"]);
            }
            None => {
                validation.validate_aud = false;
                validation.set_required_spec_claims(&["exp", "sub"]);
            }
        }
        validation.validate_nbf = true;
        Ok(Self { key, validation })
    }

    /// The user that a good token names.
    fn user_of(&self, token: &str) -> Option<String> {
        // Nothing is understood that a token says has to be (RFC 7515, section 4.1.11).
        if decode_header(token).ok()?.crit.is_some() {
            return None;
        }
        let claims = decode::<Claims>(token, &self.key, &self.validation).ok()?.claims;
        Some(claims.sub).filter(|user| !user.is_empty())
    }
}

/// A client that may connect.
pub(super) struct Admitted {
    /// Its user.
    pub(super) user: String,
    /// The subprotocol that it has to be answered with.
    pub(super) subprotocol: Option<&'static str>,
}

/// Finds out who a client is; none for one that is nobody.
pub(super) fn identify(
    identity: &Identity,
    headers: &HeaderMap,
    query: &[(String, String)],
) -> Option<Admitted> {
    match identity {
        Identity::Nobody => None,
        Identity::Anybody => {
            let user = query.iter().find(|(key, _)| key == "user_id").map(|(_, value)| value.clone());
            Some(Admitted { user: user.filter(|user| !user.is_empty())?, subprotocol: None })
        }
        Identity::Token(rules) => {
            if let Some(token) = bearer(headers, &AUTHORIZATION) {
                return Some(Admitted { user: rules.user_of(&token)?, subprotocol: None });
            }
            let offered: Vec<&str> = headers
                .get_all(SEC_WEBSOCKET_PROTOCOL)
                .iter()
                .filter_map(|value| value.to_str().ok())
                .flat_map(|value| value.split(','))
                .map(str::trim)
                .collect();
            let at = offered.iter().position(|offer| *offer == SUBPROTOCOL)?;
            let user = rules.user_of(offered.get(at + 1)?)?;
            Some(Admitted { user, subprotocol: Some(SUBPROTOCOL) })
        }
    }
}

/// The subprotocol behind which a browser offers its token.
const SUBPROTOCOL: &str = "bearer";

/// The token of a header `Bearer …` (RFC 6750, section 2.1).
pub(super) fn bearer(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let (scheme, token) = headers.get(name)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

/// Whether two secrets are the same, in a time that does not tell where they differ.
pub(super) fn is_same_secret(one: &str, other: &str) -> bool {
    blake3::hash(one.as_bytes()) == blake3::hash(other.as_bytes())
}

/// Whether the page that connects may do so. What is no browser names no origin.
pub(super) fn is_origin_allowed(headers: &HeaderMap, allowed: &[String]) -> bool {
    let mut origins = headers.get_all(ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => true,
        (Some(origin), None) => origin
            .to_str()
            .is_ok_and(|origin| allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))),
        (Some(_), Some(_)) => false,
    }
}

/// How many connections there are, in all and from each address.
#[derive(Debug)]
pub(super) struct Seats {
    all: usize,
    per_address: usize,
    taken: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection's place; dropping it makes room.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Arc<Seats>,
    address: IpAddr,
}

impl Seats {
    pub(super) fn new(all: usize, per_address: usize) -> Self {
        Self { all, per_address, taken: Mutex::default() }
    }

    fn table(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many are taken.
    pub(super) fn taken(&self) -> usize {
        self.table().values().sum()
    }
}

/// Takes a place; none where there is no room.
pub(super) fn take_seat(seats: &Arc<Seats>, address: IpAddr) -> Option<Seat> {
    let mut taken = seats.table();
    let is_full = taken.values().sum::<usize>() >= seats.all;
    let here = taken.get(&address).copied().unwrap_or(0);
    if is_full || here >= seats.per_address {
        return None;
    }
    taken.insert(address, here + 1);
    drop(taken);
    Some(Seat { seats: seats.clone(), address })
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.table();
        if let Some(here) = taken.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

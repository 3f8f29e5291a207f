//! Making tokens.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, Header};
use uuid::Uuid;

use super::ring::Ring;
use super::{Claims, INTERNAL_ISSUER, INTERNAL_LIFETIME, ISSUER, TokenKeys};
use crate::clock::Clock;
use crate::role::Role;

/// What a token is to say.
#[derive(Debug, Clone, Copy)]
pub struct Ticket {
    /// The role.
    pub role: Role,
    /// Who it is for.
    pub subject: Uuid,
    /// How long it holds.
    pub lifetime: TimeDelta,
    /// Free of rate limits.
    pub unlimited: bool,
}

/// A token that was not made.
#[derive(Debug, thiserror::Error)]
pub enum MintError {
    /// `system` is internal: see [`mint_internal`].
    #[error("the role system is internal; no token is made for it")]
    Internal,
    /// The lifetime is not positive, or ends after all time.
    #[error("the lifetime cannot be used")]
    Lifetime,
    /// There is no key.
    #[error("there is no signing key")]
    NoKey,
    /// The claims could not be written.
    #[error("the token could not be written")]
    Json(#[from] serde_json::Error),
}

/// A signed token, and when it ends.
///
/// # Errors
/// See [`MintError`].
pub fn mint(
    keys: &TokenKeys,
    ticket: Ticket,
    clock: &dyn Clock,
) -> Result<(String, DateTime<Utc>), MintError> {
    mint_in(keys, ticket, None, clock)
}

/// Makes the tokens of a running service, with whichever key signs at the time.
pub struct Issuer(Ring);

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Issuer").field(&self.0.keys()).finish()
    }
}

impl Issuer {
    /// Signs with these keys, as they come and go.
    #[must_use]
    pub fn new(keys: TokenKeys, clock: Arc<dyn Clock>) -> Self {
        Self(Ring::new(keys, clock))
    }

    /// A signed token, and when it ends; it ends earlier with its session, if it has one.
    ///
    /// # Errors
    /// See [`MintError`].
    pub fn issue(&self, ticket: Ticket, session: Option<Uuid>) -> Result<(String, DateTime<Utc>), MintError> {
        mint_in(&self.0.keys(), ticket, session, self.0.clock())
    }
}

fn mint_in(
    keys: &TokenKeys,
    ticket: Ticket,
    session: Option<Uuid>,
    clock: &dyn Clock,
) -> Result<(String, DateTime<Utc>), MintError> {
    if ticket.role == Role::System {
        return Err(MintError::Internal);
    }
    signed(keys, ISSUER, ticket, session, clock)
}

/// A signed token of the role `system` for a part of the system itself, without rate limit, and when it ends: after
/// [`INTERNAL_LIFETIME`]. It never leaves the installation, and no tool prints it.
///
/// # Errors
/// There is no key.
pub fn mint_internal(
    keys: &TokenKeys,
    subject: Uuid,
    clock: &dyn Clock,
) -> Result<(String, DateTime<Utc>), MintError> {
    let ticket = Ticket { role: Role::System, subject, lifetime: INTERNAL_LIFETIME, unlimited: true };
    signed(keys, INTERNAL_ISSUER, ticket, None, clock)
}

fn signed(
    keys: &TokenKeys,
    issuer: &str,
    ticket: Ticket,
    session: Option<Uuid>,
    clock: &dyn Clock,
) -> Result<(String, DateTime<Utc>), MintError> {
    let now = clock.now();
    let (kid, key) = keys.signing(now).ok_or(MintError::NoKey)?;
    let ends = now.checked_add_signed(ticket.lifetime).filter(|ends| *ends > now);
    let ends = ends.ok_or(MintError::Lifetime)?;
    let mut header = Header::new(Algorithm::EdDSA);
    header.kid = Some(kid.to_owned());
    let claims = Claims {
        iss: issuer.to_owned(),
        sub: ticket.subject,
        role: ticket.role.as_str().to_owned(),
        iat: now.timestamp(),
        exp: ends.timestamp(),
        jti: clock.id(),
        unl: ticket.unlimited,
        sid: session,
    };
    let part = |json: Vec<u8>| URL_SAFE_NO_PAD.encode(json);
    let signed = format!("{}.{}", part(serde_json::to_vec(&header)?), part(serde_json::to_vec(&claims)?));
    let signature = URL_SAFE_NO_PAD.encode(key.pair.sign(signed.as_bytes()));
    Ok((format!("{signed}.{signature}"), ends))
}

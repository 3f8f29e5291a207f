//! Checking tokens, and remembering those that were checked.
//!
//! Keeps true: a remembered token ends with its own expiry, or at once when its subject is dropped; the
//! memory is bounded. A signature costs about 50 µs, so it is paid once per token and not per request.

use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, Validation};
use moka::sync::Cache;
use ring::digest;
use uuid::Uuid;

use super::{Claims, INTERNAL_ISSUER, ISSUER, Identity, Jwks, KeyError, TokenKeys};
use crate::clock::Clock;
use crate::problem::Problem;
use crate::role::Role;

/// Tokens remembered at most; about 200 bytes each.
const REMEMBERED: u64 = 50_000;
/// Subjects whose earlier tokens are refused, remembered at most.
const DROPPED: u64 = 50_000;
/// The longest token that is looked at.
const LONGEST: usize = 2_048;
/// An unknown `kid` makes the key directory be read again, at most this often.
const REREAD_EVERY_SECONDS: i64 = 5;

type Fingerprint = [u8; 32];

/// Turns bearer tokens into identities.
pub struct Verifier {
    clock: Arc<dyn Clock>,
    keys: RwLock<Read>,
    validation: Validation,
    verified: Cache<Fingerprint, Identity>,
    /// Subject → the moment (Unix ms) up to which its tokens were ended.
    dropped: Cache<Uuid, i64>,
}

struct Read {
    keys: Arc<TokenKeys>,
    at: DateTime<Utc>,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").field("keys", &self.keys()).finish_non_exhaustive()
    }
}

impl Verifier {
    /// Verifies with these keys.
    pub fn new(keys: TokenKeys, clock: Arc<dyn Clock>) -> Self {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER, INTERNAL_ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        // The expiry is compared below, with our own clock.
        validation.validate_exp = false;
        let at = clock.now();
        Self {
            clock,
            keys: RwLock::new(Read { keys: Arc::new(keys), at }),
            validation,
            verified: Cache::new(REMEMBERED),
            dropped: Cache::new(DROPPED),
        }
    }

    /// Who this token speaks for.
    ///
    /// # Errors
    /// 401 with what is wrong with it.
    pub fn verify(&self, token: &str) -> Result<Identity, Problem> {
        if token.len() > LONGEST {
            return Err(refused("the token is too long"));
        }
        let fingerprint = fingerprint(token);
        let known = self.verified.get(&fingerprint);
        let identity = known.map_or_else(|| self.check(token), Ok)?;
        if identity.expires_at <= self.clock.now() {
            self.verified.invalidate(&fingerprint);
            return Err(refused("the token has expired"));
        }
        if self.was_dropped(&identity) {
            self.verified.invalidate(&fingerprint);
            return Err(refused("the session has ended"));
        }
        if known.is_none() {
            self.verified.insert(fingerprint, identity);
        }
        Ok(identity)
    }

    /// Ends every token of this subject that was made up to now, in this process.
    pub fn drop_subject(&self, subject: Uuid) {
        self.dropped.insert(subject, self.clock.now().timestamp_millis());
    }

    /// The public keys.
    pub fn jwks(&self) -> Jwks {
        self.keys().jwks()
    }

    fn was_dropped(&self, identity: &Identity) -> bool {
        self.dropped.get(&identity.subject).is_some_and(|until| identity.issued_ms <= until)
    }

    fn keys(&self) -> Arc<TokenKeys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner).keys)
    }

    fn check(&self, token: &str) -> Result<Identity, Problem> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| refused("the token cannot be read"))?;
        let kid = header.kid.ok_or_else(|| refused("the token names no key"))?;
        let mut keys = self.keys();
        if keys.get(&kid).is_none() {
            keys = self.reread().unwrap_or(keys);
        }
        let key = keys.get(&kid).ok_or_else(|| refused("the token's key is unknown"))?;
        let claims = jsonwebtoken::decode::<Claims>(token, &key.decoding, &self.validation)
            .map_err(|_| refused("the token does not hold"))?
            .claims;
        identity(&claims)
    }

    /// A key may have been added since the directory was read.
    fn reread(&self) -> Option<Arc<TokenKeys>> {
        let now = self.clock.now();
        let mut read = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        if (now - read.at).num_seconds() < REREAD_EVERY_SECONDS {
            return Some(Arc::clone(&read.keys));
        }
        read.at = now;
        match read.keys.reread() {
            Ok(keys) => {
                read.keys = Arc::new(keys);
                Some(Arc::clone(&read.keys))
            }
            Err(
                KeyError::File { .. }
                | KeyError::NoKey { .. }
                | KeyError::NoSubject { .. }
                | KeyError::NotMade,
            ) => {
                tracing::warn!("the token keys could not be read again");
                None
            }
        }
    }
}

fn identity(claims: &Claims) -> Result<Identity, Problem> {
    let role = claims.role.parse().ok().filter(|role| may_name(&claims.iss, *role));
    let role = role.ok_or_else(|| refused("the token's role is not accepted"))?;
    let expires_at =
        DateTime::from_timestamp(claims.exp, 0).ok_or_else(|| refused("the token does not hold"))?;
    Ok(Identity {
        role,
        subject: claims.sub,
        unlimited: claims.unl,
        expires_at,
        token_id: claims.jti,
        issued_ms: issued_ms(claims),
    })
}

/// The role `system` comes from the internal issuer, and nothing else does.
fn may_name(issuer: &str, role: Role) -> bool {
    (issuer == INTERNAL_ISSUER) == (role == Role::System)
}

/// The token id is a version 7 UUID and so tells the millisecond; `iat` tells the second only.
fn issued_ms(claims: &Claims) -> i64 {
    let (seconds, nanos) = claims.jti.get_timestamp().map_or((0, 0), |at| at.to_unix());
    let millis = i64::try_from(seconds)
        .unwrap_or(0)
        .saturating_mul(1_000)
        .saturating_add(i64::from(nanos / 1_000_000));
    if millis / 1_000 == claims.iat { millis } else { claims.iat.saturating_mul(1_000) }
}

fn fingerprint(token: &str) -> Fingerprint {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    bytes
}

fn refused(detail: &'static str) -> Problem {
    Problem::unauthorized(detail)
}

//! Checking tokens, and remembering those that were checked.
//!
//! Keeps true: a remembered token ends with its own expiry, at once when its session has ended, and with the key that
//! signed it; the memory is bounded. A signature costs about 50 µs, so it is paid once per token and not per request.

use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use jsonwebtoken::{Algorithm, Validation};
use moka::sync::Cache;
use ring::digest;
use ring::signature::KeyPair;
use tokio::sync::broadcast;
use uuid::Uuid;

use super::ring::Ring;
use super::{Claims, INTERNAL_ISSUER, ISSUER, Identity, Jwks, TokenKeys};
use crate::clock::Clock;
use crate::problem::Problem;
use crate::role::Role;

/// Tokens remembered at most; about 200 bytes each.
const REMEMBERED: u64 = 50_000;
/// Ended sessions remembered at most.
const ENDED: u64 = 200_000;
/// For how long: no access token lives longer than this.
const REMEMBERED_FOR: Duration = Duration::from_secs(20 * 60);
/// Endings that a slow listener may be behind.
const TOLD: usize = 1_024;
/// The longest token that is looked at.
const LONGEST: usize = 2_048;
type Fingerprint = [u8; 32];

/// A token that was checked.
#[derive(Clone)]
struct Verified {
    identity: Identity,
    /// The key that signed it: its name, and itself, because a name may be given again.
    kid: Arc<str>,
    key: [u8; 32],
}

/// Turns bearer tokens into identities.
pub struct Verifier {
    ring: Ring,
    validation: Validation,
    verified: Cache<Fingerprint, Verified>,
    ended: Cache<Uuid, ()>,
    tell: broadcast::Sender<Uuid>,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").field("keys", &self.ring.keys()).finish_non_exhaustive()
    }
}

impl Verifier {
    /// Verifies with these keys, as they come and go.
    pub fn new(keys: TokenKeys, clock: Arc<dyn Clock>) -> Self {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER, INTERNAL_ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        // The expiry is compared below, with our own clock.
        validation.validate_exp = false;
        Self {
            ring: Ring::new(keys, clock),
            validation,
            verified: Cache::new(REMEMBERED),
            ended: Cache::builder().max_capacity(ENDED).time_to_live(REMEMBERED_FOR).build(),
            tell: broadcast::Sender::new(TOLD),
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
        let remembered = self.verified.get(&fingerprint).filter(|verified| self.still_signs(verified));
        let known = remembered.is_some();
        let verified = remembered.map_or_else(|| self.check(token), Ok)?;
        let identity = verified.identity;
        if identity.expires_at <= self.ring.clock().now() {
            self.verified.invalidate(&fingerprint);
            return Err(refused("the token has expired"));
        }
        if identity.session.is_some_and(|session| self.has_ended(session)) {
            self.verified.invalidate(&fingerprint);
            return Err(refused("the session has ended"));
        }
        if !known {
            self.verified.insert(fingerprint, verified);
        }
        Ok(identity)
    }

    /// Ends every token of a session, in this process; whoever listens is told the first time.
    pub fn end_session(&self, session: Uuid) {
        if !self.has_ended(session) {
            self.ended.insert(session, ());
            // Nobody may be listening.
            drop(self.tell.send(session));
        }
    }

    /// Whether a session is known to have ended.
    #[must_use]
    pub fn has_ended(&self, session: Uuid) -> bool {
        self.ended.contains_key(&session)
    }

    /// The sessions that end from now on. A listener that falls behind misses some, and asks [`Verifier::has_ended`].
    #[must_use]
    pub fn endings(&self) -> broadcast::Receiver<Uuid> {
        self.tell.subscribe()
    }

    /// The public keys.
    pub fn jwks(&self) -> Jwks {
        self.ring.keys().jwks()
    }

    /// Whether the key that signed a remembered token is still one of ours.
    fn still_signs(&self, verified: &Verified) -> bool {
        let keys = self.ring.keys();
        keys.get(&verified.kid).is_some_and(|key| key.pair.public_key().as_ref() == verified.key)
    }

    fn check(&self, token: &str) -> Result<Verified, Problem> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| refused("the token cannot be read"))?;
        let kid = header.kid.ok_or_else(|| refused("the token names no key"))?;
        let keys = self.ring.keys();
        let key = keys.get(&kid).ok_or_else(|| refused("the token's key is unknown"))?;
        let claims = jsonwebtoken::decode::<Claims>(token, &key.decoding, &self.validation)
            .map_err(|_| refused("the token does not hold"))?
            .claims;
        let mut public = [0; 32];
        public.copy_from_slice(key.pair.public_key().as_ref());
        Ok(Verified { identity: identity(&claims)?, kid: kid.into(), key: public })
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
        session: claims.sid,
    })
}

/// The role `system` comes from the internal issuer, and nothing else does.
fn may_name(issuer: &str, role: Role) -> bool {
    (issuer == INTERNAL_ISSUER) == (role == Role::System)
}

fn fingerprint(token: &str) -> Fingerprint {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    bytes
}

fn refused(detail: &'static str) -> Problem {
    Problem::unauthorized(detail)
}

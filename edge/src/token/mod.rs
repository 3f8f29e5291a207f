//! Access tokens: JWT, EdDSA (Ed25519), `kid`.
//!
//! Keeps true: only a token signed by a key of this installation, not yet expired and of a known outside
//! role, becomes an [`Identity`]; `system` is never accepted from outside and never minted. The newest
//! key signs, every key that lies in the directory verifies. Sessions are kept elsewhere; a verifier only remembers for
//! as long as a token lives which of them have ended.

mod files;
mod identity;
mod jwks;
mod keys;
mod mint;
mod ring;
mod verify;

pub use files::default_subject;
pub use identity::Identity;
pub use jwks::{Jwk, Jwks};
pub use keys::{KeyError, TokenKeys};
pub use mint::{Issuer, MintError, Ticket, mint};
pub use verify::Verifier;

/// The issuer every token names.
pub const ISSUER: &str = "chajipoa";

/// How long an access token lives unless told otherwise.
pub const ACCESS_LIFETIME: chrono::TimeDelta = chrono::TimeDelta::minutes(10);

#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Claims {
    iss: String,
    sub: uuid::Uuid,
    role: String,
    iat: i64,
    exp: i64,
    jti: uuid::Uuid,
    #[serde(default)]
    unl: bool,
    /// The session it belongs to, for those who logged in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sid: Option<uuid::Uuid>,
}

#[cfg(test)]
mod tests;

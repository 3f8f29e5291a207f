//! Access tokens: JWT, EdDSA (Ed25519), `kid`.
//!
//! Keeps true: only a token signed by a key of this installation, not yet expired and of a role that its issuer may
//! name, becomes an [`Identity`]. Tokens for people, stations and providers name [`ISSUER`] and never the role
//! `system`; what the system does by itself goes with [`mint_internal`], whose tokens name [`INTERNAL_ISSUER`], that role
//! and no other. The newest key signs, every key that lies in the directory verifies. Sessions are kept elsewhere; a
//! verifier only remembers for as long as a token lives which of them have ended.

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
pub use mint::{Issuer, MintError, Ticket, mint, mint_internal};
pub use verify::Verifier;

/// The issuer that every token for somebody outside names.
pub const ISSUER: &str = "chajipoa";

/// The issuer that the system's own tokens name: the role `system` comes from here and from nowhere else.
pub const INTERNAL_ISSUER: &str = "chajipoa/internal";

/// How long an internal token lives: its owner makes another one before it ends.
pub const INTERNAL_LIFETIME: chrono::TimeDelta = chrono::TimeDelta::minutes(1);

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

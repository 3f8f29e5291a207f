//! The public keys as `/.well-known/jwks.json` shows them (RFC 8037).

use serde::Serialize;
use utoipa::ToSchema;

/// A set of public keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Jwks {
    /// The keys, oldest name first.
    pub keys: Vec<Jwk>,
}

/// One public key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Jwk {
    kty: &'static str,
    crv: &'static str,
    alg: &'static str,
    #[serde(rename = "use")]
    usage: &'static str,
    /// The key's name, as in a token's header.
    pub kid: String,
    /// The public key, base64url.
    pub x: String,
}

impl Jwk {
    pub(super) fn ed25519(kid: String, x: String) -> Self {
        Self { kty: "OKP", crv: "Ed25519", alg: "EdDSA", usage: "sig", kid, x }
    }
}

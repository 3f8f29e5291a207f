//! Personal data as the domain sees it: sealed, opaque, comparable only through keyed digests.
//!
//! A phone or a name is sealed at the edge before it comes here. The digest is an HMAC under the person's own
//! key: equal texts of one person compare equal, and once the key is destroyed it says nothing to anybody.

use serde::{Deserialize, Serialize};

/// A sealed text: ciphertext, and a digest under the same person's key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    /// base64url(version ‖ nonce ‖ ciphertext ‖ tag).
    pub sealed: String,
    /// Hex HMAC-SHA-256 of the text under the person's key.
    pub digest: String,
}

impl Sealed {
    /// Whether both hold the same text of the same person.
    #[must_use]
    pub fn same_text(&self, other: &Sealed) -> bool {
        self.digest == other.digest
    }
}

/// A phone number as the domain sees it: sealed, with the blind index that finds it again.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedPhone {
    /// The number, sealed.
    pub text: Sealed,
    /// Its blind index, for the claim that keeps one number with one customer. Never stored in an event.
    pub index: String,
}

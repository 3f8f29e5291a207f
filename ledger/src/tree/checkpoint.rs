//! The text of a checkpoint (C2SP tlog-checkpoint): whose tree, how many leaves, which root.
//!
//! Three lines, and further ones that we keep and do not read: origin, size in decimal, root in base64. Writing and
//! reading are inverses; what is not exactly of this form is refused.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::node::Hash;
use crate::LedgerIdentity;

/// What a checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointText {
    /// Whose tree it is: `chajipoa/<ledger id>/<epoch>` for ours.
    pub origin: String,
    /// How many leaves it has.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// Further lines of others.
    pub extensions: Vec<String>,
}

/// Why a text is not that of a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// It does not end with a newline, or has less than three lines.
    #[error("a checkpoint has at least three lines, each with its newline")]
    Lines,
    /// The first line is empty.
    #[error("the origin is empty")]
    Origin,
    /// The second line is no number as one writes it.
    #[error("the size is no decimal number")]
    Size,
    /// The third line is no hash.
    #[error("the root is not 32 bytes in base64")]
    Root,
    /// A further line is empty.
    #[error("an extension line is empty")]
    Extension,
}

impl CheckpointText {
    /// The checkpoint of a ledger's tree.
    #[must_use]
    pub fn new(identity: LedgerIdentity, size: u64, root: Hash) -> Self {
        Self { origin: Self::origin_of(identity), size, root, extensions: Vec::new() }
    }

    /// The origin of a ledger's checkpoints. A fork, which raises the epoch, begins another one.
    #[must_use]
    pub fn origin_of(identity: LedgerIdentity) -> String {
        format!("chajipoa/{}/{}", identity.ledger_id, identity.epoch)
    }

    /// Which ledger the origin names, where it is one of ours.
    #[must_use]
    pub fn identity(&self) -> Option<LedgerIdentity> {
        let (ledger_id, epoch) = self.origin.strip_prefix("chajipoa/")?.split_once('/')?;
        let identity = LedgerIdentity { ledger_id: ledger_id.parse().ok()?, epoch: epoch.parse().ok()? };
        (Self::origin_of(identity) == self.origin).then_some(identity)
    }

    /// Reads a text, its last newline included.
    ///
    /// # Errors
    /// It is not that of a checkpoint.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let mut lines = text.strip_suffix('\n').ok_or(TextError::Lines)?.split('\n');
        let origin = lines.next().ok_or(TextError::Lines)?.to_owned();
        let size = lines.next().ok_or(TextError::Lines)?;
        let root = lines.next().ok_or(TextError::Lines)?;
        if origin.is_empty() {
            return Err(TextError::Origin);
        }
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if extensions.iter().any(String::is_empty) {
            return Err(TextError::Extension);
        }
        Ok(Self { origin, size: number(size)?, root: hash(root)?, extensions })
    }
}

/// No sign, no leading zero.
fn number(text: &str) -> Result<u64, TextError> {
    let value: u64 = text.parse().map_err(|_| TextError::Size)?;
    if value.to_string() == text { Ok(value) } else { Err(TextError::Size) }
}

fn hash(text: &str) -> Result<Hash, TextError> {
    let bytes = STANDARD.decode(text).map_err(|_| TextError::Root)?;
    bytes.try_into().map_err(|_| TextError::Root)
}

impl fmt::Display for CheckpointText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, STANDARD.encode(self.root))?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

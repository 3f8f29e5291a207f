//! What a sealer needs to know.

use std::{path::PathBuf, sync::Arc, time::Duration};

use edge::{Clock, SystemClock};

use crate::Places;

/// How often events are taken in and sealed: half of what a checkpoint may be behind.
const EVERY: Duration = Duration::from_millis(500);

/// Where a sealer reads and writes.
#[derive(Clone)]
pub struct SealerConfig {
    /// The URL of the login `chajipoa_relay`.
    pub ledger_url: String,
    /// The keys directory.
    pub keys: PathBuf,
    /// Where checkpoints are published.
    pub places: Places,
    /// How often events are taken in and sealed.
    pub every: Duration,
    /// Gives the pauses between attempts their jitter.
    pub clock: Arc<dyn Clock>,
    /// Ends the sealer before it takes this step, as a kill would: for tests.
    pub halt_before: Option<Step>,
}

/// The steps of sealing that a kill may fall between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Full tiles are stored.
    Tiles,
    /// The signed checkpoint is stored.
    Checkpoint,
    /// It is published.
    Publish,
}

impl SealerConfig {
    /// The usual settings.
    #[must_use]
    pub fn new(ledger_url: impl Into<String>, keys: impl Into<PathBuf>, places: Places) -> Self {
        Self {
            ledger_url: ledger_url.into(),
            keys: keys.into(),
            places,
            every: EVERY,
            clock: Arc::new(SystemClock),
            halt_before: None,
        }
    }
}

impl std::fmt::Debug for SealerConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URL has a password in it.
        f.debug_struct("SealerConfig")
            .field("keys", &self.keys)
            .field("places", &self.places)
            .finish_non_exhaustive()
    }
}

//! The sealer as its owner sees it: made, asked for its status, run until told to stop.

use std::{future::Future, sync::Arc, time::Duration};

use edge::{
    metrics::Metrics,
    pace::{self, Backoff, Broken},
};
use futures_util::FutureExt as _;
use ledger::Ledger;

use crate::{
    SealerConfig, SealerError, SealerStatus,
    session::{self, Shutdown},
};

/// One connection reads events, the other proofs.
const READING_CONNECTIONS: usize = 2;
/// The first pause after a failure, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// Seals one ledger.
#[derive(Debug)]
pub struct Sealer {
    config: SealerConfig,
    ledger: Ledger,
    status: Arc<SealerStatus>,
}

impl Sealer {
    /// Prepares a sealer; nothing is connected yet.
    ///
    /// # Errors
    /// The ledger's URL cannot be understood.
    pub fn new(config: SealerConfig, metrics: &Metrics) -> Result<Self, SealerError> {
        let ledger = Ledger::connect(&config.ledger_url, READING_CONNECTIONS)?;
        Ok(Self { config, ledger, status: SealerStatus::new(metrics) })
    }

    /// What it says about itself; lives on when the sealer has ended.
    #[must_use]
    pub fn status(&self) -> Arc<SealerStatus> {
        Arc::clone(&self.status)
    }

    /// Runs until `shutdown` resolves. What is merely away (Postgres, Kafka, the folder, the lock) is waited for.
    ///
    /// # Errors
    /// What only an operator can cure: the ledger was restored or altered. The message says what to do.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), SealerError> {
        let shutdown = shutdown.boxed().shared();
        let (clock, backoff) = (self.config.clock.as_ref(), Backoff::new(PAUSES.0, PAUSES.1));
        pace::sessions(clock, backoff, shutdown.clone(), || self.session(&shutdown)).await
    }

    async fn session(&self, shutdown: &Shutdown) -> Result<(), Broken<SealerError>> {
        let before = self.status.snapshot().position;
        let Err(error) = session::run(&self.config, &self.ledger, &self.status, shutdown).await else {
            return Ok(());
        };
        self.status.failed(&error);
        if error.is_final() {
            return Err(Broken::ForGood(error));
        }
        let reason: &dyn std::error::Error = &error;
        tracing::warn!(error = reason, "the sealer starts again at its last checkpoint");
        Err(Broken::Again { achieved: self.status.snapshot().position != before })
    }
}

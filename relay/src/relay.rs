//! The relay as its owner sees it: made, asked for its status, run until told to stop.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use edge::metrics::Metrics;
use edge::pace::{self, Backoff, Broken};
use futures_util::FutureExt as _;
use ledger::Ledger;

use crate::config::RelayConfig;
use crate::error::RelayError;
use crate::session::{self, Shutdown};
use crate::status::RelayStatus;

/// The relay reads by one connection; the other is for comparing and asking.
const READING_CONNECTIONS: usize = 2;
/// The first pause after a failure, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// Carries one ledger to one topic.
#[derive(Debug)]
pub struct Relay {
    config: RelayConfig,
    ledger: Ledger,
    status: Arc<RelayStatus>,
}

impl Relay {
    /// Prepares a relay; nothing is connected yet.
    ///
    /// # Errors
    /// The ledger's URL cannot be understood.
    pub fn new(config: RelayConfig, metrics: &Metrics) -> Result<Self, RelayError> {
        let ledger = Ledger::connect(&config.ledger_url, READING_CONNECTIONS)?;
        Ok(Self { config, ledger, status: RelayStatus::new(metrics) })
    }

    /// What it says about itself; lives on when the relay has ended.
    #[must_use]
    pub fn status(&self) -> Arc<RelayStatus> {
        Arc::clone(&self.status)
    }

    /// Runs until `shutdown` resolves. What is merely away (Postgres, Kafka, the lock) is waited for.
    ///
    /// # Errors
    /// What only an operator can cure: the topic or the checkpoint belongs to another ledger, or the ledger has a gap.
    /// The message says what to do.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), RelayError> {
        let shutdown = shutdown.boxed().shared();
        let (clock, backoff) = (self.config.clock.as_ref(), Backoff::new(PAUSES.0, PAUSES.1));
        pace::sessions(clock, backoff, shutdown.clone(), || self.session(&shutdown)).await
    }

    async fn session(&self, shutdown: &Shutdown) -> Result<(), Broken<RelayError>> {
        let before = self.status.snapshot().position;
        let Err(error) = session::run(&self.config, &self.ledger, &self.status, shutdown).await else {
            return Ok(());
        };
        self.status.failed(&error);
        if error.is_final() {
            return Err(Broken::ForGood(error));
        }
        let reason: &dyn std::error::Error = &error;
        tracing::warn!(error = reason, "the relay starts again at its checkpoint");
        Err(Broken::Again { achieved: self.status.snapshot().position != before })
    }
}

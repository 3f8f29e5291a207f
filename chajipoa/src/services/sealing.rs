//! The sealer, in the process of the relay or in the one process: checkpoints are signed and published.

use std::sync::Arc;

use edge::{metrics::Metrics, monitoring::Part, settings};
use ledger::{Ledger, tree::CheckpointKeys};
use sealer::{Places, Sealer, SealerConfig, SealerError};
use tokio::{sync::watch, task::JoinHandle};

use crate::{cli::Failure, installation::Installation};

/// Where checkpoints are published: the installation's folder, and Kafka if there are brokers.
///
/// # Errors
/// A setting is not UTF-8.
pub fn places(installation: &Installation) -> Result<Places, Failure> {
    Ok(Places::new(&installation.checkpoints, settings::text("KAFKA_BROKERS")?))
}

/// A sealer on this login, which is the relay's.
///
/// # Errors
/// The URL cannot be understood.
pub fn sealer(url: &str, installation: &Installation, metrics: &Metrics) -> Result<Sealer, Failure> {
    let config = SealerConfig::new(url, &installation.keys, places(installation)?);
    Ok(Sealer::new(config, metrics)?)
}

/// Compares the ledger with what was published of it: one that was restored is not served.
///
/// # Errors
/// It does not fit.
pub(super) async fn compare(ledger: &Ledger, installation: &Installation) -> Result<(), Failure> {
    let keys = CheckpointKeys::open_or_create(&installation.keys)?;
    Ok(sealer::compare(ledger, &keys, &places(installation)?).await?)
}

/// A sealer at work.
pub struct Sealing {
    /// What it says about itself.
    pub part: Arc<dyn Part>,
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), SealerError>>,
}

impl Sealing {
    /// Starts it.
    #[must_use]
    pub fn start(sealer: Sealer) -> Sealing {
        let part: Arc<dyn Part> = sealer.status();
        let (stop, mut stopping) = watch::channel(false);
        let task = tokio::spawn(async move {
            let stopped = async move {
                // The sender is dropped or says so: both mean stop.
                let _ = stopping.wait_for(|stop| *stop).await;
            };
            let outcome = sealer.run(stopped).await;
            if let Err(error) = &outcome {
                let reason: &dyn std::error::Error = error;
                tracing::error!(error = reason, "the sealer has ended; nothing is signed any more");
            }
            outcome
        });
        Sealing { part, stop, task }
    }

    /// Resolves when it ends, by itself or because it was told to.
    ///
    /// # Errors
    /// It ended by itself: what only an operator can cure.
    pub async fn ended(&mut self) -> Result<(), Failure> {
        Ok((&mut self.task).await.map_err(Failure::other)??)
    }

    /// Ends it. What ended it before was logged then.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the sealer's task failed");
        }
    }
}

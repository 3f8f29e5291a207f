//! relay: the ledger goes to Kafka, and beside it the sealer signs and publishes checkpoints.

use std::sync::Arc;

use edge::{metrics::Metrics, monitoring::Part, settings};
use relay::{Relay, RelayConfig, RelayError};
use tokio::{sync::watch, task::JoinError};

use super::sealing::{Sealing, sealer};
use super::serving::{announce, monitored, serve_until_stopped};
use crate::{cli::Failure, installation::Installation};

/// relay and sealer as a process of their own. Ends with 1 where only an operator can help.
///
/// # Errors
/// A setting is missing, the topic belongs to another ledger, or the ledger does not fit what was published of it.
pub async fn run_relay() -> Result<(), Failure> {
    let installation = Installation::of_environment()?;
    let metrics = Metrics::new();
    let url = settings::required("DATABASE_URL")?;
    let brokers = settings::required("KAFKA_BROKERS")?;
    let sealer = sealer(&url, &installation, &metrics)?;
    let relay = Relay::new(RelayConfig::new(url, brokers), &metrics)?;
    let parts: Vec<Arc<dyn Part>> = vec![relay.status(), sealer.status()];
    let serving = monitored(&installation, parts, &metrics, "127.0.0.1:8084")?;
    announce(&serving);
    let (stop, mut stopping) = watch::channel(false);
    let mut relaying = tokio::spawn(relay.run(async move {
        // The sender is dropped or says so: both mean stop.
        let _ = stopping.wait_for(|stop| *stop).await;
    }));
    let mut sealing = Sealing::start(sealer);
    // Whichever ends by itself takes the other with it: a ledger that does not hold is not carried on either.
    let mut early = None;
    let served = serve_until_stopped(serving, async {
        early = Some(tokio::select! {
            relayed = &mut relaying => outcome_of(relayed),
            sealed = sealing.ended() => sealed,
        });
    })
    .await;
    stop.send_replace(true);
    match early {
        Some(outcome) => {
            relaying.abort();
            outcome?;
        }
        None => {
            sealing.stop().await;
            outcome_of(relaying.await)?;
        }
    }
    served
}

fn outcome_of(ended: Result<Result<(), RelayError>, JoinError>) -> Result<(), Failure> {
    Ok(ended.map_err(Failure::other)??)
}

//! relay: the ledger goes to Kafka.

use std::sync::Arc;

use edge::{metrics::Metrics, monitoring::Part, settings};
use relay::{Relay, RelayConfig};
use tokio::sync::watch;

use super::serving::{announce, monitored, serve_until_stopped};
use crate::{cli::Failure, installation::Installation};

/// relay as a process of its own. Ends with 1 where only an operator can help.
///
/// # Errors
/// A setting is missing, or the topic belongs to another ledger.
pub async fn run_relay() -> Result<(), Failure> {
    let installation = Installation::of_environment()?;
    let metrics = Metrics::new();
    let url = settings::required("DATABASE_URL")?;
    let brokers = settings::required("KAFKA_BROKERS")?;
    let relay = Relay::new(RelayConfig::new(url, brokers), &metrics)?;
    let part: Arc<dyn Part> = relay.status();
    let serving = monitored(&installation, vec![part], &metrics, "127.0.0.1:8084")?;
    announce(&serving);
    let (stop, mut stopping) = watch::channel(false);
    let relaying = tokio::spawn(relay.run(async move {
        // The sender is dropped or says so: both mean stop.
        let _ = stopping.wait_for(|stop| *stop).await;
    }));
    let (ended, end) = tokio::sync::oneshot::channel::<()>();
    let outcome = tokio::spawn(async move {
        let outcome = relaying.await;
        drop(ended);
        outcome
    });
    let served = serve_until_stopped(serving, async {
        let _ = end.await;
    })
    .await;
    stop.send_replace(true);
    outcome.await.map_err(Failure::other)?.map_err(Failure::other)??;
    served
}

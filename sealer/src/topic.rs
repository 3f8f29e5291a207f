//! The topic of published checkpoints. The key is the origin, the value the signed text; retained for ever.
//!
//! Kafka may be away for hours while checkpoints go on: what is waiting is always only the newest one.

use std::time::Duration;

use ledger::tree::{CheckpointText, SignedCheckpoint, SignedNote};
use rdkafka::{
    producer::{FutureProducer, FutureRecord},
    util::Timeout,
};
use relay::RelayError;
use tokio::sync::watch;

use crate::{Places, SealerError, status::SealerStatus};

/// The topic that checkpoints are published to.
pub const TOPIC: &str = "chajipoa.checkpoints.v1";
/// How long one message may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The pause before an attempt is made again.
const AGAIN: Duration = Duration::from_secs(1);

/// Publishes each checkpoint that it hears of, or the newest of several; never ends by itself.
pub(crate) async fn publish(
    places: &Places,
    mut newest: watch::Receiver<Option<SignedCheckpoint>>,
    status: &SealerStatus,
) -> SealerError {
    let Some(brokers) = places.brokers.as_deref() else { return std::future::pending().await };
    loop {
        match carry(brokers, &places.topic, &mut newest, status).await {
            Ok(never) => match never {},
            Err(error) if error.is_final() => return error.into(),
            Err(error) => {
                warn_of(&error);
                status.kafka_is_away(&error);
                newest.mark_changed();
                edge::pace::rest(AGAIN).await;
            }
        }
    }
}

async fn carry(
    brokers: &str,
    topic: &str,
    newest: &mut watch::Receiver<Option<SignedCheckpoint>>,
    status: &SealerStatus,
) -> Result<std::convert::Infallible, RelayError> {
    relay::ensure_topic(brokers, topic).await?;
    let producer: FutureProducer = relay::client(brokers)
        .set("acks", "all")
        .set("enable.idempotence", "true")
        .set("message.timeout.ms", PATIENCE.as_millis().to_string())
        .create()?;
    // What was stored and published before the last start needs no second record.
    let mut published = relay::last_value(brokers, topic).await?;
    status.kafka_answers();
    loop {
        if newest.changed().await.is_err() {
            return std::future::pending().await;
        }
        let Some(checkpoint) = newest.borrow_and_update().clone() else { continue };
        if published.as_deref() == Some(checkpoint.note.as_bytes()) {
            continue;
        }
        let origin = origin_of(&checkpoint.note).unwrap_or_default();
        let record = FutureRecord::to(topic).partition(0).key(&origin).payload(&checkpoint.note);
        producer.send(record, Timeout::After(PATIENCE)).await.map_err(|(error, _)| error)?;
        published = Some(checkpoint.note.into_bytes());
        status.kafka_answers();
    }
}

/// Logged apart, so that no reference to the error is held across a pause.
fn warn_of(error: &RelayError) {
    let reason: &dyn std::error::Error = error;
    tracing::warn!(error = reason, "checkpoints are not published to Kafka; trying again");
}

fn origin_of(note: &str) -> Option<String> {
    Some(CheckpointText::parse(SignedNote::parse(note).ok()?.text()).ok()?.origin)
}

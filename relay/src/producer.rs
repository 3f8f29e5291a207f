//! The producer: idempotent, never giving up, its reports counted.
//!
//! A message never times out and is never retried out of order: librdkafka goes on until the broker has it or says
//! that it never will. Then the whole producer is thrown away ([`Producer::discard`]) and the relay starts again at its
//! checkpoint; a message after a lost one must not be acknowledged (`enable.gapless.guarantee`).

use std::sync::Arc;

use ledger::{Envelope, LedgerIdentity, cloudevent};
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::message::{DeliveryResult, Message as _};
use rdkafka::producer::{BaseRecord, ProducerContext, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;
use tokio::task::spawn_blocking;

use crate::error::RelayError;
use crate::kafka::Quiet;
use crate::progress::Progress;
use crate::{headers, kafka};

/// Sends events and forgets them; [`Progress`] says what became of them.
pub(crate) struct Producer {
    inner: ThreadedProducer<Reports>,
    topic: String,
    identity: LedgerIdentity,
    progress: Arc<Progress>,
}

/// Whether the producer took a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// It did.
    Taken,
    /// Its queue is full: wait for reports, then send the same again.
    Full,
}

impl Producer {
    pub(crate) fn new(
        brokers: &str,
        topic: &str,
        identity: LedgerIdentity,
        progress: Arc<Progress>,
    ) -> Result<Self, KafkaError> {
        let inner = kafka::client(brokers)
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("enable.gapless.guarantee", "true")
            .set("message.timeout.ms", "0")
            .set("linger.ms", "1")
            .set("compression.type", "lz4")
            .set("retry.backoff.ms", "20")
            .set("retry.backoff.max.ms", "500")
            .set("queue.buffering.max.kbytes", "65536")
            .create_with_context(Reports(Arc::clone(&progress)))?;
        Ok(Self { inner, topic: topic.to_owned(), identity, progress })
    }

    /// Hands one event to librdkafka.
    pub(crate) fn send(&self, event: &Envelope) -> Result<Sent, RelayError> {
        let key = cloudevent::key(event);
        let position = event.position.get();
        let opaque = usize::try_from(position).unwrap_or(0);
        let record = BaseRecord::with_opaque_to(&self.topic, opaque)
            .partition(kafka::PARTITION)
            .key(&key)
            .payload(event.payload.as_ref())
            .headers(headers::of(&self.identity, event));
        match self.inner.send(record) {
            Ok(()) => {
                self.progress.sent(event.position);
                Ok(Sent::Taken)
            }
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => Ok(Sent::Full),
            Err((error, _)) => Err(RelayError::Undelivered { position, reason: error.to_string() }),
        }
    }

    /// Throws it away with everything that was not acknowledged, and waits until it is gone.
    pub(crate) async fn discard(self) -> Result<(), RelayError> {
        Ok(spawn_blocking(move || drop(self)).await?)
    }
}

/// Counts delivery reports.
struct Reports(Arc<Progress>);

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        Quiet.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        Quiet.error(error, reason);
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, position: usize) {
        let position = i64::try_from(position).unwrap_or(i64::MAX);
        match result {
            Ok(message) => self.0.report(position, Ok(message.offset())),
            Err((error, _)) => self.0.report(position, Err(error)),
        }
    }
}

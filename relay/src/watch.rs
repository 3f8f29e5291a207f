//! Looks at the topic from time to time: whether Kafka answers, and whether what was delivered is still there.
//!
//! A wiped broker or a deleted topic shows here even when there is nothing to send.

use std::sync::Arc;
use std::time::Duration;

use ledger::Ledger;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;
use tokio::task::spawn_blocking;

use crate::config::RelayConfig;
use crate::error::RelayError;
use crate::kafka;
use crate::progress::Progress;
use crate::status::RelayStatus;

/// How often.
const EVERY: Duration = Duration::from_secs(1);

/// Runs until the topic has lost what was delivered.
pub(crate) async fn run(
    config: &RelayConfig,
    ledger: &Ledger,
    progress: &Progress,
    status: &RelayStatus,
) -> Result<(), RelayError> {
    let consumer = Arc::new(kafka::reader(&config.brokers)?);
    loop {
        edge::pace::rest(EVERY).await;
        // While Kafka is away nothing is read any more, and the lag must be seen to grow.
        status.saw_ledger_at(ledger.last_position().await?);
        // Taken before the question: what is delivered meanwhile only makes the answer larger.
        let delivered = progress.offset();
        match next_offset(&consumer, &config.topic).await? {
            Ok(next) if next <= delivered => {
                return Err(RelayError::TopicLost("it was emptied or made anew"));
            }
            Ok(_) => status.kafka_answers(),
            Err(error) if is_unknown_topic(&error) => {
                return Err(RelayError::TopicLost("there is no such topic"));
            }
            Err(error) => status.kafka_is_away(&error),
        }
    }
}

async fn next_offset(
    consumer: &Arc<kafka::Reader>,
    topic: &str,
) -> Result<Result<i64, KafkaError>, RelayError> {
    let consumer = Arc::clone(consumer);
    let topic = topic.to_owned();
    Ok(spawn_blocking(move || kafka::next_offset(&consumer, &topic)).await?)
}

fn is_unknown_topic(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownPartition
                | RDKafkaErrorCode::UnknownTopicOrPartition
                | RDKafkaErrorCode::UnknownTopicId
        )
    )
}

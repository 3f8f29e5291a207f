//! The topic: made if missing, and asked what it really holds.
//!
//! Calls of librdkafka that wait are made on blocking threads, each with a limit. Nothing here writes events.

use std::time::{Duration, Instant};

use bytes::Bytes;
use ledger::{Position, cloudevent};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers as _};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{ClientContext, Message as _, Offset, TopicPartitionList};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use crate::error::RelayError;

/// One ledger, one partition: only so does the topic have the ledger's order.
pub(crate) const PARTITION: i32 = 0;
/// How long one question to the brokers may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a new topic may take until every broker knows it.
const TOPIC_PATIENCE: Duration = Duration::from_secs(15);

/// What the topic holds at its ends.
#[derive(Debug)]
pub(crate) struct Ends {
    /// Its first record; none when it is empty.
    pub(crate) first: Option<Record>,
    /// Its last record; none when it is empty.
    pub(crate) last: Option<Record>,
    /// The offset that the next record gets.
    pub(crate) next_offset: i64,
}

/// What identifies a record of the topic.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) source: String,
    pub(crate) position: Position,
    pub(crate) event_id: Uuid,
}

/// Settings that every client has.
#[must_use]
pub fn client(brokers: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", brokers)
        .set("client.id", "chajipoa-relay")
        .set("allow.auto.create.topics", "false")
        .set("reconnect.backoff.ms", "50")
        .set("reconnect.backoff.max.ms", "1000")
        .set("socket.keepalive.enable", "true")
        .set("topic.metadata.refresh.interval.ms", "5000");
    config
}

/// librdkafka's own words, as details: a broker that is away is said many times a second there, and once by the relay.
pub(crate) struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(?level, facility, message, "librdkafka");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "librdkafka");
    }
}

impl ConsumerContext for Quiet {}

/// Is only asked about offsets and single records.
pub(crate) type Reader = BaseConsumer<Quiet>;

/// Assigned by hand, no group, nothing committed.
pub(crate) fn reader(brokers: &str) -> Result<Reader, KafkaError> {
    client(brokers)
        .set("group.id", "chajipoa-relay-looks")
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "error")
        .set("fetch.wait.max.ms", "50")
        .create_with_context(Quiet)
}

/// Makes the topic unless it is there, and waits until the brokers know it.
///
/// # Errors
/// Kafka is away, refuses, or the topic has more than one partition.
pub async fn ensure_topic(brokers: &str, topic: &str) -> Result<(), RelayError> {
    if partitions(brokers, topic).await? == Some(1) {
        return Ok(());
    }
    make_topic(brokers, topic).await?;
    let end = Instant::now() + TOPIC_PATIENCE;
    loop {
        match partitions(brokers, topic).await? {
            Some(1) => return Ok(()),
            Some(partitions) => return Err(RelayError::Partitions { topic: topic.to_owned(), partitions }),
            None if Instant::now() >= end => {
                return Err(RelayError::TopicLost("it was made and is not there"));
            }
            None => edge::pace::rest(Duration::from_millis(50)).await,
        }
    }
}

async fn make_topic(brokers: &str, topic: &str) -> Result<(), RelayError> {
    let admin: AdminClient<Quiet> = client(brokers).create_with_context(Quiet)?;
    // As many copies as the brokers are set up for. The broker's own time on each record: with the producer's, a
    // clock that runs ahead by an hour would make the broker refuse every message.
    let new = NewTopic::new(topic, 1, TopicReplication::Fixed(-1))
        .set("cleanup.policy", "delete")
        .set("retention.ms", "-1")
        .set("retention.bytes", "-1")
        .set("message.timestamp.type", "LogAppendTime");
    let options = AdminOptions::new().request_timeout(Some(PATIENCE)).operation_timeout(Some(TOPIC_PATIENCE));
    for result in admin.create_topics([&new], &options).await? {
        match result {
            Ok(_) => tracing::info!(topic, "the topic was made"),
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, code)) => return Err(RelayError::TopicRefused { topic, code }),
        }
    }
    Ok(())
}

/// How many partitions the topic has; none when there is no such topic.
async fn partitions(brokers: &str, topic: &str) -> Result<Option<usize>, RelayError> {
    let consumer = reader(brokers)?;
    let name = topic.to_owned();
    let metadata = spawn_blocking(move || consumer.fetch_metadata(Some(&name), PATIENCE)).await??;
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    Ok(found
        .filter(|found| found.error().is_none())
        .map(|found| found.partitions().len())
        .filter(|&count| count > 0))
}

/// Reads the topic's first and last record.
pub(crate) async fn ends(brokers: &str, topic: &str) -> Result<Ends, RelayError> {
    let consumer = reader(brokers)?;
    let topic = topic.to_owned();
    spawn_blocking(move || {
        let (low, next_offset) = consumer.fetch_watermarks(&topic, PARTITION, PATIENCE)?;
        if next_offset <= low {
            return Ok(Ends { first: None, last: None, next_offset });
        }
        let first = Some(record(&consumer, &topic, low)?);
        let last = Some(record(&consumer, &topic, next_offset.saturating_sub(1))?);
        Ok(Ends { first, last, next_offset })
    })
    .await?
}

/// The offset that the next record of the topic gets.
pub(crate) fn next_offset(consumer: &Reader, topic: &str) -> Result<i64, KafkaError> {
    let (_, next) = consumer.fetch_watermarks(topic, PARTITION, PATIENCE)?;
    Ok(next)
}

/// The value of the topic's last record; none when it is empty.
///
/// # Errors
/// Kafka is away.
pub async fn last_value(brokers: &str, topic: &str) -> Result<Option<Vec<u8>>, RelayError> {
    let consumer = reader(brokers)?;
    let topic = topic.to_owned();
    spawn_blocking(move || {
        let (low, next_offset) = consumer.fetch_watermarks(&topic, PARTITION, PATIENCE)?;
        if next_offset <= low {
            return Ok(None);
        }
        let value = |message: &BorrowedMessage<'_>| Ok(message.payload().unwrap_or_default().to_vec());
        read_at(&consumer, &topic, next_offset.saturating_sub(1), value).map(Some)
    })
    .await?
}

/// Reads one record.
fn record(consumer: &Reader, topic: &str, offset: i64) -> Result<Record, RelayError> {
    read_at(consumer, topic, offset, |message| parse(topic, message))
}

fn read_at<T>(
    consumer: &Reader,
    topic: &str,
    offset: i64,
    read: impl FnOnce(&BorrowedMessage<'_>) -> Result<T, RelayError>,
) -> Result<T, RelayError> {
    let mut partition = TopicPartitionList::new();
    partition.add_partition_offset(topic, PARTITION, Offset::Offset(offset))?;
    consumer.assign(&partition)?;
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) if message.offset() == offset => return read(&message),
            Some(Err(error)) => return Err(error.into()),
            Some(Ok(_)) | None => {}
        }
    }
    Err(RelayError::TopicLost("a record that must be there cannot be read"))
}

fn parse(topic: &str, message: &BorrowedMessage<'_>) -> Result<Record, RelayError> {
    let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
    let pairs = headers.filter_map(|header| header.value.map(|value| (header.key, value)));
    let payload = Bytes::copy_from_slice(message.payload().unwrap_or_default());
    match cloudevent::parse(pairs, payload) {
        Ok((source, event)) => Ok(Record { source, position: event.position, event_id: event.id }),
        Err(source) => Err(RelayError::Foreign { topic: topic.to_owned(), offset: message.offset(), source }),
    }
}

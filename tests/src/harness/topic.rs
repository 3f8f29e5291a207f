//! Looking into a topic from outside: what it holds, record by record, and whether I8 holds for it.
#![allow(clippy::panic, clippy::expect_used, reason = "a topic that cannot be read fails the test")]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use bytes::Bytes;
use ledger::{Envelope, Ledger, Position, cloudevent};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::Headers as _;
use rdkafka::{Message as _, Offset, TopicPartitionList};

/// Reading a whole topic of a test.
const PATIENCE: Duration = Duration::from_secs(60);
/// Events read from the ledger at once.
const PAGE: usize = 1_000;

/// A record as Kafka holds it.
#[derive(Debug, Clone)]
pub struct Raw {
    /// Its key.
    pub key: Vec<u8>,
    /// Its headers.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Its value.
    pub value: Bytes,
}

/// Every record of the topic as it stands, in the order of offsets, each with the `ce_source` it came with.
///
/// # Panics
/// When the topic cannot be read, or a record is not an event.
#[must_use]
pub fn records(brokers: &str, topic: &str) -> Vec<(String, Envelope)> {
    let event = |raw: Raw| {
        let headers = raw.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
        cloudevent::parse(headers, raw.value.clone()).expect("an event of ours")
    };
    raw_records(brokers, topic).into_iter().map(event).collect()
}

/// Every record of the topic as it stands, in the order of offsets.
///
/// # Panics
/// When the topic cannot be read.
#[must_use]
pub fn raw_records(brokers: &str, topic: &str) -> Vec<Raw> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "chajipoa-tests-look")
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "error")
        .create()
        .expect("a consumer");
    let (low, next) = consumer.fetch_watermarks(topic, 0, PATIENCE).expect("the topic's ends");
    let mut partition = TopicPartitionList::new();
    partition.add_partition_offset(topic, 0, Offset::Offset(low)).expect("an offset");
    consumer.assign(&partition).expect("assigned");
    let end = Instant::now() + PATIENCE;
    let mut found = Vec::new();
    let mut seen = low;
    while seen < next {
        assert!(Instant::now() < end, "the topic was read to offset {seen} of {next} only");
        let Some(message) = consumer.poll(Duration::from_millis(100)) else { continue };
        let message = message.expect("a record");
        let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
        let headers = headers.filter_map(|header| Some((header.key.to_owned(), header.value?.to_vec())));
        found.push(Raw {
            key: message.key().unwrap_or_default().to_vec(),
            headers: headers.collect(),
            value: Bytes::copy_from_slice(message.payload().unwrap_or_default()),
        });
        seen = message.offset().saturating_add(1);
    }
    found
}

/// Every event of the ledger.
///
/// # Panics
/// When it cannot be read.
pub async fn whole_ledger(ledger: &Ledger) -> Vec<Envelope> {
    let mut events: Vec<Envelope> = Vec::new();
    loop {
        let after = events.last().map_or(Position::ZERO, |event| event.position);
        let page = ledger.read_after(after, PAGE).await.expect("the ledger can be read");
        if page.is_empty() {
            return events;
        }
        events.extend(page);
    }
}

/// Checks I8: every position at least once, first occurrences in order, and nothing that is not in the ledger, byte
/// for byte. Returns how many records were repetitions.
///
/// # Panics
/// When it does not hold; names the position at fault.
pub async fn assert_i8(ledger: &Ledger, brokers: &str, topic: &str) -> usize {
    let events = whole_ledger(ledger).await;
    let source = ledger.identity().await.expect("the ledger's identity").source();
    let (brokers, topic) = (brokers.to_owned(), topic.to_owned());
    let records = tokio::task::spawn_blocking(move || records(&brokers, &topic)).await.expect("read");
    let mut first_seen = BTreeSet::new();
    for (from, record) in &records {
        let position = record.position;
        assert_eq!(*from, source, "the source of position {position}");
        let index = usize::try_from(position.get().saturating_sub(1)).expect("positions begin with 1");
        let recorded =
            events.get(index).unwrap_or_else(|| panic!("position {position} is not in the ledger"));
        assert_eq!(recorded, record, "position {position} differs from the ledger");
        let newest = first_seen.last().copied().unwrap_or_default();
        if first_seen.insert(position) {
            assert_eq!(position, Position::next(newest), "first occurrences are in order");
        }
    }
    assert_eq!(first_seen.len(), events.len(), "every position is there");
    records.len().saturating_sub(events.len())
}

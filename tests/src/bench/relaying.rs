//! Row 7: the relay, reading the ledger and sending it, beside a producer that has everything at hand.
//!
//! The bare producer sends the same keys, headers and payloads with the same settings of compression and
//! acknowledgement; it reads nothing, checks nothing and keeps no checkpoint.

use std::time::{Duration, Instant};

use edge::metrics::Metrics;
use edge::{Clock as _, SystemClock};
use ledger::{Ledger, Position, cloudevent};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use relay::{Relay, RelayConfig};
use tokio::sync::oneshot;

use super::error::BenchError;
use super::ground::Database;
use super::kafka::Broker;
use super::load::PATIENCE;
use super::table::{Table, rate};

/// Events that are sent at most.
const EVENTS: i64 = 200_000;
/// Events read at once for the bare producer.
const PAGE: usize = 5_000;
/// How often the relay is asked how far it is.
const LOOK: Duration = Duration::from_millis(1);

/// One round.
pub(super) async fn round(database: &Database, broker: &Broker, table: &mut Table) -> Result<(), BenchError> {
    let (url, brokers) = (database.urls.relay.clone(), broker.brokers.clone());
    let measured = super::run::aside(move || async move {
        let bare = bare(&url, &brokers).await?;
        let relayed = relayed(&url, &brokers).await?;
        Ok((relayed, bare))
    });
    let (relayed, bare) = measured.await?;
    table.add(7, relayed, bare);
    Ok(())
}

/// A topic that nothing was sent to yet.
fn topic() -> String {
    format!("chajipoa.bench.{}", SystemClock.id().simple())
}

async fn relayed(url: &str, brokers: &str) -> Result<f64, BenchError> {
    let last = Ledger::connect(url, 1)?.last_position().await?.min(Position::new(EVENTS));
    let config = RelayConfig { topic: topic(), ..RelayConfig::new(url, brokers) };
    let relay = Relay::new(config, &Metrics::new())?;
    let status = relay.status();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(relay.run(async move {
        // Dropped or said: both mean stop.
        let _ = stopped.await;
    }));
    let begun = Instant::now();
    let mut first = None;
    let mut look = tokio::time::interval(LOOK);
    let time = loop {
        look.tick().await;
        let (now, position) = (Instant::now(), status.snapshot().position);
        match first {
            None if position > Position::ZERO => first = Some((now, position)),
            Some((since, from)) if position >= last => {
                break (now.duration_since(since), position.since(from));
            }
            Some(_) | None if running.is_finished() || begun.elapsed() > PATIENCE => {
                return Err(BenchError::wrong(format!("the relay came to {position} of {last}")));
            }
            Some(_) | None => {}
        }
    };
    drop(stop);
    running.await??;
    Ok(rate(usize::try_from(time.1).unwrap_or(0), time.0))
}

async fn bare(url: &str, brokers: &str) -> Result<f64, BenchError> {
    let messages = messages(url).await?;
    let (brokers, topic) = (brokers.to_owned(), topic());
    create(&brokers, &topic).await?;
    tokio::task::spawn_blocking(move || produce(&brokers, &topic, messages)).await?
}

/// Makes a topic; a broker of ours makes none by itself.
async fn create(brokers: &str, topic: &str) -> Result<(), BenchError> {
    let admin: AdminClient<_> = ClientConfig::new().set("bootstrap.servers", brokers).create()?;
    let new = NewTopic::new(topic, 1, TopicReplication::Fixed(1));
    for made in admin.create_topics([&new], &AdminOptions::new()).await? {
        made.map_err(|(name, code)| BenchError::wrong(format!("the topic {name} was not made: {code}")))?;
    }
    Ok(())
}

struct Message {
    key: String,
    headers: OwnedHeaders,
    payload: Vec<u8>,
}

async fn messages(url: &str) -> Result<Vec<Message>, BenchError> {
    let ledger = Ledger::connect(url, 1)?;
    let identity = ledger.identity().await?;
    let mut messages = Vec::new();
    let mut after = Position::ZERO;
    while after < Position::new(EVENTS) {
        let events = ledger.read_after(after, PAGE).await?;
        let Some(last) = events.last() else { break };
        after = last.position;
        for event in &events {
            let headers = cloudevent::headers(&identity, event);
            let owned =
                headers.iter().fold(OwnedHeaders::new_with_capacity(headers.len()), |all, (key, value)| {
                    all.insert(Header { key, value: Some(value.as_bytes()) })
                });
            messages.push(Message {
                key: cloudevent::key(event),
                headers: owned,
                payload: event.payload.to_vec(),
            });
        }
    }
    Ok(messages)
}

fn produce(brokers: &str, topic: &str, messages: Vec<Message>) -> Result<f64, BenchError> {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("acks", "all")
        .set("compression.type", "lz4")
        .set("linger.ms", "1")
        .set("queue.buffering.max.kbytes", "65536")
        .create()?;
    // The topic is known before the clock runs, as the relay's is.
    producer
        .send(BaseRecord::<(), [u8]>::to(topic).partition(0).payload(b"{}"))
        .map_err(|(error, _)| error)?;
    producer.flush(PATIENCE)?;
    let (count, begun) = (messages.len(), Instant::now());
    for Message { key, headers, payload } in messages {
        let mut record = BaseRecord::to(topic).partition(0).key(&key).payload(&payload).headers(headers);
        loop {
            match producer.send(record) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), again)) => {
                    producer.poll(LOOK);
                    record = again;
                }
                Err((error, _)) => return Err(error.into()),
            }
        }
        producer.poll(Duration::ZERO);
    }
    producer.flush(PATIENCE)?;
    Ok(rate(count, begun.elapsed()))
}

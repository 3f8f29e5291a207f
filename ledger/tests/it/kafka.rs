//! The feed from Kafka against a real broker: equal to the feed from Postgres, whatever the topic lacks or repeats.
//!
//! `CHAJIPOA_TEST_KAFKA` names the broker; without one (no Maven, and `CI` unset) these tests say so and pass.

use std::time::Duration;

use ledger::{
    Envelope, LedgerIdentity, Position, cloudevent,
    feed::{Feed, FeedError, KafkaFeed, KafkaFeedConfig, OffsetHint},
};
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    message::{Header, OwnedHeaders},
    producer::{FutureProducer, FutureRecord},
};
use tokio::time::timeout;

use crate::harness::{Db, fill, id};

/// How long a condition may take before a test gives up.
const LIMIT: Duration = Duration::from_secs(60);

struct Topic {
    brokers: String,
    name: String,
    identity: LedgerIdentity,
    producer: FutureProducer,
}

impl Topic {
    /// A topic of its own, or nothing when there is no broker.
    async fn new(identity: LedgerIdentity) -> Option<Self> {
        let Ok(brokers) = std::env::var("CHAJIPOA_TEST_KAFKA") else {
            assert!(std::env::var("CI").is_err(), "CHAJIPOA_TEST_KAFKA is not set: run `make test`");
            eprintln!("SKIPPED: CHAJIPOA_TEST_KAFKA is not set");
            return None;
        };
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &brokers);
        let name = format!("ledger-it-{}-{}", std::process::id(), id());
        let admin: AdminClient<DefaultClientContext> = config.create().unwrap();
        let topic = NewTopic::new(&name, 1, TopicReplication::Fixed(1));
        admin.create_topics([&topic], &AdminOptions::new()).await.unwrap().remove(0).unwrap();
        Some(Self { brokers, name, identity, producer: config.create().unwrap() })
    }

    async fn send(&self, events: &[Envelope]) {
        for event in events {
            let headers = cloudevent::headers(&self.identity, event).into_iter();
            let headers = headers.fold(OwnedHeaders::new(), |all, (key, value)| {
                all.insert(Header { key, value: Some(value.as_bytes()) })
            });
            let key = cloudevent::key(event);
            let record = FutureRecord::to(&self.name)
                .partition(0)
                .key(&key)
                .headers(headers)
                .payload(&event.payload[..]);
            self.producer.send(record, LIMIT).await.unwrap();
        }
    }

    fn feed(&self, db: &Db, after: i64, hint: Option<OffsetHint>) -> KafkaFeed {
        let config = KafkaFeedConfig {
            brokers: self.brokers.clone(),
            topic: self.name.clone(),
            identity: self.identity,
            hint,
        };
        KafkaFeed::new(config, db.ledger(), Position::new(after)).unwrap()
    }
}

async fn until(feed: &mut KafkaFeed, last: i64) -> Vec<Envelope> {
    timeout(LIMIT, async {
        let mut all = Vec::new();
        while feed.position() < Position::new(last) {
            all.extend(feed.next(4).await.unwrap());
        }
        all
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn i8_both_feeds_yield_equal_envelopes_whatever_the_topic_repeats_or_lacks() {
    let db = Db::new().await;
    let ledger = db.ledger();
    fill(&ledger, 20).await;
    let Some(topic) = Topic::new(ledger.identity().await.unwrap()).await else { return };
    let all = ledger.read_after(Position::ZERO, 100).await.unwrap();
    topic.send(&all[..6]).await;
    topic.send(&all[3..8]).await; // repeated
    topic.send(&all[14..]).await; // 9 to 14 are missing
    let mut feed = topic.feed(&db, 0, None);
    assert_eq!(until(&mut feed, 20).await, all);
    assert_eq!(feed.gaps_filled(), 1);
    let hint = feed.offset_hint().unwrap();
    assert_eq!((hint.position, hint.offset), (Position::new(20), 16));

    feed.seek(Position::new(4)).await;
    assert_eq!(until(&mut feed, 20).await, all[4..]);

    fill(&ledger, 3).await;
    let more = ledger.read_after(Position::new(20), 100).await.unwrap();
    topic.send(&more).await;
    let mut again = topic.feed(&db, 20, Some(hint));
    assert_eq!(until(&mut again, 23).await, more);
    assert_eq!(again.gaps_filled(), 0);
}

#[tokio::test]
async fn an_offset_that_is_not_in_the_topic_leads_to_the_earliest_message() {
    let db = Db::new().await;
    let ledger = db.ledger();
    fill(&ledger, 5).await;
    let Some(topic) = Topic::new(ledger.identity().await.unwrap()).await else { return };
    let all = ledger.read_after(Position::ZERO, 100).await.unwrap();
    topic.send(&all).await;
    let beyond = OffsetHint { position: Position::new(2), offset: 4_000 };
    let mut feed = topic.feed(&db, 2, Some(beyond));
    assert_eq!(until(&mut feed, 5).await, all[2..]);
    let ahead = OffsetHint { position: Position::new(2), offset: 4 };
    let mut feed = topic.feed(&db, 2, Some(ahead));
    assert_eq!(until(&mut feed, 5).await, all[2..]);
    assert_eq!(feed.gaps_filled(), 0, "the topic had them all the same");
}

#[tokio::test]
async fn a_position_that_the_ledger_lacks_too_stops_the_feed() {
    let db = Db::new().await;
    let ledger = db.ledger();
    fill(&ledger, 2).await;
    let Some(topic) = Topic::new(ledger.identity().await.unwrap()).await else { return };
    let mut all = ledger.read_after(Position::ZERO, 100).await.unwrap();
    all[1].position = Position::new(9);
    topic.send(&all).await;
    let mut feed = topic.feed(&db, 0, None);
    let error = timeout(LIMIT, async {
        loop {
            if let Err(error) = feed.next(10).await {
                break error;
            }
        }
    })
    .await
    .unwrap();
    assert!(matches!(error, FeedError::Ledger(ledger::LedgerError::Gap { .. })), "{error:?}");
}

#[tokio::test]
async fn a_topic_of_another_ledger_is_refused() {
    let db = Db::new().await;
    let ledger = db.ledger();
    fill(&ledger, 1).await;
    let identity = ledger.identity().await.unwrap();
    let Some(topic) = Topic::new(LedgerIdentity { epoch: 2, ..identity }).await else { return };
    topic.send(&ledger.read_after(Position::ZERO, 1).await.unwrap()).await;
    let mut feed = Topic { identity, ..topic }.feed(&db, 0, None);
    let error = timeout(LIMIT, async {
        loop {
            if let Err(error) = feed.next(10).await {
                break error;
            }
        }
    })
    .await
    .unwrap();
    assert!(matches!(error, FeedError::OtherLedger { .. }), "{error:?}");
}

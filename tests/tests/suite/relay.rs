//! The relay against a real broker: order, recovery, refusal, one at a time (I8).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use edge::metrics::Metrics;
use edge::{Clock as _, SystemClock};
use ledger::feed::{Feed, KafkaFeed, KafkaFeedConfig, PostgresFeed};
use ledger::migrate::ServiceRole;
use ledger::{
    Bell, Decided, Envelope, Ledger, NewEvent, Position, PreparedCommand, StreamKind, StreamRef, cloudevent,
};
use rdkafka::config::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer as _, ThreadedProducer};
use relay::{Relay, RelayConfig, RelayError, RelayStatus};
use tests::harness::{Database, Kafka, Postgres, assert_i8, wait_until};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Generous: two busy cores, a broker that starts.
const LIMIT: Duration = Duration::from_secs(60);

/// A ledger and a topic that nobody else has.
struct Stage {
    database: Database,
    ledger: Ledger,
    topic: String,
}

impl Stage {
    async fn new(kafka: &Kafka) -> Self {
        let database = Postgres::shared().fresh_database().await;
        let ledger = Ledger::connect(&database.url(ServiceRole::Command), 4).expect("a ledger");
        Self { database, ledger, topic: kafka.fresh_topic() }
    }

    fn config(&self, kafka: &Kafka) -> RelayConfig {
        let mut config = RelayConfig::new(self.database.url(ServiceRole::Relay), kafka.brokers());
        config.topic.clone_from(&self.topic);
        config
    }

    fn ledger_as(&self, role: ServiceRole) -> Ledger {
        Ledger::connect(&self.database.url(role), 2).expect("a ledger")
    }

    /// Records events of one to four streams, `count` of them.
    async fn record(&self, count: usize) -> Position {
        let mut last = Position::ZERO;
        let commands: Vec<PreparedCommand> = (0..count).map(command).collect();
        for batch in commands.chunks(200) {
            last = self.ledger.append(batch, Position::ZERO).await.expect("appended").last;
        }
        last
    }
}

/// A command with one event of new streams.
fn command(number: usize) -> PreparedCommand {
    let id = SystemClock.id();
    let kinds = [StreamKind::Rental, StreamKind::Customer, StreamKind::Device, StreamKind::Station];
    let streams: Vec<StreamRef> = kinds
        .into_iter()
        .take(1 + number % 4)
        .map(|kind| StreamRef { kind, id: SystemClock.id(), version: 1 })
        .collect();
    PreparedCommand {
        id,
        actor: format!("admin:{id}"),
        hash: [7; 32],
        decided: Decided::Recorded,
        reads: streams.iter().map(|stream| (stream.id, 0)).collect(),
        events: vec![NewEvent {
            id: SystemClock.id(),
            event_type: "RentalStarted".into(),
            schema_version: 1,
            streams,
            occurred_at: SystemClock.now(),
            causation_id: number.is_multiple_of(3).then(|| SystemClock.id()),
            payload: Bytes::from(format!(
                "{{\"number\":{number},\"text\":\"{}\"}}",
                "x".repeat(number % 500)
            )),
        }],
        claims: Vec::new(),
        result: Bytes::from_static(b"{}"),
        answer_version: 1,
        correlation_id: number.is_multiple_of(2).then(|| SystemClock.id()),
        traceparent: None,
    }
}

/// A relay in this process.
struct Running {
    status: Arc<RelayStatus>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<Result<(), RelayError>>,
}

impl Running {
    fn start(config: RelayConfig) -> Self {
        let relay = Relay::new(config, &Metrics::new()).expect("a relay");
        let status = relay.status();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(relay.run(async {
            let _ = stopped.await;
        }));
        Self { status, stop: Some(stop), task }
    }

    async fn reaches(&self, position: Position) {
        wait_until("the relay reaches the end", LIMIT, async || self.status.snapshot().position >= position)
            .await;
    }

    async fn stop(mut self) {
        drop(self.stop.take());
        self.task.await.expect("no panic").expect("a clean end");
    }

    /// Ends it in the middle of whatever it does: what kill -9 leaves behind.
    async fn abort(self) {
        self.task.abort();
        let _ = self.task.await;
    }

    /// How it refused to run.
    async fn refusal(self) -> RelayError {
        self.task.await.expect("no panic").expect_err("it refuses")
    }
}

async fn read_all(feed: &mut dyn Feed, until: Position) -> Vec<Envelope> {
    let mut events = Vec::new();
    while feed.position() < until {
        events.extend(feed.next(300).await.expect("readable"));
    }
    events
}

#[tokio::test(flavor = "multi_thread")]
async fn i8_every_position_arrives_once_and_in_order_and_both_feeds_are_equal() {
    let Some(kafka) = Kafka::shared() else { return };
    let stage = Stage::new(&kafka).await;
    stage.record(1_500).await;
    let relay = Running::start(stage.config(&kafka));
    let last = stage.record(1_500).await;
    relay.reaches(last).await;
    assert_eq!(assert_i8(&stage.ledger, kafka.brokers(), &stage.topic).await, 0, "nothing was repeated");

    let config = KafkaFeedConfig {
        brokers: kafka.brokers().to_owned(),
        topic: stage.topic.clone(),
        identity: stage.ledger.identity().await.expect("known"),
        hint: None,
    };
    let mut from_kafka = KafkaFeed::new(config, stage.ledger.clone(), Position::ZERO).expect("a feed");
    let mut from_postgres = PostgresFeed::new(stage.ledger.clone(), Position::ZERO, None);
    let (left, right) = (read_all(&mut from_kafka, last).await, read_all(&mut from_postgres, last).await);
    assert_eq!(left.len(), 3_000);
    assert_eq!(left, right);
    assert_eq!(from_kafka.gaps_filled(), 0, "Kafka itself had them all");
    relay.stop().await;
    let checkpoint =
        stage.ledger_as(ServiceRole::Relay).checkpoint(relay::CHECKPOINT_NAME).await.expect("readable");
    assert_eq!(checkpoint.map(|found| found.position), Some(last), "a clean stop leaves nothing to repeat");
}

#[tokio::test(flavor = "multi_thread")]
async fn i8_a_relay_ended_between_produce_and_checkpoint_repeats_and_skips_nothing() {
    let Some(kafka) = Kafka::shared() else { return };
    let stage = Stage::new(&kafka).await;
    let mut config = stage.config(&kafka);
    // Few in flight, so that each end falls into the middle of the work.
    config.max_in_flight = 50;
    let mut last = stage.record(1_000).await;
    for _ in 0..4 {
        let relay = Running::start(config.clone());
        let from = relay.status.snapshot().position;
        wait_until("it works", LIMIT, async || relay.status.snapshot().position > from).await;
        relay.abort().await;
        last = stage.record(200).await;
    }
    // The end right after everything was acknowledged and before the checkpoint moved.
    let relay = Running::start(config.clone());
    relay.reaches(last).await;
    relay.stop().await;
    let moved = "UPDATE ledger.checkpoint SET position = 1000, \
                 event_id = (SELECT id FROM ledger.event WHERE position = 1000) WHERE name = 'relay'";
    assert_eq!(stage.database.owner().await.execute(moved, &[]).await.expect("moved back"), 1);
    let relay = Running::start(config);
    let last = stage.record(100).await;
    relay.reaches(last).await;
    let repeated = assert_i8(&stage.ledger, kafka.brokers(), &stage.topic).await;
    assert!(repeated >= 800, "what lay after the checkpoint came again: {repeated}");
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn i8_a_wiped_broker_is_filled_again_by_itself() {
    let Some(kafka) = Kafka::private() else { return };
    let stage = Stage::new(&kafka).await;
    let relay = Running::start(stage.config(&kafka));
    let last = stage.record(2_000).await;
    relay.reaches(last).await;

    // Wiped while there is work.
    let before = relay.status.snapshot().rewinds;
    kafka.wipe();
    stage.record(500).await;
    kafka.start();
    let last = stage.record(500).await;
    refilled(&relay, before, last).await;
    assert_i8(&stage.ledger, kafka.brokers(), &stage.topic).await;

    // Wiped while there is nothing to do.
    let before = relay.status.snapshot().rewinds;
    kafka.wipe();
    kafka.start();
    refilled(&relay, before, last).await;
    assert_eq!(assert_i8(&stage.ledger, kafka.brokers(), &stage.topic).await, 0);

    // Killed and started again with everything it had.
    kafka.kill();
    let last = stage.record(300).await;
    kafka.start();
    relay.reaches(last).await;
    assert_i8(&stage.ledger, kafka.brokers(), &stage.topic).await;
    relay.stop().await;
}

/// Waits until the relay has noticed that Kafka lost what it had, and has filled it again.
async fn refilled(relay: &Running, before: u64, last: Position) {
    wait_until("the relay rewinds and catches up", LIMIT, async || {
        let seen = relay.status.snapshot();
        assert!(!relay.task.is_finished(), "it must not give up");
        seen.rewinds > before && seen.position >= last
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_relays_is_active_and_the_other_takes_over() {
    let Some(kafka) = Kafka::shared() else { return };
    let stage = Stage::new(&kafka).await;
    let relays = [Running::start(stage.config(&kafka)), Running::start(stage.config(&kafka))];
    let active = || relays.iter().filter(|relay| relay.status.snapshot().active).count();
    wait_until("one is active", LIMIT, async || active() == 1).await;
    let last = stage.record(1_000).await;
    wait_until("it works", LIMIT, async || {
        relays.iter().any(|relay| relay.status.snapshot().position >= last)
    })
    .await;
    assert_eq!(active(), 1);

    // The connection with the lock is cut under load: one goes on, whichever.
    let owner = stage.database.owner().await;
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND application_name = 'chajipoa relay'";
    let holders = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted \
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    for _ in 0..3 {
        stage.record(300).await;
        owner.execute(cut, &[]).await.expect("cut");
        wait_until("the other or the same goes on", LIMIT, async || {
            let holders: i64 = owner.query_one(holders, &[]).await.expect("an answer").get(0);
            assert!(holders <= 1, "never two hold the lock");
            holders == 1 && active() == 1
        })
        .await;
    }
    let last = stage.record(300).await;
    wait_until("all is there", LIMIT, async || {
        relays.iter().any(|relay| relay.status.snapshot().position >= last)
    })
    .await;

    let [first, second] = relays;
    let (leaves, stays) = if first.status.snapshot().active { (first, second) } else { (second, first) };
    leaves.stop().await;
    let last = stage.record(300).await;
    stays.reaches(last).await;
    assert!(stays.status.snapshot().active);
    assert_i8(&stage.ledger, kafka.brokers(), &stage.topic).await;
    stays.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_of_another_ledger_is_refused() {
    let Some(kafka) = Kafka::shared() else { return };
    let (ours, mut theirs) = (Stage::new(&kafka).await, Stage::new(&kafka).await);
    let last = ours.record(10).await;
    let relay = Running::start(ours.config(&kafka));
    relay.reaches(last).await;
    relay.stop().await;
    theirs.topic.clone_from(&ours.topic);
    theirs.record(10).await;
    let refusal = Running::start(theirs.config(&kafka)).refusal().await;
    assert!(matches!(refusal, RelayError::OtherLedger { .. }), "{refusal}");
    assert_i8(&ours.ledger, kafka.brokers(), &ours.topic).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_ahead_of_the_ledger_is_refused_and_stays_as_it_is() {
    let Some(kafka) = Kafka::shared() else { return };
    let stage = Stage::new(&kafka).await;
    let last = stage.record(10).await;
    let relay = Running::start(stage.config(&kafka));
    relay.reaches(last).await;
    relay.stop().await;
    // What a restore to an earlier moment looks like from Kafka: the next event is there, the ledger lacks it.
    let mut event = stage.ledger.read_after(Position::new(9), 1).await.expect("readable").remove(0);
    event.position = last.next();
    event.id = SystemClock.id();
    produce(&stage, &kafka, &event).await;
    let refusal = Running::start(stage.config(&kafka)).refusal().await;
    assert!(matches!(refusal, RelayError::Ahead { position, .. } if position == last.next()), "{refusal}");
    assert!(refusal.to_string().contains("chajipoa ledger fork"), "it says what to do: {refusal}");
}

async fn produce(stage: &Stage, kafka: &Kafka, event: &Envelope) {
    let identity = stage.ledger.identity().await.expect("known");
    let headers =
        cloudevent::headers(&identity, event).iter().fold(OwnedHeaders::new(), |all, (key, value)| {
            all.insert(Header { key, value: Some(value.as_bytes()) })
        });
    let producer: ThreadedProducer<DefaultProducerContext> =
        ClientConfig::new().set("bootstrap.servers", kafka.brokers()).create().expect("a producer");
    let record: BaseRecord<'_, str, [u8]> =
        BaseRecord::to(&stage.topic).partition(0).payload(event.payload.as_ref()).headers(headers);
    assert!(producer.send(record).is_ok());
    producer.flush(LIMIT).expect("flushed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bell_in_the_same_process_wakes_it_and_few_in_flight_are_enough() {
    let Some(kafka) = Kafka::shared() else { return };
    let stage = Stage::new(&kafka).await;
    let bell = Bell::new();
    let mut config = stage.config(&kafka);
    config.bell = Some(bell.clone());
    config.max_in_flight = 3;
    let ringing = Stage { ledger: stage.ledger.clone().with_bell(bell), ..stage };
    let relay = Running::start(config);
    let last = ringing.record(400).await;
    relay.reaches(last).await;
    assert_eq!(assert_i8(&ringing.ledger, kafka.brokers(), &ringing.topic).await, 0);
    relay.stop().await;
}

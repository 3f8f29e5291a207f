//! The projector against a real Postgres: live equals rebuilt (I7), one writer at a time, poison, the switch.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::{
    event::{Projection, ProjectionEventSkipped},
    values::Reason,
};
use edge::{Clock as _, SystemClock, metrics::Metrics};
use ledger::{Ledger, Position, migrate::ServiceRole};
use projector::{
    ModelName, Projector, ProjectorError, Sources, State, diff, list, promote, rebuild, standing_before,
};
use tests::harness::{Database, Postgres, wait_until};
use tokio::sync::watch;

use crate::city::City;

const LIMIT: Duration = Duration::from_secs(60);

/// A ledger with a city in it, and what the projector needs.
pub(crate) struct Stage {
    pub(crate) database: Database,
    pub(crate) city: City,
    pub(crate) sources: Sources,
}

impl Stage {
    pub(crate) async fn new(citizens: usize) -> Self {
        let database = Postgres::shared().fresh_database().await;
        let ledger = Ledger::connect(&database.url(ServiceRole::Command), 4).expect("a ledger");
        let city = City::found(ledger, citizens).await;
        let url = database.url(ServiceRole::Projector);
        let ledger = Ledger::connect(&url, 6).expect("a ledger");
        let feed = ledger::feed::ledger_feed(&ledger, None);
        let sources = Sources { database_url: url, ledger, feed, clock: Arc::new(SystemClock) };
        Self { database, city, sources }
    }

    pub(crate) fn start(&self) -> Projector {
        Projector::start(&self.sources, &ModelName::ALL, &Metrics::new())
    }

    pub(crate) async fn count(&self, sql: &str) -> i64 {
        self.database.owner().await.query_one(sql, &[]).await.expect("an answer").get(0)
    }

    /// Records that a read model may pass over an event, as the ledger does once it is decided.
    pub(crate) async fn skip(&mut self, projection: Projection, position: Position) {
        let skipped = ProjectionEventSkipped {
            projection,
            position: position.get(),
            reason: Reason::parse("damaged by hand").expect("a reason"),
            requested_by: SystemClock.id(),
            approval_id: None,
            approved_by: None,
        };
        self.city.record(skipped.into()).await;
        self.city.flush().await;
    }

    pub(crate) async fn reaches(&self, position: Position) {
        for model in ModelName::ALL {
            self.model_reaches(model, position).await;
        }
    }

    pub(crate) async fn model_reaches(&self, model: ModelName, position: Position) {
        let client = self.database.owner().await;
        let sql = format!("SELECT position FROM ledger.projection WHERE name = '{model}' AND live");
        wait_until("the read model reaches the end", LIMIT, async || {
            let row = client.query_opt(&sql, &[]).await.expect("an answer");
            row.is_some_and(|row| row.get::<_, i64>(0) >= position.get())
        })
        .await;
    }
}

pub(crate) fn quiet(_: projector::Progress) {}

#[tokio::test(flavor = "multi_thread")]
async fn i7_live_equals_rebuilt_at_one_position_and_the_switch_goes_unnoticed() {
    let mut stage = Stage::new(40).await;
    let projector = stage.start();
    for (day, minutes) in [3, 45, 700, 3_000].into_iter().enumerate() {
        stage.city.day(minutes).await;
        stage.city.money(day).await;
    }
    let last = stage.city.flush().await;
    stage.reaches(last).await;

    let rebuilt = rebuild(&stage.sources, &ModelName::ALL, &quiet).await.expect("rebuilt");
    assert!(
        rebuilt.iter().all(|one| one.version == 2 && one.position == last && one.rows > 0),
        "{rebuilt:?}"
    );
    stage.city.day(20).await;
    stage.city.money(4).await;
    let last = stage.city.flush().await;
    let reader = reading(&stage.database);
    for model in ModelName::ALL {
        let difference = diff(&stage.sources, model, None).await.expect("compared");
        assert!(difference.is_none(), "{difference:?}");
        assert!(difference.tables.iter().any(|table| table.live_rows > 0));
        let promoted = promote(&stage.sources, model, None).await.expect("promoted");
        assert_eq!((promoted.version, promoted.live), (2, true));
    }
    stage.city.day(60).await;
    let last = last.max(stage.city.flush().await);
    stage.reaches(last).await;
    assert_eq!(stage.count("SELECT count(*) FROM read_model.rental").await, 40 * 6);
    assert_eq!(stage.count("SELECT sum(debit - credit)::bigint FROM read_model.account").await, 0);
    let rows = "SELECT count(*) FROM ledger.projection WHERE version = 2 AND live AND status = 'running'";
    wait_until("the loops follow the new versions", LIMIT, async || stage.count(rows).await == 4).await;
    let (stop, reads) = reader;
    stop.send_replace(true);
    assert!(reads.await.expect("no reader saw the switch") > 0);
    projector.stop().await;
}

/// Reads the views again and again as an app would, until it is told to stop; a switch must not show.
fn reading(database: &Database) -> (watch::Sender<bool>, tokio::task::JoinHandle<u32>) {
    let (stop, stopping) = watch::channel(false);
    let database = database.clone();
    let task = tokio::spawn(async move {
        let client = database.client(ServiceRole::Query).await;
        let sql = "SELECT p.position, (SELECT count(*) FROM read_model.rental), \
                   (SELECT max(position) FROM read_model.rental) FROM read_model.rentals_position p";
        let statement = client.prepare(sql).await.expect("prepared");
        let (mut reads, mut seen) = (0, (0, 0));
        while !*stopping.borrow() {
            let row = client.query_one(&statement, &[]).await.expect("a row, whatever happens to the views");
            let now: (i64, i64) = (row.get(0), row.get(1));
            assert!(now.0 >= seen.0 && now.1 >= seen.1, "{seen:?} {now:?}");
            assert!(row.get::<_, i64>(2) <= now.0, "rows beyond the position they are read with");
            (reads, seen) = (reads + 1, now);
        }
        reads
    });
    (stop, task)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_names_the_row_that_somebody_altered() {
    let mut stage = Stage::new(5).await;
    let projector = stage.start();
    stage.city.day(45).await;
    let last = stage.city.flush().await;
    stage.reaches(last).await;
    rebuild(&stage.sources, &[ModelName::Billing], &quiet).await.expect("rebuilt");
    let victim = stage.city.citizens[2].customer;
    let alter = format!("UPDATE billing_v1.balance SET balance = balance + 1 WHERE customer_id = '{victim}'");
    stage.database.owner().await.batch_execute(&alter).await.expect("altered");
    let difference = diff(&stage.sources, ModelName::Billing, None).await.expect("compared");
    let balance = difference.tables.iter().find(|table| table.table == "balance").expect("the table");
    assert_eq!(balance.differing, 1);
    assert_eq!(balance.rows[0].key, victim.to_string());
    let columns: Vec<(&str, Option<i64>)> =
        balance.rows[0].columns.iter().map(|(name, sides)| (name.as_str(), sides.by())).collect();
    assert_eq!(columns, [("balance", Some(-1))], "to the shilling");
    assert_eq!(
        (balance.money[0].column.as_str(), balance.money[0].rows, balance.money[0].by),
        ("balance", 1, -1)
    );
    assert_eq!(difference.tables.iter().map(|table| table.differing).sum::<i64>(), 1);
    assert!(difference.accounts.len() > 3 && difference.accounts.iter().all(|account| account.by() == 0));

    let alter = "UPDATE billing_v1.account SET credit = credit - 1 WHERE account = 2000";
    stage.database.owner().await.batch_execute(alter).await.expect("altered");
    let difference = diff(&stage.sources, ModelName::Billing, None).await.expect("compared");
    let wrong: Vec<(i64, i64)> = difference
        .accounts
        .iter()
        .filter(|account| account.by() != 0)
        .map(|account| (account.account, account.by()))
        .collect();
    assert_eq!(wrong, [(2000, -1)]);
    let gone = format!("DELETE FROM billing_v1.balance WHERE customer_id = '{victim}'");
    stage.database.owner().await.batch_execute(&gone).await.expect("removed");
    let difference = diff(&stage.sources, ModelName::Billing, None).await.expect("compared");
    let balance = difference.tables.iter().find(|table| table.table == "balance").expect("the table");
    assert_eq!(balance.live_rows + 1, balance.beside_rows);
    assert!(balance.rows[0].columns["debt"].live.is_none(), "there is no such row");
    let payment = stage.city.citizens[2].payment;
    let alter =
        format!("UPDATE billing_v1.payment_past SET amount = amount + 1 WHERE payment_id = '{payment}'");
    stage.database.owner().await.batch_execute(&alter).await.expect("altered");
    let difference = diff(&stage.sources, ModelName::Billing, None).await.expect("compared");
    let past = difference.tables.iter().find(|table| table.table == "payment_past").expect("the past");
    assert!(past.differing > 0 && past.rows[0].key.starts_with(&payment.to_string()), "{past:?}");
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn i7_two_projectors_write_every_event_once_and_one_takes_over() {
    let mut stage = Stage::new(10).await;
    let (first, second) = (stage.start(), stage.start());
    stage.city.day(30).await;
    let last = stage.city.flush().await;
    stage.reaches(last).await;
    let standing_by = |projector: &Projector| {
        projector.status().models().values().filter(|model| model.state == State::StandingBy).count()
    };
    assert_eq!(standing_by(&first) + standing_by(&second), 4);
    first.stop().await;
    stage.city.day(30).await;
    let last = stage.city.flush().await;
    stage.reaches(last).await;
    rebuild(&stage.sources, &ModelName::ALL, &quiet).await.expect("rebuilt");
    for model in ModelName::ALL {
        assert!(diff(&stage.sources, model, None).await.expect("compared").is_none());
    }
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_event_stops_the_model_that_cannot_read_it_until_it_is_skipped() {
    let mut stage = Stage::new(3).await;
    let projector = stage.start();
    let before = stage.city.flush().await;
    stage.reaches(before).await;
    let bad = stage.city.record_poison().await;
    stage.city.day(30).await;
    let last = stage.city.flush().await;
    let stopped =
        "SELECT count(*) FROM ledger.projection WHERE status = 'stopped' AND reason LIKE '%position%'";
    wait_until("the models stop", LIMIT, async || stage.count(stopped).await == 4).await;
    assert!(projector.status().models().values().all(|model| model.position == before));
    let wrong = standing_before(&stage.sources, ModelName::Rentals, last).await;
    assert!(matches!(wrong, Err(ProjectorError::NotStandingThere { .. })), "{wrong:?}");
    standing_before(&stage.sources, ModelName::Rentals, bad).await.expect("it stands there");
    stage.skip(Projection::Rentals, bad).await;
    stage.model_reaches(ModelName::Rentals, last).await;
    wait_until("the others stand", LIMIT, async || stage.count(stopped).await == 3).await;
    // What was passed over live is passed over by a rebuild; the other models cannot be rebuilt over it.
    rebuild(&stage.sources, &[ModelName::Rentals], &quiet).await.expect("rebuilt");
    assert!(diff(&stage.sources, ModelName::Rentals, None).await.expect("compared").is_none());
    let poisoned = rebuild(&stage.sources, &[ModelName::Billing], &quiet).await;
    assert!(
        matches!(&poisoned, Err(ProjectorError::Poison(poison)) if poison.position == bad),
        "{poisoned:?}"
    );
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_was_killed_is_begun_anew() {
    let mut stage = Stage::new(50).await;
    let projector = stage.start();
    for minutes in [30, 40, 50, 60, 70, 80] {
        stage.city.day(minutes).await;
    }
    let last = stage.city.flush().await;
    stage.reaches(last).await;
    let sources = stage.sources.clone();
    let heard = Arc::new(Mutex::new(0));
    let counter = Arc::clone(&heard);
    let task = tokio::spawn(async move {
        let count = move |_| *counter.lock().expect("not poisoned") += 1;
        rebuild(&sources, &[ModelName::Rentals], &count).await
    });
    wait_until("the rebuild has begun", LIMIT, async || *heard.lock().expect("not poisoned") > 0).await;
    task.abort();
    let _ = task.await;
    // The connection of the killed one ends a moment later; until then its lock is held.
    wait_until("the lock is free", LIMIT, async || {
        rebuild(&stage.sources, &[ModelName::Rentals], &quiet).await.is_ok()
    })
    .await;
    assert!(diff(&stage.sources, ModelName::Rentals, None).await.expect("compared").is_none());
    let versions = list(&stage.sources).await.expect("listed");
    assert_eq!(versions.iter().filter(|version| version.model == ModelName::Rentals).count(), 2);
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_was_restored_to_an_earlier_moment_is_noticed() {
    let mut stage = Stage::new(2).await;
    let last = stage.city.flush().await;
    let projector = stage.start();
    stage.reaches(last).await;
    projector.stop().await;
    let client = stage.database.owner().await;
    client.batch_execute("UPDATE ledger.ledger_head SET epoch = 2").await.expect("another epoch");
    let projector = stage.start();
    wait_until("every model refuses", LIMIT, async || {
        projector.status().models().values().all(|model| matches!(model.state, State::Stopped { .. }))
    })
    .await;
    projector.stop().await;
}

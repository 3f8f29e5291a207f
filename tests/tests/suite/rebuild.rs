//! `chajipoa projection rebuild`, killed with SIGKILL at chosen moments: nothing is left that nobody knows, the list says what
//! was left, the next rebuild starts over, and equals live.

use std::time::Duration;

use ledger::{Position, migrate::ServiceRole};
use serde_json::{Value, json};
use tests::harness::{Place, Process, wait_until};
use tokio_postgres::Client;

use crate::city::City;

const LIMIT: Duration = Duration::from_secs(60);

/// An installation with a city, a projector, and the owner of the database.
struct Stage {
    place: Place,
    owner: Client,
    projector: Process,
}

impl Stage {
    async fn new() -> Self {
        let place = Place::new().await;
        let mut city = City::found(place.ledger(), 10).await;
        for minutes in [30, 700, 50] {
            city.day(minutes).await;
        }
        let last = city.flush().await;
        let projector = place.service("projector", ServiceRole::Projector).start().await;
        wait_until("live stands at the end", LIMIT, async || {
            let all = place.projected().await;
            all.len() == 4 && all.iter().all(|position| Position::new(*position) >= last)
        })
        .await;
        let owner = place.database.owner().await;
        Self { place, owner, projector }
    }

    fn tool(&self, arguments: &[&str]) -> tests::harness::Spec {
        let arguments = [&["--json", "projection"], arguments].concat();
        self.place.spec(&arguments, &self.place.database.url(ServiceRole::Projector)).env("RUST_LOG", "error")
    }

    async fn run(&self, arguments: &[&str]) -> (bool, Value) {
        let spec = self.tool(arguments);
        let (status, said) = tokio::task::spawn_blocking(move || spec.run()).await.expect("it ends");
        (status.success(), serde_json::from_str(said.trim()).unwrap_or(json!(said)))
    }

    async fn count(&self, sql: &str) -> i64 {
        self.owner.query_one(sql, &[]).await.expect("an answer").get(0)
    }

    /// Waits until so many connections of projectors wait for a lock.
    async fn blocked(&self, on: &str) {
        let sql = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
             AND application_name = 'chajipoa-projector' AND wait_event_type = 'Lock' AND query LIKE '{on}'"
        );
        wait_until("the rebuild waits there", LIMIT, async || {
            // Within a transaction the view shows what it showed first, unless it is told to look again.
            self.owner.batch_execute("SELECT pg_stat_clear_snapshot()").await.expect("cleared");
            self.count(&sql).await > 0
        })
        .await;
    }

    /// Every schema of a version has its row and every row its schema.
    async fn nothing_unknown(&self) {
        let apart = "SELECT count(*) FROM \
             (SELECT nspname::text AS name FROM pg_namespace WHERE nspname ~ '^(rentals|billing|inventory|cases)_v[0-9]+$') s \
             FULL JOIN (SELECT name || '_v' || version AS name FROM ledger.projection) p USING (name) \
             WHERE s.name IS NULL OR p.name IS NULL";
        assert_eq!(self.count(apart).await, 0);
    }

    /// The versions of the books, as the tool lists them.
    async fn listed(&self) -> Vec<Value> {
        let (done, listed) = self.run(&["list"]).await;
        assert!(done, "{listed}");
        let all = listed.as_array().expect("a list").clone();
        all.into_iter().filter(|version| version["model"] == json!("billing")).collect()
    }

    /// The killed one's connections are gone: its lock is free.
    async fn let_go(&self) {
        let held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 7221002 \
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        wait_until("its lock is free", LIMIT, async || self.count(held).await == 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_killed_at_any_moment_leaves_nothing_unknown_and_starts_over() {
    let stage = Stage::new().await;
    // Before its version is written down.
    let lock = "BEGIN; LOCK TABLE ledger.projection IN SHARE MODE";
    stage.owner.batch_execute(lock).await.expect("locked");
    let mut tool = stage.tool(&["rebuild", "billing"]).launch();
    stage.blocked("INSERT INTO ledger.projection%").await;
    tool.kill9();
    stage.owner.batch_execute("COMMIT").await.expect("let go");
    stage.let_go().await;
    stage.nothing_unknown().await;

    // While it reads the ledger.
    let (mut tool, reader) = reading(&stage).await;
    tool.kill9();
    reader.batch_execute("COMMIT").await.expect("let go");
    stage.let_go().await;
    left_behind(&stage).await;

    // When its rows are in, and its position is not.
    let (mut tool, reader) = reading(&stage).await;
    let row =
        "BEGIN; SELECT 1 FROM ledger.projection WHERE name = 'billing' AND status = 'building' FOR UPDATE";
    stage.owner.batch_execute(row).await.expect("locked");
    reader.batch_execute("COMMIT").await.expect("let go");
    stage.blocked("UPDATE ledger.projection SET position%").await;
    tool.kill9();
    stage.owner.batch_execute("COMMIT").await.expect("let go");
    stage.let_go().await;
    left_behind(&stage).await;
    let left = stage.listed().await;
    let number = left.last().expect("left")["version"].to_string();
    let (done, said) = stage.run(&["drop", "billing", "--version", &number]).await;
    assert!(done, "{said}");
    assert_eq!(stage.listed().await.len(), 1);
    stage.nothing_unknown().await;

    for what in ["rebuild", "diff", "promote"] {
        let (done, said) = stage.run(&[what, "billing"]).await;
        assert!(done, "{what}: {said}");
    }
    stage.nothing_unknown().await;
    let live = stage.count("SELECT count(*) FROM ledger.projection WHERE live").await;
    assert_eq!(live, 4);
    drop(stage.projector);
}

/// A rebuild that has its empty version and waits for the first event.
async fn reading(stage: &Stage) -> (Process, Client) {
    let reader = stage.place.database.owner().await;
    reader.batch_execute("BEGIN; LOCK TABLE ledger.event IN ACCESS EXCLUSIVE MODE").await.expect("locked");
    let newest =
        stage.count("SELECT max(version)::bigint FROM ledger.projection WHERE name = 'billing'").await;
    let tool = stage.tool(&["rebuild", "billing"]).launch();
    // One that was left before is not the one that is waited for.
    let building = format!(
        "SELECT count(*) FROM ledger.projection WHERE name = 'billing' AND status = 'building' AND version > {newest}"
    );
    wait_until("the version is there", LIMIT, async || stage.count(&building).await == 1).await;
    (tool, reader)
}

/// What a killed rebuild leaves: a version that says so, and nothing that nobody knows.
async fn left_behind(stage: &Stage) {
    stage.nothing_unknown().await;
    let listed = stage.listed().await;
    assert_eq!(listed.len(), 2, "{listed:?}");
    assert_eq!(listed[1]["status"], json!("building"));
    assert!(listed[1]["reason"].as_str().unwrap_or_default().contains("starts over"), "{listed:?}");
}

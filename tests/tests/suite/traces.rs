//! Searching for the traces of a person: everywhere that anything is kept.
//!
//! Every service is a process of its own and says everything it can say; events go through a Kafka of their own. What is
//! searched: the whole folder of Postgres with its log and its write-ahead log, every table as text, the broker's folder
//! and its records, the installation's folder, every service's log. Not searched is the sandbox: it stands for the phone
//! network, and its messages are what came to the phone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use ledger::feed::TOPIC;
use tests::harness::{Client, Kafka, Place, PrivatePostgres, records, wait_until};
use uuid::Uuid;

use crate::parts::{COMMANDS, PROJECTOR, Parts, QUERIES, RELAY};
use crate::town::{id, phone};

const LIMIT: Duration = Duration::from_secs(90);

/// Everything there is, each part of its own.
pub(crate) struct Stage {
    pub(crate) parts: Parts,
    postgres: PrivatePostgres,
    kafka: Kafka,
}

impl Stage {
    pub(crate) async fn set(kafka: Kafka) -> Self {
        let postgres = tokio::task::spawn_blocking(PrivatePostgres::start).await.unwrap();
        let place = Place::on(postgres.cluster().fresh_database().await).with_kafka(kafka.brokers());
        let owner = place.database.owner().await;
        // What is squeezed cannot be searched.
        for statement in ["ALTER SYSTEM SET wal_compression = off", "SELECT pg_reload_conf()"] {
            owner.batch_execute(statement).await.unwrap();
        }
        let services = [COMMANDS, COMMANDS, RELAY, PROJECTOR, QUERIES];
        let parts = Parts::start(place, "debug", &services).await;
        Self { parts, postgres, kafka }
    }

    pub(crate) fn doors(&self) -> Vec<Client> {
        self.parts.of("command-api")
    }

    pub(crate) fn desk(&self) -> Client {
        self.parts.of("query-api").remove(0)
    }

    /// Every event as it is stored, by position.
    pub(crate) async fn events(&self) -> BTreeMap<i64, (Uuid, String)> {
        let owner = self.parts.place.database.owner().await;
        let all = "SELECT position, id, encode(payload, 'hex') || event::text FROM ledger.event";
        let rows = owner.query(all, &[]).await.unwrap();
        rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect()
    }

    pub(crate) async fn caught_up(&self) {
        let last = self.parts.place.last().await;
        wait_until("the read models have caught up", LIMIT, async || {
            let projected = self.parts.place.projected().await;
            projected.len() == 4 && projected.iter().all(|position| *position >= last)
        })
        .await;
    }
}

/// A person as they would be found.
pub(crate) struct Person {
    pub(crate) phone: String,
    pub(crate) name: String,
    pub(crate) later_name: String,
    pub(crate) secrets: Vec<String>,
    pub(crate) codes: Vec<String>,
}

impl Person {
    pub(crate) fn new() -> Self {
        let tag = &id().simple().to_string()[20..];
        Self {
            phone: phone(),
            name: format!("Zawadi Kipekee {tag}"),
            later_name: format!("Neema Tofauti {tag}"),
            secrets: [
                format!("alimtukana wakala {tag}"),
                format!("amesamehewa jana {tag}"),
                format!("imeibwa sokoni {tag}"),
            ]
            .to_vec(),
            codes: Vec::new(),
        }
    }

    pub(crate) fn nine(&self) -> &str {
        &self.phone[4..]
    }

    /// Everything by which they would be known. Each way of writing the phone ends in the nine digits.
    pub(crate) fn traces(&self) -> Vec<String> {
        let nine = self.nine();
        let mut clear = vec![nine.to_owned(), format!("0{nine}"), format!("255{nine}"), self.phone.clone()];
        clear.extend([self.name.clone(), self.later_name.clone()]);
        clear.extend(self.secrets.clone());
        let hidden: Vec<String> = clear.iter().map(hex::encode).collect();
        // Six digits alone are found by chance.
        let told = self.codes.iter().flat_map(|code| {
            [
                format!("ni {code}"),
                format!("code\":\"{code}"),
                format!("code\": \"{code}"),
                format!("\\\"{code}"),
            ]
        });
        clear.into_iter().chain(hidden).chain(told).collect()
    }
}

/// The files below a folder that hold one of these, letters large or small.
fn found_in(folder: &Path, traces: &[String]) -> Vec<PathBuf> {
    let list = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(list.path(), traces.join("\n")).unwrap();
    let output = Command::new("grep")
        .args(["-rliaF", "-f"])
        .args([list.path(), folder])
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    // 1: nothing was found; 2: something could not be read.
    assert!(output.status.code().is_some_and(|code| code < 2), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(PathBuf::from).collect()
}

/// Which of these a text holds.
fn held(text: &str, traces: &[String]) -> Vec<String> {
    let text = text.to_lowercase();
    traces.iter().filter(|trace| text.contains(&trace.to_lowercase())).cloned().collect()
}

/// Everything that Postgres holds, table by table.
async fn tables(stage: &Stage) -> Vec<(String, String)> {
    let owner = stage.parts.place.database.owner().await;
    let all = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables \
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema')";
    let mut found = Vec::new();
    for row in owner.query(all, &[]).await.unwrap() {
        let table: String = row.get(0);
        let text = format!("SELECT coalesce(string_agg(t::text, E'\\n'), '') FROM {table} t");
        found.push((table, owner.query_one(&text, &[]).await.unwrap().get(0)));
    }
    assert!(found.len() > 20, "{}", found.len());
    found
}

/// Nobody finds a trace, and would find one.
pub(crate) async fn nowhere(stage: &Stage, traces: &[String], control: &str) {
    let owner = stage.parts.place.database.owner().await;
    owner.batch_execute("VACUUM FULL").await.unwrap();
    for statement in ["SELECT pg_switch_wal()", "CHECKPOINT"] {
        owner.batch_execute(statement).await.unwrap();
    }
    let known = [control.to_owned()];
    let postgres = stage.postgres.home();
    assert!(!found_in(postgres, &known).is_empty(), "the search finds what is in Postgres");
    assert_eq!(found_in(postgres, traces), Vec::<PathBuf>::new());

    let dumped = tables(stage).await;
    let known = [hex::encode(control)];
    assert!(
        dumped.iter().any(|(_, text)| !held(text, &known).is_empty()),
        "the search finds what is in a table"
    );
    for (table, text) in dumped {
        assert_eq!(held(&text, traces), Vec::<String>::new(), "{table}");
    }

    let brokers = stage.kafka.brokers().to_owned();
    let carried = tokio::task::spawn_blocking(move || records(&brokers, TOPIC)).await.unwrap();
    assert_eq!(i64::try_from(carried.len()), Ok(stage.parts.place.last().await), "everything was carried");
    let carried: Vec<String> = carried
        .iter()
        .map(|(source, event)| format!("{source} {event:?} {}", String::from_utf8_lossy(&event.payload)))
        .collect();
    assert!(carried.iter().any(|record| record.contains(control)), "the search finds what is in Kafka");
    for record in carried {
        assert_eq!(held(&record, traces), Vec::<String>::new(), "{record}");
    }
    assert_eq!(found_in(stage.kafka.folder(), traces), Vec::<PathBuf>::new());
    assert_eq!(found_in(&stage.parts.place.data(), traces), Vec::<PathBuf>::new());

    for (name, process) in &stage.parts.processes {
        let log = process.log();
        assert!(log.contains("\"DEBUG\""), "{name} says everything");
        let lines: Vec<&str> = log.lines().filter(|line| !held(line, traces).is_empty()).take(3).collect();
        assert_eq!(lines, Vec::<&str>::new(), "the log of {name}");
    }
}

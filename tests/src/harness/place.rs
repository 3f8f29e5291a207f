//! An installation for a test: a database, a data directory with keys, and how each service is started on it.
#![allow(clippy::expect_used, reason = "without its files a test has failed")]

use std::path::PathBuf;

use ledger::Ledger;
use ledger::migrate::ServiceRole;
use serde_json::json;

use super::{Client, Database, Postgres, Process, Spec};

/// An installation. Its files go when it is dropped.
#[derive(Debug)]
pub struct Place {
    /// Its database.
    pub database: Database,
    folder: tempfile::TempDir,
    brokers: Option<String>,
}

impl Place {
    /// An installation on the shared cluster.
    pub async fn new() -> Self {
        Self::on(Postgres::shared().fresh_database().await)
    }

    /// An installation on this database.
    ///
    /// # Panics
    /// When its files cannot be written.
    #[must_use]
    pub fn on(database: Database) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the installation");
        let of = database.passwords();
        // `up` gives the logins these passwords; they belong to the whole cluster, so all must give the same.
        let passwords = json!({
            "command": of.command, "relay": of.relay, "projector": of.projector, "query": of.query,
            "reactor": of.reactor, "analyst": of.analyst,
        });
        std::fs::write(folder.path().join("passwords.json"), passwords.to_string()).expect("written");
        std::fs::create_dir(folder.path().join("keys")).expect("made");
        Self { database, folder, brokers: None }
    }

    /// The same, with events carried by this broker.
    #[must_use]
    pub fn with_kafka(self, brokers: &str) -> Self {
        Self { brokers: Some(brokers.to_owned()), ..self }
    }

    /// Where its files lie.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Where its keys lie.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.folder.path().join("keys")
    }

    /// Everything in one process.
    #[must_use]
    pub fn up(&self) -> Spec {
        self.spec(&["up"], &self.database.owner_url)
    }

    /// One service as a process of its own, with its own login.
    #[must_use]
    pub fn service(&self, name: &str, role: ServiceRole) -> Spec {
        self.spec(&[name], &self.database.url(role))
    }

    /// `chajipoa ARGUMENTS…` with a database.
    #[must_use]
    pub fn spec(&self, arguments: &[&str], url: &str) -> Spec {
        let spec = Spec::new(arguments)
            .env("DATABASE_URL", url)
            .env("DATABASE_READ_URL", url)
            .env("CHAJIPOA_DATA_DIR", self.data().to_string_lossy())
            .env("CHAJIPOA_KEYS", self.keys().to_string_lossy())
            // Stories of the past would meet deadlines that have long come. Who tests those says `true`.
            .env("CHAJIPOA_REACTOR", "false");
        match &self.brokers {
            Some(brokers) => spec.env("KAFKA_BROKERS", brokers),
            None => spec,
        }
    }

    /// A client of a running service.
    #[must_use]
    pub fn client(&self, process: &Process) -> Client {
        Client::new(&process.url(), &self.keys())
    }

    /// The ledger itself, to look behind the scenes.
    ///
    /// # Panics
    /// When its address cannot be understood.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        Ledger::connect(&self.database.url(ServiceRole::Command), 2).expect("a ledger")
    }

    /// The ledger's last position.
    ///
    /// # Panics
    /// When it cannot be read.
    pub async fn last(&self) -> i64 {
        self.ledger().last_position().await.expect("readable").get()
    }

    /// The positions of the live read models; empty while there are none.
    ///
    /// # Panics
    /// When they cannot be read.
    pub async fn projected(&self) -> Vec<i64> {
        let live = "SELECT position FROM ledger.projection WHERE live ORDER BY name";
        let rows = self.database.owner().await.query(live, &[]).await.expect("readable");
        rows.iter().map(|row| row.get(0)).collect()
    }
}

//! Databases for tests: each a copy of one template that was migrated once, with a ledger id of its own.
//!
//! The logins belong to the whole cluster and so do their passwords; they are derived from the superuser's, so that
//! all test programs of one run set the same ones. Databases are not dropped: the cluster goes with the run.
#![allow(clippy::panic, clippy::expect_used, reason = "without its database a test has failed")]

use std::path::Path;
use std::time::Duration;

use edge::{Clock as _, SystemClock};
use ledger::migrate::{RolePasswords, ServiceRole, run, service_url};
use tokio_postgres::{Client, NoTls};

use super::wait::wait_until;

/// The migrated database that the others are copies of.
const TEMPLATE: &str = "chajipoa_template";
/// What the template is called until it is complete.
const UNFINISHED: &str = "chajipoa_template_new";
/// The advisory lock under which the template is made, over all test programs of one cluster.
const TEMPLATE_LOCK: i64 = 7_229_001;
/// Waiting for others to let go of the template, and for sessions to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// The test cluster.
#[derive(Debug, Clone)]
pub struct Postgres {
    superuser: String,
}

/// One test's database, and how each service reaches it.
#[derive(Debug, Clone)]
pub struct Database {
    /// Its name in the cluster.
    pub name: String,
    /// The owner's URL, a superuser here: for `migrate`, `up` and looking behind the scenes.
    pub owner_url: String,
    passwords: RolePasswords,
}

impl Postgres {
    /// The cluster that `scripts/with-services.sh` started.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn shared() -> Self {
        let superuser = std::env::var("CHAJIPOA_TEST_PG")
            .expect("CHAJIPOA_TEST_PG is set: run the tests through scripts/with-services.sh");
        Self { superuser }
    }

    /// A cluster at this superuser's URL, for tests that stop and start one of their own.
    #[must_use]
    pub fn at(superuser: impl Into<String>) -> Self {
        Self { superuser: superuser.into() }
    }

    /// A database of one's own, migrated, empty, with its own ledger id.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn fresh_database(&self) -> Database {
        self.ensure_template().await;
        let name = format!("test_{}", unique());
        let admin = self.client("postgres").await;
        let create = format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}");
        // Someone who looks into the template keeps it from being copied for that moment.
        wait_until("the template can be copied", PATIENCE, async || {
            admin.batch_execute(&create).await.is_ok()
        })
        .await;
        let database = self.database(name);
        // Rights on a database are not copied with it.
        run(&database.owner_url, &database.passwords).await.expect("the copy is migrated");
        let client = database.owner().await;
        let own_id = "UPDATE ledger.ledger_head SET ledger_id = gen_random_uuid()";
        assert_eq!(client.execute(own_id, &[]).await.expect("a ledger id of its own"), 1);
        database
    }

    /// An empty database that was never migrated.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn empty_database(&self) -> Database {
        let name = format!("test_{}", unique());
        let admin = self.client("postgres").await;
        admin.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("an empty database");
        self.database(name)
    }

    async fn ensure_template(&self) {
        let admin = self.client("postgres").await;
        admin.execute("SELECT pg_advisory_lock($1)", &[&TEMPLATE_LOCK]).await.expect("the lock");
        if !exists(&admin, TEMPLATE).await {
            admin
                .batch_execute(&format!("DROP DATABASE IF EXISTS {UNFINISHED} WITH (FORCE)"))
                .await
                .expect("dropped");
            admin.batch_execute(&format!("CREATE DATABASE {UNFINISHED}")).await.expect("created");
            let unfinished = self.database(UNFINISHED.to_owned());
            run(&unfinished.owner_url, &unfinished.passwords).await.expect("the migrations run");
            let rename = format!("ALTER DATABASE {UNFINISHED} RENAME TO {TEMPLATE}");
            // The migrating session ends a moment after its last answer.
            wait_until("the template is free", PATIENCE, async || admin.batch_execute(&rename).await.is_ok())
                .await;
        }
        admin.execute("SELECT pg_advisory_unlock($1)", &[&TEMPLATE_LOCK]).await.expect("unlocked");
    }

    async fn client(&self, database: &str) -> Client {
        connect(&self.url(database)).await
    }

    fn database(&self, name: String) -> Database {
        Database { owner_url: self.url(&name), name, passwords: self.passwords() }
    }

    /// The superuser's URL with another database.
    fn url(&self, database: &str) -> String {
        let (server, _) =
            self.superuser.rsplit_once('/').expect("postgres://user:password@host:port/database");
        format!("{server}/{database}")
    }

    fn passwords(&self) -> RolePasswords {
        let of = |role: ServiceRole| {
            let server = self.url(role.as_str());
            let digest = ring::digest::digest(&ring::digest::SHA256, server.as_bytes());
            hex::encode(digest)
        };
        RolePasswords {
            command: of(ServiceRole::Command),
            relay: of(ServiceRole::Relay),
            projector: of(ServiceRole::Projector),
            query: of(ServiceRole::Query),
            reactor: of(ServiceRole::Reactor),
            analyst: of(ServiceRole::Analyst),
        }
    }
}

impl Database {
    /// A service's URL for this database.
    ///
    /// # Panics
    /// When the owner's URL is not one.
    #[must_use]
    pub fn url(&self, role: ServiceRole) -> String {
        service_url(&self.owner_url, role, self.passwords.of(role)).expect("the owner's URL is one")
    }

    /// The passwords of the logins, which belong to the whole cluster.
    #[must_use]
    pub fn passwords(&self) -> &RolePasswords {
        &self.passwords
    }

    /// Puts the logins' passwords where an installation keeps its own, so that a `chajipoa up` or `migrate` on this
    /// folder leaves them as they are: they belong to every test of the cluster.
    ///
    /// # Panics
    /// When the folder cannot be written.
    pub fn prepare_installation(&self, data: &Path) {
        let RolePasswords { command, relay, projector, query, reactor, analyst } = &self.passwords;
        let stored = serde_json::json!({
            "command": command, "relay": relay, "projector": projector,
            "query": query, "reactor": reactor, "analyst": analyst,
        });
        std::fs::create_dir_all(data).expect("a folder");
        std::fs::write(data.join("passwords.json"), stored.to_string()).expect("written");
    }

    /// A connection as the owner, to look behind the scenes.
    pub async fn owner(&self) -> Client {
        connect(&self.owner_url).await
    }

    /// A connection as a service.
    pub async fn client(&self, role: ServiceRole) -> Client {
        connect(&self.url(role)).await
    }
}

/// Letters and digits that nobody else has, fit for names of databases and topics.
#[must_use]
pub(super) fn unique() -> String {
    SystemClock.id().simple().to_string()
}

async fn exists(admin: &Client, database: &str) -> bool {
    let question = "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)";
    admin.query_one(question, &[&database]).await.expect("an answer").get(0)
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the test cluster answers");
    // It ends when the client is dropped; a break shows as an error of the client.
    tokio::spawn(connection);
    client
}

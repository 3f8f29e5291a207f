//! The ground the bench stands on: a private cluster, its databases, and services on them.
//!
//! Databases are copied from each other, so every round begins with the same ledger and nothing is set up twice.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chajipoa::cluster::PrivateCluster;
use chajipoa::installation::{Installation, Urls};
use edge::SystemClock;
use edge::token::TokenKeys;
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

use super::error::BenchError;
use crate::harness::{Process, Spec};

/// The cluster of a run. Dropping it stops and removes everything.
pub(super) struct Ground {
    cluster: PrivateCluster,
    pub(super) installation: Installation,
    pub(super) keys: Arc<TokenKeys>,
    /// Last, because what lies in it is in use until the others are gone.
    folder: TempDir,
}

/// A database with the ledger's schema.
#[derive(Debug, Clone)]
pub(super) struct Database {
    pub(super) owner_url: String,
    pub(super) urls: Urls,
}

impl Ground {
    /// Makes the cluster in a new folder of `place`.
    pub(super) async fn open(place: &Path) -> Result<Self, BenchError> {
        // The database's own user has to be able to reach it.
        let open_to_enter = std::fs::Permissions::from_mode(0o755);
        let folder = tempfile::Builder::new()
            .prefix("chajipoa-bench-")
            .permissions(open_to_enter)
            .tempdir_in(place)
            .map_err(BenchError::io(format!("a folder in {}", place.display())))?;
        let local = folder.path().to_owned();
        let cluster = tokio::task::spawn_blocking(move || PrivateCluster::open(&local)).await??;
        let data = folder.path().join("installation");
        let installation =
            Installation { keys: data.join("keys"), checkpoints: data.join("checkpoints"), data };
        installation.make()?;
        let keys = Arc::new(TokenKeys::open_or_create(&installation.keys, &SystemClock)?);
        let ground = Self { cluster, installation, keys, folder };
        ground.insist_on_durability().await?;
        Ok(ground)
    }

    /// A measurement on a server that forgets is none.
    async fn insist_on_durability(&self) -> Result<(), BenchError> {
        let client = self.client("postgres").await?;
        for name in ["fsync", "full_page_writes", "synchronous_commit"] {
            let value: String = client.query_one(&format!("SHOW {name}"), &[]).await?.try_get(0)?;
            if value != "on" {
                return Err(BenchError::wrong(format!("{name} is {value}")));
            }
        }
        Ok(())
    }

    /// A folder for files of the run.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The superuser's URL of a database.
    pub(super) fn url(&self, database: &str) -> String {
        self.cluster.connection().url(database)
    }

    /// The superuser in a database.
    pub(super) async fn client(&self, database: &str) -> Result<Client, BenchError> {
        connect(&self.url(database)).await
    }

    /// An empty database without a schema.
    pub(super) async fn bare(&self, name: &str) -> Result<Client, BenchError> {
        let admin = self.client("postgres").await?;
        admin.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
        admin.batch_execute(&format!("CREATE DATABASE {name}")).await?;
        self.client(name).await
    }

    /// An empty ledger.
    pub(super) async fn fresh(&self, name: &str) -> Result<Database, BenchError> {
        self.bare(name).await?;
        self.migrated(name).await
    }

    /// A ledger like another one, replacing what had that name.
    pub(super) async fn copy(&self, name: &str, of: &str) -> Result<Database, BenchError> {
        let admin = self.client("postgres").await?;
        admin.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
        let create = format!("CREATE DATABASE {name} TEMPLATE {of} STRATEGY file_copy");
        // Sessions that were dropped a moment ago may still hold the template.
        crate::harness::wait_until("the database can be copied", super::load::PATIENCE, async || {
            admin.batch_execute(&create).await.is_ok()
        })
        .await;
        self.migrated(name).await
    }

    async fn migrated(&self, name: &str) -> Result<Database, BenchError> {
        let owner_url = self.url(name);
        let urls = self.installation.migrate(&owner_url).await?;
        // What a database of that name had published before is nothing of this one.
        let published = self.published(&owner_url);
        if published.exists() {
            std::fs::remove_dir_all(&published).map_err(BenchError::io("forget published checkpoints"))?;
        }
        Ok(Database { owner_url, urls })
    }

    /// Writes everything out, what the broker left to the system included, so that a measurement does not pay for what
    /// was before it.
    pub(super) async fn settle(&self) -> Result<(), BenchError> {
        self.client("postgres").await?.batch_execute("CHECKPOINT").await?;
        let synced =
            tokio::process::Command::new("sync").status().await.map_err(BenchError::io("run sync"))?;
        if synced.success() { Ok(()) } else { Err(BenchError::wrong(format!("sync: {synced}"))) }
    }

    /// The real command-api, alone, on a database.
    pub(super) async fn command_api(&self, database: &Database) -> Process {
        self.spec("command-api", database).env("DATABASE_URL", &database.urls.command).start().await
    }

    /// Everything in one process, with Kafka between the ledger and the read models.
    pub(super) async fn everything(&self, database: &Database, brokers: &str) -> Process {
        let spec = self.spec("up", database).env("DATABASE_URL", &database.owner_url);
        spec.env("KAFKA_BROKERS", brokers).start().await
    }

    /// Where the checkpoints of a database are published: each has its own folder.
    fn published(&self, owner_url: &str) -> PathBuf {
        self.installation.checkpoints.join(owner_url.rsplit('/').next().unwrap_or_default())
    }

    fn spec(&self, service: &str, database: &Database) -> Spec {
        let Installation { data, keys, .. } = &self.installation;
        Spec::new(&[service])
            .env("RUST_LOG", "warn")
            .env("CHAJIPOA_DATA_DIR", data.to_string_lossy())
            .env("CHAJIPOA_KEYS", keys.to_string_lossy())
            .env("CHAJIPOA_CHECKPOINTS", self.published(&database.owner_url).to_string_lossy())
    }
}

/// A connection that ends with its client.
pub(super) async fn connect(url: &str) -> Result<Client, BenchError> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    // A break shows as an error of the client.
    tokio::spawn(connection);
    Ok(client)
}

/// The last position of a ledger.
pub(super) async fn last_position(owner: &Client) -> Result<i64, BenchError> {
    let last = "SELECT coalesce(max(position), 0) FROM ledger.event";
    Ok(owner.query_one(last, &[]).await?.try_get(0)?)
}

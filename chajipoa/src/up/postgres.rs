//! The database of the single machine: the private cluster, or the one that `DATABASE_URL` names.

use std::sync::Arc;
use std::time::Duration;

use edge::{pace::rest, settings};
use tokio::sync::Mutex;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::{
    cli::Failure,
    cluster::PrivateCluster,
    installation::{DATABASE, Installation},
};

/// How often it is looked whether the private cluster still runs.
const LOOK_AFTER: Duration = Duration::from_secs(2);

/// The database, started if it is ours.
pub(super) struct Postgres {
    owner_url: String,
    private: Option<Private>,
}

struct Private {
    cluster: Arc<Mutex<Option<PrivateCluster>>>,
    watch: JoinHandle<()>,
}

impl Postgres {
    pub(super) async fn open(installation: &Installation) -> Result<Postgres, Failure> {
        if let Some(owner_url) = settings::text("DATABASE_URL")? {
            return Ok(Postgres { owner_url, private: None });
        }
        let data = installation.data.clone();
        let cluster = spawn_blocking(move || PrivateCluster::open(&data)).await.map_err(Failure::other)??;
        let connection = cluster.connection().clone();
        create_database(&connection.url("postgres")).await?;
        let cluster = Arc::new(Mutex::new(Some(cluster)));
        let watch = tokio::spawn(keep_running(Arc::clone(&cluster)));
        Ok(Postgres { owner_url: connection.url(DATABASE), private: Some(Private { cluster, watch }) })
    }

    pub(super) fn owner_url(&self) -> &str {
        &self.owner_url
    }

    pub(super) async fn stop(&mut self) -> Result<(), Failure> {
        let Some(private) = self.private.take() else { return Ok(()) };
        private.watch.abort();
        let Some(cluster) = private.cluster.lock().await.take() else { return Ok(()) };
        spawn_blocking(move || cluster.stop()).await.map_err(Failure::other)??;
        Ok(())
    }
}

/// Starts the private cluster again if it ends while we run.
async fn keep_running(cluster: Arc<Mutex<Option<PrivateCluster>>>) {
    loop {
        rest(LOOK_AFTER).await;
        let mut held = cluster.lock().await;
        let Some(mut running) = held.take() else { return };
        let looked = spawn_blocking(move || {
            let outcome = running.ensure_running();
            (running, outcome)
        });
        match looked.await {
            Ok((running, outcome)) => {
                *held = Some(running);
                if let Err(error) = outcome {
                    let reason: &dyn std::error::Error = &error;
                    tracing::error!(error = reason, "Postgres has ended and does not start");
                }
            }
            Err(error) => {
                tracing::error!(%error, "Postgres cannot be looked after");
                return;
            }
        }
    }
}

async fn create_database(url: &str) -> Result<(), Failure> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    let connection = tokio::spawn(connection);
    let there = client.query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&DATABASE]).await?;
    if there.is_none() {
        client.batch_execute(&format!("CREATE DATABASE {DATABASE}")).await?;
    }
    drop(client);
    connection.await.map_err(Failure::other)?.map_err(Failure::from)
}

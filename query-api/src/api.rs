//! The service: what it is made of, how it is mounted, and what it says about itself.

use std::{io, str::FromStr as _, sync::Arc};

use actix_web::web::{Bytes, ServiceConfig};
use edge::{
    Clock,
    http::{ServerOptions, Serving, Site, serve},
    monitoring::Part,
};
use ledger::{
    Bell, Ledger, LedgerError,
    guard::GuardError,
    seal::{Keys, Sealer},
};
use tokio::sync::Semaphore;
use tokio_postgres::Config;

use crate::{
    documents,
    gbfs::Shelf,
    live::{Hub, Tools},
    operations,
    projections::About,
    read::{Desk, Stacks, Waiters},
};

/// What the service is made of.
#[derive(Clone)]
pub struct Ingredients {
    /// The database that reads go to, with the login `chajipoa_query`: the primary or a replica of it.
    pub read_url: String,
    /// The primary, with the same login: the fate of a command is read there.
    pub primary_url: String,
    /// Connections of the pool for reads that may take longer.
    pub pool: usize,
    /// The keys of `CHAJIPOA_KEYS`, to unseal where somebody may see.
    pub keys: Keys,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The OpenAPI documents of what is served beside the queries.
    pub documents: Vec<utoipa::openapi::OpenApi>,
    /// How many live streams the process holds at most.
    pub streams: usize,
    /// Rings when commands of the same process were recorded; without it, live streams poll the ledger.
    pub bell: Option<Bell>,
}

/// How many live streams a process holds, unless it is set.
pub const STREAMS: usize = 12_000;

impl std::fmt::Debug for Ingredients {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ingredients").field("pool", &self.pool).finish_non_exhaustive()
    }
}

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address of the database cannot be understood.
    #[error("the database address is not usable")]
    Address(#[source] tokio_postgres::Error),
    /// The ledger cannot be used.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Its login could alter the ledger: the process ends with 2.
    #[error(transparent)]
    Guard(#[from] GuardError),
}

/// Reads only. Clones share everything but the connections of each worker.
#[derive(Clone)]
pub struct QueryApi {
    stacks: Stacks,
    document: Bytes,
}

impl std::fmt::Debug for QueryApi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QueryApi").field("read", &self.stacks.read).finish_non_exhaustive()
    }
}

impl QueryApi {
    /// Checks the login and prepares to serve. The read models need not be built yet.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(ingredients: Ingredients) -> Result<Self, StartError> {
        let Ingredients { read_url, primary_url, pool, keys, clock, documents, streams, bell } = ingredients;
        let config = line_config(&read_url)?;
        let read = Ledger::connect(&read_url, pool)?;
        let primary =
            if primary_url == read_url { read.clone() } else { Ledger::connect(&primary_url, pool)? };
        primary.assert_append_only().await?;
        let directory = keys.directory().to_owned();
        let sealer = Sealer::new(keys, primary.clone(), primary.identity().await?);
        let waiters = Waiters::new(read.pool().clone());
        let tools = Tools { ledger: primary.clone(), bell, clock: Arc::clone(&clock), most: streams };
        let (live, shelf) = (Hub::start(tools), Shelf::default());
        let exports = Arc::new(Semaphore::new(operations::EXPORTS));
        let stacks =
            Stacks { read, primary, waiters, clock, config, live, shelf, sealer, exports, keys: directory };
        Ok(Self { stacks, document: Bytes::from(documents::joined(documents)) })
    }

    /// Mounts the paths of this service. Each worker that runs it gets a connection of its own.
    pub fn configure(&self) -> impl Fn(&mut ServiceConfig) + Clone + Send + use<> + 'static {
        let (stacks, document) = (self.stacks.clone(), self.document.clone());
        move |config: &mut ServiceConfig| {
            config.app_data(Desk::new(stacks.clone()));
            operations::mount(config);
            documents::mount(config, &document);
        }
    }

    /// What it says about itself.
    #[must_use]
    pub fn part(&self) -> Arc<dyn Part> {
        Arc::new(About { ledger: self.stacks.read.clone(), live: self.stacks.live.clone() })
    }

    /// The live streams: to end those of a session, and all of them before the server is stopped.
    #[must_use]
    pub fn live(&self) -> &Hub {
        &self.stacks.live
    }

    /// Serves on its own. `site` has the verifier, the metrics and the parts, [`QueryApi::part`] among them.
    ///
    /// # Errors
    /// The address cannot be listened at.
    pub fn serve(&self, options: &ServerOptions, site: Site) -> io::Result<Serving> {
        serve(options, site, self.configure())
    }
}

/// A worker's connection gives up a statement before the request gives up on it.
fn line_config(url: &str) -> Result<Config, StartError> {
    let mut config = Config::from_str(url).map_err(StartError::Address)?;
    config.application_name("chajipoa-query-api");
    config.options("-c statement_timeout=5000 -c default_transaction_read_only=on");
    Ok(config)
}

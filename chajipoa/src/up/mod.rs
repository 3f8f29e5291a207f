//! Everything on one machine, in one process: a private Postgres, commands, projections, queries.
//!
//! The very code of the separate services is mounted beside each other; without `KAFKA_BROKERS` the projections follow
//! the ledger itself, woken by the bell that rings after each append. Data survives a restart; Ctrl-C stops
//! everything, Postgres last. The sandbox stands beside it on a port of its own, unless it is left out of the build or
//! `CHAJIPOA_SANDBOX_BIND` is `off`.

mod banner;
mod postgres;
mod reacting;
mod renewing;

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::web::ServiceConfig;
use edge::{
    http::{ServerOptions, Site},
    metrics::Metrics,
    monitoring::Part,
    settings,
};
use ledger::Bell;
use projector::{ModelName, Projector};
use relay::{Relay, RelayConfig};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::{
    api::Api,
    cli::Failure,
    installation::{Installation, Urls},
    seed,
    services::{self, Sealing},
    stand_ins::StandIns,
};
use postgres::Postgres;
use reacting::Reacting;

/// Where the one process listens.
pub const DEFAULT_BIND: &str = "127.0.0.1:8080";

/// Runs everything until the process is asked to stop.
///
/// # Errors
/// Something does not start; the message says what to do.
pub async fn run() -> Result<(), Failure> {
    let installation = Installation::of_environment()?;
    installation.make()?;
    let mut postgres = Postgres::open(&installation).await?;
    let served = serve(&installation, postgres.owner_url()).await;
    postgres.stop().await?;
    served
}

async fn serve(installation: &Installation, owner_url: &str) -> Result<(), Failure> {
    let urls = installation.migrate(owner_url).await?;
    renewing::look_after_keys(installation, owner_url).await?;
    let (metrics, bell) = (Metrics::new(), Bell::new());
    let brokers = settings::text("KAFKA_BROKERS")?;
    let tokens = services::tokens(installation)?;
    let verifier = Arc::clone(&tokens.verifier);
    let commands = services::command_api(&urls.command, installation, tokens, (&bell, &metrics)).await?;
    let read_url = settings::text("DATABASE_READ_URL")?;
    let queries = services::query_api(&urls.query, read_url, installation, Some(bell.clone())).await?;
    let sources = services::projector_sources(&urls.projector, brokers.clone(), Some(bell.clone())).await?;
    let projector = Projector::start(&sources, &ModelName::ALL, &metrics);
    let reacting = Reacting::prepare(&urls, brokers.clone(), (&bell, &metrics)).await?;
    let relay = brokers.map(|brokers| Relaying::start(&urls, brokers, &bell, &metrics)).transpose()?;
    let sealing = Sealing::start(services::sealer(&urls.relay, installation, &metrics)?);

    let mut parts: Vec<Arc<dyn Part>> =
        vec![Arc::new(commands.clone()), queries.part(), Arc::new(projector.status().clone())];
    parts.extend(reacting.parts());
    parts.extend(relay.iter().map(|relay| Arc::clone(&relay.part)));
    parts.push(Arc::clone(&sealing.part));
    let endings = (verifier.endings(), queries.live().clone(), Arc::downgrade(&verifier));
    tokio::spawn(services::end_streams(endings.0, endings.1, endings.2));
    let site = Site::new(services::clock(), verifier, &metrics, parts).limited_by(services::limits()?);
    let bind = settings::text("CHAJIPOA_BIND")?.unwrap_or_else(|| DEFAULT_BIND.to_owned());
    let (mount_commands, mount_queries) = (commands.configure(), queries.configure());
    let serving = edge::http::serve(&ServerOptions::at(bind), site, move |config: &mut ServiceConfig| {
        mount_commands(config);
        mount_queries(config);
    })?;
    services::announce(&serving);
    let address = serving.addresses.first().copied().map(reacting::reachable);
    let stand_ins = StandIns::start(installation, address).await?;
    let reacting = reacting.start(address, stand_ins.url(), installation)?;
    let greeting = tokio::spawn(greet(installation.clone(), address, stand_ins.url()));
    let stopping = || queries.live().stop();
    let served = services::serve_until_stopping(serving, std::future::pending(), stopping).await;
    greeting.abort();
    reacting.stop().await;
    stand_ins.stop().await;
    projector.stop().await;
    sealing.stop().await;
    if let Some(relay) = relay {
        relay.stop().await;
    }
    served
}

/// Seeds the demo city on the first start, then says that everything is ready.
async fn greet(installation: Installation, address: Option<SocketAddr>, sandbox: Option<String>) {
    let Some(address) = address else { return };
    let base = format!("http://{address}");
    if let Err(failure) = seed_city(&installation, &base).await {
        tracing::error!(error = %failure, "the demo city could not be seeded; `chajipoa seed` tries again");
    }
    #[cfg(feature = "sandbox")]
    if let Some(sandbox) = &sandbox
        && let Err(failure) = furnish(&installation, &base, sandbox).await
    {
        tracing::error!(error = %failure, "the demo city has no cabinets; `chajipoa seed` tries again");
    }
    banner::show(&base, &installation.data, sandbox.as_deref());
}

#[cfg(feature = "sandbox")]
async fn furnish(installation: &Installation, base: &str, sandbox: &str) -> Result<(), Failure> {
    let keys = edge::token::TokenKeys::open_or_create(&installation.keys, &edge::SystemClock)?;
    crate::stand_ins::furnish(&Api::new(base, keys)?, sandbox).await
}

async fn seed_city(installation: &Installation, base: &str) -> Result<(), Failure> {
    let keys = edge::token::TokenKeys::open_or_create(&installation.keys, &edge::SystemClock)?;
    seed::run(&Api::new(base, keys)?).await?;
    Ok(())
}

/// The relay beside everything else.
struct Relaying {
    part: Arc<dyn Part>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Relaying {
    fn start(urls: &Urls, brokers: String, bell: &Bell, metrics: &Metrics) -> Result<Relaying, Failure> {
        let mut config = RelayConfig::new(urls.relay.clone(), brokers);
        config.bell = Some(bell.clone());
        let relay = Relay::new(config, metrics)?;
        let part: Arc<dyn Part> = relay.status();
        let (stop, mut stopping) = watch::channel(false);
        let task = tokio::spawn(async move {
            let stopped = async move {
                // The sender is dropped or says so: both mean stop.
                let _ = stopping.wait_for(|stop| *stop).await;
            };
            if let Err(error) = relay.run(stopped).await {
                let reason: &dyn std::error::Error = &error;
                tracing::error!(error = reason, "the relay has ended; everything else goes on");
            }
        });
        Ok(Relaying { part, stop, task })
    }

    async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the relay's task failed");
        }
    }
}

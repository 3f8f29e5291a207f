//! projector: events become read models.

use std::sync::Arc;

use edge::{metrics::Metrics, monitoring::Part, settings};
use ledger::{
    Bell, Ledger,
    feed::{FeedSource, KafkaFeed, KafkaFeedConfig, OffsetHint, TOPIC, ledger_feed},
};
use projector::{ModelName, Projector, Sources};

use super::serving::{announce, clock, database_answers, monitored, serve_until_stopped};
use crate::{cli::Failure, installation::Installation};

/// Connections of the projector's feeds.
const PROJECTOR_READERS: usize = 4;

/// What the projector reads from and writes to: Kafka if there are brokers, else the ledger itself.
///
/// # Errors
/// The URL cannot be understood, or the database is away.
pub async fn projector_sources(
    url: &str,
    brokers: Option<String>,
    bell: Option<Bell>,
) -> Result<Sources, Failure> {
    let ledger = Ledger::connect(url, PROJECTOR_READERS)?;
    let feed = match brokers {
        None => ledger_feed(&ledger, bell),
        Some(brokers) => kafka_feed(&ledger, brokers).await?,
    };
    Ok(Sources { database_url: url.to_owned(), ledger, feed, clock: clock() })
}

pub(super) async fn kafka_feed(ledger: &Ledger, brokers: String) -> Result<FeedSource, Failure> {
    let identity = ledger.identity().await?;
    let ledger = ledger.clone();
    Ok(Arc::new(move |after| {
        // The topic holds every position from 1 on at least once, so none lies before the offset one below it: no need
        // to read what is known from the beginning. The feed proves the hint, and starts over if it misleads.
        let earliest = ledger::Position::get(after).saturating_sub(1).max(0);
        let hint = Some(OffsetHint { position: after, offset: earliest });
        let config = KafkaFeedConfig { brokers: brokers.clone(), topic: TOPIC.to_owned(), identity, hint };
        Ok(Box::new(KafkaFeed::new(config, ledger.clone(), after)?))
    }))
}

/// projector as a process of its own.
///
/// # Errors
/// The database is away, or a setting is missing.
pub async fn run_projector() -> Result<(), Failure> {
    let installation = Installation::of_environment()?;
    let metrics = Metrics::new();
    let url = settings::required("DATABASE_URL")?;
    database_answers(&url).await?;
    let sources = projector_sources(&url, settings::text("KAFKA_BROKERS")?, None).await?;
    let projector = Projector::start(&sources, &ModelName::ALL, &metrics);
    let part: Arc<dyn Part> = Arc::new(projector.status().clone());
    let serving = monitored(&installation, vec![part], &metrics, "127.0.0.1:8085")?;
    announce(&serving);
    let served = serve_until_stopped(serving, std::future::pending()).await;
    projector.stop().await;
    served
}

//! query-api: what is read, and what is told as it happens.

use std::sync::{Arc, Weak};

use command_api::access::watch_endings;
use edge::{http::Site, metrics::Metrics, settings, token::Verifier};
use ledger::{Bell, Ledger, seal::Keys};
use query_api::QueryApi;
use tokio::sync::broadcast;
use uuid::Uuid;

use super::serving::{announce, bind, clock, database_answers, limits, serve_until_stopping, verifier};
use crate::{cli::Failure, installation::Installation};

/// Connections for reads that may take longer.
const QUERY_READERS: usize = 8;

/// The query-api on this login; reads go to `read_url` if there is one. `bell` rings when this process records.
///
/// # Errors
/// The database is away, or the keys cannot be read.
pub async fn query_api(
    url: &str,
    read_url: Option<String>,
    installation: &Installation,
    bell: Option<Bell>,
) -> Result<QueryApi, Failure> {
    let ingredients = query_api::Ingredients {
        read_url: read_url.unwrap_or_else(|| url.to_owned()),
        primary_url: url.to_owned(),
        pool: QUERY_READERS,
        keys: Keys::open_or_create(&installation.keys)?,
        clock: clock(),
        documents: documents(),
        streams: settings::or("CHAJIPOA_STREAMS", query_api::STREAMS)?,
        bell,
    };
    Ok(QueryApi::start(ingredients).await?)
}

/// The OpenAPI documents of what is served beside the queries.
#[must_use]
pub fn documents() -> Vec<utoipa::openapi::OpenApi> {
    vec![command_api::openapi()]
}

/// Ends the streams of sessions as they end, until the verifier is gone.
pub async fn end_streams(
    mut endings: broadcast::Receiver<Uuid>,
    live: query_api::Hub,
    known: Weak<Verifier>,
) {
    loop {
        match endings.recv().await {
            Ok(session) => live.end_sessions(|speaker| speaker.session == Some(session)),
            Err(broadcast::error::RecvError::Lagged(_)) => {
                let Some(verifier) = known.upgrade() else { break };
                live.end_sessions(|speaker| {
                    speaker.session.is_some_and(|session| verifier.has_ended(session))
                });
            }
            Err(broadcast::error::RecvError::Closed) => break,
        }
    }
}

/// query-api as a process of its own.
///
/// # Errors
/// The database is away, or a setting is missing.
pub async fn run_query_api() -> Result<(), Failure> {
    let installation = Installation::of_environment()?;
    let metrics = Metrics::new();
    let url = settings::required("DATABASE_URL")?;
    database_answers(&url).await?;
    let api = query_api(&url, settings::text("DATABASE_READ_URL")?, &installation, None).await?;
    let verifier = verifier(&installation)?;
    let access = Ledger::connect(&url, 1)?.pool().clone();
    tokio::spawn(watch_endings(access, Arc::downgrade(&verifier)));
    tokio::spawn(end_streams(verifier.endings(), api.live().clone(), Arc::downgrade(&verifier)));
    let site = Site::new(clock(), verifier, &metrics, vec![api.part()]).limited_by(limits()?);
    let serving = api.serve(&bind("127.0.0.1:8082")?, site)?;
    announce(&serving);
    serve_until_stopping(serving, std::future::pending(), || api.live().stop()).await
}

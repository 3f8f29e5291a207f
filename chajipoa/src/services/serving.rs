//! What every service is served with: clock, tokens, limits, where it listens, and when it stops.

use std::{sync::Arc, time::Duration};

use actix_web::web::ServiceConfig;
use command_api::access::Tokens;
use edge::{
    Clock, SystemClock,
    http::{Limits, Rates, ServerOptions, Serving, Site},
    metrics::Metrics,
    monitoring::Part,
    pace::Backoff,
    settings,
    token::{Issuer, TokenKeys, Verifier},
};
use ledger::Ledger;

use crate::{cli::Failure, installation::Installation};

/// The pauses between two looks for a database that is away at start.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The clock of every service.
#[must_use]
pub fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// Checks tokens with the keys of the installation.
///
/// # Errors
/// The keys cannot be read or made.
pub fn verifier(installation: &Installation) -> Result<Arc<Verifier>, Failure> {
    installation.make()?;
    let keys = TokenKeys::open_or_create(&installation.keys, &SystemClock)?;
    Ok(Arc::new(Verifier::new(keys, clock())))
}

/// What makes and checks tokens with the keys of the installation.
///
/// # Errors
/// The keys cannot be read or made.
pub fn tokens(installation: &Installation) -> Result<Tokens, Failure> {
    let verifier = verifier(installation)?;
    let keys = TokenKeys::open_or_create(&installation.keys, &SystemClock)?;
    Ok(Tokens { issuer: Arc::new(Issuer::new(keys, clock())), verifier })
}

/// The rate limits of the environment.
///
/// # Errors
/// A value is no rate.
pub fn limits() -> Result<Limits, Failure> {
    let standard = Rates::default();
    let rates = Rates {
        address: settings::or("CHAJIPOA_RATE_ADDRESS", standard.address)?,
        customer: settings::or("CHAJIPOA_RATE_CUSTOMER", standard.customer)?,
        staff: settings::or("CHAJIPOA_RATE_STAFF", standard.staff)?,
        provider: settings::or("CHAJIPOA_RATE_PROVIDER", standard.provider)?,
    };
    Ok(Limits::new(rates, settings::or("CHAJIPOA_BEHIND_GATEWAY", false)?))
}

/// Waits until the database answers, so that services may be started in any order.
///
/// # Errors
/// It refuses this login, the URL cannot be understood, or the process is asked to stop first.
pub(super) async fn database_answers(url: &str) -> Result<(), Failure> {
    let ledger = Ledger::connect(url, 1)?;
    let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
    let waited = async {
        loop {
            match ledger.identity().await {
                Ok(_) => return Ok(()),
                Err(error) if error.is_transient() => {
                    let failure = Failure::other(error);
                    tracing::warn!(why = %failure, "the database is away; looking again");
                    backoff.pause(&SystemClock).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    };
    tokio::select! {
        answers = waited => answers,
        () = asked_to_stop() => Err(Failure::stopped("asked to stop while the database was away")),
    }
}

/// Resolves when the process is asked to stop.
pub async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut signals = Vec::new();
    for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
        match signal(kind) {
            Ok(stream) => signals.push(stream),
            Err(error) => tracing::error!(%error, "a signal cannot be listened for"),
        }
    }
    let any = signals.iter_mut().map(|stream| Box::pin(stream.recv()));
    futures_util::future::select_all(any).await;
}

/// Says where a service listens.
#[expect(clippy::print_stdout, reason = "whoever starts a service reads this line")]
pub fn announce(serving: &Serving) {
    for address in &serving.addresses {
        println!("listening on {address}");
    }
}

/// Serves until the process is asked to stop, or `ended` resolves.
///
/// # Errors
/// The server fails.
pub async fn serve_until_stopped(serving: Serving, ended: impl Future<Output = ()>) -> Result<(), Failure> {
    serve_until_stopping(serving, ended, || {}).await
}

/// The same; what never ends by itself is ended by `stopping` first, so that stopping need not wait for it.
///
/// # Errors
/// The server fails.
pub async fn serve_until_stopping(
    serving: Serving,
    ended: impl Future<Output = ()>,
    stopping: impl FnOnce(),
) -> Result<(), Failure> {
    let handle = serving.server.handle();
    let server = tokio::spawn(serving.server);
    tokio::select! {
        () = asked_to_stop() => {}
        () = ended => {}
    }
    stopping();
    handle.stop(true).await;
    server.await.map_err(Failure::other)?.map_err(Failure::other)
}

pub(super) fn bind(default: &str) -> Result<ServerOptions, Failure> {
    Ok(ServerOptions::at(settings::text("CHAJIPOA_BIND")?.unwrap_or_else(|| default.to_owned())))
}

pub(super) fn monitored(
    installation: &Installation,
    parts: Vec<Arc<dyn Part>>,
    metrics: &Metrics,
    default_bind: &str,
) -> Result<Serving, Failure> {
    let site = Site::new(clock(), verifier(installation)?, metrics, parts).limited_by(limits()?);
    Ok(edge::http::serve(&bind(default_bind)?, site, |_: &mut ServiceConfig| {})?)
}

//! The services, each in a process of its own, and the parts that the single process shares with them.
//!
//! A service gets `DATABASE_URL` with its own login, `CHAJIPOA_BIND`, `CHAJIPOA_KEYS` where it needs keys, and
//! `KAFKA_BROKERS` where events come from Kafka. It prints `listening on ADDRESS` once it serves, and stops
//! gracefully on SIGINT and SIGTERM.

use std::{
    num::NonZeroU16,
    sync::{Arc, Weak},
    time::Duration,
};

use actix_web::web::ServiceConfig;
use command_api::access::{CodeLimits, Tokens, watch_endings};
use command_api::{CommandApi, Ingredients};
use edge::{
    Clock, SystemClock,
    http::{Limits, Rates, ServerOptions, Serving, Site},
    metrics::Metrics,
    monitoring::Part,
    pace::Backoff,
    settings,
    token::{Issuer, TokenKeys, Verifier},
};
use ledger::{
    Bell, Ledger,
    feed::{KafkaFeed, KafkaFeedConfig, OffsetHint, TOPIC},
    seal::Keys,
};
use projector::{FeedSource, ModelName, Projector, Sources};
use query_api::QueryApi;
use reactor::{AfricasTalking, Commands, Outbox, Reactor, SmsSettings};
use relay::{Relay, RelayConfig};
use tokio::sync::{broadcast, watch};
use uuid::Uuid;

use crate::{cli::Failure, installation::Installation};

/// Connections for reading beside the one that appends.
const COMMAND_READERS: usize = 4;
/// Connections of the projector's feeds.
const PROJECTOR_READERS: usize = 4;

/// Connections of the reactor's feed and its comparisons.
const REACTOR_READERS: usize = 2;
/// Where a reactor of its own process sends commands unless told otherwise.
const COMMAND_URL: &str = "http://127.0.0.1:8081";

/// Connections for reads that may take longer.
const QUERY_READERS: usize = 8;

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
    };
    Ok(Limits::new(rates, settings::or("CHAJIPOA_BEHIND_GATEWAY", false)?))
}

/// Waits until the database answers, so that services may be started in any order.
///
/// # Errors
/// It refuses this login, the URL cannot be understood, or the process is asked to stop first.
async fn database_answers(url: &str) -> Result<(), Failure> {
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

/// The command-api on this login.
///
/// # Errors
/// The database is away, the login could alter the ledger, or the keys cannot be read.
pub async fn command_api(
    url: &str,
    installation: &Installation,
    tokens: Tokens,
    (bell, metrics): (&Bell, &Metrics),
) -> Result<CommandApi, Failure> {
    let ledger = Ledger::connect(url, COMMAND_READERS)?.with_bell(bell.clone());
    let keys = Keys::open_or_create(&installation.keys)?;
    let mut settings = command_api::Settings::default();
    if let Some(app_url) = settings::text("CHAJIPOA_APP_URL")? {
        settings.app_url = app_url;
    }
    settings.telemetry_days = settings::or("CHAJIPOA_TELEMETRY_DAYS", settings.telemetry_days)?;
    if let Some(minutes) = settings::optional::<NonZeroU16>("CHAJIPOA_SILENCE_MINUTES")? {
        settings.silence = Duration::from_secs(u64::from(minutes.get()).saturating_mul(60));
    }
    let standard = settings.codes;
    settings.codes = CodeLimits {
        per_number_and_day: settings::or("CHAJIPOA_CODES_NUMBER", standard.per_number_and_day)?,
        per_prefix_and_hour: settings::or("CHAJIPOA_CODES_PREFIX", standard.per_prefix_and_hour)?,
        per_address_and_hour: settings::or("CHAJIPOA_CODES_ADDRESS", standard.per_address_and_hour)?,
        messages_a_day: settings::or("CHAJIPOA_CODES_ALL", standard.messages_a_day)?,
    };
    let metrics = metrics.clone();
    let ingredients = Ingredients { ledger, keys, clock: clock(), tokens, metrics, settings };
    Ok(CommandApi::start(ingredients).await?)
}

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
        None => projector::ledger_feed(&ledger, bell),
        Some(brokers) => kafka_feed(&ledger, brokers).await?,
    };
    Ok(Sources { database_url: url.to_owned(), ledger, feed, clock: clock() })
}

async fn kafka_feed(ledger: &Ledger, brokers: String) -> Result<FeedSource, Failure> {
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

fn bind(default: &str) -> Result<ServerOptions, Failure> {
    Ok(ServerOptions::at(settings::text("CHAJIPOA_BIND")?.unwrap_or_else(|| default.to_owned())))
}

fn monitored(
    installation: &Installation,
    parts: Vec<Arc<dyn Part>>,
    metrics: &Metrics,
    default_bind: &str,
) -> Result<Serving, Failure> {
    let site = Site::new(clock(), verifier(installation)?, metrics, parts).limited_by(limits()?);
    Ok(edge::http::serve(&bind(default_bind)?, site, |_: &mut ServiceConfig| {})?)
}

/// command-api as a process of its own.
///
/// # Errors
/// See [`command_api`].
pub async fn run_command_api() -> Result<(), Failure> {
    let installation = Installation::of_environment()?;
    let metrics = Metrics::new();
    let url = settings::required("DATABASE_URL")?;
    database_answers(&url).await?;
    let tokens = tokens(&installation)?;
    let api = command_api(&url, &installation, tokens.clone(), (&Bell::new(), &metrics)).await?;
    let site = Site::new(clock(), tokens.verifier, &metrics, vec![api.part()]).limited_by(limits()?);
    let serving = api.serve(&bind("127.0.0.1:8081")?, site)?;
    announce(&serving);
    serve_until_stopped(serving, std::future::pending()).await
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
    let api = query_api(&url, settings::text("DATABASE_READ_URL")?, None).await?;
    let verifier = verifier(&installation)?;
    let access = Ledger::connect(&url, 1)?.pool().clone();
    tokio::spawn(watch_endings(access, Arc::downgrade(&verifier)));
    tokio::spawn(end_streams(verifier.endings(), api.live().clone(), Arc::downgrade(&verifier)));
    let site = Site::new(clock(), verifier, &metrics, vec![api.part()]).limited_by(limits()?);
    let serving = api.serve(&bind("127.0.0.1:8082")?, site)?;
    announce(&serving);
    serve_until_stopping(serving, std::future::pending(), || api.live().stop()).await
}

/// The query-api on this login; reads go to `read_url` if there is one. `bell` rings when this process records.
///
/// # Errors
/// The database is away.
pub async fn query_api(url: &str, read_url: Option<String>, bell: Option<Bell>) -> Result<QueryApi, Failure> {
    let ingredients = query_api::Ingredients {
        read_url: read_url.unwrap_or_else(|| url.to_owned()),
        primary_url: url.to_owned(),
        pool: QUERY_READERS,
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

/// relay as a process of its own. Ends with 1 where only an operator can help.
///
/// # Errors
/// A setting is missing, or the topic belongs to another ledger.
pub async fn run_relay() -> Result<(), Failure> {
    let installation = Installation::of_environment()?;
    let metrics = Metrics::new();
    let url = settings::required("DATABASE_URL")?;
    let brokers = settings::required("KAFKA_BROKERS")?;
    let relay = Relay::new(RelayConfig::new(url, brokers), &metrics)?;
    let part: Arc<dyn Part> = relay.status();
    let serving = monitored(&installation, vec![part], &metrics, "127.0.0.1:8084")?;
    announce(&serving);
    let (stop, mut stopping) = watch::channel(false);
    let relaying = tokio::spawn(relay.run(async move {
        // The sender is dropped or says so: both mean stop.
        let _ = stopping.wait_for(|stop| *stop).await;
    }));
    let (ended, end) = tokio::sync::oneshot::channel::<()>();
    let outcome = tokio::spawn(async move {
        let outcome = relaying.await;
        drop(ended);
        outcome
    });
    let served = serve_until_stopped(serving, async {
        let _ = end.await;
    })
    .await;
    stop.send_replace(true);
    outcome.await.map_err(Failure::other)?.map_err(Failure::other)??;
    served
}

/// The reactor on this login: it reads from Kafka if there are brokers, else the ledger itself.
///
/// # Errors
/// The URL cannot be understood, or the database is away.
pub async fn reactor(
    url: &str,
    brokers: Option<String>,
    bell: Option<Bell>,
    metrics: &Metrics,
) -> Result<Reactor, Failure> {
    let ledger = Ledger::connect(url, REACTOR_READERS)?;
    let feed = match brokers {
        None => reactor::ledger_feed(&ledger, bell),
        Some(brokers) => kafka_feed(&ledger, brokers).await?,
    };
    let sources = reactor::Sources { database_url: url.to_owned(), ledger, feed, clock: clock() };
    Ok(Reactor::new(sources, metrics))
}

/// What sends the reactor's commands to the command-api at `base`.
///
/// # Errors
/// The HTTP client cannot be made.
pub fn commands_to(base: &str, installation: &Installation) -> Result<Commands, Failure> {
    Ok(Commands::new(base, installation.keys.clone(), clock())?)
}

/// The sender of messages; none where there is no account at a provider.
///
/// # Errors
/// A setting is wrong, or the keys cannot be read.
pub fn outbox(
    url: &str,
    installation: &Installation,
    account: SmsSettings,
    metrics: &Metrics,
) -> Result<Outbox, Failure> {
    let messenger = Arc::new(AfricasTalking::new(account)?);
    let keys = Keys::open_or_create(&installation.keys)?;
    let place = (url.to_owned(), Ledger::connect(url, 1)?);
    Ok(Outbox::new(place, keys, messenger, clock(), metrics))
}

/// reactor as a process of its own. Ends with 1 where only an operator can help.
///
/// # Errors
/// The database is away, a setting is missing, or the reactor's checkpoint does not fit the ledger.
pub async fn run_reactor() -> Result<(), Failure> {
    let installation = Installation::of_environment()?;
    let metrics = Metrics::new();
    let url = settings::required("DATABASE_URL")?;
    let base = settings::text("CHAJIPOA_COMMAND_URL")?.unwrap_or_else(|| COMMAND_URL.to_owned());
    let account = SmsSettings::of_environment()?;
    let outbox = account.map(|account| outbox(&url, &installation, account, &metrics)).transpose()?;
    database_answers(&url).await?;
    let reactor = reactor(&url, settings::text("KAFKA_BROKERS")?, None, &metrics).await?;
    let part: Arc<dyn Part> = Arc::new(reactor.status().clone());
    let serving = monitored(&installation, vec![part], &metrics, "127.0.0.1:8086")?;
    announce(&serving);
    let sending = outbox.map(Outbox::start);
    let mut running = reactor.start(commands_to(&base, &installation)?);
    let mut ended = None;
    let served = serve_until_stopped(serving, async {
        ended = Some(running.ended().await);
    })
    .await;
    if let Some(sending) = sending {
        sending.stop().await;
    }
    match ended {
        Some(outcome) => outcome?,
        None => running.stop().await?,
    }
    served
}

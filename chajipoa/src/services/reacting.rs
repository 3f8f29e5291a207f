//! reactor: deadlines become commands, texts become messages, payments become prompts.

use std::sync::Arc;

use edge::{metrics::Metrics, monitoring::Part, settings};
use ledger::{Bell, Ledger, feed::ledger_feed, seal::Keys};
use reactor::{
    Accounts, Allowance, AzamPay, AzamPaySettings, Cashier, Commands, MoneyStatus, Outbox, Post, Reactor,
};

use super::projecting::kafka_feed;
use super::serving::{announce, clock, database_answers, monitored, serve_until_stopped};
use crate::{cli::Failure, installation::Installation};

/// Connections of the reactor's feed and its comparisons.
const REACTOR_READERS: usize = 2;

/// Where a reactor of its own process sends commands unless told otherwise.
const COMMAND_URL: &str = "http://127.0.0.1:8081";

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
        None => ledger_feed(&ledger, bell),
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
    accounts: Accounts,
    metrics: &Metrics,
) -> Result<Outbox, Failure> {
    let post = Post { route: accounts.route()?, allowance: Allowance::of_environment()? };
    let keys = Keys::open_or_create(&installation.keys)?;
    let place = (url.to_owned(), Ledger::connect(url, 1)?);
    Ok(Outbox::new(place, keys, post, clock(), metrics))
}

/// Connections of the cashier beside the one of its claims: keys, letters.
const CASHIER_READERS: usize = 2;

/// Who prompts, pays out and judges callbacks. Without an account nobody is prompted, and what comes is judged.
///
/// # Errors
/// The keys cannot be read, or an HTTP client cannot be made.
pub fn cashier(
    url: &str,
    installation: &Installation,
    account: Option<AzamPaySettings>,
    commands: Commands,
    figures: MoneyStatus,
) -> Result<Cashier, Failure> {
    let azampay = account.map(|account| AzamPay::new(account, clock())).transpose()?;
    let keys = Keys::open_or_create(&installation.keys)?;
    let place = (url.to_owned(), Ledger::connect(url, CASHIER_READERS)?);
    Ok(Cashier::new(place, keys, azampay, commands, clock(), figures))
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
    let accounts = Accounts::of_environment(None)?;
    let outbox = accounts.map(|accounts| outbox(&url, &installation, accounts, &metrics)).transpose()?;
    database_answers(&url).await?;
    let reactor = reactor(&url, settings::text("KAFKA_BROKERS")?, None, &metrics).await?;
    let money = MoneyStatus::new(&metrics);
    let parts: Vec<Arc<dyn Part>> = vec![Arc::new(reactor.status().clone()), Arc::new(money.clone())];
    let account = AzamPaySettings::of_environment(None)?;
    let cashier = cashier(&url, &installation, account, commands_to(&base, &installation)?, money)?;
    let serving = monitored(&installation, parts, &metrics, "127.0.0.1:8086")?;
    announce(&serving);
    let cashing = cashier.start();
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
    cashing.stop().await;
    match ended {
        Some(outcome) => outcome?,
        None => running.stop().await?,
    }
    served
}

//! The cashier: one task that prompts, pays out, asks, judges callbacks, and reports.
//!
//! Several may run, in one process or in many. What they take they claim by row (`FOR UPDATE SKIP LOCKED`), and a claim
//! that covers a call carries the number of its cashier, who holds the advisory lock of that number for as long as its
//! connection lives: so a claim whose lock is free belongs to somebody who is gone. Nothing is begun before the reactor has
//! read the ledger to where it ended when the cashier came. Calls that are on their way when a session ends are waited for,
//! and what became of them is written.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use edge::Clock;
use edge::pace::{self, Backoff, Broken, rest};
use ledger::Ledger;
use ledger::inbox::Inbox;
use ledger::seal::{Keys, Sealer};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_postgres::Client;

use super::desk::Desk;
use super::figures::MoneyStatus;
use crate::azampay::{AzamPay, Inquiry};
use crate::commands::Commands;
use crate::connection::connect;
use crate::error::{ReactorError, chain};
use crate::statements::{self, money};
use crate::stop;

/// How often is looked whether something is to be done.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How often is looked for calls of somebody who is gone, and for what waits.
const LOOK_AROUND_EVERY: Duration = Duration::from_secs(1);
/// How many calls are on their way at the same time.
const AT_ONCE: usize = 64;
/// The first pause after a failure, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// Prompts, pays out and judges.
pub struct Cashier {
    database_url: String,
    ledger: Ledger,
    keys: Keys,
    azampay: Option<Arc<AzamPay>>,
    commands: Arc<Commands>,
    clock: Arc<dyn Clock>,
    figures: MoneyStatus,
}

impl std::fmt::Debug for Cashier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cashier").field("azampay", &self.azampay).finish_non_exhaustive()
    }
}

impl Cashier {
    /// A cashier with the login of the reactor; without an account nobody is prompted and nothing is paid out, but what
    /// comes is judged. `commands` go as the provider's side, whatever they went as before.
    #[must_use]
    pub fn new(
        (database_url, ledger): (String, Ledger),
        keys: Keys,
        azampay: Option<AzamPay>,
        commands: Commands,
        clock: Arc<dyn Clock>,
        figures: MoneyStatus,
    ) -> Self {
        if azampay.is_none() {
            tracing::warn!(
                "there is no account at AzamPay (AZAMPAY_CLIENT_SECRET is not set): payments stay initiated, refunds \
                 wait in the manual queue"
            );
        }
        figures.connected(azampay.is_some());
        let (azampay, commands) = (azampay.map(Arc::new), Arc::new(commands.for_payments()));
        Self { database_url, ledger, keys, azampay, commands, clock, figures }
    }

    /// Runs it as a task of the present runtime.
    #[must_use]
    pub fn start(self) -> Cashing {
        let (stop, stopping) = watch::channel(false);
        Cashing { stop, task: tokio::spawn(self.run(stopping)) }
    }

    /// Works until `stop` says true. What is on its way then is waited for; a database that is away, too.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        let (clock, backoff) = (self.clock.as_ref(), Backoff::new(PAUSES.0, PAUSES.1));
        let Ok(()) =
            pace::sessions(clock, backoff, stop::told_to(stop.clone()), || self.again(stop.clone())).await;
    }

    async fn again(&self, stop: watch::Receiver<bool>) -> Result<(), Broken<Infallible>> {
        let mut working = false;
        let Err(error) = self.session(stop, &mut working).await else { return Ok(()) };
        tracing::warn!(error = chain(&error), "the cashier starts again");
        Err(Broken::Again { achieved: working })
    }

    /// One connection's life; comes back without an error when it was told to stop.
    async fn session(&self, mut stop: watch::Receiver<bool>, working: &mut bool) -> Result<(), ReactorError> {
        let mut calls = JoinSet::new();
        let worked = tokio::select! {
            worked = self.work(&mut calls, working) => worked.map(|never| match never {}),
            _ = stop.wait_for(|stop| *stop) => Ok(()),
        };
        // Each holds the desk, and with it the connection whose number its claim carries.
        while let Some(called) = calls.join_next().await {
            if let Err(error) = called {
                tracing::error!(%error, "a call's task failed");
            }
        }
        worked
    }

    async fn work(&self, calls: &mut JoinSet<()>, working: &mut bool) -> Result<Infallible, ReactorError> {
        let desk = Arc::new(self.desk().await?);
        self.until_caught_up(&desk.client).await?;
        *working = true;
        tokio::select! {
            failed = act(&desk, calls) => failed,
            failed = desk.read_letters() => failed,
            failed = report(&desk) => failed,
            failed = look_around(&desk) => failed,
        }
    }

    async fn desk(&self) -> Result<Desk, ReactorError> {
        let client = connect(&self.database_url).await?;
        client.batch_execute(statements::NOTICE_DEATH).await?;
        let number = self.take_number(&client).await?;
        let identity = self.ledger.identity().await?;
        let sealer = Sealer::new(self.keys.clone(), self.ledger.clone(), identity);
        Ok(Desk {
            client,
            number,
            database_url: self.database_url.clone(),
            azampay: self.azampay.clone(),
            commands: Arc::clone(&self.commands),
            clock: Arc::clone(&self.clock),
            inbox: Inbox::new(self.ledger.clone(), sealer.clone()),
            sealer,
            figures: self.figures.clone(),
        })
    }

    /// A number that nobody has.
    async fn take_number(&self, client: &Client) -> Result<i32, ReactorError> {
        loop {
            let mut random = [0; 4];
            self.clock.random(&mut random);
            let number = i32::from_le_bytes(random);
            if client.query_one(money::TAKE_NUMBER, &[&number]).await?.try_get::<_, bool>(0)? {
                return Ok(number);
            }
        }
    }

    /// Waits until the rows stand where the ledger ended, or later: what is long settled stays settled.
    async fn until_caught_up(&self, client: &Client) -> Result<(), ReactorError> {
        let target = self.ledger.last_position().await?;
        loop {
            let row = client.query_opt(statements::PROGRESS, &[]).await?;
            let position = row.map(|row| row.try_get(2)).transpose()?.unwrap_or(0_i64);
            if position >= target.get() {
                return Ok(());
            }
            rest(LOOK_EVERY).await;
        }
    }
}

/// Starts the calls that are due until something fails.
async fn act(desk: &Arc<Desk>, calls: &mut JoinSet<()>) -> Result<Infallible, ReactorError> {
    let Some(azampay) = desk.azampay.clone() else { return std::future::pending().await };
    desk.take_over_from_the_dead().await?;
    loop {
        while calls.try_join_next().is_some() {}
        let free = i64::try_from(AT_ONCE.saturating_sub(calls.len())).unwrap_or_default();
        let started = if free > 0 { start(desk, &azampay, free, calls).await? } else { 0 };
        if started == 0 {
            rest(LOOK_EVERY).await;
        }
    }
}

async fn start(
    desk: &Arc<Desk>,
    azampay: &Arc<AzamPay>,
    free: i64,
    calls: &mut JoinSet<()>,
) -> Result<usize, ReactorError> {
    let mut started = desk.start_prompts(azampay, free, calls).await?;
    if azampay.settings().source.is_some() {
        started = started.saturating_add(desk.start_pay_outs(azampay, free, calls).await?);
        started = started.saturating_add(desk.submit_refunds(free).await?);
    }
    started = started.saturating_add(desk.start_refund_inquiries(azampay, free, calls).await?);
    if azampay.settings().inquiry != Inquiry::Off {
        started = started.saturating_add(desk.start_inquiries(azampay, free, calls).await?);
    }
    Ok(started)
}

/// Sends what is to be reported until something fails.
async fn report(desk: &Desk) -> Result<Infallible, ReactorError> {
    loop {
        if desk.send_reports().await? == 0 {
            rest(LOOK_EVERY).await;
        }
    }
}

/// Looks for calls of somebody who is gone, for prompts that are too late, and counts what is unknown.
async fn look_around(desk: &Desk) -> Result<Infallible, ReactorError> {
    loop {
        desk.take_over_from_the_dead().await?;
        if desk.azampay.is_some() {
            desk.decline_late_prompts(100).await?;
        }
        let row = desk.client.query_one(money::UNKNOWN_OPEN, &[]).await?;
        desk.figures.unknown([row.try_get(0)?, row.try_get(1)?]);
        rest(LOOK_AROUND_EVERY).await;
    }
}

/// A cashier at work. Dropping it stops it soon; stop it to wait for what is on its way.
#[derive(Debug)]
pub struct Cashing {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Cashing {
    /// Stops it and waits until it has ended.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the task of the cashier failed");
        }
    }
}

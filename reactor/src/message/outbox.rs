//! The sender: made, started, stopped. It serves both outboxes at the same time, so that a code does not wait behind
//! notices, and both for as long as the connection with its lock lives.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use domain::Time;
use edge::Clock;
use edge::metrics::Metrics;
use edge::pace::{self, Backoff, Broken, rest};
use futures_util::future::try_join;
use ledger::Ledger;
use ledger::inbox::Inbox;
use ledger::seal::{Keys, Sealer};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_postgres::Client;

use super::figures::Figures;
use super::settled::Settled;
use super::{Allowance, Route, codes, letters, queue};
use crate::connection::{SENDING, connect, locked};
use crate::error::{ReactorError, chain};
use crate::notice::KEPT;
use crate::statements::notices as statements;
use crate::stop;

/// How often is looked for new messages: a person waits for the code.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How often what waits is counted, and what is old is forgotten.
const TIDY_EVERY: Duration = Duration::from_secs(10);
/// How many messages are claimed at once, and on their way at the same time. Few: those that a crash leaves unknown.
pub(super) const CLAIMED: i64 = 16;
pub(super) const AT_ONCE: usize = 8;
/// The first pause after a failure, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// How messages leave, and how many may.
#[derive(Debug, Clone)]
pub struct Post {
    /// By which providers.
    pub route: Route,
    /// When, and how many.
    pub allowance: Allowance,
}

/// What a round of sending needs beside its connection.
pub(super) struct Desk<'a> {
    pub(super) sealer: &'a Sealer,
    pub(super) post: &'a Post,
    pub(super) figures: &'a Figures,
    clock: &'a dyn Clock,
}

impl Desk<'_> {
    pub(super) fn now(&self) -> Time {
        self.clock.now()
    }
}

/// The sender of both outboxes.
pub struct Outbox {
    database_url: String,
    ledger: Ledger,
    keys: Keys,
    clock: Arc<dyn Clock>,
    post: Post,
    figures: Figures,
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbox")
            .field("ledger", &self.ledger)
            .field("post", &self.post)
            .finish_non_exhaustive()
    }
}

impl Outbox {
    /// A sender with the login of the reactor, which opens what it sends with the keys of the installation.
    #[must_use]
    pub fn new(
        (database_url, ledger): (String, Ledger),
        keys: Keys,
        post: Post,
        clock: Arc<dyn Clock>,
        metrics: &Metrics,
    ) -> Self {
        Self { database_url, ledger, keys, clock, post, figures: Figures::new(metrics) }
    }

    /// Runs it as a task of the present runtime.
    #[must_use]
    pub fn start(self) -> Sending {
        let (stop, stopping) = watch::channel(false);
        Sending { stop, task: tokio::spawn(self.run(stopping)) }
    }

    /// Sends until `stop` says true. What is on its way then is waited for; a database that is away, too.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        let (clock, backoff) = (self.clock.as_ref(), Backoff::new(PAUSES.0, PAUSES.1));
        let Ok(()) =
            pace::sessions(clock, backoff, stop::told_to(stop.clone()), || self.again(stop.clone())).await;
    }

    async fn again(&self, stop: watch::Receiver<bool>) -> Result<(), Broken<Infallible>> {
        let mut connected = false;
        let Err(error) = self.session(stop, &mut connected).await else { return Ok(()) };
        tracing::warn!(error = chain(&error), "the sender of messages starts again");
        Err(Broken::Again { achieved: connected })
    }

    /// One connection's life, until something fails or it is to stop.
    async fn session(
        &self,
        mut stop: watch::Receiver<bool>,
        connected: &mut bool,
    ) -> Result<(), ReactorError> {
        let client = tokio::select! {
            client = locked(&self.database_url, SENDING) => client?,
            _ = stop.wait_for(|stop| *stop) => return Ok(()),
        };
        let identity = self.ledger.identity().await?;
        let sealer = Sealer::new(self.keys.clone(), self.ledger.clone(), identity);
        let inbox = Inbox::new(self.ledger.clone(), sealer.clone());
        let desk =
            Desk { sealer: &sealer, post: &self.post, figures: &self.figures, clock: self.clock.as_ref() };
        let lost = (codes::give_up(&desk, &client).await?, queue::give_up(&desk, &client).await?);
        if lost != (0, 0) {
            let (codes, notices) = lost;
            tracing::warn!(
                codes,
                notices,
                "messages were on their way when their sender ended; they stay unsent"
            );
        }
        let mut other = connect(&self.database_url).await?;
        *connected = true;
        let sending =
            try_join(send_codes(&desk, &client, stop.clone()), send_notices(&desk, &mut other, stop));
        tokio::select! {
            ended = sending => ended.map(drop),
            ended = tidy(&desk, &client) => ended.map(|never| match never {}),
            ended = letters::read(&desk, &client, &inbox) => ended.map(|never| match never {}),
        }
    }
}

/// Waits for the next look; whether it is time to stop.
async fn stopped(stop: &mut watch::Receiver<bool>, sent: usize) -> bool {
    if *stop.borrow() {
        return true;
    }
    if sent > 0 {
        return false;
    }
    tokio::select! {
        _ = stop.wait_for(|stop| *stop) => true,
        () = rest(LOOK_EVERY) => false,
    }
}

async fn send_codes(
    desk: &Desk<'_>,
    client: &Client,
    mut stop: watch::Receiver<bool>,
) -> Result<(), ReactorError> {
    while !*stop.borrow() {
        let sent = codes::round(desk, client).await?;
        if stopped(&mut stop, sent).await {
            break;
        }
    }
    Ok(())
}

async fn send_notices(
    desk: &Desk<'_>,
    client: &mut Client,
    mut stop: watch::Receiver<bool>,
) -> Result<(), ReactorError> {
    let mut settled = Settled::new();
    while !*stop.borrow() {
        let until = settled.look(client, desk.now()).await?;
        let sent = queue::round(desk, client, until).await?;
        if stopped(&mut stop, sent).await {
            break;
        }
    }
    Ok(())
}

/// Counts what waits, and forgets what is old.
async fn tidy(desk: &Desk<'_>, client: &Client) -> Result<Infallible, ReactorError> {
    loop {
        let kept_from = domain::timing::plus(desk.now(), -KEPT);
        client.execute(statements::NOTICES_FORGOTTEN, &[&kept_from]).await?;
        desk.figures.waiting(client.query_one(statements::NOTICES_WAITING, &[]).await?.try_get(0)?);
        rest(TIDY_EVERY).await;
    }
}

/// A sender that runs. Dropping it stops it soon; stop it to wait for what is on its way.
#[derive(Debug)]
pub struct Sending {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Sending {
    /// Stops it and waits until it has ended.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the task that sends messages failed");
        }
    }
}

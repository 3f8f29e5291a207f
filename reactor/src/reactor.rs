//! The reactor as its owner sees it: made, asked for its status, run until told to stop.
//!
//! One reactor of several acts: whoever holds the advisory lock. Everything that fails ends the session; the next one
//! begins with the lock and the comparison of the checkpoint again, so there is one way in, and it is the way of a
//! first start as well as of every recovery.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use edge::Clock;
use edge::metrics::Metrics;
use edge::pace::{self, Backoff, Broken};
use ledger::Ledger;
use ledger::feed::FeedSource;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::commands::Commands;
use crate::connection::{FIRING, locked};
use crate::error::{ReactorError, chain};
use crate::past::Past;
use crate::status::Status;
use crate::{fire, follow, stop};

/// The first pause after a failure, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// What the reactor reads from and writes to.
#[derive(Clone)]
pub struct Sources {
    /// The database, with the login of the reactor.
    pub database_url: String,
    /// The ledger, with the same login.
    pub ledger: Ledger,
    /// Where events come from.
    pub feed: FeedSource,
    /// Time and randomness.
    pub clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sources").field("ledger", &self.ledger).finish_non_exhaustive()
    }
}

/// Follows one ledger and fires its deadlines.
#[derive(Debug)]
pub struct Reactor {
    sources: Sources,
    status: Status,
}

impl Reactor {
    /// Prepares a reactor; nothing is connected yet.
    #[must_use]
    pub fn new(sources: Sources, metrics: &Metrics) -> Self {
        let status = Status::new(sources.ledger.clone(), metrics);
        Self { sources, status }
    }

    /// What it says about itself; lives on when the reactor has ended.
    #[must_use]
    pub const fn status(&self) -> &Status {
        &self.status
    }

    /// Runs it as a task of the present runtime.
    #[must_use]
    pub fn start(self, commands: Commands) -> Running {
        let status = self.status.clone();
        let (stop, stopping) = watch::channel(false);
        let task = tokio::spawn(async move {
            let ended = self.run(&commands, stop::told_to(stopping)).await;
            if let Err(error) = &ended {
                tracing::error!(error = chain(error), "the reactor has ended; only an operator can help");
            }
            ended
        });
        Running { status, stop, task }
    }

    /// Runs until `shutdown` resolves. What is merely away (Postgres, Kafka, command-api, the lock) is waited for.
    ///
    /// # Errors
    /// What only an operator can cure: the checkpoint belongs to another ledger, the ledger has a gap, or an event
    /// cannot be read. The message says what to do.
    pub async fn run(
        self,
        commands: &Commands,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<(), ReactorError> {
        let (clock, backoff) = (self.sources.clock.as_ref(), Backoff::new(PAUSES.0, PAUSES.1));
        let ended = tokio::select! {
            ended = pace::sessions(clock, backoff, pending(), || self.again(commands)) => ended,
            () = shutdown => Ok(()),
        };
        self.status.active(false);
        ended
    }

    async fn again(&self, commands: &Commands) -> Result<(), Broken<ReactorError>> {
        let before = self.status.snapshot().position;
        let Err(error) = self.session(commands).await;
        self.status.active(false);
        self.status.failed(&error);
        if error.is_final() {
            return Err(Broken::ForGood(error));
        }
        tracing::warn!(error = chain(&error), "the reactor starts again at its position");
        Err(Broken::Again { achieved: self.status.snapshot().position != before })
    }

    /// One connection's life: the lock, and both sides for as long as it lasts.
    async fn session(&self, commands: &Commands) -> Result<Infallible, ReactorError> {
        self.sources.ledger.assert_append_only().await?;
        let mut client = locked(&self.sources.database_url, FIRING).await?;
        self.status.active(true);
        let (caught_up, until_caught_up) = watch::channel(false);
        let past = Past::default();
        tokio::select! {
            ended = follow::run(&mut client, (&self.sources, &self.status), &past, &caught_up) => ended,
            ended = fire::run((&self.sources, &self.status), commands, &past, until_caught_up) => ended,
        }
    }
}

/// A reactor that runs. Dropping it stops it soon; stop it to wait for that.
#[derive(Debug)]
pub struct Running {
    status: Status,
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), ReactorError>>,
}

impl Running {
    /// What it says about itself.
    #[must_use]
    pub const fn status(&self) -> &Status {
        &self.status
    }

    /// Waits until it has ended by itself, which only a failure makes it.
    pub async fn ended(&mut self) -> Result<(), ReactorError> {
        (&mut self.task).await.unwrap_or_else(|error| {
            tracing::error!(%error, "the reactor's task failed");
            Ok(())
        })
    }

    /// Stops it and waits until it has ended.
    ///
    /// # Errors
    /// What had ended it before.
    pub async fn stop(self) -> Result<(), ReactorError> {
        self.stop.send_replace(true);
        self.task.await.unwrap_or_else(|error| {
            tracing::error!(%error, "the reactor's task failed");
            Ok(())
        })
    }
}

//! The loop of one live read model.
//!
//! Whoever holds the model's advisory lock, on the connection that writes its rows, runs it; everybody else
//! stands by and tries again a few times a second. The lock only keeps work from being done twice: what makes a
//! second writer harmless is the fence on the position. A lost fence means that the live version has changed or
//! somebody else wrote: the loop reads the control row again and follows what is live then.
//!
//! A poison event stops this model only, says so in the control row, on health and on metrics, and waits for an
//! operator: a skip that is recorded in the ledger, or a switch to another version.
//!
//! A version that another fold made is not touched: the loop says so, lets its lock go and tries again now and then. So a
//! projector of the other fold, one that is rolled out or not yet replaced, goes on with it meanwhile.

use std::time::Duration;

use edge::pace::{Backoff, rest};
use ledger::Position;
use tokio::sync::watch;
use tokio_postgres::Client;

use crate::{
    ModelName, ProjectorError, Status,
    connection::{connect, try_writer},
    control::{self, Version},
    projector::Sources,
    skips,
    status::{Cause, State},
    store::Store,
};

/// How many events are applied in one transaction at most.
const BATCH: usize = 1_000;
/// How often a stand-by tries to take over.
const TAKE_OVER: Duration = Duration::from_millis(250);
/// How often a stopped model looks whether an operator acted.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Why a model's loop came back.
enum Next {
    /// Read the control row again and go on with what is live.
    Again,
    /// Let the lock go, for a program of another fold, and try again later.
    Aside,
    /// The process is being stopped.
    Stop,
}

/// The task of one read model.
pub(crate) struct Live {
    pub(crate) model: ModelName,
    pub(crate) sources: Sources,
    pub(crate) status: Status,
    pub(crate) stop: watch::Receiver<bool>,
}

impl Live {
    /// Runs until the process is stopped; whatever fails is tried again.
    pub(crate) async fn run(mut self) {
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        while !self.stopping() {
            let before = self.reached();
            let error = match self.session().await {
                Ok(Next::Stop) => return,
                Ok(Next::Again | Next::Aside) => {
                    self.until_stopped(rest(LOOK_AGAIN)).await;
                    continue;
                }
                Err(error) => error,
            };
            tracing::warn!(model = %self.model, error = chain(&error), "read model interrupted");
            self.status.set(self.model, State::Connecting { why: Some(error.to_string()) });
            if self.reached() > before {
                backoff.reset();
            }
            let clock = self.sources.clock.clone();
            self.until_stopped(backoff.pause(clock.as_ref())).await;
        }
    }

    fn stopping(&self) -> bool {
        *self.stop.borrow()
    }

    fn reached(&self) -> Position {
        self.status.models().get(&self.model).map_or(Position::ZERO, |status| status.position)
    }

    /// Waits for something, or until the process is stopped.
    async fn until_stopped<F: Future>(&mut self, wait: F) -> Option<F::Output> {
        let mut stop = self.stop.clone();
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => None,
            output = wait => Some(output),
        }
    }

    /// One connection's life: its lock, and the live version for as long as both last.
    async fn session(&mut self) -> Result<Next, ProjectorError> {
        let mut client = connect(&self.sources.database_url).await?;
        while !try_writer(&client, self.model).await? {
            self.status.set(self.model, State::StandingBy);
            if self.until_stopped(rest(TAKE_OVER)).await.is_none() {
                return Ok(Next::Stop);
            }
        }
        loop {
            if self.stopping() {
                return Ok(Next::Stop);
            }
            let identity = self.sources.ledger.identity().await?;
            let version = control::ensure_live(&mut client, self.model, identity).await?;
            self.status.reached(self.model, version.version, version.checkpoint.position, 0);
            client = match self.follow(client, &version).await? {
                (client, Next::Again) => client,
                (_, next) => return Ok(next),
            };
        }
    }

    /// Follows the ledger with one version.
    async fn follow(&mut self, client: Client, version: &Version) -> Result<(Client, Next), ProjectorError> {
        match self.check(&client, version).await {
            Ok(()) => {}
            Err(error @ ProjectorError::OtherFold { .. }) => {
                self.say_stopped(&client, version, Cause::OtherFold, &error.to_string()).await?;
                return Ok((client, Next::Aside));
            }
            Err(error @ ProjectorError::Ledger(ledger::LedgerError::Checkpoint(_))) => {
                return self.stand(client, version, Cause::OtherLedger, &error.to_string()).await;
            }
            Err(error) => return Err(error),
        }
        control::running(&client, version).await?;
        self.status.set(self.model, State::Running);
        let mut store = Store::open(&self.sources.ledger, client, version).await?;
        let mut feed = (self.sources.feed)(store.position())?;
        while !self.stopping() {
            let events = feed.next(BATCH).await?;
            if events.is_empty() {
                if store.client.is_closed() {
                    return Err(ProjectorError::ConnectionLost);
                }
                continue;
            }
            match store.apply(&events).await {
                Ok(applied) => {
                    self.status.reached(self.model, version.version, store.position(), applied.events);
                    if let Some(poison) = applied.poison {
                        let client = store.into_client();
                        return self.stand(client, version, Cause::Poison, &poison.to_string()).await;
                    }
                }
                Err(ProjectorError::Fenced { .. }) => return Ok((store.into_client(), Next::Again)),
                Err(error) => return Err(error),
            }
        }
        Ok((store.into_client(), Next::Stop))
    }

    /// Compares the version with this program and with the ledger.
    async fn check(&self, client: &Client, version: &Version) -> Result<(), ProjectorError> {
        control::check_fold(client, version).await?;
        Ok(self.sources.ledger.verify_checkpoint(&version.checkpoint).await?)
    }

    /// Says in the control row, on health and on metrics that a version stands, and why.
    async fn say_stopped(
        &self,
        client: &Client,
        version: &Version,
        cause: Cause,
        reason: &str,
    ) -> Result<(), ProjectorError> {
        let known = control::live(client, self.model).await?;
        let stands = known.as_ref().map_or(version.checkpoint.position, |live| live.checkpoint.position);
        if !known.is_some_and(|live| live.is_known_to_stand(reason)) {
            tracing::error!(model = %self.model, version = version.version, reason, "read model stopped");
            control::stopped(client, version, reason).await?;
        }
        let state = State::Stopped { cause, before: stands.next(), reason: reason.to_owned() };
        self.status.set(self.model, state);
        Ok(())
    }

    /// Stands until an operator had the event passed over or switched the version.
    async fn stand(
        &mut self,
        client: Client,
        version: &Version,
        cause: Cause,
        reason: &str,
    ) -> Result<(Client, Next), ProjectorError> {
        self.say_stopped(&client, version, cause, reason).await?;
        let stands = control::live(&client, self.model).await?;
        let before = stands.as_ref().map(|live| live.checkpoint.position.next().get());
        loop {
            if self.until_stopped(rest(LOOK_AGAIN)).await.is_none() {
                return Ok((client, Next::Stop));
            }
            let skipped = skips::recorded(&self.sources.ledger, self.model).await?;
            let passes = cause == Cause::Poison && before.is_some_and(|before| skipped.contains(&before));
            if passes || control::live(&client, self.model).await? != stands {
                return Ok((client, Next::Again));
            }
        }
    }
}

/// An error with everything that led to it.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

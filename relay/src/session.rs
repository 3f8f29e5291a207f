//! One session: the lock, the comparison, a producer, and its end.
//!
//! Everything that fails ends the session; the next one begins with the comparison again. So there is one way in, and
//! it is the way of a first start as well as of every recovery.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, Shared};
use ledger::{Checkpoint, CheckpointMismatch, Ledger, LedgerError, LedgerIdentity, Position};
use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::compare::start_after;
use crate::config::RelayConfig;
use crate::error::RelayError;
use crate::kafka::{self, Ends};
use crate::lock::{Broken, Checkpoints, Lock};
use crate::producer::Producer;
use crate::progress::Progress;
use crate::pump::{self, Reader};
use crate::statements::CHECKPOINT_NAME;
use crate::status::RelayStatus;
use crate::watch;

/// Resolves when the process is to stop.
pub(crate) type Shutdown = Shared<BoxFuture<'static, ()>>;

/// How often the checkpoint moves at most: it saves duplicates after a restart and nothing else.
const CHECKPOINT_EVERY: Duration = Duration::from_millis(100);
/// How long a stop waits for what is in flight.
const FAREWELL: Duration = Duration::from_secs(2);

/// Where a session begins.
struct Start {
    identity: LedgerIdentity,
    after: Position,
    next_offset: i64,
}

/// Waits for the lock, then carries events until something fails or the process is to stop.
pub(crate) async fn run(
    config: &RelayConfig,
    ledger: &Ledger,
    status: &RelayStatus,
    shutdown: &Shutdown,
) -> Result<(), RelayError> {
    let lock = tokio::select! {
        lock = Lock::take(&config.ledger_url, status) => lock?,
        () = shutdown.clone() => return Ok(()),
    };
    tracing::info!("this relay is the active one");
    status.active(true);
    let result = carry(config, ledger, status, lock, shutdown).await;
    status.active(false);
    result
}

async fn carry(
    config: &RelayConfig,
    ledger: &Ledger,
    status: &RelayStatus,
    lock: Lock,
    shutdown: &Shutdown,
) -> Result<(), RelayError> {
    let (checkpoints, mut broken) = lock.split();
    let start = tokio::select! {
        start = prepare(config, ledger, status, &checkpoints) => start?,
        lost = broken.wait() => return Err(lost),
        () = shutdown.clone() => return Ok(()),
    };
    let progress = Arc::new(Progress::new(start.after, start.next_offset));
    status.kafka_answers();
    let producer = Producer::new(&config.brokers, &config.topic, start.identity, Arc::clone(&progress))?;
    let work = Work { config, ledger, status, checkpoints, broken, progress, start };
    let result = work.run(&producer, shutdown).await;
    status.active(false);
    // Gone before anything else happens: a topic made anew must not meet the messages of the old one.
    producer.discard().await?;
    result
}

/// Compares the checkpoint, the ledger and the topic, and says where to go on.
async fn prepare(
    config: &RelayConfig,
    ledger: &Ledger,
    status: &RelayStatus,
    checkpoints: &Checkpoints,
) -> Result<Start, RelayError> {
    let identity = ledger.identity().await?;
    let checkpoint = ledger.checkpoint(CHECKPOINT_NAME).await?.unwrap_or(Checkpoint::start(identity));
    verify(ledger, &checkpoint, RelayError::Checkpoint).await?;
    status.postgres_answers();
    kafka::ensure_topic(&config.brokers, &config.topic).await?;
    let ends = kafka::ends(&config.brokers, &config.topic).await?;
    belongs(config, ledger, identity, &ends).await?;
    let after = start_after(checkpoint.position, &ends);
    status.delivered(after);
    if after < checkpoint.position {
        status.rewound();
        tracing::warn!(from = %checkpoint.position, to = %after, "Kafka holds less than was delivered: filling it again");
        checkpoints.save(identity, after).await?;
    }
    Ok(Start { identity, after, next_offset: ends.next_offset })
}

/// Checks that what the topic holds is of this ledger and in it.
async fn belongs(
    config: &RelayConfig,
    ledger: &Ledger,
    identity: LedgerIdentity,
    ends: &Ends,
) -> Result<(), RelayError> {
    let expected = identity.source();
    for record in ends.first.iter().chain(&ends.last) {
        if record.source != expected {
            let found = record.source.clone();
            return Err(RelayError::OtherLedger { topic: config.topic.clone(), expected, found });
        }
        let position = record.position;
        let claimed = Checkpoint { identity, position, event_id: Some(record.event_id) };
        let ahead = |source| RelayError::Ahead { topic: config.topic.clone(), position, source };
        verify(ledger, &claimed, ahead).await?;
    }
    Ok(())
}

async fn verify(
    ledger: &Ledger,
    checkpoint: &Checkpoint,
    mismatch: impl FnOnce(CheckpointMismatch) -> RelayError,
) -> Result<(), RelayError> {
    match ledger.verify_checkpoint(checkpoint).await {
        Err(LedgerError::Checkpoint(found)) => Err(mismatch(found)),
        other => Ok(other?),
    }
}

/// What runs side by side while a relay is active.
struct Work<'a> {
    config: &'a RelayConfig,
    ledger: &'a Ledger,
    status: &'a RelayStatus,
    checkpoints: Checkpoints,
    broken: Broken,
    progress: Arc<Progress>,
    start: Start,
}

impl Work<'_> {
    async fn run(self, producer: &Producer, shutdown: &Shutdown) -> Result<(), RelayError> {
        let Self { config, ledger, status, checkpoints, mut broken, progress, start } = self;
        let room = Notify::new();
        let reader = Reader::start(ledger.clone(), start.after, config.bell.as_ref());
        let mut keeper =
            Keeper { identity: start.identity, checkpoints, progress: &progress, status, saved: start.after };
        tokio::select! {
            result = pump::run(reader, producer, &progress, &room, config.max_in_flight, status) => return result,
            result = keeper.run(&room) => return result,
            result = watch::run(config, ledger, &progress, status) => return result,
            lost = broken.wait() => return Err(lost),
            () = shutdown.clone() => {}
        }
        keeper.farewell().await
    }
}

/// Hears the delivery reports and moves the checkpoint behind them.
struct Keeper<'a> {
    identity: LedgerIdentity,
    checkpoints: Checkpoints,
    progress: &'a Progress,
    status: &'a RelayStatus,
    saved: Position,
}

impl Keeper<'_> {
    async fn run(&mut self, room: &Notify) -> Result<(), RelayError> {
        let mut tick = interval(CHECKPOINT_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.progress.changed() => {}
                _ = tick.tick() => self.store().await?,
            }
            self.progress.check()?;
            self.status.delivered(self.progress.delivered());
            room.notify_one();
        }
    }

    async fn store(&mut self) -> Result<(), RelayError> {
        let delivered = self.progress.delivered();
        if delivered > self.saved {
            self.checkpoints.save(self.identity, delivered).await?;
            self.saved = delivered;
        }
        Ok(())
    }

    /// Gives what is in flight a moment, so that the next start has less to repeat.
    async fn farewell(&mut self) -> Result<(), RelayError> {
        let settled = async {
            while self.progress.in_flight() > 0 && self.progress.check().is_ok() {
                self.progress.changed().await;
            }
        };
        if timeout(FAREWELL, settled).await.is_err() {
            tracing::info!(
                "Kafka did not acknowledge everything in time; it comes again after the next start"
            );
        }
        self.status.delivered(self.progress.delivered());
        self.store().await
    }
}

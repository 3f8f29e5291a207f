//! One session: the lock, the way in, and sealing until something fails or the process is to stop.
//!
//! Everything that fails ends the session; the next one begins with recovery again. So there is one way in.

use std::sync::Arc;

use futures_util::future::{BoxFuture, Shared};
use ledger::{
    Ledger, LedgerIdentity, Position, leaf,
    tree::{CheckpointKeys, CheckpointText, ProofError, SignedCheckpoint, SignedNote, verify_consistency},
};
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval},
};

use crate::{
    SealerError,
    building::{Building, Unfit},
    compare::compare,
    config::{SealerConfig, Step},
    lock::{Broken, Lock, Pen},
    recovery::recover,
    status::SealerStatus,
    topic,
};

/// Resolves when the process is to stop.
pub(crate) type Shutdown = Shared<BoxFuture<'static, ()>>;

/// Events read at once: about a megabyte as a rule.
const BATCH: usize = 1_000;
/// The most leaves between two checkpoints: it bounds the tiles in memory to two megabytes.
const MOST: u64 = 65_536;

/// Waits for the lock, then seals.
pub(crate) async fn run(
    config: &SealerConfig,
    ledger: &Ledger,
    status: &SealerStatus,
    shutdown: &Shutdown,
) -> Result<(), SealerError> {
    let lock = tokio::select! {
        lock = Lock::take(&config.ledger_url, status) => lock?,
        () = shutdown.clone() => return Ok(()),
    };
    tracing::info!("this sealer is the active one");
    status.active(true);
    let (pen, broken) = lock.split();
    let result = seal_on(config, ledger, status, (pen, broken), shutdown).await;
    status.active(false);
    result
}

async fn seal_on(
    config: &SealerConfig,
    ledger: &Ledger,
    status: &SealerStatus,
    (pen, mut broken): (Pen, Broken),
    shutdown: &Shutdown,
) -> Result<(), SealerError> {
    let (newest, heard) = watch::channel(None);
    let working = async {
        let mut work = Work::prepare(config, ledger, status, pen, newest).await?;
        work.run().await
    };
    tokio::select! {
        result = working => result,
        error = topic::publish(&config.places, heard, status) => Err(error),
        lost = broken.wait() => Err(lost),
        () = shutdown.clone() => Ok(()),
    }
}

/// What an active sealer works with.
struct Work<'a> {
    config: &'a SealerConfig,
    ledger: &'a Ledger,
    status: &'a SealerStatus,
    pen: Pen,
    identity: LedgerIdentity,
    building: Building,
    newest: watch::Sender<Option<SignedCheckpoint>>,
    sealed_at: Instant,
}

impl<'a> Work<'a> {
    /// Compares with what was published, recovers the tree, and publishes what had not been.
    async fn prepare(
        config: &'a SealerConfig,
        ledger: &'a Ledger,
        status: &'a SealerStatus,
        pen: Pen,
        newest: watch::Sender<Option<SignedCheckpoint>>,
    ) -> Result<Self, SealerError> {
        let identity = ledger.identity().await?;
        let keys = CheckpointKeys::open_or_create(&config.keys)?;
        compare(ledger, &keys, &config.places).await?;
        let (building, last) = recover(ledger, identity, &keys).await?;
        status.postgres_answers();
        status.sealed(building.sealed().size);
        let work =
            Self { config, ledger, status, pen, identity, building, newest, sealed_at: Instant::now() };
        if let Some(last) = last {
            work.publish(last).await?;
        }
        Ok(work)
    }

    async fn run(&mut self) -> Result<(), SealerError> {
        let mut tick = interval(self.config.every);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            self.take_in().await?;
            self.seal().await?;
        }
    }

    /// Reads to the end of the ledger; a long way is sealed in pieces.
    async fn take_in(&mut self) -> Result<(), SealerError> {
        loop {
            let after = i64::try_from(self.building.size()).unwrap_or(i64::MAX);
            let events = self.ledger.read_after(Position::new(after), BATCH).await?;
            events.iter().for_each(|event| self.building.push(leaf::hash(event)));
            if events.len() < BATCH {
                self.status.saw_ledger_at(self.building.size());
                return Ok(());
            }
            if self.building.pending() >= MOST || self.sealed_at.elapsed() >= self.config.every {
                self.status.saw_ledger_at(self.building.size());
                self.seal().await?;
            }
        }
    }

    /// Stores the tiles, proves, signs, stores and publishes: in this order.
    async fn seal(&mut self) -> Result<(), SealerError> {
        self.sealed_at = Instant::now();
        if self.building.pending() == 0 {
            return Ok(());
        }
        self.before(Step::Tiles)?;
        self.pen.save_tiles(self.identity.epoch, self.building.full()).await?;
        self.prove().await?;
        let checkpoint = self.sign()?;
        self.before(Step::Checkpoint)?;
        let SignedCheckpoint { epoch, size, root, note, .. } = &checkpoint;
        self.pen.save_checkpoint(*epoch, *size, root, note).await?;
        if !self.building.seal() {
            return Err(SealerError::Altered { size: *size, what: "its peaks are not at hand" });
        }
        self.status.sealed(*size);
        self.before(Step::Publish)?;
        self.publish(checkpoint).await
    }

    /// Proves that what is to be signed begins with what was signed last; from the tables where memory lacks a hash.
    async fn prove(&self) -> Result<(), SealerError> {
        let sealed = self.building.sealed();
        let contradicts = SealerError::Altered { size: sealed.size, what: "the present tree contradicts it" };
        match self.building.prove() {
            Ok(()) => Ok(()),
            Err(Unfit::Unproved(ProofError::Missing(_))) => {
                let size = self.building.size();
                let proof = self.ledger.prove_consistency(self.identity.epoch, sealed.size, size).await?;
                verify_consistency(sealed.size, size, &proof, &sealed.root, &self.building.root())
                    .map_err(|_| contradicts)
            }
            Err(Unfit::Unproved(_) | Unfit::Contradicts(_)) => Err(contradicts),
        }
    }

    /// Signs the present tree. The keys are read each time, so that a rotation needs no restart.
    fn sign(&self) -> Result<SignedCheckpoint, SealerError> {
        let (size, root) = (self.building.size(), self.building.root());
        let text = CheckpointText::new(self.identity, size, root);
        let keys = CheckpointKeys::open_or_create(&self.config.keys)?;
        let signer = keys.signer(&text.origin).ok_or(SealerError::NoSigner)?;
        let note = SignedNote::sign(text.to_string(), &[&signer]).to_string();
        let signed_at = self.config.clock.now();
        Ok(SignedCheckpoint { epoch: self.identity.epoch, size, root, note, signed_at })
    }

    async fn publish(&self, checkpoint: SignedCheckpoint) -> Result<(), SealerError> {
        let (folder, checkpoint) = (self.config.places.folder.clone(), Arc::new(checkpoint));
        let published = Arc::clone(&checkpoint);
        tokio::task::spawn_blocking(move || folder.publish(&published)).await??;
        self.status.folder_answers();
        self.newest.send_replace(Some(Arc::unwrap_or_clone(checkpoint)));
        Ok(())
    }

    fn before(&self, step: Step) -> Result<(), SealerError> {
        if self.config.halt_before == Some(step) { Err(SealerError::Halted) } else { Ok(()) }
    }
}

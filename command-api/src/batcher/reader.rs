//! Where states come from when they are not at hand: the pool, or the transaction that holds the lock.

use std::sync::Arc;
use std::time::Duration;

use domain::{Claim, FOLD_VERSION, Missing, State};
use ledger::{Envelope, Ledger, LedgerError, Loaded, LockedAppend, Position, StreamLoad};
use tokio::time::timeout;
use uuid::Uuid;

use super::known::{FoldError, Held, Known};

/// How long a read may take before the database counts as away.
const PATIENCE: Duration = Duration::from_secs(5);

/// Reads for one batch.
pub(super) enum Reader<'a> {
    /// Beside the appends.
    Pool(&'a Ledger),
    /// While nobody else can append.
    Locked(&'a LockedAppend),
}

/// Why something could not be loaded.
#[derive(Debug, thiserror::Error)]
pub(super) enum LoadError {
    /// The ledger could not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// It did not answer in time.
    #[error("the ledger did not answer in time")]
    Slow(#[from] tokio::time::error::Elapsed),
    /// What was read does not fold.
    #[error("stream {0} cannot be folded")]
    Fold(Uuid, #[source] FoldError),
}

impl Reader<'_> {
    /// Loads everything that is missing: one round trip for the streams, one for the names.
    pub(super) async fn learn(&self, known: &mut Known, missing: Vec<Missing>) -> Result<(), LoadError> {
        let (streams, names) = sorted(missing);
        if !streams.is_empty() {
            for loaded in timeout(PATIENCE, self.load(&streams)).await?? {
                let stream = loaded.stream;
                let held = fold(loaded).map_err(|error| LoadError::Fold(stream, error))?;
                known.learn(stream, held);
            }
        }
        if !names.is_empty() {
            let asked: Vec<_> = names.iter().map(|claim| (claim.kind, claim.value.as_str())).collect();
            let holders = timeout(PATIENCE, self.claims(&asked)).await??;
            for (claim, holder) in names.into_iter().zip(holders) {
                known.learn_holder(claim, holder.map(|holder| holder.entity));
            }
        }
        Ok(())
    }

    /// Events after a position.
    pub(super) async fn after(&self, after: Position, limit: usize) -> Result<Vec<Envelope>, LoadError> {
        let read = async {
            match self {
                Self::Pool(ledger) => ledger.read_after(after, limit).await,
                Self::Locked(locked) => locked.read_after(after, limit).await,
            }
        };
        Ok(timeout(PATIENCE, read).await??)
    }

    async fn load(&self, streams: &[StreamLoad]) -> Result<Vec<Loaded>, LedgerError> {
        match self {
            Self::Pool(ledger) => ledger.load(streams).await,
            Self::Locked(locked) => locked.load(streams).await,
        }
    }

    async fn claims(&self, names: &[(&str, &str)]) -> Result<Vec<Option<ledger::Claim>>, LedgerError> {
        match self {
            Self::Pool(ledger) => ledger.claims(names).await,
            Self::Locked(locked) => locked.claims(names).await,
        }
    }
}

fn sorted(missing: Vec<Missing>) -> (Vec<StreamLoad>, Vec<Claim>) {
    let (mut streams, mut names) = (Vec::new(), Vec::new());
    for one in missing {
        match one {
            Missing::Stream(stream) => streams.push(StreamLoad { stream, fold_version: FOLD_VERSION }),
            Missing::Claim(claim) => names.push(claim),
            // Folded before the command came here, or not at all.
            Missing::Books(_) => {}
        }
    }
    streams.sort_unstable_by_key(|load| load.stream);
    streams.dedup();
    names.sort_unstable();
    names.dedup();
    (streams, names)
}

/// The stream that a snapshot and the events after it add up to.
///
/// # Errors
/// See [`FoldError`].
pub(crate) fn fold(loaded: Loaded) -> Result<Held, FoldError> {
    let mut held = match &loaded.snapshot {
        Some(snapshot) => {
            let state: State = serde_json::from_slice(&snapshot.state)?;
            Held { version: snapshot.version, state: Some(Arc::new(state)), saved: snapshot.version }
        }
        None => Held::EMPTY,
    };
    for event in &loaded.events {
        held = held.after(loaded.stream, event)?;
    }
    Ok(held)
}

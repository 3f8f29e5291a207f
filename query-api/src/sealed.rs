//! The sealed part of the ledger: checkpoints, and what is proved against them.
//!
//! Answers stand for what is sealed, not for what is recorded: a request that wants a later position waits for the
//! sealer, which is half a second behind.

use std::time::Duration;

use actix_web::{HttpResponse, http::StatusCode};
use edge::{Problem, http::MinPosition, http::ledger_position, pace};
use ledger::{
    LedgerError, LedgerIdentity,
    tree::{Hash, ProofError, ProveError, SignedCheckpoint},
};
use tokio::time::Instant;

use crate::read::{Desk, Failure, Waiters, not_caught_up};

/// How often a request that waits for the sealer looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What is sealed: which ledger, and its last checkpoint.
pub(crate) struct Sealed {
    pub(crate) identity: LedgerIdentity,
    pub(crate) last: SignedCheckpoint,
}

impl Sealed {
    /// What is sealed, once that reaches as far as the request wants.
    pub(crate) async fn at_least(desk: &Desk, min: MinPosition) -> Result<Self, Problem> {
        let wanted = u64::try_from(min.0.unwrap_or(0)).unwrap_or(0);
        let deadline = Waiters::deadline();
        loop {
            let found = Self::read(desk).await.map_err(Failure::into_problem)?;
            let reached = found.as_ref().map_or(0, |sealed| sealed.last.size);
            if reached < wanted && Instant::now() >= deadline {
                return Err(not_caught_up(stored(reached)));
            }
            match found {
                Some(sealed) if reached >= wanted => return Ok(sealed),
                None if wanted == 0 => return Err(nothing_sealed(0)),
                Some(_) | None => pace::rest(LOOK_AGAIN).await,
            }
        }
    }

    async fn read(desk: &Desk) -> Result<Option<Self>, Failure> {
        let ledger = &desk.stacks().read;
        let identity = ledger.identity().await?;
        Ok(ledger.last_signed(identity.epoch).await?.map(|last| Self { identity, last }))
    }

    /// The size that a request names, or that of the last checkpoint: sealed, and not zero.
    pub(crate) fn size(&self, named: Option<u64>, what: &'static str) -> Result<u64, Problem> {
        match named {
            None => Ok(self.last.size),
            Some(0) => Err(Problem::malformed(format!("{what} begins at 1"))),
            Some(size) if size > self.last.size => Err(nothing_sealed(self.last.size).fact(what, size)),
            Some(size) => Ok(size),
        }
    }

    /// The root of the tree of a sealed size: as it was signed, else from the tree.
    pub(crate) async fn root(&self, desk: &Desk, size: u64) -> Result<Hash, Problem> {
        if size == self.last.size {
            return Ok(self.last.root);
        }
        desk.stacks().read.tree_root(self.identity.epoch, size).await.map_err(unproved)
    }
}

/// 404: not sealed yet. It will be, within about a second of being recorded.
fn nothing_sealed(sealed: u64) -> Problem {
    let (name, value) = ledger_position(stored(sealed));
    Problem::not_found("that is not sealed yet").fact("sealed", sealed).header(name, value)
}

/// A proof that cannot be had.
pub(crate) fn unproved(error: ProveError) -> Problem {
    match error {
        ProveError::Proof(ProofError::NoSuchLeaf { index, size }) => {
            let position = index.saturating_add(1);
            let problem = Problem::malformed("there is no such position in a tree of that size");
            problem.fact("position", position).fact("size", size)
        }
        ProveError::Proof(ProofError::NoSuchGrowth { from, to }) => {
            Problem::malformed("from is 1 to to").fact("from", from).fact("to", to)
        }
        ProveError::Ledger(error) => Failure::from(error).into_problem(),
        damaged @ (ProveError::Proof(ProofError::Missing(_)) | ProveError::Tile(_)) => {
            tracing::error!(error = %damaged, "the tree is damaged");
            Problem::internal()
        }
    }
}

/// A text that stands for a sealed position.
pub(crate) fn text(position: u64, text: String) -> HttpResponse {
    HttpResponse::build(StatusCode::OK)
        .insert_header(ledger_position(stored(position)))
        .content_type("text/plain; charset=utf-8")
        .body(text)
}

/// Hashes as JSON has them.
pub(crate) fn in_hex(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(hex::encode).collect()
}

/// A size as a position.
pub(crate) fn stored(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// A failure of the ledger as an answer.
pub(crate) fn failed(error: LedgerError) -> Problem {
    Failure::from(error).into_problem()
}

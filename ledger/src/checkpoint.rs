//! How far a reader of the ledger came, so that a restore to an earlier moment is noticed.
//!
//! A checkpoint is the ledger's id, its epoch, a position and the id of the event there. It is compared with
//! the ledger at every start; one that does not fit makes the reader refuse to run.

use uuid::Uuid;

use crate::Position;

/// Which ledger this is. A fork after a restore raises the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LedgerIdentity {
    /// The ledger's id.
    pub ledger_id: Uuid,
    /// Raised by each fork.
    pub epoch: i32,
}

impl LedgerIdentity {
    /// The CloudEvents source: `/chajipoa/<ledger id>/<epoch>`.
    #[must_use]
    pub fn source(&self) -> String {
        format!("/chajipoa/{}/{}", self.ledger_id, self.epoch)
    }
}

/// How far a reader came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which ledger it read.
    pub identity: LedgerIdentity,
    /// The last position it took.
    pub position: Position,
    /// The id of the event there; none before the first.
    pub event_id: Option<Uuid>,
}

impl Checkpoint {
    /// Before the first event of a ledger.
    #[must_use]
    pub const fn start(identity: LedgerIdentity) -> Self {
        Self { identity, position: Position::ZERO, event_id: None }
    }
}

/// Why a checkpoint does not belong to the ledger as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointMismatch {
    /// It was made on another ledger, or on another epoch of it.
    #[error(
        "the checkpoint belongs to ledger {} epoch {}, this is ledger {} epoch {}",
        found.ledger_id, found.epoch, expected.ledger_id, expected.epoch
    )]
    OtherLedger {
        /// The ledger that answered.
        expected: LedgerIdentity,
        /// The one in the checkpoint.
        found: LedgerIdentity,
    },
    /// The ledger does not reach so far: it was restored to an earlier moment.
    #[error(
        "the checkpoint stands at position {position}, the ledger ends at {last}: it was restored to an earlier \
         moment; restore it completely or fork it with `chajipoa ledger fork --reason`"
    )]
    Behind {
        /// The checkpoint's position.
        position: Position,
        /// The ledger's last.
        last: Position,
    },
    /// Another event stands at that position.
    #[error(
        "position {position} holds another event than the checkpoint saw: the ledger was restored and went on; \
         restore it completely or fork it with `chajipoa ledger fork --reason`"
    )]
    OtherEvent {
        /// The position.
        position: Position,
    },
}

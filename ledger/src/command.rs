//! Commands on their way into the ledger, and what became of them.
//!
//! A command comes here decided. It names the version of every stream whose state the decision used, so
//! that `append` can tell whether the decision still rests on the present (I4). Nothing here decides.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{NewEvent, Position};

/// What a command does to a name that only one entity may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimOp {
    /// The name must be free and belongs to `entity` from now on; a taken one is `Fate::ClaimTaken`.
    Take {
        /// What sort of name, such as `device_serial`.
        kind: String,
        /// The name itself; never personal data in clear.
        value: String,
        /// Who holds it.
        entity: Uuid,
    },
    /// The decision rests on the name being free; if it is not, the command is `Fate::Moved`.
    Absent {
        /// What sort of name.
        kind: String,
        /// The name itself.
        value: String,
    },
    /// The name becomes free. Only blind indexes are ever released.
    Release {
        /// What sort of name.
        kind: String,
        /// The name itself.
        value: String,
    },
}

impl ClaimOp {
    /// Kind and value of the claim.
    #[must_use]
    pub fn name(&self) -> (&str, &str) {
        match self {
            Self::Take { kind, value, .. } | Self::Absent { kind, value } | Self::Release { kind, value } => {
                (kind, value)
            }
        }
    }
}

/// How a command was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decided {
    /// There are new events.
    Recorded,
    /// The world already is as asked; stored with its answer, without events.
    AlreadyDone,
    /// A rule refused it; nothing is stored and the id stays free.
    Refused,
}

/// A decided command, ready for `append`.
#[derive(Debug, Clone)]
pub struct PreparedCommand {
    /// The command's id: one id has one effect (I3).
    pub id: Uuid,
    /// Who sent it.
    pub actor: String,
    /// The keyed hash of what was asked.
    pub hash: [u8; 32],
    /// How it was decided.
    pub decided: Decided,
    /// Every stream whose state was used, the written ones included, each with the version before this
    /// command (zero: it must be empty). Commands earlier in the same batch count as having happened.
    pub reads: Vec<(Uuid, i64)>,
    /// The new events; empty unless `Recorded`.
    pub events: Vec<NewEvent>,
    /// The names it takes, checks or frees; each name at most once.
    pub claims: Vec<ClaimOp>,
    /// The answer's bytes, without positions.
    pub result: Bytes,
    /// The version of the function that renders the answer.
    pub answer_version: i16,
    /// What ties it to other commands.
    pub correlation_id: Option<Uuid>,
    /// The trace it arrived with.
    pub traceparent: Option<String>,
}

/// What became of one command of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Its events are in the ledger.
    Recorded {
        /// The position of its first event.
        first: Position,
        /// How many events.
        count: u32,
        /// When.
        recorded_at: DateTime<Utc>,
    },
    /// Stored as already done.
    AlreadyDone {
        /// The last position at that time.
        at: Position,
    },
    /// The refusal stands: the state it was decided on was the present one.
    Refused {
        /// The last position at that time.
        at: Position,
    },
    /// The id is known with the same hash: render the stored answer again.
    Replay(StoredCommand),
    /// The id is known with another hash.
    KeyReused,
    /// It rests on something that has changed, or on a command that fell out: decide again.
    Moved,
    /// A name it wanted is held by another.
    ClaimTaken {
        /// What sort of name.
        kind: String,
        /// The name itself.
        value: String,
        /// Who holds it.
        entity: Uuid,
    },
}

/// The outcome of one call of `append`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The last position before the batch.
    pub before: Position,
    /// The last position after it.
    pub last: Position,
    /// One fate for each command, in order.
    pub fates: Vec<Fate>,
}

/// A command as the ledger keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCommand {
    /// Its id.
    pub id: Uuid,
    /// Who sent it.
    pub actor: String,
    /// The keyed hash of what was asked.
    pub hash: [u8; 32],
    /// `Recorded` or `AlreadyDone`; a refusal is never stored.
    pub decided: Decided,
    /// The position of its first event, or for an already done one the last position at that time.
    pub first_position: Position,
    /// How many events.
    pub event_count: u32,
    /// The answer's bytes, without positions.
    pub result: Bytes,
    /// The version of the function that renders the answer.
    pub answer_version: i16,
}

impl StoredCommand {
    /// The position of its last event, or the last position when it was already done.
    #[must_use]
    pub fn position(&self) -> Position {
        let further = i64::from(self.event_count.saturating_sub(1));
        self.first_position.plus(further)
    }
}

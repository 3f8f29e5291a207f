//! What can go wrong while a read model is written.

use ledger::{LedgerError, Position, feed::FeedError};

use crate::ModelName;

/// An event that cannot be applied. Its projection stops before it; the others go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("position {position} ({event_type}) cannot be applied: {why}")]
pub struct Poison {
    /// Where.
    pub position: Position,
    /// The event's type.
    pub event_type: String,
    /// What does not fit.
    pub why: String,
}

/// A failure of the projector.
#[derive(Debug, thiserror::Error)]
pub enum ProjectorError {
    /// The database is away or answered with an error.
    #[error("the database of the read models failed")]
    Database(#[from] tokio_postgres::Error),
    /// The address of the database cannot be understood.
    #[error("the database address is not usable")]
    Address(#[source] tokio_postgres::Error),
    /// The ledger could not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The feed could not be read.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// Somebody else moved this version's position, or it is no longer there.
    #[error("{model} version {version} was moved by somebody else")]
    Fenced {
        /// The read model.
        model: ModelName,
        /// Its version.
        version: i16,
    },
    /// The connection that holds the lock ended.
    #[error("the connection to the read models ended")]
    ConnectionLost,
    /// A statement did not write what it was given.
    #[error("{table} took {written} rows of {given}")]
    Written {
        /// The table.
        table: &'static str,
        /// Rows given.
        given: u64,
        /// Rows written.
        written: u64,
    },
    /// The feed left something out (I5).
    #[error("the feed has a gap: expected position {expected}, found {found}")]
    Gap {
        /// What had to come.
        expected: Position,
        /// What came.
        found: Position,
    },
    /// An event cannot be applied.
    #[error(transparent)]
    Poison(#[from] Poison),
    /// The live version was made by another fold than this program's.
    #[error(
        "{model} version {version} was made by {found}, this program has fold {expected}: \
         run `chajipoa projection rebuild {model}` and then `promote`"
    )]
    OtherFold {
        /// The read model.
        model: ModelName,
        /// Its version.
        version: i16,
        /// This program's fold.
        expected: i32,
        /// What the schema says.
        found: String,
    },
    /// There is no such version.
    #[error("{model} has no version {version}: `chajipoa projection list` shows what there is")]
    NoSuchVersion {
        /// The read model.
        model: ModelName,
        /// The number that was named.
        version: i16,
    },
    /// A version is not complete, or is the live one.
    #[error("{model} version {version} is {status}, neither ready nor a former one")]
    NotComplete {
        /// The read model.
        model: ModelName,
        /// The number that was named.
        version: i16,
        /// How it is.
        status: String,
    },
    /// The live version cannot be dropped.
    #[error("{model} version {version} is live: promote another one first")]
    Live {
        /// The read model.
        model: ModelName,
        /// The number that was named.
        version: i16,
    },
    /// There is no version that is built and not live.
    #[error("{0} has no version ready beside the live one: run `chajipoa projection rebuild {0}`")]
    NothingToPromote(ModelName),
    /// There is no live version yet.
    #[error("{0} has no live version yet: start the projector once")]
    NotLive(ModelName),
    /// Somebody else is rebuilding this model at this moment.
    #[error("{0} is being rebuilt by somebody else")]
    BeingRebuilt(ModelName),
    /// A switch or a comparison did not get its turn.
    #[error("{model}: no turn in {attempts} attempts: {what}")]
    NoTurn {
        /// The read model.
        model: ModelName,
        /// How often it was tried.
        attempts: u32,
        /// What stood in the way.
        what: String,
    },
    /// An event cannot be applied and may be passed over: rows hold half of it, and are made anew without it.
    #[error("{model} starts over without position {position}")]
    StartsOver {
        /// The read model.
        model: ModelName,
        /// The event.
        position: Position,
    },
    /// A skip names another position than the one the projection stands before.
    #[error("{model} does not stand before position {found}: it {stands}")]
    NotStandingThere {
        /// The read model.
        model: ModelName,
        /// How it is.
        stands: String,
        /// What was named.
        found: Position,
    },
    /// The program is being stopped.
    #[error("stopped")]
    Stopped,
}

impl ProjectorError {
    /// Whether the failure is that of one attempt: a lock not had in time, a snapshot too old.
    pub(crate) fn is_passing(&self) -> bool {
        use tokio_postgres::error::SqlState;
        match self {
            Self::Database(error) => error.code().is_some_and(|code| {
                [
                    SqlState::LOCK_NOT_AVAILABLE,
                    SqlState::T_R_SERIALIZATION_FAILURE,
                    SqlState::T_R_DEADLOCK_DETECTED,
                ]
                .contains(code)
            }),
            Self::Fenced { .. } => true,
            Self::Address(_)
            | Self::Ledger(_)
            | Self::Feed(_)
            | Self::ConnectionLost
            | Self::Written { .. }
            | Self::Gap { .. }
            | Self::Poison(_)
            | Self::OtherFold { .. }
            | Self::NothingToPromote(_)
            | Self::NoSuchVersion { .. }
            | Self::NotComplete { .. }
            | Self::Live { .. }
            | Self::StartsOver { .. }
            | Self::NotLive(_)
            | Self::BeingRebuilt(_)
            | Self::NoTurn { .. }
            | Self::NotStandingThere { .. }
            | Self::Stopped => false,
        }
    }
}

//! The answer to a command that was recorded or already done.
//!
//! Keeps true: the first answer and every later one are rendered from the stored row by the same function,
//! so they are the same bytes. A version of the stored form, once released, is rendered for ever; golden
//! files under `golden/` hold one of each.

mod v1;

use bytes::Bytes;
use ledger::{Decided, Fate, Position, PreparedCommand, StoredCommand};
use uuid::Uuid;

/// The version that new answers are stored in.
pub(crate) const ANSWER_VERSION: i16 = 1;

pub(crate) use v1::store;

/// A stored answer, and whether this is not the first time it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) id: Uuid,
    pub(crate) already_done: bool,
    pub(crate) first: Position,
    pub(crate) count: u32,
    pub(crate) stored: Bytes,
    pub(crate) version: i16,
    pub(crate) replay: bool,
}

/// A stored answer that cannot be rendered: the row is damaged or newer than this program.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AnswerError {
    /// The version is not known here.
    #[error("answer version {0} is unknown here")]
    Version(i16),
    /// The stored bytes are not of their version's form.
    #[error("the stored answer is damaged")]
    Damaged(#[from] serde_json::Error),
}

impl Answer {
    /// The answer to a command that was just recorded or found done; `None` for every other fate.
    pub(crate) fn first(command: &PreparedCommand, fate: &Fate) -> Option<Self> {
        let (already_done, first, count) = match fate {
            Fate::Recorded { first, count, .. } => (false, *first, *count),
            Fate::AlreadyDone { at } => (true, *at, 0),
            Fate::Refused { .. }
            | Fate::Replay(_)
            | Fate::KeyReused
            | Fate::Moved
            | Fate::ClaimTaken { .. } => return None,
        };
        let (stored, version) = (command.result.clone(), command.answer_version);
        Some(Self { id: command.id, already_done, first, count, stored, version, replay: false })
    }

    /// The answer of a row that was stored before.
    pub(crate) fn again(stored: StoredCommand) -> Self {
        Self {
            id: stored.id,
            already_done: stored.decided == Decided::AlreadyDone,
            first: stored.first_position,
            count: stored.event_count,
            stored: stored.result,
            version: stored.answer_version,
            replay: true,
        }
    }

    /// The same answer, given once more.
    pub(crate) fn as_replay(&self) -> Self {
        Self { replay: true, ..self.clone() }
    }

    /// The position of its last event, or where the ledger stood when it was found done.
    pub(crate) fn position(&self) -> Position {
        self.first.plus(i64::from(self.count.saturating_sub(1)))
    }

    /// The body of `POST /api/v1/commands`.
    ///
    /// # Errors
    /// See [`AnswerError`].
    pub(crate) fn render(&self) -> Result<Vec<u8>, AnswerError> {
        match self.version {
            1 => Ok(v1::render(self)?),
            other => Err(AnswerError::Version(other)),
        }
    }

    /// The body of the REST paths: the same members, and those of the result once more at the top, where
    /// apps look for them.
    ///
    /// # Errors
    /// See [`AnswerError`].
    pub(crate) fn render_flat(&self) -> Result<Vec<u8>, AnswerError> {
        match self.version {
            1 => Ok(v1::render_flat(self)?),
            other => Err(AnswerError::Version(other)),
        }
    }

    /// A text member of the result, such as `status`.
    pub(crate) fn result_text(&self, member: &str) -> Option<String> {
        match self.version {
            1 => v1::result_text(self, member),
            _ => None,
        }
    }
}

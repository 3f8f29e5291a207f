//! What a break's stream adds up to.

use serde::{Deserialize, Serialize};

use crate::{Event, event::BreakOpened, ids::BreakId, values::Reason};

/// Where a break stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum BreakStatus {
    /// Nobody knows why yet.
    Open,
    /// Somebody does.
    Explained {
        /// The last explanation.
        reason: Reason,
    },
    /// Nothing is left to do.
    Closed,
}

/// A difference between ledger and statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Break {
    /// Which.
    pub id: BreakId,
    /// What differs.
    pub opened: BreakOpened,
    /// Where it stands.
    pub status: BreakStatus,
}

impl Break {
    /// The first event of a break.
    #[must_use]
    pub fn begin(event: &Event) -> Option<Break> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else begins a break")]
        match event {
            Event::BreakOpened(fact) => {
                Some(Break { id: fact.break_id, opened: (**fact).clone(), status: BreakStatus::Open })
            }
            _ => None,
        }
    }

    /// The break after one more event; `None` if it cannot stand in a break's stream.
    #[must_use]
    pub fn evolve(mut self, event: &Event) -> Option<Break> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "only these follow in a break's stream")]
        match event {
            Event::BreakExplained(fact) => {
                self.status = BreakStatus::Explained { reason: fact.reason.clone() };
            }
            Event::BreakClosed(_) => self.status = BreakStatus::Closed,
            _ => return None,
        }
        Some(self)
    }
}

//! What an approval's stream adds up to.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Event, event::Action, ids::ApprovalId};

/// Whether the second person has spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Not yet.
    Requested,
    /// Yes.
    Approved,
    /// No.
    Rejected,
}

impl Verdict {
    /// The name in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Verdict::Requested => "requested",
            Verdict::Approved => "approved",
            Verdict::Rejected => "rejected",
        }
    }
}

/// What waits for a second person, or waited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Which.
    pub id: ApprovalId,
    /// What was asked for.
    pub action: Action,
    /// By whom.
    pub requested_by: Uuid,
    /// What the second person said.
    pub verdict: Verdict,
}

impl Approval {
    /// The first event of an approval.
    #[must_use]
    pub fn begin(event: &Event) -> Option<Approval> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else begins an approval")]
        match event {
            Event::ApprovalRequested(fact) => Some(Approval {
                id: fact.approval_id,
                action: fact.action.clone(),
                requested_by: fact.requested_by,
                verdict: Verdict::Requested,
            }),
            _ => None,
        }
    }

    /// The approval after one more event; `None` if it cannot stand in an approval's stream.
    #[must_use]
    pub fn evolve(mut self, event: &Event) -> Option<Approval> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "only these follow in an approval's stream")]
        match event {
            Event::ReceiptAssigned(_)
            | Event::BalanceAdjusted(_)
            | Event::DebtWrittenOff(_)
            | Event::RentalCorrected(_)
            | Event::ProjectionEventSkipped(_) => self.verdict = Verdict::Approved,
            Event::ActionRejected(_) => self.verdict = Verdict::Rejected,
            _ => return None,
        }
        Some(self)
    }
}

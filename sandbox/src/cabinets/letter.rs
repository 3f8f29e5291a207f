//! A command of a cabinet that waits to be sent. It is kept, byte for byte, until the ledger has said the last word on
//! it; its id never changes, so that sending it again is a replay.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

/// A command that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Letter {
    pub(super) command_id: Uuid,
    pub(super) kind: Kind,
    pub(super) occurred_at: Option<DateTime<Utc>>,
    pub(super) data: Value,
    /// It is not sent earlier.
    pub(super) not_before: DateTime<Utc>,
    /// It is sent twice at once.
    pub(super) twice: bool,
}

/// What a cabinet may say: the names of the ledger's commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    ConfirmRelease,
    ReportReleaseFailure,
    DeviceReturned,
    ReportReturnRefused,
}

impl Letter {
    /// The body of its command.
    pub(super) fn body(&self) -> Value {
        let mut body = json!({"command_id": self.command_id, "type": self.kind, "data": self.data});
        if let (Some(at), Some(members)) = (self.occurred_at, body.as_object_mut()) {
            members.insert("occurred_at".to_owned(), json!(at));
        }
        body
    }
}

/// Differs from an attempt's id in random bits only, so it is a UUID of the same version, one per attempt.
const ANSWER: u128 = 0x0a_5e_55_ed_ca_b1;

/// The id of the one answer to an attempt.
pub(super) fn answer_id(attempt_id: Uuid) -> Uuid {
    Uuid::from_u128(attempt_id.as_u128() ^ ANSWER)
}

//! What the stream of the ledger itself adds up to.

use serde::{Deserialize, Serialize};

use crate::Event;

/// Which epoch the ledger is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lineage {
    /// The epoch that the last restore began.
    pub epoch: i32,
}

impl Lineage {
    /// The lineage after one more event; `None` if it cannot stand in this stream.
    #[must_use]
    pub fn evolve(before: Option<Lineage>, event: &Event) -> Option<Lineage> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else stands in the stream of the ledger")]
        match event {
            Event::LedgerRestored(fact) => {
                let rises = before.is_none_or(|lineage| lineage.epoch < fact.epoch);
                rises.then_some(Lineage { epoch: fact.epoch })
            }
            _ => None,
        }
    }
}

//! What the stream of closed periods adds up to.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::Event;

/// How far the books are closed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Periods {
    /// The last closed business day.
    pub closed_until: Option<NaiveDate>,
}

impl Periods {
    /// The periods after one more event; `None` if it cannot stand in their stream.
    #[must_use]
    pub fn evolve(self, event: &Event) -> Option<Periods> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else stands in the stream of periods")]
        match event {
            Event::PeriodClosed(fact) => Some(Periods { closed_until: Some(fact.until) }),
            _ => None,
        }
    }
}

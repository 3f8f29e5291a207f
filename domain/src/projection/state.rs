//! What the stream of a read model adds up to.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{Event, event::Projection};

/// What a read model may pass over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skips {
    /// Which read model.
    pub projection: Projection,
    /// The positions.
    pub positions: BTreeSet<i64>,
}

impl Skips {
    /// The first event of such a stream.
    #[must_use]
    pub fn begin(event: &Event) -> Option<Skips> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else begins such a stream")]
        match event {
            Event::ProjectionEventSkipped(fact) => {
                Some(Skips { projection: fact.projection, positions: BTreeSet::from([fact.position]) })
            }
            _ => None,
        }
    }

    /// The skips after one more event; `None` if it cannot stand in such a stream.
    #[must_use]
    pub fn evolve(mut self, event: &Event) -> Option<Skips> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else stands in such a stream")]
        match event {
            Event::ProjectionEventSkipped(fact) => self.positions.insert(fact.position),
            _ => return None,
        };
        Some(self)
    }
}

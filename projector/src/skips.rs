//! Which events a read model may pass over: what the ledger says of it, in the read model's own stream.
//!
//! Recorded means allowed, not done: an event is passed over only where the fold cannot apply it. So a skip of an event that
//! can be applied, be it by mistake or because the program was mended since, has no effect, live or in a rebuild, and both
//! stay the fold of the ledger (I7).

use std::collections::BTreeSet;

use domain::Event;
use ledger::Ledger;

use crate::{ModelName, ProjectorError};

/// The positions that were recorded so far.
pub(crate) async fn recorded(ledger: &Ledger, model: ModelName) -> Result<BTreeSet<i64>, ProjectorError> {
    let streams = ledger.read_streams(&[(model.projection().stream().id, 0)]).await?;
    let positions = streams.into_iter().flatten().filter_map(|envelope| {
        let read = Event::decode(&envelope.event_type, envelope.schema_version, &envelope.payload);
        let Ok(Event::ProjectionEventSkipped(fact)) = read else { return None };
        Some(fact.position)
    });
    Ok(positions.collect())
}

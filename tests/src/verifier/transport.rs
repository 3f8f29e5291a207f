//! I8: Kafka holds every position at least once, first occurrences in order, and nothing that is not in the ledger.

use super::evidence::Evidence;
use super::{Findings, Violation};

/// Checks I8, if a topic was read.
#[must_use]
pub fn check(evidence: &Evidence) -> Vec<Violation> {
    let mut found = Findings::default();
    let Some(records) = &evidence.records else { return found.0 };
    let mut newest: i64 = 0;
    for record in records {
        let at = record.event.position;
        found.unless(record.source == evidence.source, "I8", at, || {
            format!("a record is of {}, not of {}", record.source, evidence.source)
        });
        let recorded = evidence.events.binary_search_by_key(&at, |event| event.position).ok();
        match recorded.and_then(|index| evidence.events.get(index)) {
            None => found.add("I8", Some(at), "Kafka has what the ledger has not".to_owned()),
            Some(event) => found.unless(*event == record.event, "I8", at, || {
                format!("Kafka has {:?}, the ledger {event:?}", record.event)
            }),
        }
        if at > newest {
            let expected = newest.saturating_add(1);
            found.unless(at == expected, "I8", expected, || format!("position {at} comes first"));
            newest = at;
        }
    }
    let last = evidence.events.last().map_or(0, |event| event.position);
    found.unless(newest >= last, "I8", newest.saturating_add(1), || format!("Kafka ends before {last}"));
    found.0
}

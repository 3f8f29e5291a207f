//! Where to go on: what the checkpoint says against what Kafka really holds. Pure.
//!
//! Kafka is believed only about what it holds: its last record must be an event of this ledger (checked by the caller
//! with the ledger), and its first record must be position 1, else positions are missing at its beginning.

use ledger::Position;

use crate::kafka::Ends;

/// The first position of every ledger.
const FIRST: Position = Position::new(1);

/// The position after which the relay goes on: never beyond what Kafka holds, never beyond the checkpoint.
pub(crate) fn start_after(checkpoint: Position, ends: &Ends) -> Position {
    match (&ends.first, &ends.last) {
        (Some(first), Some(last)) if first.position == FIRST => checkpoint.min(last.position),
        (Some(_) | None, Some(_) | None) => Position::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::kafka::Record;

    fn record(position: i64) -> Record {
        Record { source: String::new(), position: Position::new(position), event_id: Uuid::nil() }
    }

    fn start(checkpoint: i64, ends: Option<(i64, i64)>) -> i64 {
        let ends = Ends {
            first: ends.map(|(first, _)| record(first)),
            last: ends.map(|(_, last)| record(last)),
            next_offset: 0,
        };
        start_after(Position::new(checkpoint), &ends).get()
    }

    #[test]
    fn it_goes_on_at_the_checkpoint_when_kafka_holds_at_least_that() {
        assert_eq!(start(7, Some((1, 7))), 7);
        assert_eq!(start(7, Some((1, 12))), 7, "what was produced after the checkpoint comes again");
        assert_eq!(start(0, Some((1, 12))), 0);
    }

    #[test]
    fn it_rewinds_to_what_kafka_holds() {
        assert_eq!(start(7, Some((1, 4))), 4);
        assert_eq!(start(7, None), 0, "an empty topic is filled from the beginning");
    }

    #[test]
    fn a_topic_that_lost_its_beginning_is_filled_from_the_beginning() {
        assert_eq!(start(7, Some((5, 7))), 0);
    }
}

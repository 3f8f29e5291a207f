//! How far a producer came: counted by its delivery reports, on librdkafka's thread.
//!
//! It keeps true that `delivered` is the end of an unbroken run of acknowledged positions: reports that do not follow
//! each other, or whose offsets go back (the topic was made anew), are failures.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use ledger::Position;
use rdkafka::error::KafkaError;
use tokio::sync::Notify;

use crate::error::RelayError;

/// Shared by the session and its producer.
#[derive(Debug)]
pub(crate) struct Progress {
    sent: AtomicI64,
    delivered: AtomicI64,
    /// The offset of the last delivered message.
    offset: AtomicI64,
    failure: Mutex<Option<Failure>>,
    changed: Notify,
}

#[derive(Debug, Clone)]
struct Failure {
    position: i64,
    reason: String,
}

impl Progress {
    /// Nothing sent yet; the first position will be the one after `after`, at `next_offset` or beyond.
    pub(crate) fn new(after: Position, next_offset: i64) -> Self {
        Self {
            sent: AtomicI64::new(after.get()),
            delivered: AtomicI64::new(after.get()),
            offset: AtomicI64::new(next_offset.saturating_sub(1)),
            failure: Mutex::new(None),
            changed: Notify::new(),
        }
    }

    /// Notes that a message was handed to the producer.
    pub(crate) fn sent(&self, position: Position) {
        self.sent.store(position.get(), Ordering::Release);
    }

    /// The end of the unbroken run of acknowledged positions.
    pub(crate) fn delivered(&self) -> Position {
        Position::new(self.delivered.load(Ordering::Acquire))
    }

    /// How many messages were sent and not yet acknowledged.
    pub(crate) fn in_flight(&self) -> usize {
        let sent = self.sent.load(Ordering::Acquire);
        let open = sent.saturating_sub(self.delivered.load(Ordering::Acquire));
        usize::try_from(open).unwrap_or(0)
    }

    /// The offset of the last delivered message, or of the last one that was there before.
    pub(crate) fn offset(&self) -> i64 {
        self.offset.load(Ordering::Acquire)
    }

    /// A delivery report.
    pub(crate) fn report(&self, position: i64, result: Result<i64, &KafkaError>) {
        let offset = match result {
            Ok(offset) => offset,
            Err(error) => return self.fail(position, error.to_string()),
        };
        if position != self.delivered.load(Ordering::Acquire).saturating_add(1) {
            return self.fail(position, "it was acknowledged out of order".to_owned());
        }
        if offset <= self.offset.load(Ordering::Acquire) {
            return self.fail(position, "the topic was made anew".to_owned());
        }
        self.offset.store(offset, Ordering::Release);
        self.delivered.store(position, Ordering::Release);
        self.changed.notify_one();
    }

    /// Only the first failure counts; what follows is its consequence.
    fn fail(&self, position: i64, reason: String) {
        self.failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(Failure { position, reason });
        self.changed.notify_one();
    }

    /// Fails once any message has failed.
    pub(crate) fn check(&self) -> Result<(), RelayError> {
        match self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            Some(Failure { position, reason }) => Err(RelayError::Undelivered { position, reason }),
            None => Ok(()),
        }
    }

    /// Waits for news. One waiter only: the session's loop.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::types::RDKafkaErrorCode;

    use super::*;

    fn after_seven() -> Progress {
        Progress::new(Position::new(7), 100)
    }

    #[test]
    fn reports_that_follow_each_other_move_it() {
        let progress = after_seven();
        progress.sent(Position::new(9));
        assert_eq!(progress.in_flight(), 2);
        progress.report(8, Ok(100));
        progress.report(9, Ok(105));
        assert_eq!(
            (progress.delivered(), progress.in_flight(), progress.offset()),
            (Position::new(9), 0, 105)
        );
        assert!(progress.check().is_ok());
    }

    #[test]
    fn a_failed_delivery_stops_it_and_the_first_reason_counts() {
        let progress = after_seven();
        progress.report(8, Err(&KafkaError::MessageProduction(RDKafkaErrorCode::MessageSizeTooLarge)));
        progress.report(9, Ok(100));
        assert_eq!(progress.delivered(), Position::new(7), "nothing beyond the failure counts");
        let failed = progress.check().unwrap_err();
        assert!(matches!(failed, RelayError::Undelivered { position: 8, .. }), "{failed}");
    }

    #[test]
    fn an_offset_that_goes_back_means_another_topic() {
        let progress = after_seven();
        progress.report(8, Ok(3));
        assert!(progress.check().is_err());
        assert_eq!(progress.delivered(), Position::new(7));
    }
}

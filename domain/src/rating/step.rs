//! When the running price of an open rental may change next: what a display needs that does not want to look every
//! second.

use super::{DAY, MINUTE, Rated, div_ceil};
use crate::Time;

/// A price counted in started units changes one second after a unit is full.
const BEGUN: i64 = 1;

impl Rated<'_> {
    /// The next moment after `now` at which [`Rated::returned`] may come to something else: one second past the free
    /// minutes, past a unit of usage, past a block of 24 hours, past the due time or past a day of lateness. Between
    /// now and then the price stands still; at that moment a cap may keep it as it is. Nothing once the cap at the
    /// replacement fee is reached: the price never changes again.
    #[must_use]
    pub fn next_step(&self, now: Time) -> Option<Time> {
        let end = now.max(self.started_at);
        if self.returned(end).total >= self.terms.replacement_fee {
            return None;
        }
        let (start, due) = (self.started_at.timestamp(), self.due_at.timestamp());
        let used = end.timestamp().saturating_sub(start);
        let late_by = end.timestamp().saturating_sub(due);
        let steps = [start.saturating_add(self.next_usage(used)), due.saturating_add(next_late(late_by))];
        steps.into_iter().min().and_then(|second| Time::from_timestamp(second, 0))
    }

    /// The length in seconds, above `used`, at which usage may cost more.
    fn next_usage(&self, used: i64) -> i64 {
        let free = self.free_minutes.saturating_mul(MINUTE);
        if used <= free {
            return free.saturating_add(BEGUN);
        }
        let unit = self.terms.unit_minutes.saturating_mul(MINUTE).max(1);
        let in_block = used.rem_euclid(DAY);
        let full = div_ceil(in_block, unit).saturating_mul(unit).min(DAY);
        used.saturating_sub(in_block).saturating_add(full).saturating_add(BEGUN)
    }
}

/// The lateness in seconds, above `late_by`, at which another day has begun.
fn next_late(late_by: i64) -> i64 {
    div_ceil(late_by.max(0), DAY).saturating_mul(DAY).saturating_add(BEGUN)
}

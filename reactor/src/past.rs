//! Whether somebody is telling the past at this moment: a station that was offline uploads what it kept, an operator
//! records yesterday, a simulated week is played.
//!
//! What arrives late arrives together, in its order, and the return of a rental follows a moment after its start. So a
//! deadline that passed long ago waits until the telling has paused. That changes no bill, because a bill depends only
//! on when things happened; it spares a sale that would be corrected a moment later, and a customer the news of it.
//! Deadlines that have just come never wait, and nothing waits longer than [`AT_MOST`].

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use domain::Time;

/// A fact or a deadline older than this is of the past.
pub(crate) const LONG_AGO: TimeDelta = TimeDelta::hours(1);
/// The telling has paused when nothing was told for so long.
const PAUSE: Duration = Duration::from_secs(3);
/// No telling is waited for any longer than this.
const AT_MOST: Duration = Duration::from_secs(10 * 60);

/// What was heard last.
#[derive(Debug, Default)]
pub(crate) struct Past(Mutex<Heard>);

#[derive(Debug, Default)]
struct Heard {
    last: Option<Instant>,
    /// Since when deadlines wait.
    since: Option<Instant>,
}

impl Past {
    /// A fact was read that somebody else than the system recorded.
    pub(crate) fn hear(&self, occurred_at: Time, now: Time) {
        if now - occurred_at > LONG_AGO {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).last = Some(Instant::now());
        }
    }

    /// Whether deadlines that passed long ago have to wait.
    pub(crate) fn is_being_told(&self) -> bool {
        self.was_told(Instant::now())
    }

    fn was_told(&self, now: Instant) -> bool {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.last.is_none_or(|last| now.saturating_duration_since(last) >= PAUSE) {
            heard.since = None;
            return false;
        }
        let since = *heard.since.get_or_insert(now);
        now.saturating_duration_since(since) < AT_MOST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Time {
        "2026-03-02T06:00:00Z".parse().unwrap()
    }

    #[test]
    fn only_what_is_long_ago_is_the_past() {
        let past = Past::default();
        past.hear(now() - LONG_AGO, now());
        assert!(!past.is_being_told());
        past.hear(now() - LONG_AGO - TimeDelta::microseconds(1), now());
        assert!(past.is_being_told());
    }

    #[test]
    fn the_past_is_told_until_there_is_a_pause_and_not_for_ever() {
        let past = Past::default();
        let begin = Instant::now();
        let told = |at: Instant| {
            past.0.lock().unwrap().last = Some(at);
            past.was_told(at)
        };
        assert!(told(begin));
        assert!(past.was_told(begin + PAUSE - Duration::from_millis(1)));
        assert!(!past.was_told(begin + PAUSE));
        // Nobody pauses: the wait has an end.
        let again = begin + Duration::from_secs(60);
        assert!(told(again));
        assert!(told(again + AT_MOST - Duration::from_secs(1)));
        assert!(!told(again + AT_MOST));
    }
}

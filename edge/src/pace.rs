//! The one place that pauses: retry back-off with jitter.
//!
//! Keeps true: every pause has an upper bound, and two processes that fail together do not retry
//! together. It is for retries against something that is away; waiting for a condition has its own tools.

use std::time::Duration;

use crate::clock::Clock;

/// A growing pause: doubles from `first` to `longest`, each spread over its upper half.
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    attempt: u32,
}

impl Backoff {
    /// Starts at `first` and never exceeds `longest`.
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, attempt: 0 }
    }

    /// The same, after so many failures.
    #[must_use]
    pub fn after(mut self, failures: u32) -> Self {
        self.attempt = failures;
        self
    }

    /// Forgets the failures so far.
    pub fn reset(&mut self) {
        self.attempt = 0;
    }

    /// The next pause, without taking it.
    pub fn next_pause(&mut self, clock: &dyn Clock) -> Duration {
        let whole = self.first.saturating_mul(1 << self.attempt.min(16)).min(self.longest);
        self.attempt = self.attempt.saturating_add(1);
        let mut random = [0];
        clock.random(&mut random);
        let half = whole / 2;
        half.saturating_add(half.saturating_mul(u32::from(random[0])) / 255)
    }

    /// Takes the next pause.
    pub async fn pause(&mut self, clock: &dyn Clock) {
        let pause = self.next_pause(clock);
        rest(pause).await;
    }
}

/// Pauses for `duration`.
pub async fn rest(duration: Duration) {
    #[expect(clippy::disallowed_methods, reason = "the one place that pauses")]
    tokio::time::sleep(duration).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    #[test]
    fn pauses_grow_and_stay_below_the_limit() {
        let mut backoff = Backoff::new(Duration::from_millis(10), Duration::from_secs(1));
        assert!(backoff.next_pause(&SystemClock) <= Duration::from_millis(10));
        for _ in 0..100 {
            let pause = backoff.next_pause(&SystemClock);
            assert!(pause >= Duration::from_millis(10) && pause <= Duration::from_secs(1));
        }
        backoff.reset();
        assert!(backoff.next_pause(&SystemClock) <= Duration::from_millis(10));
    }
}

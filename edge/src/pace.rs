//! The one place that pauses: retry back-off with jitter, and sessions that begin again after one.
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

/// How a session ended that did not end well.
#[derive(Debug)]
pub enum Broken<E> {
    /// Only an operator can cure it.
    ForGood(E),
    /// The next one may do better.
    Again {
        /// Whether it got somewhere: then the pauses begin anew.
        achieved: bool,
    },
}

/// One session after the other, with growing pauses between them, until one ends well or for good, or `stop` resolves in
/// a pause. A session under way sees to `stop` by itself.
///
/// # Errors
/// What broke the last one for good.
pub async fn sessions<E, S>(
    clock: &dyn Clock,
    mut backoff: Backoff,
    stop: impl Future<Output = ()>,
    mut session: impl FnMut() -> S,
) -> Result<(), E>
where
    S: Future<Output = Result<(), Broken<E>>>,
{
    let mut stop = std::pin::pin!(stop);
    loop {
        match session().await {
            Ok(()) => return Ok(()),
            Err(Broken::ForGood(error)) => return Err(error),
            Err(Broken::Again { achieved: true }) => backoff.reset(),
            Err(Broken::Again { achieved: false }) => {}
        }
        tokio::select! {
            () = backoff.pause(clock) => {}
            () = &mut stop => return Ok(()),
        }
    }
}

/// Pauses for `duration`.
pub async fn rest(duration: Duration) {
    #[expect(clippy::disallowed_methods, reason = "the one place that pauses")]
    tokio::time::sleep(duration).await;
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::clock::SystemClock;

    const MOMENT: Duration = Duration::from_micros(1);

    #[tokio::test]
    async fn sessions_go_on_until_one_ends_well_or_for_good() {
        let count = &Cell::new(0);
        let begin = |end: fn(u32) -> Result<(), Broken<&'static str>>| {
            count.set(0);
            let session = move || {
                count.set(count.get() + 1);
                std::future::ready(end(count.get()))
            };
            sessions(&SystemClock, Backoff::new(MOMENT, MOMENT), std::future::pending(), session)
        };
        let well = |nth| if nth < 3 { Err(Broken::Again { achieved: nth == 2 }) } else { Ok(()) };
        assert_eq!((begin(well).await, count.get()), (Ok(()), 3));
        let for_good =
            |nth| Err(if nth < 2 { Broken::Again { achieved: false } } else { Broken::ForGood("gap") });
        assert_eq!((begin(for_good).await, count.get()), (Err("gap"), 2));
    }

    #[tokio::test]
    async fn a_pause_ends_when_it_is_to_stop() {
        let hour = Duration::from_secs(3_600);
        let session = || std::future::ready(Err(Broken::<&str>::Again { achieved: true }));
        let stop = std::future::ready(());
        assert_eq!(sessions(&SystemClock, Backoff::new(hour, hour), stop, session).await, Ok(()));
    }

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

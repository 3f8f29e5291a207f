//! The one source of time, ids and random bytes.
//!
//! Keeps true: every moment is cut to whole microseconds (what Postgres keeps), every id is a version 7
//! UUID. Everything else in the workspace takes a [`Clock`]; the lints ban the wall clock elsewhere.
//! It promises no order between two ids of the same millisecond: recorded order comes from positions.
#![expect(clippy::disallowed_methods, reason = "the one file that may read the wall clock")]

use std::cell::RefCell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use ring::rand::{SecureRandom, SystemRandom};
use uuid::Uuid;

/// Where time, ids and random bytes come from.
pub trait Clock: Send + Sync {
    /// The present moment, cut to microseconds.
    fn now(&self) -> DateTime<Utc>;
    /// A new version 7 UUID.
    fn id(&self) -> Uuid;
    /// Fills the buffer with random bytes fit for keys.
    fn random(&self, buffer: &mut [u8]);
}

/// How many random bytes one call to the operating system fetches.
const POOL: usize = 1_000;
/// The random bytes of one version 7 UUID.
const ID_BYTES: usize = 10;

/// The machine's clock and random source.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

struct Pool {
    bytes: [u8; POOL],
    used: usize,
}

thread_local! {
    // An id, or a command's random bytes, cost nanoseconds this way; a system call for each would show at 20,000 commands a second.
    static RANDOM_POOL: RefCell<Pool> = const { RefCell::new(Pool { bytes: [0; POOL], used: POOL }) };
}

fn fill(buffer: &mut [u8]) {
    #[expect(clippy::expect_used, reason = "without the system's random source nothing may go on")]
    SystemRandom::new().fill(buffer).expect("the operating system gives random bytes");
}

/// Takes random bytes out of this thread's pool; what was taken does not stay there. More than the pool holds comes from
/// the operating system at once.
fn draw(buffer: &mut [u8]) {
    if buffer.len() > POOL {
        return fill(buffer);
    }
    RANDOM_POOL.with_borrow_mut(|pool| {
        if pool.used.saturating_add(buffer.len()) > POOL {
            fill(&mut pool.bytes);
            pool.used = 0;
        }
        let end = pool.used.saturating_add(buffer.len());
        if let Some(bytes) = pool.bytes.get_mut(pool.used..end) {
            buffer.copy_from_slice(bytes);
            bytes.fill(0);
        }
        pool.used = end;
    });
}

fn id_bytes() -> [u8; ID_BYTES] {
    let mut bytes = [0; ID_BYTES];
    draw(&mut bytes);
    bytes
}

fn id_at(moment: DateTime<Utc>, random: &[u8; ID_BYTES]) -> Uuid {
    let millis = u64::try_from(moment.timestamp_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, random).into_uuid()
}

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }

    fn id(&self) -> Uuid {
        id_at(Utc::now(), &id_bytes())
    }

    fn random(&self, buffer: &mut [u8]) {
        draw(buffer);
    }
}

/// A clock for tests: stands still until told, its ids and random bytes count upwards.
#[derive(Debug)]
pub struct FixedClock {
    moment: Mutex<DateTime<Utc>>,
    counter: AtomicU64,
}

impl FixedClock {
    /// Stands at `moment`, cut to microseconds.
    pub fn at(moment: DateTime<Utc>) -> Self {
        Self { moment: Mutex::new(moment.trunc_subsecs(6)), counter: AtomicU64::new(0) }
    }

    /// Moves the clock by `delta`, which may be negative.
    pub fn advance(&self, delta: TimeDelta) {
        let mut moment = self.moment.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(later) = moment.checked_add_signed(delta) {
            *moment = later;
        }
    }
}

impl Clock for FixedClock {
    fn now(&self) -> DateTime<Utc> {
        *self.moment.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn id(&self) -> Uuid {
        let mut random = [0; ID_BYTES];
        let count = self.counter.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        random.iter_mut().rev().zip(count.iter().rev()).for_each(|(to, from)| *to = *from);
        id_at(self.now(), &random)
    }

    fn random(&self, buffer: &mut [u8]) {
        // Whole counts, so that what has to be unguessable is at least never the same twice.
        for piece in buffer.chunks_mut(8) {
            let count = self.counter.fetch_add(1, Ordering::Relaxed).to_le_bytes();
            piece.iter_mut().zip(count).for_each(|(to, from)| *to = from);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn time_is_cut_to_microseconds() {
        assert_eq!(SystemClock.now().timestamp_subsec_nanos() % 1_000, 0);
    }

    #[test]
    fn ids_are_version_7_and_never_repeat() {
        let ids: HashSet<_> = (0..10_000).map(|_| SystemClock.id()).collect();
        assert_eq!(ids.len(), 10_000);
        assert!(ids.iter().all(|id| id.get_version_num() == 7));
    }

    #[test]
    fn a_fixed_clock_stands_still_until_told() {
        let clock = FixedClock::at(DateTime::UNIX_EPOCH);
        clock.advance(TimeDelta::seconds(3));
        assert_eq!(clock.now().timestamp(), 3);
        assert_eq!(clock.now(), clock.now());
        assert_ne!(clock.id(), clock.id());
    }
}

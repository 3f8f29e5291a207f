//! Chance that a seed decides, for ever the same.
//!
//! SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014): five lines that no
//! release of a library changes, which is what "the same seed does the same things" asks for. Not for secrets.

use chrono::TimeDelta;

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// A stream of chance.
#[derive(Debug, Clone)]
pub(super) struct Chance {
    state: u64,
}

impl Chance {
    pub(super) fn new(seed: u64) -> Chance {
        Chance { state: seed.wrapping_mul(GOLDEN) }
    }

    /// Another stream, of its own.
    pub(super) fn fork(&mut self) -> Chance {
        Chance { state: self.next() }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to `bound - 1`.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap_or(0)
    }

    /// True so many times in a thousand.
    pub(super) fn permille(&mut self, times: u64) -> bool {
        self.below(1_000) < times
    }

    /// A length of time between two others.
    pub(super) fn between(&mut self, shortest: TimeDelta, longest: TimeDelta) -> TimeDelta {
        let range = longest.num_seconds().saturating_sub(shortest.num_seconds()).max(1);
        let seconds = self.below(range.unsigned_abs());
        shortest + TimeDelta::seconds(i64::try_from(seconds).unwrap_or(0))
    }

    /// A number from one to another.
    pub(super) fn within(&mut self, (fewest, most): (u64, u64)) -> u64 {
        fewest.saturating_add(self.below(most.saturating_sub(fewest).saturating_add(1)))
    }

    /// One of a list's places; 0 for an empty list.
    pub(super) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(u64::try_from(length).unwrap_or(u64::MAX))).unwrap_or(0)
    }
}

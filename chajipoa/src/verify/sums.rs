//! Whether two tables say the same, without holding either: for each stretch of positions the sum of keyed hashes of
//! what a table says there.
//!
//! The key is drawn anew for each run, so nobody can make two different contents with one sum. Equal sums are equal
//! contents, whatever the order in which the rows are read; where two sums differ, `locate` reads that stretch of both
//! and says what differs. Memory is eight bytes for each kind and stretch.

use std::hash::{BuildHasher as _, Hash, RandomState};

/// How many positions make a stretch. It is also how many events one statement reads.
pub(super) const STRETCH: i64 = 8_192;

/// What is summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Which event gives which stream which version.
    Version,
    /// Which events a command made.
    Command,
    /// Who holds which name.
    Claim,
}

/// The sums of one side.
#[derive(Debug, Clone, Default)]
pub(super) struct Sums {
    key: RandomState,
    versions: Vec<u64>,
    commands: Vec<u64>,
    claims: Vec<u64>,
}

impl Sums {
    /// The other side: nothing yet, under the same key.
    pub(super) fn other_side(&self) -> Self {
        Self { key: self.key.clone(), ..Self::default() }
    }

    /// The side of a kind says this about a position.
    pub(super) fn add(&mut self, kind: Kind, position: i64, what: impl Hash) {
        let hash = self.key.hash_one((position, what));
        if let Some(sum) = self.sum(kind, position) {
            *sum = sum.wrapping_add(hash);
        }
    }

    /// The side of a kind does not say this about a position after all.
    pub(super) fn remove(&mut self, kind: Kind, position: i64, what: impl Hash) {
        let hash = self.key.hash_one((position, what));
        if let Some(sum) = self.sum(kind, position) {
            *sum = sum.wrapping_sub(hash);
        }
    }

    fn sum(&mut self, kind: Kind, position: i64) -> Option<&mut u64> {
        let sums = match kind {
            Kind::Version => &mut self.versions,
            Kind::Command => &mut self.commands,
            Kind::Claim => &mut self.claims,
        };
        let stretch = usize::try_from(position.checked_sub(1)?.checked_div(STRETCH)?).ok()?;
        if sums.len() <= stretch {
            sums.resize(stretch.checked_add(1)?, 0);
        }
        sums.get_mut(stretch)
    }

    const fn of(&self, kind: Kind) -> &Vec<u64> {
        match kind {
            Kind::Version => &self.versions,
            Kind::Command => &self.commands,
            Kind::Claim => &self.claims,
        }
    }

    /// The stretches on which the two sides differ, each by the position before its first.
    pub(super) fn differ(&self, other: &Self, kind: Kind) -> Vec<i64> {
        let (ours, theirs) = (self.of(kind), other.of(kind));
        let at = |sums: &[u64], stretch: usize| sums.get(stretch).copied().unwrap_or(0);
        (0..ours.len().max(theirs.len()))
            .filter(|stretch| at(ours, *stretch) != at(theirs, *stretch))
            .filter_map(|stretch| i64::try_from(stretch).ok()?.checked_mul(STRETCH))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_does_not_matter_and_every_difference_shows_in_its_stretch() {
        let mut one = Sums::default();
        let mut other = one.other_side();
        for position in 1..=20_000_i64 {
            one.add(Kind::Version, position, position * 3);
            other.add(Kind::Version, 20_001 - position, (20_001 - position) * 3);
        }
        assert!(one.differ(&other, Kind::Version).is_empty());
        other.add(Kind::Version, 9_000, 1);
        other.add(Kind::Version, 30_000, 1);
        assert_eq!(one.differ(&other, Kind::Version), [8_192, 24_576]);
        other.remove(Kind::Version, 9_000, 1);
        assert_eq!(one.differ(&other, Kind::Version), [24_576]);
        assert!(one.differ(&other, Kind::Claim).is_empty());
    }

    #[test]
    fn twice_the_same_is_not_once() {
        let mut one = Sums::default();
        let mut other = one.other_side();
        one.add(Kind::Claim, 5, "a");
        other.add(Kind::Claim, 5, "a");
        other.add(Kind::Claim, 5, "a");
        assert_eq!(one.differ(&other, Kind::Claim), [0]);
    }
}

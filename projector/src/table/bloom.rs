//! A filter that remembers keys in little memory: it may say yes to a key it never saw, never no to one it did.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash};

/// Bits for each expected key: about one wrong yes in a hundred.
const BITS_PER_KEY: usize = 10;
/// The most bits: 32 MiB.
const MAX_BITS: usize = 1 << 28;
const MIN_BITS: usize = 1 << 16;
const PROBES: u64 = 5;
const WORD: usize = 64;

/// The keys that left the memory.
#[derive(Debug, Clone)]
pub(crate) struct Bloom {
    words: Vec<u64>,
    mask: u64,
}

impl Bloom {
    /// An empty filter for about so many keys.
    pub(crate) fn for_keys(expected: usize) -> Self {
        let bits = expected.saturating_mul(BITS_PER_KEY).clamp(MIN_BITS, MAX_BITS).next_power_of_two();
        let mask = u64::try_from(bits.saturating_sub(1)).unwrap_or(u64::MAX);
        Self { words: vec![0; bits.div_euclid(WORD)], mask }
    }

    /// Remembers a key.
    pub(crate) fn insert<K: Hash>(&mut self, key: &K) {
        for (word, bit) in self.places(key) {
            if let Some(word) = self.words.get_mut(word) {
                *word |= bit;
            }
        }
    }

    /// Whether the key may have been remembered.
    pub(crate) fn may_hold<K: Hash>(&self, key: &K) -> bool {
        self.places(key)
            .into_iter()
            .all(|(word, bit)| self.words.get(word).is_some_and(|word| word & bit != 0))
    }

    fn places<K: Hash>(&self, key: &K) -> [(usize, u64); 5] {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(key);
        let step = hash.rotate_left(32) | 1;
        let mut places = [(0, 0); 5];
        for (probe, place) in (0..PROBES).zip(&mut places) {
            let bit = hash.wrapping_add(step.wrapping_mul(probe)) & self.mask;
            *place = (usize::try_from(bit >> 6).unwrap_or(0), 1 << (bit & 63));
        }
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remembered_key_is_never_denied_and_others_rarely_admitted() {
        let mut bloom = Bloom::for_keys(10_000);
        (0..10_000).for_each(|key| bloom.insert(&key));
        assert!((0..10_000).all(|key| bloom.may_hold(&key)));
        assert!((10_000..20_000).filter(|key| bloom.may_hold(key)).count() < 500);
    }
}

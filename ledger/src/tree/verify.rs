//! What a proof proves (RFC 9162, 2.1.3.2 and 2.1.4.2; the trees are those of RFC 6962).
//!
//! Total and strict: a proof that is too long, too short or of an impossible tree is refused like a wrong one.

use super::node::{Hash, empty_root, node_hash};

/// Why a proof does not prove what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Disproof {
    /// There can be no such proof.
    #[error("no proof can exist for these sizes")]
    Impossible,
    /// It does not have as many hashes as such a proof has.
    #[error("the proof does not have the length that these sizes ask for")]
    Length,
    /// It leads to another root than the older (or only) tree's.
    #[error("the proof leads to another root")]
    OtherRoot,
    /// It leads to another root than the newer tree's.
    #[error("the proof leads to another root of the newer tree")]
    OtherNewRoot,
}

/// Checks that `leaf` is leaf `index` (from 0) of the tree of `size` leaves with this root.
///
/// # Errors
/// What is wrong with the proof.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), Disproof> {
    if index >= size {
        return Err(Disproof::Impossible);
    }
    let (mut place, mut last, mut hash) = (index, size - 1, *leaf);
    for beside in proof {
        if last == 0 {
            return Err(Disproof::Length);
        }
        if place & 1 == 1 || place == last {
            hash = node_hash(beside, &hash);
            let up = if place & 1 == 1 { 0 } else { place.trailing_zeros() };
            (place, last) = (shift(place, up), shift(last, up));
        } else {
            hash = node_hash(&hash, beside);
        }
        (place, last) = (place >> 1, last >> 1);
    }
    match last == 0 {
        false => Err(Disproof::Length),
        true if hash == *root => Ok(()),
        true => Err(Disproof::OtherRoot),
    }
}

/// Checks that the tree of `to` leaves begins with that of `from` leaves. The empty tree begins every one.
///
/// # Errors
/// What is wrong with the proof.
pub fn verify_consistency(
    from: u64,
    to: u64,
    proof: &[Hash],
    old_root: &Hash,
    new_root: &Hash,
) -> Result<(), Disproof> {
    if from > to {
        return Err(Disproof::Impossible);
    }
    if from == 0 || from == to {
        return trivial(from, proof, old_root, new_root);
    }
    // Where the older tree is perfect, its root begins the proof and is not repeated in it.
    let (first, rest) = match (from.is_power_of_two(), proof.split_first()) {
        (true, _) => (old_root, proof),
        (false, Some((first, rest))) => (first, rest),
        (false, None) => return Err(Disproof::Length),
    };
    let up = (from - 1).trailing_ones();
    let (mut place, mut last) = (shift(from - 1, up), shift(to - 1, up));
    let (mut old, mut new) = (*first, *first);
    for beside in rest {
        if last == 0 {
            return Err(Disproof::Length);
        }
        if place & 1 == 1 || place == last {
            old = node_hash(beside, &old);
            new = node_hash(beside, &new);
            let up = if place & 1 == 1 { 0 } else { place.trailing_zeros() };
            (place, last) = (shift(place, up), shift(last, up));
        } else {
            new = node_hash(&new, beside);
        }
        (place, last) = (place >> 1, last >> 1);
    }
    match (last == 0, old == *old_root, new == *new_root) {
        (false, ..) => Err(Disproof::Length),
        (true, false, _) => Err(Disproof::OtherRoot),
        (true, true, false) => Err(Disproof::OtherNewRoot),
        (true, true, true) => Ok(()),
    }
}

/// From nothing, and from a tree to itself, the proof is empty.
fn trivial(from: u64, proof: &[Hash], old_root: &Hash, new_root: &Hash) -> Result<(), Disproof> {
    let expected = if from == 0 { empty_root() } else { *new_root };
    match (proof.is_empty(), expected == *old_root) {
        (false, _) => Err(Disproof::Length),
        (true, false) => Err(Disproof::OtherRoot),
        (true, true) => Ok(()),
    }
}

const fn shift(number: u64, by: u32) -> u64 {
    if by >= u64::BITS { 0 } else { number >> by }
}

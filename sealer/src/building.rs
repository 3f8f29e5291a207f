//! The tree between two checkpoints, in memory. Pure.
//!
//! It holds what the proof from the last checkpoint to the next one consists of: the peaks of the last one's tree, the
//! tiles that have filled since, and the unfinished tiles.

use std::collections::HashMap;

use ledger::tree::{
    Disproof, Growth, Hash, NodeId, NodeSource, ProofError, Tile, TileId, consistency_proof, root_nodes,
    verify_consistency,
};

/// What was sealed last: nothing at first.
#[derive(Debug, Clone)]
pub(crate) struct Sealed {
    pub(crate) size: u64,
    pub(crate) root: Hash,
    pub(crate) peaks: HashMap<NodeId, Hash>,
}

/// The growing tree.
pub(crate) struct Building {
    growth: Growth,
    sealed: Sealed,
    full: Vec<(TileId, Tile)>,
}

/// Why the present tree must not be sealed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// A hash that the proof needs is not at hand.
    Unproved(ProofError),
    /// It does not begin with what was sealed.
    Contradicts(Disproof),
}

impl Building {
    /// Goes on with a tree after what was sealed.
    pub(crate) fn new(growth: Growth, sealed: Sealed) -> Self {
        Self { growth, sealed, full: Vec::new() }
    }

    /// How many leaves the tree has.
    pub(crate) fn size(&self) -> u64 {
        self.growth.size()
    }

    /// Its root.
    pub(crate) fn root(&self) -> Hash {
        self.growth.root()
    }

    /// What was sealed last.
    pub(crate) fn sealed(&self) -> &Sealed {
        &self.sealed
    }

    /// How many leaves are not sealed yet.
    pub(crate) fn pending(&self) -> u64 {
        self.size().saturating_sub(self.sealed.size)
    }

    /// Adds a leaf.
    pub(crate) fn push(&mut self, leaf: Hash) {
        self.growth.push(leaf, &mut self.full);
    }

    /// The tiles that have filled since the last checkpoint.
    pub(crate) fn full(&self) -> &[(TileId, Tile)] {
        &self.full
    }

    /// Proves that the tree begins with what was sealed, and checks the proof.
    pub(crate) fn prove(&self) -> Result<(), Unfit> {
        let Sealed { size, root, .. } = &self.sealed;
        if *size == 0 {
            return Ok(());
        }
        let proof = consistency_proof(*size, self.size(), &self.at_hand()).map_err(Unfit::Unproved)?;
        verify_consistency(*size, self.size(), &proof, root, &self.root()).map_err(Unfit::Contradicts)
    }

    /// The present tree is sealed now. Says whether its peaks are at hand, which they always are.
    #[must_use]
    pub(crate) fn seal(&mut self) -> bool {
        let peaks: Option<HashMap<NodeId, Hash>> =
            root_nodes(self.size()).into_iter().map(|node| Some((node, self.growth.node(node)?))).collect();
        let Some(peaks) = peaks else { return false };
        self.sealed = Sealed { size: self.size(), root: self.root(), peaks };
        self.full.clear();
        true
    }

    fn at_hand(&self) -> AtHand<'_> {
        AtHand { building: self, full: self.full.iter().map(|(id, tile)| (*id, tile)).collect() }
    }
}

struct AtHand<'a> {
    building: &'a Building,
    full: HashMap<TileId, &'a Tile>,
}

impl NodeSource for AtHand<'_> {
    fn node(&self, node: NodeId) -> Option<Hash> {
        let sealed = self.building.sealed.peaks.get(&node).copied();
        sealed.or_else(|| self.building.growth.node(node)).or_else(|| self.full.node(node))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(number: u32) -> Hash {
        let mut hash = [9; 32];
        hash[..4].copy_from_slice(&number.to_be_bytes());
        hash
    }

    fn nothing() -> Building {
        let sealed = Sealed { size: 0, root: ledger::tree::empty_root(), peaks: HashMap::new() };
        Building::new(Growth::new(), sealed)
    }

    #[test]
    fn each_checkpoint_is_proved_to_follow_the_last_whatever_lies_between() {
        let (mut building, mut next) = (nothing(), 0);
        let mut tiles = 0;
        for step in [1, 254, 1, 1, 255, 256, 257, 511, 7, 70_000, 3, 65_536, 1, 200_000, 9] {
            for _ in 0..step {
                building.push(leaf(next));
                next += 1;
            }
            assert_eq!(building.prove(), Ok(()), "{step} leaves up to {next}");
            tiles += building.full().len();
            assert!(building.seal());
            assert_eq!((building.pending(), building.full().len()), (0, 0));
        }
        let leaves = usize::try_from(next).unwrap();
        assert_eq!(tiles, leaves / 256 + leaves / 65_536);
    }

    #[test]
    fn a_tree_that_does_not_begin_with_what_was_sealed_is_not_proved() {
        let mut building = nothing();
        (0..300).for_each(|number| building.push(leaf(number)));
        assert!(building.seal());
        let mut other = nothing();
        (1..400).for_each(|number| other.push(leaf(number)));
        other.sealed = building.sealed.clone();
        assert!(matches!(other.prove(), Err(Unfit::Contradicts(_))));
        let mut shorter = nothing();
        (0..299).for_each(|number| shorter.push(leaf(number)));
        shorter.sealed = building.sealed.clone();
        assert!(matches!(shorter.prove(), Err(Unfit::Unproved(_))));
    }
}

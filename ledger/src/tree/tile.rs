//! Tiles: the tree as the database holds it.
//!
//! A tile of level 0 holds the hashes of 256 leaves; one of level t the roots of 256 tiles of level t − 1. Only full
//! tiles are stored, and a full tile never changes: so a proof of any size finds what it needs, and nothing is ever
//! rewritten.

use std::{borrow::Borrow, collections::HashMap};

use super::node::{Hash, NodeId, NodeSource, root_of};

/// How many levels of the tree one tile spans.
pub const HEIGHT: u8 = 8;

/// How many hashes a full tile holds.
pub const WIDTH: usize = 1 << HEIGHT;

/// Which tile: its level among tiles, and its index there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TileId {
    /// 0 holds leaves, 1 roots of those, and so on.
    pub level: u8,
    /// Which of its level, from the left.
    pub index: u64,
}

impl TileId {
    /// The tile that a node of the tree is computed from, and where in it its hashes begin.
    #[must_use]
    pub fn of(node: NodeId) -> (Self, usize) {
        let inside = node.level % HEIGHT;
        let first = node.index << inside;
        let index = first >> HEIGHT;
        let offset = usize::try_from(first - (index << HEIGHT)).unwrap_or(usize::MAX);
        (Self { level: node.level / HEIGHT, index }, offset)
    }

    /// How many of its hashes are there in a tree of this many leaves.
    #[must_use]
    pub fn filled(self, leaves: u64) -> usize {
        let entries = leaves.checked_shr(u32::from(self.level) * u32::from(HEIGHT)).unwrap_or(0);
        let before = self.index.saturating_mul(1 << HEIGHT);
        usize::try_from(entries.saturating_sub(before)).unwrap_or(usize::MAX).min(WIDTH)
    }

    /// The tile of the level below whose root is this one's hash at `offset`.
    #[must_use]
    pub fn below(self, offset: usize) -> Option<Self> {
        let offset = u64::try_from(offset).ok()?;
        let index = self.index.checked_mul(1 << HEIGHT)?.checked_add(offset)?;
        Some(Self { level: self.level.checked_sub(1)?, index })
    }
}

/// The hashes of a tile, at most [`WIDTH`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tile(Vec<Hash>);

impl Tile {
    /// Reads the bytes of a tile as they are stored; none unless they are those of a full one.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (hashes, rest) = bytes.as_chunks::<32>();
        (rest.is_empty() && hashes.len() == WIDTH).then(|| Self(hashes.to_vec()))
    }

    /// The bytes as they are stored: the hashes, one after the other.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.concat()
    }

    /// The hashes, from the left.
    #[must_use]
    pub fn hashes(&self) -> &[Hash] {
        &self.0
    }

    /// Whether nothing more fits in.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.0.len() >= WIDTH
    }

    /// Adds a hash on the right.
    pub fn push(&mut self, hash: Hash) {
        self.0.push(hash);
    }

    /// The root over all hashes of the tile.
    #[must_use]
    pub fn root(&self) -> Hash {
        root_of(&self.0)
    }

    /// A perfect subtree of `1 << height` of its hashes from `offset` on.
    pub(super) fn part(&self, offset: usize, height: u8) -> Option<Hash> {
        let end = offset.checked_add(1 << height)?;
        self.0.get(offset..end).map(root_of)
    }
}

impl From<Vec<Hash>> for Tile {
    fn from(hashes: Vec<Hash>) -> Self {
        Self(hashes)
    }
}

impl<T: Borrow<Tile>> NodeSource for HashMap<TileId, T> {
    fn node(&self, node: NodeId) -> Option<Hash> {
        let (tile, offset) = TileId::of(node);
        self.get(&tile)?.borrow().part(offset, node.level % HEIGHT)
    }
}

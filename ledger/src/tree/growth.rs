//! The tree as it grows: the frontier, and the tile of each level that is not full yet.
//!
//! Memory is one unfinished tile per level: 8 KiB for each factor of 256.

use super::{
    frontier::Frontier,
    node::{Hash, NodeId, NodeSource},
    tile::{HEIGHT, Tile, TileId},
};

/// Levels of tiles that a size of 64 bits can ask for.
const LEVELS: u8 = 8;

/// A tree that leaves are added to.
#[derive(Debug, Clone, Default)]
pub struct Growth {
    frontier: Frontier,
    /// The unfinished tile of each level, the leaves' first.
    edges: Vec<Tile>,
}

impl Growth {
    /// A tree without leaves.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Goes on with a tree of this size, whose unfinished tiles are these, the leaves' first; none where they do not
    /// hold as many hashes as such a tree has.
    #[must_use]
    pub fn resume(size: u64, edges: Vec<Tile>) -> Option<Self> {
        let wanted = Self::edges(size);
        let fits = wanted.len() == edges.len()
            && wanted.iter().zip(&edges).all(|(tile, edge)| tile.filled(size) == edge.hashes().len());
        if !fits {
            return None;
        }
        let peaks = super::root_nodes(size).into_iter().map(|node| part(size, &edges, node));
        let frontier = Frontier::from_peaks(size, peaks.collect::<Option<Vec<Hash>>>()?)?;
        Some(Self { frontier, edges })
    }

    /// The unfinished tiles of a tree of this size, the leaves' first; a level whose tile is empty counts as well,
    /// up to the last that has anything.
    #[must_use]
    pub fn edges(size: u64) -> Vec<TileId> {
        let entries = |level: u8| size.checked_shr(u32::from(level) * u32::from(HEIGHT)).unwrap_or(0);
        (0..LEVELS)
            .take_while(|level| entries(*level) > 0)
            .map(|level| TileId { level, index: entries(level) >> HEIGHT })
            .collect()
    }

    /// How many leaves there are.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// Adds a leaf; tiles that are full now go to `full`, lower levels first.
    pub fn push(&mut self, leaf: Hash, full: &mut Vec<(TileId, Tile)>) {
        self.frontier.push(leaf);
        let (mut hash, mut level) = (leaf, 0_u8);
        loop {
            let place = usize::from(level);
            if self.edges.len() <= place {
                self.edges.push(Tile::default());
            }
            let Some(edge) = self.edges.get_mut(place) else { return };
            edge.push(hash);
            if !edge.is_full() {
                return;
            }
            let tile = std::mem::take(edge);
            hash = tile.root();
            full.push((self.finished(level), tile));
            level = level.saturating_add(1);
        }
    }

    /// The tile of a level that the last leaf has filled.
    fn finished(&self, level: u8) -> TileId {
        let leaves = (u32::from(level) + 1) * u32::from(HEIGHT);
        TileId { level, index: self.size().checked_shr(leaves).unwrap_or(0).saturating_sub(1) }
    }
}

/// Only what lies in the unfinished tiles is at hand: the peaks do.
impl NodeSource for Growth {
    fn node(&self, node: NodeId) -> Option<Hash> {
        part(self.size(), &self.edges, node)
    }
}

/// A node of the tree of this size, if it lies in one of the unfinished tiles.
fn part(size: u64, edges: &[Tile], node: NodeId) -> Option<Hash> {
    let (wanted, offset) = TileId::of(node);
    let unfinished = Growth::edges(size);
    let place = unfinished.iter().position(|edge| *edge == wanted)?;
    edges.get(place)?.part(offset, node.level % HEIGHT)
}

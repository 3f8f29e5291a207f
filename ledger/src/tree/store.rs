//! The tree as the database holds it: tiles, signed checkpoints, and proofs read from them.
//!
//! What a full tile holds is read from it; what lies right of the full tiles is computed: leaves from their events,
//! higher hashes from the tiles below. At most 256 events and some hundred tiles are read for a proof, whatever the
//! size. Nothing here writes: the sealer does.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use tokio_postgres::Row;

use super::{
    Hash, NodeId, NodeSource as _, ProofError, Tile, TileId, WIDTH, consistency_nodes, consistency_proof,
    inclusion_nodes, inclusion_proof, root_from, root_nodes,
};
use crate::{Ledger, LedgerError, Position, leaf, statements};

/// A checkpoint as it was signed and stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// The epoch of the ledger.
    pub epoch: i32,
    /// How many events its tree has: the position of the last one.
    pub size: u64,
    /// The root of that tree.
    pub root: Hash,
    /// The signed text.
    pub note: String,
    /// When it was stored.
    pub signed_at: DateTime<Utc>,
}

/// Why a proof cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// There is no such proof.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The ledger could not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A tile that must be there is not, or is damaged: the tree cannot be believed.
    #[error("tile {} of level {} is missing or damaged", .0.index, .0.level)]
    Tile(TileId),
}

/// Hashes of a tile that are wanted: from the lowest up to, without, the highest.
type Wanted = BTreeMap<TileId, std::ops::Range<usize>>;

impl Ledger {
    /// The last checkpoint of an epoch.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn last_signed(&self, epoch: i32) -> Result<Option<SignedCheckpoint>, LedgerError> {
        let (client, statement) = self.prepared(statements::LAST_SIGNED).await?;
        client.query_opt(&statement, &[&epoch]).await?.as_ref().map(signed).transpose()
    }

    /// The last checkpoint whose tree has at most this many events.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn last_signed_up_to(&self, size: u64) -> Result<Option<SignedCheckpoint>, LedgerError> {
        let size = stored(size)?;
        let (client, statement) = self.prepared(statements::LAST_SIGNED_UP_TO).await?;
        client.query_opt(&statement, &[&size]).await?.as_ref().map(signed).transpose()
    }

    /// The first checkpoint of an epoch whose tree has at least this many events.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn first_signed_from(
        &self,
        epoch: i32,
        size: u64,
    ) -> Result<Option<SignedCheckpoint>, LedgerError> {
        let size = stored(size)?;
        let (client, statement) = self.prepared(statements::FIRST_SIGNED_FROM).await?;
        client.query_opt(&statement, &[&epoch, &size]).await?.as_ref().map(signed).transpose()
    }

    /// The proof that the event at a position is in the tree of this size, which a checkpoint must have reached.
    ///
    /// # Errors
    /// There is no such event in that tree, or it cannot be read.
    pub async fn prove_inclusion(
        &self,
        epoch: i32,
        position: Position,
        size: u64,
    ) -> Result<Vec<Hash>, ProveError> {
        let index = u64::try_from(position.get()).unwrap_or(0);
        // Position 0 is no event: it must not wrap round to the last leaf.
        let index = index.checked_sub(1).ok_or(ProofError::NoSuchLeaf { index: 0, size: 0 })?;
        let nodes = self.tree_nodes(epoch, &inclusion_nodes(index, size)?).await?;
        Ok(inclusion_proof(index, size, &nodes)?)
    }

    /// The proof that the tree of size `to` begins with that of size `from`; a checkpoint must have reached both.
    ///
    /// # Errors
    /// There is no such proof, or the tree cannot be read.
    pub async fn prove_consistency(&self, epoch: i32, from: u64, to: u64) -> Result<Vec<Hash>, ProveError> {
        let nodes = self.tree_nodes(epoch, &consistency_nodes(from, to)?).await?;
        Ok(consistency_proof(from, to, &nodes)?)
    }

    /// The root of the tree of this size, which must not reach beyond the tiles by more than events are there.
    ///
    /// # Errors
    /// The tree cannot be read.
    pub async fn tree_root(&self, epoch: i32, size: u64) -> Result<Hash, ProveError> {
        let nodes = self.tree_nodes(epoch, &root_nodes(size)).await?;
        Ok(root_from(size, &nodes)?)
    }

    /// The unfinished tiles of the tree of this size, the leaves' first.
    ///
    /// # Errors
    /// The tree cannot be read.
    pub async fn tree_edges(&self, epoch: i32, size: u64) -> Result<Vec<Tile>, ProveError> {
        let mut edges = Vec::new();
        for edge in super::Growth::edges(size) {
            edges.push(self.computed(epoch, edge, 0..edge.filled(size)).await?);
        }
        Ok(edges)
    }

    /// How many full tiles of leaves there are.
    ///
    /// # Errors
    /// When the database is away, or a tile of any level is missing.
    pub async fn full_tiles(&self, epoch: i32) -> Result<u64, ProveError> {
        let (client, statement) = self.prepared(statements::COUNT_TILES).await?;
        let rows = client.query(&statement, &[&epoch]).await.map_err(LedgerError::from)?;
        let counts = rows.iter().map(read_counts).collect::<Result<Vec<_>, LedgerError>>()?;
        let leaves = counts.first().filter(|(level, ..)| *level == 0).map_or(0, |(_, count, _)| *count);
        let mut expected = leaves;
        for level in 0..=u8::try_from(counts.len()).unwrap_or(u8::MAX) {
            let found = counts.iter().find(|(of, ..)| *of == level).map_or((0, 0), |(_, n, end)| (*n, *end));
            if found != (expected, expected) {
                return Err(ProveError::Tile(TileId { level, index: found.0.min(expected) }));
            }
            expected >>= super::HEIGHT;
        }
        Ok(leaves)
    }

    /// The hashes of perfect subtrees, all of which lie within the events and whose full tiles are stored.
    ///
    /// # Errors
    /// The tree cannot be read.
    pub async fn tree_nodes(
        &self,
        epoch: i32,
        nodes: &[NodeId],
    ) -> Result<HashMap<NodeId, Hash>, ProveError> {
        let mut wanted = Wanted::new();
        for node in nodes {
            let (tile, offset) = TileId::of(*node);
            let end = offset.saturating_add(1 << (node.level % super::HEIGHT)).min(WIDTH);
            let range = wanted.entry(tile).or_insert(offset..end);
            *range = range.start.min(offset)..range.end.max(end);
        }
        let ids: Vec<TileId> = wanted.keys().copied().collect();
        let mut tiles = self.tiles(epoch, &ids).await?;
        wanted.retain(|id, _| !tiles.contains_key(id));
        for (id, range) in wanted {
            // Hashes before the range are not looked at: any stand in for them.
            let start = range.start;
            let part = self.computed(epoch, id, range).await?;
            let padded = std::iter::repeat_n([0; 32], start).chain(part.hashes().iter().copied());
            tiles.insert(id, Tile::from(padded.collect::<Vec<Hash>>()));
        }
        nodes.iter().map(|node| Ok((*node, tiles.node(*node).ok_or(ProofError::Missing(*node))?))).collect()
    }

    /// Hashes of a tile that is not stored: leaves from their events, others from the full tiles below.
    async fn computed(
        &self,
        epoch: i32,
        tile: TileId,
        range: std::ops::Range<usize>,
    ) -> Result<Tile, ProveError> {
        if tile.level == 0 {
            return self.leaves(tile, range).await;
        }
        let ids: Vec<TileId> = range.filter_map(|offset| tile.below(offset)).collect();
        let below = self.tiles(epoch, &ids).await?;
        let root = |id: &TileId| below.get(id).map(Tile::root).ok_or(ProveError::Tile(*id));
        Ok(Tile::from(ids.iter().map(root).collect::<Result<Vec<Hash>, ProveError>>()?))
    }

    async fn leaves(&self, tile: TileId, range: std::ops::Range<usize>) -> Result<Tile, ProveError> {
        let first = tile.index.saturating_mul(1 << super::HEIGHT).saturating_add(wide(range.start));
        let events = self.read_after(Position::new(stored(first)?), range.len()).await?;
        if events.len() < range.len() {
            return Err(ProveError::Tile(tile));
        }
        Ok(Tile::from(events.iter().map(leaf::hash).collect::<Vec<Hash>>()))
    }

    /// Those of these tiles that are stored.
    async fn tiles(&self, epoch: i32, ids: &[TileId]) -> Result<HashMap<TileId, Tile>, ProveError> {
        let ids: BTreeSet<TileId> = ids.iter().copied().collect();
        let levels: Vec<i16> = ids.iter().map(|id| i16::from(id.level)).collect();
        let indexes: Vec<i64> =
            ids.iter().map(|id| stored(id.index)).collect::<Result<Vec<i64>, LedgerError>>()?;
        let (client, statement) = self.prepared(statements::TILES).await?;
        let rows = client.query(&statement, &[&epoch, &levels, &indexes]).await.map_err(LedgerError::from)?;
        rows.iter().map(tile).collect()
    }
}

/// Reads a checkpoint's row.
fn signed(row: &Row) -> Result<SignedCheckpoint, LedgerError> {
    let size: i64 = row.try_get(1)?;
    let root: &[u8] = row.try_get(2)?;
    let damaged = |what| LedgerError::Damaged { position: Position::new(size), what };
    Ok(SignedCheckpoint {
        epoch: row.try_get(0)?,
        size: u64::try_from(size).map_err(|_| damaged("a checkpoint of a negative size"))?,
        root: root.try_into().map_err(|_| damaged("a checkpoint's root that is not 32 bytes"))?,
        note: row.try_get(3)?,
        signed_at: row.try_get(4)?,
    })
}

fn tile(row: &Row) -> Result<(TileId, Tile), ProveError> {
    let read = || -> Result<(i16, i64, &[u8]), tokio_postgres::Error> {
        Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))
    };
    let (level, index, bytes) = read().map_err(LedgerError::from)?;
    let id = TileId {
        level: u8::try_from(level).map_err(|_| LedgerError::OutOfRange("a tile's level"))?,
        index: u64::try_from(index).map_err(|_| LedgerError::OutOfRange("a tile's index"))?,
    };
    Ok((id, Tile::from_bytes(bytes).ok_or(ProveError::Tile(id))?))
}

/// A level, how many tiles it has, and one more than the highest index.
fn read_counts(row: &Row) -> Result<(u8, u64, u64), LedgerError> {
    let (level, count, end): (i16, i64, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    let number = |value: i64| u64::try_from(value).map_err(|_| LedgerError::OutOfRange("a tile's index"));
    let level = u8::try_from(level).map_err(|_| LedgerError::OutOfRange("a tile's level"))?;
    Ok((level, number(count)?, number(end)?))
}

/// A size or an index as the database holds it.
fn stored(number: u64) -> Result<i64, LedgerError> {
    i64::try_from(number).map_err(|_| LedgerError::OutOfRange("a size of the tree"))
}

fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

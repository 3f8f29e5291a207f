//! I11: the events are those that were sealed. The tree is grown again from the events; stored tiles must hold its hashes,
//! and every signed checkpoint its root.
//!
//! Tiles name the very event, 256 at a time; where none is full yet, two checkpoints name the stretch between them. A
//! tile that differs from a tree whose root is signed was itself altered. After a position without an event there is no
//! tree any more, and nothing further is said about roots.

mod checkpoints;
mod rows;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use ledger::tree::{Frontier, Hash, root_of};
use tokio_postgres::Client;

use super::Asked;
use super::error::VerifyError;
use super::finding::{Check, Findings};
use super::ground::Ground;
use checkpoints::{Checkpoints, Point};

use rows::Tiles;
pub(super) use rows::TreeRows;

/// Leaves of a tile.
const WIDTH: usize = 256;
/// The levels of the tree that a tile spans.
const HEIGHT: u8 = 8;
/// How many leaves that are not those of their tile are kept by position.
const KEPT: usize = 5;

/// The tree as far as the events were read.
pub(super) struct Tree {
    ground: Ground,
    frontier: Frontier,
    /// What the unfinished tile of each level above the leaves holds.
    upper: Vec<Vec<Hash>>,
    /// The position before the first leaf of the stretch.
    after: i64,
    leaves: Vec<Option<Hash>>,
    /// A position without an event was met.
    hole: bool,
    /// The first positions whose leaf is not that of the tile.
    differing: Vec<i64>,
    checkpoints: Checkpoints,
}

impl Tree {
    pub(super) fn new(ground: &Arc<Ground>, asked: Asked) -> Self {
        Self {
            ground: Ground::clone(ground),
            frontier: Frontier::new(),
            upper: Vec::new(),
            after: 0,
            leaves: Vec::new(),
            hole: false,
            differing: Vec::new(),
            checkpoints: Checkpoints::new(ground, asked),
        }
    }

    /// How far the tree is signed, as far as that holds.
    pub(super) fn sealed(&self) -> i64 {
        self.checkpoints.held()
    }

    pub(super) const fn checkpoints(&self) -> u64 {
        self.checkpoints.signed
    }

    pub(super) const fn published(&self) -> u64 {
        self.checkpoints.published
    }

    /// A stretch begins after this position.
    pub(super) fn begin(&mut self, after: i64) {
        // Only a hole larger than a stretch lies between.
        self.hole |= u64::try_from(after) != Ok(self.frontier.size());
        self.after = after;
        self.leaves.clear();
    }

    /// The leaf of an event of the stretch.
    pub(super) fn leaf(&mut self, position: i64, leaf: Hash) {
        let place = position.saturating_sub(self.after).saturating_sub(1);
        let Ok(place) = usize::try_from(place) else { return };
        if self.leaves.len() <= place {
            self.leaves.resize(place.saturating_add(1), None);
        }
        if let Some(empty) = self.leaves.get_mut(place).filter(|known| known.is_none()) {
            *empty = Some(leaf);
        }
    }

    /// The stretch ends with this position; `rows` is what is stored of the tree there.
    pub(super) fn end_of(
        &mut self,
        until: i64,
        rows: &TreeRows,
        findings: &mut Findings,
    ) -> Result<(), VerifyError> {
        let tiles = rows.tiles()?;
        let leaves = std::mem::take(&mut self.leaves);
        self.compare_leaves(&tiles, &leaves, until, findings);
        let mut points = self.checkpoints.points(self.after, until, rows)?;
        points.reverse();
        let mut whole = leaves.iter().copied().map_while(|leaf| leaf).collect::<Vec<Hash>>();
        self.hole |= whole.len() < leaves.len();
        if self.hole {
            whole.clear();
        }
        self.check_points(&mut points, findings);
        for group in whole.chunks(WIDTH) {
            self.grow(group, &mut points, &tiles, findings);
        }
        // What is left lies beyond a hole: only what needs no root can be said.
        for point in points.iter().rev() {
            self.checkpoints.check(point, None, findings);
        }
        self.leaves = leaves;
        Ok(())
    }

    /// Adds the leaves of one tile.
    fn grow(&mut self, group: &[Hash], points: &mut Vec<Point>, tiles: &Tiles<'_>, findings: &mut Findings) {
        let size = i64::try_from(self.frontier.size()).unwrap_or(i64::MAX);
        let end = size.saturating_add(i64::try_from(group.len()).unwrap_or(0));
        let inside = points.last().is_some_and(|point| point.size < end);
        let full = group.len() == WIDTH;
        if full && !inside {
            let root = root_of(group);
            let _ = self.frontier.push_subtree(HEIGHT, root);
            self.rise(root, tiles, findings);
        } else {
            for leaf in group {
                self.frontier.push(*leaf);
                self.check_points(points, findings);
            }
            if full {
                self.rise(root_of(group), tiles, findings);
            }
        }
        self.check_points(points, findings);
    }

    /// Checks the points at which the tree stands now.
    fn check_points(&mut self, points: &mut Vec<Point>, findings: &mut Findings) {
        let size = i64::try_from(self.frontier.size()).unwrap_or(i64::MAX);
        while !self.hole && points.last().is_some_and(|point| point.size <= size) {
            let Some(point) = points.pop() else { return };
            let root = self.frontier.root();
            self.checkpoints.check(&point, Some((root, self.differing.first().copied())), findings);
        }
    }

    /// The root of a full tile is a hash of the level above.
    fn rise(&mut self, root: Hash, tiles: &Tiles<'_>, findings: &mut Findings) {
        let mut root = root;
        for level in 1_u8.. {
            let place = usize::from(level).saturating_sub(1);
            if self.upper.len() <= place {
                self.upper.push(Vec::with_capacity(WIDTH));
            }
            let Some(tile) = self.upper.get_mut(place) else { return };
            tile.push(root);
            if tile.len() < WIDTH {
                return;
            }
            let hashes = std::mem::take(tile);
            self.compare_upper(level, &hashes, tiles, findings);
            root = root_of(&hashes);
        }
    }

    /// Compares the stored tiles of leaves with the leaves.
    fn compare_leaves(
        &mut self,
        tiles: &Tiles<'_>,
        leaves: &[Option<Hash>],
        until: i64,
        findings: &mut Findings,
    ) {
        for (index, hashes) in tiles.of_level(0) {
            let first = index.saturating_mul(256).saturating_add(1);
            let Some((stored, [])) =
                hashes.map(<[u8]>::as_chunks::<32>).filter(|(all, _)| all.len() == WIDTH)
            else {
                let what = "the stored tile of these events does not have 256 hashes";
                findings.stretch(Check::Tile, first, first.saturating_add(255), what);
                continue;
            };
            let place =
                usize::try_from(first.saturating_sub(self.after).saturating_sub(1)).unwrap_or(usize::MAX);
            for (position, (stored, leaf)) in (first..).zip(stored.iter().zip(leaves.iter().skip(place))) {
                if leaf.is_some_and(|leaf| leaf != *stored) && self.differing.len() < KEPT {
                    self.differing.push(position);
                }
            }
        }
        self.complete(0, until, tiles, findings);
    }

    /// Compares a stored tile of a higher level with the roots below it.
    fn compare_upper(&self, level: u8, hashes: &[Hash], tiles: &Tiles<'_>, findings: &mut Findings) {
        let below = leaves_of(level.saturating_sub(1));
        let size = i64::try_from(self.frontier.size()).unwrap_or(i64::MAX);
        let wanted = size.checked_div(leaves_of(level)).unwrap_or(0).saturating_sub(1);
        for (index, stored) in tiles.of_level(level).filter(|(index, _)| *index == wanted) {
            let first = index.saturating_mul(leaves_of(level));
            let stored = stored
                .map(<[u8]>::as_chunks::<32>)
                .filter(|(all, rest)| all.len() == WIDTH && rest.is_empty());
            let differs = match stored {
                Some((stored, _)) => stored.iter().zip(hashes).position(|(stored, hash)| stored != hash),
                None => Some(0),
            };
            let Some(differs) = differs.and_then(|place| i64::try_from(place).ok()) else { continue };
            let from = first.saturating_add(differs.saturating_mul(below));
            // Where an event of it was altered, that is what is told.
            if !self.differing.iter().any(|at| *at > from && *at <= from.saturating_add(below)) {
                let what =
                    format!("the stored tile {index} of level {level} has another hash for these events");
                findings.stretch(Check::Tile, from.saturating_add(1), from.saturating_add(below), what);
            }
        }
        if size <= self.ground.sealed.unwrap_or(0) && !tiles.has(level, wanted, self.ground.epoch) {
            let first = wanted.saturating_mul(leaves_of(level)).saturating_add(1);
            let what = format!("the tile {wanted} of level {level} over these events is not stored");
            findings.stretch(Check::Tile, first, size, what);
        }
    }

    /// Every tile that a signed tree needs is stored.
    fn complete(&self, level: u8, until: i64, tiles: &Tiles<'_>, findings: &mut Findings) {
        let leaves = leaves_of(level);
        let sealed = self.ground.sealed.unwrap_or(0).min(until);
        let (from, to) = (self.after.div_euclid(leaves), sealed.div_euclid(leaves));
        for index in from..to {
            if !tiles.has(level, index, self.ground.epoch) {
                let first = index.saturating_mul(leaves).saturating_add(1);
                let what = "the tile of these events is not stored, and the tree is signed beyond them";
                findings.stretch(Check::Tile, first, first.saturating_add(leaves).saturating_sub(1), what);
            }
        }
    }

    /// Says of every leaf that differs whether the event was altered or the tile.
    pub(super) fn end(&self, findings: &mut Findings) {
        for position in &self.differing {
            if *position <= self.checkpoints.held() {
                let what = "the stored tile has another hash for this event than the tree that was signed";
                findings.add(Check::Tile, *position, what);
            } else {
                let what = "the event is not the one that was sealed: its hash is not that of the tree";
                findings.add(Check::Leaf, *position, what);
            }
        }
    }

    /// What is stored of the tree and is of no event, and what was published of no event.
    pub(super) async fn strays(
        &self,
        client: &Client,
        ground: &Ground,
        findings: &mut Findings,
    ) -> Result<(), VerifyError> {
        // Where an event is known to be at fault, what is signed beyond the last one says nothing more of those before.
        let told = self.hole || !self.differing.is_empty() || self.checkpoints.fell;
        let proven = if told { i64::MAX } else { self.checkpoints.held() };
        rows::strays(client, ground, proven, findings).await?;
        let last = super::ground::last(client).await?;
        self.checkpoints.beyond(last, proven, findings);
        Ok(())
    }
}

/// How many leaves a tile of this level is over.
fn leaves_of(level: u8) -> i64 {
    // Seven levels are all that positions can ask for.
    1_i64
        .checked_shl(u32::from(HEIGHT) * (u32::from(level) + 1))
        .filter(|leaves| *leaves > 0)
        .unwrap_or(i64::MAX)
}

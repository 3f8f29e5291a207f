//! What the database holds of the tree: tiles and signed checkpoints, by the stretch.

use std::collections::BTreeMap;

use tokio_postgres::Client;

use super::leaves_of;
use crate::verify::copy::{Fields, Rows, rows};
use crate::verify::error::VerifyError;
use crate::verify::finding::{Check, Findings};
use crate::verify::ground::Ground;

/// The levels of tiles that positions can ask for.
const LEVELS: std::ops::Range<u8> = 0..7;

/// What is stored of the tree of one stretch of positions.
#[derive(Debug, Default)]
pub(in crate::verify) struct TreeRows {
    tiles: Rows,
    checkpoints: Rows,
}

/// A signed checkpoint as stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct StoredCheckpoint<'a> {
    pub(super) epoch: i32,
    pub(super) size: i64,
    pub(super) root: &'a [u8],
    pub(super) note: &'a str,
}

/// Stored tiles by level, index and epoch; none where they are no whole number of hashes.
#[derive(Debug, Default)]
pub(super) struct Tiles<'a>(BTreeMap<(u8, i64, i32), &'a [u8]>);

impl<'a> Tiles<'a> {
    /// The tiles of a level with their index, whatever epoch stored them.
    pub(super) fn of_level(&self, level: u8) -> impl Iterator<Item = (i64, Option<&'a [u8]>)> + '_ {
        let all = self.0.range((level, i64::MIN, i32::MIN)..=(level, i64::MAX, i32::MAX));
        all.map(|((_, index, _), hashes)| (*index, Some(*hashes)))
    }

    pub(super) fn has(&self, level: u8, index: i64, epoch: i32) -> bool {
        self.0.contains_key(&(level, index, epoch))
    }
}

impl TreeRows {
    /// Reads what is stored of the events after a position, up to another one.
    pub(in crate::verify) async fn read(
        client: &Client,
        ground: &Ground,
        after: i64,
        until: i64,
    ) -> Result<Self, VerifyError> {
        let epochs: Vec<String> = (1..=ground.epoch).map(|epoch| epoch.to_string()).collect();
        if epochs.is_empty() {
            return Ok(Self::default());
        }
        let epochs = epochs.join(", ");
        let wanted: Vec<String> = LEVELS
            .filter_map(|level| {
                let leaves = leaves_of(level);
                let (from, to) = (after.div_euclid(leaves), until.div_euclid(leaves));
                (to > from).then(|| format!("level = {level} AND index >= {from} AND index < {to}"))
            })
            .collect();
        let tiles = match wanted.is_empty() {
            true => Rows::default(),
            false => {
                let wanted = wanted.join(" OR ");
                let query = format!(
                    "SELECT epoch, level, index, hashes FROM ledger.tile WHERE epoch IN ({epochs}) AND ({wanted})"
                );
                rows(client, &query).await?
            }
        };
        let from = if after == 0 { -1 } else { after };
        let query = format!(
            "SELECT epoch, size, root, note FROM ledger.signed_checkpoint \
             WHERE epoch IN ({epochs}) AND size > {from} AND size <= {until} ORDER BY size, epoch"
        );
        Ok(Self { tiles, checkpoints: rows(client, &query).await? })
    }

    #[cfg(test)]
    pub(super) const fn of(tiles: Rows, checkpoints: Rows) -> Self {
        Self { tiles, checkpoints }
    }

    pub(super) fn tiles(&self) -> Result<Tiles<'_>, VerifyError> {
        let mut tiles = Tiles::default();
        for row in self.tiles.iter() {
            let mut fields = Fields::of(row, "ledger.tile")?;
            let (epoch, level, index) = (fields.i32()?, fields.i16()?, fields.i64()?);
            let level = u8::try_from(level).unwrap_or(u8::MAX);
            let _ = tiles.0.insert((level, index, epoch), fields.bytes()?);
        }
        Ok(tiles)
    }

    /// The signed checkpoints, the smallest first.
    pub(super) fn checkpoints(&self) -> impl Iterator<Item = Result<StoredCheckpoint<'_>, VerifyError>> {
        self.checkpoints.iter().map(|row| {
            let mut fields = Fields::of(row, "ledger.signed_checkpoint")?;
            Ok(StoredCheckpoint {
                epoch: fields.i32()?,
                size: fields.i64()?,
                root: fields.bytes()?,
                note: fields.text()?,
            })
        })
    }
}

const STRAY_CHECKPOINTS: &str = "
    SELECT c.epoch, c.size, last.position FROM ledger.signed_checkpoint c,
        (SELECT coalesce(max(e.position), 0) AS position FROM ledger.event e) last
    WHERE c.size > last.position OR c.size < 0 OR c.epoch NOT BETWEEN 1 AND $1 ORDER BY c.size LIMIT 5";

const STRAY_TILES: &str = "
    SELECT t.epoch, t.level::integer, t.index, last.position FROM ledger.tile t,
        (SELECT coalesce(max(e.position), 0) AS position FROM ledger.event e) last
    WHERE t.level NOT BETWEEN 0 AND 6 OR t.index < 0 OR t.epoch NOT BETWEEN 1 AND $1
        OR (t.index + 1) << (8 * (t.level + 1)) > last.position
    ORDER BY t.level, t.index LIMIT 5";

/// Rows of the tree that are of no event, or of no epoch. What is signed beyond the last event says that one of those
/// after the position `held`, up to which the signed tree holds, is not there any more.
pub(super) async fn strays(
    client: &Client,
    ground: &Ground,
    held: i64,
    findings: &mut Findings,
) -> Result<(), VerifyError> {
    for row in client.query(STRAY_CHECKPOINTS, &[&ground.epoch]).await? {
        let (epoch, size, last): (i32, i64, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        if size > last {
            let what = format!("a checkpoint is signed over {size} events, and the ledger ends at {last}");
            findings.stretch(Check::Checkpoint, held.min(last).saturating_add(1), size, what);
        } else {
            let what =
                format!("there is a checkpoint of size {size} in epoch {epoch}, which this ledger has not");
            findings.add(Check::Checkpoint, size, what);
        }
    }
    for row in client.query(STRAY_TILES, &[&ground.epoch]).await? {
        let (epoch, level, index): (i32, i32, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let last: i64 = row.try_get(3)?;
        let what =
            format!("tile {index} of level {level} in epoch {epoch} is of no full tree of this ledger");
        let leaves = leaves_of(u8::try_from(level).unwrap_or(u8::MAX));
        let end = index.saturating_add(1).saturating_mul(leaves);
        if end > last {
            let begin = index.saturating_mul(leaves).saturating_add(1);
            findings.stretch(Check::Tile, begin, end, what);
        } else {
            findings.nowhere(Check::Tile, what);
        }
    }
    Ok(())
}

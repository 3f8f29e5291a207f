//! A tree with two levels of tiles, altered in each of them.

use bytes::Bytes;
use ledger::tree::{CheckpointText, Growth, SignedNote, Signer, Tile, TileId};
use ring::digest::{SHA256, digest};
use uuid::Uuid;

use super::*;
use crate::verify::copy::testing::{row, rows};
use crate::verify::sums::STRETCH;

/// One full tile of level 1, and some more.
const LEAVES: i64 = 66_000;

struct Stored {
    leaves: Vec<Hash>,
    tiles: Vec<(TileId, Tile)>,
    note: String,
    root: Hash,
    ground: Arc<Ground>,
    asked: Asked,
}

fn stored() -> Stored {
    let ground = Ground {
        last: LEAVES,
        ledger_id: Uuid::from_u128(5),
        epoch: 1,
        sealed: Some(LEAVES),
        ..Ground::default()
    };
    let identity = ledger::LedgerIdentity { ledger_id: ground.ledger_id, epoch: 1 };
    let pair = ring::signature::Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new()).unwrap();
    let signer = Signer::new(&CheckpointText::origin_of(identity), pair.as_ref()).unwrap();
    let leaf = |position: i64| digest(&SHA256, &position.to_be_bytes()).as_ref().try_into().unwrap();
    let leaves: Vec<Hash> = (1..=LEAVES).map(leaf).collect();
    let (mut growth, mut tiles) = (Growth::new(), Vec::new());
    leaves.iter().for_each(|leaf| growth.push(*leaf, &mut tiles));
    let text = CheckpointText::new(identity, growth.size(), growth.root());
    let note = SignedNote::sign(text.to_string(), &[&signer]).to_string();
    let asked = Asked { keys: vec![signer.verifier().clone()], ..Asked::default() };
    Stored { leaves, tiles, note, root: growth.root(), ground: Arc::new(ground), asked }
}

impl Stored {
    /// What the stretch up to a position holds.
    fn rows(&self, after: i64, until: i64) -> TreeRows {
        let inside = |id: &TileId| {
            let end = (i64::try_from(id.index).unwrap() + 1) * leaves_of(id.level);
            end > after && end <= until
        };
        let tile = |(id, tile): &(TileId, Tile)| {
            row(&[
                Some(&1_i32.to_be_bytes()),
                Some(&i16::from(id.level).to_be_bytes()),
                Some(&i64::try_from(id.index).unwrap().to_be_bytes()),
                Some(&tile.to_bytes()),
            ])
        };
        let tiles: Vec<Bytes> = self.tiles.iter().filter(|(id, _)| inside(id)).map(tile).collect();
        let checkpoint = (until == LEAVES).then(|| {
            row(&[
                Some(&1_i32.to_be_bytes()),
                Some(&LEAVES.to_be_bytes()),
                Some(&self.root),
                Some(self.note.as_bytes()),
            ])
        });
        TreeRows::of(rows(tiles), rows(checkpoint.into_iter().collect()))
    }

    /// What is found: check, first and last position.
    fn found(&self) -> Vec<(Check, i64, Option<i64>)> {
        let mut findings = Findings::default();
        let mut tree = Tree::new(&self.ground, self.asked.clone());
        let mut after = 0;
        while after < LEAVES {
            let until = (after + STRETCH).min(LEAVES);
            tree.begin(after);
            for position in after + 1..=until {
                tree.leaf(position, self.leaves[usize::try_from(position - 1).unwrap()]);
            }
            tree.end_of(until, &self.rows(after, until), &mut findings).unwrap();
            after = until;
        }
        tree.end(&mut findings);
        let (told, _) = findings.into_sorted();
        told.iter().map(|one| (one.check, one.position.unwrap(), one.until)).collect()
    }

    fn alter(&mut self, level: u8, index: u64, place: usize) {
        let (_, tile) = self.tiles.iter_mut().find(|(id, _)| *id == TileId { level, index }).unwrap();
        let mut hashes = tile.hashes().to_vec();
        hashes[place][0] ^= 1;
        *tile = Tile::from(hashes);
    }
}

#[test]
fn a_sound_tree_holds_and_each_altered_hash_is_named_at_its_level() {
    let mut tree = stored();
    assert_eq!(tree.found(), []);
    tree.alter(0, 9, 7);
    assert_eq!(
        tree.found(),
        [(Check::Tile, 9 * 256 + 8, None)],
        "the signed root says that the event is right"
    );
    tree.alter(0, 9, 7);
    tree.alter(1, 0, 3);
    assert_eq!(tree.found(), [(Check::Tile, 3 * 256 + 1, Some(4 * 256))]);
    tree.alter(1, 0, 3);
    tree.tiles.retain(|(id, _)| id.level == 0);
    assert_eq!(tree.found(), [(Check::Tile, 1, Some(65_536))]);
}

#[test]
fn an_altered_event_is_named_by_its_tile_or_by_the_checkpoints_around_it() {
    let mut tree = stored();
    tree.leaves[40_000][0] ^= 1;
    let found = tree.found();
    assert_eq!(found.first(), Some(&(Check::Leaf, 40_001, None)), "{found:?}");
    tree.leaves[40_000][0] ^= 1;
    tree.leaves[65_999][0] ^= 1;
    assert_eq!(tree.found(), [(Check::Checkpoint, 1, Some(LEAVES))], "its tile is not full yet");
}

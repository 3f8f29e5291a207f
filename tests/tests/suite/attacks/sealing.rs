//! Attacks on the tree and on what is signed of it.

use super::attack::{Attack, Kind};
use super::scene::{Checkpoint, Ground, note};

pub(crate) const KINDS: &[(&str, Kind)] = &[
    ("tile: one hash", |ground, dice| {
        let at = dice.number(1, ground.tiles * 256);
        let byte = (at - 1) % 256 * 32 + dice.number(0, 31);
        let bit = 1 << dice.number(0, 7);
        let sql = format!(
            "UPDATE ledger.tile SET hashes = set_byte(hashes, {byte}, get_byte(hashes, {byte}) # {bit}) \
             WHERE level = 0 AND index = {}",
            (at - 1) / 256
        );
        Attack::at(at, sql)
    }),
    ("tile: two hashes swapped", |ground, dice| {
        let (index, one) = (dice.number(0, ground.tiles - 1), dice.number(0, 254));
        let other = dice.number(one + 1, 255);
        let hash = |place: i64| format!("substr(hashes, {}, 32)", place * 32 + 1);
        let sql = format!(
            "UPDATE ledger.tile SET hashes = overlay(overlay(hashes placing {} from {}) placing {} from {}) \
             WHERE level = 0 AND index = {index}",
            hash(other),
            one * 32 + 1,
            hash(one),
            other * 32 + 1
        );
        Attack::at(index * 256 + one + 1, sql)
    }),
    ("tile: cut short", |ground, dice| {
        let (index, bytes) = (dice.number(0, ground.tiles - 1), dice.number(0, 8_191));
        let sql = format!(
            "UPDATE ledger.tile SET hashes = substr(hashes, 1, {bytes}) WHERE level = 0 AND index = {index}"
        );
        Attack::at(index * 256 + 1, sql)
    }),
    ("tile: removed", |ground, dice| {
        let index = dice.number(0, ground.tiles - 1);
        Attack::at(index * 256 + 1, format!("DELETE FROM ledger.tile WHERE level = 0 AND index = {index}"))
    }),
    ("tile: of events that there are not", |ground, dice| {
        let index = ground.last / 256 + dice.number(0, 50);
        let sql = format!(
            "INSERT INTO ledger.tile (epoch, level, index, hashes) \
             SELECT epoch, 0, {index}, hashes FROM ledger.tile WHERE level = 0 AND index = 0"
        );
        Attack::at((index * 256 + 1).max(ground.last + 1), sql)
    }),
    ("tile: of another epoch", |ground, dice| {
        let (index, epoch) = (dice.number(0, ground.tiles - 1), dice.number(2, 9));
        let sql = format!("UPDATE ledger.tile SET epoch = {epoch} WHERE level = 0 AND index = {index}");
        Attack::at(index * 256 + 1, sql)
    }),
    ("checkpoint: another root", |ground, dice| {
        let checkpoint = dice.one(&ground.checkpoints)?;
        let byte = dice.number(0, 31);
        set(
            checkpoint,
            &format!("root = set_byte(root, {byte}, get_byte(root, {byte}) # {})", 1 << dice.number(0, 7)),
        )
    }),
    ("checkpoint: a letter of its note", |ground, dice| {
        let checkpoint = dice.one(&ground.checkpoints)?;
        let letters: Vec<(usize, char)> =
            checkpoint.note.char_indices().filter(|(_, c)| c.is_ascii_alphanumeric()).collect();
        // The last letter before a padding carries bits that mean nothing.
        let (place, letter) = *dice.one(&letters)?;
        let last = checkpoint.note[place + 1..].starts_with(['=', '\n']);
        let other = if letter == 'A' { 'B' } else { 'A' };
        let mut altered = checkpoint.note.clone();
        altered.replace_range(place..=place, &other.to_string());
        (!last).then(|| set(checkpoint, &format!("note = '{altered}'")))?
    }),
    ("checkpoint: the note of another one", |ground, dice| {
        let checkpoint = dice.one(&ground.checkpoints)?;
        let other = dice.one(&ground.checkpoints).filter(|other| other.size != checkpoint.size)?;
        set(checkpoint, &format!("note = '{}'", other.note))
    }),
    ("checkpoint: no note", |ground, dice| set(dice.one(&ground.checkpoints)?, "note = ''")),
    ("checkpoint: of another size", |ground, dice| {
        let checkpoint = dice.one(&ground.checkpoints)?;
        let to = dice.number(1, ground.last);
        let free = ground.checkpoints.iter().all(|other| other.size != to);
        let sql = format!("UPDATE ledger.signed_checkpoint SET size = {to} WHERE size = {}", checkpoint.size);
        // Where it was and was kept outside, it is missed there.
        let kept = is_kept(ground, checkpoint.size);
        let at = if kept { to.min(checkpoint.size) } else { to };
        free.then(|| Attack::at(at, sql))?
    }),
    ("checkpoint: of an epoch that there is not", |ground, dice| {
        let checkpoint = dice.one(&ground.checkpoints)?;
        set(checkpoint, &format!("epoch = {}", dice.number(2, 9)))
    }),
    ("checkpoint: signed with another key", |ground, dice| {
        let checkpoint = dice.one(&ground.checkpoints)?;
        let signed = signed_again(ground, checkpoint, &ground.leaves);
        set(checkpoint, &format!("note = '{signed}'"))
    }),
    ("checkpoint: over more events than there are", |ground, dice| {
        let size = ground.last + dice.number(1, 200);
        let sql = format!(
            "INSERT INTO ledger.signed_checkpoint (epoch, size, root, note) SELECT epoch, {size}, root, note \
             FROM ledger.signed_checkpoint WHERE size = {}",
            ground.last
        );
        Attack::at(ground.last + 1, sql)
    }),
    ("checkpoint: one that was kept outside is removed", |ground, dice| {
        let checkpoint = dice.one(&ground.checkpoints).filter(|one| is_kept(ground, one.size))?;
        let sql = format!("DELETE FROM ledger.signed_checkpoint WHERE size = {}", checkpoint.size);
        Attack::at(checkpoint.size, sql)
    }),
    ("checkpoints: the newest removed", |ground, dice| {
        let kept: Vec<i64> =
            ground.checkpoints.iter().map(|one| one.size).filter(|size| is_kept(ground, *size)).collect();
        let from = *dice.one(&kept)?;
        Attack::at(from, format!("DELETE FROM ledger.signed_checkpoint WHERE size >= {from}"))
    }),
    ("head: another ledger", |_, dice| {
        let sql = format!("UPDATE ledger.ledger_head SET ledger_id = '{}'", dice.id());
        Attack::at(1, sql)
    }),
    ("head: two of them", |_, dice| {
        let sql = format!(
            "ALTER TABLE ledger.ledger_head DROP CONSTRAINT ledger_head_pk; \
             INSERT INTO ledger.ledger_head (ledger_id, epoch) VALUES ('{}', 1)",
            dice.id()
        );
        Attack::nowhere(sql)
    }),
];

/// Whether a checkpoint of this size is kept outside the database.
fn is_kept(ground: &Ground, size: i64) -> bool {
    ground.published.iter().any(|one| one.path.file_name().is_some_and(|name| *name == *size.to_string()))
}

fn set(checkpoint: &Checkpoint, columns: &str) -> Option<Attack> {
    let at = checkpoint.size;
    Attack::at(at, format!("UPDATE ledger.signed_checkpoint SET {columns} WHERE size = {at}"))
}

/// A checkpoint of the same size over these leaves, under a key that is not the installation's but says so.
pub(super) fn signed_again(
    ground: &Ground,
    checkpoint: &Checkpoint,
    leaves: &[ledger::tree::Hash],
) -> String {
    let size = usize::try_from(checkpoint.size).unwrap();
    let root = ledger::tree::root_of(&leaves[..size.min(leaves.len())]);
    note(ground.identity, u64::try_from(checkpoint.size).unwrap(), root, &ground.foreign)
}

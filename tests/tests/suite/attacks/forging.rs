//! Forgeries that fit: whatever else the tables say is patched with them, so that positions, versions, commands,
//! names and books agree and only the tree, the signature, or a close of these days, can tell.

use domain::Event as Fact;
use ledger::tree::{Hash, WIDTH, root_of};
use serde_json::Value;

use super::attack::{Attack, Dice, Kind};
use super::events::{COLUMNS, swapped, two};
use super::scene::Ground;
use super::sealing::signed_again;

pub(crate) const KINDS: &[(&str, Kind)] = &[
    ("forged: an event at the end", |ground, dice| inserted(ground, dice, ground.last)),
    ("forged: an event in the middle", |ground, dice| {
        let at = dice.number(1, ground.last);
        inserted(ground, dice, at)
    }),
    ("forged: an event after the end, sealed with another key", |ground, dice| {
        let at = ground.last + 1;
        let sql = [
            station(&dice.id().to_string(), dice, at),
            format!(
                "INSERT INTO ledger.signed_checkpoint (epoch, size, root, note) VALUES (1, {at}, '\\x{}', '{}');",
                hex::encode([7; 32]),
                super::scene::note(ground.identity, u64::try_from(at).unwrap(), [7; 32], &ground.foreign)
            ),
        ];
        Attack::at(at, sql.concat())
    }),
    ("forged: an event removed without a gap", |ground, dice| {
        // The only event of its stream and of its command: nothing else hangs on it.
        let at = alone(ground, dice)?;
        Attack::at(at, [removed(ground, at), moved(ground, at, -1)].concat())
    }),
    ("forged: the end cut off everywhere", |ground, dice| {
        let at = ground.last - dice.number(0, 60);
        let whole = ground.event(at)?.command_id != ground.event(at - 1)?.command_id;
        whole.then(|| Attack::at(at, cut(ground, at)))?
    }),
    ("forged: a figure of a close that is not sealed yet", |ground, dice| {
        let more = dice.number(1, 100_000);
        let figure = *dice.one(&["debit", "credit", "total_debit", "total_credit"])?;
        closed(ground, |close| {
            let accounts = close.pointer("/accounts")?.as_array()?.len();
            let index = dice.number(0, i64::try_from(accounts).ok()? - 1);
            let amount = close.pointer_mut(&format!("/accounts/{index}/{figure}"))?;
            *amount = (amount.as_i64()? + more).into();
            Some(())
        })
    }),
    ("forged: the checkpoint of a close that is not sealed yet", |ground, dice| {
        let root = hex::encode(other_hash(dice));
        closed(ground, |close| {
            *close.pointer_mut("/checkpoint/root")? = root.into();
            Some(())
        })
    }),
    ("forged: two events swapped with all that hangs on them", |ground, dice| {
        let (one, other) = two(ground, dice)?;
        let aside = 9_000_000;
        let single = |at| ground.recorded().iter().any(|command| command.first == at && command.count == 1);
        let turn = |table: &str, column: &str| {
            format!(
                "UPDATE {table} SET {column} = {aside} WHERE {column} = {one};
                 UPDATE {table} SET {column} = {one} WHERE {column} = {other};
                 UPDATE {table} SET {column} = {other} WHERE {column} = {aside};"
            )
        };
        let books = format!("{}.journal", ground.books);
        (single(one) && single(other)).then(|| {
            let sql = [
                swapped(one, other),
                turn("ledger.stream_version", "position"),
                turn("ledger.command", "first_position"),
                turn("ledger.claim", "position"),
                turn(&books, "position"),
            ];
            Attack::at(one.min(other), sql.concat())
        })?
    }),
    ("forged: more money, in the event and in the books", |ground, dice| {
        paid(ground, dice).map(|(at, sql)| plain(at, sql))
    }),
    ("forged: more money, in the books and in the tile", |ground, dice| {
        let (at, sql) = paid(ground, dice)?;
        Some(plain(at, [sql, tile(ground, at, dice)].concat()))
    }),
    ("forged: an event and its hash in the tile", |ground, dice| {
        let at = dice.number(1, ground.last);
        let sql = format!(
            "UPDATE ledger.event SET occurred_at = occurred_at - interval '1 second' WHERE position = {at};"
        );
        Attack::at(at, [sql, tile(ground, at, dice)].concat())
    }),
    ("forged: an event, its tile, and every checkpoint after it signed again", |ground, dice| {
        let at = dice.number(1, ground.last);
        let sql = format!(
            "UPDATE ledger.event SET occurred_at = occurred_at - interval '1 second' WHERE position = {at};"
        );
        let mut leaves = ground.leaves.clone();
        leaves[usize::try_from(at - 1).unwrap()] = other_hash(dice);
        let signed: Vec<String> = ground
            .checkpoints
            .iter()
            .filter(|checkpoint| checkpoint.size >= at)
            .map(|checkpoint| {
                let root = root_of(&leaves[..usize::try_from(checkpoint.size).unwrap()]);
                format!(
                    "UPDATE ledger.signed_checkpoint SET root = '\\x{}', note = '{}' WHERE size = {};",
                    hex::encode(root),
                    signed_again(ground, checkpoint, &leaves),
                    checkpoint.size
                )
            })
            .collect();
        Attack::at(at, [sql, tile_of(ground, at, &leaves), signed.concat()].concat())
    }),
    ("forged: another moment, everywhere the same", |ground, dice| {
        // All events of a command, and neither before the one before nor after the next.
        let command = *dice.one(&ground.recorded())?;
        let (first, last) = (command.first, command.first + command.count - 1);
        let sql = format!(
            "UPDATE ledger.event SET recorded_at = (SELECT recorded_at FROM ledger.event WHERE position = {}) \
                 - interval '1 microsecond' * {} WHERE position BETWEEN {first} AND {last};",
            (last + 1).min(ground.last),
            dice.number(1, 3)
        );
        Attack::at(first, sql)
    }),
    ("forged: a name, in the event and in the claim", |ground, dice| {
        let claim = dice.one(&ground.claims).filter(|claim| claim.kind == "device_serial")?;
        let other = format!("X{}", dice.id().simple());
        let sql = format!(
            "UPDATE ledger.claim SET value = '{other}' WHERE kind = 'device_serial' AND value = '{0}';
             UPDATE ledger.event SET payload =
                 convert_to(replace(convert_from(payload, 'UTF8'), '\"{0}\"', '\"{other}\"'), 'UTF8')
             WHERE position = {1};",
            claim.value, claim.position
        );
        Attack::at(claim.position, sql)
    }),
    ("forged: a sender, in the events and in the command", |ground, dice| {
        let command = *dice.one(&ground.recorded())?;
        let actor = format!("admin:{}", dice.id());
        let sql = format!(
            "UPDATE ledger.command SET actor = '{actor}' WHERE id = '{0}';
             UPDATE ledger.event SET actor = '{actor}' WHERE command_id = '{0}';",
            command.id
        );
        Attack::at(command.first, sql)
    }),
    ("forged: a command's id, in its events and in its row", |ground, dice| {
        let (command, id) = (*dice.one(&ground.recorded())?, dice.id());
        let sql = format!(
            "UPDATE ledger.command SET id = '{id}' WHERE id = '{0}';
             UPDATE ledger.event SET command_id = '{id}' WHERE command_id = '{0}';",
            command.id
        );
        Attack::at(command.first, sql)
    }),
];

fn plain(at: i64, sql: String) -> Attack {
    Attack { name: "", sql, at: Some(at) }
}

/// A station that nobody registered, at this position, and all later events one further.
fn inserted(ground: &Ground, dice: &mut Dice, at: i64) -> Option<Attack> {
    // Not into the middle of a command.
    let whole = at == 1 || ground.event(at)?.command_id != ground.event(at - 1)?.command_id;
    let id = dice.id().to_string();
    whole.then(|| Attack::at(at, [moved(ground, at, 1), station(&id, dice, at)].concat()))?
}

/// A registration with its version, its command and its claim. It is recorded when the event before it was.
fn station(id: &str, dice: &mut Dice, at: i64) -> String {
    let (event, command) = (dice.id(), dice.id());
    let code = format!("F{}", dice.number(100_000, 999_999));
    let payload = format!(
        "{{\"station_id\":\"{id}\",\"code\":\"{code}\",\"name\":\"Forged\",\"latitude\":-6.8,\"longitude\":39.28,\
         \"slots\":8,\"release_mode\":\"instant\"}}"
    );
    assert!(Fact::decode("StationRegistered", 1, payload.as_bytes()).is_ok(), "{payload}");
    let columns = COLUMNS;
    format!(
        "INSERT INTO ledger.event (position, {columns})
         SELECT {at}, '{event}', '{command}', NULL, NULL, recorded_at, recorded_at, 1, 'StationRegistered', 'admin:{id}',
             ARRAY[3]::smallint[], ARRAY['{id}']::uuid[], ARRAY[1]::bigint[], NULL, convert_to('{payload}', 'UTF8')
         FROM ledger.event WHERE position <> {at} ORDER BY abs(position - {at}), position LIMIT 1;
         INSERT INTO ledger.stream_version (stream, version, position) VALUES ('{id}', 1, {at});
         INSERT INTO ledger.command (id, first_position, event_count, outcome, answer_version, actor, hash, result)
             VALUES ('{command}', {at}, 1, 1, 1, 'admin:{id}', sha256('{id}'),
                 '{{\"events\":[\"StationRegistered\"],\"result\":{{\"station_id\":\"{id}\"}}}}');
         INSERT INTO ledger.claim (kind, value, entity, position) VALUES ('station_code', '{code}', '{id}', {at});"
    )
}

/// Every table with positions.
fn placed(ground: &Ground) -> Vec<(String, &'static str)> {
    let journal = format!("{}.journal", ground.books);
    [
        ("ledger.event", "position"),
        ("ledger.stream_version", "position"),
        ("ledger.command", "first_position"),
        ("ledger.claim", "position"),
        ("ledger.projection", "position"),
        (&journal, "position"),
    ]
    .map(|(table, column)| (table.to_owned(), column))
    .into()
}

/// The close of a period with something else in it, and nothing signed from there on.
fn closed(ground: &Ground, altered: impl FnOnce(&mut Value) -> Option<()>) -> Option<Attack> {
    let event = ground.events.iter().find(|event| event.event_type == "PeriodClosed")?;
    let mut payload: Value = serde_json::from_slice(&event.payload).ok()?;
    altered(&mut payload)?;
    let at = event.position;
    let sql = format!(
        "UPDATE ledger.event SET payload = '\\x{}' WHERE position = {at};
         DELETE FROM ledger.signed_checkpoint WHERE size >= {at};
         DELETE FROM ledger.tile WHERE (index + 1) * 256 >= {at};",
        hex::encode(payload.to_string())
    );
    Attack::at(at, sql)
}

/// Everything from this position on is so many further, or nearer.
fn moved(ground: &Ground, from: i64, by: i64) -> String {
    // By way of where nothing is, because a position is there once at every moment.
    let far = 5_000_000;
    let moved = |(table, column): (String, &str)| {
        format!(
            "UPDATE {table} SET {column} = {column} + {far} WHERE {column} BETWEEN {from} AND {far};
             UPDATE {table} SET {column} = {column} - {far} + {by} WHERE {column} > {far};"
        )
    };
    placed(ground).into_iter().map(moved).collect::<String>()
}

/// An event whose stream, command and books know of nothing else.
fn alone(ground: &Ground, dice: &mut Dice) -> Option<i64> {
    let heads = ground.heads();
    let event = dice.one(&ground.events)?;
    let newest = event.streams.iter().all(|(_, id, version)| heads.get(id) == Some(version));
    let single =
        ground.recorded().iter().any(|command| command.first == event.position && command.count == 1);
    let booked = ground.journal.iter().any(|(position, ..)| *position == event.position);
    (newest && single && !booked && event.position < ground.last).then_some(event.position)
}

fn removed(ground: &Ground, at: i64) -> String {
    let gone = |(table, column): (String, &str)| format!("DELETE FROM {table} WHERE {column} = {at};");
    placed(ground).into_iter().filter(|(table, _)| table != "ledger.projection").map(gone).collect()
}

/// Nothing is left of any event from this position on, readers and books included.
fn cut(ground: &Ground, at: i64) -> String {
    let gone = |(table, column): (String, &str)| format!("DELETE FROM {table} WHERE {column} >= {at};");
    let tables: String =
        placed(ground).into_iter().filter(|(table, _)| table != "ledger.projection").map(gone).collect();
    let before = at - 1;
    let books = &ground.books;
    format!(
        "{tables}
         UPDATE ledger.projection SET position = {before}, event_id = (SELECT id FROM ledger.event WHERE position = {before});
         UPDATE ledger.checkpoint SET position = {before}, event_id = (SELECT id FROM ledger.event WHERE position = {before});
         UPDATE {books}.account a SET
             debit = coalesce((SELECT sum(j.amount) FROM {books}.journal j WHERE j.debit = a.account), 0),
             credit = coalesce((SELECT sum(j.amount) FROM {books}.journal j WHERE j.credit = a.account), 0);
         DELETE FROM ledger.signed_checkpoint WHERE size >= {at};
         DELETE FROM ledger.tile WHERE (index + 1) * 256 >= {at};"
    )
}

/// A payment of more than was paid: the event, the journal and the accounts agree.
fn paid(ground: &Ground, dice: &mut Dice) -> Option<(i64, String)> {
    let event = dice.one(&ground.events).filter(|event| event.event_type == "PaymentSettled")?;
    let more = dice.number(1, 100_000);
    let mut payload: Value = serde_json::from_slice(&event.payload).ok()?;
    for pointer in ["/amount", "/credited/deposit"] {
        let amount = payload.pointer_mut(pointer)?;
        *amount = (amount.as_i64()? + more).into();
    }
    let (at, books) = (event.position, &ground.books);
    let line =
        ground.journal.iter().filter(|(position, ..)| *position == at).map(|(_, line, _)| *line).max()?;
    let fact = Fact::decode("PaymentSettled", 1, payload.to_string().as_bytes()).ok()?;
    // Only where the deposit was credited before too: else the books get a line more.
    let lines = domain::postings::entries(&fact);
    (lines.len() == usize::try_from(line).ok()?).then(|| {
        let sql = format!(
            "UPDATE ledger.event SET payload = '\\x{}' WHERE position = {at};
             UPDATE {books}.journal SET amount = amount + {more} WHERE position = {at} AND line = {line};
             UPDATE {books}.account SET debit = debit + {more} WHERE account = 1000;
             UPDATE {books}.account SET credit = credit + {more} WHERE account = 2000;",
            hex::encode(payload.to_string())
        );
        (at, sql)
    })
}

fn other_hash(dice: &mut Dice) -> Hash {
    let mut hash = [0; 32];
    hash.iter_mut().for_each(|byte| *byte = u8::try_from(dice.number(0, 255)).unwrap());
    hash
}

/// The tile with another hash for this event, if it is in one.
fn tile(ground: &Ground, at: i64, dice: &mut Dice) -> String {
    let mut leaves = ground.leaves.clone();
    leaves[usize::try_from(at - 1).unwrap()] = other_hash(dice);
    tile_of(ground, at, &leaves)
}

fn tile_of(ground: &Ground, at: i64, leaves: &[Hash]) -> String {
    let index = (at - 1) / 256;
    if index >= ground.tiles {
        return String::new();
    }
    let from = usize::try_from(index).unwrap() * WIDTH;
    let hashes = hex::encode(leaves[from..from + WIDTH].concat());
    format!("UPDATE ledger.tile SET hashes = '\\x{hashes}' WHERE level = 0 AND index = {index};")
}

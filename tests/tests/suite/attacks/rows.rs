//! Attacks on what stands beside the events: versions, commands, claims, readers, the books.

use super::attack::{Attack, Dice, Kind};
use super::scene::{Claim, Command, Ground};

pub(crate) const KINDS: &[(&str, Kind)] = &[
    ("version: at another position", |ground, dice| {
        let (stream, version, at) = *dice.one(&ground.versions)?;
        let to = dice.number(1, ground.last);
        (to != at)
            .then(|| Attack::at(at.min(to), version_set(stream, version, &format!("position = {to}"))))?
    }),
    ("version: at a position beyond the last", |ground, dice| {
        let (stream, version, at) = *dice.one(&ground.versions)?;
        let to = ground.last + dice.number(1, 1_000_000);
        Attack::at(at, version_set(stream, version, &format!("position = {to}")))
    }),
    ("version: at no position", |ground, dice| {
        let (stream, version, at) = *dice.one(&ground.versions)?;
        let to = -dice.number(0, 9);
        Attack::at(at, version_set(stream, version, &format!("position = {to}")))
    }),
    ("version: another number", |ground, dice| {
        let (stream, version, at) = *dice.one(&ground.versions)?;
        let to = ground.heads().get(&stream)? + dice.number(1, 5);
        Attack::at(at, version_set(stream, version, &format!("version = {to}")))
    }),
    ("version: of another stream", |ground, dice| {
        let (stream, version, at) = *dice.one(&ground.versions)?;
        Attack::at(at, version_set(stream, version, &format!("stream = '{}'", dice.id())))
    }),
    ("version: removed", |ground, dice| {
        let (stream, version, at) = *dice.one(&ground.versions)?;
        let sql =
            format!("DELETE FROM ledger.stream_version WHERE stream = '{stream}' AND version = {version}");
        Attack::at(at, sql)
    }),
    ("versions: the newest of a stream removed", |ground, dice| {
        let (stream, _, _) = *dice.one(&ground.versions)?;
        let head = *ground.heads().get(&stream)?;
        let at = ground.versions.iter().find(|one| one.0 == stream && one.1 == head)?.2;
        let sql = format!("DELETE FROM ledger.stream_version WHERE stream = '{stream}' AND version = {head}");
        Attack::at(at, sql)
    }),
    ("versions: two of a stream swapped", |ground, dice| {
        let (stream, version, at) = *dice.one(&ground.versions)?;
        let other = ground.versions.iter().find(|one| one.0 == stream && one.1 == version + 1)?;
        let sql = format!(
            "UPDATE ledger.stream_version SET position = CASE version WHEN {version} THEN {} ELSE {at} END \
             WHERE stream = '{stream}' AND version IN ({version}, {})",
            other.2,
            version + 1
        );
        Attack::at(at, sql)
    }),
    ("version: one more of a stream", |ground, dice| {
        let (stream, ..) = *dice.one(&ground.versions)?;
        let (version, at) = (ground.heads().get(&stream)? + 1, dice.number(1, ground.last));
        Attack::at(at, version_added(&stream.to_string(), version, at))
    }),
    ("version: a stream that there is not", |ground, dice| {
        let at = dice.number(1, ground.last);
        Attack::at(at, version_added(&dice.id().to_string(), 1, at))
    }),
    ("versions: all of a stream removed", |ground, dice| {
        let (stream, ..) = *dice.one(&ground.versions)?;
        let at = ground.versions.iter().filter(|one| one.0 == stream).map(|one| one.2).min()?;
        Attack::at(at, format!("DELETE FROM ledger.stream_version WHERE stream = '{stream}'"))
    }),
    ("command: another id", |ground, dice| {
        let id = dice.id();
        command(ground, dice, &format!("id = '{id}'"))
    }),
    ("command: another first position", |ground, dice| {
        let command = *dice.one(&ground.recorded())?;
        let to = dice.number(1, ground.last);
        (to != command.first).then(|| {
            Attack::at(command.first.min(to), command_set(command, &format!("first_position = {to}")))
        })?
    }),
    ("command: a first position beyond the last", |ground, dice| {
        let to = ground.last + dice.number(1, 1_000_000);
        command(ground, dice, &format!("first_position = {to}"))
    }),
    ("command: more events", |ground, dice| {
        let by = dice.number(1, 9);
        command(ground, dice, &format!("event_count = event_count + {by}"))
    }),
    ("command: no events", |ground, dice| command(ground, dice, "event_count = 0")),
    ("command: already done", |ground, dice| command(ground, dice, "outcome = 2, event_count = 0")),
    ("command: another outcome", |ground, dice| {
        let outcome = dice.number(3, 9);
        command(ground, dice, &format!("outcome = {outcome}"))
    }),
    ("command: another sender", |ground, dice| {
        let id = dice.id();
        command(ground, dice, &format!("actor = 'admin:{id}'"))
    }),
    ("command: an answer of another version", |ground, dice| {
        let version = dice.number(2, 99);
        command(ground, dice, &format!("answer_version = {version}"))
    }),
    ("command: a shorter hash", |ground, dice| command(ground, dice, "hash = substr(hash, 2)")),
    ("command: other events in its answer", |ground, dice| {
        let id = *dice.one(&ground.recorded())?;
        let (_, rest) = id.result.split_once(']')?;
        let other = dice.one(domain::Event::TYPES)?;
        let stored = format!("{{\"events\":[\"{other}\"]{rest}");
        (stored != id.result).then(|| {
            Attack::at(id.first, command_set(id, &format!("result = '\\x{}'", hex::encode(&stored))))
        })?
    }),
    ("command: an answer cut short", |ground, dice| {
        let by = dice.number(1, 20);
        command(ground, dice, &format!("result = substr(result, 1, octet_length(result) - {by})"))
    }),
    ("command: removed", |ground, dice| {
        let command = *dice.one(&ground.recorded())?;
        Attack::at(command.first, format!("DELETE FROM ledger.command WHERE id = '{}'", command.id))
    }),
    ("command: one that made nothing", |ground, dice| {
        let at = dice.number(1, ground.last);
        let sql = format!(
            "INSERT INTO ledger.command (id, first_position, event_count, outcome, answer_version, actor, hash, result) \
             SELECT '{}', {at}, 1, 1, answer_version, actor, hash, result FROM ledger.command WHERE outcome = 1 LIMIT 1",
            dice.id()
        );
        Attack::at(at, sql)
    }),
    ("command: one that was already done before any event", |_, dice| {
        let at = -dice.number(1, 9);
        let sql = format!(
            "INSERT INTO ledger.command (id, first_position, event_count, outcome, answer_version, actor, hash, result) \
             SELECT '{}', {at}, 0, 2, answer_version, actor, hash, '{{\"events\":[],\"result\":null}}' \
             FROM ledger.command WHERE outcome = 1 LIMIT 1",
            dice.id()
        );
        Attack::nowhere(sql)
    }),
    ("claim: another kind", |ground, dice| {
        let claim = dice.one(&ground.claims)?;
        let kinds = ["device_serial", "station_code", "external_id", "provider_reference", "phone", "plate"];
        let other = dice.other(&kinds, &claim.kind.as_str())?;
        Attack::at(claim.position, claim_set(claim, &format!("kind = '{other}'")))
    }),
    ("claim: another name", |ground, dice| {
        // A phone's is a blind index, which is made anew with the keys.
        let claim = dice.one(&ground.claims).filter(|claim| claim.kind != "phone")?;
        Attack::at(claim.position, claim_set(claim, "value = value || 'x'"))
    }),
    ("claim: another holder", |ground, dice| {
        let claim = dice.one(&ground.claims)?;
        Attack::at(claim.position, claim_set(claim, &format!("entity = '{}'", dice.id())))
    }),
    ("claim: the holders of two swapped", |ground, dice| {
        let one = dice.one(&ground.claims)?;
        let other =
            dice.one(&ground.claims).filter(|other| other.kind == one.kind && other.entity != one.entity)?;
        let sql = [
            claim_set(one, &format!("entity = '{}'", other.entity)),
            claim_set(other, &format!("entity = '{}'", one.entity)),
        ];
        Attack::at(one.position.min(other.position), sql.concat())
    }),
    ("claim: held since another event", |ground, dice| {
        let claim = dice.one(&ground.claims)?;
        let to = dice.number(1, ground.last);
        (to != claim.position)
            .then(|| Attack::at(claim.position.min(to), claim_set(claim, &format!("position = {to}"))))?
    }),
    ("claim: held since no event", |ground, dice| {
        let claim = dice.one(&ground.claims)?;
        let to = ground.last + dice.number(1, 1_000_000);
        Attack::at(claim.position, claim_set(claim, &format!("position = {to}")))
    }),
    ("claim: removed", |ground, dice| {
        let claim = dice.one(&ground.claims)?;
        let sql =
            format!("DELETE FROM ledger.claim WHERE kind = '{}' AND value = '{}'", claim.kind, claim.value);
        Attack::at(claim.position, sql)
    }),
    ("claim: a name that nobody took", |ground, dice| {
        let at = dice.number(1, ground.last);
        let (kind, id) =
            (*dice.one(&["device_serial", "station_code", "provider_reference", "phone"])?, dice.id());
        let sql = format!("INSERT INTO ledger.claim VALUES ('{kind}', '{}', '{id}', {at})", id.simple());
        Attack::at(at, sql)
    }),
    ("reader: it saw another event", |ground, dice| {
        let (row, at) = dice.one(&ground.readers)?;
        let (table, row) = row.split_once(" WHERE ")?;
        Attack::at(*at, format!("UPDATE {table} SET event_id = '{}' WHERE {row}", dice.id()))
    }),
    ("reader: it stands beyond the last", |ground, dice| {
        let (row, _) = dice.one(&ground.readers).filter(|(row, _)| !row.contains("billing"))?;
        let (table, row) = row.split_once(" WHERE ")?;
        let to = ground.last + dice.number(1, 200);
        Attack::at(ground.last + 1, format!("UPDATE {table} SET position = {to} WHERE {row}"))
    }),
    ("reader: it stands elsewhere", |ground, dice| {
        let (row, at) = dice.one(&ground.readers).filter(|(row, _)| !row.contains("billing"))?;
        let (table, row) = row.split_once(" WHERE ")?;
        let to = dice.number(1, ground.last);
        (to != *at).then(|| Attack::at(to, format!("UPDATE {table} SET position = {to} WHERE {row}")))?
    }),
    ("reader: of another ledger", |ground, dice| {
        let (row, _) = dice.one(&ground.readers)?;
        let (table, row) = row.split_once(" WHERE ")?;
        Attack::nowhere(format!("UPDATE {table} SET ledger_id = '{}' WHERE {row}", dice.id()))
    }),
    ("journal: another amount", |ground, dice| {
        let by = dice.number(1, 50_000);
        line(ground, dice, &format!("amount = amount + {by}"))
    }),
    ("journal: another account", |ground, dice| {
        let side = dice.one(&["debit", "credit"])?;
        line(ground, dice, &format!("{side} = CASE {side} WHEN 1010 THEN 5100 ELSE 1010 END"))
    }),
    ("journal: debit and credit swapped", |ground, dice| {
        line(ground, dice, "debit = credit, credit = debit")
    }),
    ("journal: another customer", |ground, dice| {
        let id = dice.id();
        line(ground, dice, &format!("customer_id = '{id}'"))
    }),
    ("journal: another provider", |ground, dice| {
        line(ground, dice, "provider = coalesce(provider, '') || 'x'")
    }),
    ("journal: another event's line", |ground, dice| {
        let (at, number, _) = *dice.one(&ground.journal)?;
        let to = dice.number(1, ground.last);
        let free = ground.journal.iter().all(|(position, ..)| *position != to);
        (free && to != at).then(|| {
            let books = &ground.books;
            let sql = format!(
                "UPDATE {books}.journal SET position = {to} WHERE position = {at} AND line = {number}"
            );
            Attack::at(at.min(to), sql)
        })?
    }),
    ("journal: a line removed", |ground, dice| {
        let (at, number, _) = *dice.one(&ground.journal)?;
        let books = &ground.books;
        Attack::at(at, format!("DELETE FROM {books}.journal WHERE position = {at} AND line = {number}"))
    }),
    ("journal: a line twice", |ground, dice| {
        let (at, number, _) = *dice.one(&ground.journal)?;
        let books = &ground.books;
        let sql = format!(
            "CREATE TEMP TABLE one ON COMMIT DROP AS SELECT * FROM {books}.journal \
                 WHERE position = {at} AND line = {number};
             UPDATE one SET line = 99; INSERT INTO {books}.journal SELECT * FROM one"
        );
        Attack::at(at, sql)
    }),
    ("account: another total", |ground, dice| {
        let (side, by) = (*dice.one(&["debit", "credit"])?, dice.number(1, 50_000));
        let books = &ground.books;
        let sql = format!(
            "UPDATE {books}.account SET {side} = {side} + {by} \
             WHERE account = (SELECT account FROM {books}.account ORDER BY account OFFSET {} LIMIT 1)",
            dice.number(0, 3)
        );
        Attack::nowhere(sql)
    }),
    ("account: removed", |ground, _| {
        let books = &ground.books;
        Attack::nowhere(format!("DELETE FROM {books}.account WHERE account = 2000"))
    }),
];

fn version_set(stream: uuid::Uuid, version: i64, columns: &str) -> String {
    format!("UPDATE ledger.stream_version SET {columns} WHERE stream = '{stream}' AND version = {version}")
}

fn version_added(stream: &str, version: i64, at: i64) -> String {
    format!(
        "INSERT INTO ledger.stream_version (stream, version, position) VALUES ('{stream}', {version}, {at})"
    )
}

/// Alters columns of a command that made events.
fn command(ground: &Ground, dice: &mut Dice, columns: &str) -> Option<Attack> {
    let command = *dice.one(&ground.recorded())?;
    Attack::at(command.first, command_set(command, columns))
}

fn command_set(command: &Command, columns: &str) -> String {
    format!("UPDATE ledger.command SET {columns} WHERE id = '{}'", command.id)
}

fn claim_set(claim: &Claim, columns: &str) -> String {
    format!("UPDATE ledger.claim SET {columns} WHERE kind = '{}' AND value = '{}';", claim.kind, claim.value)
}

fn line(ground: &Ground, dice: &mut Dice, columns: &str) -> Option<Attack> {
    let (at, number, _) = *dice.one(&ground.journal)?;
    let books = &ground.books;
    Attack::at(at, format!("UPDATE {books}.journal SET {columns} WHERE position = {at} AND line = {number}"))
}

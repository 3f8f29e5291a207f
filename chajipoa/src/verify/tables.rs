//! The pass over the tables beside the events: `stream_version` and `command` some pages at a time in the order in which
//! their rows lie, which is many times cheaper than the order of their keys, and `claim` by its key. Nothing is held.

use tokio_postgres::Client;
use uuid::Uuid;

use super::command::Block;
use super::copy::{Fields, rows};
use super::error::VerifyError;
use super::finding::{Check, Findings};
use super::ground::Ground;
use super::names::Name;
use super::sums::{Kind, Sums};

/// How many pages of a table one statement reads.
const PAGES: usize = 1_000;
/// The versions of stored answers that can be rendered.
const ANSWERS: std::ops::RangeInclusive<i16> = 1..=1;

const PARTITIONS: &str =
    "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = $1::text::regclass ORDER BY 1";

/// What the tables say.
pub(super) struct Tables {
    pub(super) findings: Findings,
    pub(super) sums: Sums,
    /// The furthest position that each kind names beyond the last.
    pub(super) beyond: [i64; 3],
    last: i64,
}

impl Tables {
    pub(super) fn new(ground: &Ground, sums: Sums) -> Self {
        Self { findings: Findings::default(), sums, beyond: [0; 3], last: ground.last }
    }

    /// Reads the three tables.
    pub(super) async fn run(mut self, client: &Client) -> Result<Self, VerifyError> {
        for partition in partitions(client, "ledger.stream_version").await? {
            self.versions(client, &partition).await?;
        }
        for partition in partitions(client, "ledger.command").await? {
            self.commands(client, &partition).await?;
        }
        self.claims(client).await?;
        Ok(self)
    }

    /// A row of this kind is about this position: whether it is one that is looked at. A position before the first is
    /// no place to name.
    fn is_about(&mut self, kind: Kind, position: i64) -> bool {
        if position < 1 {
            let (check, table) = super::locate::named(kind);
            self.findings.nowhere(check, format!("{table} names position {position}, before every event"));
        }
        let place = match kind {
            Kind::Version => 0,
            Kind::Command => 1,
            Kind::Claim => 2,
        };
        if let Some(beyond) = self.beyond.get_mut(place).filter(|_| position > self.last) {
            *beyond = position.max(*beyond);
        }
        (1..=self.last).contains(&position)
    }

    /// Every version, in the order in which it lies there: whether they follow each other is known from the events.
    async fn versions(&mut self, client: &Client, partition: &str) -> Result<(), VerifyError> {
        for stretch in stretches(client, partition).await? {
            let query = format!("SELECT stream, version, position FROM {partition} WHERE {stretch}");
            for row in rows(client, &query).await?.iter() {
                let mut fields = Fields::of(row, "ledger.stream_version")?;
                let version = (fields.uuid()?, fields.i64()?);
                let position = fields.i64()?;
                if self.is_about(Kind::Version, position) {
                    self.sums.add(Kind::Version, position, version);
                }
            }
        }
        Ok(())
    }

    async fn commands(&mut self, client: &Client, partition: &str) -> Result<(), VerifyError> {
        let mut block = Block::default();
        for stretch in stretches(client, partition).await? {
            let query = format!(
                "SELECT id, first_position, event_count, outcome, answer_version, octet_length(hash), actor, result \
                 FROM {partition} WHERE {stretch}"
            );
            for row in rows(client, &query).await?.iter() {
                self.command(row, &mut block)?;
            }
        }
        Ok(())
    }

    fn command(&mut self, row: &[u8], block: &mut Block) -> Result<(), VerifyError> {
        let mut fields = Fields::of(row, "ledger.command")?;
        block.id = fields.uuid()?;
        block.first = fields.i64()?;
        block.count = fields.i32()?;
        let (outcome, answer, hash) = (fields.i16()?, fields.i16()?, fields.i32()?);
        block.actor.clear();
        block.actor.extend_from_slice(fields.bytes()?);
        let stored = fields.bytes()?;
        let (id, first) = (block.id, block.first);
        let whole = hash == 32 && ANSWERS.contains(&answer);
        self.findings.unless(whole, Check::Command, first, || {
            format!("command {id} has a hash of {hash} bytes and an answer of version {answer}")
        });
        let types = types(stored);
        self.findings.unless(types.is_some(), Check::Command, first, || {
            format!("the answer of command {id} has another form than it was stored in")
        });
        let types = types.unwrap_or_default();
        match (outcome, block.count) {
            (1, 1..) => {
                block.types.clear();
                block.types.extend_from_slice(types);
                if self.is_about(Kind::Command, first) {
                    block.sum(&mut self.sums);
                }
            }
            (2, 0) => {
                // It was found done where the ledger then stood, which may be before the first event.
                let _ = first != 0 && self.is_about(Kind::Command, first);
                self.findings.unless(types.is_empty(), Check::Command, first, || {
                    format!("command {id} was already done and yet says that it made events")
                });
            }
            (outcome, count) => {
                let what = format!("command {id} has outcome {outcome} and {count} events");
                self.findings.add(Check::Command, first, what);
            }
        }
        Ok(())
    }

    async fn claims(&mut self, client: &Client) -> Result<(), VerifyError> {
        let page = client
            .prepare(
                "SELECT kind, value, entity, position FROM ledger.claim WHERE (kind, value) > ($1, $2) \
                 ORDER BY kind, value LIMIT 20000",
            )
            .await?;
        let (mut kind, mut value) = (String::new(), String::new());
        loop {
            let rows = client.query(&page, &[&kind, &value]).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            (kind, value) = (last.try_get(0)?, last.try_get(1)?);
            for row in &rows {
                let (kind, value): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
                self.claim(kind, value, row.try_get(2)?, row.try_get(3)?);
            }
        }
    }

    fn claim(&mut self, kind: &str, value: &str, entity: Uuid, position: i64) {
        match Name::stored(kind, value, entity) {
            Some(name) => {
                if self.is_about(Kind::Claim, position) {
                    self.sums.add(Kind::Claim, position, name);
                }
            }
            None => {
                let what = format!("ledger.claim has a name of kind {kind:?}, which nothing takes");
                self.findings.add(Check::Claim, position, what);
            }
        }
    }
}

/// The partitions of a table.
async fn partitions(client: &Client, table: &str) -> Result<Vec<String>, VerifyError> {
    let rows = client.query(PARTITIONS, &[&table]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// A table's pages as conditions, each so many that a statement stays short. What is appended meanwhile is of positions
/// that are not looked at.
async fn stretches(client: &Client, table: &str) -> Result<Vec<String>, VerifyError> {
    let pages = "SELECT pg_relation_size($1::text::regclass) / current_setting('block_size')::bigint";
    let pages: i64 = client.query_one(pages, &[&table]).await?.try_get(0)?;
    let first = (0..pages).step_by(PAGES);
    Ok(first
        .map(|page| {
            let next = page.saturating_add(i64::try_from(PAGES).unwrap_or(i64::MAX));
            format!("ctid >= '({page},0)' AND ctid < '({next},0)'")
        })
        .collect())
}

/// The types of a stored answer: what stands between the brackets of `{"events":[…],"result":…}`. None if it is not
/// of that form.
pub(super) fn types(stored: &[u8]) -> Option<&[u8]> {
    let rest = stored.strip_prefix(b"{\"events\":[")?;
    let end = rest.iter().position(|byte| *byte == b']')?;
    let (types, result) = rest.split_at_checked(end)?;
    let result = result.strip_prefix(b"],\"result\":")?.strip_suffix(b"}")?;
    serde_json::from_slice::<serde::de::IgnoredAny>(result).ok()?;
    Some(types)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_types_of_an_answer_are_read_and_nothing_else_is_taken_for_one() {
        let stored = br#"{"events":["A","B"],"result":{"x":[1]}}"#;
        assert_eq!(types(stored), Some(br#""A","B""#.as_slice()));
        assert_eq!(types(br#"{"events":[],"result":null}"#), Some(b"".as_slice()));
        assert_eq!(types(br#"{"events":["A"],"result":{"x":1}"#), None);
        assert_eq!(types(br#"{"Events":["A"],"result":{}}"#), None);
    }
}

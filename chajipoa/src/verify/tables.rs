//! The pass over the tables beside the events: `stream_version`, `command` and `claim`, page by page in the order of
//! their keys. Nothing is held but the row before.

use tokio_postgres::Client;
use uuid::Uuid;

use super::command::Block;
use super::copy::{Fields, rows};
use super::error::VerifyError;
use super::finding::{Check, Findings};
use super::ground::Ground;
use super::names::Name;
use super::sums::{Kind, Sums};

/// How many rows one statement reads.
const PAGE: usize = 50_000;
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

    async fn versions(&mut self, client: &Client, partition: &str) -> Result<(), VerifyError> {
        let mut before = Version { stream: Uuid::nil(), version: 0, position: 0 };
        loop {
            let Version { stream, version, .. } = before;
            let query = format!(
                "SELECT stream, version, position FROM {partition} WHERE (stream, version) > ('{stream}', {version}) \
                 ORDER BY stream, version LIMIT {PAGE}"
            );
            let page = rows(client, &query).await?;
            for row in page.iter() {
                let row = Version::read(row)?;
                self.version(&before, &row);
                before = row;
            }
            if page.len() < PAGE {
                return Ok(());
            }
        }
    }

    /// I4: the versions of a stream are 1 … n, in the order of positions.
    fn version(&mut self, before: &Version, row: &Version) {
        let Version { stream, version, position } = *row;
        let expected = if before.stream == stream { before.version.saturating_add(1) } else { 1 };
        self.findings.unless(version == expected, Check::StreamVersion, position, || {
            format!("stream {stream} has version {version} here, and {expected} should come next")
        });
        let later = before.stream != stream || position > before.position || position < 1;
        self.findings.unless(later, Check::StreamVersion, position, || {
            format!("version {version} of stream {stream} stands before the version before it")
        });
        if self.is_about(Kind::Version, position) {
            self.sums.add(Kind::Version, position, (stream, version));
        }
    }

    async fn commands(&mut self, client: &Client, partition: &str) -> Result<(), VerifyError> {
        let mut block = Block::default();
        loop {
            let query = format!(
                "SELECT id, first_position, event_count, outcome, answer_version, octet_length(hash), actor, result \
                 FROM {partition} WHERE id > '{}' ORDER BY id LIMIT {PAGE}",
                block.id
            );
            let page = rows(client, &query).await?;
            for row in page.iter() {
                self.command(row, &mut block)?;
            }
            if page.len() < PAGE {
                return Ok(());
            }
        }
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
                self.findings
                    .unless(first > 0, Check::Command, first, || format!("command {id} begins there"));
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

struct Version {
    stream: Uuid,
    version: i64,
    position: i64,
}

impl Version {
    fn read(row: &[u8]) -> Result<Self, VerifyError> {
        let mut fields = Fields::of(row, "ledger.stream_version")?;
        Ok(Self { stream: fields.uuid()?, version: fields.i64()?, position: fields.i64()? })
    }
}

/// The partitions of a table.
async fn partitions(client: &Client, table: &str) -> Result<Vec<String>, VerifyError> {
    let rows = client.query(PARTITIONS, &[&table]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
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

//! Rows of the ledger's tables as values. A row that does not have the form that was written is named by its
//! position, never guessed at.

use bytes::Bytes;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{Decided, Envelope, Essence, LedgerError, Position, StoredCommand, StreamKind, StreamRef};

/// Reads an event from the first fifteen columns (`statements`, event columns).
pub(crate) fn envelope(row: &Row) -> Result<Envelope, LedgerError> {
    let position = Position::new(row.try_get(0)?);
    Ok(Envelope {
        position,
        id: row.try_get(1)?,
        event_type: row.try_get(2)?,
        schema_version: row.try_get(3)?,
        streams: streams(position, row.try_get(4)?, row.try_get(5)?, row.try_get(6)?)?,
        occurred_at: row.try_get(7)?,
        recorded_at: row.try_get(8)?,
        command_id: row.try_get(9)?,
        actor: row.try_get(10)?,
        causation_id: row.try_get(11)?,
        correlation_id: row.try_get(12)?,
        traceparent: row.try_get(13)?,
        payload: Bytes::from(row.try_get::<_, Vec<u8>>(14)?),
    })
}

/// Reads what a fold needs of an event (`statements::READ_ESSENCE`); text and payload stay where they are.
pub(crate) fn essence(row: &Row) -> Result<Essence<'_>, LedgerError> {
    Ok(Essence {
        position: Position::new(row.try_get(0)?),
        id: row.try_get(1)?,
        event_type: row.try_get(2)?,
        schema_version: row.try_get(3)?,
        occurred_at: row.try_get(4)?,
        recorded_at: row.try_get(5)?,
        payload: row.try_get(6)?,
    })
}

fn streams(
    position: Position,
    kinds: Vec<i16>,
    ids: Vec<Uuid>,
    versions: Vec<i64>,
) -> Result<Vec<StreamRef>, LedgerError> {
    if kinds.len() != ids.len() || ids.len() != versions.len() || ids.is_empty() {
        return Err(LedgerError::Damaged { position, what: "the streams do not fit each other" });
    }
    kinds
        .into_iter()
        .zip(ids)
        .zip(versions)
        .map(|((code, id), version)| {
            let kind = StreamKind::from_code(code)
                .ok_or(LedgerError::Damaged { position, what: "a stream of an unknown kind" })?;
            Ok(StreamRef { kind, id, version })
        })
        .collect()
}

/// The columns of a stored command, wherever they stand.
pub(crate) struct CommandColumns {
    pub(crate) actor: usize,
    pub(crate) hash: usize,
    pub(crate) outcome: usize,
    pub(crate) first_position: usize,
    pub(crate) event_count: usize,
    pub(crate) result: usize,
    pub(crate) answer_version: usize,
}

/// Reads a stored command.
pub(crate) fn stored_command(
    row: &Row,
    id: Uuid,
    columns: &CommandColumns,
) -> Result<StoredCommand, LedgerError> {
    let first_position = Position::new(row.try_get(columns.first_position)?);
    let damaged = |what| LedgerError::Damaged { position: first_position, what };
    let decided = match row.try_get::<_, i16>(columns.outcome)? {
        1 => Decided::Recorded,
        2 => Decided::AlreadyDone,
        _ => return Err(damaged("a command with an unknown outcome")),
    };
    let hash: &[u8] = row.try_get(columns.hash)?;
    let event_count: i32 = row.try_get(columns.event_count)?;
    Ok(StoredCommand {
        id,
        actor: row.try_get(columns.actor)?,
        hash: hash.try_into().map_err(|_| damaged("a command hash that is not 32 bytes"))?,
        decided,
        first_position,
        event_count: u32::try_from(event_count).map_err(|_| damaged("a negative event count"))?,
        result: Bytes::from(row.try_get::<_, Vec<u8>>(columns.result)?),
        answer_version: row.try_get(columns.answer_version)?,
    })
}

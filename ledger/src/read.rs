//! Reading: by position, by stream, with snapshots, and by name.
//!
//! Each function runs one statement on the connection it is given, so what it returns stands for one moment.
//! Readers by position assert that there is no gap (I5).

use std::sync::Arc;

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use tokio_postgres::{Client, Row, ToStatement};
use uuid::Uuid;

use crate::{Envelope, Essence, LedgerError, Position, StoredCommand, rows, rows::CommandColumns};

/// Where `statements::COMMAND` has the columns of a stored command.
const COMMAND: CommandColumns = CommandColumns {
    actor: 2,
    hash: 3,
    outcome: 4,
    first_position: 5,
    event_count: 6,
    result: 7,
    answer_version: 8,
};

/// A stream to load, and the fold version whose snapshot will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamLoad {
    /// The stream.
    pub stream: Uuid,
    /// The version of the fold that made the snapshot.
    pub fold_version: i16,
}

/// The state of a stream at a version, as some version of the fold made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The stream.
    pub stream: Uuid,
    /// The version of the fold.
    pub fold_version: i16,
    /// The stream's version.
    pub version: i64,
    /// The state's bytes.
    pub state: Bytes,
}

/// A stream as it stands: its snapshot if there is one, and every later event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The stream.
    pub stream: Uuid,
    /// Its version; zero if there is no such stream.
    pub version: i64,
    /// Its snapshot.
    pub snapshot: Option<Snapshot>,
    /// The events after the snapshot, in order.
    pub events: Vec<Arc<Envelope>>,
}

/// Who holds a name, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The holder.
    pub entity: Uuid,
    /// The position of the event that took it.
    pub position: Position,
}

/// Checks that events follow `after` without a gap.
///
/// # Errors
/// `LedgerError::Gap` with the first position that is missing.
pub(crate) fn assert_contiguous(after: Position, events: &[Envelope]) -> Result<(), LedgerError> {
    let mut expected = after.next();
    for event in events {
        if event.position != expected {
            return Err(LedgerError::Gap { expected, found: event.position });
        }
        expected = expected.next();
    }
    Ok(())
}

pub(crate) async fn after<S: ?Sized + ToStatement + Sync>(
    client: &Client,
    statement: &S,
    after: Position,
    limit: usize,
) -> Result<Vec<Envelope>, LedgerError> {
    let limit = i64::try_from(limit).map_err(|_| LedgerError::OutOfRange("the limit"))?;
    let rows = client.query(statement, &[&after.get(), &limit]).await?;
    let events = rows.iter().map(rows::envelope).collect::<Result<Vec<_>, _>>()?;
    assert_contiguous(after, &events)?;
    Ok(events)
}

/// Shows events after a position one by one, in order; returns how many there were.
pub(crate) async fn visit<S: ?Sized + ToStatement + Sync>(
    client: &Client,
    statement: &S,
    after: Position,
    limit: usize,
    mut visit: impl FnMut(Essence<'_>) + Send,
) -> Result<usize, LedgerError> {
    let limit = i64::try_from(limit).map_err(|_| LedgerError::OutOfRange("the limit"))?;
    let rows = client.query_raw(statement, [after.get(), limit]).await?;
    let mut rows = std::pin::pin!(rows);
    let (mut expected, mut count) = (after.next(), 0_usize);
    while let Some(row) = rows.try_next().await? {
        let essence = rows::essence(&row)?;
        if essence.position != expected {
            return Err(LedgerError::Gap { expected, found: essence.position });
        }
        expected = expected.next();
        visit(essence);
        count = count.saturating_add(1);
    }
    Ok(count)
}

pub(crate) async fn streams<S: ?Sized + ToStatement + Sync>(
    client: &Client,
    statement: &S,
    streams: &[(Uuid, i64)],
) -> Result<Vec<Vec<Arc<Envelope>>>, LedgerError> {
    let (ids, versions): (Vec<Uuid>, Vec<i64>) = streams.iter().copied().unzip();
    let rows = client.query(statement, &[&ids, &versions]).await?;
    let mut found: Vec<Vec<Arc<Envelope>>> = vec![Vec::new(); streams.len()];
    let mut last: Option<Arc<Envelope>> = None;
    for row in &rows {
        let event = shared(&mut last, row)?;
        if let Some(of_stream) = found.get_mut(index(row)?) {
            of_stream.push(event);
        }
    }
    Ok(found)
}

pub(crate) async fn load<S: ?Sized + ToStatement + Sync>(
    client: &Client,
    statement: &S,
    wanted: &[StreamLoad],
) -> Result<Vec<Loaded>, LedgerError> {
    let (ids, folds): (Vec<Uuid>, Vec<i16>) = wanted.iter().map(|one| (one.stream, one.fold_version)).unzip();
    let rows = client.query(statement, &[&ids, &folds]).await?;
    let mut found: Vec<Loaded> = ids
        .iter()
        .map(|stream| Loaded { stream: *stream, version: 0, snapshot: None, events: Vec::new() })
        .collect();
    let mut last = None;
    for row in &rows {
        let at = index(row)?;
        let (Some(loaded), Some(one)) = (found.get_mut(at), wanted.get(at)) else {
            return Err(LedgerError::OutOfRange("the number of a stream"));
        };
        if let Some(state) = row.try_get::<_, Option<Vec<u8>>>(17)? {
            let version = row.try_get(16)?;
            loaded.version = loaded.version.max(version);
            loaded.snapshot = Some(Snapshot {
                stream: one.stream,
                fold_version: one.fold_version,
                version,
                state: Bytes::from(state),
            });
        }
        if row.try_get::<_, Option<i64>>(0)?.is_some() {
            let event = shared(&mut last, row)?;
            append_version(loaded, &event)?;
            loaded.events.push(event);
        }
    }
    Ok(found)
}

/// Each event of a stream has the version after the one before (I4).
fn append_version(loaded: &mut Loaded, event: &Envelope) -> Result<(), LedgerError> {
    let version = event.version_of(loaded.stream);
    if version != loaded.version.checked_add(1) {
        return Err(LedgerError::Damaged {
            position: event.position,
            what: "the versions of a stream have a gap",
        });
    }
    loaded.version = version.unwrap_or(loaded.version);
    Ok(())
}

pub(crate) async fn claims<S: ?Sized + ToStatement + Sync>(
    client: &Client,
    statement: &S,
    names: &[(&str, &str)],
) -> Result<Vec<Option<Claim>>, LedgerError> {
    let (kinds, values): (Vec<&str>, Vec<&str>) = names.iter().copied().unzip();
    let mut found = vec![None; names.len()];
    for row in &client.query(statement, &[&kinds, &values]).await? {
        let number: i64 = row.try_get(0)?;
        if let Some(slot) = position_of(number).and_then(|at| found.get_mut(at)) {
            *slot = Some(Claim { entity: row.try_get(1)?, position: Position::new(row.try_get(2)?) });
        }
    }
    Ok(found)
}

pub(crate) async fn command<S: ?Sized + ToStatement + Sync>(
    client: &Client,
    statement: &S,
    id: Uuid,
) -> Result<(Option<StoredCommand>, Position), LedgerError> {
    let row = client.query_one(statement, &[&id]).await?;
    let last = Position::new(row.try_get(0)?);
    let found = match row.try_get::<_, Option<Uuid>>(1)? {
        Some(id) => Some(rows::stored_command(&row, id, &COMMAND)?),
        None => None,
    };
    Ok((found, last))
}

/// An event that belongs to several of the streams asked for is read and held once if its rows are neighbours.
fn shared(last: &mut Option<Arc<Envelope>>, row: &Row) -> Result<Arc<Envelope>, LedgerError> {
    let position = Position::new(row.try_get(0)?);
    if let Some(known) = last.as_ref().filter(|known| known.position == position) {
        return Ok(Arc::clone(known));
    }
    let event = Arc::new(rows::envelope(row)?);
    *last = Some(Arc::clone(&event));
    Ok(event)
}

fn index(row: &Row) -> Result<usize, LedgerError> {
    position_of(row.try_get(15)?).ok_or(LedgerError::OutOfRange("the number of a stream"))
}

fn position_of(number: i64) -> Option<usize> {
    usize::try_from(number).ok()?.checked_sub(1)
}

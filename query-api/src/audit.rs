//! A recorded event as the audit trail shows it.

use chrono::{DateTime, Utc};
use ledger::StreamKind;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::read::Failure;

/// A stream that an event belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct StreamView {
    /// What it is about.
    #[schema(example = "rental")]
    kind: &'static str,
    id: Uuid,
    /// The version that the event made.
    version: i64,
}

/// A recorded event.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct EventView {
    pub(crate) position: i64,
    id: Uuid,
    #[serde(rename = "type")]
    #[schema(example = "RentalStarted")]
    kind: String,
    /// The version of the shape of `data`.
    version: i16,
    streams: Vec<StreamView>,
    occurred_at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
    command_id: Uuid,
    /// `role:subject`.
    actor: String,
    /// The payload, byte for byte as recorded.
    #[schema(value_type = Object)]
    data: Box<RawValue>,
}

impl EventView {
    pub(crate) fn read(row: &Row) -> Result<Option<Self>, Failure> {
        let Some(position) = row.try_get("position")? else { return Ok(None) };
        let payload: &[u8] = row.try_get("payload")?;
        let data =
            serde_json::from_slice(payload).map_err(|_| Failure::Damaged("the payload of an event"))?;
        Ok(Some(Self {
            position,
            id: row.try_get("id")?,
            kind: row.try_get("type")?,
            version: row.try_get("schema_version")?,
            streams: streams(row)?,
            occurred_at: row.try_get("occurred_at")?,
            recorded_at: row.try_get("recorded_at")?,
            command_id: row.try_get("command_id")?,
            actor: row.try_get("actor")?,
            data,
        }))
    }
}

fn streams(row: &Row) -> Result<Vec<StreamView>, Failure> {
    let kinds: Vec<i16> = row.try_get("stream_kinds")?;
    let ids: Vec<Uuid> = row.try_get("stream_ids")?;
    let versions: Vec<i64> = row.try_get("stream_versions")?;
    kinds
        .into_iter()
        .zip(ids)
        .zip(versions)
        .map(|((code, id), version)| {
            let kind = StreamKind::from_code(code).ok_or(Failure::Damaged("the kind of a stream"))?;
            Ok(StreamView { kind: kind.as_str(), id, version })
        })
        .collect()
}

//! Events as rows: the envelope, and the payload as it was recorded, sealed values inside.

use ledger::{Envelope, Ledger, Position};
use serde_json::json;

use super::{
    ExportError,
    cell::{Cell, Column, Kind},
};

/// Events of a page: each has at most 64 KiB.
const PAGE: i64 = 500;

/// A stretch of the ledger.
pub(super) struct Events {
    ledger: Ledger,
    after: i64,
    until: i64,
}

impl Events {
    /// Those after a position, up to another one.
    pub(super) const fn between(ledger: Ledger, after: i64, until: i64) -> Self {
        Self { ledger, after, until }
    }

    pub(super) fn columns() -> Vec<Column> {
        [
            ("position", Kind::Long),
            ("event_id", Kind::Id),
            ("type", Kind::Text),
            ("version", Kind::Short),
            ("streams", Kind::Json),
            ("occurred_at", Kind::Time),
            ("recorded_at", Kind::Time),
            ("command_id", Kind::Id),
            ("actor", Kind::Text),
            ("causation_id", Kind::Id),
            ("correlation_id", Kind::Id),
            ("traceparent", Kind::Text),
            ("data", Kind::Json),
        ]
        .map(|(name, kind)| Column::named(name, kind))
        .to_vec()
    }

    /// The next ones; none at the end.
    pub(super) async fn next(&mut self) -> Result<Vec<Vec<Cell>>, ExportError> {
        let wanted = self.until.saturating_sub(self.after).clamp(0, PAGE);
        if wanted == 0 {
            return Ok(Vec::new());
        }
        let limit = usize::try_from(wanted).unwrap_or(0);
        let events = self.ledger.read_after(Position::new(self.after), limit).await?;
        if let Some(last) = events.last() {
            self.after = last.position.get();
        }
        events.into_iter().map(cells).collect()
    }
}

fn cells(event: Envelope) -> Result<Vec<Cell>, ExportError> {
    let streams: Vec<_> = event
        .streams
        .iter()
        .map(|stream| json!({"kind": stream.kind.as_str(), "id": stream.id, "version": stream.version}))
        .collect();
    let streams = serde_json::to_string(&streams).map_err(ExportError::written)?;
    let data = String::from_utf8(event.payload.to_vec()).map_err(ExportError::written)?;
    let id = |id: Option<uuid::Uuid>| id.map_or(Cell::Null, Cell::Id);
    Ok(vec![
        Cell::Int(event.position.get()),
        Cell::Id(event.id),
        Cell::Text(event.event_type),
        Cell::Int(event.schema_version.into()),
        Cell::Json(streams),
        Cell::Time(event.occurred_at),
        Cell::Time(event.recorded_at),
        Cell::Id(event.command_id),
        Cell::Text(event.actor),
        id(event.causation_id),
        id(event.correlation_id),
        event.traceparent.map_or(Cell::Null, Cell::Text),
        Cell::Json(data),
    ])
}

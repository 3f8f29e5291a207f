//! `GET /api/v1/devices/{id}/maintenance`: what was done to a bank by hand, by whom, and what it cost; newest first.

use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use edge::{
    Identity, Problem,
    http::{Cursor, Limit, MinPosition, Page, path_id, query},
};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    access,
    read::{Desk, Failure, Found, Source, absent, answer, items_of_device, position},
    statements,
};

/// Which lines.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// 1 to 500.
    #[serde(default)]
    #[param(value_type = Option<u16>)]
    limit: Limit,
    /// Where the page before ended.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct MaintenanceView {
    maintenance_id: Uuid,
    /// `start`, `complete` or `note`.
    action: String,
    what: String,
    /// In whole shillings.
    cost: Option<i64>,
    /// `TZS`.
    currency: &'static str,
    battery_percent: Option<i16>,
    done_at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
    /// Who did it: `role:subject`.
    actor: String,
}

impl MaintenanceView {
    fn read(row: &Row) -> Result<Option<Self>, Failure> {
        let Some(maintenance_id) = row.try_get("maintenance_id")? else { return Ok(None) };
        Ok(Some(Self {
            maintenance_id,
            action: row.try_get("action")?,
            what: row.try_get("what")?,
            cost: row.try_get("cost")?,
            currency: "TZS",
            battery_percent: row.try_get("battery_percent")?,
            done_at: row.try_get("done_at")?,
            recorded_at: row.try_get("recorded_at")?,
            actor: row.try_get("actor")?,
        }))
    }
}

/// What was done to a device by hand.
#[utoipa::path(
    get, path = "/api/v1/devices/{id}/maintenance", tag = "stations", params(("id" = uuid::Uuid, Path), Input),
    responses((status = 200, description = "newest first", body = Page<MaintenanceView>,
               example = json!({"items": [{"maintenance_id": "019caddb-7800-7a2b-9c3d-4e5f60718293", "action": "complete",
                   "what": "new cable", "cost": 3500, "currency": "TZS", "battery_percent": 96,
                   "done_at": "2026-03-02T06:00:00Z", "recorded_at": "2026-03-02T06:00:04Z",
                   "actor": "agent:019c0000-0000-7000-8000-000000000009"}], "next_cursor": null})),
              (status = 400, description = "malformed"), (status = 401, description = "no good token"),
              (status = 403, description = "not for this role"), (status = 404, description = "no such device"),
              (status = 503, description = "not_caught_up, unavailable")),
    security(("bearer" = ["agent", "support", "finance", "admin"]))
)]
pub(crate) async fn get(
    request: HttpRequest,
    identity: Identity,
    min: MinPosition,
) -> Result<HttpResponse, Problem> {
    identity.must_be(access::MAINTENANCE)?;
    let id = path_id(&request, "id")?;
    let input: Input = query(&request)?;
    let after: Option<(DateTime<Utc>, Uuid)> = input.cursor.as_ref().map(Cursor::key).transpose()?;
    let (done_at, line) = after.unzip();
    let limit = i64::from(input.limit.get()).saturating_add(1);
    let found = Desk::of(&request)?
        .read(min, async |desk| {
            let rows = desk.query(statements::MAINTENANCE, &[&id, &done_at, &line, &limit]).await?;
            Ok(Found::of(Source::Inventory, position(&rows)?, items_of_device(&rows, MaintenanceView::read)?))
        })
        .await?;
    let items = found.what.ok_or_else(|| absent(found.position))?;
    answer(found.position, &Page::cut(items, input.limit, |item| (item.done_at, item.maintenance_id)))
}

//! `GET /api/v1/ledger/events/{position}`: one recorded event.

use actix_web::{HttpRequest, HttpResponse};
use edge::{Identity, Problem, http::MinPosition};

use super::nothing;
use crate::{
    access,
    audit::EventView,
    read::{Desk, Found, Source, absent, answer, position},
    statements,
};

/// One event.
#[utoipa::path(
    get, path = "/api/v1/ledger/events/{position}", tag = "ledger", params(("position" = i64, Path)),
    responses((status = 200, description = "the event as recorded", body = EventView,
               example = json!({"position": 1042, "id": "0190a6f0-0000-7000-8000-000000000008", "type": "RentalStarted",
                   "version": 1, "streams": [{"kind": "rental", "id": "0190a6f0-0000-7000-8000-000000000003",
                   "version": 1}], "occurred_at": "2026-01-15T08:30:00Z",
                   "recorded_at": "2026-01-15T08:30:00.012Z",
                   "command_id": "0190a6f0-0000-7000-8000-000000000007",
                   "actor": "customer:0190a6f0-0000-7000-8000-000000000004",
                   "data": {"rental_id": "0190a6f0-0000-7000-8000-000000000003"}})),
              (status = 401, description = "no good token"), (status = 403, description = "not for this role"),
              (status = 404, description = "no event there yet")),
    security(("bearer" = ["finance", "admin"]))
)]
pub(crate) async fn get(
    request: HttpRequest,
    identity: Identity,
    min: MinPosition,
) -> Result<HttpResponse, Problem> {
    identity.must_be(access::LEDGER)?;
    nothing(&request)?;
    let named = request.match_info().get("position").unwrap_or_default();
    let at: i64 = named
        .parse()
        .ok()
        .filter(|at| *at > 0)
        .ok_or_else(|| Problem::malformed("position in the path is no position"))?;
    let found = Desk::of(&request)?
        .read(min, async |desk| {
            let rows = desk.query(statements::EVENT, &[&at]).await?;
            let event = rows.first().map(EventView::read).transpose()?.flatten();
            Ok(Found::of(Source::Ledger, position(&rows)?, event))
        })
        .await?;
    let event = found.what.ok_or_else(|| absent(found.position))?;
    answer(found.position, &event)
}

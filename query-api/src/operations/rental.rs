//! `GET /api/v1/rentals/{id}`: one rental.

use actix_web::{HttpRequest, HttpResponse};
use edge::{
    Identity, Problem,
    http::{MinPosition, path_id},
};

use super::nothing;
use crate::{
    access,
    read::{Desk, Found, Source, absent, answer, position},
    rental::RentalView,
    statements,
};

/// One rental.
#[utoipa::path(
    get, path = "/api/v1/rentals/{id}", tag = "rentals", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, description = "the rental", body = RentalView,
               example = json!({"rental_id": "0190a6f0-0000-7000-8000-000000000003", "status": "ended",
                   "started_at": "2026-01-15T08:30:00Z", "due_at": "2026-01-16T08:30:00Z",
                   "ended_at": "2026-01-15T09:10:00Z", "charge": {"total": 1000, "usage": 1000, "late": 0,
                   "replacement": 0, "vat": 153}, "charge_final": true, "currency": "TZS",
                   "customer_id": "0190a6f0-0000-7000-8000-000000000004",
                   "device_id": "0190a6f0-0000-7000-8000-000000000002",
                   "station_id": "0190a6f0-0000-7000-8000-000000000001", "slot": 1,
                   "return_station_id": "0190a6f0-0000-7000-8000-000000000001",
                   "tariff_id": "0190a6f0-0000-7000-8000-000000000006", "tariff_version": 1})),
              (status = 401, description = "no good token"), (status = 403, description = "not for this role"),
              (status = 404, description = "no such rental, or not yours")),
    security(("bearer" = ["customer", "station", "agent", "support", "finance", "admin"]))
)]
pub(crate) async fn get(
    request: HttpRequest,
    identity: Identity,
    min: MinPosition,
) -> Result<HttpResponse, Problem> {
    identity.must_be(access::RENTALS)?;
    nothing(&request)?;
    let id = path_id(&request, "id")?;
    let desk = Desk::of(&request)?;
    let now = desk.stacks().clock.now();
    let found = desk
        .read(min, async |desk| {
            let rows = desk.query(statements::RENTAL, &[&id]).await?;
            let view = rows.first().map(|row| RentalView::read(row, now)).transpose()?.flatten();
            Ok(Found::of(Source::Rentals, position(&rows)?, view))
        })
        .await?;
    let theirs = |view: &RentalView| {
        access::is_theirs(&identity, view.customer_id, &[Some(view.station_id), view.return_station_id])
    };
    let view = found.what.filter(theirs).ok_or_else(|| absent(found.position))?;
    answer(found.position, &view)
}

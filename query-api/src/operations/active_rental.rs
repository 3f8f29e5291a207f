//! `GET /api/v1/rentals/active`: a customer's open rental, with what it costs so far.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use edge::{
    Identity, Problem,
    http::{MinPosition, query},
};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{
    access,
    read::{Desk, Found, Source, answer, at, position},
    rental::RentalView,
    statements,
};

/// Whose rental.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Whose; staff only.
    customer_id: Option<Uuid>,
}

/// The open rental.
#[utoipa::path(
    get, path = "/api/v1/rentals/active", tag = "rentals", params(Input),
    responses((status = 200, description = "the open rental", body = RentalView,
               example = json!({"rental_id": "0190a6f0-0000-7000-8000-000000000003", "status": "active",
                   "started_at": "2026-01-15T08:30:00Z", "due_at": "2026-01-16T08:30:00Z", "ended_at": null,
                   "charge": {"total": 1000, "usage": 1000, "late": 0, "replacement": 0, "vat": 153},
                   "charge_final": false, "currency": "TZS",
                   "customer_id": "0190a6f0-0000-7000-8000-000000000004",
                   "device_id": "0190a6f0-0000-7000-8000-000000000002",
                   "station_id": "0190a6f0-0000-7000-8000-000000000001", "slot": 1, "return_station_id": null,
                   "tariff_id": "0190a6f0-0000-7000-8000-000000000006", "tariff_version": 1})),
              (status = 401, description = "no good token"), (status = 403, description = "not for this role"),
              (status = 404, description = "`no_active_rental`")),
    security(("bearer" = ["customer", "agent", "support", "finance", "admin"]))
)]
pub(crate) async fn get(
    request: HttpRequest,
    identity: Identity,
    min: MinPosition,
) -> Result<HttpResponse, Problem> {
    identity.must_be(access::OPEN_RENTAL)?;
    let input: Input = query(&request)?;
    let customer = access::customer(&identity, input.customer_id)?;
    let desk = Desk::of(&request)?;
    let now = desk.stacks().clock.now();
    let found = desk
        .read(min, async |desk| {
            let rows = desk.query(statements::OPEN_RENTAL, &[&customer]).await?;
            let view = rows.first().map(|row| RentalView::read(row, now)).transpose()?.flatten();
            Ok(Found::of(Source::Rentals, position(&rows)?, view))
        })
        .await?;
    let none = || Problem::new(StatusCode::NOT_FOUND, "no_active_rental", "there is no open rental");
    let view = found.what.ok_or_else(|| at(none(), found.position))?;
    answer(found.position, &view)
}

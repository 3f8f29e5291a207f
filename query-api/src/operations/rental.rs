//! `GET /api/v1/rentals/{id}`: one rental, now or at another moment.

use actix_web::{HttpRequest, HttpResponse};
use edge::{
    Identity, Problem,
    http::{MinPosition, path_id},
};

use uuid::Uuid;

use crate::{
    access,
    as_of::{Known, Standing, Times, moment, standing},
    read::{Desk, Failure, Found, Source, absent, position},
    rental::RentalView,
    statements,
};

/// One rental.
#[utoipa::path(
    get, path = "/api/v1/rentals/{id}", tag = "rentals", params(("id" = uuid::Uuid, Path), Times),
    responses((status = 200, description = "the rental", body = Standing<RentalView>,
               example = json!({"rental_id": "0190a6f0-0000-7000-8000-000000000003", "status": "ended",
                   "started_at": "2026-01-15T08:30:00Z", "due_at": "2026-01-16T08:30:00Z",
                   "ended_at": "2026-01-15T09:10:00Z", "charge": {"total": 1000, "usage": 1000, "late": 0,
                   "replacement": 0, "vat": 153}, "charge_final": true, "currency": "TZS",
                   "customer_id": "0190a6f0-0000-7000-8000-000000000004",
                   "device_id": "0190a6f0-0000-7000-8000-000000000002",
                   "station_id": "0190a6f0-0000-7000-8000-000000000001", "slot": 1,
                   "return_station_id": "0190a6f0-0000-7000-8000-000000000001",
                   "tariff_id": "0190a6f0-0000-7000-8000-000000000006", "tariff_version": 1, "position": 1042})),
              (status = 401, description = "no good token"), (status = 403, description = "not for this role"),
              (status = 400, description = "malformed"),
              (status = 404, description = "no such rental, or not yours; `not_there_yet`: not at that moment"),              (status = 503, description = "`not_caught_up`: the read model has not come so far")),
    security(("bearer" = ["customer", "station", "agent", "support", "finance", "admin"]))
)]
pub(crate) async fn get(
    request: HttpRequest,
    identity: Identity,
    min: MinPosition,
) -> Result<HttpResponse, Problem> {
    identity.must_be(access::RENTALS)?;
    let moment = moment(&request)?;
    let id = path_id(&request, "id")?;
    let desk = Desk::of(&request)?;
    let (known, min) = moment.find(&desk, min).await?;
    let theirs = |view: &RentalView| {
        access::is_theirs(&identity, view.customer_id, &[Some(view.station_id), view.return_station_id])
    };
    let found = desk.read(min, async |desk| read(desk, id, known).await).await?;
    let Some(known) = known.filter(|_| found.what.is_none()) else {
        let view = found.what.filter(theirs).ok_or_else(|| absent(found.position))?;
        return standing(found.position, known, view);
    };
    // Whose it is is known now, even if there was nothing then.
    let now = desk.read(min, async |desk| read(desk, id, None).await).await?;
    let now = now.what.filter(theirs);
    Err(now.map_or_else(|| absent(found.position), |_| known.not_there_yet(found.position)))
}

async fn read(desk: &Desk, id: Uuid, known: Option<Known>) -> Result<Found<Option<RentalView>>, Failure> {
    let (rows, at) = match known {
        None => (desk.query(statements::RENTAL, &[&id]).await?, desk.stacks().clock.now()),
        Some(known) => {
            let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
                [&id, &known.position(), &known.occurred_until];
            (desk.query(statements::known::RENTAL, &parameters).await?, known.meter())
        }
    };
    let view = rows.first().map(|row| RentalView::read(row, at)).transpose()?.flatten();
    Ok(Found::of(Source::Rentals, position(&rows)?, view))
}

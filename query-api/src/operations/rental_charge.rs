//! `GET /api/v1/rentals/{id}/charge`: what a rental costs, and why.
//!
//! The rental is in one read model, its charge in another. Where one of them has an event of this rental that the
//! other has not taken yet, the answer waits for that one, so it never mixes two moments. At another moment than the
//! present both are read as they were known where the lower of them stands. Why it costs that is read from the rental's
//! own events, as far as the answer stands for.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};
use domain::rating::Line;
use edge::{
    Identity, Problem,
    http::{MinPosition, path_id},
};
use ledger::Envelope;
use serde::Serialize;
use tokio_postgres::{Row, types::Json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    access,
    as_of::{Known, Standing, Times, moment, standing, stands_for},
    charge,
    charge::Amounts,
    explanation::{Explanation, LineView},
    read::{Desk, Failure, Found, Source, absent, position},
    rental::{CURRENCY, RentalView, is_open},
    statements,
};

/// A charge with its trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ChargeView {
    rental_id: Uuid,
    /// The rental's status.
    status: String,
    #[serde(flatten)]
    amounts: Amounts,
    #[schema(example = "TZS")]
    currency: &'static str,
    /// Whether this is the bill; while the rental is open it is what it would cost if it ended now.
    #[serde(rename = "final")]
    is_final: bool,
    /// How it was calculated: rule, from, to, units, unit_price, amount, and the events that each step rests on.
    lines: Vec<LineView>,
    /// Tariff, events, and every bill there was.
    #[serde(flatten)]
    #[schema(inline)]
    why: Explanation,
}

/// What was read of one rental.
struct Read {
    rental: RentalView,
    amounts: Amounts,
    /// Of the bill, or of what it would cost now.
    lines: Vec<Line>,
    is_final: bool,
    /// The event that made the bill.
    charged_by: Option<i64>,
}

/// A charge with its trace.
#[utoipa::path(
    get, path = "/api/v1/rentals/{id}/charge", tag = "rentals", params(("id" = uuid::Uuid, Path), Times),
    responses((status = 200, description = "the charge and its trace", body = Standing<ChargeView>,
               example = json!({"rental_id": "0190a6f0-0000-7000-8000-000000000003", "status": "ended", "total": 1000,
                   "usage": 1000, "late": 0, "replacement": 0, "vat": 153, "currency": "TZS", "final": true,
                   "lines": [{"rule": "usage", "from": "2026-01-15T08:30:00Z", "to": "2026-01-15T09:10:00Z",
                   "units": 2, "unit_price": 500, "amount": 1000, "events": [1042, 1043]}],
                   "tariff": {"tariff_id": "0190a6f0-0000-7000-8000-000000000006", "version": 1, "name": "Standard",
                   "effective_from": "2026-01-01T00:00:00Z", "unit_minutes": 30, "unit_price": 500},
                   "events": [{"position": 1042, "type": "RentalStarted", "part": "start",
                   "occurred_at": "2026-01-15T08:30:00Z", "recorded_at": "2026-01-15T08:30:00.012Z"},
                   {"position": 1043, "type": "RentalEnded", "part": "end", "occurred_at": "2026-01-15T09:10:00Z",
                   "recorded_at": "2026-01-15T09:10:00.020Z"}],
                   "bills": [{"position": 1043, "type": "RentalEnded", "status": "ended",
                   "ended_at": "2026-01-15T09:10:00Z", "total": 1000, "usage": 1000, "late": 0, "replacement": 0,
                   "vat": 153, "lines": [{"rule": "usage", "from": "2026-01-15T08:30:00Z",
                   "to": "2026-01-15T09:10:00Z", "units": 2, "unit_price": 500, "amount": 1000,
                   "events": [1042, 1043]}], "replaced_by": null}], "position": 1043})),
              (status = 401, description = "no good token"), (status = 403, description = "not for this role"),
              (status = 400, description = "malformed"),
              (status = 404, description = "no such rental, or not yours; `not_there_yet`: not at that moment"),
              (status = 503, description = "`not_caught_up`: the read model has not come so far")),
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
    let theirs = |read: &Read| {
        let rental = &read.rental;
        access::is_theirs(&identity, rental.customer_id, &[Some(rental.station_id), rental.return_station_id])
    };
    if let (Some(known), min) = moment.find(&desk, min).await? {
        let found = desk.read(min, async |desk| read(desk, id, Some(known)).await).await?;
        if let Some(read) = found.what {
            let read = Some(read).filter(theirs).ok_or_else(|| absent(found.position))?;
            let view = explained(&desk, read, found.position, Some(known)).await?;
            return standing(found.position, Some(known), view);
        }
        let now = desk.read(min, async |desk| read(desk, id, None).await).await?.what.filter(theirs);
        return Err(now.map_or_else(|| absent(found.position), |_| known.not_there_yet(found.position)));
    }
    // What one model has and the other has not yet is waited for like a position that was asked for.
    let behind = desk.read(min, async |desk| needed(desk, id).await).await?;
    let min = MinPosition(Some(behind.what.max(min.0.unwrap_or(0))));
    let found = desk.read(min, async |desk| read(desk, id, None).await).await?;
    let read = found.what.filter(theirs).ok_or_else(|| absent(found.position))?;
    let view = explained(&desk, read, found.position, None).await?;
    standing(found.position, None, view)
}

/// The charge with what the rental's own events say, as far as the answer stands for. What is recorded never changes, so
/// a later look finds the same up to a position.
async fn explained(desk: &Desk, read: Read, holds: i64, known: Option<Known>) -> Result<ChargeView, Problem> {
    let until = stands_for(holds, known).max(read.charged_by.unwrap_or(0));
    let occurred_until = known.and_then(|known| known.occurred_until);
    let wanted = |event: &&Arc<Envelope>| {
        event.position.get() <= until && occurred_until.is_none_or(|until| event.occurred_at <= until)
    };
    let id = read.rental.item.rental_id;
    let streams = desk.stacks().read.read_streams(&[(id, 0)]).await;
    let streams = streams.map_err(|error| Failure::from(error).into_problem())?;
    let events = streams.iter().flatten().filter(wanted).map(AsRef::as_ref);
    let why = Explanation::of(events).map_err(Failure::into_problem)?;
    Ok(view(read, why))
}

fn lowest<T>(rows: &[Row], what: T) -> Result<Found<T>, Failure> {
    let rentals = position(rows)?;
    let billing: i64 =
        rows.first().map(|row| row.try_get("billing_position")).transpose()?.unwrap_or(rentals);
    let (position, lowest) =
        if billing < rentals { (billing, Source::Billing) } else { (rentals, Source::Rentals) };
    Ok(Found { position, lowest, what })
}

/// The position that both models must have reached so that their rows of this rental belong together.
async fn needed(desk: &Desk, id: Uuid) -> Result<Found<i64>, Failure> {
    let rows = desk.query(statements::CHARGE, &[&id]).await?;
    let row = rows.first();
    let charged: Option<i64> = row.map(|row| row.try_get("charge_position")).transpose()?.flatten();
    let total: Option<i64> = row.map(|row| row.try_get("charge_total")).transpose()?.flatten();
    let rental: Option<i64> = row.map(|row| row.try_get("row_position")).transpose()?.flatten();
    // A rental that has no charge yet needs nothing of the other model.
    let needed = charged.unwrap_or(0).max(total.and(rental).unwrap_or(0));
    lowest(&rows, needed)
}

async fn read(desk: &Desk, id: Uuid, known: Option<Known>) -> Result<Found<Option<Read>>, Failure> {
    let (rows, now) = match known {
        None => (desk.query(statements::CHARGE, &[&id]).await?, desk.stacks().clock.now()),
        Some(known) => {
            let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
                [&id, &known.position(), &known.occurred_until];
            (desk.query(statements::known::CHARGE, &parameters).await?, known.meter())
        }
    };
    let read = rows.first().map(|row| read_row(row, now)).transpose()?.flatten();
    lowest(&rows, read)
}

fn read_row(row: &Row, now: chrono::DateTime<chrono::Utc>) -> Result<Option<Read>, Failure> {
    let Some(rental) = RentalView::read(row, now)? else { return Ok(None) };
    let open = is_open(&rental.item.status);
    let charged: Option<Uuid> = row.try_get("charged")?;
    let (amounts, lines) = if charged.is_some() {
        let Json(lines): Json<Vec<Line>> = row.try_get("lines")?;
        (billed(row)?, lines)
    } else {
        charge::running(row, now)?.filter(|_| open).unwrap_or((Amounts::ZERO, Vec::new()))
    };
    let charged_by = row.try_get("charge_position")?;
    Ok(Some(Read { rental, amounts, lines, is_final: charged.is_some() || !open, charged_by }))
}

fn view(read: Read, why: Explanation) -> ChargeView {
    let Read { rental, amounts, lines, is_final, charged_by: _ } = read;
    let lines = why.standing().filter(|_| is_final).unwrap_or_else(|| why.running(lines));
    ChargeView {
        rental_id: rental.item.rental_id,
        status: rental.item.status,
        amounts,
        currency: CURRENCY,
        is_final,
        lines,
        why,
    }
}

fn billed(row: &Row) -> Result<Amounts, Failure> {
    Ok(Amounts {
        total: row.try_get("total")?,
        usage: row.try_get("usage")?,
        late: row.try_get("late")?,
        replacement: row.try_get("replacement")?,
        vat: row.try_get("vat")?,
    })
}

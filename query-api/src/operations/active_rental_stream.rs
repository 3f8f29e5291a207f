//! `GET /api/v1/rentals/active/stream`: a customer's open rental, live.

use actix_web::{HttpRequest, HttpResponse, web::Bytes};
use edge::{
    Identity, Problem,
    http::{MinPosition, query},
};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{
    access,
    live::{First, Kind, Meter, Opening, missed},
    read::{Desk, Failure, Found, Source, position},
    resume::Resume,
    statements,
};

/// Whose rental.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Whose; staff only.
    customer_id: Option<Uuid>,
}

/// The open rental, live.
///
/// The present state comes at once: `status` with what the rental would cost if it ended now, or `idle` where none is
/// open. Then one event for each change: of the state, of the due time, of the running price (when a unit or a late day
/// begins). `ended` is the last event of a rental and has its bill; the stream stays open for the next one. With
/// `Last-Event-ID`, the end of a rental that was missed in between comes first. A comment line comes every 15 seconds.
/// The stream ends with `bye` when the token expires (come back with a new one), the session ends or the service stops.
/// A reader that does not read is cut off. Five streams at once for each customer.
#[utoipa::path(
    get, path = "/api/v1/rentals/active/stream", tag = "rentals",
    params(Input, ("Last-Event-ID" = Option<i64>, Header, description = "the id of the last event that was received")),
    responses(
        (status = 200, description = "server-sent events, until one side ends them", content_type = "text/event-stream",
         body = String, example = "retry: 2000\n\nid: 1042\nevent: status\ndata: {\"rental_id\":\"0197c5a0-5a3c-7c11-9d7e-\
2f1a3b4c5d6e\",\"status\":\"active\",\"started_at\":\"2026-01-05T07:00:00Z\",\"due_at\":\"2026-01-06T07:00:00Z\",\
\"running_price\":500,\"currency\":\"TZS\",\"as_of\":\"2026-01-05T07:05:01Z\",\"position\":1042}\n\n:\n\nid: 1071\n\
event: ended\ndata: {\"rental_id\":\"0197c5a0-5a3c-7c11-9d7e-2f1a3b4c5d6e\",\"status\":\"ended\",\
\"started_at\":\"2026-01-05T07:00:00Z\",\"ended_at\":\"2026-01-05T07:21:40Z\",\"charge\":{\"total\":500,\"usage\":500,\
\"late\":0,\"replacement\":0,\"vat\":76},\"currency\":\"TZS\",\"as_of\":\"2026-01-05T07:21:42Z\",\"position\":1071}\n\n\
event: bye\ndata: {\"reason\":\"token_expired\"}\n\n"),
        (status = 400, description = "malformed; a `Last-Event-ID` that is no position of this ledger"),
        (status = 401, description = "no good token"), (status = 403, description = "not for this role"),
        (status = 404, description = "another customer's"),
        (status = 429, description = "`too_many_streams`: five are open already"),
        (status = 503, description = "`too_many_streams`, `not_caught_up` or the service stops; with `Retry-After`")),
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
    let resume = Resume::read(&request)?;
    let seat = desk.stacks().live.seat(customer, Kind::Rental, identity)?;
    let min = resume.from(&desk, seat.position().await?, min).await?;
    let found = desk.read(min, async |desk| read(desk, customer).await).await?;
    let missed = match resume.0 {
        Some(since) if found.what.is_none() => read_missed(&desk, customer, since).await?,
        Some(_) | None => None,
    };
    let first = First::Rental { missed, meter: found.what };
    Ok(seat.open(Opening { position: found.position, first }))
}

async fn read(desk: &Desk, customer: Uuid) -> Result<Found<Option<Box<Meter>>>, Failure> {
    let rows = desk.query(statements::OPEN_RENTAL, &[&customer]).await?;
    let position = position(&rows)?;
    let meter = rows.first().map(|row| Meter::read(row, position)).transpose()?.flatten();
    Ok(Found::of(Source::Rentals, position, meter.map(Box::new)))
}

/// The end of a rental since the last event that was received.
async fn read_missed(desk: &Desk, customer: Uuid, since: i64) -> Result<Option<Bytes>, Problem> {
    let rows =
        desk.query(statements::MISSED_END, &[&customer, &since]).await.map_err(Failure::into_problem)?;
    let now = desk.stacks().clock.now();
    let missed = rows.first().map(|row| missed(row, now)).transpose().map_err(Failure::into_problem)?;
    Ok(missed.flatten())
}

//! `GET /api/v1/stations/{id}/commands/stream`: the link of a cabinet.

use actix_web::{HttpRequest, HttpResponse};
use edge::{
    Identity, Problem, Role,
    http::{MinPosition, path_id},
};
use uuid::Uuid;

use super::nothing;
use crate::{
    access,
    live::{First, Kind, Opening, Placed, open_release, settled_release},
    read::{Desk, Failure, Found, Source, absent, position},
    resume::Resume,
    statements,
};

/// What was read of a station.
struct Releases {
    known: bool,
    open: Vec<Placed>,
}

/// What a cabinet has to do, live.
///
/// `release`: hand out a bank and report what came of it. `withdrawn`: that release is settled, by the bank's leaving or
/// otherwise. Without `Last-Event-ID` every open release comes first; with it, those asked for since, and `withdrawn` for
/// older ones settled since. Delivery is at least once: a cabinet drops an `attempt_id` that it has acted on and repeats
/// its answer. A comment line comes every 15 seconds. The stream ends with `bye` when the token expires, the session
/// ends or the service stops. A reader that does not read is cut off.
#[utoipa::path(
    get, path = "/api/v1/stations/{id}/commands/stream", tag = "stations",
    params(("id" = uuid::Uuid, Path),
           ("Last-Event-ID" = Option<i64>, Header, description = "the id of the last event that was received")),
    responses(
        (status = 200, description = "server-sent events, until one side ends them", content_type = "text/event-stream",
         body = String, example = "retry: 2000\n\nid: 1040\nevent: release\ndata: {\"attempt_id\":\"0197c5a0-5a3c-7c11-9d7e-\
2f1a3b4c5d6e\",\"rental_id\":\"0197c5a0-5a3b-7d52-8a1b-7c6d5e4f3a2b\",\"device_id\":\"0197c59f-0000-7000-8000-\
000000000017\",\"serial\":\"PB-00017\",\"slot\":3,\"requested_at\":\"2026-01-05T06:59:58Z\",\
\"answer_by\":\"2026-01-05T07:00:58Z\"}\n\n:\n\nid: 1042\nevent: withdrawn\ndata: {\"attempt_id\":\"0197c5a0-5a3c-7c11-\
9d7e-2f1a3b4c5d6e\",\"rental_id\":\"0197c5a0-5a3b-7d52-8a1b-7c6d5e4f3a2b\"}\n\n"),
        (status = 400, description = "malformed; a `Last-Event-ID` that is no position of this ledger"),
        (status = 401, description = "no good token"), (status = 403, description = "not for this role"),
        (status = 404, description = "no such station, or not this one"),
        (status = 429, description = "`too_many_streams`: five are open already"),
        (status = 503, description = "`too_many_streams`, `not_caught_up` or the service stops; with `Retry-After`")),
    security(("bearer" = ["station", "admin"]))
)]
pub(crate) async fn get(
    request: HttpRequest,
    identity: Identity,
    min: MinPosition,
) -> Result<HttpResponse, Problem> {
    identity.must_be(access::CABINETS)?;
    nothing(&request)?;
    let station = path_id(&request, "id")?;
    if identity.role == Role::Station && identity.subject != station {
        return Err(Problem::not_found("there is no such thing, or it is not yours"));
    }
    let desk = Desk::of(&request)?;
    let resume = Resume::read(&request)?;
    let seat = desk.stacks().live.seat(station, Kind::Releases, identity)?;
    let min = resume.from(&desk, seat.position().await?, min).await?;
    let found = desk.read(min, async |desk| read(desk, station).await).await?;
    let (position, Releases { known, mut open }) = (found.position, found.what);
    if !known {
        return Err(absent(position));
    }
    if let Some(since) = resume.0 {
        open.retain(|(requested, _)| *requested > since);
        open.extend(settled(&desk, station, since, position).await.map_err(Failure::into_problem)?);
        open.sort_by_key(|(position, _)| *position);
    }
    Ok(seat.open(Opening { position, first: First::Releases(open) }))
}

async fn read(desk: &Desk, station: Uuid) -> Result<Found<Releases>, Failure> {
    let rows = desk.query(statements::OPEN_RELEASES, &[&station]).await?;
    let position = position(&rows)?;
    let known = rows.first().map(|row| row.try_get("known")).transpose()?.unwrap_or(false);
    let open = rows.iter().filter_map(|row| open_release(row).transpose()).collect::<Result<_, _>>()?;
    Ok(Found::of(Source::Rentals, position, Releases { known, open }))
}

async fn settled(desk: &Desk, station: Uuid, since: i64, until: i64) -> Result<Vec<Placed>, Failure> {
    let rows = desk.query(statements::SETTLED_RELEASES, &[&station, &since, &until]).await?;
    rows.iter().map(settled_release).collect()
}

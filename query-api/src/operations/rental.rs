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
    responses((status = 200, description = "the rental", body = RentalView),
              (status = 401, description = "no good token"), (status = 403, description = "not for this role"),
              (status = 404, description = "no such rental, or not yours")),
    security(("bearer" = []))
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

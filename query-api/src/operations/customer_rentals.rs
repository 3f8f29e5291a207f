//! `GET /api/v1/users/rentals`: a customer's rentals, newest first.

use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use edge::{
    Identity, Problem,
    http::{Cursor, Limit, MinPosition, Page, query},
};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{
    access,
    read::{Desk, Found, Source, answer, items, position},
    rental::RentalItem,
    statements,
};

/// Which rentals.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Whose; support, finance and admin only.
    customer_id: Option<Uuid>,
    /// 1 to 500.
    #[serde(default)]
    #[param(value_type = Option<u16>)]
    limit: Limit,
    /// Where the page before ended.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// A customer's rentals.
#[utoipa::path(
    get, path = "/api/v1/users/rentals", tag = "rentals", params(Input),
    responses((status = 200, description = "newest first", body = Page<RentalItem>,
               example = json!({"items": [{"rental_id": "0190a6f0-0000-7000-8000-000000000003", "status": "ended",
                   "started_at": "2026-01-15T08:30:00Z", "due_at": "2026-01-16T08:30:00Z",
                   "ended_at": "2026-01-15T09:10:00Z", "charge": {"total": 1000, "usage": 1000, "late": 0,
                   "replacement": 0, "vat": 153}}], "next_cursor": null})),
              (status = 400, description = "malformed"), (status = 401, description = "no good token"),
              (status = 403, description = "not for this role")),
    security(("bearer" = ["customer", "support", "finance", "admin"]))
)]
pub(crate) async fn get(
    request: HttpRequest,
    identity: Identity,
    min: MinPosition,
) -> Result<HttpResponse, Problem> {
    identity.must_be(access::CUSTOMERS)?;
    let input: Input = query(&request)?;
    let customer = access::customer(&identity, input.customer_id)?;
    let after: Option<(DateTime<Utc>, Uuid)> = input.cursor.as_ref().map(Cursor::key).transpose()?;
    let (at, id) = after.unzip();
    let limit = i64::from(input.limit.get()).saturating_add(1);
    let found = Desk::of(&request)?
        .read(min, async |desk| {
            let rows = desk.query(statements::RENTALS_OF_CUSTOMER, &[&customer, &at, &id, &limit]).await?;
            let items = items(&rows, RentalItem::read)?;
            Ok(Found::of(Source::Rentals, position(&rows)?, items))
        })
        .await?;
    let page = Page::cut(found.what, input.limit, |item| (item.requested_at, item.rental_id));
    answer(found.position, &page)
}

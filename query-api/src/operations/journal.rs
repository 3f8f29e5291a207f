//! `GET /api/v1/finance/journal`: the double-entry journal in the order of recording, by what its lines are about.

use actix_web::{HttpRequest, HttpResponse};
use edge::{
    Identity, Problem,
    http::{Cursor, MinPosition, Page},
};
use tokio_postgres::types::ToSql;

use crate::{
    access,
    as_of::{Standing, Times, query, standing},
    books::{Entry, Lines},
    read::{Desk, Found, Source, items, position},
    statements::books,
};

/// The journal.
#[utoipa::path(
    get, path = "/api/v1/finance/journal", tag = "finance", params(Lines, Times),
    responses((status = 200, description = "oldest first", body = Standing<Page<Entry>>,
               example = json!({"items": [{"position": 1042, "line": 1, "debit": "1000", "credit": "2000", "amount": 20000,
                   "currency": "TZS", "customer_id": "0190a6f0-0000-7000-8000-000000000004",
                   "provider": "mpesa", "occurred_at": "2026-01-15T08:00:30Z",
                   "recorded_at": "2026-01-15T08:00:30.004Z", "booking_day": "2026-01-15",
                   "event_type": "PaymentSettled", "rental_id": null, "station_id": null, "tariff_id": null,
                   "tariff_version": null, "kind": null, "vat_percent": null}],
                   "next_cursor": null, "position": 1042})),
              (status = 400, description = "malformed"), (status = 401, description = "no good token"),
              (status = 403, description = "not for this role"),
              (status = 503, description = "`not_caught_up`: the read model has not come so far")),
    security(("bearer" = ["finance", "analyst", "admin"]))
)]
pub(crate) async fn get(
    request: HttpRequest,
    identity: Identity,
    min: MinPosition,
) -> Result<HttpResponse, Problem> {
    identity.must_be(access::FINANCE)?;
    let (lines, moment): (Lines, _) = query(&request)?;
    let filter = lines.filter()?;
    let after: (i64, i16) = lines.cursor.as_ref().map(Cursor::key).transpose()?.unwrap_or((0, 0));
    let limit = i64::from(lines.limit.get()).saturating_add(1);
    let desk = Desk::of(&request)?;
    let (known, min) = moment.find(&desk, min).await?;
    let until = known.map_or(i64::MAX, |known| known.position());
    let time = known.and_then(|known| known.occurred_until);
    let sql = match (filter.rental_id, filter.customer_id) {
        (Some(_), _) => books::JOURNAL_OF_RENTAL,
        (None, Some(_)) => books::JOURNAL_OF_CUSTOMER,
        (None, None) => books::JOURNAL,
    };
    let found = desk
        .read(min, async |desk| {
            let page: [&(dyn ToSql + Sync); 4] = [&until, &limit, &after.0, &after.1];
            let parameters = [&filter.parameters(&time)[..], &page].concat();
            let rows = desk.query_planned(sql, &parameters).await?;
            Ok(Found::of(Source::Billing, position(&rows)?, items(&rows, Entry::read)?))
        })
        .await?;
    let page = Page::cut(found.what, lines.limit, |entry| (entry.position, entry.line));
    standing(found.position, known, page)
}

//! `GET /api/v1/finance/journal`: the double-entry journal, oldest first, now or as of a moment.

use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, NaiveDate, Utc};
use edge::{
    Identity, Problem,
    http::{Cursor, Limit, MinPosition, Page},
};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    access,
    as_of::{Standing, Times, query, standing},
    read::{Desk, Failure, Found, Source, items, position},
    rental::CURRENCY,
    statements,
};

/// Which lines.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// 1 to 500.
    #[serde(default)]
    #[param(value_type = Option<u16>)]
    limit: Limit,
    /// Where the page before ended.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// A line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Entry {
    /// The event that is booked.
    position: i64,
    /// The line within it, from 1.
    line: i16,
    /// The account that is debited.
    #[schema(example = "1000")]
    debit: String,
    /// The account that is credited.
    #[schema(example = "2000")]
    credit: String,
    amount: i64,
    #[schema(example = "TZS")]
    currency: &'static str,
    customer_id: Option<Uuid>,
    provider: Option<String>,
    occurred_at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
    /// The business day it belongs to.
    booking_day: NaiveDate,
}

impl Entry {
    fn read(row: &Row) -> Result<Option<Self>, Failure> {
        let Some(position) = row.try_get("at")? else { return Ok(None) };
        Ok(Some(Self {
            position,
            line: row.try_get("line")?,
            debit: row.try_get::<_, i16>("debit")?.to_string(),
            credit: row.try_get::<_, i16>("credit")?.to_string(),
            amount: row.try_get("amount")?,
            currency: CURRENCY,
            customer_id: row.try_get("customer_id")?,
            provider: row.try_get("provider")?,
            occurred_at: row.try_get("occurred_at")?,
            recorded_at: row.try_get("recorded_at")?,
            booking_day: row.try_get("booking_day")?,
        }))
    }
}

/// The journal.
#[utoipa::path(
    get, path = "/api/v1/finance/journal", tag = "finance", params(Input, Times),
    responses((status = 200, description = "oldest first", body = Standing<Page<Entry>>,
               example = json!({"items": [{"position": 1042, "line": 1, "debit": "1000", "credit": "2000", "amount": 20000,
                   "currency": "TZS", "customer_id": "0190a6f0-0000-7000-8000-000000000004",
                   "provider": "mpesa", "occurred_at": "2026-01-15T08:00:30Z",
                   "recorded_at": "2026-01-15T08:00:30.004Z", "booking_day": "2026-01-15"}],
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
    let (input, moment): (Input, _) = query(&request)?;
    let after: (i64, i16) = input.cursor.as_ref().map(Cursor::key).transpose()?.unwrap_or((0, 0));
    let limit = i64::from(input.limit.get()).saturating_add(1);
    let desk = Desk::of(&request)?;
    let (known, min) = moment.find(&desk, min).await?;
    let (until, time) = (known.map(|known| known.position()), known.and_then(|known| known.occurred_until));
    let found = desk
        .read(min, async |desk| {
            let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
                [&after.0, &after.1, &until, &limit, &time];
            let rows = desk.query_slowly(statements::JOURNAL, &parameters).await?;
            Ok(Found::of(Source::Billing, position(&rows)?, items(&rows, Entry::read)?))
        })
        .await?;
    let page = Page::cut(found.what, input.limit, |entry| (entry.position, entry.line));
    standing(found.position, known, page)
}

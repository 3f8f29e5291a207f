//! `GET /api/v1/finance/journal`: the double-entry journal, oldest first, now or as of a moment.

use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, NaiveDate, Utc};
use edge::{
    Identity, Problem,
    http::{Cursor, Limit, MinPosition, Page, query},
};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    access,
    as_of::AsOf,
    read::{Desk, Failure, Found, Source, answer, items, position},
    rental::CURRENCY,
    statements,
};

/// Which lines.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// A time in RFC 3339 or `position:n`; by recording.
    as_of: Option<String>,
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
    get, path = "/api/v1/finance/journal", tag = "finance", params(Input),
    responses((status = 200, description = "oldest first", body = Page<Entry>,
               example = json!({"items": [{"position": 1042, "line": 1, "debit": "1000", "credit": "2000", "amount": 20000,
                   "currency": "TZS", "customer_id": "0190a6f0-0000-7000-8000-000000000004",
                   "provider": "mpesa", "occurred_at": "2026-01-15T08:00:30Z",
                   "recorded_at": "2026-01-15T08:00:30.004Z", "booking_day": "2026-01-15"}],
                   "next_cursor": null})),
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
    let input: Input = query(&request)?;
    let as_of = input.as_of.as_deref().map(AsOf::parse).transpose()?;
    let after: (i64, i16) = input.cursor.as_ref().map(Cursor::key).transpose()?.unwrap_or((0, 0));
    let limit = i64::from(input.limit.get()).saturating_add(1);
    let min = match as_of {
        Some(AsOf::Position(position)) => MinPosition(Some(position.max(min.0.unwrap_or(0)))),
        Some(AsOf::Time(_)) | None => min,
    };
    let found = Desk::of(&request)?
        .read(min, async |desk| {
            let until = match as_of {
                Some(as_of) => Some(as_of.position(desk, statements::BILLED_BY).await?),
                None => None,
            };
            let rows = desk.query_slowly(statements::JOURNAL, &[&after.0, &after.1, &until, &limit]).await?;
            let entries = items(&rows, Entry::read)?;
            let holds = position(&rows)?;
            Ok(Found::of(Source::Billing, holds, (until.unwrap_or(holds), entries)))
        })
        .await?;
    let (stands_for, entries) = found.what;
    answer(stands_for, &Page::cut(entries, input.limit, |entry| (entry.position, entry.line)))
}

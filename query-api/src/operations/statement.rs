//! `GET /api/v1/users/statement`: what happened to a customer's money, line by line, with the running balance.

use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
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
    read::{Desk, Failure, Found, Source, answer, items, position},
    statements,
};

/// Which lines.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Whose; support, finance and admin only.
    customer_id: Option<Uuid>,
    /// What happened at this time or later.
    from: Option<DateTime<Utc>>,
    /// What happened before this time.
    to: Option<DateTime<Utc>>,
    /// 1 to 500.
    #[serde(default)]
    #[param(value_type = Option<u16>)]
    limit: Limit,
    /// Where the page before ended.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// One line of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Line {
    /// The event.
    position: i64,
    /// Its type.
    #[serde(rename = "type")]
    #[schema(example = "RentalEnded")]
    kind: String,
    occurred_at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
    /// What was given (positive) or taken (negative), in whole shillings.
    amount: i64,
    /// The deposit balance after it.
    balance: i64,
    /// The debt after it.
    debt: i64,
    #[schema(example = "TZS")]
    currency: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rental_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt_id: Option<Uuid>,
}

impl Line {
    fn read(row: &Row) -> Result<Option<Self>, Failure> {
        let Some(position) = row.try_get("at")? else { return Ok(None) };
        let subject: Uuid = row.try_get("subject_id")?;
        let subject_kind: String = row.try_get("subject_kind")?;
        Ok(Some(Self {
            position,
            kind: row.try_get("kind")?,
            occurred_at: row.try_get("occurred_at")?,
            recorded_at: row.try_get("recorded_at")?,
            amount: row.try_get("amount")?,
            balance: row.try_get("balance")?,
            debt: row.try_get("debt")?,
            currency: crate::rental::CURRENCY,
            rental_id: (subject_kind == "rental").then_some(subject),
            payment_id: (subject_kind == "payment").then_some(subject),
            refund_id: (subject_kind == "refund").then_some(subject),
            receipt_id: (subject_kind == "receipt").then_some(subject),
        }))
    }
}

/// A customer's statement.
#[utoipa::path(
    get, path = "/api/v1/users/statement", tag = "money", params(Input),
    responses((status = 200, description = "oldest first", body = Page<Line>,
               example = json!({"items": [{"position": 1042, "type": "RentalEnded", "occurred_at": "2026-01-15T09:10:00Z",
                   "recorded_at": "2026-01-15T09:10:00.020Z", "amount": -1000, "balance": 19000, "debt": 0,
                   "currency": "TZS", "rental_id": "0190a6f0-0000-7000-8000-000000000003"}],
                   "next_cursor": null})),
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
    let after: i64 = input.cursor.as_ref().map(Cursor::key).transpose()?.unwrap_or(0);
    let limit = i64::from(input.limit.get()).saturating_add(1);
    let found = Desk::of(&request)?
        .read(min, async |desk| {
            let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
                [&customer, &after, &input.from, &input.to, &limit];
            let rows = desk.query(statements::STATEMENT, &parameters).await?;
            let lines = items(&rows, Line::read)?;
            Ok(Found::of(Source::Billing, position(&rows)?, lines))
        })
        .await?;
    answer(found.position, &Page::cut(found.what, input.limit, |line| line.position))
}

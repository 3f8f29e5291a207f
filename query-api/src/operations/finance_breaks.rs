//! `GET /api/v1/finance/breaks`: differences between the ledger and the statements of providers.

use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use edge::{
    Identity, Problem,
    http::{MinPosition, Page},
};
use serde::Serialize;
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    as_of::{Standing, Times},
    listing::{Listed, Listing, list},
    read::Failure,
    rental::CURRENCY,
    statements,
};

/// A difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = BreakView)]
pub(crate) struct Break {
    break_id: Uuid,
    /// `open`, `explained` or `closed`.
    #[schema(example = "open")]
    status: String,
    /// `missing_in_ledger`, `missing_at_provider`, `amount_differs`, `status_differs` or `duplicate`.
    #[schema(example = "amount_differs")]
    cause: String,
    provider: String,
    provider_reference: Option<String>,
    payment_id: Option<Uuid>,
    refund_id: Option<Uuid>,
    receipt_id: Option<Uuid>,
    ledger_amount: Option<i64>,
    statement_amount: Option<i64>,
    #[schema(example = "TZS")]
    currency: &'static str,
    /// The statement that showed it.
    statement_id: Option<Uuid>,
    reason: Option<String>,
    opened_at: DateTime<Utc>,
    /// Why it is so.
    explanation: Option<String>,
    explained_by: Option<Uuid>,
    explained_at: Option<DateTime<Utc>>,
    closed_by: Option<Uuid>,
    closed_at: Option<DateTime<Utc>>,
    close_reason: Option<String>,
}

impl Listed for Break {
    const STATUSES: &'static [&'static str] = &["open", "explained", "closed"];
    const STATEMENT: &'static str = statements::BREAKS;
    const KNOWN: &'static str = statements::known::BREAKS;

    fn read(row: &Row) -> Result<Option<Self>, Failure> {
        let Some(break_id) = row.try_get("break_id")? else { return Ok(None) };
        Ok(Some(Self {
            break_id,
            status: row.try_get("status")?,
            cause: row.try_get("cause")?,
            provider: row.try_get("provider")?,
            provider_reference: row.try_get("provider_reference")?,
            payment_id: row.try_get("payment_id")?,
            refund_id: row.try_get("refund_id")?,
            receipt_id: row.try_get("receipt_id")?,
            ledger_amount: row.try_get("ledger_amount")?,
            statement_amount: row.try_get("statement_amount")?,
            currency: CURRENCY,
            statement_id: row.try_get("statement_id")?,
            reason: row.try_get("reason")?,
            opened_at: row.try_get("opened_at")?,
            explanation: row.try_get("explanation")?,
            explained_by: row.try_get("explained_by")?,
            explained_at: row.try_get("explained_at")?,
            closed_by: row.try_get("closed_by")?,
            closed_at: row.try_get("closed_at")?,
            close_reason: row.try_get("close_reason")?,
        }))
    }

    fn place(&self) -> (DateTime<Utc>, Uuid) {
        (self.opened_at, self.break_id)
    }
}

/// Breaks.
#[utoipa::path(
    get, path = "/api/v1/finance/breaks", tag = "finance", params(Listing, Times),
    responses((status = 200, description = "newest first", body = Standing<Page<Break>>,
               example = json!({"items": [{"break_id": "019bc0a1-0000-7000-8000-000000000002", "status": "explained",
                   "cause": "amount_differs", "provider": "mpesa", "provider_reference": "AZM1f0c",
                   "payment_id": "0190a6f0-0000-7000-8000-000000000005", "refund_id": null, "receipt_id": null,
                   "ledger_amount": 20000, "statement_amount": 2000, "currency": "TZS",
                   "statement_id": "019bc0a1-0000-7000-8000-000000000001", "reason": "collection",
                   "opened_at": "2026-01-16T06:00:00Z", "explanation": "a typing error in the provider's books",
                   "explained_by": "0190a6f0-0000-7000-8000-00000000000b", "explained_at": "2026-01-16T07:00:00Z",
                   "closed_by": null, "closed_at": null, "close_reason": null}], "next_cursor": null, "position": 1042})),
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
    list::<Break>(&request, &identity, min).await
}

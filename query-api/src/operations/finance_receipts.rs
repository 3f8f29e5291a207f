//! `GET /api/v1/finance/receipts`: money that arrived and settled nothing.

use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use edge::{
    Identity, Problem,
    http::{MinPosition, Page},
};
use serde::Serialize;
use serde_json::Value;
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

/// A receipt.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct Receipt {
    receipt_id: Uuid,
    /// `unmatched`, `assigned`, `refund_requested` or `paid_back`.
    #[schema(example = "unmatched")]
    status: String,
    provider: String,
    provider_reference: String,
    amount: i64,
    #[schema(example = "TZS")]
    currency: &'static str,
    paid_at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
    /// Why it settled nothing.
    reason: Option<String>,
    /// The same as codes.
    #[schema(value_type = Vec<String>)]
    review: Value,
    /// The payment that it was said to be for.
    payment_id: Option<Uuid>,
    /// Whose phone paid it, else whose payment it was said to be for.
    likely_customer_id: Option<Uuid>,
    /// Who was given it.
    assigned_to: Option<Uuid>,
    /// The refund that pays it back.
    refund_id: Option<Uuid>,
}

impl Listed for Receipt {
    const STATUSES: &'static [&'static str] = &["unmatched", "assigned", "refund_requested", "paid_back"];
    const STATEMENT: &'static str = statements::RECEIPTS;
    const KNOWN: &'static str = statements::known::RECEIPTS;

    fn read(row: &Row) -> Result<Option<Self>, Failure> {
        let Some(receipt_id) = row.try_get("receipt_id")? else { return Ok(None) };
        Ok(Some(Self {
            receipt_id,
            status: row.try_get("status")?,
            provider: row.try_get("provider")?,
            provider_reference: row.try_get("provider_reference")?,
            amount: row.try_get("amount")?,
            currency: CURRENCY,
            paid_at: row.try_get("paid_at")?,
            recorded_at: row.try_get("recorded_at")?,
            reason: row.try_get("reason")?,
            review: row.try_get("review")?,
            payment_id: row.try_get("payment_id")?,
            likely_customer_id: row.try_get("likely_customer_id")?,
            assigned_to: row.try_get("assigned_to")?,
            refund_id: row.try_get("refund_id")?,
        }))
    }

    fn place(&self) -> (DateTime<Utc>, Uuid) {
        (self.recorded_at, self.receipt_id)
    }
}

/// Receipts.
#[utoipa::path(
    get, path = "/api/v1/finance/receipts", tag = "finance", params(Listing, Times),
    responses((status = 200, description = "newest first", body = Standing<Page<Receipt>>,
               example = json!({"items": [{"receipt_id": "0190a6f0-0000-7000-8000-000000000009", "status": "unmatched",
                   "provider": "mpesa", "provider_reference": "AZM1f0c", "amount": 15000, "currency": "TZS",
                   "paid_at": "2026-01-15T08:00:30Z", "recorded_at": "2026-01-15T08:00:31.020Z", "reason": "amount_differs",
                   "review": ["amount_differs"], "payment_id": "0190a6f0-0000-7000-8000-000000000005",
                   "likely_customer_id": "0190a6f0-0000-7000-8000-000000000004", "assigned_to": null, "refund_id": null}],
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
    list::<Receipt>(&request, &identity, min).await
}

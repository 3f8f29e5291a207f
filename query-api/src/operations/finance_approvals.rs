//! `GET /api/v1/finance/approvals`: what one member of staff asked for and a second one approves.

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

/// What waits, or waited, for a second person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApprovalView)]
pub(crate) struct Approval {
    /// Of a refund its own id: ApproveRefund and RejectRefund decide it, ApproveAction and RejectAction all others.
    approval_id: Uuid,
    /// `assign_receipt`, `refund_receipt`, `refund`, `adjust_balance`, `write_off_debt`, `correct_rental` or
    /// `skip_projection_event`.
    #[schema(example = "assign_receipt")]
    kind: String,
    /// `requested`, `approved` or `rejected`.
    #[schema(example = "requested")]
    status: String,
    receipt_id: Option<Uuid>,
    refund_id: Option<Uuid>,
    customer_id: Option<Uuid>,
    rental_id: Option<Uuid>,
    /// Of a corrected rental the total that was asked for, if one was.
    amount: Option<i64>,
    #[schema(example = "TZS")]
    currency: &'static str,
    /// Which way a balance is adjusted: `up` or `down`.
    direction: Option<String>,
    /// The start that a rental is to be rated from.
    started_at: Option<DateTime<Utc>>,
    /// The end that a rental is to be rated to.
    ended_at: Option<DateTime<Utc>>,
    /// The read model that is to pass over an event.
    projection: Option<String>,
    /// The position of that event.
    event_position: Option<i64>,
    requested_by: Uuid,
    requested_at: DateTime<Utc>,
    /// Who decided; nobody where no second person was needed.
    decided_by: Option<Uuid>,
    decided_at: Option<DateTime<Utc>>,
}

impl Listed for Approval {
    const STATUSES: &'static [&'static str] = &["requested", "approved", "rejected"];
    const STATEMENT: &'static str = statements::APPROVALS;
    const KNOWN: &'static str = statements::known::APPROVALS;

    fn read(row: &Row) -> Result<Option<Self>, Failure> {
        let Some(approval_id) = row.try_get("approval_id")? else { return Ok(None) };
        Ok(Some(Self {
            approval_id,
            kind: row.try_get("kind")?,
            status: row.try_get("status")?,
            receipt_id: row.try_get("receipt_id")?,
            refund_id: row.try_get("refund_id")?,
            customer_id: row.try_get("customer_id")?,
            rental_id: row.try_get("rental_id")?,
            amount: row.try_get("amount")?,
            currency: CURRENCY,
            direction: row.try_get("direction")?,
            started_at: row.try_get("started_at")?,
            ended_at: row.try_get("ended_at")?,
            projection: row.try_get("projection")?,
            event_position: row.try_get("event_position")?,
            requested_by: row.try_get("requested_by")?,
            requested_at: row.try_get("requested_at")?,
            decided_by: row.try_get("decided_by")?,
            decided_at: row.try_get("decided_at")?,
        }))
    }

    fn place(&self) -> (DateTime<Utc>, Uuid) {
        (self.requested_at, self.approval_id)
    }
}

/// Approvals.
#[utoipa::path(
    get, path = "/api/v1/finance/approvals", tag = "finance", params(Listing, Times),
    responses((status = 200, description = "newest first", body = Standing<Page<Approval>>,
               example = json!({"items": [{"approval_id": "0190a6f0-0000-7000-8000-00000000000a", "kind": "assign_receipt",
                   "status": "requested", "receipt_id": "0190a6f0-0000-7000-8000-000000000009", "refund_id": null,
                   "customer_id": "0190a6f0-0000-7000-8000-000000000004", "rental_id": null, "amount": 15000, "currency": "TZS",
                   "direction": null, "started_at": null, "ended_at": null, "projection": null, "event_position": null,
                   "requested_by": "0190a6f0-0000-7000-8000-00000000000b", "requested_at": "2026-01-15T09:00:00Z",
                   "decided_by": null, "decided_at": null}], "next_cursor": null, "position": 1042})),
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
    list::<Approval>(&request, &identity, min).await
}

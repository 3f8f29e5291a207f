//! `GET /api/v1/finance/refunds`: refunds, and the queue of those that staff pay out by hand.

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
    listing::known_status,
    read::{Desk, Found, Source, answer, items, position},
    refund::RefundView,
    statements,
};

const STATUSES: &[&str] = &["requested", "approved", "rejected", "submitted", "unknown", "failed", "paid"];

/// Which refunds.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Input {
    /// Only those of this status.
    status: Option<String>,
    /// `manual`: those that are approved and wait for staff to pay them out, since their wallets take nothing from the
    /// provider.
    #[param(inline)]
    queue: Option<Queue>,
    /// 1 to 500.
    #[serde(default)]
    #[param(value_type = Option<u16>)]
    limit: Limit,
    /// Where the page before ended.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// A queue of refunds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RefundQueue)]
pub(crate) enum Queue {
    /// Paid out by staff.
    Manual,
}

/// Refunds.
#[utoipa::path(
    get, path = "/api/v1/finance/refunds", tag = "finance", params(Input),
    responses((status = 200, description = "newest first", body = Page<RefundView>,
               example = json!({"items": [{"refund_id": "0190a6f0-0000-7000-8000-000000000008", "status": "approved",
                   "amount": 10000, "currency": "TZS", "provider": "mpesa", "payment_id": null,
                   "requested_at": "2026-01-15T08:00:00Z", "approved_at": "2026-01-15T08:00:00Z", "submitted_at": null,
                   "paid_at": null, "message": {"sw": "Ombi lako limekubaliwa. Pesa itatumwa kwenye simu yako.",
                       "en": "Your refund is approved. The money will be sent to your phone."},
                   "customer_id": "0190a6f0-0000-7000-8000-000000000004", "receipt_id": null,
                   "requested_by": "0190a6f0-0000-7000-8000-000000000004", "approved_by": null, "by_hand": true,
                   "reference": null, "provider_reference": null, "cause": null, "reason": null, "review": []}],
                   "next_cursor": null})),
              (status = 400, description = "malformed"), (status = 401, description = "no good token"),
              (status = 403, description = "not for this role")),
    security(("bearer" = ["finance", "analyst", "admin"]))
)]
pub(crate) async fn get(
    request: HttpRequest,
    identity: Identity,
    min: MinPosition,
) -> Result<HttpResponse, Problem> {
    identity.must_be(access::FINANCE)?;
    let input: Input = query(&request)?;
    known_status(input.status.as_deref(), STATUSES)?;
    if input.queue.is_some() && input.status.as_deref().is_some_and(|status| status != "approved") {
        return Err(Problem::malformed("the manual queue holds approved refunds only"));
    }
    let after: Option<(DateTime<Utc>, Uuid)> = input.cursor.as_ref().map(Cursor::key).transpose()?;
    let (at, id) = after.unzip();
    let limit = i64::from(input.limit.get()).saturating_add(1);
    let found = Desk::of(&request)?
        .read(min, async |desk| {
            let rows = match input.queue {
                Some(Queue::Manual) => {
                    desk.query_slowly(statements::MANUAL_REFUNDS, &[&at, &id, &limit]).await?
                }
                None => desk.query_slowly(statements::REFUNDS, &[&input.status, &at, &id, &limit]).await?,
            };
            let refunds = items(&rows, |row| RefundView::read(row, true))?;
            Ok(Found::of(Source::Billing, position(&rows)?, refunds))
        })
        .await?;
    answer(found.position, &Page::cut(found.what, input.limit, |view| (view.requested_at, view.refund_id)))
}

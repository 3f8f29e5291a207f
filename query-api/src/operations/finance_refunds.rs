//! `GET /api/v1/finance/refunds`: refunds, and the queue of those that staff pay out by hand.

use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use edge::{
    Identity, Problem,
    http::{Cursor, Limit, MinPosition, Page},
};
use serde::Deserialize;
use tokio_postgres::Row;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{
    access,
    as_of::{Known, Standing, Times, query, standing},
    listing::known_status,
    read::{Desk, Failure, Found, Source, items, position},
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
    get, path = "/api/v1/finance/refunds", tag = "finance", params(Input, Times),
    responses((status = 200, description = "newest first", body = Standing<Page<RefundView>>,
               example = json!({"items": [{"refund_id": "0190a6f0-0000-7000-8000-000000000008", "status": "approved",
                   "amount": 10000, "currency": "TZS", "provider": "mpesa", "payment_id": null,
                   "requested_at": "2026-01-15T08:00:00Z", "approved_at": "2026-01-15T08:00:00Z", "submitted_at": null,
                   "paid_at": null, "message": {"sw": "Ombi lako limekubaliwa. Pesa itatumwa kwenye simu yako.",
                       "en": "Your refund is approved. The money will be sent to your phone."},
                   "customer_id": "0190a6f0-0000-7000-8000-000000000004", "receipt_id": null,
                   "requested_by": "0190a6f0-0000-7000-8000-000000000004", "approved_by": null, "by_hand": true,
                   "reference": null, "provider_reference": null, "cause": null, "reason": null, "review": []}],
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
    known_status(input.status.as_deref(), STATUSES)?;
    if input.queue.is_some() && input.status.as_deref().is_some_and(|status| status != "approved") {
        return Err(Problem::malformed("the manual queue holds approved refunds only"));
    }
    let after: Option<(DateTime<Utc>, Uuid)> = input.cursor.as_ref().map(Cursor::key).transpose()?;
    let desk = Desk::of(&request)?;
    let (known, min) = moment.find(&desk, min).await?;
    let found = desk
        .read(min, async |desk| {
            let rows = rows(desk, &input, after, known).await?;
            let refunds = items(&rows, |row| RefundView::read(row, true))?;
            Ok(Found::of(Source::Billing, position(&rows)?, refunds))
        })
        .await?;
    let page = Page::cut(found.what, input.limit, |view| (view.requested_at, view.refund_id));
    standing(found.position, known, page)
}

async fn rows(
    desk: &Desk,
    input: &Input,
    after: Option<(DateTime<Utc>, Uuid)>,
    known: Option<Known>,
) -> Result<Vec<Row>, Failure> {
    let (at, id) = after.unzip();
    let limit = i64::from(input.limit.get()).saturating_add(1);
    let (until, time) = known.map(|known| (known.position(), known.occurred_until)).unzip();
    let (until, time) = (until.unwrap_or(i64::MAX), time.flatten());
    let status = &input.status;
    match (input.queue, known) {
        (Some(Queue::Manual), None) => {
            desk.query_slowly(statements::MANUAL_REFUNDS, &[&at, &id, &limit]).await
        }
        (Some(Queue::Manual), Some(_)) => {
            let sql = statements::known::MANUAL_REFUNDS;
            desk.query_slowly(sql, &[&at, &id, &limit, &until, &time]).await
        }
        (None, None) => desk.query_slowly(statements::REFUNDS, &[status, &at, &id, &limit]).await,
        (None, Some(_)) => {
            let sql = statements::known::REFUNDS;
            desk.query_slowly(sql, &[status, &at, &id, &limit, &until, &time]).await
        }
    }
}

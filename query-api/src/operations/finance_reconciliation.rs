//! `GET /api/v1/finance/reconciliation`: a day's money by the provider's statements, the ledger, and the provider's calls.
//!
//! Three columns that must agree for each wallet, and the list of transactions on which they do not. A transaction is
//! known by its reference; one that the others saw on another day is listed as that and counted on each one's own day.

use actix_web::{HttpRequest, HttpResponse};
use chrono::{Datelike as _, NaiveDate};
use domain::timing::business_day;
use edge::{Identity, Problem, http::MinPosition};
use serde::Deserialize;
use tokio_postgres::Row;
use utoipa::IntoParams;

use crate::{
    access,
    as_of::{Known, Standing, Times, query, standing},
    read::{Desk, Failure, Found, Source, position},
    reconciliation::{Reconciliation, read},
    statements,
};

/// The most differences that are listed; all are counted.
const LISTED: i64 = 1_000;

/// The years in which there can be something to reconcile.
const YEARS: std::ops::Range<i32> = 2_000..3_000;

/// Which day.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Input {
    /// A business day of Dar es Salaam; the present one if absent.
    day: Option<NaiveDate>,
}

/// A day's money, three times.
#[utoipa::path(
    get, path = "/api/v1/finance/reconciliation", tag = "finance", params(Input, Times),
    responses((status = 200, description = "three columns for each wallet, and where they do not agree", body = Standing<Reconciliation>,
               example = json!({"day": "2026-01-15", "currency": "TZS", "statements": 1, "agrees": false,
                   "providers": [{"provider": "airtel",
                       "statement": {"collection": {"count": 2, "amount": 30000}, "disbursement": {"count": 0, "amount": 0},
                           "fee": {"count": 0, "amount": 0}, "payout": {"count": 0, "amount": 0},
                           "chargeback": {"count": 0, "amount": 0}},
                       "ledger": {"collection": {"count": 1, "amount": 20000}, "disbursement": {"count": 0, "amount": 0},
                           "fee": {"count": 0, "amount": 0}, "payout": {"count": 0, "amount": 0},
                           "chargeback": {"count": 0, "amount": 0}},
                       "callbacks": {"collection": {"count": 1, "amount": 20000}, "disbursement": {"count": 0, "amount": 0},
                           "fee": {"count": 0, "amount": 0}, "payout": {"count": 0, "amount": 0},
                           "chargeback": {"count": 0, "amount": 0}},
                       "by_hand": {"collection": {"count": 0, "amount": 0}, "disbursement": {"count": 0, "amount": 0},
                           "fee": {"count": 0, "amount": 0}, "payout": {"count": 0, "amount": 0},
                           "chargeback": {"count": 0, "amount": 0}},
                       "agrees": false}],
                   "totals": {
                       "statement": {"collection": {"count": 2, "amount": 30000}, "disbursement": {"count": 0, "amount": 0},
                           "fee": {"count": 0, "amount": 0}, "payout": {"count": 0, "amount": 0},
                           "chargeback": {"count": 0, "amount": 0}},
                       "ledger": {"collection": {"count": 1, "amount": 20000}, "disbursement": {"count": 0, "amount": 0},
                           "fee": {"count": 0, "amount": 0}, "payout": {"count": 0, "amount": 0},
                           "chargeback": {"count": 0, "amount": 0}},
                       "callbacks": {"collection": {"count": 1, "amount": 20000}, "disbursement": {"count": 0, "amount": 0},
                           "fee": {"count": 0, "amount": 0}, "payout": {"count": 0, "amount": 0},
                           "chargeback": {"count": 0, "amount": 0}},
                       "by_hand": {"collection": {"count": 0, "amount": 0}, "disbursement": {"count": 0, "amount": 0},
                           "fee": {"count": 0, "amount": 0}, "payout": {"count": 0, "amount": 0},
                           "chargeback": {"count": 0, "amount": 0}},
                       "agrees": false},
                   "difference_count": 1,
                   "differences": [{"type": "collection", "provider": "airtel", "provider_reference": "AZM1f0d",
                       "external_reference": "0a1b2c3d4e5f6g7h8j9k0m1n2p", "reasons": ["not_in_ledger", "no_callback"],
                       "payment_id": null, "receipt_id": null, "refund_id": null,
                       "statement": {"amount": 10000, "status": "success", "at": "2026-01-15T09:00:00Z"}, "ledger": null,
                       "callback": null, "breaks": [{"break_id": "019bc0a1-0000-7000-8000-000000000002",
                           "cause": "missing_in_ledger", "status": "open"}]}], "position": 1042})),
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
    let (Input { day }, moment) = query(&request)?;
    let desk = Desk::of(&request)?;
    let day = day.unwrap_or_else(|| business_day(desk.stacks().clock.now()));
    if !YEARS.contains(&day.year()) {
        return Err(Problem::malformed("day is no day of our time"));
    }
    let with_reference = access::sees_references(&identity);
    let (known, min) = moment.find(&desk, min).await?;
    let found = desk
        .read(min, async |desk| {
            let rows = rows(desk, day, known).await?;
            let holds = position(&rows)?;
            let row = rows.first().ok_or(Failure::Damaged("no reconciliation"))?;
            Ok(Found::of(Source::Billing, holds, read(row, day, with_reference)?))
        })
        .await?;
    standing(found.position, known, found.what)
}

async fn rows(desk: &Desk, day: NaiveDate, known: Option<Known>) -> Result<Vec<Row>, Failure> {
    match known {
        None => desk.query_slowly(statements::RECONCILIATION, &[&day, &LISTED]).await,
        Some(known) => {
            let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
                [&day, &LISTED, &known.position(), &known.occurred_until, &known.recorded_until];
            desk.query_slowly(statements::known::RECONCILIATION, &parameters).await
        }
    }
}

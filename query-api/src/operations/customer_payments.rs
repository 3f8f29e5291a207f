//! `GET /api/v1/users/payments`: a customer's payments, newest first.

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
    payment::PaymentView,
    read::{Desk, Found, Source, answer, position},
    statements,
};

/// Which payments.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Whose; support, finance and admin only.
    customer_id: Option<Uuid>,
    /// 1 to 500.
    #[serde(default)]
    #[param(value_type = Option<u16>)]
    limit: Limit,
    /// Where the page before ended.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// A customer's payments.
#[utoipa::path(
    get, path = "/api/v1/users/payments", tag = "money", params(Input),
    responses((status = 200, description = "newest first", body = Page<PaymentView>,
               example = json!({"items": [{"payment_id": "0190a6f0-0000-7000-8000-000000000005", "status": "settled",
                   "purpose": "deposit", "amount": 20000, "currency": "TZS", "provider": "mpesa",
                   "initiated_at": "2026-01-15T08:00:00Z", "settled_at": "2026-01-15T08:00:30Z",
                   "message": {"sw": "Malipo yamepokelewa. Asante!",
                       "en": "Your payment has arrived. Thank you!"}}],
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
    let after: Option<(DateTime<Utc>, Uuid)> = input.cursor.as_ref().map(Cursor::key).transpose()?;
    let (at, id) = after.unzip();
    let limit = i64::from(input.limit.get()).saturating_add(1);
    let with_reference = access::sees_references(&identity);
    let found = Desk::of(&request)?
        .read(min, async |desk| {
            let rows = desk.query(statements::PAYMENTS_OF_CUSTOMER, &[&customer, &at, &id, &limit]).await?;
            let items = rows
                .iter()
                .filter_map(|row| PaymentView::read(row, with_reference).transpose())
                .collect::<Result<Vec<_>, _>>()?;
            Ok(Found::of(Source::Billing, position(&rows)?, items))
        })
        .await?;
    answer(found.position, &Page::cut(found.what, input.limit, |item| (item.initiated_at, item.payment_id)))
}

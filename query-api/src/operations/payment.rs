//! `GET /api/v1/payments/{id}`: one payment.

use actix_web::{HttpRequest, HttpResponse};
use edge::{
    Identity, Problem,
    http::{MinPosition, path_id},
};

use super::nothing;
use crate::{
    access,
    payment::PaymentView,
    read::{Desk, Found, Source, absent, answer, position},
    statements,
};

/// One payment.
#[utoipa::path(
    get, path = "/api/v1/payments/{id}", tag = "money", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, description = "the payment", body = PaymentView,
               example = json!({"payment_id": "0190a6f0-0000-7000-8000-000000000005", "status": "settled",
                   "purpose": "deposit", "amount": 20000, "currency": "TZS", "provider": "mpesa",
                   "initiated_at": "2026-01-15T08:00:00Z", "settled_at": "2026-01-15T08:00:30Z",
                   "message": {"sw": "Malipo yamepokelewa. Asante!",
                       "en": "Your payment has arrived. Thank you!"}})),
              (status = 401, description = "no good token"), (status = 403, description = "not for this role"),
              (status = 404, description = "no such payment, or not yours")),
    security(("bearer" = ["customer", "support", "finance", "admin", "payments"]))
)]
pub(crate) async fn get(
    request: HttpRequest,
    identity: Identity,
    min: MinPosition,
) -> Result<HttpResponse, Problem> {
    identity.must_be(access::PAYMENTS)?;
    nothing(&request)?;
    let id = path_id(&request, "id")?;
    let with_reference = access::sees_references(&identity);
    let found = Desk::of(&request)?
        .read(min, async |desk| {
            let rows = desk.query(statements::PAYMENT, &[&id]).await?;
            let view = rows.first().map(|row| PaymentView::read(row, with_reference)).transpose()?.flatten();
            Ok(Found::of(Source::Billing, position(&rows)?, view))
        })
        .await?;
    let view = found
        .what
        .filter(|view| access::is_theirs(&identity, view.customer_id, &[]))
        .ok_or_else(|| absent(found.position))?;
    answer(found.position, &view)
}

//! `GET /api/v1/refunds/{id}`: one refund.

use actix_web::{HttpRequest, HttpResponse};
use edge::{
    Identity, Problem, Role,
    http::{MinPosition, path_id},
};

use super::nothing;
use crate::{
    access,
    read::{Desk, Found, Source, absent, answer, position},
    refund::RefundView,
    statements,
};

/// One refund.
#[utoipa::path(
    get, path = "/api/v1/refunds/{id}", tag = "money", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, description = "the refund; what is behind it only for those who handle it", body = RefundView,
               example = json!({"refund_id": "0190a6f0-0000-7000-8000-000000000008", "status": "paid", "amount": 10000,
                   "currency": "TZS", "provider": "airtel", "payment_id": null, "requested_at": "2026-01-15T08:00:00Z",
                   "approved_at": "2026-01-15T08:00:00Z", "submitted_at": "2026-01-15T08:00:01Z",
                   "paid_at": "2026-01-15T08:00:09Z", "message": {"sw": "Pesa imetumwa kwenye simu yako.",
                       "en": "The money was sent to your phone."}})),
              (status = 401, description = "no good token"), (status = 403, description = "not for this role"),
              (status = 404, description = "no such refund, or not yours")),
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
    let handles = access::sees_references(&identity);
    let found = Desk::of(&request)?
        .read(min, async |desk| {
            let rows = desk.query(statements::REFUND, &[&id]).await?;
            let view = rows.first().map(|row| RefundView::read(row, handles)).transpose()?.flatten();
            Ok(Found::of(Source::Billing, position(&rows)?, view))
        })
        .await?;
    let theirs =
        |view: &RefundView| identity.role != Role::Customer || view.customer == Some(identity.subject);
    let view = found.what.filter(theirs).ok_or_else(|| absent(found.position))?;
    answer(found.position, &view)
}

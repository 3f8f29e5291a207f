//! `GET /api/v1/users/balance`: a customer's deposit balance and debt.

use actix_web::{HttpRequest, HttpResponse};
use edge::{
    Identity, Problem,
    http::{MinPosition, query},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    access,
    read::{Desk, Found, Source, absent, answer, position},
    rental::CURRENCY,
    statements,
};

/// Whose balance.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Whose; support, finance and admin only.
    customer_id: Option<Uuid>,
}

/// A customer's money with us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Balance {
    /// The deposit balance.
    balance: i64,
    /// What is owed.
    debt: i64,
    #[schema(example = "TZS")]
    currency: &'static str,
}

/// A customer's balance.
#[utoipa::path(
    get, path = "/api/v1/users/balance", tag = "money", params(Input),
    responses((status = 200, description = "deposit balance and debt", body = Balance,
               example = json!({"balance": 18000, "debt": 0, "currency": "TZS"})),
              (status = 401, description = "no good token"), (status = 403, description = "not for this role"),
              (status = 404, description = "no such customer")),
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
    let found = Desk::of(&request)?
        .read(min, async |desk| {
            let rows = desk.query(statements::BALANCE, &[&customer]).await?;
            let row = rows.first();
            let balance: Option<i64> = row.map(|row| row.try_get("balance")).transpose()?.flatten();
            let debt: Option<i64> = row.map(|row| row.try_get("debt")).transpose()?.flatten();
            Ok(Found::of(Source::Billing, position(&rows)?, balance.zip(debt)))
        })
        .await?;
    let (balance, debt) = found.what.ok_or_else(|| absent(found.position))?;
    answer(found.position, &Balance { balance, debt, currency: CURRENCY })
}

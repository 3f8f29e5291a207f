//! `GET /api/v1/users/balance`: a customer's deposit balance and debt, now or at another moment.

use actix_web::{HttpRequest, HttpResponse};
use edge::{Identity, Problem, http::MinPosition};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    access,
    as_of::{Known, Standing, Times, query, standing},
    read::{Desk, Failure, Found, Source, absent, position},
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
    get, path = "/api/v1/users/balance", tag = "money", params(Input, Times),
    responses((status = 200, description = "deposit balance and debt", body = Standing<Balance>,
               example = json!({"balance": 18000, "debt": 0, "currency": "TZS", "position": 1042})),
              (status = 401, description = "no good token"), (status = 403, description = "not for this role"),
              (status = 400, description = "malformed"),
              (status = 404, description = "no such customer; `not_there_yet`: not at that moment"),              (status = 503, description = "`not_caught_up`: the read model has not come so far")),
    security(("bearer" = ["customer", "support", "finance", "admin"]))
)]
pub(crate) async fn get(
    request: HttpRequest,
    identity: Identity,
    min: MinPosition,
) -> Result<HttpResponse, Problem> {
    identity.must_be(access::CUSTOMERS)?;
    let (input, moment): (Input, _) = query(&request)?;
    let customer = access::customer(&identity, input.customer_id)?;
    let desk = Desk::of(&request)?;
    let (known, min) = moment.find(&desk, min).await?;
    let found = desk.read(min, async |desk| read(desk, customer, known).await).await?;
    match (found.what, known) {
        (Some((balance, debt)), _) => {
            standing(found.position, known, Balance { balance, debt, currency: CURRENCY })
        }
        (None, Some(known))
            if desk.read(min, async |desk| read(desk, customer, None).await).await?.what.is_some() =>
        {
            Err(known.not_there_yet(found.position))
        }
        (None, _) => Err(absent(found.position)),
    }
}

/// Deposit balance and debt, where there is such a customer.
async fn read(
    desk: &Desk,
    customer: Uuid,
    known: Option<Known>,
) -> Result<Found<Option<(i64, i64)>>, Failure> {
    let rows = match known {
        None => desk.query(statements::BALANCE, &[&customer]).await?,
        Some(known) => {
            let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
                [&customer, &known.position(), &known.occurred_until];
            desk.query(statements::known::BALANCE, &parameters).await?
        }
    };
    let there: Option<Uuid> = rows.first().map(|row| row.try_get("customer_id")).transpose()?.flatten();
    let money = match (there, rows.first()) {
        (Some(_), Some(row)) => Some((row.try_get("balance")?, row.try_get("debt")?)),
        (_, _) => None,
    };
    Ok(Found::of(Source::Billing, position(&rows)?, money))
}

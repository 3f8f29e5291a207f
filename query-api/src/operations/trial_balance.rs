//! `GET /api/v1/finance/trial-balance`: every account's balance, now or as of a moment.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse};
use domain::postings::Account;
use edge::{Identity, Problem, http::MinPosition};
use serde::Serialize;
use tokio_postgres::Row;
use utoipa::ToSchema;

use crate::{
    access,
    as_of::{Known, Times, moment},
    books::{Filter, Moored, Span},
    read::{Desk, Failure, Found, Source, answer, position},
    rental::CURRENCY,
    statements,
};

/// An account's balance, on the side where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct AccountBalance {
    /// The code in the chart of accounts.
    #[schema(example = "2000")]
    account: String,
    #[schema(example = "customer_deposits")]
    name: &'static str,
    /// What was debited beyond what was credited, if anything.
    debit: i64,
    /// What was credited beyond what was debited, if anything.
    credit: i64,
    #[serde(flatten)]
    span: Span,
    /// Its lines.
    entries: String,
}

/// The trial balance. Both totals are equal, at every position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct TrialBalance {
    /// Every account, by code.
    items: Vec<AccountBalance>,
    total_debit: i64,
    total_credit: i64,
    #[schema(example = "TZS")]
    currency: &'static str,
    /// The position it stands for.
    position: i64,
}

/// All that was debited and credited to an account.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    debit: i64,
    credit: i64,
    span: Span,
}

impl TrialBalance {
    fn of(sums: &BTreeMap<i16, Sum>, moored: &Moored) -> Self {
        let balance = |account: Account| {
            let Sum { debit, credit, span } = sums.get(&account.code()).copied().unwrap_or_default();
            let balance = debit.saturating_sub(credit);
            AccountBalance {
                account: account.code().to_string(),
                name: account.name(),
                debit: balance.max(0),
                credit: balance.saturating_neg().max(0),
                span,
                entries: moored.entries(account, &Filter::default()),
            }
        };
        let items: Vec<AccountBalance> = Account::ALL.into_iter().map(balance).collect();
        let total_debit = items.iter().map(|item| item.debit).sum();
        let total_credit = items.iter().map(|item| item.credit).sum();
        Self { items, total_debit, total_credit, currency: CURRENCY, position: moored.position }
    }
}

/// The trial balance.
#[utoipa::path(
    get, path = "/api/v1/finance/trial-balance", tag = "finance", params(Times),
    responses((status = 200, description = "every account", body = TrialBalance,
               example = json!({"items": [{"account": "1000", "name": "mobile_money", "debit": 20000, "credit": 0, "count": 1,
                   "first_position": 7, "last_position": 7,
                   "entries": "/api/v1/finance/accounts/1000/entries?as_of=position:1042"},
                   {"account": "2000", "name": "customer_deposits", "debit": 0, "credit": 20000, "count": 1,
                   "first_position": 7, "last_position": 7,
                   "entries": "/api/v1/finance/accounts/2000/entries?as_of=position:1042"}],
                   "total_debit": 20000, "total_credit": 20000, "currency": "TZS", "position": 1042})),
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
    let moment = moment(&request)?;
    let desk = Desk::of(&request)?;
    let (known, min) = moment.find(&desk, min).await?;
    let found = desk.read(min, async |desk| read(desk, known).await).await?;
    let balance = found.what;
    answer(balance.position, &balance)
}

async fn read(desk: &Desk, known: Option<Known>) -> Result<Found<TrialBalance>, Failure> {
    let rows = match known {
        None => desk.query(statements::books::TRIAL_BALANCE_NOW, &[]).await?,
        Some(known) => match known.occurred_until {
            None => desk.query_slowly(statements::books::TRIAL_BALANCE, &[&known.position()]).await?,
            Some(time) => {
                desk.query_slowly(statements::known::TRIAL_BALANCE, &[&known.position(), &time]).await?
            }
        },
    };
    let holds = position(&rows)?;
    let balance = TrialBalance::of(&sums(&rows)?, &Moored::to(known, holds));
    Ok(Found::of(Source::Billing, holds, balance))
}

fn sums(rows: &[Row]) -> Result<BTreeMap<i16, Sum>, Failure> {
    let mut sums = BTreeMap::new();
    for row in rows {
        let Some(account) = row.try_get::<_, Option<i16>>("account")? else { continue };
        let (debit, credit) = (row.try_get("debit")?, row.try_get("credit")?);
        sums.insert(account, Sum { debit, credit, span: Span::read(row)? });
    }
    Ok(sums)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_account_stands_on_one_side_and_the_sides_are_equal() {
        let sum = |debit, credit| Sum { debit, credit, span: Span::default() };
        let sums = BTreeMap::from([
            (1000, sum(20_000, 0)),
            (2000, sum(1_000, 20_000)),
            (4000, sum(0, 847)),
            (2100, sum(0, 153)),
        ]);
        let moored = Moored { position: 7, occurred_until: None };
        let balance = serde_json::to_value(TrialBalance::of(&sums, &moored)).unwrap();
        assert_eq!(balance["total_debit"], 20_000);
        assert_eq!(balance["total_credit"], 20_000);
        assert_eq!((&balance["position"], &balance["currency"]), (&7.into(), &"TZS".into()));
        assert_eq!(balance["items"].as_array().unwrap().len(), 13);
        assert_eq!(
            balance["items"][3],
            serde_json::json!({
                "account": "2000", "name": "customer_deposits", "debit": 0, "credit": 19_000, "count": 0,
                "first_position": null, "last_position": null,
                "entries": "/api/v1/finance/accounts/2000/entries?as_of=position:7"
            })
        );
    }
}

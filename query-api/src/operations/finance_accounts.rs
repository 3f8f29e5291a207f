//! `GET /api/v1/finance/accounts`: the chart of accounts, with what each held and what moved on it.

use actix_web::{HttpRequest, HttpResponse};
use chrono::NaiveDate;
use domain::postings::Account;
use edge::{Identity, Problem, http::MinPosition};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    access,
    as_of::{Times, query},
    books::{Class, Days, Filter, Moored, Moved, Span, chart},
    read::{Desk, Found, Source, answer},
    rental::CURRENCY,
};

/// Which booking days.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Input {
    /// The first booking day; without it all before are in.
    #[param(example = "2026-01-01")]
    from: Option<NaiveDate>,
    /// The last booking day.
    #[param(example = "2026-01-31")]
    to: Option<NaiveDate>,
}

/// An account of the chart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ChartAccount {
    /// The code in the chart of accounts.
    #[schema(example = "2000")]
    account: String,
    #[schema(example = "customer_deposits")]
    name: &'static str,
    class: Class,
    /// The side where it grows, and its balance stands: `debit` or `credit`.
    #[schema(example = "credit")]
    side: &'static str,
    /// The balance before the first day.
    opening_balance: i64,
    /// What was debited on the days.
    debit: i64,
    /// What was credited on them.
    credit: i64,
    /// The balance after the last day; negative where it stands on the other side.
    balance: i64,
    #[serde(flatten)]
    span: Span,
    /// Its lines.
    entries: String,
}

/// The chart of accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Chart {
    /// Every account, by code.
    items: Vec<ChartAccount>,
    /// What was debited on all accounts; the same as what was credited.
    total_debit: i64,
    total_credit: i64,
    #[schema(example = "TZS")]
    currency: &'static str,
    /// The position that it stands for.
    #[schema(example = 1042)]
    position: i64,
}

/// The chart of accounts.
#[utoipa::path(
    get, path = "/api/v1/finance/accounts", tag = "finance", params(Input, Times),
    responses((status = 200, description = "every account", body = Chart,
               example = json!({"items": [{"account": "2000", "name": "customer_deposits", "class": "liability",
                   "side": "credit", "opening_balance": 0, "debit": 1000, "credit": 20000, "balance": 19000, "count": 3,
                   "first_position": 7, "last_position": 12,
                   "entries": "/api/v1/finance/accounts/2000/entries?as_of=position:1042"}],
                   "total_debit": 21000, "total_credit": 21000, "currency": "TZS", "position": 1042})),
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
    let (Input { from, to }, moment) = query(&request)?;
    let days = Days::new(from, to)?;
    let desk = Desk::of(&request)?;
    let (known, min) = moment.find(&desk, min).await?;
    let found = desk
        .read(min, async |desk| {
            let (holds, accounts) = chart(desk, days, known).await?;
            Ok(Found::of(Source::Billing, holds, accounts))
        })
        .await?;
    let moored = Moored::to(known, found.position);
    let of = |account: Account| {
        let moved = found.what.get(&account.code()).copied().unwrap_or_default();
        chart_account(account, &moved, moored.entries(account, &Filter { days, ..Filter::default() }))
    };
    let items: Vec<ChartAccount> = Account::ALL.into_iter().map(of).collect();
    let total = |side: fn(&ChartAccount) -> i64| items.iter().map(side).sum();
    let (total_debit, total_credit) = (total(|item| item.debit), total(|item| item.credit));
    let position = moored.position;
    answer(position, &Chart { total_debit, total_credit, items, currency: CURRENCY, position })
}

fn chart_account(account: Account, moved: &Moved, entries: String) -> ChartAccount {
    let class = Class::of(account);
    ChartAccount {
        account: account.code().to_string(),
        name: account.name(),
        class,
        side: class.side(),
        opening_balance: moved.opening(account),
        debit: moved.debit,
        credit: moved.credit,
        balance: moved.closing(account),
        span: moved.span,
        entries,
    }
}

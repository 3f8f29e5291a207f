//! `GET /api/v1/finance/deposits`: what each customer has on deposit. All of it is account 2000.

use actix_web::{HttpRequest, HttpResponse};
use domain::postings::Account;
use edge::{
    Identity, Problem,
    http::{Cursor, Limit, MinPosition, Page},
};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    access,
    as_of::{ByRecording, Known, query},
    books::{Days, Filter, Moored, Span, chart},
    read::{Desk, Failure, Found, Source, answer, items, position},
    rental::CURRENCY,
    statements::books,
};

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Input {
    /// 1 to 500.
    #[serde(default)]
    #[param(value_type = Option<u16>)]
    limit: Limit,
    /// Where the page before ended.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// What a customer has on deposit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Deposit {
    customer_id: Uuid,
    /// What is theirs.
    #[schema(example = 19000)]
    balance: i64,
    #[serde(flatten)]
    span: Span,
    /// The lines that it is made of.
    entries: String,
}

/// Customers' deposits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Deposits {
    /// Who has something on deposit, by id.
    items: Vec<Deposit>,
    #[schema(value_type = Option<String>)]
    next_cursor: Option<Cursor>,
    /// Of all customers, on whatever page: the balance of account 2000.
    #[schema(example = 19000)]
    total: i64,
    #[schema(example = "TZS")]
    currency: &'static str,
    /// The lines that the total is made of.
    entries: String,
    /// The position that it stands for.
    #[schema(example = 1042)]
    position: i64,
}

/// Where a page ended, and the position that all pages stand for.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Place {
    until: i64,
    customer: Uuid,
}

/// Customers' deposits.
#[utoipa::path(
    get, path = "/api/v1/finance/deposits", tag = "finance", params(Input, ByRecording),
    responses((status = 200, description = "by customer", body = Deposits,
               example = json!({"items": [{"customer_id": "0190a6f0-0000-7000-8000-000000000004", "balance": 19000,
                   "count": 3, "first_position": 7, "last_position": 12, "entries":
                   "/api/v1/finance/accounts/2000/entries?customer_id=0190a6f0-0000-7000-8000-000000000004&as_of=position:1042"}],
                   "next_cursor": null, "total": 19000, "currency": "TZS",
                   "entries": "/api/v1/finance/accounts/2000/entries?as_of=position:1042", "position": 1042})),
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
    let after: Option<Place> = input.cursor.as_ref().map(Cursor::key).transpose()?;
    let desk = Desk::of(&request)?;
    let (known, min) = moment.by_recording()?.find(&desk, min).await?;
    let known = after.map(|place| Known::up_to(place.until, known)).or(known);
    let limit = i64::from(input.limit.get()).saturating_add(1);
    let customer = after.map(|place| place.customer);
    let found = desk
        .read(min, async |desk| {
            let (holds, accounts) = chart(desk, Days::default(), known).await?;
            let moored = Moored::to(known, holds);
            let deposits = Account::CustomerDeposits;
            let total = accounts.get(&deposits.code()).map_or(0, |moved| moved.closing(deposits));
            let rows = desk.query_planned(books::DEPOSITS, &[&moored.position, &customer, &limit]).await?;
            position(&rows)?;
            let listed = items(&rows, |row| Deposit::read(row, &moored))?;
            Ok(Found::of(Source::Billing, holds, (total, listed)))
        })
        .await?;
    let moored = Moored::to(known, found.position);
    let (total, listed) = found.what;
    let place = |last: &Deposit| Place { until: moored.position, customer: last.customer_id };
    let Page { items, next_cursor } = Page::cut(listed, input.limit, place);
    let entries = moored.entries(Account::CustomerDeposits, &Filter::default());
    let position = moored.position;
    answer(position, &Deposits { items, next_cursor, total, currency: CURRENCY, entries, position })
}

impl Deposit {
    fn read(row: &Row, moored: &Moored) -> Result<Option<Self>, Failure> {
        let Some(customer_id) = row.try_get("customer_id")? else { return Ok(None) };
        let filter = Filter { customer_id: Some(customer_id), ..Filter::default() };
        Ok(Some(Self {
            customer_id,
            balance: row.try_get("balance")?,
            span: Span::read(row)?,
            entries: moored.entries(Account::CustomerDeposits, &filter),
        }))
    }
}

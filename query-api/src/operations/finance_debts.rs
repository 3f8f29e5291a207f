//! `GET /api/v1/finance/debts`: what customers owe, by the age of the debt. All of it is account 1100.
//!
//! Payments pay the oldest debt first. What is owed is therefore the newest of what was ever raised.

use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{postings::Account, timing::business_day};
use edge::{
    Identity, Problem,
    http::{Cursor, Limit, MinPosition, Page},
};
use serde::{Deserialize, Serialize};
use tokio_postgres::{Row, types::ToSql};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    access,
    as_of::{ByRecording, Known, query},
    books::{Filter, Moored, Span, known_day},
    read::{Desk, Failure, Found, Source, answer, position},
    rental::CURRENCY,
    statements::books,
};

/// How old a debt is, in days since it arose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DebtAge)]
pub(crate) enum Age {
    /// Up to 30 days.
    #[serde(rename = "days_0_30")]
    UpTo30,
    /// 31 to 60.
    #[serde(rename = "days_31_60")]
    UpTo60,
    /// 61 to 90.
    #[serde(rename = "days_61_90")]
    UpTo90,
    /// More.
    #[serde(rename = "over_90_days")]
    Over90,
}

impl Age {
    const ALL: [Self; 4] = [Self::UpTo30, Self::UpTo60, Self::UpTo90, Self::Over90];

    const fn as_str(self) -> &'static str {
        match self {
            Self::UpTo30 => "days_0_30",
            Self::UpTo60 => "days_31_60",
            Self::UpTo90 => "days_61_90",
            Self::Over90 => "over_90_days",
        }
    }
}

/// Which debts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Input {
    /// The business day on which debts are as old as is said; without it that of `as_of`, or today.
    #[param(example = "2026-01-31")]
    on: Option<NaiveDate>,
    /// Only customers who owe something of this age: `days_0_30`, `days_31_60`, `days_61_90` or `over_90_days`.
    #[param(inline)]
    age: Option<Age>,
    /// 1 to 500.
    #[serde(default)]
    #[param(value_type = Option<u16>)]
    limit: Limit,
    /// Where the page before ended.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// A debt by age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Aged {
    /// All of it.
    #[schema(example = 1500)]
    debt: i64,
    /// That which arose up to 30 days ago.
    #[schema(example = 1500)]
    days_0_30: i64,
    days_31_60: i64,
    days_61_90: i64,
    over_90_days: i64,
    #[serde(flatten)]
    span: Span,
}

/// A debt of a customer, as far as it is not paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Debt {
    /// The event that raised it.
    position: i64,
    line: i16,
    #[schema(example = "RentalEnded")]
    event_type: String,
    rental_id: Option<Uuid>,
    /// When it arose.
    occurred_at: DateTime<Utc>,
    booking_day: NaiveDate,
    /// What was raised.
    amount: i64,
    /// What of it is still owed.
    outstanding: i64,
    /// How many days ago it arose.
    days: i64,
}

/// What a customer owes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Debtor {
    customer_id: Uuid,
    #[serde(flatten)]
    aged: Aged,
    /// The debts that are not paid, the oldest first.
    debts: Vec<Debt>,
    /// Everything that ever raised or paid the customer's debt.
    entries: String,
}

/// Of what age debts are, and where the customers are who owe them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct AgeLinks {
    days_0_30: String,
    days_31_60: String,
    days_61_90: String,
    over_90_days: String,
}

/// Customers' debts by age.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Debts {
    /// The business day on which they are so old.
    on: NaiveDate,
    /// Who owes something, by id.
    items: Vec<Debtor>,
    #[schema(value_type = Option<String>)]
    next_cursor: Option<Cursor>,
    /// Of all debtors of whatever age, on whatever page: the balance of account 1100.
    totals: Aged,
    /// How many debtors that are.
    customers: i64,
    /// Who owes something of each age.
    debtors: AgeLinks,
    #[schema(example = "TZS")]
    currency: &'static str,
    /// The lines of account 1100.
    entries: String,
    /// The position that it stands for.
    #[schema(example = 1042)]
    position: i64,
}

/// Where a page ended, and what all pages stand for.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Place {
    until: i64,
    on: NaiveDate,
    customer: Uuid,
}

/// Customers' debts by age.
#[utoipa::path(
    get, path = "/api/v1/finance/debts", tag = "finance", params(Input, ByRecording),
    responses((status = 200, description = "by customer", body = Debts,
               example = json!({"on": "2026-01-31", "items": [{"customer_id": "0190a6f0-0000-7000-8000-000000000004",
                   "debt": 1500, "days_0_30": 1500, "days_31_60": 0, "days_61_90": 0, "over_90_days": 0, "count": 1,
                   "first_position": 12, "last_position": 12, "debts": [{"position": 12, "line": 3,
                   "event_type": "RentalEnded", "rental_id": "0190a6f0-0000-7000-8000-000000000003",
                   "occurred_at": "2026-01-15T09:10:00Z", "booking_day": "2026-01-15", "amount": 1500,
                   "outstanding": 1500, "days": 16}], "entries":
                   "/api/v1/finance/accounts/1100/entries?customer_id=0190a6f0-0000-7000-8000-000000000004&as_of=position:1042"}],
                   "next_cursor": null, "totals": {"debt": 1500, "days_0_30": 1500, "days_31_60": 0, "days_61_90": 0,
                   "over_90_days": 0, "count": 1, "first_position": 12, "last_position": 12}, "customers": 1,
                   "debtors": {
                   "days_0_30": "/api/v1/finance/debts?on=2026-01-31&age=days_0_30&as_of=position:1042",
                   "days_31_60": "/api/v1/finance/debts?on=2026-01-31&age=days_31_60&as_of=position:1042",
                   "days_61_90": "/api/v1/finance/debts?on=2026-01-31&age=days_61_90&as_of=position:1042",
                   "over_90_days": "/api/v1/finance/debts?on=2026-01-31&age=over_90_days&as_of=position:1042"},
                   "currency": "TZS", "entries": "/api/v1/finance/accounts/1100/entries?as_of=position:1042",
                   "position": 1042})),
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
    let named = input.on.map(|on| known_day("on", on)).transpose()?;
    let desk = Desk::of(&request)?;
    let (known, min) = moment.by_recording()?.find(&desk, min).await?;
    let now = known.map_or_else(|| desk.stacks().clock.now(), |known| known.recorded_until);
    let on = after.map(|place| place.on).or(named).unwrap_or_else(|| business_day(now));
    let known = after.map(|place| Known::up_to(place.until, known)).or(known);
    let customer = after.map(|place| place.customer);
    let (age, limit) = (input.age.map(Age::as_str), i64::from(input.limit.get()).saturating_add(1));
    let found = desk
        .read(min, async |desk| {
            let rows = rows(desk, known, (&on, &customer, &limit, &age)).await?;
            let holds = position(&rows)?;
            Ok(Found::of(Source::Billing, holds, Read::of(&rows, &Moored::to(known, holds))?))
        })
        .await?;
    let moored = Moored::to(known, found.position);
    let place = |last: &Debtor| Place { until: moored.position, on, customer: last.customer_id };
    let Read { totals, customers, debtors } = found.what;
    let Page { items, next_cursor } = Page::cut(debtors, input.limit, place);
    let entries = moored.entries(Account::CustomerReceivables, &Filter::default());
    let (debtors, currency, position) = (AgeLinks::of(&moored, on), CURRENCY, moored.position);
    answer(
        position,
        &Debts { on, items, next_cursor, totals, customers, debtors, currency, entries, position },
    )
}

type Page4<'a> = (&'a NaiveDate, &'a Option<Uuid>, &'a i64, &'a Option<&'static str>);

async fn rows(
    desk: &Desk,
    known: Option<Known>,
    (on, customer, limit, age): Page4<'_>,
) -> Result<Vec<Row>, Failure> {
    let until = known.map_or(i64::MAX, |known| known.position());
    let sql = if known.is_none() { books::DEBTS_NOW } else { books::DEBTS };
    let parameters: [&(dyn ToSql + Sync); 5] = [&until, on, customer, limit, age];
    desk.query_planned(sql, &parameters).await
}

struct Read {
    totals: Aged,
    customers: i64,
    debtors: Vec<Debtor>,
}

impl Read {
    /// The first row is the whole of all debtors.
    fn of(rows: &[Row], moored: &Moored) -> Result<Self, Failure> {
        let (whole, debtors) = rows.split_first().ok_or(Failure::Damaged("debts without their whole"))?;
        let debtors: Result<Vec<Debtor>, Failure> =
            debtors.iter().map(|row| Debtor::read(row, moored)).collect();
        Ok(Self { totals: Aged::read(whole)?, customers: whole.try_get("customers")?, debtors: debtors? })
    }
}

impl Aged {
    fn read(row: &Row) -> Result<Self, Failure> {
        Ok(Self {
            debt: row.try_get("debt")?,
            days_0_30: row.try_get("days_0_30")?,
            days_31_60: row.try_get("days_31_60")?,
            days_61_90: row.try_get("days_61_90")?,
            over_90_days: row.try_get("over_90_days")?,
            span: Span::read(row)?,
        })
    }
}

impl Debtor {
    fn read(row: &Row, moored: &Moored) -> Result<Self, Failure> {
        let customer_id: Uuid = row.try_get("customer_id")?;
        let filter = Filter { customer_id: Some(customer_id), ..Filter::default() };
        let debts: serde_json::Value = row.try_get("debts")?;
        Ok(Self {
            customer_id,
            aged: Aged::read(row)?,
            debts: serde_json::from_value(debts).map_err(|_| Failure::Damaged("debts in another shape"))?,
            entries: moored.entries(Account::CustomerReceivables, &filter),
        })
    }
}

impl AgeLinks {
    fn of(moored: &Moored, on: NaiveDate) -> Self {
        let [days_0_30, days_31_60, days_61_90, over_90_days] = Age::ALL.map(|age| {
            let of_age = [("on", on.to_string()), ("age", age.as_str().to_owned())];
            moored.report("/api/v1/finance/debts", &of_age)
        });
        Self { days_0_30, days_31_60, days_61_90, over_90_days }
    }
}

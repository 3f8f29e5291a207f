//! `GET /api/v1/finance/vat`: what was taxed and the tax, by kind of income and rate, with what corrected it.
//!
//! The tax of all lines is what account 2100 moved on the same days.

use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, NaiveDate, Utc};
use domain::postings::Account;
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
    as_of::{Known, Times, query},
    books::{Days, Filter, Moored, Moved, Span, chart},
    read::{Desk, Failure, Found, Source, answer, items, position},
    rental::CURRENCY,
    statements::books,
};

/// Which period.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Input {
    /// A calendar month of booking days.
    #[param(example = "2026-01")]
    period: Option<String>,
    /// In place of a month: the first booking day.
    from: Option<NaiveDate>,
    /// In place of a month: the last booking day.
    to: Option<NaiveDate>,
    /// Corrections on a page: 1 to 500.
    #[serde(default)]
    #[param(value_type = Option<u16>)]
    limit: Limit,
    /// Where the page of corrections before ended.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// Tax and what is taxed. Gross is both together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Taxed {
    /// What is taxed, without the tax.
    #[schema(example = 847)]
    base: i64,
    /// The tax.
    #[schema(example = 153)]
    vat: i64,
    #[schema(example = 1000)]
    gross: i64,
}

impl Taxed {
    fn read(row: &Row, base: &str, vat: &str) -> Result<Self, Failure> {
        Ok(Self::of(row.try_get(base)?, row.try_get(vat)?))
    }

    const fn of(base: i64, vat: i64) -> Self {
        Self { base, vat, gross: base.saturating_add(vat) }
    }

    const fn plus(self, other: Self) -> Self {
        Self::of(self.base.saturating_add(other.base), self.vat.saturating_add(other.vat))
    }
}

/// Output VAT of one kind of income at one rate. What was taken back is taken off already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct VatRate {
    /// `usage`, `late` or `replacement`.
    #[schema(example = "usage")]
    kind: String,
    /// The rate in percent.
    #[schema(example = 18)]
    rate: i16,
    #[serde(flatten)]
    taxed: Taxed,
    /// What of it was taken back.
    reversed: Taxed,
    /// How many rentals it is of.
    rentals: i64,
    #[serde(flatten)]
    span: Span,
    /// The lines of the tax; of the account of revenue with the same parameters those of the base.
    entries: String,
}

/// An event that took back what had been taxed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct VatCorrection {
    #[schema(example = 1042)]
    position: i64,
    #[schema(example = "RentalCorrected")]
    event_type: String,
    rental_id: Option<Uuid>,
    occurred_at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
    booking_day: NaiveDate,
    /// What it took back.
    reversed: Taxed,
    /// What it charged instead.
    charged: Taxed,
    /// All lines of the rental.
    entries: String,
}

/// What account 2100 held and what moved on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct VatAccount {
    #[schema(example = "2100")]
    account: String,
    opening_balance: i64,
    debit: i64,
    credit: i64,
    /// Credits less debits: the tax of the period.
    #[schema(example = 153)]
    movement: i64,
    closing_balance: i64,
    #[serde(flatten)]
    span: Span,
    entries: String,
}

/// The report on VAT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Vat {
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    /// By kind and rate.
    items: Vec<VatRate>,
    /// All of them: the tax is the movement of account 2100.
    totals: Taxed,
    account: VatAccount,
    /// What took back what had been taxed, in the order of recording.
    corrections: Vec<VatCorrection>,
    /// Where the next page of corrections starts; null at the end.
    #[schema(value_type = Option<String>)]
    next_cursor: Option<Cursor>,
    #[schema(example = "TZS")]
    currency: &'static str,
    /// The position that it stands for.
    #[schema(example = 1042)]
    position: i64,
}

/// Where a page of corrections ended, and the position that all pages stand for.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Place {
    until: i64,
    position: i64,
}

/// The report on VAT.
#[utoipa::path(
    get, path = "/api/v1/finance/vat", tag = "finance", params(Input, Times),
    responses((status = 200, description = "VAT of a period", body = Vat,
               example = json!({"from": "2026-01-01", "to": "2026-01-31", "items": [{"kind": "usage", "rate": 18,
                   "base": 847, "vat": 153, "gross": 1000, "reversed": {"base": 847, "vat": 153, "gross": 1000},
                   "rentals": 1, "count": 6, "first_position": 12, "last_position": 40, "entries":
                   "/api/v1/finance/accounts/2100/entries?from=2026-01-01&to=2026-01-31&kind=usage&vat_percent=18&as_of=position:1042"}],
                   "totals": {"base": 847, "vat": 153, "gross": 1000},
                   "account": {"account": "2100", "opening_balance": 0, "debit": 153, "credit": 306, "movement": 153,
                   "closing_balance": 153, "count": 3, "first_position": 12, "last_position": 40, "entries":
                   "/api/v1/finance/accounts/2100/entries?from=2026-01-01&to=2026-01-31&as_of=position:1042"},
                   "corrections": [{"position": 40, "event_type": "RentalCorrected",
                   "rental_id": "0190a6f0-0000-7000-8000-000000000003", "occurred_at": "2026-01-16T08:00:00Z",
                   "recorded_at": "2026-01-16T08:00:00.010Z", "booking_day": "2026-01-16",
                   "reversed": {"base": 847, "vat": 153, "gross": 1000},
                   "charged": {"base": 847, "vat": 153, "gross": 1000}, "entries":
                   "/api/v1/finance/journal?rental_id=0190a6f0-0000-7000-8000-000000000003&as_of=position:1042"}],
                   "next_cursor": null, "currency": "TZS", "position": 1042})),
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
    let days = input.days()?;
    let after: Option<Place> = input.cursor.as_ref().map(Cursor::key).transpose()?;
    let desk = Desk::of(&request)?;
    let (known, min) = moment.find(&desk, min).await?;
    let known = after.map(|place| Known::up_to(place.until, known)).or(known);
    let asked = Asked { days, known, after: after.map_or(0, |place| place.position), limit: input.limit };
    let found = desk.read(min, async |desk| asked.read(desk).await).await?;
    answer(found.what.position, &found.what)
}

impl Input {
    fn days(&self) -> Result<Days, Problem> {
        match (&self.period, self.from, self.to) {
            (Some(period), None, None) => Days::month(period),
            (Some(_), _, _) => Err(Problem::malformed("period is a month, from and to are days: not both")),
            (None, from, to) => Days::new(from, to),
        }
    }
}

/// What is asked for.
struct Asked {
    days: Days,
    known: Option<Known>,
    after: i64,
    limit: Limit,
}

impl Asked {
    async fn read(&self, desk: &Desk) -> Result<Found<Vat>, Failure> {
        let (holds, accounts) = chart(desk, self.days, self.known).await?;
        let moored = Moored::to(self.known, holds);
        let filter = Filter { days: self.days, ..Filter::default() };
        let moved = accounts.get(&Account::VatPayable.code()).copied().unwrap_or_default();
        let (time, Days { from, to }) = (moored.occurred_until, self.days);
        let limit = i64::from(self.limit.get()).saturating_add(1);
        let lines: [&(dyn ToSql + Sync); 4] = [&time, &from, &to, &moored.position];
        let rows = desk.query_planned(books::VAT_RATES, &lines).await?;
        position(&rows)?;
        let rates = items(&rows, |row| VatRate::read(row, &filter, &moored))?;
        let page: [&(dyn ToSql + Sync); 2] = [&self.after, &limit];
        let rows = desk.query_planned(books::VAT_CORRECTIONS, &[&lines[..], &page].concat()).await?;
        position(&rows)?;
        let corrections = items(&rows, |row| VatCorrection::read(row, &moored))?;
        let place = |last: &VatCorrection| Place { until: moored.position, position: last.position };
        let Page { items: corrections, next_cursor } = Page::cut(corrections, self.limit, place);
        let vat = Vat {
            from,
            to,
            totals: rates.iter().fold(Taxed::default(), |sum, rate| sum.plus(rate.taxed)),
            items: rates,
            account: VatAccount::of(&moved, moored.entries(Account::VatPayable, &filter)),
            corrections,
            next_cursor,
            currency: CURRENCY,
            position: moored.position,
        };
        Ok(Found::of(Source::Billing, holds, vat))
    }
}

impl VatRate {
    fn read(row: &Row, filter: &Filter, moored: &Moored) -> Result<Option<Self>, Failure> {
        let Some(kind) = row.try_get::<_, Option<String>>("kind")? else { return Ok(None) };
        let rate = row.try_get("vat_percent")?;
        let of_rate = Filter { kind: Some(kind.clone()), vat_percent: Some(rate), ..filter.clone() };
        Ok(Some(Self {
            kind,
            rate,
            taxed: Taxed::read(row, "base", "vat")?,
            reversed: Taxed::read(row, "reversed_base", "reversed_vat")?,
            rentals: row.try_get("rentals")?,
            span: Span::read(row)?,
            entries: moored.entries(Account::VatPayable, &of_rate),
        }))
    }
}

impl VatCorrection {
    fn read(row: &Row, moored: &Moored) -> Result<Option<Self>, Failure> {
        let Some(position) = row.try_get("at")? else { return Ok(None) };
        let rental_id = row.try_get("rental_id")?;
        Ok(Some(Self {
            position,
            event_type: row.try_get("event_type")?,
            rental_id,
            occurred_at: row.try_get("occurred_at")?,
            recorded_at: row.try_get("recorded_at")?,
            booking_day: row.try_get("booking_day")?,
            reversed: Taxed::read(row, "reversed_base", "reversed_vat")?,
            charged: Taxed::read(row, "charged_base", "charged_vat")?,
            entries: moored.journal(&Filter { rental_id, ..Filter::default() }),
        }))
    }
}

impl VatAccount {
    fn of(moved: &Moved, entries: String) -> Self {
        let account = Account::VatPayable;
        let (opening_balance, closing_balance) = (moved.opening(account), moved.closing(account));
        Self {
            account: account.code().to_string(),
            opening_balance,
            debit: moved.debit,
            credit: moved.credit,
            movement: closing_balance.saturating_sub(opening_balance),
            closing_balance,
            span: moved.span,
            entries,
        }
    }
}

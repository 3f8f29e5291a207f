//! `GET /api/v1/finance/accounts/{code}/entries`: the lines of one account by booking day, with its running balance.
//!
//! A cursor keeps the position that the first page stood for: the pages together are one answer.

use actix_web::{HttpRequest, HttpResponse};
use chrono::NaiveDate;
use domain::postings::Account;
use edge::{
    Identity, Problem,
    http::{Cursor, MinPosition},
};
use serde::{Deserialize, Serialize};
use tokio_postgres::{Row, types::ToSql};
use utoipa::ToSchema;

use crate::{
    access,
    as_of::{Known, Times, query},
    books::{Class, Entry, Filter, Lines, Moored, Moved, Span, chart, of_path, on_its_side},
    read::{Desk, Failure, Found, Source, answer, items, position},
    rental::CURRENCY,
    statements::books,
};

/// A line of the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct AccountEntry {
    /// What it adds to the account, on the side where the account grows; negative where it takes away.
    #[schema(example = 20000)]
    change: i64,
    /// The balance after it.
    #[schema(example = 20000)]
    balance: i64,
    #[serde(flatten)]
    entry: Entry,
}

/// The entries of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct AccountEntries {
    /// The code in the chart of accounts.
    #[schema(example = "2000")]
    account: String,
    #[schema(example = "customer_deposits")]
    name: &'static str,
    class: Class,
    /// The side where it grows, and its balance stands: `debit` or `credit`.
    #[schema(example = "credit")]
    side: &'static str,
    /// What the lines before the first day came to.
    opening_balance: i64,
    /// The debits of all lines that were asked for, on whatever page.
    debit: i64,
    /// The credits.
    credit: i64,
    /// What opening, debits and credits come to.
    closing_balance: i64,
    #[serde(flatten)]
    span: Span,
    #[schema(example = "TZS")]
    currency: &'static str,
    /// By booking day, and on a day in the order of recording.
    items: Vec<AccountEntry>,
    #[schema(value_type = Option<String>)]
    next_cursor: Option<Cursor>,
    /// The position that it stands for, on every page.
    #[schema(example = 1042)]
    position: i64,
}

/// Where a page ended: the position that all pages stand for, the last line, and the balance after it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Place {
    until: i64,
    day: NaiveDate,
    position: i64,
    line: i16,
    balance: i64,
}

/// The entries of an account.
#[utoipa::path(
    get, path = "/api/v1/finance/accounts/{code}/entries", tag = "finance",
    params(("code" = String, Path, description = "of the chart of accounts", example = "2000"), Lines, Times),
    responses((status = 200, description = "by booking day, with the running balance", body = AccountEntries,
               example = json!({"account": "2000", "name": "customer_deposits", "class": "liability", "side": "credit",
                   "opening_balance": 0, "debit": 0, "credit": 20000, "closing_balance": 20000, "count": 1,
                   "first_position": 1042, "last_position": 1042, "currency": "TZS",
                   "items": [{"change": 20000, "balance": 20000, "position": 1042, "line": 1, "debit": "1000",
                   "credit": "2000", "amount": 20000,
                   "currency": "TZS", "customer_id": "0190a6f0-0000-7000-8000-000000000004",
                   "provider": "mpesa", "occurred_at": "2026-01-15T08:00:30Z",
                   "recorded_at": "2026-01-15T08:00:30.004Z", "booking_day": "2026-01-15",
                   "event_type": "PaymentSettled", "rental_id": null, "station_id": null, "tariff_id": null,
                   "tariff_version": null, "kind": null, "vat_percent": null}],
                   "next_cursor": null, "position": 1042})),
              (status = 400, description = "malformed"), (status = 401, description = "no good token"),
              (status = 403, description = "not for this role"),
              (status = 404, description = "no account of that code"),
              (status = 503, description = "`not_caught_up`: the read model has not come so far")),
    security(("bearer" = ["finance", "analyst", "admin"]))
)]
pub(crate) async fn get(
    request: HttpRequest,
    identity: Identity,
    min: MinPosition,
) -> Result<HttpResponse, Problem> {
    identity.must_be(access::FINANCE)?;
    let (lines, moment): (Lines, _) = query(&request)?;
    let account = of_path(request.match_info().get("code").unwrap_or_default())?;
    if lines.account.is_some() {
        return Err(Problem::malformed("the account stands in the path, not in the query"));
    }
    let filter = Filter { account: Some(account.code()), ..lines.filter()? };
    let after: Option<Place> = lines.cursor.as_ref().map(Cursor::key).transpose()?;
    let desk = Desk::of(&request)?;
    let (known, min) = moment.find(&desk, min).await?;
    let asked = Asked { account, filter, known, after, limit: usize::from(lines.limit.get()) };
    let found = desk.read(min, async |desk| asked.read(desk).await).await?;
    answer(found.what.position, &found.what)
}

/// What is asked for.
struct Asked {
    account: Account,
    filter: Filter,
    known: Option<Known>,
    after: Option<Place>,
    limit: usize,
}

impl Asked {
    async fn read(&self, desk: &Desk) -> Result<Found<AccountEntries>, Failure> {
        let known = match self.after {
            Some(place) => Some(Known::up_to(place.until, self.known)),
            None => self.known,
        };
        let (holds, moved) = self.sums(desk, known).await?;
        let moored = Moored::to(known, holds);
        let entries = items(&self.rows(desk, moored).await?, Entry::read)?;
        let (items, next_cursor) = self.page(entries, moved, moored.position);
        let (account, class) = (self.account, Class::of(self.account));
        let answer = AccountEntries {
            account: account.code().to_string(),
            name: account.name(),
            class,
            side: class.side(),
            opening_balance: moved.opening(account),
            debit: moved.debit,
            credit: moved.credit,
            closing_balance: moved.closing(account),
            span: moved.span,
            currency: CURRENCY,
            items,
            next_cursor,
            position: moored.position,
        };
        Ok(Found::of(Source::Billing, holds, answer))
    }

    /// What all lines come to: of a whole account from the totals of its days.
    async fn sums(&self, desk: &Desk, known: Option<Known>) -> Result<(i64, Moved), Failure> {
        if self.filter.is_whole_account() {
            let (holds, accounts) = chart(desk, self.filter.days, known).await?;
            return Ok((holds, accounts.get(&self.account.code()).copied().unwrap_or_default()));
        }
        let until = known.map_or(i64::MAX, |known| known.position());
        let time = known.and_then(|known| known.occurred_until);
        let sql = match (self.filter.rental_id, self.filter.customer_id) {
            (Some(_), _) => books::SUMS_OF_RENTAL,
            (None, Some(_)) => books::SUMS_OF_CUSTOMER,
            (None, None) => books::SUMS,
        };
        let mut parameters = self.filter.parameters(&time).to_vec();
        parameters.push(&until);
        let rows = desk.query_planned(sql, &parameters).await?;
        let row = rows.first().ok_or(Failure::Damaged("sums without a row"))?;
        Ok((position(&rows)?, Moved::read(row)?))
    }

    async fn rows(&self, desk: &Desk, moored: Moored) -> Result<Vec<Row>, Failure> {
        let sql = match (self.filter.rental_id, self.filter.customer_id) {
            (Some(_), _) => books::ENTRIES_OF_RENTAL,
            (None, Some(_)) => books::ENTRIES_OF_CUSTOMER,
            (None, None) => books::ENTRIES,
        };
        let limit = i64::try_from(self.limit).unwrap_or(i64::MAX).saturating_add(1);
        let (day, at, line) =
            self.after.map_or((None, 0, 0), |place| (Some(place.day), place.position, place.line));
        let page: [&(dyn ToSql + Sync); 5] = [&moored.position, &limit, &at, &line, &day];
        let parameters = [&self.filter.parameters(&moored.occurred_until)[..], &page].concat();
        desk.query_planned(sql, &parameters).await
    }

    /// The lines of a page with the balance after each, and where it ended if there is more.
    fn page(&self, mut entries: Vec<Entry>, moved: Moved, until: i64) -> (Vec<AccountEntry>, Option<Cursor>) {
        let more = entries.len() > self.limit;
        entries.truncate(self.limit);
        let mut balance = self.after.map_or_else(|| moved.opening(self.account), |place| place.balance);
        let code = self.account.code().to_string();
        let run = |entry: Entry| {
            let (debit, credit) = if entry.debit == code { (entry.amount, 0) } else { (0, entry.amount) };
            let change = on_its_side(self.account, debit, credit);
            balance = balance.saturating_add(change);
            AccountEntry { change, balance, entry }
        };
        let items: Vec<AccountEntry> = entries.into_iter().map(run).collect();
        let last = items.last().filter(|_| more).map(|AccountEntry { entry, balance, .. }| Place {
            until,
            day: entry.booking_day,
            position: entry.position,
            line: entry.line,
            balance: *balance,
        });
        (items, last.map(|place| Cursor::after(&place)))
    }
}

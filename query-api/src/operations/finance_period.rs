//! `GET /api/v1/finance/periods/{until}`: what the close of a period recorded, and what became known of it afterwards.

use actix_web::{HttpRequest, HttpResponse};
use chrono::NaiveDate;
use edge::{
    Identity, Problem,
    http::{Cursor, Limit, MinPosition, Page},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    access,
    as_of::{ByRecording, Known, Standing, query, standing},
    books::{ClosedPeriod, Entry, Moored, PeriodAccount, known_day},
    read::{Desk, Failure, Found, Source, absent, items, position},
    statements::books,
};

/// Which page of late postings.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Input {
    /// Late postings on a page: 1 to 500.
    #[serde(default)]
    #[param(value_type = Option<u16>)]
    limit: Limit,
    /// Where the page of late postings before ended.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// A closed period with its accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Period {
    #[serde(flatten)]
    period: ClosedPeriod,
    /// The accounts as the close recorded them, by code.
    accounts: Vec<PeriodAccount>,
    /// Lines that happened in the period and were recorded after its close, with the day they are booked on.
    late_postings: Vec<Entry>,
    /// Where the next page of late postings starts; null at the end.
    #[schema(value_type = Option<String>)]
    next_cursor: Option<Cursor>,
}

/// A closed period.
#[utoipa::path(
    get, path = "/api/v1/finance/periods/{until}", tag = "finance",
    params(("until" = NaiveDate, Path, description = "its last day", example = "2026-01-31"), Input, ByRecording),
    responses((status = 200, description = "the period as it was closed, and what came late", body = Standing<Period>,
               example = json!({"from": null, "until": "2026-01-31",
                   "closed_by": "0190a6f0-0000-7000-8000-00000000000b", "closed_at": "2026-02-02T06:00:00Z",
                   "recorded_at": "2026-02-02T06:00:00.010Z", "closed_position": 1042, "figures_position": 1041,
                   "total_debit": 21000, "total_credit": 21000, "checkpoint": {"origin": "chajipoa/0190a6f0/1",
                   "size": 1041, "root": "b1946ac92492d2347c6235b4d2611184b1946ac92492d2347c6235b4d2611184"},
                   "late": {"count": 0, "first_position": null, "last_position": null},
                   "vat": "/api/v1/finance/vat?to=2026-01-31&as_of=position:1042",
                   "accounts": [{"account": "2000", "name": "customer_deposits", "debit": 1000, "credit": 20000,
                   "balance": 19000, "entries":
                   "/api/v1/finance/accounts/2000/entries?to=2026-01-31&as_of=position:1042"}],
                   "late_postings": [], "next_cursor": null, "position": 1042})),
              (status = 400, description = "malformed"), (status = 401, description = "no good token"),
              (status = 403, description = "not for this role"),
              (status = 404, description = "no closed period ends with that day"),
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
    let named = request.match_info().get("until").unwrap_or_default().parse();
    let until = named.map_err(|_| Problem::malformed("until in the path is a day as in 2026-01-31"))?;
    let until = known_day("until", until)?;
    let after: (i64, i16) = input.cursor.as_ref().map(Cursor::key).transpose()?.unwrap_or((0, 0));
    let desk = Desk::of(&request)?;
    let (known, min) = moment.by_recording()?.find(&desk, min).await?;
    let asked = Asked { until, known, after, limit: input.limit };
    let found = desk.read(min, async |desk| asked.read(desk).await).await?;
    let period = found.what.ok_or_else(|| absent(found.position))?;
    standing(found.position, known, period)
}

/// What is asked for.
struct Asked {
    until: NaiveDate,
    known: Option<Known>,
    after: (i64, i16),
    limit: Limit,
}

impl Asked {
    async fn read(&self, desk: &Desk) -> Result<Found<Option<Period>>, Failure> {
        let known = self.known.map_or(i64::MAX, |known| known.position());
        let rows = desk.query_planned(books::PERIOD, &[&known, &self.until]).await?;
        let holds = position(&rows)?;
        let moored = Moored::to(self.known, holds);
        let row = rows.first().ok_or(Failure::Damaged("a period without a row"))?;
        let Some(period) = ClosedPeriod::read(row, &moored)? else {
            return Ok(Found::of(Source::Billing, holds, None));
        };
        let accounts = period.accounts(row, &moored)?;
        let Page { items: late_postings, next_cursor } = self.late(desk, moored.position).await?;
        let period = Period { period, accounts, late_postings, next_cursor };
        Ok(Found::of(Source::Billing, holds, Some(period)))
    }

    async fn late(&self, desk: &Desk, known: i64) -> Result<Page<Entry>, Failure> {
        let limit = i64::from(self.limit.get()).saturating_add(1);
        let (at, line) = self.after;
        let rows =
            desk.query_planned(books::LATE_POSTINGS, &[&known, &self.until, &at, &line, &limit]).await?;
        position(&rows)?;
        Ok(Page::cut(items(&rows, Entry::read)?, self.limit, |entry| (entry.position, entry.line)))
    }
}

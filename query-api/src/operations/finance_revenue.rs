//! `GET /api/v1/finance/revenue`: income by booking day, by station or by price list.
//!
//! The whole of all groups is what the accounts 4000, 4010, 4020 and 2100 moved on the same days.

use actix_web::{HttpRequest, HttpResponse};
use chrono::NaiveDate;
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
    as_of::{Times, query},
    books::{Days, Filter, Income, IncomeLinks, Moored},
    read::{Desk, Failure, Found, Source, answer, position},
    rental::CURRENCY,
    statements::books,
};

/// By what income is grouped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RevenueBy)]
pub(crate) enum By {
    /// By booking day.
    #[default]
    Day,
    /// By the station where the rental started.
    Station,
    /// By price list and version.
    Tariff,
}

/// Which income.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Input {
    /// `day`, `station` or `tariff`; `day` if it is not said.
    #[serde(default)]
    #[param(inline, required = false)]
    by: By,
    /// The first booking day.
    #[param(example = "2026-01-01")]
    from: Option<NaiveDate>,
    /// The last booking day.
    #[param(example = "2026-01-31")]
    to: Option<NaiveDate>,
    /// Only rentals that started at this station.
    station_id: Option<Uuid>,
    /// Only rentals by this price list.
    tariff_id: Option<Uuid>,
    /// Only by this version of it.
    tariff_version: Option<i32>,
    /// 1 to 500.
    #[serde(default)]
    #[param(value_type = Option<u16>)]
    limit: Limit,
    /// Where the page before ended.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// Income of one day, station or price list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct RevenueGroup {
    /// By day: the booking day.
    #[serde(skip_serializing_if = "Option::is_none")]
    day: Option<NaiveDate>,
    /// By station: where the rentals started.
    #[serde(skip_serializing_if = "Option::is_none")]
    station_id: Option<Uuid>,
    /// By tariff: the price list.
    #[serde(skip_serializing_if = "Option::is_none")]
    tariff_id: Option<Uuid>,
    /// By tariff: its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    tariff_version: Option<i32>,
    #[serde(flatten)]
    income: Income,
    /// The lines behind the numbers.
    entries: IncomeLinks,
    #[serde(skip)]
    key: String,
}

/// Income.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Revenue {
    by: By,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    /// By day, or by id.
    items: Vec<RevenueGroup>,
    #[schema(value_type = Option<String>)]
    next_cursor: Option<Cursor>,
    /// All groups together, whatever page they are on. A rental that was billed on one day and corrected on another is in
    /// two groups and here once.
    totals: Income,
    /// The lines behind the totals.
    entries: IncomeLinks,
    #[schema(example = "TZS")]
    currency: &'static str,
    /// The position that it stands for.
    #[schema(example = 1042)]
    position: i64,
}

/// Income.
#[utoipa::path(
    get, path = "/api/v1/finance/revenue", tag = "finance", params(Input, Times),
    responses((status = 200, description = "income by day, station or tariff", body = Revenue,
               example = json!({"by": "day", "from": "2026-01-15", "to": "2026-01-15", "items": [{"day": "2026-01-15",
                   "usage": {"net": 847, "vat": 153, "gross": 1000}, "late": {"net": 0, "vat": 0, "gross": 0},
                   "replacement": {"net": 0, "vat": 0, "gross": 0}, "total": {"net": 847, "vat": 153, "gross": 1000},
                   "reversed": {"net": 0, "vat": 0, "gross": 0}, "rentals": 1, "count": 2, "first_position": 1042,
                   "last_position": 1042, "entries": {
                   "usage": "/api/v1/finance/accounts/4000/entries?from=2026-01-15&to=2026-01-15&as_of=position:1042",
                   "late": "/api/v1/finance/accounts/4010/entries?from=2026-01-15&to=2026-01-15&as_of=position:1042",
                   "replacement":
                       "/api/v1/finance/accounts/4020/entries?from=2026-01-15&to=2026-01-15&as_of=position:1042",
                   "vat": "/api/v1/finance/accounts/2100/entries?from=2026-01-15&to=2026-01-15&as_of=position:1042"}}],
                   "next_cursor": null, "totals": {
                   "usage": {"net": 847, "vat": 153, "gross": 1000}, "late": {"net": 0, "vat": 0, "gross": 0},
                   "replacement": {"net": 0, "vat": 0, "gross": 0}, "total": {"net": 847, "vat": 153, "gross": 1000},
                   "reversed": {"net": 0, "vat": 0, "gross": 0}, "rentals": 1, "count": 2, "first_position": 1042,
                   "last_position": 1042}, "entries": {
                   "usage": "/api/v1/finance/accounts/4000/entries?from=2026-01-15&to=2026-01-15&as_of=position:1042",
                   "late": "/api/v1/finance/accounts/4010/entries?from=2026-01-15&to=2026-01-15&as_of=position:1042",
                   "replacement":
                       "/api/v1/finance/accounts/4020/entries?from=2026-01-15&to=2026-01-15&as_of=position:1042",
                   "vat": "/api/v1/finance/accounts/2100/entries?from=2026-01-15&to=2026-01-15&as_of=position:1042"},
                   "currency": "TZS", "position": 1042})),
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
    let filter = input.filter()?;
    let after: Option<String> = input.cursor.as_ref().map(Cursor::key).transpose()?;
    let desk = Desk::of(&request)?;
    let (known, min) = moment.find(&desk, min).await?;
    let until = known.map_or(i64::MAX, |known| known.position());
    let time = known.and_then(|known| known.occurred_until);
    let limit = i64::from(input.limit.get()).saturating_add(1);
    let found = desk
        .read(min, async |desk| {
            let parameters: [&(dyn ToSql + Sync); 9] = [
                &time,
                &filter.days.from,
                &filter.days.to,
                &until,
                &filter.station_id,
                &filter.tariff_id,
                &filter.tariff_version,
                &limit,
                &after,
            ];
            let rows = desk.query_planned(input.by.statement(), &parameters).await?;
            let holds = position(&rows)?;
            let (whole, groups) = rows.split_first().ok_or(Failure::Damaged("income without its whole"))?;
            let moored = Moored::to(known, holds);
            let groups: Result<Vec<_>, _> =
                groups.iter().map(|row| input.by.group(row, &filter, &moored)).collect();
            Ok(Found::of(Source::Billing, holds, (Income::read(whole)?, groups?)))
        })
        .await?;
    let moored = Moored::to(known, found.position);
    let (totals, groups) = found.what;
    let Page { items, next_cursor } = Page::cut(groups, input.limit, |group| group.key.clone());
    let revenue = Revenue {
        by: input.by,
        from: input.from,
        to: input.to,
        items,
        next_cursor,
        totals,
        entries: IncomeLinks::of(&moored, &filter),
        currency: CURRENCY,
        position: moored.position,
    };
    answer(moored.position, &revenue)
}

impl Input {
    fn filter(&self) -> Result<Filter, Problem> {
        Ok(Filter {
            days: Days::new(self.from, self.to)?,
            station_id: self.station_id,
            tariff_id: self.tariff_id,
            tariff_version: self.tariff_version,
            ..Filter::default()
        })
    }
}

impl By {
    const fn statement(self) -> &'static str {
        match self {
            Self::Day => books::REVENUE_BY_DAY,
            Self::Station => books::REVENUE_BY_STATION,
            Self::Tariff => books::REVENUE_BY_TARIFF,
        }
    }

    /// A group, whose key says of what it is.
    fn group(self, row: &Row, whole: &Filter, moored: &Moored) -> Result<RevenueGroup, Failure> {
        let key: String = row.try_get("key")?;
        let filter =
            self.narrowed(whole, &key).ok_or(Failure::Damaged("a group of income has no such key"))?;
        let only = |by: Self| self == by;
        Ok(RevenueGroup {
            day: filter.days.from.filter(|_| only(Self::Day)),
            station_id: filter.station_id.filter(|_| only(Self::Station)),
            tariff_id: filter.tariff_id.filter(|_| only(Self::Tariff)),
            tariff_version: filter.tariff_version.filter(|_| only(Self::Tariff)),
            income: Income::read(row)?,
            entries: IncomeLinks::of(moored, &filter),
            key,
        })
    }

    /// The lines of the group.
    fn narrowed(self, whole: &Filter, key: &str) -> Option<Filter> {
        let whole = whole.clone();
        Some(match self {
            Self::Day => {
                let day = Some(key.parse().ok()?);
                Filter { days: Days { from: day, to: day }, ..whole }
            }
            Self::Station => Filter { station_id: Some(key.parse().ok()?), ..whole },
            Self::Tariff => {
                let (id, version) = key.split_once('/')?;
                let (tariff_id, tariff_version) = (Some(id.parse().ok()?), Some(version.parse().ok()?));
                Filter { tariff_id, tariff_version, ..whole }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_narrows_the_lines_to_its_group() {
        let january = Days::month("2026-01").unwrap();
        let whole = Filter { days: january, ..Filter::default() };
        let day = By::Day.narrowed(&whole, "2026-01-15").unwrap();
        assert_eq!((day.days.from, day.days.to), (day.days.to, "2026-01-15".parse().ok()));
        let id = Uuid::from_u128(7);
        let tariff = By::Tariff.narrowed(&whole, &format!("{id}/0000000012")).unwrap();
        assert_eq!((tariff.tariff_id, tariff.tariff_version, tariff.days), (Some(id), Some(12), january));
        assert_eq!(By::Station.narrowed(&whole, "nowhere"), None);
    }
}

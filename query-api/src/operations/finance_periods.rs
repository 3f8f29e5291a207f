//! `GET /api/v1/finance/periods`: the closed periods, the last one first.

use actix_web::{HttpRequest, HttpResponse};
use chrono::NaiveDate;
use edge::{
    Identity, Problem,
    http::{Cursor, Limit, MinPosition, Page},
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    access,
    as_of::{ByRecording, Standing, query, standing},
    books::{ClosedPeriod, Moored},
    read::{Desk, Found, Source, items, position},
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

/// Closed periods.
#[utoipa::path(
    get, path = "/api/v1/finance/periods", tag = "finance", params(Input, ByRecording),
    responses((status = 200, description = "the last one first", body = Standing<Page<ClosedPeriod>>,
               example = json!({"items": [{"from": null, "until": "2026-01-31",
                   "closed_by": "0190a6f0-0000-7000-8000-00000000000b", "closed_at": "2026-02-02T06:00:00Z",
                   "recorded_at": "2026-02-02T06:00:00.010Z", "closed_position": 1042, "figures_position": 1041,
                   "total_debit": 21000, "total_credit": 21000, "checkpoint": {"origin": "chajipoa/0190a6f0/1",
                   "size": 1041, "root": "b1946ac92492d2347c6235b4d2611184b1946ac92492d2347c6235b4d2611184"},
                   "late": {"count": 0, "first_position": null, "last_position": null},
                   "vat": "/api/v1/finance/vat?to=2026-01-31&as_of=position:1042"}], "next_cursor": null, "position": 1042})),
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
    let before: Option<NaiveDate> = input.cursor.as_ref().map(Cursor::key).transpose()?;
    let limit = i64::from(input.limit.get()).saturating_add(1);
    let desk = Desk::of(&request)?;
    let (known, min) = moment.by_recording()?.find(&desk, min).await?;
    let until = known.map_or(i64::MAX, |known| known.position());
    let found = desk
        .read(min, async |desk| {
            let rows = desk.query_planned(books::PERIODS, &[&until, &before, &limit]).await?;
            let holds = position(&rows)?;
            let moored = Moored::to(known, holds);
            Ok(Found::of(Source::Billing, holds, items(&rows, |row| ClosedPeriod::read(row, &moored))?))
        })
        .await?;
    standing(found.position, known, Page::cut(found.what, input.limit, |period| period.until))
}

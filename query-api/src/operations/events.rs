//! `GET /api/v1/ledger/events`: the audit trail as recorded, ascending.
//!
//! A request looks at a bounded stretch of the ledger, so that a rare type costs many short answers instead of one
//! long one: a page may hold fewer items than the limit and still have a next one.

use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, TimeDelta, Utc};
use edge::{
    Identity, Problem,
    http::{Cursor, Limit, MinPosition, Page, query},
};
use serde::Deserialize;
use tokio_postgres::types::ToSql;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{
    access,
    audit::EventView,
    read::{Desk, Failure, Found, Source, answer, items, position},
    statements,
};

/// How many positions a request looks at when it filters.
const STRETCH: i64 = 100_000;

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Only events after this position.
    after: Option<i64>,
    /// 1 to 500.
    #[serde(default)]
    #[param(value_type = Option<u16>)]
    limit: Limit,
    /// Where the page before ended; in place of `after`.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
    /// Only events of this type.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Only events of this stream.
    stream: Option<Uuid>,
    /// What was recorded at this time or later.
    from: Option<DateTime<Utc>>,
    /// What was recorded before this time.
    to: Option<DateTime<Utc>>,
}

/// The audit trail.
#[utoipa::path(
    get, path = "/api/v1/ledger/events", tag = "ledger", params(Input),
    responses((status = 200, description = "ascending", body = Page<EventView>,
               example = json!({"items": [{"position": 1042, "id": "0190a6f0-0000-7000-8000-000000000008",
                   "type": "RentalStarted", "version": 1, "streams": [{"kind": "rental",
                   "id": "0190a6f0-0000-7000-8000-000000000003", "version": 1}],
                   "occurred_at": "2026-01-15T08:30:00Z", "recorded_at": "2026-01-15T08:30:00.012Z",
                   "command_id": "0190a6f0-0000-7000-8000-000000000007",
                   "actor": "customer:0190a6f0-0000-7000-8000-000000000004",
                   "data": {"rental_id": "0190a6f0-0000-7000-8000-000000000003"}}], "next_cursor": null})),
              (status = 400, description = "malformed"), (status = 401, description = "no good token"),
              (status = 403, description = "not for this role")),
    security(("bearer" = ["finance", "admin"]))
)]
pub(crate) async fn get(
    request: HttpRequest,
    identity: Identity,
    min: MinPosition,
) -> Result<HttpResponse, Problem> {
    identity.must_be(access::LEDGER)?;
    let input: Input = query(&request)?;
    let after = after(&input)?;
    if let Some(unknown) = input.kind.as_deref().filter(|kind| !domain::Event::TYPES.contains(kind)) {
        return Err(Problem::malformed("type is no type of event").fact("given", unknown));
    }
    let found = Desk::of(&request)?.read(min, async |desk| read(desk, &input, after).await).await?;
    answer(found.position, &found.what)
}

fn after(input: &Input) -> Result<i64, Problem> {
    let after = match (&input.after, &input.cursor) {
        (Some(_), Some(_)) => return Err(Problem::malformed("after and cursor exclude each other")),
        (Some(after), None) => *after,
        (None, Some(cursor)) => cursor.key()?,
        (None, None) => 0,
    };
    if after < 0 {
        return Err(Problem::malformed("after is a position: zero or more"));
    }
    Ok(after)
}

async fn read(desk: &Desk, input: &Input, after: i64) -> Result<Found<Page<EventView>>, Failure> {
    let first = match input.from {
        Some(from) => recorded_before(desk, from).await?.max(after),
        None => after,
    };
    let last = match input.to {
        Some(to) => recorded_before(desk, to).await?,
        None => i64::MAX,
    };
    let looked = if input.kind.is_some() { last.min(first.saturating_add(STRETCH)) } else { last };
    let limit = i64::from(input.limit.get()).saturating_add(1);
    let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&first, &looked, &input.kind, &limit];
    let rows = match &input.stream {
        Some(stream) => {
            parameters.push(stream);
            desk.query_slowly(statements::EVENTS_OF_STREAM, &parameters).await?
        }
        None => desk.query_slowly(statements::EVENTS, &parameters).await?,
    };
    let end = position(&rows)?;
    let items = items(&rows, EventView::read)?;
    let mut page = Page::cut(items, input.limit, |item| item.position);
    if page.next_cursor.is_none() && looked < last.min(end) {
        page.next_cursor = Some(Cursor::after(&looked));
    }
    Ok(Found::of(Source::Ledger, end, page))
}

/// The last position that was recorded before a time; times are whole microseconds.
async fn recorded_before(desk: &Desk, time: DateTime<Utc>) -> Result<i64, Failure> {
    let just_before = time.checked_sub_signed(TimeDelta::microseconds(1)).unwrap_or(time);
    let rows = desk.query(statements::RECORDED_BY, &[&just_before]).await?;
    let found = rows.first().map(|row| row.try_get::<_, Option<i64>>(0)).transpose()?.flatten();
    Ok(found.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<i64, Problem> {
        let request = actix_web::test::TestRequest::get().uri(&format!("/api/v1/ledger/events?{text}"));
        after(&query(&request.to_http_request())?)
    }

    #[test]
    fn the_filters_are_read_strictly() {
        assert_eq!(parsed("").unwrap(), 0);
        assert_eq!(parsed("after=7&limit=500&type=RentalEnded").unwrap(), 7);
        assert_eq!(parsed("from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z").unwrap(), 0);
        let cursor = Cursor::after(&9_i64);
        assert_eq!(
            parsed(&format!("cursor={}", serde_json::to_value(&cursor).unwrap().as_str().unwrap())).unwrap(),
            9
        );
        for bad in [
            "after=-1",
            "after=x",
            "limit=501",
            "stream=7",
            "from=today",
            "cursor=%%",
            "after=1&cursor=OQ",
            "x=1",
        ] {
            assert_eq!(parsed(bad).unwrap_err().code(), "malformed", "{bad}");
        }
    }
}

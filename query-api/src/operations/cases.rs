//! `GET /api/v1/cases`: what needs a person's eye, newest first.

use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
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
    as_of::{Standing, Times, query, standing},
    read::{Desk, Failure, Found, Source, items, position},
    statements,
};

/// Which cases.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Input {
    /// Only those of this code.
    code: Option<String>,
    /// Only those about this rental, device, receipt or refund.
    subject_id: Option<Uuid>,
    /// 1 to 500.
    #[serde(default)]
    #[param(value_type = Option<u16>)]
    limit: Limit,
    /// Where the page before ended.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// Why a person has to look at an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Case {
    /// The event.
    position: i64,
    /// Which of its codes, from 1.
    number: i16,
    /// `clock_suspect`, `long_absence`, `wrong_amount` and others.
    #[schema(example = "wrong_amount")]
    code: String,
    /// The type of the event.
    #[serde(rename = "type")]
    #[schema(example = "ReceiptUnmatched")]
    kind: String,
    /// `rental`, `device`, `receipt` or `refund`.
    #[schema(example = "receipt")]
    subject_kind: String,
    subject_id: Uuid,
    customer_id: Option<Uuid>,
    device_id: Option<Uuid>,
    station_id: Option<Uuid>,
    occurred_at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
}

impl Case {
    fn read(row: &Row) -> Result<Option<Self>, Failure> {
        let Some(position) = row.try_get("at")? else { return Ok(None) };
        Ok(Some(Self {
            position,
            number: row.try_get("number")?,
            code: row.try_get("code")?,
            kind: row.try_get("kind")?,
            subject_kind: row.try_get("subject_kind")?,
            subject_id: row.try_get("subject_id")?,
            customer_id: row.try_get("customer_id")?,
            device_id: row.try_get("device_id")?,
            station_id: row.try_get("station_id")?,
            occurred_at: row.try_get("occurred_at")?,
            recorded_at: row.try_get("recorded_at")?,
        }))
    }
}

/// Cases.
#[utoipa::path(
    get, path = "/api/v1/cases", tag = "finance", params(Input, Times),
    responses((status = 200, description = "newest first", body = Standing<Page<Case>>,
               example = json!({"items": [{"position": 1042, "number": 1, "code": "wrong_amount", "type": "ReceiptUnmatched",
                   "subject_kind": "receipt", "subject_id": "0190a6f0-0000-7000-8000-000000000009", "customer_id": null,
                   "device_id": null, "station_id": null, "occurred_at": "2026-01-15T08:00:30Z",
                   "recorded_at": "2026-01-15T08:00:31.020Z"}], "next_cursor": null, "position": 1042})),
              (status = 400, description = "malformed"), (status = 401, description = "no good token"),
              (status = 403, description = "not for this role"),
              (status = 503, description = "`not_caught_up`: the read model has not come so far")),
    security(("bearer" = ["support", "finance", "admin"]))
)]
pub(crate) async fn get(
    request: HttpRequest,
    identity: Identity,
    min: MinPosition,
) -> Result<HttpResponse, Problem> {
    identity.must_be(access::CASES)?;
    let (input, moment): (Input, _) = query(&request)?;
    let before: Option<(i64, i16)> = input.cursor.as_ref().map(Cursor::key).transpose()?;
    let (at, number) = before.unzip();
    let limit = i64::from(input.limit.get()).saturating_add(1);
    let desk = Desk::of(&request)?;
    let (known, min) = moment.find(&desk, min).await?;
    let (until, time) = known.map(|known| (known.position(), known.occurred_until)).unzip();
    let (until, time) = (until.unwrap_or(i64::MAX), time.flatten());
    let found = desk
        .read(min, async |desk| {
            let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 7] =
                [&input.code, &input.subject_id, &at, &number, &limit, &until, &time];
            let rows = desk.query_slowly(statements::CASES, &parameters).await?;
            Ok(Found::of(Source::Cases, position(&rows)?, items(&rows, Case::read)?))
        })
        .await?;
    let page = Page::cut(found.what, input.limit, |case| (case.position, case.number));
    standing(found.position, known, page)
}

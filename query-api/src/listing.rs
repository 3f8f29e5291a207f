//! A list that finance looks through: of one status or of all, newest first, page by page, now or at another moment.

use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use edge::{
    Identity, Problem,
    http::{Cursor, Limit, MinPosition, Page},
};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{
    access,
    as_of::{query, standing},
    read::{Desk, Failure, Found, Source, items, position},
};

/// Which of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Listing {
    /// Only those of this status.
    pub(crate) status: Option<String>,
    /// 1 to 500.
    #[serde(default)]
    #[param(value_type = Option<u16>)]
    pub(crate) limit: Limit,
    /// Where the page before ended.
    #[param(value_type = Option<String>)]
    pub(crate) cursor: Option<Cursor>,
}

/// Something that stands in such a list.
pub(crate) trait Listed: Serialize + Sized {
    /// The statuses that there are.
    const STATUSES: &'static [&'static str];
    /// What finds them: status, time and id of the last one seen, how many.
    const STATEMENT: &'static str;
    /// What finds them as they were at another moment: the same, then position and time.
    const KNOWN: &'static str;

    /// Reads a row; a row that stands only for the position holds nothing.
    fn read(row: &Row) -> Result<Option<Self>, Failure>;
    /// Its place in the list.
    fn place(&self) -> (DateTime<Utc>, Uuid);
}

/// Whether there is such a status.
pub(crate) fn known_status(status: Option<&str>, known: &[&str]) -> Result<(), Problem> {
    match status {
        Some(status) if !known.contains(&status) => {
            Err(Problem::malformed(format!("status is one of {}", known.join(", "))))
        }
        Some(_) | None => Ok(()),
    }
}

/// The list of a request.
pub(crate) async fn list<T: Listed>(
    request: &HttpRequest,
    identity: &Identity,
    min: MinPosition,
) -> Result<HttpResponse, Problem> {
    identity.must_be(access::FINANCE)?;
    let (listing, moment): (Listing, _) = query(request)?;
    known_status(listing.status.as_deref(), T::STATUSES)?;
    let after: Option<(DateTime<Utc>, Uuid)> = listing.cursor.as_ref().map(Cursor::key).transpose()?;
    let (at, id) = after.unzip();
    let limit = i64::from(listing.limit.get()).saturating_add(1);
    let desk = Desk::of(request)?;
    let (known, min) = moment.find(&desk, min).await?;
    let found = desk
        .read(min, async |desk| {
            let status = &listing.status;
            let rows = match known {
                None => desk.query_slowly(T::STATEMENT, &[status, &at, &id, &limit]).await?,
                Some(known) => {
                    let (position, time) = (known.position(), known.occurred_until);
                    desk.query_slowly(T::KNOWN, &[status, &at, &id, &limit, &position, &time]).await?
                }
            };
            Ok(Found::of(Source::Billing, position(&rows)?, items(&rows, T::read)?))
        })
        .await?;
    standing(found.position, known, Page::cut(found.what, listing.limit, T::place))
}

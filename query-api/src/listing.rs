//! A list that finance looks through: of one status or of all, newest first, page by page.

use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use edge::{
    Identity, Problem,
    http::{Cursor, Limit, MinPosition, Page, query},
};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{
    access,
    read::{Desk, Failure, Found, Source, answer, items, position},
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
    let listing: Listing = query(request)?;
    known_status(listing.status.as_deref(), T::STATUSES)?;
    let after: Option<(DateTime<Utc>, Uuid)> = listing.cursor.as_ref().map(Cursor::key).transpose()?;
    let (at, id) = after.unzip();
    let limit = i64::from(listing.limit.get()).saturating_add(1);
    let found = Desk::of(request)?
        .read(min, async |desk| {
            let rows = desk.query_slowly(T::STATEMENT, &[&listing.status, &at, &id, &limit]).await?;
            let listed = items(&rows, T::read)?;
            Ok(Found::of(Source::Billing, position(&rows)?, listed))
        })
        .await?;
    answer(found.position, &Page::cut(found.what, listing.limit, T::place))
}

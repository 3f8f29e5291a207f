//! A line of the journal, as it is shown.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{read::Failure, rental::CURRENCY};

/// A line of the journal: an amount from the credited to the debited account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Entry {
    /// The event that is booked.
    #[schema(example = 1042)]
    pub(crate) position: i64,
    /// The line within it, from 1.
    pub(crate) line: i16,
    /// The account that is debited.
    #[schema(example = "1000")]
    pub(crate) debit: String,
    /// The account that is credited.
    #[schema(example = "2000")]
    pub(crate) credit: String,
    pub(crate) amount: i64,
    #[schema(example = "TZS")]
    pub(crate) currency: &'static str,
    pub(crate) customer_id: Option<Uuid>,
    pub(crate) provider: Option<String>,
    pub(crate) occurred_at: DateTime<Utc>,
    pub(crate) recorded_at: DateTime<Utc>,
    /// The business day it belongs to.
    pub(crate) booking_day: NaiveDate,
    /// The type of the event that is booked.
    #[schema(example = "PaymentSettled")]
    pub(crate) event_type: String,
    /// The rental that is billed or corrected, if it is one.
    pub(crate) rental_id: Option<Uuid>,
    /// Where that rental started.
    pub(crate) station_id: Option<Uuid>,
    /// By which price list it is billed.
    pub(crate) tariff_id: Option<Uuid>,
    pub(crate) tariff_version: Option<i32>,
    /// The kind of income that it is, or is the VAT of: `usage`, `late` or `replacement`.
    pub(crate) kind: Option<String>,
    /// The rate of VAT of that price list, in percent.
    pub(crate) vat_percent: Option<i16>,
}

impl Entry {
    /// Reads a row; one that stands only for the position holds nothing.
    pub(crate) fn read(row: &Row) -> Result<Option<Self>, Failure> {
        let Some(position) = row.try_get("at")? else { return Ok(None) };
        Ok(Some(Self {
            position,
            line: row.try_get("line")?,
            debit: row.try_get::<_, i16>("debit")?.to_string(),
            credit: row.try_get::<_, i16>("credit")?.to_string(),
            amount: row.try_get("amount")?,
            currency: CURRENCY,
            customer_id: row.try_get("customer_id")?,
            provider: row.try_get("provider")?,
            occurred_at: row.try_get("occurred_at")?,
            recorded_at: row.try_get("recorded_at")?,
            booking_day: row.try_get("booking_day")?,
            event_type: row.try_get("event_type")?,
            rental_id: row.try_get("rental_id")?,
            station_id: row.try_get("station_id")?,
            tariff_id: row.try_get("tariff_id")?,
            tariff_version: row.try_get("tariff_version")?,
            kind: row.try_get("kind")?,
            vat_percent: row.try_get("vat_percent")?,
        }))
    }
}

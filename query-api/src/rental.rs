//! A rental as it is shown.

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{charge, charge::Amounts, read::Failure};

/// The currency of every amount.
pub(crate) const CURRENCY: &str = "TZS";

/// A rental in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct RentalItem {
    pub(crate) rental_id: Uuid,
    /// `releasing`, `active`, `overdue`, `ended`, `sold`, `recovered` or `cancelled`.
    pub(crate) status: String,
    pub(crate) started_at: Option<DateTime<Utc>>,
    pub(crate) due_at: Option<DateTime<Utc>>,
    /// The billed end.
    pub(crate) ended_at: Option<DateTime<Utc>>,
    /// What it costs; null while it is open.
    pub(crate) charge: Option<Amounts>,
    #[serde(skip)]
    pub(crate) requested_at: DateTime<Utc>,
}

impl RentalItem {
    pub(crate) fn read(row: &Row) -> Result<Option<Self>, Failure> {
        let Some(rental_id) = row.try_get("rental_id")? else { return Ok(None) };
        Ok(Some(Self {
            rental_id,
            status: row.try_get("status")?,
            started_at: row.try_get("started_at")?,
            due_at: row.try_get("due_at")?,
            ended_at: row.try_get("ended_at")?,
            charge: Amounts::of_rental(row)?,
            requested_at: row.try_get("requested_at")?,
        }))
    }
}

/// One rental.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct RentalView {
    #[serde(flatten)]
    pub(crate) item: RentalItem,
    /// Whether `charge` is the bill; while the rental is open it is what it would cost if it ended now.
    pub(crate) charge_final: bool,
    #[schema(example = "TZS")]
    pub(crate) currency: &'static str,
    pub(crate) customer_id: Uuid,
    pub(crate) device_id: Uuid,
    pub(crate) station_id: Uuid,
    pub(crate) slot: i16,
    pub(crate) return_station_id: Option<Uuid>,
    pub(crate) tariff_id: Uuid,
    pub(crate) tariff_version: i32,
}

impl RentalView {
    pub(crate) fn read(row: &Row, now: DateTime<Utc>) -> Result<Option<Self>, Failure> {
        let Some(mut item) = RentalItem::read(row)? else { return Ok(None) };
        let charge_final = item.charge.is_some() || !is_open(&item.status);
        if !charge_final {
            item.charge = charge::running(row, now)?.map(|(amounts, _)| amounts);
        }
        Ok(Some(Self {
            item,
            charge_final,
            currency: CURRENCY,
            customer_id: row.try_get("customer_id")?,
            device_id: row.try_get("device_id")?,
            station_id: row.try_get("station_id")?,
            slot: row.try_get("slot")?,
            return_station_id: row.try_get("return_station_id")?,
            tariff_id: row.try_get("tariff_id")?,
            tariff_version: row.try_get("tariff_version")?,
        }))
    }
}

/// Whether a rental of this status goes on.
pub(crate) fn is_open(status: &str) -> bool {
    matches!(status, "releasing" | "active" | "overdue")
}

//! What a rental costs, as it is shown: final once it is over, running while it is open.

use chrono::{DateTime, Utc};
use domain::{
    rating::{Charge, Line, Rated},
    tariff::Terms,
};
use serde::Serialize;
use tokio_postgres::{Row, types::Json};
use utoipa::ToSchema;

use crate::read::Failure;

/// The amounts of a charge, VAT included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Amounts {
    /// Everything together.
    pub(crate) total: i64,
    /// For using the bank.
    pub(crate) usage: i64,
    /// For bringing it late.
    pub(crate) late: i64,
    /// For not bringing it.
    pub(crate) replacement: i64,
    /// The VAT inside the total.
    pub(crate) vat: i64,
}

impl Amounts {
    /// Nothing.
    pub(crate) const ZERO: Self = Self { total: 0, usage: 0, late: 0, replacement: 0, vat: 0 };

    /// The amounts in the row of a rental; none while it is open.
    pub(crate) fn of_rental(row: &Row) -> Result<Option<Self>, Failure> {
        let Some(total) = row.try_get("charge_total")? else { return Ok(None) };
        Ok(Some(Self {
            total,
            usage: row.try_get::<_, Option<i64>>("charge_usage")?.unwrap_or(0),
            late: row.try_get::<_, Option<i64>>("charge_late")?.unwrap_or(0),
            replacement: row.try_get::<_, Option<i64>>("charge_replacement")?.unwrap_or(0),
            vat: row.try_get::<_, Option<i64>>("charge_vat")?.unwrap_or(0),
        }))
    }
}

impl From<&Charge> for Amounts {
    fn from(charge: &Charge) -> Self {
        Self {
            total: charge.total.shillings(),
            usage: charge.usage.shillings(),
            late: charge.late.shillings(),
            replacement: charge.replacement.shillings(),
            vat: charge.vat.shillings(),
        }
    }
}

/// What an open rental would cost if it ended at this moment; none before it has started.
pub(crate) fn running(row: &Row, now: DateTime<Utc>) -> Result<Option<(Amounts, Vec<Line>)>, Failure> {
    let started: Option<DateTime<Utc>> = row.try_get("started_at")?;
    let due: Option<DateTime<Utc>> = row.try_get("due_at")?;
    let free: Option<i64> = row.try_get("free_minutes")?;
    let terms: Option<Json<Terms>> = row.try_get("terms")?;
    let (Some(started_at), Some(due_at), Some(free_minutes), Some(Json(terms))) = (started, due, free, terms)
    else {
        return Ok(None);
    };
    let charge = Rated { terms: &terms, free_minutes, started_at, due_at }.returned(now.max(started_at));
    Ok(Some((Amounts::from(&charge), charge.lines)))
}

//! Closed periods, and on which day a posting is booked.
//!
//! What a close recorded is kept as it was recorded, one row each. How far the books are closed now is a row of its own,
//! because the fold needs it for every posting: one from a closed day is booked on the day it was recorded.

use chrono::NaiveDate;
use domain::{event::PeriodClosed, period};

use super::{Billing, ClosingRow, PeriodRow};
use crate::{Fact, Impossible, table::Json};

/// The one row that says how far the books are closed.
const ONLY: i16 = 1;

/// Every posting has to know how far the books are closed.
pub(super) fn want(rows: &mut Billing) {
    rows.closing.want((ONLY,));
}

/// The day on which the postings of an event are booked.
pub(super) fn booking_day(rows: &Billing, fact: &Fact) -> Result<NaiveDate, Impossible> {
    let closed_until = rows.closing.get((ONLY,))?.map(|row| row.closed_until);
    Ok(period::booking_day(fact.occurred_at, fact.recorded_at, closed_until))
}

/// Keeps what a close recorded, and closes its days.
pub(super) fn close(rows: &mut Billing, fact: &Fact, event: &PeriodClosed) -> Result<(), Impossible> {
    rows.period.push(PeriodRow {
        until: event.until,
        from_day: event.from,
        closed_by: event.closed_by,
        closed_at: fact.occurred_at,
        recorded_at: fact.recorded_at,
        figures_position: event.position,
        accounts: Json::of(&event.accounts),
        checkpoint: event.checkpoint.as_ref().map(Json::of),
        position: fact.position.get(),
    });
    rows.closing.put(ClosingRow { id: ONLY, closed_until: event.until, position: fact.position.get() })
}

//! On which day a posting is booked.

use chrono::{Days, NaiveDate};

use crate::{Time, timing::business_day};

/// The business day of what happened; if that day is closed, of when it was recorded.
///
/// A close takes past days only and recorded times never go back, so the day of recording is open. Were it not, the first
/// open day is taken: nothing is ever booked on a closed one.
#[must_use]
pub fn booking_day(occurred_at: Time, recorded_at: Time, closed_until: Option<NaiveDate>) -> NaiveDate {
    let happened = business_day(occurred_at);
    let Some(closed) = closed_until.filter(|closed| happened <= *closed) else { return happened };
    let first_open = closed.checked_add_days(Days::new(1)).unwrap_or(closed);
    business_day(recorded_at).max(first_open)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Time {
        text.parse().unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_posting_is_booked_on_the_day_it_happened_unless_that_is_closed() {
        let (happened, recorded) = (time("2026-03-01T10:00:00Z"), time("2026-03-04T21:00:00Z"));
        for (closed, booked) in [
            (None, "2026-03-01"),
            (Some("2026-02-28"), "2026-03-01"),
            (Some("2026-03-01"), "2026-03-05"),
            (Some("2026-03-04"), "2026-03-05"),
            (Some("2026-03-09"), "2026-03-10"),
        ] {
            assert_eq!(booking_day(happened, recorded, closed.map(day)), day(booked), "{closed:?}");
        }
    }
}

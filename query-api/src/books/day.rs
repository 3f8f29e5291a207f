//! Stretches of booking days.

use std::ops::RangeInclusive;

use chrono::{Datelike as _, NaiveDate};
use edge::Problem;

/// Days of our time: what lies beyond is a slip of the pen.
const YEARS: RangeInclusive<i32> = 2_000..=2_999;

/// A day that somebody named.
pub(crate) fn known_day(name: &str, day: NaiveDate) -> Result<NaiveDate, Problem> {
    if YEARS.contains(&day.year()) {
        Ok(day)
    } else {
        Err(Problem::malformed(format!("{name} is no day of our time")))
    }
}

/// Booking days from the first to the last, both included; either may be open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Days {
    pub(crate) from: Option<NaiveDate>,
    pub(crate) to: Option<NaiveDate>,
}

impl Days {
    /// The days that somebody named.
    pub(crate) fn new(from: Option<NaiveDate>, to: Option<NaiveDate>) -> Result<Self, Problem> {
        let from = from.map(|day| known_day("from", day)).transpose()?;
        let to = to.map(|day| known_day("to", day)).transpose()?;
        match (from, to) {
            (Some(from), Some(to)) if from > to => {
                Err(Problem::malformed("from is the first booking day and to the last: from is after to"))
            }
            (_, _) => Ok(Self { from, to }),
        }
    }

    /// A calendar month, as in 2026-10.
    pub(crate) fn month(text: &str) -> Result<Self, Problem> {
        let wrong = || Problem::malformed("period is a month as in 2026-10");
        let (year, month) = text.split_once('-').filter(|_| text.len() == 7).ok_or_else(wrong)?;
        let (year, month): (i32, u32) =
            (year.parse().map_err(|_| wrong())?, month.parse().map_err(|_| wrong())?);
        let from = NaiveDate::from_ymd_opt(year, month, 1).ok_or_else(wrong)?;
        let next = from.checked_add_months(chrono::Months::new(1)).ok_or_else(wrong)?;
        Self::new(Some(from), next.pred_opt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Option<NaiveDate> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn a_month_is_its_first_to_its_last_day() {
        let february = Days::month("2028-02").unwrap();
        assert_eq!((february.from, february.to), (day("2028-02-01"), day("2028-02-29")));
        let december = Days::month("2026-12").unwrap();
        assert_eq!((december.from, december.to), (day("2026-12-01"), day("2026-12-31")));
        for bad in ["", "2026", "2026-13", "2026-1", "2026-00", "26-1", "2026-01-01", "0001-01", "+026-01"] {
            assert_eq!(Days::month(bad).unwrap_err().code(), "malformed", "{bad}");
        }
    }

    #[test]
    fn the_last_day_is_not_before_the_first() {
        assert!(Days::new(day("2026-01-15"), day("2026-01-15")).is_ok());
        assert!(Days::new(day("2026-01-15"), day("2026-01-14")).is_err());
        assert!(Days::new(day("1999-12-31"), None).is_err());
    }
}

//! `as_of`: the moment a finance answer stands for, a time or a position. It selects by recording.
//!
//! Recorded times never go back along the ledger, so a time always means a prefix of positions.

use chrono::{DateTime, Utc};
use edge::Problem;

use crate::read::{Desk, Failure};

/// A moment of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AsOf {
    /// Right after the event at this position.
    Position(i64),
    /// Everything recorded by this time.
    Time(DateTime<Utc>),
}

impl AsOf {
    /// `position:n` or a time in RFC 3339.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let wrong = || Problem::malformed("as_of is a time in RFC 3339 or position:n");
        if let Some(number) = text.strip_prefix("position:") {
            let position: i64 = number.parse().map_err(|_| wrong())?;
            return if position >= 0 { Ok(Self::Position(position)) } else { Err(wrong()) };
        }
        DateTime::parse_from_rfc3339(text).map(|time| Self::Time(time.to_utc())).map_err(|_| wrong())
    }

    /// The position it means; `recorded_by` finds the last position recorded by a time.
    pub(crate) async fn position(self, desk: &Desk, recorded_by: &'static str) -> Result<i64, Failure> {
        match self {
            Self::Position(position) => Ok(position),
            Self::Time(time) => {
                let rows = desk.query(recorded_by, &[&time]).await?;
                let row = rows.first().ok_or(Failure::Damaged("a search without an end"))?;
                Ok(row.try_get(0)?)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_time_or_a_position() {
        assert_eq!(AsOf::parse("position:42").unwrap(), AsOf::Position(42));
        let time = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
        assert_eq!(AsOf::parse("2026-01-01T03:00:00+03:00").unwrap(), AsOf::Time(time));
        for bad in ["", "42", "position:", "position:-1", "position:x", "2026-01-01", "yesterday"] {
            assert_eq!(AsOf::parse(bad).unwrap_err().code(), "malformed", "{bad}");
        }
    }
}

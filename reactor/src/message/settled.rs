//! Up to which moment the ledger has been read: what was due before it, and was not taken back, stands.
//!
//! A reminder may go only when everything that could have taken it back has been read. So the sender asks where the
//! ledger ends, waits until the reactor has come as far, and then knows everything that was recorded before it asked.

use domain::Time;
use tokio_postgres::Client;

use crate::error::ReactorError;
use crate::statements::notices as statements;

/// What is known to be settled.
#[derive(Debug)]
pub(super) struct Settled {
    /// Where the ledger ended at a moment, until the reactor has come there.
    asked: Option<(i64, Time)>,
    until: Time,
}

impl Settled {
    pub(super) const fn new() -> Self {
        Self { asked: None, until: Time::MIN_UTC }
    }

    /// Looks again, at this moment, and says up to when all is read.
    pub(super) async fn look(&mut self, client: &Client, now: Time) -> Result<Time, ReactorError> {
        let row = client.query_one(statements::READ_SO_FAR, &[]).await?;
        let (read, end): (Option<i64>, Option<i64>) = (row.try_get(0)?, row.try_get(1)?);
        Ok(self.heard(read.unwrap_or(0), end.unwrap_or(0), now))
    }

    fn heard(&mut self, read: i64, end: i64, now: Time) -> Time {
        if let Some((asked, at)) = self.asked
            && read >= asked
        {
            self.until = self.until.max(at);
            self.asked = None;
        }
        if read >= end {
            self.until = self.until.max(now);
            self.asked = None;
        }
        self.asked.get_or_insert((end, now));
        self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Time {
        Time::from_timestamp(second, 0).unwrap()
    }

    #[test]
    fn what_was_recorded_before_the_question_is_known_when_the_reactor_has_come_there() {
        let mut settled = Settled::new();
        assert_eq!(settled.heard(5, 10, at(1)), Time::MIN_UTC);
        assert_eq!(settled.heard(9, 20, at(2)), Time::MIN_UTC);
        // It has read what stood at the first second; what stands now is asked for from now on.
        assert_eq!(settled.heard(10, 30, at(3)), at(1));
        assert_eq!(settled.heard(29, 40, at(4)), at(1));
        assert_eq!(settled.heard(30, 40, at(5)), at(3));
        assert_eq!(settled.heard(40, 40, at(6)), at(6));
        assert_eq!(settled.heard(40, 40, at(7)), at(7));
        assert_eq!(settled.heard(40, 41, at(8)), at(7));
    }

    #[test]
    fn an_empty_ledger_holds_nobody_up() {
        assert_eq!(Settled::new().heard(0, 0, at(1)), at(1));
    }
}

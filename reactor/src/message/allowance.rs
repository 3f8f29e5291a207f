//! When notices may go out, and how many: quiet hours for reminders, and two daily ceilings.
//!
//! What may not go now is put off, never dropped: to the end of the quiet hours, or to the next morning. Whether it is
//! still news by then is its kind's to say. One-time codes are not held up here: somebody waits for them, and whoever
//! asks for them has ceilings of their own; but they count in the ceiling over all.

use chrono::{NaiveTime, TimeDelta, Timelike as _};
use domain::{Time, timing};
use edge::settings::{self, SettingError};

use crate::notice::Kind;

const DAY: TimeDelta = TimeDelta::hours(24);

/// Hours of the day in Dar es Salaam in which no reminder goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    /// From then on.
    pub from: NaiveTime,
    /// Until then; earlier than `from` means the next morning.
    pub to: NaiveTime,
}

/// What of notices may go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// `SMS_QUIET_HOURS`: when reminders wait.
    pub quiet: Option<QuietHours>,
    /// `SMS_DAILY_NUMBER`: notices to one number in a business day.
    pub of_number: i64,
    /// `SMS_DAILY_ALL`: messages of any kind in a business day, beyond which notices wait.
    pub of_all: i64,
}

impl Default for Allowance {
    fn default() -> Self {
        let hour = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or(NaiveTime::MIN);
        Self { quiet: Some(QuietHours { from: hour(21), to: hour(7) }), of_number: 20, of_all: 20_000 }
    }
}

impl QuietHours {
    /// `21:00-07:00`.
    fn parse(text: &str) -> Option<Self> {
        let (from, to) = text.split_once('-')?;
        let time = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok();
        Some(Self { from: time(from)?, to: time(to)? }).filter(|hours| hours.from != hours.to)
    }

    /// When they end, if it is quiet at that moment.
    fn end(self, now: Time) -> Option<Time> {
        let time = timing::local(now).time();
        let over_night = self.from > self.to;
        let quiet = if over_night {
            time >= self.from || time < self.to
        } else {
            time >= self.from && time < self.to
        };
        let day = timing::business_day(now);
        let tomorrow = over_night && time >= self.from;
        let ends_on = if tomorrow { day.succ_opt().unwrap_or(day) } else { day };
        quiet.then(|| timing::of_local(ends_on.and_time(self.to)))
    }
}

/// When the business day of a moment began.
pub(super) fn day_began(now: Time) -> Time {
    timing::day_begins(timing::business_day(now))
}

impl Allowance {
    /// The settings of the environment.
    ///
    /// # Errors
    /// A setting cannot be read.
    pub fn of_environment() -> Result<Self, SettingError> {
        let usual = Self::default();
        let quiet = match settings::text("SMS_QUIET_HOURS")?.as_deref() {
            None => usual.quiet,
            Some("off") => None,
            Some(text) => Some(QuietHours::parse(text).ok_or_else(|| SettingError::Wrong {
                name: "SMS_QUIET_HOURS",
                reason: "two times of the day such as 21:00-07:00, or off".to_owned(),
            })?),
        };
        let of_number = settings::or("SMS_DAILY_NUMBER", usual.of_number)?;
        Ok(Self { quiet, of_number, of_all: settings::or("SMS_DAILY_ALL", usual.of_all)? })
    }

    /// Until when a notice has to wait, if it may not go now: so many went to its number today, and so many in all.
    pub(super) fn waits(&self, kind: Kind, now: Time, (to_number, in_all): (i64, i64)) -> Option<Time> {
        if to_number >= self.of_number || in_all >= self.of_all {
            return Some(self.morning_after(now));
        }
        self.quiet.filter(|_| kind.is_reminder()).and_then(|hours| hours.end(now))
    }

    /// When the next business day is awake.
    fn morning_after(&self, now: Time) -> Time {
        let begins = timing::plus(day_began(now), DAY);
        let seven = || NaiveTime::MIN.with_hour(7).unwrap_or(NaiveTime::MIN);
        let awake = self.quiet.filter(|hours| hours.from > hours.to).map_or_else(seven, |hours| hours.to);
        timing::of_local(timing::business_day(begins).and_time(awake))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Time {
        text.parse().unwrap()
    }

    /// A time of the second of March in Dar es Salaam.
    fn local(text: &str) -> Time {
        time(&format!("2026-03-02T{text}+03:00"))
    }

    fn waits(kind: Kind, now: Time) -> Option<Time> {
        Allowance::default().waits(kind, now, (0, 0))
    }

    #[test]
    fn reminders_wait_for_the_morning() {
        let morning = Some(local("07:00:00"));
        assert_eq!(waits(Kind::Overdue1h, local("00:00:00")), morning);
        assert_eq!(waits(Kind::Overdue1h, local("06:59:59")), morning);
        assert_eq!(waits(Kind::Overdue1h, local("07:00:00")), None);
        assert_eq!(waits(Kind::DueSoon, local("20:59:59")), None);
        assert_eq!(waits(Kind::DueSoon, local("21:00:00")), Some(time("2026-03-03T07:00:00+03:00")));
        assert_eq!(waits(Kind::Receipt, local("23:00:00")), None);
    }

    #[test]
    fn quiet_hours_are_a_setting() {
        let noon = QuietHours::parse("12:00-14:30").unwrap();
        assert_eq!(noon.end(local("11:59:59")), None);
        assert_eq!(noon.end(local("12:00:00")), Some(local("14:30:00")));
        assert_eq!(noon.end(local("14:30:00")), None);
        for wrong in ["", "21-07", "21:00", "25:00-07:00", "07:00-07:00"] {
            assert_eq!(QuietHours::parse(wrong), None, "{wrong}");
        }
        let off = Allowance { quiet: None, ..Allowance::default() };
        assert_eq!(off.waits(Kind::DueSoon, local("23:00:00"), (0, 0)), None);
    }

    #[test]
    fn above_a_ceiling_everything_waits_for_the_next_morning() {
        let allowance = Allowance { of_number: 2, of_all: 5, ..Allowance::default() };
        let morning = Some(time("2026-03-03T07:00:00+03:00"));
        for now in [local("00:00:00"), local("12:00:00"), local("23:59:59")] {
            assert_eq!(allowance.waits(Kind::Receipt, now, (2, 2)), morning);
            assert_eq!(allowance.waits(Kind::Receipt, now, (1, 5)), morning);
            assert_eq!(allowance.waits(Kind::Receipt, now, (1, 4)), None);
        }
        assert_eq!(day_began(local("00:00:00")), local("00:00:00"));
        assert_eq!(day_began(local("23:59:59")), local("00:00:00"));
    }
}

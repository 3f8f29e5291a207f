//! When a fact happened, as opposed to when it was recorded.
//!
//! `occurred_at` defaults to the moment of deciding. Customers, support and finance may not set it; agents may go
//! back 60 minutes, admins 7 days, stations and the provider side as far as the fact that theirs follows. Nobody
//! may be more than 5 minutes ahead.

use chrono::{DurationRound, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use crate::{Rejection, Role, Time, decide::Order, event::Review};

/// How far ahead of now a stated time may lie.
pub const AHEAD: TimeDelta = TimeDelta::minutes(5);
/// How far back an agent may date a command.
pub const AGENT_BACK: TimeDelta = TimeDelta::minutes(60);
/// How far back an admin may date a command.
pub const ADMIN_BACK: TimeDelta = TimeDelta::days(7);
/// How old a station's upload may be before somebody looks at it.
pub const LATE_UPLOAD: TimeDelta = TimeDelta::days(7);
/// East Africa Time is three hours ahead of UTC, all year.
const EAST_AFRICA: TimeDelta = TimeDelta::hours(3);

/// Cuts a time to microseconds, the precision of the ledger.
#[must_use]
pub fn to_micros(time: Time) -> Time {
    time.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(time)
}

/// The business day (Africa/Dar_es_Salaam) on which a moment lies.
#[must_use]
pub fn business_day(time: Time) -> NaiveDate {
    local(time).date()
}

/// What clocks in Tanzania show at a moment.
#[must_use]
pub fn local(time: Time) -> NaiveDateTime {
    plus(time, EAST_AFRICA).naive_utc()
}

/// The moment at which clocks in Tanzania show this.
#[must_use]
pub fn of_local(shown: NaiveDateTime) -> Time {
    plus(shown.and_utc(), -EAST_AFRICA)
}

/// The moment at which a business day begins.
#[must_use]
pub fn day_begins(day: NaiveDate) -> Time {
    of_local(day.and_time(NaiveTime::MIN))
}

/// A moment later by a length of time; the end of time itself where there is no such moment.
#[must_use]
pub fn plus(time: Time, delta: TimeDelta) -> Time {
    time.checked_add_signed(delta).unwrap_or(if delta < TimeDelta::zero() {
        Time::MIN_UTC
    } else {
        Time::MAX_UTC
    })
}

/// A moment later by whole minutes.
#[must_use]
pub fn plus_minutes(time: Time, minutes: i64) -> Time {
    plus(time, TimeDelta::try_minutes(minutes).unwrap_or(TimeDelta::MAX))
}

/// When the commanded fact happened.
///
/// # Errors
/// `occurred_at_not_allowed`, `occurred_at_in_future`, `occurred_at_too_early` by the sender's role.
pub fn occurred(order: &Order) -> Result<Time, Rejection> {
    let Some(stated) = order.stated_at else { return Ok(order.now) };
    let back = match order.actor.role {
        Role::Customer | Role::Support | Role::Finance | Role::Analyst => {
            return Err(Rejection::OccurredAtNotAllowed);
        }
        Role::Agent => Some(AGENT_BACK),
        Role::Admin => Some(ADMIN_BACK),
        Role::Station | Role::Payments | Role::System => None,
    };
    if stated > plus(order.now, AHEAD) {
        return Err(Rejection::OccurredAtInFuture { occurred_at: stated, now: order.now });
    }
    if let Some(back) = back {
        let earliest = plus(order.now, -back);
        if stated < earliest {
            return Err(Rejection::OccurredAtTooEarly { occurred_at: stated, earliest });
        }
    }
    Ok(stated)
}

/// The same time, if it does not lie before the fact that it follows. A time that nobody stated moves up to it.
///
/// # Errors
/// `occurred_at_too_early` if a stated time lies before `earliest`.
pub fn not_before(order: &Order, occurred_at: Time, earliest: Time) -> Result<Time, Rejection> {
    if occurred_at >= earliest {
        return Ok(occurred_at);
    }
    if order.stated_at.is_some() {
        return Err(Rejection::OccurredAtTooEarly { occurred_at, earliest });
    }
    Ok(earliest)
}

/// When a station says that something physical happened: never refused for its clock. A time ahead of now, or
/// before the fact it follows, becomes the arrival, and somebody is told.
#[must_use]
pub fn station_time(order: &Order, earliest: Time) -> (Time, Vec<Review>) {
    let stated = order.stated_at.unwrap_or(order.now);
    if stated > order.now || stated < earliest {
        let suspect = if order.stated_at.is_some() { vec![Review::ClockSuspect] } else { Vec::new() };
        return (order.now.max(earliest), suspect);
    }
    (stated, late_upload(order, stated))
}

/// The flag for what a station kept longer than seven days.
#[must_use]
pub fn late_upload(order: &Order, happened: Time) -> Vec<Review> {
    let late = order.actor.role == Role::Station && happened < plus(order.now, -LATE_UPLOAD);
    if late { vec![Review::LateUpload] } else { Vec::new() }
}

/// Refuses a deadline command that comes before its deadline.
///
/// # Errors
/// `not_due`.
pub fn due(order: &Order, due_at: Time) -> Result<(), Rejection> {
    if order.now < due_at { Err(Rejection::NotDue { due_at }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_business_day_turns_at_nine_in_the_evening_utc() {
        let time = |text: &str| text.parse::<Time>().unwrap();
        assert_eq!(business_day(time("2026-03-01T20:59:59Z")).to_string(), "2026-03-01");
        assert_eq!(business_day(time("2026-03-01T21:00:00Z")).to_string(), "2026-03-02");
    }

    #[test]
    fn what_clocks_show_names_the_moment() {
        let moment = "2026-03-01T21:30:00Z".parse::<Time>().unwrap();
        assert_eq!(local(moment).to_string(), "2026-03-02 00:30:00");
        assert_eq!(of_local(local(moment)), moment);
        assert_eq!(day_begins(business_day(moment)), moment - TimeDelta::minutes(30));
    }
}

//! `chajipoa token`: an access token for operators and tests.

use chrono::TimeDelta;
use edge::{
    SystemClock,
    token::{Ticket as Asked, TokenKeys, default_subject, mint},
};
use serde_json::json;

use super::{Failure, arguments::Ticket, say};
use crate::installation::Installation;

/// Prints a token.
pub(super) fn run(ticket: &Ticket, as_json: bool) -> Result<(), Failure> {
    let installation = Installation::of_environment()?;
    installation.make()?;
    let keys = TokenKeys::open_or_create(&installation.keys, &SystemClock)?;
    let subject = match ticket.subject {
        Some(subject) => subject,
        None => default_subject(&installation.keys, &SystemClock)?,
    };
    let asked = Asked { role: ticket.role, subject, lifetime: ticket.ttl, unlimited: ticket.unlimited };
    let (token, expires_at) = mint(&keys, asked, &SystemClock)?;
    say(as_json, &json!({"access_token": token, "expires_at": expires_at, "subject": subject}), || {
        token.clone()
    })
}

/// Reads a length of time: a number and one of `s`, `m`, `h`, `d`.
pub(super) fn lifetime(text: &str) -> Result<TimeDelta, String> {
    let wrong = || format!("{text:?} is no length of time; write 90s, 10m, 1h or 7d");
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let number: i64 = number.parse().map_err(|_| wrong())?;
    let delta = match unit {
        "s" => TimeDelta::try_seconds(number),
        "m" => TimeDelta::try_minutes(number),
        "h" => TimeDelta::try_hours(number),
        "d" => TimeDelta::try_days(number),
        _ => None,
    };
    delta.filter(|delta| *delta > TimeDelta::zero()).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_read_as_people_write_them() {
        assert_eq!(lifetime("1h"), Ok(TimeDelta::hours(1)));
        assert_eq!(lifetime("90s"), Ok(TimeDelta::seconds(90)));
        for wrong in ["", "h", "-1h", "0s", "1w", "1é"] {
            assert!(lifetime(wrong).is_err(), "{wrong}");
        }
    }
}

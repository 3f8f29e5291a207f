//! Counting in spans of time: how many codes a number, a prefix, an address and everybody together may have.
//!
//! Keeps true: what is counted is counted in the caller's transaction; a refusal rolls it back, so it costs the one who was
//! refused nothing. Rows are taken in one order (number, prefix, address, all), so nobody waits in a circle.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use domain::timing::{business_day, day_begins};
use tokio_postgres::Transaction;

use super::codes::CodeLimits;
use super::statements;

/// Digits of a number that name its prefix: `+255`, and five more, a block of ten thousand numbers.
const PREFIX: usize = 9;

/// What there were too many of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMany {
    pub(super) what: &'static str,
    pub(super) again_at: DateTime<Utc>,
}

/// A span of time in which something is counted.
pub(super) struct Span {
    pub(super) from: DateTime<Utc>,
    pub(super) until: DateTime<Utc>,
}

impl Span {
    pub(super) fn hour(now: DateTime<Utc>) -> Self {
        let from = DateTime::from_timestamp(now.timestamp() - now.timestamp().rem_euclid(3_600), 0);
        let from = from.unwrap_or(now);
        Self { from, until: from + TimeDelta::hours(1) }
    }

    /// The business day of Dar es Salaam.
    fn day(now: DateTime<Utc>) -> Self {
        let from = day_begins(business_day(now));
        Self { from, until: from + TimeDelta::days(1) }
    }
}

/// Counts one more code, and says whose count is full.
pub(super) async fn count(
    transaction: &Transaction<'_>,
    (index, phone, address): (&str, &str, Option<IpAddr>),
    limits: &CodeLimits,
    now: DateTime<Utc>,
) -> Result<Option<TooMany>, tokio_postgres::Error> {
    let prefix = phone.get(..PREFIX).unwrap_or(phone);
    let address = address.filter(|address| !address.is_loopback()).map(network);
    let counted = [
        ("number", Some(index.to_owned()), Span::day(now), limits.per_number_and_day),
        ("prefix", Some(prefix.to_owned()), Span::hour(now), limits.per_prefix_and_hour),
        ("address", address, Span::hour(now), limits.per_address_and_hour),
        ("all", Some(String::new()), Span::day(now), limits.messages_a_day),
    ];
    for (what, subject, span, limit) in counted {
        let Some(subject) = subject else { continue };
        let row = transaction.query_one(statements::TALLY, &[&what, &subject, &span.from]).await?;
        let count: i32 = row.try_get(0)?;
        if i64::from(count) > i64::from(limit) {
            return Ok(Some(TooMany { what, again_at: span.until }));
        }
    }
    Ok(None)
}

/// An address as it is counted: IPv6 by its network of 64 bits, which one subscriber has as a whole.
fn network(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_dar_es_salaam() {
        let now: DateTime<Utc> = "2026-03-01T20:59:59Z".parse().unwrap();
        assert_eq!(Span::day(now).from.to_rfc3339(), "2026-02-28T21:00:00+00:00");
        assert_eq!(Span::day(now + TimeDelta::seconds(1)).from.to_rfc3339(), "2026-03-01T21:00:00+00:00");
        assert_eq!(Span::hour(now).until.to_rfc3339(), "2026-03-01T21:00:00+00:00");
    }

    #[test]
    fn a_subscriber_of_ipv6_counts_as_one() {
        let network = |text: &str| super::network(text.parse().unwrap());
        assert_eq!(network("2001:db8:1:2:3::4"), network("2001:db8:1:2:ffff::"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("41.59.1.1"), "41.59.1.1");
    }
}

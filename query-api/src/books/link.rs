//! From a number to the lines behind it.

use chrono::{DateTime, SecondsFormat, Utc};
use domain::postings::Account;
use serde::Serialize;
use tokio_postgres::Row;
use utoipa::ToSchema;

use super::Filter;
use crate::{
    as_of::{Known, stands_for},
    read::Failure,
};

/// The moment that an answer stands for, and with it every link in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moored {
    /// Nothing of a later position.
    pub(crate) position: i64,
    /// Nothing that happened later.
    pub(crate) occurred_until: Option<DateTime<Utc>>,
}

impl Moored {
    /// To the moment that was asked for, in a read model that stands at a position.
    pub(crate) fn to(known: Option<Known>, holds: i64) -> Self {
        let occurred_until = known.and_then(|known| known.occurred_until);
        Self { position: stands_for(holds, known), occurred_until }
    }

    fn link(&self, path: &str, filter: &Filter, more: &[(&'static str, String)]) -> String {
        let mut pairs = filter.pairs();
        pairs.extend(more.iter().cloned());
        pairs.push(("as_of", format!("position:{}", self.position)));
        let until = self.occurred_until.map(|time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true));
        pairs.extend(until.map(|until| ("occurred_until", until)));
        let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{path}?{}", pairs.join("&"))
    }

    /// The entries of an account.
    pub(crate) fn entries(&self, account: Account, filter: &Filter) -> String {
        self.link(&format!("/api/v1/finance/accounts/{}/entries", account.code()), filter, &[])
    }

    /// Lines of the journal.
    pub(crate) fn journal(&self, filter: &Filter) -> String {
        let account: Vec<_> = filter.account.map(|code| ("account", code.to_string())).into_iter().collect();
        self.link("/api/v1/finance/journal", filter, &account)
    }

    /// A report.
    pub(crate) fn report(&self, path: &str, more: &[(&'static str, String)]) -> String {
        self.link(path, &Filter::default(), more)
    }
}

/// Which lines a number is made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = LineSpan)]
pub(crate) struct Span {
    /// How many lines of the journal.
    #[schema(example = 2)]
    pub(crate) count: i64,
    /// The position of the first of their events.
    #[schema(example = 1042)]
    pub(crate) first_position: Option<i64>,
    /// The position of the last of their events.
    #[schema(example = 1042)]
    pub(crate) last_position: Option<i64>,
}

impl Span {
    pub(crate) fn read(row: &Row) -> Result<Self, Failure> {
        Ok(Self {
            count: row.try_get::<_, Option<i64>>("lines")?.unwrap_or(0),
            first_position: row.try_get("first_position")?,
            last_position: row.try_get("last_position")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::books::Days;

    #[test]
    fn a_link_asks_for_the_same_lines_at_the_same_position() {
        let day = Some("2026-01-15".parse().unwrap());
        let filter =
            Filter { days: Days { from: day, to: day }, kind: Some("late".to_owned()), ..Filter::default() };
        let now = Moored { position: 42, occurred_until: None };
        assert_eq!(
            now.entries(Account::LateFeeRevenue, &filter),
            "/api/v1/finance/accounts/4010/entries?from=2026-01-15&to=2026-01-15&kind=late&as_of=position:42"
        );
        let until = "2026-01-15T12:00:00Z".parse().unwrap();
        let then = Moored { position: 42, occurred_until: Some(until) };
        assert_eq!(
            then.journal(&Filter { account: Some(2_100), ..Filter::default() }),
            "/api/v1/finance/journal?account=2100&as_of=position:42&occurred_until=2026-01-15T12:00:00Z"
        );
    }
}

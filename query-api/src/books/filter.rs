//! Which lines of the journal: by day, account, and what they are about.

use chrono::{DateTime, NaiveDate, Utc};
use domain::{Event, event::Provider, postings::Account};
use edge::Problem;
use serde::Deserialize;
use tokio_postgres::types::ToSql;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Days, known_day, named};

/// The kinds of income.
const KINDS: [&str; 3] = ["usage", "late", "replacement"];
/// The wallets.
const PROVIDERS: [Provider; 5] =
    [Provider::Mpesa, Provider::Mixx, Provider::Airtel, Provider::Halopesa, Provider::Azampesa];

/// What may be asked of lines.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Lines {
    /// The first booking day.
    #[param(example = "2026-01-01")]
    pub(crate) from: Option<NaiveDate>,
    /// The last booking day.
    #[param(example = "2026-01-31")]
    pub(crate) to: Option<NaiveDate>,
    /// One booking day: the same as both.
    pub(crate) booking_day: Option<NaiveDate>,
    /// Lines that touch this account; not where the path names one.
    pub(crate) account: Option<String>,
    /// Lines of this customer's receivable or deposit.
    pub(crate) customer_id: Option<Uuid>,
    /// Lines of this rental.
    pub(crate) rental_id: Option<Uuid>,
    /// Lines of rentals that started at this station.
    pub(crate) station_id: Option<Uuid>,
    /// Lines of rentals by this price list.
    pub(crate) tariff_id: Option<Uuid>,
    /// Of this version of it.
    pub(crate) tariff_version: Option<i32>,
    /// Lines of mobile money with this wallet operator.
    pub(crate) provider: Option<String>,
    /// Income, or its VAT, of one kind: `usage`, `late` or `replacement`.
    pub(crate) kind: Option<String>,
    /// Lines of events of this type.
    pub(crate) event_type: Option<String>,
    /// Lines of rentals by a price list of this rate of VAT, in percent.
    pub(crate) vat_percent: Option<i16>,
    /// 1 to 500.
    #[serde(default)]
    #[param(value_type = Option<u16>)]
    pub(crate) limit: edge::http::Limit,
    /// Where the page before ended.
    #[param(value_type = Option<String>)]
    pub(crate) cursor: Option<edge::http::Cursor>,
}

/// Which lines; what is not said admits everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) days: Days,
    pub(crate) account: Option<i16>,
    pub(crate) customer_id: Option<Uuid>,
    pub(crate) rental_id: Option<Uuid>,
    pub(crate) station_id: Option<Uuid>,
    pub(crate) tariff_id: Option<Uuid>,
    pub(crate) tariff_version: Option<i32>,
    pub(crate) provider: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) event_type: Option<String>,
    pub(crate) vat_percent: Option<i16>,
}

fn one_of(name: &str, value: Option<&str>, known: &[&str]) -> Result<Option<String>, Problem> {
    match value {
        Some(value) if !known.contains(&value) => {
            Err(Problem::malformed(format!("{name} is one of {}", known.join(", "))))
        }
        value => Ok(value.map(str::to_owned)),
    }
}

impl Lines {
    fn days(&self) -> Result<Days, Problem> {
        match (self.booking_day, self.from, self.to) {
            (None, from, to) => Days::new(from, to),
            (Some(day), None, None) => {
                let day = Some(known_day("booking_day", day)?);
                Days::new(day, day)
            }
            (Some(_), _, _) => {
                Err(Problem::malformed("booking_day is one day, from and to are several: not both"))
            }
        }
    }

    /// The filter that it says.
    pub(crate) fn filter(&self) -> Result<Filter, Problem> {
        let account = self.account.as_deref().map(named).transpose()?;
        let providers: Vec<&str> = PROVIDERS.into_iter().map(Provider::as_str).collect();
        Ok(Filter {
            days: self.days()?,
            account: account.map(Account::code),
            customer_id: self.customer_id,
            rental_id: self.rental_id,
            station_id: self.station_id,
            tariff_id: self.tariff_id,
            tariff_version: self.tariff_version,
            provider: one_of("provider", self.provider.as_deref(), &providers)?,
            kind: one_of("kind", self.kind.as_deref(), &KINDS)?,
            event_type: one_of("event_type", self.event_type.as_deref(), Event::TYPES)?,
            vat_percent: self.vat_percent,
        })
    }
}

impl Filter {
    /// All lines of these days.
    pub(crate) fn of(days: Days) -> Self {
        Self { days, ..Self::default() }
    }

    /// What the statements call `$1` to `$13`.
    pub(crate) fn parameters<'a>(
        &'a self,
        occurred_until: &'a Option<DateTime<Utc>>,
    ) -> [&'a (dyn ToSql + Sync); 13] {
        [
            occurred_until,
            &self.days.from,
            &self.days.to,
            &self.account,
            &self.customer_id,
            &self.rental_id,
            &self.station_id,
            &self.tariff_id,
            &self.tariff_version,
            &self.provider,
            &self.kind,
            &self.event_type,
            &self.vat_percent,
        ]
    }

    /// Whether all lines of an account are asked for, whatever they are about.
    pub(crate) fn is_whole_account(&self) -> bool {
        *self == Self { days: self.days, account: self.account, ..Self::default() }
    }

    /// The parameters of a link that asks for the same.
    pub(crate) fn pairs(&self) -> Vec<(&'static str, String)> {
        let days = [("from", self.days.from), ("to", self.days.to)];
        let days = days.into_iter().filter_map(|(name, day)| Some((name, day?.to_string())));
        let ids = [
            ("customer_id", self.customer_id),
            ("rental_id", self.rental_id),
            ("station_id", self.station_id),
            ("tariff_id", self.tariff_id),
        ];
        let ids = ids.into_iter().filter_map(|(name, id)| Some((name, id?.to_string())));
        let version = self.tariff_version.map(|version| ("tariff_version", version.to_string()));
        let words = [("provider", &self.provider), ("kind", &self.kind), ("event_type", &self.event_type)];
        let words = words.into_iter().filter_map(|(name, word)| Some((name, word.clone()?)));
        let rate = self.vat_percent.map(|percent| ("vat_percent", percent.to_string()));
        days.chain(ids).chain(version).chain(words).chain(rate).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(lines: Lines) -> Result<Filter, Problem> {
        lines.filter()
    }

    #[test]
    fn words_that_are_in_no_list_are_refused_with_the_list() {
        let word = |text: &str| Some(text.to_owned());
        let known =
            Lines { kind: word("late"), provider: word("mpesa"), account: word("4010"), ..Lines::default() };
        assert_eq!(filter(known).unwrap().account, Some(4_010));
        for bad in [
            Lines { kind: word("vat"), ..Lines::default() },
            Lines { provider: word("MPESA"), ..Lines::default() },
            Lines { event_type: word("rental_ended"), ..Lines::default() },
            Lines { account: word("4999"), ..Lines::default() },
        ] {
            let problem = filter(bad).unwrap_err();
            assert_eq!(problem.code(), "malformed");
        }
    }

    #[test]
    fn one_day_is_from_it_to_it_and_nothing_beside() {
        let day = Some("2026-01-15".parse().unwrap());
        let one = filter(Lines { booking_day: day, ..Lines::default() }).unwrap();
        assert_eq!((one.days.from, one.days.to), (day, day));
        assert!(filter(Lines { booking_day: day, to: day, ..Lines::default() }).is_err());
    }
}

//! The values that a notice is written with, and how each looks in a language.
//!
//! A value is kept as what it is (an amount, a moment) and written only when the message is, so a row serves both
//! languages. Nothing here names a person.

use std::collections::BTreeMap;

use domain::customer::Language;
use domain::event::Provider;
use domain::money::grouped;
use domain::{Money, Time, timing};
use serde::{Deserialize, Serialize};

/// Whether a receipt is one in the sense of the tax law.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FiscalStatus {
    /// No fiscal receipt is made for it.
    NotApplicable,
    /// The fiscal device has not answered yet.
    Pending,
    /// It has a fiscal number.
    Issued,
    /// The fiscal device refused it.
    Failed,
}

impl FiscalStatus {
    const fn written(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::NotApplicable, Language::Sw) => "haihusiki",
            (Self::NotApplicable, Language::En) => "not applicable",
            (Self::Pending, Language::Sw) => "inasubiriwa",
            (Self::Pending, Language::En) => "pending",
            (Self::Issued, Language::Sw) => "imetolewa",
            (Self::Issued, Language::En) => "issued",
            (Self::Failed, Language::Sw) => "imeshindikana",
            (Self::Failed, Language::En) => "failed",
        }
    }
}

/// A value in a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Whole shillings.
    Money(Money),
    /// A moment, written as it is in Dar es Salaam.
    Time(Time),
    /// A length of time in seconds, written in started minutes.
    Seconds(i64),
    /// A plain number.
    Number(i64),
    /// A wallet by its name.
    Provider(Provider),
    /// What a receipt is to the tax office.
    Fiscal(FiscalStatus),
}

impl Value {
    /// How it looks to a reader.
    #[must_use]
    pub fn written(self, language: Language) -> String {
        match self {
            Self::Money(amount) => grouped(amount.shillings()),
            Self::Time(time) => local(time),
            Self::Seconds(seconds) => length(seconds, language),
            Self::Number(number) => number.to_string(),
            Self::Provider(provider) => brand(provider).to_owned(),
            Self::Fiscal(status) => status.written(language).to_owned(),
        }
    }
}

/// Values by the names that templates use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Facts(BTreeMap<String, Value>);

impl Facts {
    /// The value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value> {
        self.0.get(name).copied()
    }
}

impl<const N: usize> From<[(&str, Value); N]> for Facts {
    fn from(values: [(&str, Value); N]) -> Self {
        Self(values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

fn local(time: Time) -> String {
    timing::local(time).format("%d/%m %H:%M").to_string()
}

fn length(seconds: i64, language: Language) -> String {
    let minutes = seconds.max(0).saturating_add(59) / 60;
    match (minutes / 60, minutes % 60, language) {
        (0, minutes, Language::Sw) => format!("dk {minutes}"),
        (0, minutes, Language::En) => format!("{minutes} min"),
        (hours, minutes, Language::Sw) => format!("saa {hours} dk {minutes}"),
        (hours, minutes, Language::En) => format!("{hours} h {minutes} min"),
    }
}

const fn brand(provider: Provider) -> &'static str {
    match provider {
        Provider::Mpesa => "M-Pesa",
        Provider::Mixx => "Mixx by Yas",
        Provider::Airtel => "Airtel Money",
        Provider::Halopesa => "HaloPesa",
        Provider::Azampesa => "AzamPesa",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: Value) -> (String, String) {
        (value.written(Language::Sw), value.written(Language::En))
    }

    fn both(text: &str) -> (String, String) {
        (text.to_owned(), text.to_owned())
    }

    #[test]
    fn amounts_are_grouped_and_moments_are_local() {
        for (amount, text) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (45_000, "45,000"), (1_234_567, "1,234,567")]
        {
            assert_eq!(written(Value::Money(Money::tzs(amount))), both(text));
        }
        assert_eq!(written(Value::Time("2026-03-01T21:05:00Z".parse().unwrap())), both("02/03 00:05"));
        assert_eq!(written(Value::Number(1_234)), both("1234"));
        assert_eq!(written(Value::Provider(Provider::Mixx)), both("Mixx by Yas"));
    }

    #[test]
    fn a_started_minute_counts_as_one() {
        let lengths = [
            (0, "dk 0", "0 min"),
            (1, "dk 1", "1 min"),
            (1_801, "dk 31", "31 min"),
            (5_400, "saa 1 dk 30", "1 h 30 min"),
        ];
        for (seconds, sw, en) in lengths {
            assert_eq!(written(Value::Seconds(seconds)), (sw.to_owned(), en.to_owned()));
        }
    }

    #[test]
    fn what_is_kept_is_read_back() {
        let facts = Facts::from([
            ("total", Value::Money(Money::tzs(1_500))),
            ("fiscal_status", Value::Fiscal(FiscalStatus::NotApplicable)),
            ("due_at", Value::Time("2026-03-01T21:05:00Z".parse().unwrap())),
        ]);
        let kept = serde_json::to_value(&facts).unwrap();
        assert_eq!(kept["fiscal_status"], serde_json::json!({"fiscal": "not_applicable"}));
        assert_eq!(serde_json::from_value::<Facts>(kept).unwrap(), facts);
    }
}

//! The public feed in the General Bikeshare Feed Specification, version 3.0: what maps and trip planners read.
//!
//! How a power bank becomes a vehicle and a slot a dock is decided in `docs/decisions/0006-gbfs.md`. Keeps true: nothing
//! about a person or a single bank is in it; a feed is made from one statement and holds for its ttl, during which every
//! reader is given the same bytes.

mod pricing;
mod shelf;
mod stations;
mod system;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

pub(crate) use shelf::{Made, Shelf};

use crate::read::{Desk, Failure};

/// The version of the specification.
const VERSION: &str = "3.0";
/// The languages of every text.
const LANGUAGES: [&str; 2] = ["en", "sw"];

/// A file of the feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Feed {
    /// Which files there are.
    Discovery,
    /// Whose system this is.
    SystemInformation,
    /// What can be rented.
    VehicleTypes,
    /// Where the stations are.
    StationInformation,
    /// What is free there.
    StationStatus,
    /// What it costs.
    PricingPlans,
}

impl Feed {
    /// Every file.
    pub(crate) const ALL: [Self; 6] = [
        Self::Discovery,
        Self::SystemInformation,
        Self::VehicleTypes,
        Self::StationInformation,
        Self::StationStatus,
        Self::PricingPlans,
    ];

    /// Its name, without the extension.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Discovery => "gbfs",
            Self::SystemInformation => "system_information",
            Self::VehicleTypes => "vehicle_types",
            Self::StationInformation => "station_information",
            Self::StationStatus => "station_status",
            Self::PricingPlans => "system_pricing_plans",
        }
    }

    /// The file of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|feed| feed.name() == name)
    }

    /// How many seconds it holds.
    pub(crate) const fn ttl(self) -> u32 {
        match self {
            Self::StationStatus => 30,
            Self::StationInformation | Self::PricingPlans => 60,
            Self::Discovery | Self::SystemInformation | Self::VehicleTypes => 3_600,
        }
    }

    /// Its place on the shelf.
    const fn index(self) -> usize {
        match self {
            Self::Discovery => 0,
            Self::SystemInformation => 1,
            Self::VehicleTypes => 2,
            Self::StationInformation => 3,
            Self::StationStatus => 4,
            Self::PricingPlans => 5,
        }
    }

    /// Makes it at this moment; `base` is where the reader found the feed.
    pub(crate) async fn make(self, desk: &Desk, base: &str, now: DateTime<Utc>) -> Result<Made, Failure> {
        let (position, data) = match self {
            Self::Discovery => (stations::position(desk).await?, system::discovery(base)),
            Self::SystemInformation => (stations::position(desk).await?, system::information()),
            Self::VehicleTypes => {
                let (position, plan) = pricing::plan_id(desk, now).await?;
                (position, system::vehicle_types(plan.as_deref()))
            }
            Self::StationInformation => stations::information(desk).await?,
            Self::StationStatus => stations::status(desk, now).await?,
            Self::PricingPlans => pricing::plans(desk, now).await?,
        };
        Ok(Made::new(self, position, now, &self.envelope(now, data)))
    }

    fn envelope(self, now: DateTime<Utc>, data: Value) -> Value {
        json!({"last_updated": moment(now), "ttl": self.ttl(), "version": VERSION, "data": data})
    }
}

/// A time as the specification writes it.
fn moment(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A text in both languages.
fn said(english: &str, swahili: &str) -> Value {
    let [en, sw] = LANGUAGES;
    json!([{"text": english, "language": en}, {"text": swahili, "language": sw}])
}

/// A name: the same in both.
fn name(text: &str) -> Value {
    said(text, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_found_by_its_name_and_has_its_own_place() {
        for (place, feed) in Feed::ALL.into_iter().enumerate() {
            assert_eq!((Feed::named(feed.name()), feed.index()), (Some(feed), place));
        }
        assert_eq!(Feed::named("vehicle_status"), None);
    }
}

//! Small values that are parsed once at the edge and cannot be wrong afterwards.

use serde::{Deserialize, Deserializer, Serialize, de::Error};

/// Fewest and most characters of a serial.
const SERIAL_LENGTH: std::ops::RangeInclusive<usize> = 3..=40;
/// Most characters of a name or a reason.
const TEXT_LENGTH: usize = 200;
/// Most slots of a station.
pub const MAX_SLOTS: u16 = 200;

macro_rules! parsed_text {
    ($(#[$doc:meta])* $name:ident, $check:expr, $why:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The text, if it has this form.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let check: fn(&str) -> bool = $check;
                check(text).then(|| Self(text.to_owned()))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| D::Error::custom($why))
            }
        }
    };
}

fn plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

parsed_text!(
    /// The serial printed on a power bank: 3–40 characters of `A–Z a–z 0–9 . _ -`.
    Serial,
    |text| SERIAL_LENGTH.contains(&text.len()) && text.chars().all(plain),
    "a serial is 3-40 characters of A-Z a-z 0-9 . _ -"
);
parsed_text!(
    /// The short code of a station: 1–40 characters of `A–Z a–z 0–9 . _ -`.
    StationCode,
    |text| (1..=40).contains(&text.len()) && text.chars().all(plain),
    "a station code is 1-40 characters of A-Z a-z 0-9 . _ -"
);
parsed_text!(
    /// A name for people to read: 1–200 characters without control characters.
    Name,
    |text| {
        let count = text.chars().count();
        (1..=TEXT_LENGTH).contains(&count) && !text.chars().any(char::is_control) && !text.trim().is_empty()
    },
    "a name is 1-200 printable characters"
);
parsed_text!(
    /// Why somebody did something: up to 200 characters without control characters.
    Reason,
    |text| text.chars().count() <= TEXT_LENGTH && !text.chars().any(char::is_control),
    "a reason is at most 200 printable characters"
);
parsed_text!(
    /// The provider's own id of a transaction: 1–128 visible ASCII characters.
    ProviderReference,
    |text| (1..=128).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic()),
    "a provider reference is 1-128 visible ASCII characters"
);

/// The number of a slot, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct SlotNumber(u16);

impl SlotNumber {
    /// The slot, if such a number can exist: 1–200.
    #[must_use]
    pub const fn new(number: u16) -> Option<SlotNumber> {
        if number >= 1 && number <= MAX_SLOTS { Some(SlotNumber(number)) } else { None }
    }

    /// The number, counted from 1.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The place in a list of slots, counted from 0.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0.saturating_sub(1))
    }
}

impl<'de> Deserialize<'de> for SlotNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u16::deserialize(deserializer)?;
        SlotNumber::new(number).ok_or_else(|| D::Error::custom("a slot is a number from 1 to 200"))
    }
}

macro_rules! bounded {
    ($(#[$doc:meta])* $name:ident, $inner:ty, $low:literal..=$high:literal, $why:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name($inner);

        impl $name {
            /// The number.
            #[must_use]
            pub const fn get(self) -> $inner {
                self.0
            }

            /// The value, if it lies in its bounds.
            #[must_use]
            pub fn new(value: $inner) -> Option<Self> {
                ($low..=$high).contains(&value).then_some(Self(value))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = <$inner>::deserialize(deserializer)?;
                Self::new(value).ok_or_else(|| D::Error::custom($why))
            }
        }
    };
}

bounded!(
    /// How full a battery is, in percent.
    Percent, u8, 0..=100, "a percentage is 0 to 100"
);
bounded!(
    /// How many slots a station has.
    SlotCount, u16, 1..=200, "a station has 1 to 200 slots"
);
bounded!(
    /// What a battery holds, in milliampere hours.
    CapacityMah, u32, 100..=1_000_000, "a capacity is 100 to 1,000,000 mAh"
);
bounded!(
    /// The position of an event in the ledger.
    EventPosition, i64, 1..=9_223_372_036_854_775_807, "a position is 1 or more"
);
bounded!(
    /// A length of time in minutes, at least one and at most a year.
    Minutes, i64, 1..=525_600, "minutes are 1 to 525,600"
);

/// A latitude or longitude, kept in millionths of a degree so that it compares exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Degrees<const MAX: i32>(i32);

/// Degrees north of the equator.
pub type Latitude = Degrees<90>;
/// Degrees east of Greenwich.
pub type Longitude = Degrees<180>;

const MILLIONTHS: f64 = 1_000_000.0;

impl<const MAX: i32> Degrees<MAX> {
    /// The coordinate, rounded to a millionth of a degree, if it lies on the globe.
    #[must_use]
    #[expect(
        clippy::float_arithmetic,
        clippy::as_conversions,
        reason = "the one place where degrees are scaled; the range is checked"
    )]
    pub fn new(degrees: f64) -> Option<Self> {
        (degrees.is_finite() && degrees.abs() <= f64::from(MAX))
            .then(|| Self((degrees * MILLIONTHS).round() as i32))
    }

    /// The coordinate in degrees.
    #[must_use]
    #[expect(clippy::float_arithmetic, reason = "the one place where degrees are scaled")]
    pub fn degrees(self) -> f64 {
        f64::from(self.0) / MILLIONTHS
    }
}

impl<const MAX: i32> Serialize for Degrees<MAX> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.degrees())
    }
}

impl<'de, const MAX: i32> Deserialize<'de> for Degrees<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let degrees = f64::deserialize(deserializer)?;
        Self::new(degrees).ok_or_else(|| D::Error::custom(format!("a coordinate is -{MAX} to {MAX} degrees")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_outside_their_bounds_cannot_be_made() {
        assert!(Serial::parse("ab").is_none());
        assert!(Serial::parse(&"x".repeat(41)).is_none());
        assert!(Serial::parse("PB 1").is_none());
        assert!(Serial::parse("PB-1_a.Z").is_some());
        assert!(serde_json::from_str::<SlotNumber>("0").is_err());
        assert!(serde_json::from_str::<SlotNumber>("201").is_err());
        assert!(serde_json::from_str::<Percent>("101").is_err());
        assert!(serde_json::from_str::<Latitude>("90.1").is_err());
        assert_eq!(serde_json::to_string(&Latitude::new(-6.792_354).unwrap()).unwrap(), "-6.792354");
    }
}

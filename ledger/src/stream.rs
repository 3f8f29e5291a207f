//! Streams: what an event belongs to, each with its own dense versions (I4).
//!
//! The codes of the kinds are stored in events and hashed into leaves, so they never change.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a stream is about. The codes are stored and never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(i16)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum StreamKind {
    Customer = 1,
    Device = 2,
    Station = 3,
    Rental = 4,
    Payment = 5,
    Tariff = 6,
    Refund = 7,
    Receipt = 8,
    Approval = 9,
    Period = 10,
    Break = 11,
    Entry = 12,
    Ledger = 13,
    Projection = 14,
}

impl StreamKind {
    /// Every kind, in the order of its code.
    pub const ALL: [Self; 14] = [
        Self::Customer,
        Self::Device,
        Self::Station,
        Self::Rental,
        Self::Payment,
        Self::Tariff,
        Self::Refund,
        Self::Receipt,
        Self::Approval,
        Self::Period,
        Self::Break,
        Self::Entry,
        Self::Ledger,
        Self::Projection,
    ];

    /// The stored code.
    #[must_use]
    #[expect(clippy::as_conversions, reason = "the discriminant of a repr(i16) enum is the code")]
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The kind with this code.
    #[must_use]
    pub fn from_code(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The name in text, as in headers and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Device => "device",
            Self::Station => "station",
            Self::Rental => "rental",
            Self::Payment => "payment",
            Self::Tariff => "tariff",
            Self::Refund => "refund",
            Self::Receipt => "receipt",
            Self::Approval => "approval",
            Self::Period => "period",
            Self::Break => "break",
            Self::Entry => "entry",
            Self::Ledger => "ledger",
            Self::Projection => "projection",
        }
    }
}

impl fmt::Display for StreamKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no kind of stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no kind of stream")]
pub struct UnknownStreamKind(pub String);

impl FromStr for StreamKind {
    type Err = UnknownStreamKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| UnknownStreamKind(text.to_owned()))
    }
}

/// A stream an event belongs to, with the version the event gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StreamRef {
    /// What the stream is about.
    pub kind: StreamKind,
    /// Which one; ours are version 7.
    pub id: Uuid,
    /// The version that the event makes: 1 for the first event of the stream.
    pub version: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_lead_back_to_the_kind() {
        for kind in StreamKind::ALL {
            assert_eq!(StreamKind::from_code(kind.code()), Some(kind));
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert_eq!(StreamKind::from_code(0), None);
        assert_eq!(StreamKind::from_code(15), None);
        assert!("Customer".parse::<StreamKind>().is_err());
    }
}

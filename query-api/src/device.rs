//! What anybody may know of a power bank: its serial, whether it is in service, and what to do with it.
//!
//! Keeps true: neither where it is nor whether somebody has it can be told from this.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// How a rental starts.
const RENT: &str = "Open the ChajiPoa app and scan the code on the display of a station. The code printed on a bank starts nothing.";
/// How one ends.
const RETURN: &str = "Put the bank into a free slot of any ChajiPoa station, until it clicks.";

/// A power bank as its printed code shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct PublicDevice {
    pub(crate) device_id: Uuid,
    pub(crate) serial: String,
    /// `in_service`, `out_of_service` or `lost`.
    #[schema(example = "in_service")]
    pub(crate) status: &'static str,
    pub(crate) how_to_rent: &'static str,
    pub(crate) how_to_return: &'static str,
}

impl PublicDevice {
    /// From the status that only staff see.
    pub(crate) fn of(device_id: Uuid, serial: String, status: &str) -> Self {
        let status = match status {
            "lost" => "lost",
            "maintenance" | "sold" | "retired" => "out_of_service",
            _ => "in_service",
        };
        Self { device_id, serial, status, how_to_rent: RENT, how_to_return: RETURN }
    }

    /// The status in words.
    pub(crate) fn in_words(&self) -> &'static str {
        match self.status {
            "lost" => "We are looking for this bank. Please bring it to any station: thank you.",
            "out_of_service" => "This bank is not for rent.",
            _ => "This bank is in service.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whether_somebody_has_a_bank_cannot_be_told() {
        let shown = |status| PublicDevice::of(Uuid::nil(), "PB-1".to_owned(), status);
        for status in ["docked", "releasing", "rented"] {
            assert_eq!(shown(status), shown("provisioned"), "{status}");
        }
        assert_eq!([shown("lost").status, shown("sold").status], ["lost", "out_of_service"]);
    }
}

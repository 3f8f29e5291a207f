//! The charges of a whole ledger, computed again from its events, and what another tariff would have earned.
//!
//! A [`Pass`] is shown every event in order. Of each rental it keeps the facts that its bill depends on (the tariff
//! pinned at the start, extensions, returns, refused attempts, a reported loss) and rates them anew at every event that
//! moves money. A recorded amount is never an input: it is only compared. What differs is a [`Difference`] with the
//! position of the event; the pass goes on with what it computed itself, so one altered event is reported once.
//!
//! Memory: open rentals, the last few closed ones, and each customer's starts of the last days. A rental that is closed
//! may be corrected years later: then the pass says what it [`Needs`], is shown the rental's own stream up to there, and
//! is asked again. So nothing is kept for the sake of what hardly ever happens.
//!
//! Asked [`WhatIf`], the facts of each billed rental are also rated under another tariff. What people did stays as it
//! was: the same starts, the same extensions in minutes, the same returns, refused attempts and reports of loss. The due
//! time, the sale moment, the recovery window and the free rentals of a day follow from the new tariff. A start or an end
//! that staff corrected is a fact like any other; a total that they set stands under every tariff.
//!
//! No input or output: the caller reads.

mod case;
mod difference;
mod pass;
mod starts;
mod what_if;

pub use difference::{Difference, What};
pub use pass::{Counted, Needs, Pass, customer_of};
pub use what_if::{Cell, Earned, WhatIf};

use crate::Event;

/// An event with its place in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Its position.
    pub position: i64,
    /// What happened.
    pub event: Event,
}

/// Rates one rental again from its own stream alone, with the tariff pinned at its start.
///
/// What lies in other streams is believed: that the pinned tariff was published, that the free minutes were granted
/// rightly, and that a recovery which gives nothing back was that of somebody erased.
#[must_use]
pub fn of_rental(stream: &[Placed]) -> Vec<Difference> {
    case::Case::check(stream)
}

/// The types of event that a pass has to be shown; any other may be left out.
#[must_use]
pub fn concerns(event_type: &str) -> bool {
    matches!(
        event_type,
        "TariffPublished"
            | "StationRegistered"
            | "CustomerErased"
            | "RentalStarted"
            | "RentalExtended"
            | "ReturnAttemptRecorded"
            | "RentalEnded"
            | "RentalSold"
            | "RentalCorrected"
            | "ReplacementFeeReversed"
            | "DeviceRecovered"
            | "DeviceDocked"
    )
}

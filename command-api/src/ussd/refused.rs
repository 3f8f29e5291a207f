//! A refusal in words that fit a screen.

use edge::Problem;

use super::words::{self, Words};

/// What is said of a refusal.
pub(crate) struct Said {
    pub(crate) words: Words,
    /// It was this input that did not do; another may.
    pub(crate) again: bool,
}

/// What is said where something could not be done.
pub(crate) fn said(problem: &Problem) -> Said {
    let (words, again) = match problem.code() {
        "slot_empty"
        | "slot_unknown"
        | "slot_faulty"
        | "slot_disabled"
        | "slot_reserved"
        | "battery_low"
        | "device_in_maintenance"
        | "device_rented" => (words::SLOT_NOT_FREE, true),
        "customer_has_debt" => (words::HAS_DEBT, false),
        "deposit_insufficient" => (words::DEPOSIT_SHORT, false),
        "rental_already_open" => (words::HAS_RENTAL, false),
        "customer_not_active" | "customer_suspended" | "customer_closed" => (words::NOT_ACTIVE, false),
        "station_offline" | "station_not_renting" | "station_decommissioned" | "station_unknown" => {
            (words::STATION_SHUT, false)
        }
        "rental_not_started" | "rental_ended" | "rental_cancelled" => (words::NOT_LOST_NOW, false),
        "too_many_prompts" => (words::MANY_PROMPTS, false),
        _ if problem.status().is_server_error() => (words::LATER, false),
        _ => (words::REFUSED, false),
    };
    Said { words, again }
}

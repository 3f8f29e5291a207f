//! From the states of the ledger to what a screen shows of them.

use chrono::{DateTime, Utc};
use domain::Money;
use domain::customer::Language;
use domain::rating::Rated;
use domain::rental::Rental;
use domain::station::{Service, Station};
use domain::values::SlotNumber;

use super::page::{self, Facts, Running};
use super::words::wallets;

/// What a screen shows of nobody in particular.
pub(crate) fn nothing(language: Language) -> Facts {
    Facts {
        language,
        balance: Money::ZERO,
        debt: Money::ZERO,
        bill: String::new(),
        wallets: wallets(""),
        station: None,
        rental: None,
    }
}

/// A station as a screen shows it.
pub(crate) fn shown_station(station: &Station) -> page::Station {
    let slots = (1..=station.slot_count()).filter_map(SlotNumber::new);
    let working: Vec<(SlotNumber, bool)> = slots
        .filter_map(|number| Some((number, station.slot(number)?)))
        .filter(|(_, slot)| !slot.faulty && !slot.disabled)
        .map(|(number, slot)| (number, slot.device.is_some()))
        .collect();
    let banks: Vec<SlotNumber> =
        working.iter().filter(|(_, holds)| *holds).map(|(number, _)| *number).collect();
    page::Station {
        name: station.name.as_str().to_owned(),
        code: station.code.as_str().to_owned(),
        rents: station.online && station.renting && station.service == Service::InService,
        free: working.len().saturating_sub(banks.len()),
        banks,
    }
}

/// An open rental as a screen shows it, with its price so far.
pub(crate) fn shown_rental(rental: &Rental, now: DateTime<Utc>) -> page::Rental {
    let terms = &rental.tariff.terms;
    let running = rental.meter().map(|meter| {
        let (since, due) = (meter.started_at, meter.due_at);
        let rated = Rated { terms, free_minutes: meter.free_minutes, started_at: since, due_at: due };
        Running { since, due, price: rated.returned(now).total, late: now >= due }
    });
    page::Rental { running, replacement: terms.replacement_fee }
}

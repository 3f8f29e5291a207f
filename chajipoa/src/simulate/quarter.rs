//! A quarter of the city as it really is: who is where, whatever the ledger has heard so far.

#![expect(
    clippy::indexing_slicing,
    reason = "indexes into the quarter's own lists, which are made once and only grow"
)]

use chrono::{DateTime, Utc};
use edge::{Clock as _, SystemClock};
use serde_json::{Value, json};
use uuid::Uuid;

use super::acting::{Act, Who};
use super::chance::Chance;
use super::people::Customer;

/// Stations of a quarter.
const STATIONS: usize = 4;
/// The first of them are kiosks, the others cabinets that the city plays itself.
const KIOSKS: usize = 2;
/// Slots of a station.
pub(super) const SLOTS: usize = 12;
/// Banks that each station begins with.
pub(super) const BANKS: usize = 8;
/// One customer for so many rentals.
const RENTALS_PER_CUSTOMER: u64 = 4;
/// The deposit that the city's tariff asks for.
pub(super) const DEPOSIT: i64 = 10_000;

/// A station and what stands in it.
#[derive(Debug)]
pub(super) struct Station {
    pub(super) id: Uuid,
    /// What it shows for a token.
    pub(super) secret: String,
    pub(super) token: Option<(String, DateTime<Utc>)>,
    pub(super) instant: bool,
    pub(super) online: bool,
    pub(super) slots: [Option<usize>; SLOTS],
    /// What it kept while it was offline, each with the trip that it ends.
    pub(super) kept: Vec<(usize, Act)>,
}

impl Station {
    pub(super) fn banks(&self) -> Vec<usize> {
        (0..SLOTS).filter(|slot| self.slots.get(*slot).is_some_and(Option::is_some)).collect()
    }

    pub(super) fn free_slot(&self) -> Option<usize> {
        self.slots.iter().position(Option::is_none)
    }
}

/// A bank.
#[derive(Debug)]
pub(super) struct Bank {
    pub(super) id: Uuid,
    pub(super) serial: String,
}

/// A rental as its customer lives it.
#[derive(Debug)]
pub(super) struct Trip {
    pub(super) rental_id: Uuid,
    pub(super) customer: usize,
    pub(super) bank: usize,
    /// The bank is back, whether or not the ledger knows.
    pub(super) returned: bool,
    /// The ledger knows how it came out.
    pub(super) closed: bool,
    /// What it costs, as far as the ledger has said.
    pub(super) charge: i64,
}

/// A quarter.
#[derive(Debug)]
pub(super) struct Quarter {
    pub(super) rentals: u64,
    pub(super) chance: Chance,
    /// What depends on how long the real city took (who has to pay) must not change what is chosen elsewhere.
    pub(super) purse: Chance,
    /// Its stations and banks are said to stand since then.
    pub(super) begins: DateTime<Utc>,
    pub(super) staff: Uuid,
    pub(super) stations: Vec<Station>,
    pub(super) banks: Vec<Bank>,
    pub(super) customers: Vec<Customer>,
    pub(super) trips: Vec<Trip>,
    pub(super) number: u64,
    tariff: Uuid,
}

/// A new id. Ids are never a matter of the seed: the same city may stand twice in one ledger.
pub(super) fn id() -> Uuid {
    SystemClock.id()
}

/// The digits of an id that differ from all others'.
pub(super) fn tail(id: Uuid, from: usize) -> String {
    id.simple().to_string().chars().skip(from).collect()
}

impl Quarter {
    pub(super) fn new(
        number: u64,
        rentals: u64,
        mut chance: Chance,
        begins: DateTime<Utc>,
        tariff: Uuid,
    ) -> Quarter {
        let bank = |_| {
            let id = id();
            Bank { id, serial: format!("SIM-{}", tail(id, 12)) }
        };
        let banks = (0..STATIONS * BANKS).map(bank).collect();
        let stations = (0..STATIONS).map(|place| Station {
            id: id(),
            secret: String::new(),
            token: None,
            instant: place < KIOSKS,
            online: true,
            slots: std::array::from_fn(|slot| (slot < BANKS).then_some(place * BANKS + slot)),
            kept: Vec::new(),
        });
        let stations = stations.collect();
        let count = rentals.div_ceil(RENTALS_PER_CUSTOMER).saturating_add(6);
        let customers = (0..count).map(|_| Customer::default()).collect();
        let (trips, purse) = (Vec::new(), chance.fork());
        Quarter {
            rentals,
            chance,
            purse,
            begins,
            staff: id(),
            stations,
            banks,
            customers,
            trips,
            number,
            tariff,
        }
    }

    /// A command of the staff, dated.
    pub(super) fn staff(&self, name: &'static str, at: Option<DateTime<Utc>>, data: Value) -> Act {
        Act::command(Who::Staff(edge::Role::Admin, self.staff), name, at, data)
    }

    /// What it takes to put up the stations and the banks.
    pub(super) fn opening(&mut self) -> Vec<Act> {
        let at = Some(self.begins);
        let mut acts = Vec::new();
        for (place, station) in self.stations.iter().enumerate() {
            let data = json!({
                "station_id": station.id, "code": format!("S{}", tail(station.id, 18)),
                "name": format!("Quarter {} no. {}", self.number + 1, place + 1),
                "latitude": latitude(self.number, place), "longitude": 39.28, "slots": SLOTS,
                "release_mode": if station.instant { "instant" } else { "confirmed" }, "tariff_id": self.tariff,
            });
            acts.push(self.staff("RegisterStation", at, data));
        }
        for bank in 0..self.banks.len() {
            let Bank { id: device_id, serial } = &self.banks[bank];
            let data = json!({"device_id": device_id, "serial": serial, "capacity_mah": 5_000});
            let register = self.staff("RegisterDevice", at, data);
            let battery_percent = 60 + self.chance.below(40);
            let data = json!({
                "device_id": self.banks[bank].id, "station_id": self.stations[bank / BANKS].id,
                "slot": bank % BANKS + 1, "battery_percent": battery_percent,
            });
            acts.extend([register, self.staff("DockDevice", at, data)]);
        }
        acts
    }

    /// An idle customer.
    pub(super) fn idle_customer(&mut self) -> Option<usize> {
        let idle: Vec<usize> = (0..self.customers.len()).filter(|c| !self.customers[*c].renting).collect();
        (!idle.is_empty()).then(|| idle[self.chance.index(idle.len())])
    }

    /// A station that can hand out a bank, and the slot.
    pub(super) fn bank_to_rent(&mut self) -> Option<(usize, usize)> {
        let offers: Vec<(usize, usize)> = self
            .stations
            .iter()
            .enumerate()
            .filter(|(_, station)| station.online)
            .flat_map(|(place, station)| station.banks().into_iter().map(move |slot| (place, slot)))
            .collect();
        (!offers.is_empty()).then(|| offers[self.chance.index(offers.len())])
    }

    /// A station with room, and the slot.
    pub(super) fn room(&mut self) -> Option<(usize, usize)> {
        let offers: Vec<(usize, usize)> = self
            .stations
            .iter()
            .enumerate()
            .filter_map(|(place, station)| station.free_slot().map(|slot| (place, slot)))
            .collect();
        (!offers.is_empty()).then(|| offers[self.chance.index(offers.len())])
    }

    /// How many ticks somebody keeps a bank.
    pub(super) fn length(&mut self) -> u64 {
        let range = match self.chance.below(1_000) {
            0..200 => (1, 6),
            200..750 => (7, 40),
            750..930 => (40, 90),
            _ => (90, 200),
        };
        self.chance.within(range)
    }
}

#[expect(clippy::float_arithmetic, reason = "a place on the map, not money")]
pub(super) fn latitude(number: u64, place: usize) -> f64 {
    let steps = u32::try_from(number).unwrap_or(0) * 4 + u32::try_from(place).unwrap_or(0);
    -6.9 + f64::from(steps) * 0.002
}

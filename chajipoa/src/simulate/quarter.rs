//! A quarter of the city as it really is: who is where, whatever the ledger has heard so far.

#![expect(
    clippy::indexing_slicing,
    reason = "indexes into the quarter's own lists, which are made once and only grow"
)]

use chrono::{DateTime, TimeDelta, Utc};
use edge::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use super::chance::Chance;
use crate::api::Sending;

/// Stations of a quarter.
const STATIONS: usize = 4;
/// Slots of a station.
pub(super) const SLOTS: usize = 12;
/// Banks that each station begins with.
const BANKS: usize = 8;
/// One customer for so many rentals.
const RENTALS_PER_CUSTOMER: u64 = 4;
/// The deposit that the city's tariff asks for.
pub(super) const DEPOSIT: i64 = 10_000;

/// A station and what stands in it.
#[derive(Debug)]
pub(super) struct Station {
    pub(super) id: Uuid,
    pub(super) instant: bool,
    pub(super) online: bool,
    pub(super) slots: [Option<usize>; SLOTS],
    /// What it kept while it was offline, each with the trip that it ends.
    pub(super) kept: Vec<(usize, Sending)>,
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

/// A customer.
#[derive(Debug)]
pub(super) struct Customer {
    pub(super) id: Uuid,
    pub(super) registered: bool,
    pub(super) renting: bool,
    pub(super) balance: i64,
    pub(super) debt: i64,
}

/// A rental as its customer lives it.
#[derive(Debug)]
pub(super) struct Trip {
    pub(super) rental_id: Uuid,
    pub(super) customer: usize,
    pub(super) bank: usize,
    pub(super) due_at: DateTime<Utc>,
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
    pub(super) begins: DateTime<Utc>,
    pub(super) staff: Uuid,
    pub(super) stations: Vec<Station>,
    pub(super) banks: Vec<Bank>,
    pub(super) customers: Vec<Customer>,
    pub(super) trips: Vec<Trip>,
    number: u64,
    tariff: Uuid,
}

impl Quarter {
    pub(super) fn new(
        number: u64,
        rentals: u64,
        mut chance: Chance,
        begins: DateTime<Utc>,
        tariff: Uuid,
    ) -> Quarter {
        let staff = chance.id();
        let banks: Vec<Bank> = (0..STATIONS * BANKS)
            .map(|_| {
                let id = chance.id();
                Bank { id, serial: format!("SIM-{}", &id.simple().to_string()[12..]) }
            })
            .collect();
        let stations = (0..STATIONS).map(|place| Station {
            id: chance.id(),
            instant: place == 0,
            online: true,
            slots: std::array::from_fn(|slot| (slot < BANKS).then_some(place * BANKS + slot)),
            kept: Vec::new(),
        });
        let stations = stations.collect();
        let count = rentals.div_ceil(RENTALS_PER_CUSTOMER).saturating_add(6);
        let customers = (0..count).map(|_| Customer {
            id: chance.id(),
            registered: false,
            renting: false,
            balance: 0,
            debt: 0,
        });
        let customers = customers.collect();
        let trips = Vec::new();
        Quarter { rentals, chance, begins, staff, stations, banks, customers, trips, number, tariff }
    }

    /// A command of the staff, dated.
    pub(super) fn staff(&mut self, name: &'static str, at: DateTime<Utc>, data: Value) -> Sending {
        let (role, subject, id) = (Role::Admin, self.staff, self.chance.id());
        Sending { role, subject, id, name, occurred_at: Some(at), data }
    }

    /// A command that nobody dates.
    pub(super) fn now(&mut self, role: Role, subject: Uuid, name: &'static str, data: Value) -> Sending {
        Sending { role, subject, id: self.chance.id(), name, occurred_at: None, data }
    }

    /// What it takes to put up the stations and the banks.
    pub(super) fn opening(&mut self) -> Vec<Sending> {
        let at = self.begins;
        let mut sendings = Vec::new();
        for (place, station) in
            self.stations.iter().map(|s| (s.id, s.instant)).enumerate().collect::<Vec<_>>()
        {
            let (station_id, instant) = station;
            let code = format!("S{}-{}", &station_id.simple().to_string()[20..], place + 1);
            let data = json!({
                "station_id": station_id, "code": code, "name": format!("Quarter {} no. {}", self.number + 1, place + 1),
                "latitude": latitude(self.number, place), "longitude": 39.28, "slots": SLOTS,
                "release_mode": if instant { "instant" } else { "confirmed" }, "tariff_id": self.tariff,
            });
            sendings.push(self.staff("RegisterStation", at, data));
        }
        for bank in 0..self.banks.len() {
            let (device_id, serial) = (self.banks[bank].id, self.banks[bank].serial.clone());
            let data = json!({"device_id": device_id, "serial": serial, "capacity_mah": 5_000});
            sendings.push(self.staff("RegisterDevice", at, data));
            let (station_id, slot) = (self.stations[bank / BANKS].id, bank % BANKS + 1);
            let battery_percent = 60 + self.chance.below(40);
            let data = json!({
                "device_id": device_id, "station_id": station_id, "slot": slot, "battery_percent": battery_percent,
            });
            sendings.push(self.staff("DockDevice", at, data));
        }
        sendings
    }

    /// What it takes to make somebody a customer.
    pub(super) fn welcome(&mut self, customer: usize) -> Vec<Sending> {
        let customer_id = self.customers[customer].id;
        let phone = self.chance.phone();
        let data =
            json!({"customer_id": customer_id, "phone": phone, "name": format!("Customer {customer}")});
        let (staff, at) = (self.staff, self.begins);
        vec![
            self.now(Role::Support, staff, "RegisterCustomer", data),
            self.staff("VerifyCustomer", at, json!({"customer_id": customer_id})),
        ]
    }

    /// Money from the customer's phone, so that they can rent: what they owe and what the deposit lacks.
    pub(super) fn top_up(&mut self, customer: usize, at: DateTime<Utc>) -> Vec<Sending> {
        let Customer { id: customer_id, balance, debt, .. } = self.customers[customer];
        let amount =
            debt + (DEPOSIT - balance).max(0) + 500 * i64::try_from(self.chance.below(20)).unwrap_or(0);
        let purpose = if debt > 0 { "debt" } else { "deposit" };
        let provider = ["mpesa", "mixx", "airtel", "halopesa"][self.chance.index(4)];
        let payment_id = self.chance.id();
        let asked = json!({
            "payment_id": payment_id, "customer_id": customer_id, "amount": amount, "purpose": purpose,
            "provider": provider,
        });
        let reference = self.chance.id().simple().to_string();
        let paid = json!({"payment_id": payment_id, "amount": amount, "provider_reference": reference, "paid_at": at});
        let provider_side = self.staff;
        vec![
            self.now(Role::Customer, customer_id, "InitiatePayment", asked),
            self.now(Role::Payments, provider_side, "PaymentConfirmed", paid),
        ]
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

    /// How long somebody keeps a bank.
    pub(super) fn length(&mut self) -> TimeDelta {
        let minutes = TimeDelta::minutes;
        let (shortest, longest) = match self.chance.below(1_000) {
            0..200 => (minutes(1), minutes(6)),
            200..750 => (minutes(10), minutes(120)),
            750..930 => (minutes(120), minutes(720)),
            930..980 => (minutes(1_200), minutes(1_900)),
            980..995 => (minutes(1_900), minutes(5_500)),
            _ => (minutes(5_800), minutes(9_000)),
        };
        self.chance.between(shortest, longest)
    }
}

#[expect(clippy::float_arithmetic, reason = "a place on the map, not money")]
fn latitude(number: u64, place: usize) -> f64 {
    let steps = u32::try_from(number).unwrap_or(0) * 4 + u32::try_from(place).unwrap_or(0);
    -6.9 + f64::from(steps) * 0.002
}

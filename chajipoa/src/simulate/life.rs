//! Living through a quarter's day: what happens becomes requests, answers become the state of the quarter.
//!
//! Everything happens now. What is chosen follows from the seed alone, never from an answer's money or from the clock.

#![expect(
    clippy::indexing_slicing,
    reason = "indexes into the quarter's own lists, which are made once and only grow"
)]

use std::sync::Arc;

use indicatif::ProgressBar;
use serde_json::{Value, json};
use uuid::Uuid;

use super::SimulateError;
use super::acting::{Act, Who};
use super::diary::{Diary, Happening};
use super::paying::{self, Payment, Till};
use super::people;
use super::phones::Phones;
use super::quarter::{Quarter, id};
use super::report::Report;
use crate::api::{Api, ApiError, Reply};

/// Ticks for each rental: how much overlaps.
const TICKS_A_RENTAL: u64 = 3;
/// The day goes on for so many ticks after the last rental may begin; who still has a bank then keeps it.
const EVENING: u64 = 60;
/// How long somebody waits who finds no bank.
pub(super) const COMES_BACK_AFTER: u64 = 10;
/// Two who want the same bank at once: once for so many rentals.
const RENTALS_A_RACE: u64 = 40;
/// One in so many compares their balance in the evening.
const LOOKS_ONE_IN: usize = 4;

pub(super) struct Life {
    pub(super) api: Api,
    pub(super) phones: Arc<Phones>,
    pub(super) quarter: Quarter,
    pub(super) diary: Diary,
    pub(super) report: Report,
    pub(super) till: Till,
    pub(super) payments: Vec<Payment>,
    /// Ways in which the provider surely misbehaves before chance decides.
    pub(super) to_come: std::slice::Iter<'static, &'static str>,
    pub(super) bar: ProgressBar,
}

/// Lives through a quarter.
pub(super) async fn live(
    api: Api,
    phones: Arc<Phones>,
    quarter: Quarter,
    bar: ProgressBar,
) -> Result<Report, SimulateError> {
    let (diary, report) = (Diary::default(), Report::default());
    let till = Till::new(api.clone(), Arc::clone(&phones), quarter.staff);
    let to_come = paying::to_come(quarter.number);
    let mut life = Life { api, phones, quarter, diary, report, till, payments: Vec::new(), to_come, bar };
    life.open().await?;
    let told = life.tell_the_past().await?;
    let end = life.plan(life.quarter.rentals.saturating_sub(told));
    while let Some((at, what)) = life.diary.next() {
        if at < end {
            life.happen(at, what).await?;
        }
    }
    for station in 0..life.quarter.stations.len() {
        life.come_online(station).await?;
    }
    life.look_at_payments().await?;
    life.compare_balances().await?;
    let quarter = &life.quarter;
    let customers = quarter.customers.iter().filter(|customer| customer.session.is_some()).count();
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    life.report.charged(quarter.trips.iter().map(|trip| trip.charge).sum());
    life.report.built(count(customers), count(quarter.stations.len()), count(quarter.banks.len()));
    Ok(life.report)
}

impl Life {
    async fn open(&mut self) -> Result<(), SimulateError> {
        for act in self.quarter.opening() {
            self.act(act).await?;
        }
        for station in 0..self.quarter.stations.len() {
            let id = self.quarter.stations[station].id;
            self.quarter.stations[station].secret = people::secret(&self.api, self.quarter.staff, id).await?;
        }
        Ok(())
    }

    /// Writes the day down; returns when it ends.
    fn plan(&mut self, rentals: u64) -> u64 {
        let starts = rentals.saturating_mul(TICKS_A_RENTAL).max(1);
        for number in 0..rentals {
            let at = self.quarter.chance.below(starts);
            let what = if number % RENTALS_A_RACE == RENTALS_A_RACE - 1 {
                Happening::Race
            } else {
                Happening::Start
            };
            self.diary.write(at, what);
        }
        for station in 0..self.quarter.stations.len() {
            let at = self.quarter.chance.below(starts);
            let length = self.quarter.chance.within((20, 100));
            self.diary.write(at, Happening::GoOffline(station));
            self.diary.write(at.saturating_add(length), Happening::ComeOnline(station));
        }
        starts.saturating_add(EVENING)
    }

    async fn happen(&mut self, at: u64, what: Happening) -> Result<(), SimulateError> {
        match what {
            Happening::Start => self.start(at).await,
            Happening::Race => self.race(at).await,
            Happening::Return(trip) => Ok(self.bring_back(trip, at).await?),
            Happening::Extend(trip) => Ok(self.extend(trip).await?),
            Happening::ReportLost(trip) => Ok(self.report_lost(trip).await?),
            Happening::GoOffline(station) => Ok(self.go_offline(station).await?),
            Happening::ComeOnline(station) => Ok(self.come_online(station).await?),
        }
    }

    pub(super) async fn start(&mut self, at: u64) -> Result<(), SimulateError> {
        let customer = self.quarter.idle_customer();
        let (Some(customer), Some((place, slot))) = (customer, self.quarter.bank_to_rent()) else {
            self.diary.write(at.saturating_add(COMES_BACK_AFTER), Happening::Start);
            return Ok(());
        };
        self.get_ready(customer).await?;
        let scans = self.quarter.chance.permille(300);
        let act = self.wish(customer, place, slot, scans).await?;
        let reply = self.act(act).await?;
        self.bar.inc(1);
        if reply.done() {
            self.asked(customer, (place, slot), &reply, at).await?;
        }
        Ok(())
    }

    /// A customer's request for a bank: by the place they chose, or by the code on the slot's display.
    pub(super) async fn wish(
        &mut self,
        customer: usize,
        place: usize,
        slot: usize,
        scans: bool,
    ) -> Result<Act, ApiError> {
        let station_id = self.quarter.stations[place].id;
        let body = if scans {
            let body = json!({"slot": slot + 1});
            let path = format!("/api/v1/stations/{station_id}/qr");
            let shown = Act { who: Who::Station(place), id: id(), name: "qr", path, body };
            let shown = people::expect(self.once(&shown).await?, 200, "a slot's code")?;
            json!({"rental_id": id(), "qr": shown.body.get("payload")})
        } else {
            json!({"rental_id": id(), "station_id": station_id, "slot": slot + 1})
        };
        Ok(Act::app(customer, "StartRental", "/api/v1/rentals/start", body))
    }

    /// The ledger has taken a request for a bank.
    pub(super) async fn asked(
        &mut self,
        customer: usize,
        (place, slot): (usize, usize),
        reply: &Reply,
        at: u64,
    ) -> Result<(), ApiError> {
        let Some(bank) = self.quarter.stations[place].slots[slot] else { return Ok(()) };
        let rental_id = reply.result("rental_id").as_str().and_then(|id| id.parse().ok());
        let trip = self.quarter.begin(rental_id.unwrap_or_default(), customer, bank);
        if self.quarter.stations[place].instant {
            self.left(trip, place, slot, at);
            return Ok(());
        }
        self.release(trip, place, slot, at).await
    }

    /// Logs a customer in who never was, and lets them pay what they owe and what the deposit lacks.
    pub(super) async fn get_ready(&mut self, customer: usize) -> Result<(), SimulateError> {
        if self.quarter.customers[customer].session.is_none() {
            let name = format!("Customer {customer}");
            self.quarter.customers[customer] = people::log_in(&self.api, &self.phones, &name).await?;
            self.report.note("log in", "code");
        }
        self.pay_up(customer).await
    }

    /// In the evening some look at their balance: it is what they were told last. Whoever still has a bank does not count,
    /// because its deadlines may have been acted on.
    async fn compare_balances(&mut self) -> Result<(), ApiError> {
        for customer in 0..self.quarter.customers.len() {
            let known = &self.quarter.customers[customer];
            if known.renting || known.unsure || known.session.is_none() || customer % LOOKS_ONE_IN != 0 {
                continue;
            }
            let (balance, debt) = (known.balance, known.debt);
            let token = self.token(Who::Customer(customer)).await?;
            let reply = self.api.ask(&people::get("/api/v1/users/balance", &token)).await?;
            let said = |field: &str| reply.body.get(field).and_then(Value::as_i64);
            self.report.note("balance", if reply.status == 200 { "read" } else { reply.outcome() });
            if (said("balance"), said("debt")) != (Some(balance), Some(debt)) {
                self.report.surprise(&format!("{balance} and {debt} owed, but read: {}", reply.text));
            }
        }
        Ok(())
    }

    fn money(&mut self, customer: usize, balance: &Value, debt: &Value) {
        if let (Some(balance), Some(debt)) = (balance.as_i64(), debt.as_i64()) {
            let customer = &mut self.quarter.customers[customer];
            (customer.balance, customer.debt) = (balance, debt);
        }
    }

    async fn extend(&mut self, trip: usize) -> Result<(), ApiError> {
        let (rental, customer) = (self.quarter.trips[trip].rental_id, self.quarter.trips[trip].customer);
        if self.quarter.trips[trip].closed || self.quarter.trips[trip].returned {
            return Ok(());
        }
        let minutes = 60 * self.quarter.chance.within((1, 12));
        let path = format!("/api/v1/rentals/{rental}/extend");
        self.act(Act::app(customer, "ExtendRental", path, json!({"minutes": minutes}))).await.map(drop)
    }

    async fn report_lost(&mut self, trip: usize) -> Result<(), ApiError> {
        let (rental, customer) = (self.quarter.trips[trip].rental_id, self.quarter.trips[trip].customer);
        if self.quarter.trips[trip].closed || self.quarter.trips[trip].returned {
            return Ok(());
        }
        let path = format!("/api/v1/rentals/{rental}/report-lost");
        let reply =
            self.act(Act::app(customer, "ReportLost", path, json!({"reason": "left in a bus"}))).await?;
        self.came_out(trip, &reply.body);
        Ok(())
    }

    /// The ledger has said how a rental came out.
    pub(super) fn came_out(&mut self, trip: usize, answer: &Value) {
        let result = answer.get("result").unwrap_or(&Value::Null);
        let field = |name: &str| result.get(name).unwrap_or(&Value::Null).clone();
        let Some(total) = field("charge").get("total").and_then(Value::as_i64) else { return };
        let customer = self.quarter.trips[trip].customer;
        self.money(customer, &field("balance"), &field("debt"));
        self.quarter.trips[trip].charge = total;
        self.over(trip);
    }

    pub(super) fn over(&mut self, trip: usize) {
        if !self.quarter.trips[trip].closed {
            self.quarter.trips[trip].closed = true;
            let customer = self.quarter.trips[trip].customer;
            self.quarter.customers[customer].renting = false;
        }
    }
}

impl Quarter {
    /// A rental begins to be lived.
    pub(super) fn begin(&mut self, rental_id: Uuid, customer: usize, bank: usize) -> usize {
        let trip =
            super::quarter::Trip { rental_id, customer, bank, returned: false, closed: false, charge: 0 };
        self.trips.push(trip);
        self.customers[customer].renting = true;
        self.trips.len() - 1
    }
}

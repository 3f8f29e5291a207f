//! Living through a quarter's week: what happens becomes commands, answers become the state of the quarter.

#![expect(
    clippy::indexing_slicing,
    reason = "indexes into the quarter's own lists, which are made once and only grow"
)]

use chrono::{DateTime, TimeDelta, Utc};
use edge::Role;
use indicatif::ProgressBar;
use serde_json::{Value, json};

use super::{
    diary::{Diary, Happening},
    quarter::{DEPOSIT, Quarter, Trip},
    report::Report,
};
use crate::api::{Api, ApiError, Reply, Sending};

/// Rentals begin within so much time.
const STARTS_WITHIN: TimeDelta = TimeDelta::hours(5 * 24 + 4);
/// Nothing happens later than this after the beginning: it would lie ahead of the real clock.
const ENDS_AFTER: TimeDelta = TimeDelta::hours(5 * 24 + 19);
/// How long somebody waits who finds no bank.
const COMES_BACK_AFTER: TimeDelta = TimeDelta::minutes(10);
/// A bank that popped out and was put back at once: after the request, else it would count as the return before it,
/// and before anything else can happen, since all else happens at whole seconds.
const PUT_BACK_AFTER: TimeDelta = TimeDelta::milliseconds(500);
/// The city's tariff: how long after the due time a bank is sold.
const SALE_AFTER: TimeDelta = TimeDelta::days(3);

struct Life {
    api: Api,
    quarter: Quarter,
    diary: Diary,
    report: Report,
    bar: ProgressBar,
}

/// Lives through a quarter.
pub(super) async fn live(api: Api, quarter: Quarter, bar: ProgressBar) -> Result<Report, ApiError> {
    let mut life = Life { api, quarter, diary: Diary::default(), report: Report::default(), bar };
    life.open().await?;
    life.plan();
    let end = life.quarter.begins + ENDS_AFTER;
    while let Some((at, what)) = life.diary.next() {
        if at < end {
            life.happen(at, what).await?;
        }
    }
    for station in 0..life.quarter.stations.len() {
        life.come_online(station, end).await?;
    }
    let quarter = &life.quarter;
    let customers = quarter.customers.iter().filter(|customer| customer.registered).count();
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    life.report.charged(quarter.trips.iter().map(|trip| trip.charge).sum());
    life.report.built(count(customers), count(quarter.stations.len()), count(quarter.banks.len()));
    Ok(life.report)
}

impl Life {
    async fn open(&mut self) -> Result<(), ApiError> {
        for sending in self.quarter.opening() {
            self.send(sending).await?;
        }
        Ok(())
    }

    fn plan(&mut self) {
        let (begins, nothing) = (self.quarter.begins, TimeDelta::zero());
        for _ in 0..self.quarter.rentals {
            let at = begins + self.quarter.chance.between(nothing, STARTS_WITHIN);
            self.diary.write(at, Happening::Start);
        }
        for station in 0..self.quarter.stations.len() {
            let at = begins + self.quarter.chance.between(TimeDelta::hours(6), STARTS_WITHIN);
            let length = self.quarter.chance.between(TimeDelta::hours(1), TimeDelta::hours(30));
            self.diary.write(at, Happening::GoOffline(station));
            self.diary.write(at + length, Happening::ComeOnline(station));
        }
    }

    async fn happen(&mut self, at: DateTime<Utc>, what: Happening) -> Result<(), ApiError> {
        match what {
            Happening::Start => self.start(at).await,
            Happening::Return(trip) => self.bring_back(trip, at).await,
            Happening::Extend(trip) => self.extend(trip).await,
            Happening::ReportLost(trip) => self.report_lost(trip, at).await,
            Happening::Due(trip) => self.due(trip, at).await,
            Happening::Sale(trip) => self.sale(trip, at).await,
            Happening::GoOffline(station) => self.go_offline(station, at).await,
            Happening::ComeOnline(station) => self.come_online(station, at).await,
        }
    }

    /// Sends a command; now and then twice.
    async fn send(&mut self, sending: Sending) -> Result<Reply, ApiError> {
        let reply = self.api.send(&sending).await?;
        self.report.note(sending.name, reply.outcome());
        if reply.done() && self.quarter.chance.permille(30) {
            let again = self.api.send(&sending).await?;
            self.report.duplicate(sending.name, &reply, &again);
        }
        if !reply.done() {
            self.report
                .surprise(&format!("{} {}: {} {}", sending.name, sending.data, reply.status, reply.text));
        }
        Ok(reply)
    }

    async fn start(&mut self, at: DateTime<Utc>) -> Result<(), ApiError> {
        let customer = self.quarter.idle_customer();
        let (Some(customer), Some((place, slot))) = (customer, self.quarter.bank_to_rent()) else {
            self.diary.write(at + COMES_BACK_AFTER, Happening::Start);
            return Ok(());
        };
        self.get_ready(customer, at).await?;
        let rental_id = self.quarter.chance.id();
        let station_id = self.quarter.stations[place].id;
        let customer_id = self.quarter.customers[customer].id;
        let data = json!({
            "rental_id": rental_id, "customer_id": customer_id, "station_id": station_id, "slot": slot + 1,
        });
        let sending = self.quarter.staff("StartRental", at, data);
        let reply = self.send(sending).await?;
        self.bar.inc(1);
        if !reply.done() {
            return Ok(());
        }
        let Some(bank) = self.quarter.stations[place].slots[slot] else { return Ok(()) };
        let due_at = at + TimeDelta::days(1);
        let trip = Trip { rental_id, customer, bank, due_at, returned: false, closed: false, charge: 0 };
        self.quarter.trips.push(trip);
        self.quarter.customers[customer].renting = true;
        let trip = self.quarter.trips.len() - 1;
        if self.quarter.stations[place].instant {
            self.left(trip, place, slot, at);
            return Ok(());
        }
        self.release(trip, place, slot, at).await
    }

    async fn get_ready(&mut self, customer: usize, at: DateTime<Utc>) -> Result<(), ApiError> {
        if !self.quarter.customers[customer].registered {
            for sending in self.quarter.welcome(customer) {
                self.send(sending).await?;
            }
            self.quarter.customers[customer].registered = true;
        }
        let known = &self.quarter.customers[customer];
        if known.debt > 0 || known.balance < DEPOSIT {
            for sending in self.quarter.top_up(customer, at) {
                let reply = self.send(sending).await?;
                self.money(customer, reply.result("balance"), reply.result("debt"));
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

    /// What the cabinet does with a request: mostly what it should.
    async fn release(
        &mut self,
        trip: usize,
        place: usize,
        slot: usize,
        at: DateTime<Utc>,
    ) -> Result<(), ApiError> {
        let rental_id = self.quarter.trips[trip].rental_id;
        let station = self.quarter.stations[place].id;
        let answered = at + TimeDelta::seconds(4);
        match self.quarter.chance.below(1_000) {
            0..20 => {
                let data = json!({"rental_id": rental_id, "reason": "lock jammed"});
                self.station(station, "ReportReleaseFailure", Some(answered), data).await?;
                let data = json!({"station_id": station, "slot": slot + 1});
                let cleared = self.quarter.staff("ClearSlotFault", at + TimeDelta::seconds(9), data);
                self.send(cleared).await?;
                self.over(trip);
                return Ok(());
            }
            20..40 => {
                let data = json!({"rental_id": rental_id, "reason": "no answer"});
                let unknown = self.quarter.now(Role::Admin, station, "ReportReleaseUnknown", data);
                self.send(unknown).await?;
            }
            40..50 => {
                let serial = self.quarter.banks[self.quarter.trips[trip].bank].serial.clone();
                let data = json!({
                    "serial": serial, "station_id": station, "slot": slot + 1, "battery_percent": 80,
                    "observed_at": at + PUT_BACK_AFTER,
                });
                let reply = self.station(station, "DeviceReturned", None, data).await?;
                self.came_out(trip, &reply.body);
                return Ok(());
            }
            _ => {}
        }
        let out = self.bank_that_leaves(trip, place, slot);
        let serial = self.quarter.banks[self.quarter.trips[trip].bank].serial.clone();
        let data = json!({"rental_id": rental_id, "serial": serial, "slot": out + 1});
        let reply = self.station(station, "ConfirmRelease", Some(answered), data).await?;
        if reply.done() {
            self.left(trip, place, out, answered);
        }
        Ok(())
    }

    /// Now and then another bank than the reserved one.
    fn bank_that_leaves(&mut self, trip: usize, place: usize, slot: usize) -> usize {
        let banks = self.quarter.stations[place].banks();
        if banks.len() < 2 || !self.quarter.chance.permille(5) {
            return slot;
        }
        let other = banks[self.quarter.chance.index(banks.len())];
        if let Some(bank) = self.quarter.stations[place].slots[other] {
            self.quarter.trips[trip].bank = bank;
        }
        other
    }

    async fn station(
        &mut self,
        station: uuid::Uuid,
        name: &'static str,
        at: Option<DateTime<Utc>>,
        data: Value,
    ) -> Result<Reply, ApiError> {
        let mut sending = self.quarter.now(Role::Station, station, name, data);
        sending.occurred_at = at;
        self.send(sending).await
    }

    /// The bank is out: what this customer will do with it.
    fn left(&mut self, trip: usize, place: usize, slot: usize, at: DateTime<Utc>) {
        self.report.started();
        self.quarter.stations[place].slots[slot] = None;
        let due_at = at + TimeDelta::days(1);
        self.quarter.trips[trip].due_at = due_at;
        self.diary.write(due_at, Happening::Due(trip));
        self.diary.write(due_at + SALE_AFTER, Happening::Sale(trip));
        let length = self.quarter.length();
        if self.quarter.chance.permille(10) {
            let lost_after = self.quarter.chance.between(TimeDelta::minutes(20), TimeDelta::hours(40));
            self.diary.write(at + lost_after, Happening::ReportLost(trip));
            if self.quarter.chance.permille(600) {
                return;
            }
            self.diary.write(at + lost_after + length, Happening::Return(trip));
            return;
        }
        if length > TimeDelta::hours(20) && self.quarter.chance.permille(400) {
            self.diary.write(at + TimeDelta::hours(18), Happening::Extend(trip));
        }
        self.diary.write(at + length, Happening::Return(trip));
    }

    async fn bring_back(&mut self, trip: usize, at: DateTime<Utc>) -> Result<(), ApiError> {
        let Some((place, slot)) = self.quarter.room() else {
            self.diary.write(at + COMES_BACK_AFTER, Happening::Return(trip));
            return Ok(());
        };
        let bank = self.quarter.trips[trip].bank;
        let station = self.quarter.stations[place].id;
        let serial = self.quarter.banks[bank].serial.clone();
        if self.quarter.stations[place].online && self.quarter.chance.permille(20) {
            let data = json!({"serial": serial, "station_id": station, "slot": slot + 1, "reason": "full"});
            let later = self.quarter.chance.between(TimeDelta::minutes(6), TimeDelta::minutes(50));
            self.station(station, "ReportReturnRefused", Some(at), data).await?;
            self.diary.write(at + later, Happening::Return(trip));
            return Ok(());
        }
        let mut data = json!({
            "serial": serial, "station_id": station, "slot": slot + 1,
            "battery_percent": 20 + self.quarter.chance.below(80), "observed_at": at,
        });
        if self.quarter.chance.permille(300) {
            let absent = at - self.quarter.chance.between(TimeDelta::minutes(1), TimeDelta::minutes(70));
            if let Some(fields) = data.as_object_mut() {
                fields.insert("last_seen_absent_at".to_owned(), json!(absent));
            }
        }
        self.quarter.stations[place].slots[slot] = Some(bank);
        self.quarter.trips[trip].returned = true;
        let sending = self.quarter.now(Role::Station, station, "DeviceReturned", data);
        if !self.quarter.stations[place].online {
            self.quarter.stations[place].kept.push((trip, sending));
            return Ok(());
        }
        let reply = self.send(sending.clone()).await?;
        self.came_out(trip, &reply.body);
        if reply.done() && self.quarter.chance.permille(20) {
            self.report_again(sending).await?;
        }
        Ok(())
    }

    /// A cabinet that reports the same return under a new id.
    async fn report_again(&mut self, mut sending: Sending) -> Result<(), ApiError> {
        sending.id = self.quarter.chance.id();
        let reply = self.send(sending).await?;
        if reply.outcome() != "already_done" {
            self.report.surprise(&format!("a return reported twice: {}", reply.text));
        }
        Ok(())
    }

    /// The ledger has said how a rental came out.
    fn came_out(&mut self, trip: usize, answer: &Value) {
        let result = answer.get("result").unwrap_or(&Value::Null);
        if result.get("rental_id").is_none_or(Value::is_null) {
            return;
        }
        let field = |name: &str| result.get(name).unwrap_or(&Value::Null).clone();
        let customer = self.quarter.trips[trip].customer;
        self.money(customer, &field("balance"), &field("debt"));
        if let Some(total) = field("charge").get("total").and_then(Value::as_i64) {
            self.quarter.trips[trip].charge = total;
        }
        self.over(trip);
    }

    fn over(&mut self, trip: usize) {
        if !self.quarter.trips[trip].closed {
            self.quarter.trips[trip].closed = true;
            let customer = self.quarter.trips[trip].customer;
            self.quarter.customers[customer].renting = false;
        }
    }

    async fn extend(&mut self, trip: usize) -> Result<(), ApiError> {
        if self.quarter.trips[trip].closed {
            return Ok(());
        }
        // Extensions are judged when they arrive, and these arrive days later: staff dates them.
        let at = self.quarter.trips[trip].due_at - TimeDelta::hours(6);
        let data = json!({"rental_id": self.quarter.trips[trip].rental_id, "minutes": 720});
        let sending = self.quarter.staff("ExtendRental", at, data);
        let reply = self.send(sending).await?;
        if reply.done() {
            let due_at = self.quarter.trips[trip].due_at + TimeDelta::minutes(720);
            self.quarter.trips[trip].due_at = due_at;
            self.diary.write(due_at, Happening::Due(trip));
            self.diary.write(due_at + SALE_AFTER, Happening::Sale(trip));
        }
        Ok(())
    }

    async fn report_lost(&mut self, trip: usize, at: DateTime<Utc>) -> Result<(), ApiError> {
        let Trip { closed, returned, rental_id, .. } = self.quarter.trips[trip];
        if closed || returned {
            return Ok(());
        }
        let data = json!({"rental_id": rental_id, "reason": "left in a bus"});
        let sending = self.quarter.staff("ReportLost", at, data);
        let reply = self.send(sending).await?;
        self.came_out(trip, &reply.body);
        Ok(())
    }

    async fn due(&mut self, trip: usize, at: DateTime<Utc>) -> Result<(), ApiError> {
        let Trip { closed, due_at, rental_id, .. } = self.quarter.trips[trip];
        if closed || due_at != at {
            return Ok(());
        }
        let staff = self.quarter.staff;
        let data = json!({"rental_id": rental_id});
        let sending = self.quarter.now(Role::Admin, staff, "MarkOverdue", data);
        self.send(sending).await.map(drop)
    }

    async fn sale(&mut self, trip: usize, at: DateTime<Utc>) -> Result<(), ApiError> {
        let Trip { closed, due_at, rental_id, .. } = self.quarter.trips[trip];
        if closed || due_at + SALE_AFTER != at {
            return Ok(());
        }
        let staff = self.quarter.staff;
        let data = json!({"rental_id": rental_id});
        let sending = self.quarter.now(Role::Admin, staff, "SellDevice", data);
        let reply = self.send(sending).await?;
        self.came_out(trip, &reply.body);
        Ok(())
    }

    async fn go_offline(&mut self, station: usize, at: DateTime<Utc>) -> Result<(), ApiError> {
        self.quarter.stations[station].online = false;
        let data = json!({"station_id": self.quarter.stations[station].id, "reason": "no heartbeat"});
        let sending = self.quarter.staff("TakeStationOffline", at, data);
        self.send(sending).await.map(drop)
    }

    /// A station is back: it uploads what it kept, in order.
    async fn come_online(&mut self, station: usize, at: DateTime<Utc>) -> Result<(), ApiError> {
        if self.quarter.stations[station].online {
            return Ok(());
        }
        self.quarter.stations[station].online = true;
        let station_id = self.quarter.stations[station].id;
        let sending = self.quarter.staff("BringStationOnline", at, json!({"station_id": station_id}));
        self.send(sending).await?;
        let (trips, kept): (Vec<usize>, Vec<Sending>) = self.quarter.stations[station].kept.drain(..).unzip();
        if kept.is_empty() {
            return Ok(());
        }
        let answers = self.api.upload(Role::Station, station_id, &kept).await?;
        self.report.uploaded(u64::try_from(answers.len()).unwrap_or(u64::MAX));
        for (trip, answer) in trips.into_iter().zip(&answers) {
            let outcome = ["outcome", "code"].iter().find_map(|field| answer.get(field)?.as_str());
            self.report.note("DeviceReturned (upload)", outcome.unwrap_or("no_outcome"));
            if answer.get("result").is_none() {
                self.report.surprise(&format!("an upload was refused: {answer}"));
            }
            self.came_out(trip, answer);
        }
        Ok(())
    }
}

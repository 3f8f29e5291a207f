//! What happens at the stations that the city plays itself: banks that leave and come back, links that break.

#![expect(
    clippy::indexing_slicing,
    reason = "indexes into the quarter's own lists, which are made once and only grow"
)]

use chrono::TimeDelta;
use edge::{Clock as _, SystemClock};
use serde_json::{Value, json};

use super::acting::{Act, Who};
use super::diary::Happening;
use super::life::Life;
use crate::api::{ApiError, Reply};

impl Life {
    /// What the cabinet does with a request: mostly what it should.
    pub(super) async fn release(
        &mut self,
        trip: usize,
        place: usize,
        slot: usize,
        at: u64,
    ) -> Result<(), ApiError> {
        let rental_id = self.quarter.trips[trip].rental_id;
        let station_id = self.quarter.stations[place].id;
        match self.quarter.chance.below(1_000) {
            0..20 => {
                let data = json!({"rental_id": rental_id, "reason": "lock jammed"});
                self.station(place, "ReportReleaseFailure", data).await?;
                let data = json!({"station_id": station_id, "slot": slot + 1});
                self.act(self.quarter.staff("ClearSlotFault", None, data)).await?;
                self.over(trip);
                return Ok(());
            }
            20..40 => {
                let data = json!({"rental_id": rental_id, "reason": "no answer"});
                self.station(place, "ReportReleaseUnknown", data).await?;
            }
            40..50 => {
                // It popped out and was put back at once.
                let data = json!({
                    "serial": self.quarter.serial(trip), "station_id": station_id, "slot": slot + 1,
                    "battery_percent": 80, "observed_at": SystemClock.now(),
                });
                let reply = self.station(place, "DeviceReturned", data).await?;
                self.came_out(trip, &reply.body);
                return Ok(());
            }
            _ => {}
        }
        let out = self.bank_that_leaves(trip, place, slot);
        let data = json!({"rental_id": rental_id, "serial": self.quarter.serial(trip), "slot": out + 1});
        let reply = self.station(place, "ConfirmRelease", data).await?;
        if reply.done() {
            self.left(trip, place, out, at);
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

    pub(super) async fn station(
        &mut self,
        place: usize,
        name: &'static str,
        data: Value,
    ) -> Result<Reply, ApiError> {
        self.act(Act::command(Who::Station(place), name, None, data)).await
    }

    /// The bank is out: what this customer will do with it.
    pub(super) fn left(&mut self, trip: usize, place: usize, slot: usize, at: u64) {
        self.report.started();
        self.quarter.stations[place].slots[slot] = None;
        let length = self.quarter.length();
        let back = at.saturating_add(length);
        if self.quarter.chance.permille(10) {
            let lost = at.saturating_add(self.quarter.chance.within((2, 60)));
            self.diary.write(lost, Happening::ReportLost(trip));
            if self.quarter.chance.permille(400) {
                self.diary.write(lost.saturating_add(length), Happening::Return(trip));
            }
            return;
        }
        if self.quarter.chance.permille(80) {
            self.diary.write(at.saturating_add(length / 2), Happening::Extend(trip));
        }
        self.diary.write(back, Happening::Return(trip));
    }

    pub(super) async fn bring_back(&mut self, trip: usize, at: u64) -> Result<(), ApiError> {
        if self.quarter.trips[trip].returned {
            return Ok(());
        }
        let Some((place, slot)) = self.quarter.room() else {
            self.diary.write(at.saturating_add(5), Happening::Return(trip));
            return Ok(());
        };
        let bank = self.quarter.trips[trip].bank;
        let (serial, station_id) = (self.quarter.serial(trip), self.quarter.stations[place].id);
        let now = SystemClock.now();
        if self.quarter.stations[place].online && self.quarter.chance.permille(20) {
            let data = json!({
                "serial": serial, "station_id": station_id, "slot": slot + 1, "reason": "full",
                "observed_at": now,
            });
            let later = self.quarter.chance.within((2, 20));
            self.station(place, "ReportReturnRefused", data).await?;
            self.diary.write(at.saturating_add(later), Happening::Return(trip));
            return Ok(());
        }
        // The time is said, because a return to a slot that the bank was put into minutes ago would else be the same.
        let mut data = json!({
            "serial": serial, "station_id": station_id, "slot": slot + 1,
            "battery_percent": 20 + self.quarter.chance.below(80), "observed_at": now,
        });
        if self.quarter.chance.permille(300) {
            let absent = self.quarter.chance.between(TimeDelta::seconds(1), TimeDelta::minutes(70));
            if let Some(fields) = data.as_object_mut() {
                fields.insert("last_seen_absent_at".to_owned(), json!(now - absent));
            }
        }
        self.quarter.stations[place].slots[slot] = Some(bank);
        self.quarter.trips[trip].returned = true;
        let act = Act::command(Who::Station(place), "DeviceReturned", None, data);
        if !self.quarter.stations[place].online {
            self.quarter.stations[place].kept.push((trip, act));
            return Ok(());
        }
        let again = self.quarter.chance.permille(20).then(|| act.reported_again());
        let reply = self.act(act).await?;
        self.came_out(trip, &reply.body);
        if let Some(again) = again {
            // A cabinet that reports the same return under a new id.
            let reply = self.act(again).await?;
            if reply.outcome() != "already_done" {
                self.report.surprise(&format!("a return reported twice: {}", reply.text));
            }
        }
        Ok(())
    }

    pub(super) async fn go_offline(&mut self, place: usize) -> Result<(), ApiError> {
        self.quarter.stations[place].online = false;
        let data = json!({"station_id": self.quarter.stations[place].id, "reason": "no heartbeat"});
        self.act(self.quarter.staff("TakeStationOffline", None, data)).await.map(drop)
    }

    /// A station is back: it uploads what it kept, in order.
    pub(super) async fn come_online(&mut self, place: usize) -> Result<(), ApiError> {
        if self.quarter.stations[place].online {
            return Ok(());
        }
        self.quarter.stations[place].online = true;
        let data = json!({"station_id": self.quarter.stations[place].id});
        self.act(self.quarter.staff("BringStationOnline", None, data)).await?;
        let (trips, kept): (Vec<usize>, Vec<Act>) = self.quarter.stations[place].kept.drain(..).unzip();
        if kept.is_empty() {
            return Ok(());
        }
        let token = self.token(Who::Station(place)).await?;
        let lines: Vec<Value> = kept.into_iter().map(|act| act.body).collect();
        let answers = self.api.upload(&token, &lines).await?;
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

impl super::quarter::Quarter {
    /// The serial of the bank of a trip.
    pub(super) fn serial(&self, trip: usize) -> String {
        self.banks[self.trips[trip].bank].serial.clone()
    }
}

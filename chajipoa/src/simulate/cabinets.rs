//! A street of cabinets that the sandbox plays: each misbehaves in one way, and what that leads to is waited for.
//!
//! What has to come is said in [`super::verdict`]. A release without an answer becomes unknown after a minute, which the reactor
//! does, so the street takes a little more than that.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use edge::Role;
use edge::pace::rest;
use futures_util::future::join_all;
use indicatif::ProgressBar;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::SimulateError;
use super::paying::{Till, WELL};
use super::people::{self, Customer, expect};
use super::phones::Phones;
use super::quarter::{DEPOSIT, id, latitude, tail};
use super::report::{Episode, Report};
use super::verdict::{device_of, judge, types};
use crate::api::{Api, ApiError, Asking, Reply, Sending};

/// Every way in which a cabinet may misbehave.
const WAYS: [&str; 8] =
    ["slow", "silent", "wrong_bank", "two_banks", "offline", "duplicate", "late", "clock_wrong"];
/// Slots of a cabinet, and the banks it begins with.
const SLOTS: u16 = 8;
const BANKS: u16 = 4;
/// Where a bank is put back.
const BACK: u16 = 7;
/// How the sandbox's cabinets keep time meanwhile: `late_ms` is longer than the ledger waits for an answer.
const TIMING: [(&str, u32); 3] = [("slow_ms", 2_000), ("late_ms", 64_000), ("scan_ms", 200)];
/// Nobody misbehaves for longer than this, in seconds, if the street is left alone.
const SPAN: u32 = 120;
const OFFLINE_SPAN: u32 = 3;
/// How long something is waited for: the ledger's minute, and what two busy cores need.
const LIMIT: Duration = Duration::from_secs(120);
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// A street of cabinets.
pub(super) struct Street {
    api: Api,
    phones: Arc<Phones>,
    staff: Uuid,
    begins: DateTime<Utc>,
    tariff: Uuid,
}

/// A cabinet, its banks by slot from 1, and somebody who rents there.
struct Place {
    station_id: Uuid,
    banks: Vec<(Uuid, String)>,
    customer: Customer,
}

impl Street {
    pub(super) fn new(api: Api, phones: Arc<Phones>, begins: DateTime<Utc>, tariff: Uuid) -> Street {
        Street { api, phones, staff: id(), begins, tariff }
    }

    /// Lets every cabinet misbehave once.
    pub(super) async fn live(&self, bar: &ProgressBar) -> Result<Report, SimulateError> {
        let before = self.ask_sandbox(Method::GET, "settings", None).await?;
        let timing: serde_json::Map<String, Value> =
            TIMING.iter().map(|(name, ms)| ((*name).to_owned(), json!(ms))).collect();
        self.ask_sandbox(Method::PUT, "settings", Some(json!({"cabinets": timing}))).await?;
        bar.set_message("· cabinets misbehave");
        let episodes = join_all(WAYS.iter().enumerate().map(|(at, how)| self.episode(at, how))).await;
        let usual = json!({"cabinets": before.get("cabinets")});
        self.ask_sandbox(Method::PUT, "settings", Some(usual)).await?;
        let mut report = Report::default();
        let count = u64::try_from(WAYS.len()).unwrap_or(0);
        report.built(count, count, count * u64::from(BANKS));
        for episode in episodes {
            let (episode, good) = episode?;
            if !good {
                report.surprise(&format!("a {} cabinet: {}", episode.how, episode.end));
            }
            report.cabinet(episode);
        }
        Ok(report)
    }

    /// One cabinet's bad minute, and whether it led to what it has to lead to.
    async fn episode(&self, at: usize, how: &'static str) -> Result<(Episode, bool), SimulateError> {
        let mut place = self.build(at).await?;
        let rental_id = id();
        let came = self.lived(&mut place, rental_id, how).await?;
        let events = self.events(rental_id).await?;
        let reserved = place.banks.first().map(|(bank, _)| *bank).unwrap_or_default();
        let judged = came.and_then(|()| judge(how, &events, reserved));
        let good = judged.is_ok();
        let end = judged.map_or_else(|wrong| wrong, ToOwned::to_owned);
        Ok((Episode { how, rental_id, station_id: place.station_id, end }, good))
    }

    /// A rental from the request to the return. In words what did not come, if something did not.
    async fn lived(
        &self,
        place: &mut Place,
        rental_id: Uuid,
        how: &'static str,
    ) -> Result<Result<(), String>, SimulateError> {
        let station = place.station_id;
        if how != "offline" {
            self.misbehave(station, how, SPAN).await?;
        }
        let body = json!({"rental_id": rental_id, "station_id": station, "slot": 1});
        let reply = self.app(&mut place.customer, "/api/v1/rentals/start", &body).await?;
        if reply.status != 202 {
            return Ok(Err(format!("{} {}", reply.status, reply.text)));
        }
        if how == "silent" {
            if !self.comes(rental_id, "ReleaseOutcomeUnknown").await? {
                return Ok(Err("no release became unknown: does a reactor fire deadlines?".to_owned()));
            }
            self.at_cabinet(station, "inventory", json!({})).await?;
        }
        if !self.comes(rental_id, "RentalStarted").await? {
            return Ok(Err("the rental did not start".to_owned()));
        }
        if how == "two_banks" && !self.second_bank(place).await? {
            return Ok(Err("the second bank was not missed and found again".to_owned()));
        }
        match how {
            "duplicate" => {}
            "offline" => self.misbehave(station, how, OFFLINE_SPAN).await?,
            _ => self.misbehave(station, how, 0).await?,
        }
        let events = self.events(rental_id).await?;
        let left = device_of(&events).and_then(|left| place.banks.iter().find(|(bank, _)| *bank == left));
        let Some((_, serial)) = left else { return Ok(Err("an unknown bank left".to_owned())) };
        let bank = json!({"serial": serial, "slot": BACK, "battery_percent": 40});
        self.at_cabinet(station, "insert", bank).await?;
        if !self.comes(rental_id, "RentalEnded").await? {
            return Ok(Err("the rental did not end".to_owned()));
        }
        Ok(Ok(()))
    }

    /// The second bank that left is missed by an inventory, and somebody puts it back. The cabinet lets the lowest slot
    /// out unasked that it was not asked for.
    async fn second_bank(&self, place: &Place) -> Result<bool, SimulateError> {
        let Some((bank, serial)) = place.banks.get(1) else { return Ok(false) };
        self.misbehave(place.station_id, "two_banks", 0).await?;
        self.at_cabinet(place.station_id, "inventory", json!({})).await?;
        if !self.comes(*bank, "DeviceMissing").await? {
            return Ok(false);
        }
        let back = json!({"serial": serial, "slot": 2, "battery_percent": 60});
        self.at_cabinet(place.station_id, "insert", back).await?;
        self.waits(*bank, |types| types.last().is_some_and(|last| *last == "DeviceDocked")).await
    }

    /// Puts up a cabinet with its banks, in the ledger and in the sandbox, and finds somebody with a deposit.
    async fn build(&self, at: usize) -> Result<Place, SimulateError> {
        let station_id = id();
        self.staff(
            "RegisterStation",
            json!({
                "station_id": station_id, "code": format!("C{}", tail(station_id, 18)),
                "name": format!("Cabinet Street no. {}", at + 1), "latitude": latitude(0, at), "longitude": 39.3,
                "slots": SLOTS, "release_mode": "confirmed", "tariff_id": self.tariff,
            }),
        )
        .await?;
        let (mut banks, mut slots) = (Vec::new(), Vec::new());
        for slot in 1..=SLOTS {
            if slot > BANKS {
                slots.push(json!({"slot": slot}));
                continue;
            }
            let device_id = id();
            let serial = format!("CAB-{}", tail(device_id, 12));
            let registered = json!({"device_id": device_id, "serial": serial, "capacity_mah": 5_000});
            self.staff("RegisterDevice", registered).await?;
            let docked = json!({"device_id": device_id, "station_id": station_id, "slot": slot, "battery_percent": 90});
            self.staff("DockDevice", docked).await?;
            slots.push(json!({"slot": slot, "serial": serial, "battery_percent": 90}));
            banks.push((device_id, serial));
        }
        let secret = people::secret(&self.api, self.staff, station_id).await?;
        let cabinet = json!({
            "station_id": station_id, "secret": secret, "gateway": self.api.base(), "slots": slots,
        });
        self.ask_sandbox(Method::POST, "cabinets", Some(cabinet)).await?;
        let customer = self.customer(at).await?;
        Ok(Place { station_id, banks, customer })
    }

    async fn customer(&self, at: usize) -> Result<Customer, SimulateError> {
        let mut customer = people::log_in(&self.api, &self.phones, &format!("Neighbour {at}")).await?;
        let amount = customer.debt + DEPOSIT;
        let (payment_id, path) = (id(), "/api/v1/payments/initiate");
        let asked = json!({
            "payment_id": payment_id, "amount": amount, "purpose": "deposit", "provider": "mpesa",
        });
        expect(self.app(&mut customer, path, &asked).await?, 202, path)?;
        let till = Till::new(self.api.clone(), Arc::clone(&self.phones), self.staff);
        match till.paid(&customer.phone, (payment_id, amount), WELL).await? {
            Ok(_) => customer.pays_in(amount),
            Err(answer) => return Err(ApiError::Answered { what: "a deposit".to_owned(), answer }.into()),
        }
        Ok(customer)
    }

    async fn app(&self, customer: &mut Customer, path: &str, body: &Value) -> Result<Reply, ApiError> {
        let token = match customer.session.as_mut() {
            Some(session) => session.token(&self.api).await?,
            None => String::new(),
        };
        let (method, key) = (Method::POST, Some(id()));
        let asking = Asking { method, path, token: Some(&token), address: None, key, body: Some(body) };
        self.api.ask(&asking).await
    }

    async fn staff(&self, name: &'static str, data: Value) -> Result<(), ApiError> {
        self.command(Role::Admin, name, Some(self.begins), data).await
    }

    async fn command(
        &self,
        role: Role,
        name: &'static str,
        occurred_at: Option<DateTime<Utc>>,
        data: Value,
    ) -> Result<(), ApiError> {
        let sending = Sending { role, subject: self.staff, id: id(), name, occurred_at, data };
        expect(self.api.send(&sending).await?, 201, name).map(drop)
    }

    async fn misbehave(&self, station: Uuid, how: &str, seconds: u32) -> Result<(), SimulateError> {
        self.at_cabinet(station, "misbehave", json!({"how": how, "for_seconds": seconds})).await
    }

    async fn at_cabinet(&self, station: Uuid, what: &str, body: Value) -> Result<(), SimulateError> {
        self.ask_sandbox(Method::POST, &format!("cabinets/{station}/{what}"), Some(body)).await.map(drop)
    }

    async fn ask_sandbox(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, SimulateError> {
        Ok(self.phones.ask(method, path, body).await?)
    }

    /// Every event of a stream so far.
    async fn events(&self, stream: Uuid) -> Result<Vec<Value>, ApiError> {
        let path = format!("/api/v1/ledger/events?stream={stream}&limit=100");
        let reply = expect(self.api.get(Role::Admin, self.staff, &path).await?, 200, &path)?;
        Ok(reply.body.get("items").and_then(Value::as_array).cloned().unwrap_or_default())
    }

    async fn comes(&self, stream: Uuid, kind: &str) -> Result<bool, SimulateError> {
        self.waits(stream, |types| types.contains(&kind)).await
    }

    /// Waits until the types of a stream's events are so; false when that takes too long.
    async fn waits(&self, stream: Uuid, so: impl Fn(&[&str]) -> bool) -> Result<bool, SimulateError> {
        let until = Instant::now() + LIMIT;
        loop {
            let events = self.events(stream).await?;
            if so(&types(&events)) {
                return Ok(true);
            }
            if Instant::now() > until {
                return Ok(false);
            }
            rest(LOOK_AGAIN).await;
        }
    }
}

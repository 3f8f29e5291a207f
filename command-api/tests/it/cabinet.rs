//! A cabinet with banks in it, a clock that the test tells, and what the ledger says of both.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use command_api::{CommandApi, Settings};
use edge::{Clock as _, FixedClock, Role, SystemClock};
use ledger::Position;
use serde_json::{Value, json};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::harness::{ADMIN, Answered, Asker, City, Place, Serves, Who, connect, customer, rich_customer};

/// A place, its service and the clock of both.
pub(crate) struct Ground {
    pub(crate) place: Place,
    pub(crate) api: CommandApi,
    pub(crate) clock: Arc<FixedClock>,
}

impl Ground {
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    /// A service that looks for silent cabinets all the time.
    pub(crate) async fn listening() -> Self {
        Self::with(Settings { listen_every: Duration::from_millis(20), ..Settings::default() }).await
    }

    async fn with(settings: Settings) -> Self {
        let place = Place::new().await;
        let clock = Arc::new(FixedClock::at(SystemClock.now()));
        let api = place.start(settings, clock.clone()).await;
        Self { place, api, clock }
    }

    pub(crate) async fn owner(&self) -> Client {
        connect(&self.place.owner_url).await
    }

    /// The types of the events after a position.
    pub(crate) async fn since(&self, position: Position) -> Vec<String> {
        let events = self.place.ledger().read_after(position, 10_000).await.unwrap();
        events.iter().map(|event| event.event_type.to_string()).collect()
    }

    pub(crate) async fn position(&self) -> Position {
        self.place.ledger().last_position().await.unwrap()
    }

    /// The data of the last event of that type.
    pub(crate) async fn last(&self, kind: &str) -> Value {
        let events = self.place.ledger().read_after(Position::ZERO, 10_000).await.unwrap();
        let event = events.iter().rev().find(|event| event.event_type == kind).expect(kind);
        let mut data: Value = serde_json::from_slice(&event.payload).unwrap();
        data["actor"] = json!(event.actor);
        data["occurred_at"] = json!(event.occurred_at);
        data
    }
}

/// A cabinet that speaks for itself.
pub(crate) struct Cabinet<'a, S> {
    pub(crate) asker: &'a Asker<S>,
    pub(crate) city: City,
    pub(crate) clock: &'a FixedClock,
}

/// The serial of a bank of [`City`].
pub(crate) fn serial(device: Uuid) -> String {
    format!("PB-{}", device.simple())
}

/// So many minutes later; the new time.
pub(crate) fn later(clock: &FixedClock, minutes: i64) -> DateTime<Utc> {
    clock.advance(TimeDelta::minutes(minutes));
    clock.now()
}

impl<'a, S: Serves> Cabinet<'a, S> {
    pub(crate) async fn build(ground: &'a Ground, asker: &'a Asker<S>, mode: &str, banks: u16) -> Self {
        let city = City::build(asker, mode, banks).await;
        Self { asker, city, clock: &ground.clock }
    }

    pub(crate) fn itself(&self) -> Who {
        (Role::Station, self.city.station)
    }

    pub(crate) fn path(&self, what: &str) -> String {
        format!("/api/v1/stations/{}/{what}", self.city.station)
    }

    /// The bank of that number, from 1, in that slot.
    pub(crate) fn bank(&self, slot: u16, number: usize) -> Value {
        json!({"slot": slot, "serial": serial(self.city.devices[number - 1])})
    }

    pub(crate) async fn inventory_of(&self, taken_at: DateTime<Utc>, slots: &Value) -> Answered {
        let body = json!({"taken_at": taken_at, "slots": slots});
        self.asker.post(self.itself(), &self.path("inventory"), body).await
    }

    /// An inventory of now; its differences as `slot type outcome code`.
    pub(crate) async fn inventory(&self, slots: Value) -> Vec<String> {
        let answer = self.inventory_of(self.clock.now(), &slots).await.expect(200).json();
        assert_eq!(answer["accepted"], true, "{answer}");
        told(&answer)
    }

    /// A customer asks for the bank in that slot; the rental.
    pub(crate) async fn start(&self, number: u32, slot: u16, status: u16) -> String {
        let who = rich_customer(self.asker, number).await;
        let body = json!({"station_id": self.city.station, "slot": slot});
        let started = self.asker.post(customer(who), "/api/v1/rentals/start", body).await.expect(status);
        started.json()["rental_id"].as_str().unwrap().to_owned()
    }

    /// A release whose outcome nobody knows, as the system says after a minute.
    pub(crate) async fn unknown_release(&self, number: u32, slot: u16) -> String {
        let rental = self.start(number, slot, 202).await;
        later(self.clock, 1);
        let data = json!({"rental_id": rental, "reason": "no answer"});
        self.asker.command(ADMIN, "ReportReleaseUnknown", data).await.expect(201);
        rental
    }
}

/// The differences of an answer as `slot type outcome code`.
pub(crate) fn told(answer: &Value) -> Vec<String> {
    let word = |value: &Value| value.as_str().map(|word| format!(" {word}")).unwrap_or_default();
    let differences = answer["differences"].as_array().unwrap();
    differences
        .iter()
        .map(|one| {
            assert!(one["command_id"].as_str().is_some_and(|id| id.parse::<Uuid>().is_ok()), "{one}");
            format!("{}{}{}{}", one["slot"], word(&one["type"]), word(&one["outcome"]), word(&one["code"]))
        })
        .collect()
}

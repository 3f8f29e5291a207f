//! Everything that is asked for, folded one event at a time.

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Bank, Rental, Shelf, data, text};
use crate::verifier::{Effect, Event, effect};

/// The world as events up to a position made it.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// Debit less credit of each account that ever moved.
    pub books: BTreeMap<i16, i64>,
    /// Balance and debt of each customer.
    pub purses: BTreeMap<String, (i64, i64)>,
    /// Every version of each rental, with its position and when it happened.
    pub rentals: BTreeMap<String, Vec<(i64, DateTime<Utc>, Rental)>>,
    /// Each bank.
    pub banks: BTreeMap<String, Bank>,
    /// Each slot of each station.
    pub slots: BTreeMap<(String, i64), Shelf>,
}

fn time(event: &Value) -> DateTime<Utc> {
    let text = event.get("occurred_at").and_then(Value::as_str).unwrap_or_default();
    text.parse().unwrap_or_default()
}

impl World {
    /// Takes the next event.
    ///
    /// # Panics
    /// When an event about money does not say what it has to.
    pub fn take(&mut self, event: &Value) {
        let kind = event.get("type").and_then(Value::as_str).unwrap_or_default();
        self.pay(event);
        let rental = text(event, "/rental_id");
        let versions = self.rentals.get(&rental).and_then(|versions| versions.last());
        let before = versions.map_or_else(Rental::default, |(_, _, rental)| rental.clone());
        if let Some(after) = before.after(kind, event) {
            let position = event.get("position").and_then(Value::as_i64).unwrap_or_default();
            self.rentals.entry(rental).or_default().push((position, time(event), after));
        }
        let bank = text(event, "/device_id");
        if !bank.is_empty() {
            self.banks.entry(bank).or_default().take(kind, event);
        }
        self.equip(kind, event);
    }

    /// Books what an event did to money.
    ///
    /// # Panics
    /// When an event about money does not say what it has to.
    pub fn pay(&mut self, event: &Value) {
        if event.get("type").and_then(Value::as_str) == Some("CustomerRegistered") {
            self.purses.entry(text(event, "/customer_id")).or_default();
        }
        let Effect { books, purse, .. } = money(event);
        for (account, amount) in books {
            *self.books.entry(account).or_default() += amount;
        }
        if let Some((customer, balance, debt)) = purse {
            let purse = self.purses.entry(customer.to_string()).or_default();
            *purse = (purse.0 + balance, purse.1 + debt);
        }
    }

    fn equip(&mut self, kind: &str, event: &Value) {
        let station = text(event, "/station_id");
        if ["StationRegistered", "StationChanged"].contains(&kind) {
            for slot in 1..=data(event, "/slots").as_i64().unwrap_or(0) {
                self.slots.entry((station.clone(), slot)).or_default();
            }
        }
        let Some(shelf) = self.slots.get_mut(&(station, data(event, "/slot").as_i64().unwrap_or(0))) else {
            return;
        };
        match kind {
            "SlotDisabled" => shelf.disabled = true,
            "SlotEnabled" => shelf.disabled = false,
            "SlotFaultReported" => shelf.faulty = true,
            "SlotFaultCleared" => shelf.faulty = false,
            _ => {}
        }
    }

    /// A rental by what has happened by a time, if it was there.
    #[must_use]
    pub fn rental_by(&self, rental: &str, until: DateTime<Utc>) -> Option<&Rental> {
        let versions = self.rentals.get(rental)?.iter().rev();
        versions.into_iter().find(|(_, at, _)| *at <= until).map(|(_, _, rental)| rental)
    }

    /// The slots of a station as the interface shows them.
    #[must_use]
    pub fn station(&self, station: &str) -> Value {
        let standing: BTreeMap<i64, (&String, &Bank)> = self
            .banks
            .iter()
            .filter_map(|(id, bank)| {
                let (place, slot) = bank.place.as_ref()?;
                (place == station).then_some((*slot, (id, bank)))
            })
            .collect();
        let slots = self.slots.iter().filter(|((of, _), _)| of == station);
        slots
            .map(|((_, slot), shelf)| {
                let bank = standing.get(slot);
                let works = !shelf.disabled && !shelf.faulty;
                let ready = bank.is_some_and(|(_, bank)| {
                    bank.state == "docked" && bank.percent.is_none_or(|of| of >= 20)
                });
                let status = match (shelf.disabled, shelf.faulty, bank) {
                    (true, _, _) => "disabled",
                    (false, true, _) => "faulty",
                    (false, false, Some(_)) => "occupied",
                    (false, false, None) => "empty",
                };
                json!({
                    "slot": slot, "status": status, "rentable": works && ready,
                    "battery_percent": bank.and_then(|(_, bank)| bank.percent),
                    "device_id": bank.map(|(id, _)| id)
                })
            })
            .collect()
    }
}

/// What an event does to money, by the verifier's own rules.
#[allow(clippy::expect_used, reason = "an event that does not say what it has to fails the test")]
fn money(event: &Value) -> Effect {
    let as_stored = Event {
        position: 0,
        id: Uuid::nil(),
        command_id: Uuid::nil(),
        event_type: event.get("type").and_then(Value::as_str).unwrap_or_default().to_owned(),
        schema_version: 1,
        actor: String::new(),
        kinds: Vec::new(),
        streams: Vec::new(),
        occurred_at: DateTime::UNIX_EPOCH,
        recorded_at: DateTime::UNIX_EPOCH,
        causation_id: None,
        correlation_id: None,
        traceparent: None,
        payload: Bytes::from(data(event, "").to_string()),
    };
    effect(&as_stored).expect("an event that says what it has to")
}

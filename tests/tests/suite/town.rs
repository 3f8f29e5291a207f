//! A small town that tests build through the public interface: a tariff of its own, a station with banks, customers
//! with deposits. Everything but the customers stands since two hours, so that rentals can be entered that began before.

use chrono::{DateTime, TimeDelta, Utc};
use edge::{Clock as _, Role, SystemClock};
use serde_json::{Value, json};
use tests::harness::{ADMIN, AGENT, Answer, Client, PAYMENTS, Who};
use uuid::Uuid;

/// How long the town stands already.
const STOOD_FOR: TimeDelta = TimeDelta::hours(2);

/// A station with banks, and the tariff that holds there.
#[derive(Debug, Clone)]
pub(crate) struct Town {
    pub(crate) station: Uuid,
    pub(crate) tariff: Uuid,
    /// In slot 1, 2, 3 …
    pub(crate) banks: Vec<Bank>,
}

/// A power bank.
#[derive(Debug, Clone)]
pub(crate) struct Bank {
    pub(crate) id: Uuid,
    pub(crate) serial: String,
}

pub(crate) fn id() -> Uuid {
    SystemClock.id()
}

pub(crate) fn customer(id: Uuid) -> Who {
    (Role::Customer, id)
}

pub(crate) fn station(id: Uuid) -> Who {
    (Role::Station, id)
}

/// A moment so many minutes back, to the second.
pub(crate) fn minutes_ago(minutes: i64) -> DateTime<Utc> {
    let moment = SystemClock.now() - TimeDelta::minutes(minutes);
    DateTime::from_timestamp(moment.timestamp(), 0).unwrap()
}

/// The envelope of a command that happened at that moment.
pub(crate) fn dated(kind: &str, at: DateTime<Utc>, data: Value) -> Value {
    json!({"command_id": id(), "type": kind, "occurred_at": at, "data": data})
}

impl Town {
    /// Builds a town; `terms` are added to the standard tariff.
    pub(crate) async fn found(client: &Client, release_mode: &str, banks: u16, terms: Value) -> Self {
        let since = SystemClock.now() - STOOD_FOR;
        let tariff = id();
        let mut published = json!({"tariff_id": tariff, "name": "Town"});
        published.as_object_mut().unwrap().extend(terms.as_object().cloned().unwrap_or_default());
        let mut lines = vec![dated("PublishTariff", since, published)];
        let town = Self { station: id(), tariff, banks: (0..banks).map(|_| Bank::new()).collect() };
        lines.push(dated("RegisterStation", since, town.registration(release_mode)));
        for (slot, bank) in (1..).zip(&town.banks) {
            lines.extend(town.arrival(bank, slot, since));
        }
        upload(client, ADMIN, &lines).await;
        town
    }

    /// What registers a station like this one.
    fn registration(&self, release_mode: &str) -> Value {
        json!({
            "station_id": self.station, "code": format!("T-{}", &self.station.simple().to_string()[12..]),
            "name": "Kariakoo", "latitude": -6.8, "longitude": 39.27, "slots": 200, "release_mode": release_mode,
            "tariff_id": self.tariff,
        })
    }

    fn arrival(&self, bank: &Bank, slot: u16, since: DateTime<Utc>) -> [Value; 2] {
        let dock =
            json!({"device_id": bank.id, "station_id": self.station, "slot": slot, "battery_percent": 90});
        [
            dated("RegisterDevice", since, json!({"device_id": bank.id, "serial": bank.serial})),
            dated("DockDevice", since, dock),
        ]
    }

    /// Another station with the same tariff and no banks.
    pub(crate) async fn second_station(&self, client: &Client, release_mode: &str) -> Town {
        let other = Self { station: id(), tariff: self.tariff, banks: Vec::new() };
        let since = SystemClock.now() - STOOD_FOR;
        upload(client, ADMIN, &[dated("RegisterStation", since, other.registration(release_mode))]).await;
        other
    }

    /// What starts a rental from this slot.
    pub(crate) fn start(&self, customer: Uuid, slot: u16) -> Value {
        json!({"customer_id": customer, "station_id": self.station, "slot": slot})
    }

    /// A rental that field staff enter: it began so many minutes ago.
    pub(crate) async fn began(&self, client: &Client, customer: Uuid, slot: u16, minutes: i64) -> Answer {
        let body = dated("StartRental", minutes_ago(minutes), self.start(customer, slot));
        client.post(AGENT, "/api/v1/commands", body).await
    }

    /// The station reports a bank.
    pub(crate) async fn takes_back(&self, client: &Client, bank: &Bank, slot: u16) -> Answer {
        let data =
            json!({"serial": bank.serial, "station_id": self.station, "slot": slot, "battery_percent": 70});
        client.command(station(self.station), "DeviceReturned", data).await
    }
}

impl Bank {
    pub(crate) fn new() -> Self {
        let id = id();
        Self { id, serial: format!("PB-{}", &id.simple().to_string()[12..]) }
    }
}

/// Sends commands as one upload; each must be recorded.
pub(crate) async fn upload(client: &Client, who: Who, lines: &[Value]) {
    for lines in lines.chunks(400) {
        let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let answer =
            client.ask(reqwest::Method::POST, "/api/v1/commands/batch", Some(who), &[], Some(body)).await;
        let answer = answer.expect(200);
        for (line, outcome) in lines.iter().zip(answer.text.lines()) {
            assert!(outcome.contains("\"outcome\":\"recorded\""), "{line}: {outcome}");
        }
        assert_eq!(answer.text.lines().count(), lines.len());
    }
}

/// A phone number that no other customer of these tests has.
pub(crate) fn phone() -> String {
    // The last digits of a time-ordered id are random.
    let digits = u32::try_from(id().as_u128() % 100_000_000).unwrap();
    format!("+2557{digits:08}")
}

/// Registered and verified customers, with this deposit each.
pub(crate) async fn customers(client: &Client, count: usize, deposit: i64) -> Vec<Uuid> {
    let since = SystemClock.now() - STOOD_FOR;
    let ids: Vec<Uuid> = (0..count).map(|_| id()).collect();
    let mut lines = Vec::new();
    for customer_id in &ids {
        let data = json!({"customer_id": customer_id, "phone": phone(), "name": "Asha"});
        lines.push(dated("RegisterCustomer", since, data));
        lines.push(dated("VerifyCustomer", since, json!({"customer_id": customer_id})));
    }
    upload(client, ADMIN, &lines).await;
    if deposit > 0 {
        let paid: Vec<Value> = ids.iter().map(|customer| bill(*customer, deposit)).collect();
        upload(client, PAYMENTS, &paid).await;
    }
    ids
}

pub(crate) async fn rich_customer(client: &Client) -> Uuid {
    customers(client, 1, 20_000).await[0]
}

/// A customer's bill number was paid.
pub(crate) fn bill(customer: Uuid, amount: i64) -> Value {
    let command = id();
    let data = json!({
        "customer_id": customer, "provider": "mpesa", "amount": amount,
        "provider_reference": command.simple().to_string(),
    });
    json!({"command_id": command, "type": "PaymentConfirmed", "data": data})
}

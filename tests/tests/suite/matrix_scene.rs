//! What the role matrix acts on: a station with two banks, a customer on a rental, one who could start one, a payment,
//! and a command of every role that sends any.

use std::collections::HashMap;

use edge::Role;
use serde_json::{Value, json};
use tests::harness::{ADMIN, AGENT, Client, PAYMENTS, SUPPORT, Who};
use uuid::Uuid;

use crate::town::{Bank, Town, bill, customer, customers, id, station, upload};

/// What a customer has to rent with.
const DEPOSIT: i64 = 20_000;
/// More than is given back without a second person.
const REFUNDED: i64 = 30_000;

/// Things that belong together.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) station: Uuid,
    pub(crate) bank: Bank,
    /// On a rental from slot 1.
    pub(crate) renting: Uuid,
    /// With a deposit and without a rental; a bank for them is in slot 2.
    pub(crate) idle: Uuid,
    pub(crate) rental: Uuid,
    pub(crate) payment: Uuid,
    /// Somebody whose refund waits for a second person.
    pub(crate) refunded: Uuid,
    pub(crate) refund: Uuid,
    /// A command of each role that sends any.
    pub(crate) commands: HashMap<Role, Uuid>,
    /// Where the ledger stood when all this was there.
    pub(crate) position: i64,
}

impl Scene {
    pub(crate) async fn set(client: &Client) -> Self {
        let town = Town::found(client, "instant", 2, json!({})).await;
        let people = customers(client, 2, DEPOSIT).await;
        let (renting, idle) = (people[0], people[1]);
        let refunded = customers(client, 1, REFUNDED).await[0];
        let mut commands = HashMap::new();
        let mut position = 0;
        let mut rental = Uuid::nil();
        let mut payment = Uuid::nil();
        let mut refund = Uuid::nil();
        let initiate =
            json!({"customer_id": renting, "purpose": "deposit", "amount": 5_000, "provider": "mpesa"});
        let profile = json!({"customer_id": renting, "language": "en"});
        let battery = json!({
            "serial": town.banks[1].serial, "battery_percent": 15, "station_id": town.station, "slot": 2,
        });
        let back = json!({"customer_id": refunded, "amount": REFUNDED, "provider": "airtel"});
        let said: [(Who, &str, Value); 7] = [
            (customer(renting), "UpdateProfile", profile),
            (station(town.station), "ReportBattery", battery),
            (AGENT, "DisableSlot", json!({"station_id": town.station, "slot": 150})),
            (SUPPORT, "StartRental", town.start(renting, 1)),
            (ADMIN, "InitiatePayment", initiate),
            (customer(refunded), "RequestDepositRefund", back),
            (ADMIN, "ReportBattery", json!({"serial": town.banks[1].serial, "battery_percent": 95})),
        ];
        for (who, kind, data) in said {
            let command = id();
            let answer = client.command_as(command, who, kind, data).await;
            assert!([200, 201].contains(&answer.status), "{kind}: {}", answer.text);
            if who != customer(refunded) {
                commands.insert(who.0, command);
            }
            position = position.max(answer.position().expect("a position"));
            let named = |field: &str| answer.at(field).as_str().and_then(|text| text.parse().ok());
            rental = named("/result/rental_id").unwrap_or(rental);
            payment = named("/result/payment_id").unwrap_or(payment);
            refund = named("/result/refund_id").unwrap_or(refund);
        }
        let bill = bill(renting, 1_000);
        upload(client, PAYMENTS, std::slice::from_ref(&bill)).await;
        commands.insert(Role::Payments, serde_json::from_value(bill["command_id"].clone()).expect("an id"));
        let bank = town.banks[0].clone();
        Self {
            station: town.station,
            bank,
            renting,
            idle,
            rental,
            payment,
            refunded,
            refund,
            commands,
            position,
        }
    }
}

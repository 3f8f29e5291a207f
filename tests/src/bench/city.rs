//! Whom and what the load is about: a city of customers with money and banks in slots, set up through the public
//! interface like every other city.
//!
//! A customer and a bank belong together for the whole run, so that any number of connections can start rentals at once
//! and none is refused. Half of the rules would say no if it were otherwise; every one of them is asked.

use std::net::SocketAddr;
use std::sync::Arc;

use chrono::{SecondsFormat, TimeDelta};
use edge::token::{Ticket, TokenKeys, mint};
use edge::{Clock as _, Role, SystemClock};
use serde_json::{Value, json};
use uuid::Uuid;

use super::error::BenchError;
use super::http::Connection;
use super::load;

/// Slots of an ordinary station.
const SLOTS: usize = 20;
/// Slots of the one great station: the most a station has.
const MOST_SLOTS: usize = 200;
/// Pairs at the great station; some slots stay free, as they would.
const AT_ONE_STATION: usize = 192;
/// What every customer has paid, in one payment: enough for all rentals of a run.
const PAID: i64 = 5_000_000;
/// Lines of one upload.
const UPLOAD: usize = 480;
/// Uploads at once.
const UPLOADERS: usize = 8;
/// Longer than any run.
const TOKEN_LIFETIME: TimeDelta = TimeDelta::hours(12);

/// A customer, a bank, and the slot where it stands.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    customer: Uuid,
    token: String,
    device: Uuid,
    station: Uuid,
    slot: usize,
}

/// Everybody, and the tokens of staff.
#[derive(Debug, Clone)]
pub(super) struct City {
    /// Over many stations.
    pub(super) pairs: Arc<Vec<Pair>>,
    /// All at one station.
    pub(super) crowd: Arc<Vec<Pair>>,
    pub(super) staff: Arc<Staff>,
}

/// Tokens of those who set up and take back.
#[derive(Debug)]
pub(super) struct Staff {
    pub(super) admin: String,
    payments: String,
}

impl City {
    /// Imagines a city; nothing is sent yet.
    pub(super) fn imagine(keys: &TokenKeys, pairs: usize) -> Result<Self, BenchError> {
        let ordinary = Self::people(keys, pairs, SLOTS)?;
        let crowd = Self::people(keys, AT_ONE_STATION, MOST_SLOTS)?;
        let admin = token(keys, Role::Admin, SystemClock.id())?;
        let payments = token(keys, Role::Payments, SystemClock.id())?;
        let staff = Arc::new(Staff { admin, payments });
        Ok(Self { pairs: Arc::new(ordinary), crowd: Arc::new(crowd), staff })
    }

    fn people(keys: &TokenKeys, count: usize, slots: usize) -> Result<Vec<Pair>, BenchError> {
        let mut station = SystemClock.id();
        let mut people = Vec::with_capacity(count);
        for number in 0..count {
            let slot = number.checked_rem(slots).unwrap_or(0).saturating_add(1);
            if slot == 1 {
                station = SystemClock.id();
            }
            let customer = SystemClock.id();
            let token = token(keys, Role::Customer, customer)?;
            people.push(Pair { customer, token, device: SystemClock.id(), station, slot });
        }
        Ok(people)
    }

    /// Pairs of ordinary stations, as many as stand at the great one, as far apart as can be.
    pub(super) fn spread(&self) -> Vec<Pair> {
        let every = self.pairs.len().checked_div(self.crowd.len()).unwrap_or(1).max(1);
        self.pairs.iter().step_by(every).take(self.crowd.len()).cloned().collect()
    }

    /// Builds it: tariff, stations, banks in slots, customers who are registered, verified and have paid.
    pub(super) async fn build(&self, address: SocketAddr) -> Result<(), BenchError> {
        let admin = &self.staff.admin;
        let tariff = Uuid::from_u128(0x018f_0000_0000_7000_8000_0000_0000_0001);
        let mut first =
            vec![line("PublishTariff", json!({"tariff_id": tariff, "name": "Standard", "is_default": true}))];
        first.extend(stations(&self.pairs, SLOTS).chain(stations(&self.crowd, MOST_SLOTS)));
        self.upload(address, parts(admin, &first)).await?;

        let everybody = self.pairs.iter().chain(self.crowd.iter()).zip(0_usize..);
        let (mut people, mut receipts, mut banks) = (Vec::new(), Vec::new(), Vec::new());
        for (pair, number) in everybody {
            let payment = SystemClock.id();
            people.extend(pair.customer_lines(number, payment));
            receipts.push(line(
                "PaymentConfirmed",
                json!({"payment_id": payment, "amount": PAID, "provider_reference": format!("01-{number}")}),
            ));
            banks.extend(pair.bank_lines(number));
        }
        self.upload(address, parts(admin, &people)).await?;
        self.upload(address, parts(&self.staff.payments, &receipts)).await?;
        self.upload(address, parts(admin, &banks)).await
    }

    /// Takes all these banks back into their slots.
    pub(super) async fn take_back(&self, address: SocketAddr, pairs: &[Pair]) -> Result<(), BenchError> {
        let lines: Vec<String> = pairs.iter().map(Pair::return_line).collect();
        self.upload(address, parts(&self.staff.admin, &lines)).await
    }

    async fn upload(
        &self,
        address: SocketAddr,
        uploads: Vec<(String, Vec<String>)>,
    ) -> Result<(), BenchError> {
        let mut connections = Connection::several(address, UPLOADERS).await?;
        let requests = uploads
            .into_iter()
            .map(|(token, lines)| (lines.len(), post("/api/v1/commands/batch", &token, &lines.concat())))
            .collect();
        load::uploads(&mut connections, requests).await
    }
}

impl Pair {
    /// The request that starts a rental, under a new command id.
    pub(super) fn start(&self) -> Vec<u8> {
        let Self { customer, station, slot, .. } = self;
        let body = format!(
            "{{\"command_id\":\"{}\",\"type\":\"StartRental\",\"data\":{{\"customer_id\":\"{customer}\",\
             \"station_id\":\"{station}\",\"slot\":{slot}}}}}",
            SystemClock.id()
        );
        post("/api/v1/commands", &self.token, &body)
    }

    /// The request that gives the bank back, under a new command id.
    pub(super) fn end(&self, staff: &Staff) -> Vec<u8> {
        post("/api/v1/commands", &staff.admin, self.return_line().trim_end())
    }

    /// The return states its time, so that it is not taken for the one of a minute ago sent again.
    fn return_line(&self) -> String {
        let Self { device, station, slot, .. } = self;
        let data = json!({"device_id": device, "station_id": station, "slot": slot, "battery_percent": 90});
        let now = SystemClock.now().to_rfc3339_opts(SecondsFormat::Micros, true);
        let command = SystemClock.id();
        format!(
            "{}\n",
            json!({"command_id": command, "type": "DeviceReturned", "occurred_at": now, "data": data})
        )
    }

    fn customer_lines(&self, number: usize, payment: Uuid) -> [String; 3] {
        let customer = self.customer;
        let phone = format!("07{number:08}");
        [
            line("RegisterCustomer", json!({"customer_id": customer, "phone": phone})),
            line("VerifyCustomer", json!({"customer_id": customer})),
            line(
                "InitiatePayment",
                json!({"payment_id": payment, "customer_id": customer, "amount": PAID, "purpose": "deposit",
                       "provider": "mpesa"}),
            ),
        ]
    }

    fn bank_lines(&self, number: usize) -> [String; 2] {
        let Self { device, station, slot, .. } = self;
        [
            line("RegisterDevice", json!({"device_id": device, "serial": format!("01-{number:06}")})),
            line(
                "DockDevice",
                json!({"device_id": device, "station_id": station, "slot": slot, "battery_percent": 90}),
            ),
        ]
    }
}

fn stations(pairs: &[Pair], slots: usize) -> impl Iterator<Item = String> {
    pairs.iter().filter(|pair| pair.slot == 1).map(move |pair| {
        let id = pair.station;
        line(
            "RegisterStation",
            json!({"station_id": id, "code": format!("01-{}", id.simple()), "name": "Kiosk", "latitude": -6.8,
                   "longitude": 39.28, "slots": slots, "release_mode": "instant"}),
        )
    })
}

/// A command as a line of an upload.
fn line(name: &str, data: Value) -> String {
    format!("{}\n", json!({"command_id": SystemClock.id(), "type": name, "data": data}))
}

fn parts(token: &str, lines: &[String]) -> Vec<(String, Vec<String>)> {
    lines.chunks(UPLOAD).map(|part| (token.to_owned(), part.to_vec())).collect()
}

/// A POST as bytes.
fn post(path: &str, token: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A GET as bytes, for an answer that stands for at least that position.
pub(super) fn get(path: &str, token: &str, min_position: i64) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\
         Ledger-Min-Position: {min_position}\r\n\r\n"
    )
    .into_bytes()
}

fn token(keys: &TokenKeys, role: Role, subject: Uuid) -> Result<String, BenchError> {
    let ticket = Ticket { role, subject, lifetime: TOKEN_LIFETIME, unlimited: true };
    Ok(mint(keys, ticket, &SystemClock)?.0)
}

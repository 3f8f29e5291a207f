//! A database for each test, a command-api that serves on it, a reactor beside it, and the clock of all three.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use chrono::{DateTime, TimeDelta, Utc};
use command_api::access::Tokens;
use command_api::{CommandApi, Ingredients, Settings};
use edge::http::{ServerOptions, Site};
use edge::metrics::Metrics;
use edge::pace::rest;
use edge::token::{ACCESS_LIFETIME, Issuer, Ticket, TokenKeys, Verifier, mint};
use edge::{Clock, FixedClock, Role, SystemClock};
use ledger::Ledger;
use ledger::migrate::ServiceRole;
use ledger::seal::Keys;
use reactor::{Commands, Reactor, Running, Sources};
use serde_json::{Value, json};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::database::{self, connect};

/// How long a condition may take to come true.
const LIMIT: Duration = Duration::from_secs(30);

pub(crate) type Time = DateTime<Utc>;

/// Nine in the morning of a Monday in Dar es Salaam: the zero of these tests.
pub(crate) fn zero() -> Time {
    "2026-03-02T06:00:00Z".parse().unwrap()
}

pub(crate) fn hours(hours: i64) -> TimeDelta {
    TimeDelta::hours(hours)
}

/// The smallest step of the ledger's time.
pub(crate) const INSTANT: TimeDelta = TimeDelta::microseconds(1);

/// A database, a key directory, and a clock.
pub(crate) struct Place {
    owner_url: String,
    owner: Client,
    keys: tempfile::TempDir,
    pub(crate) clock: Arc<FixedClock>,
    http: reqwest::Client,
}

/// A command-api that serves.
pub(crate) struct Serving {
    handle: ServerHandle,
    pub(crate) address: SocketAddr,
}

impl Serving {
    /// Stops it; its address is free again.
    pub(crate) async fn stop(self) -> SocketAddr {
        self.handle.stop(true).await;
        self.address
    }

    /// Stops it, and leaves its address to another one.
    pub(crate) async fn halt(&self) -> SocketAddr {
        self.handle.stop(true).await;
        self.address
    }

    fn base(&self) -> String {
        format!("http://{}", self.address)
    }
}

pub(crate) type Who = (Role, Uuid);

pub(crate) const ADMIN: Who = (Role::Admin, Uuid::from_u128(0xad));
pub(crate) const PAYMENTS: Who = (Role::Payments, Uuid::from_u128(0xba));

impl Place {
    pub(crate) async fn new() -> Self {
        let owner_url = database::fresh().await;
        let owner = connect(&owner_url).await;
        let clock = Arc::new(FixedClock::at(zero()));
        let http = reqwest::Client::new();
        Self { owner_url, owner, keys: tempfile::tempdir().unwrap(), clock, http }
    }

    pub(crate) fn url(&self, role: ServiceRole) -> String {
        database::url_for(&self.owner_url, role)
    }

    pub(crate) fn owner(&self) -> &Client {
        &self.owner
    }

    pub(crate) fn keys(&self) -> &Path {
        self.keys.path()
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    /// A command-api on this database and clock.
    pub(crate) async fn serve(&self) -> Serving {
        self.serve_at("127.0.0.1:0").await
    }

    pub(crate) async fn serve_at(&self, bind: &str) -> Serving {
        let token_keys = || TokenKeys::open_or_create(self.keys(), &SystemClock).unwrap();
        let verifier = Arc::new(Verifier::new(token_keys(), self.clock()));
        let issuer = Arc::new(Issuer::new(token_keys(), self.clock()));
        let ingredients = Ingredients {
            tokens: Tokens { issuer, verifier: Arc::clone(&verifier) },
            ledger: Ledger::connect(&self.url(ServiceRole::Command), 2).unwrap(),
            keys: Keys::open_or_create(self.keys()).unwrap(),
            clock: self.clock(),
            metrics: Metrics::new(),
            settings: Settings::default(),
        };
        let api = CommandApi::start(ingredients).await.unwrap();
        let site = Site::new(self.clock(), verifier, &Metrics::new(), vec![api.part()]);
        let serving = api.serve(&ServerOptions { bind: bind.to_owned(), workers: 1 }, site).unwrap();
        let (handle, address) = (serving.server.handle(), serving.addresses[0]);
        tokio::spawn(serving.server);
        Serving { handle, address }
    }

    pub(crate) fn reactor(&self) -> Reactor {
        let database_url = self.url(ServiceRole::Reactor);
        let ledger = Ledger::connect(&database_url, 2).unwrap();
        let feed = ledger::feed::ledger_feed(&ledger, None);
        Reactor::new(Sources { database_url, ledger, feed, clock: self.clock() }, &Metrics::new())
    }

    pub(crate) fn commands(&self, serving: &Serving) -> Commands {
        Commands::new(&serving.base(), self.keys().to_owned(), self.clock()).unwrap()
    }

    /// A reactor that sends to this command-api.
    pub(crate) fn react(&self, serving: &Serving) -> Running {
        self.reactor().start(self.commands(serving))
    }

    fn token(&self, (role, subject): Who) -> String {
        let keys = TokenKeys::open_or_create(self.keys(), &SystemClock).unwrap();
        let ticket = Ticket { role, subject, lifetime: ACCESS_LIFETIME, unlimited: true };
        mint(&keys, ticket, self.clock.as_ref()).unwrap().0
    }

    /// Sends a command and demands that it is recorded.
    pub(crate) async fn command(&self, serving: &Serving, who: Who, kind: &str, data: Value) -> Value {
        self.command_at(serving, who, kind, data, None).await
    }

    /// Sends a command that says when its fact happened, and demands that it is recorded.
    pub(crate) async fn command_at(
        &self,
        serving: &Serving,
        who: Who,
        kind: &str,
        data: Value,
        at: impl Into<Option<Time>>,
    ) -> Value {
        let mut body = json!({"type": kind, "data": data});
        if let Some(at) = at.into() {
            body["occurred_at"] = json!(at);
        }
        let request = self.http.post(format!("{}/api/v1/commands", serving.base()));
        let response = request.bearer_auth(self.token(who)).json(&body).send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        assert_eq!(status, 201, "{kind}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// When each event of this type happened, in the order of the ledger.
    pub(crate) async fn happened(&self, kind: &str) -> Vec<Time> {
        let sql = "SELECT occurred_at FROM ledger.event WHERE type = $1 ORDER BY position";
        self.owner.query(sql, &[&kind]).await.unwrap().iter().map(|row| row.get(0)).collect()
    }

    /// Waits until events of this type happened at exactly these moments.
    pub(crate) async fn until_happened(&self, kind: &str, expected: &[Time]) {
        until(kind, async || self.happened(kind).await.len() >= expected.len()).await;
        assert_eq!(self.happened(kind).await, expected, "{kind}");
    }

    /// Waits until the reactor has read everything and has an answer to all that is due.
    pub(crate) async fn until_idle(&self) {
        let sql = "SELECT (SELECT position FROM reactor.progress) = (SELECT max(position) FROM ledger.event) \
             AND NOT EXISTS (SELECT 1 FROM reactor.deadline WHERE next_try_at <= $1)";
        let now = self.clock.now();
        until("the reactor is idle", async || {
            let row = self.owner.query_one(sql, &[&now]).await.unwrap();
            row.get::<_, Option<bool>>(0) == Some(true)
        })
        .await;
    }

    /// The deadlines that wait, by kind.
    pub(crate) async fn waiting(&self) -> Vec<(String, Time)> {
        let sql = "SELECT kind, due_at FROM reactor.deadline ORDER BY due_at, kind";
        let rows = self.owner.query(sql, &[]).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }
}

/// Waits until a condition is true.
pub(crate) async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let waited = tokio::time::timeout(LIMIT, async {
        while !condition().await {
            rest(Duration::from_millis(10)).await;
        }
    });
    assert!(waited.await.is_ok(), "never came true: {what}");
}

/// The next number in a test's own world of ids.
pub(crate) fn id() -> Uuid {
    SystemClock.id()
}

/// A little city: a tariff, a station, banks in its slots.
pub(crate) struct City<'a> {
    pub(crate) place: &'a Place,
    pub(crate) serving: &'a Serving,
    pub(crate) station: Uuid,
}

impl<'a> City<'a> {
    pub(crate) async fn build(place: &'a Place, serving: &'a Serving, mode: &str, banks: u16) -> Self {
        let station = id();
        let city = Self { place, serving, station };
        city.admin("PublishTariff", json!({"name": "Standard", "is_default": true})).await;
        let data = json!({
            "station_id": station, "code": format!("S-{}", station.simple()), "name": "Kariakoo",
            "latitude": -6.8, "longitude": 39.27, "slots": 200, "release_mode": mode
        });
        city.admin("RegisterStation", data).await;
        for slot in 1..=banks {
            let device = id();
            let data = json!({"device_id": device, "serial": format!("PB-{slot}")});
            city.admin("RegisterDevice", data).await;
            let dock =
                json!({"device_id": device, "station_id": station, "slot": slot, "battery_percent": 90});
            city.admin("DockDevice", dock).await;
        }
        city
    }

    pub(crate) async fn admin(&self, kind: &str, data: Value) -> Value {
        self.place.command(self.serving, ADMIN, kind, data).await
    }

    /// A verified customer with a deposit.
    pub(crate) async fn customer(&self, number: u32) -> Uuid {
        let customer_id = id();
        let phone = format!("+2557{number:08}");
        self.admin("RegisterCustomer", json!({"customer_id": customer_id, "phone": phone})).await;
        self.admin("VerifyCustomer", json!({"customer_id": customer_id})).await;
        let bill = json!({
            "customer_id": customer_id, "provider": "mpesa", "amount": 20_000,
            "provider_reference": format!("R{customer_id}")
        });
        self.place.command(self.serving, PAYMENTS, "PaymentConfirmed", bill).await;
        customer_id
    }

    /// Asks for a payment that nobody makes.
    pub(crate) async fn ask(&self, customer: Uuid) -> Uuid {
        let payment_id = id();
        let data = json!({
            "payment_id": payment_id, "customer_id": customer, "amount": 5_000, "purpose": "deposit",
            "provider": "mpesa"
        });
        self.admin("InitiatePayment", data).await;
        payment_id
    }

    /// Rents the bank of a slot.
    pub(crate) async fn rent(&self, customer: Uuid, slot: u16) -> Uuid {
        let rental_id = id();
        let data = json!({
            "rental_id": rental_id, "customer_id": customer, "station_id": self.station, "slot": slot
        });
        self.admin("StartRental", data).await;
        rental_id
    }

    pub(crate) async fn bring_back(&self, bank: u16) {
        let data = json!({"serial": format!("PB-{bank}"), "station_id": self.station, "slot": bank + 100});
        self.admin("DeviceReturned", data).await;
    }
}

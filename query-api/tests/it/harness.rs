//! A database for each test, the services on it, and listeners to their streams.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use actix_web::{dev::ServerHandle, web::ServiceConfig};
use chrono::{DateTime, TimeDelta, Utc};
use command_api::{CommandApi, Settings, access::Tokens};
use edge::{
    Clock, FixedClock, Role, SystemClock,
    http::{ServerOptions, Site},
    metrics::Metrics,
    token::{Issuer, Ticket, TokenKeys, Verifier, mint},
};
use ledger::{
    Bell, Ledger,
    migrate::ServiceRole,
    seal::Keys,
    tree::{CheckpointKeys, CheckpointText, VerifierKey},
};
use projector::{ModelName, Projector, Sources};
use query_api::{Ingredients, QueryApi};
use reqwest::{Response, StatusCode};
use sealer::{Places, Sealer, SealerConfig};
use serde_json::{Value, json};
use tokio::time::timeout;
use uuid::Uuid;

use crate::database;

/// How long anything may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

pub(crate) type Who = (Role, Uuid);
pub(crate) const ADMIN: Who = (Role::Admin, Uuid::from_u128(0xad));
pub(crate) const PAYMENTS: Who = (Role::Payments, Uuid::from_u128(0xba));

/// The services of a little city, in one process.
pub(crate) struct Stage {
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) queries: QueryApi,
    pub(crate) address: SocketAddr,
    pub(crate) handle: ServerHandle,
    pub(crate) owner_url: String,
    sources: Sources,
    keys: tempfile::TempDir,
    http: reqwest::Client,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with_streams(query_api::STREAMS).await
    }

    /// With room for so many streams.
    pub(crate) async fn with_streams(streams: usize) -> Self {
        let owner_url = database::fresh().await;
        let url = |role: ServiceRole| database::url_for(&owner_url, role);
        let clock = Arc::new(FixedClock::at("2026-01-05T07:00:00Z".parse().unwrap()));
        let shared: Arc<dyn Clock> = clock.clone();
        let (keys, bell, metrics) = (tempfile::tempdir().unwrap(), Bell::new(), Metrics::new());
        let token_keys = || TokenKeys::open_or_create(keys.path(), &SystemClock).unwrap();
        let verifier = Arc::new(Verifier::new(token_keys(), Arc::clone(&shared)));
        let issuer = Arc::new(Issuer::new(token_keys(), Arc::clone(&shared)));
        let commands = CommandApi::start(command_api::Ingredients {
            tokens: Tokens { issuer, verifier: Arc::clone(&verifier) },
            ledger: Ledger::connect(&url(ServiceRole::Command), 4).unwrap().with_bell(bell.clone()),
            keys: Keys::open_or_create(keys.path()).unwrap(),
            clock: Arc::clone(&shared),
            metrics: metrics.clone(),
            settings: Settings::default(),
        });
        let commands = commands.await.unwrap();
        let queries = QueryApi::start(Ingredients {
            read_url: url(ServiceRole::Query),
            primary_url: url(ServiceRole::Query),
            pool: 4,
            keys: Keys::open_or_create(keys.path()).unwrap(),
            clock: Arc::clone(&shared),
            documents: Vec::new(),
            streams,
            bell: Some(bell.clone()),
        });
        let queries = queries.await.unwrap();
        let site = Site::new(Arc::clone(&shared), verifier, &metrics, vec![queries.part()]);
        let options = ServerOptions { bind: "127.0.0.1:0".to_owned(), workers: 2 };
        let (mount_commands, mount_queries) = (commands.configure(), queries.configure());
        let serving = edge::http::serve(&options, site, move |config: &mut ServiceConfig| {
            mount_commands(config);
            mount_queries(config);
        });
        let serving = serving.unwrap();
        let projector_url = url(ServiceRole::Projector);
        let ledger = Ledger::connect(&projector_url, 4).unwrap();
        let feed = ledger::feed::ledger_feed(&ledger, Some(bell));
        let (address, handle) = (serving.addresses[0], serving.server.handle());
        tokio::spawn(serving.server);
        let stage = Self {
            clock,
            queries,
            address,
            handle,
            sources: Sources { database_url: projector_url, ledger, feed, clock: shared },
            owner_url,
            keys,
            http: reqwest::Client::new(),
        };
        stage.command(ADMIN, "PublishTariff", json!({"name": "Standard", "is_default": true})).await;
        stage
    }

    /// Builds the read models, and keeps them up to date.
    pub(crate) async fn project(&self) -> Projector {
        let projector = Projector::start(&self.sources, &ModelName::ALL, &Metrics::new());
        wait_until(async || self.http.get(self.url("/health")).send().await.unwrap().status() == 200).await;
        projector
    }

    /// What the projector reads and writes.
    pub(crate) fn sources(&self) -> &Sources {
        &self.sources
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A token that lasts for weeks of the stage's time.
    pub(crate) fn token(&self, who: Who) -> String {
        self.token_for(who, TimeDelta::days(60))
    }

    pub(crate) fn token_for(&self, (role, subject): Who, lifetime: TimeDelta) -> String {
        let keys = TokenKeys::open_or_create(self.keys.path(), &SystemClock).unwrap();
        let ticket = Ticket { role, subject, lifetime, unlimited: true };
        mint(&keys, ticket, self.clock.as_ref()).unwrap().0
    }

    /// Sends a command, which has to be recorded; its answer.
    pub(crate) async fn command(&self, who: Who, kind: &str, data: Value) -> Value {
        let body = json!({"type": kind, "data": data}).to_string();
        let request = self.http.post(self.url("/api/v1/commands")).bearer_auth(self.token(who));
        let response = request.header("content-type", "application/json").body(body).send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert_eq!(status, StatusCode::CREATED, "{kind}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Sends a text, which has to be taken in; the answer.
    pub(crate) async fn post_text(&self, who: Who, path: &str, text: &str) -> Value {
        let request = self.http.post(self.url(path)).bearer_auth(self.token(who));
        let response = request.header("content-type", "text/csv").body(text.to_owned()).send().await.unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert_eq!(status, StatusCode::CREATED, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// The last position of the ledger.
    pub(crate) async fn last(&self) -> i64 {
        self.sources.ledger.last_position().await.unwrap().get()
    }

    /// Reads something that stands for all that was recorded so far; the status and the body.
    pub(crate) async fn get(&self, who: Who, path: &str) -> (u16, String) {
        let last = self.sources.ledger.last_position().await.unwrap();
        let request = self.http.get(self.url(path)).bearer_auth(self.token(who));
        let response = request.header("ledger-min-position", last.to_string()).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// Reads something as a client that takes these kinds; the kind that came, and the body.
    pub(crate) async fn get_as(&self, who: Who, path: &str, accept: &str) -> (String, String) {
        let request = self.http.get(self.url(path)).bearer_auth(self.token(who)).header("accept", accept);
        let response = request.send().await.unwrap();
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        (kind, response.text().await.unwrap())
    }

    /// Signs checkpoints from now on.
    pub(crate) fn seal(&self) -> tokio::task::JoinHandle<()> {
        let url = database::url_for(&self.owner_url, ServiceRole::Relay);
        let places = Places::new(self.keys.path().join("checkpoints"), None);
        let config = SealerConfig::new(&url, self.keys.path(), places);
        let sealer = Sealer::new(config, &Metrics::new()).unwrap();
        tokio::spawn(async move { sealer.run(std::future::pending()).await.unwrap() })
    }

    /// What its checkpoints are verified with.
    pub(crate) async fn checkpoint_keys(&self) -> Vec<VerifierKey> {
        let origin = CheckpointText::origin_of(self.sources.ledger.identity().await.unwrap());
        CheckpointKeys::open_or_create(self.keys.path()).unwrap().verifiers(&origin)
    }

    /// What time it is here.
    pub(crate) fn clock_now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Uploads commands, each of which has to be recorded; how many.
    pub(crate) async fn upload(&self, who: Who, commands: &[Value]) -> usize {
        let lines: String = commands.iter().map(|command| format!("{command}\n")).collect();
        let request = self.http.post(self.url("/api/v1/commands/batch")).bearer_auth(self.token(who));
        let request = request.header("content-type", "application/x-ndjson").body(lines);
        let text = request.send().await.unwrap().text().await.unwrap();
        let recorded = text.matches(r#""outcome":"recorded""#).count();
        assert_eq!(recorded, commands.len(), "{text}");
        recorded
    }

    /// Asks for a stream.
    pub(crate) async fn ask(&self, path: &str, who: Who, last: Option<&str>) -> Response {
        self.ask_with(path, self.token(who), last).await
    }

    pub(crate) async fn ask_with(&self, path: &str, token: String, last: Option<&str>) -> Response {
        let mut request = self.http.get(self.url(path)).bearer_auth(token);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        timeout(LIMIT, request.send()).await.expect("an answer in time").unwrap()
    }

    /// Listens to a stream, which has to open.
    pub(crate) async fn listen(&self, path: &str, who: Who, last: Option<&str>) -> Listener {
        Listener::new(self.ask(path, who, last).await)
    }

    pub(crate) async fn rental_of(&self, customer: Uuid) -> Listener {
        self.listen(RENTAL, (Role::Customer, customer), None).await
    }

    /// A station with so many banks; a cabinet if it is `confirmed`.
    pub(crate) async fn station(&self, release_mode: &str, banks: u16) -> Station {
        let id = SystemClock.id();
        let data = json!({
            "station_id": id, "code": format!("S-{}", id.simple()), "name": "Kariakoo",
            "latitude": -6.8, "longitude": 39.27, "slots": 100, "release_mode": release_mode
        });
        self.command(ADMIN, "RegisterStation", data).await;
        let mut devices = Vec::new();
        for slot in 1..=banks {
            let device = SystemClock.id();
            let serial = format!("PB-{}", device.simple());
            self.command(ADMIN, "RegisterDevice", json!({"device_id": device, "serial": serial})).await;
            let dock = json!({"device_id": device, "station_id": id, "slot": slot, "battery_percent": 90});
            self.command(ADMIN, "DockDevice", dock).await;
            devices.push((device, serial));
        }
        Station { id, devices }
    }

    /// A verified customer with a deposit.
    pub(crate) async fn customer(&self, number: u32) -> Uuid {
        let (customer_id, payment_id) = (SystemClock.id(), SystemClock.id());
        let data = json!({"customer_id": customer_id, "phone": format!("+2557{number:08}"), "name": "Asha"});
        self.command(ADMIN, "RegisterCustomer", data).await;
        self.command(ADMIN, "VerifyCustomer", json!({"customer_id": customer_id})).await;
        let data = json!({
            "payment_id": payment_id, "customer_id": customer_id, "amount": 20_000, "purpose": "deposit",
            "provider": "mpesa"
        });
        self.command(ADMIN, "InitiatePayment", data).await;
        let data = json!({
            "payment_id": payment_id, "amount": 20_000, "provider_reference": format!("R{payment_id}")
        });
        self.command(PAYMENTS, "PaymentConfirmed", data).await;
        customer_id
    }

    /// Starts a rental; its id.
    pub(crate) async fn start(&self, customer: Uuid, station: &Station, slot: u16) -> Uuid {
        let data = json!({"customer_id": customer, "station_id": station.id, "slot": slot});
        let answer = self.command((Role::Customer, customer), "StartRental", data).await;
        answer["result"]["rental_id"].as_str().unwrap().parse().unwrap()
    }

    /// Gives a bank back.
    pub(crate) async fn give_back(&self, station: &Station, slot: u16) {
        let serial = &station.devices[usize::from(slot) - 1].1;
        let data = json!({"serial": serial, "station_id": station.id, "slot": slot});
        self.command((Role::Station, station.id), "DeviceReturned", data).await;
    }
}

pub(crate) const RENTAL: &str = "/api/v1/rentals/active/stream";

pub(crate) struct Station {
    pub(crate) id: Uuid,
    /// The banks by slot, from 1: id and serial.
    pub(crate) devices: Vec<(Uuid, String)>,
}

impl Station {
    pub(crate) fn stream(&self) -> String {
        format!("/api/v1/stations/{}/commands/stream", self.id)
    }

    pub(crate) fn who(&self) -> Who {
        (Role::Station, self.id)
    }
}

/// A server-sent event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    pub(crate) data: Value,
}

/// Reads a stream.
pub(crate) struct Listener {
    response: Response,
    text: String,
}

impl Listener {
    pub(crate) fn new(response: Response) -> Self {
        assert_eq!(response.status(), StatusCode::OK);
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "text/event-stream");
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("x-accel-buffering"), "no");
        Self { response, text: String::new() }
    }

    /// The next event, comments passed over; nothing at the end of the stream.
    pub(crate) async fn take(&mut self) -> Option<Event> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (parse(block), rest.to_owned());
                self.text = rest;
                if event.is_some() {
                    return event;
                }
            }
            let chunk = timeout(LIMIT, self.response.chunk()).await.expect("something in time").unwrap()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next event, which has to be of this name.
    pub(crate) async fn expect(&mut self, name: &str) -> Event {
        let event = self.take().await.expect("an event");
        assert_eq!(event.name, name, "{event:?}");
        event
    }
}

fn parse(block: &str) -> Option<Event> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let name = field("event")?.to_owned();
    let data = serde_json::from_str(field("data").expect("data")).expect("JSON");
    Some(Event { id: field("id").map(str::to_owned), name, data })
}

/// The code of a problem.
pub(crate) async fn code(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    (status, body["code"].as_str().unwrap_or(&text).to_owned())
}

pub(crate) async fn wait_until(condition: impl AsyncFn() -> bool) {
    let wait = async {
        while !condition().await {
            edge::pace::rest(Duration::from_millis(10)).await;
        }
    };
    timeout(LIMIT, wait).await.expect("the condition holds in time");
}

pub(crate) fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

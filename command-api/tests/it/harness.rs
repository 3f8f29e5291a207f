//! A database for each test, services on it, and a way to ask them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use actix_http::Request;
use actix_web::body::{MessageBody, to_bytes};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::HeaderMap;
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, Error};
use command_api::access::Tokens;
use command_api::{CommandApi, Ingredients, Settings};
use edge::http::Site;
use edge::metrics::Metrics;
use edge::token::{ACCESS_LIFETIME, Issuer, Ticket, TokenKeys, Verifier, mint};
use edge::{Clock, FixedClock, Role, SystemClock};
use ledger::Ledger;
use ledger::migrate::ServiceRole;
use ledger::seal::{Keys, Sealer, Wrapped};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::database;
pub(crate) use crate::database::connect;

/// A database and a key directory, for as many services as a test wants.
pub(crate) struct Place {
    pub(crate) owner_url: String,
    pub(crate) keys: tempfile::TempDir,
    verifier: Arc<Verifier>,
}

impl Place {
    pub(crate) async fn new() -> Self {
        let owner_url = database::fresh().await;
        let keys = tempfile::tempdir().unwrap();
        let tokens = TokenKeys::open_or_create(keys.path(), &SystemClock).unwrap();
        let verifier = Arc::new(Verifier::new(tokens, Arc::new(SystemClock)));
        Self { owner_url, keys, verifier }
    }

    /// The same database and keys, for a service that knows by itself which sessions have ended.
    pub(crate) fn with_own_verifier(&self) -> Self {
        let keys = tempfile::tempdir().unwrap();
        let copy = std::process::Command::new("cp")
            .arg("-a")
            .arg(format!("{}/.", self.keys.path().display()))
            .arg(keys.path())
            .status();
        assert!(copy.unwrap().success());
        let tokens = TokenKeys::open_or_create(keys.path(), &SystemClock).unwrap();
        let verifier = Arc::new(Verifier::new(tokens, Arc::new(SystemClock)));
        Self { owner_url: self.owner_url.clone(), keys, verifier }
    }

    pub(crate) fn ledger(&self) -> Ledger {
        Ledger::connect(&database::url_for(&self.owner_url, ServiceRole::Command), 4).unwrap()
    }

    pub(crate) async fn api(&self) -> CommandApi {
        self.api_with(Settings::default()).await
    }

    pub(crate) async fn api_with(&self, settings: Settings) -> CommandApi {
        self.start(settings, Arc::new(SystemClock)).await
    }

    /// A service whose time is told by the test.
    pub(crate) async fn api_at(&self, clock: Arc<FixedClock>) -> CommandApi {
        self.start(Settings::default(), clock).await
    }

    pub(crate) async fn start(&self, settings: Settings, clock: Arc<dyn Clock>) -> CommandApi {
        let keys = || TokenKeys::open_or_create(self.keys.path(), clock.as_ref()).unwrap();
        let tokens = Tokens {
            issuer: Arc::new(Issuer::new(keys(), Arc::clone(&clock))),
            verifier: Arc::clone(&self.verifier),
        };
        let ingredients = Ingredients {
            tokens,
            ledger: self.ledger(),
            keys: Keys::open_or_create(self.keys.path()).unwrap(),
            clock,
            metrics: Metrics::new(),
            settings,
        };
        CommandApi::start(ingredients).await.unwrap()
    }

    /// A token with the limits that everybody has.
    pub(crate) fn limited_token(&self, (role, subject): Who) -> String {
        let keys = TokenKeys::open_or_create(self.keys.path(), &SystemClock).unwrap();
        let ticket = Ticket { role, subject, lifetime: ACCESS_LIFETIME, unlimited: false };
        mint(&keys, ticket, &SystemClock).unwrap().0
    }

    /// How many events of a type there are.
    pub(crate) async fn events(&self, kind: &str) -> i64 {
        let sql = "SELECT count(*) FROM ledger.event WHERE type = $1";
        connect(&self.owner_url).await.query_one(sql, &[&kind]).await.unwrap().get(0)
    }

    /// Every text that waits to be sent to this number, oldest first.
    pub(crate) async fn messages(&self, phone: &str) -> Vec<String> {
        let ledger = self.ledger();
        let identity = ledger.identity().await.unwrap();
        let sealer = Sealer::new(Keys::open_or_create(self.keys.path()).unwrap(), ledger, identity);
        let sql = "SELECT request_id, wrapped_generation, wrapped_key, to_sealed, text_sealed FROM access.message \
             WHERE state = 'waiting' ORDER BY message_id";
        let rows = connect(&self.owner_url).await.query(sql, &[]).await.unwrap();
        let opened = rows.iter().map(|row| {
            let key =
                sealer.open_with(row.get(0), &Wrapped { generation: row.get(1), bytes: row.get(2) }).unwrap();
            let open = |field: &str, sealed: String| key.unseal(field, &sealed).unwrap();
            (open("phone", row.get(3)), open("text", row.get(4)))
        });
        opened.filter(|(to, _)| to == phone).map(|(_, text)| text).collect()
    }

    /// The code of the last message to this number.
    pub(crate) async fn code(&self, phone: &str) -> String {
        let text = self.messages(phone).await.pop().expect("a message");
        let digits = text.split(|c: char| !c.is_ascii_digit()).find(|word| word.len() == 6);
        digits.expect("six digits").to_owned()
    }

    /// The service as clients meet it.
    pub(crate) async fn site(&self, api: &CommandApi) -> Asker<impl Serves + use<>> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let site = Site::new(clock, Arc::clone(&self.verifier), &Metrics::new(), vec![Arc::new(api.clone())]);
        let app = App::new()
            .wrap(site.manners())
            .configure(|config| site.configure(config))
            .configure(api.configure());
        let keys = TokenKeys::open_or_create(self.keys.path(), &SystemClock).unwrap();
        Asker { service: init_service(app).await, keys, tokens: RefCell::default() }
    }
}

pub(crate) trait Serves:
    Service<Request, Response = ServiceResponse<<Self as Serves>::Body>, Error = Error>
{
    type Body: MessageBody;
}

impl<S, B> Serves for S
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    type Body = B;
}

/// Asks the service as somebody.
pub(crate) struct Asker<S> {
    service: S,
    keys: TokenKeys,
    tokens: RefCell<HashMap<Who, String>>,
}

pub(crate) type Who = (Role, Uuid);

pub(crate) const ADMIN: Who = (Role::Admin, Uuid::from_u128(0xad));
pub(crate) const PAYMENTS: Who = (Role::Payments, Uuid::from_u128(0xba));

pub(crate) fn customer(id: Uuid) -> Who {
    (Role::Customer, id)
}

#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) replay: bool,
    pub(crate) position: Option<i64>,
    pub(crate) retry_after: bool,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answered {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// Panics unless it has this status.
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }
}

impl<S: Serves> Asker<S> {
    fn token(&self, role: Role, subject: Uuid) -> String {
        let made = || {
            let ticket = Ticket { role, subject, lifetime: ACCESS_LIFETIME, unlimited: true };
            mint(&self.keys, ticket, &SystemClock).unwrap().0
        };
        self.tokens.borrow_mut().entry((role, subject)).or_insert_with(made).clone()
    }

    pub(crate) async fn request(
        &self,
        who: Option<Who>,
        path: &str,
        key: Option<Uuid>,
        body: String,
    ) -> Answered {
        let mut request = TestRequest::with_uri(path).method(Method::POST).set_payload(body);
        if let Some((role, subject)) = who {
            let token = self.token(role, subject);
            request = request.insert_header(("authorization", format!("Bearer {token}")));
        }
        if let Some(key) = key {
            request = request.insert_header(("idempotency-key", key.to_string()));
        }
        self.call(request).await
    }

    pub(crate) async fn call(&self, request: TestRequest) -> Answered {
        let response = self.service.call(request.to_request()).await.unwrap();
        let header =
            |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (replay, retry_after) = (header("idempotent-replay").is_some(), header("retry-after").is_some());
        let position = header("ledger-position").map(|position| position.parse().unwrap());
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = to_bytes(response.into_body()).await.unwrap_or_else(|_| panic!("a body"));
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answered { status, replay, position, retry_after, headers, text }
    }

    /// A request with a bearer token of one's own, or none.
    pub(crate) async fn bearing(
        &self,
        token: Option<&str>,
        method: Method,
        path: &str,
        body: Value,
    ) -> Answered {
        let mut request = TestRequest::with_uri(path).method(method).set_payload(body.to_string());
        if let Some(token) = token {
            request = request.insert_header(("authorization", format!("Bearer {token}")));
        }
        self.call(request).await
    }

    /// A request without a token.
    pub(crate) async fn open(&self, path: &str, body: Value) -> Answered {
        self.bearing(None, Method::POST, path, body).await
    }

    /// A request of somebody, with any method.
    pub(crate) async fn ask(&self, who: Who, method: Method, path: &str, body: Value) -> Answered {
        let token = self.token(who.0, who.1);
        self.bearing(Some(&token), method, path, body).await
    }

    pub(crate) async fn post(&self, who: Who, path: &str, body: Value) -> Answered {
        self.request(Some(who), path, None, body.to_string()).await
    }

    pub(crate) async fn command(&self, who: Who, kind: &str, data: Value) -> Answered {
        self.post(who, "/api/v1/commands", json!({"type": kind, "data": data})).await
    }

    pub(crate) async fn command_as(&self, id: Uuid, who: Who, kind: &str, data: Value) -> Answered {
        self.post(who, "/api/v1/commands", json!({"command_id": id, "type": kind, "data": data})).await
    }
}

/// The next number in a test's own world of ids.
pub(crate) fn id() -> Uuid {
    SystemClock.id()
}

/// A little city: a tariff, a station, banks in its slots.
pub(crate) struct City {
    pub(crate) station: Uuid,
    pub(crate) devices: Vec<Uuid>,
}

impl City {
    pub(crate) async fn build<S: Serves>(asker: &Asker<S>, release_mode: &str, banks: u16) -> Self {
        let tariff = json!({"name": "Standard", "is_default": true});
        asker.command(ADMIN, "PublishTariff", tariff).await.expect(201);
        Self::station(asker, release_mode, banks).await
    }

    /// Another cabinet in the same town.
    pub(crate) async fn build_beside<S: Serves>(asker: &Asker<S>, banks: u16) -> Self {
        Self::station(asker, "confirmed", banks).await
    }

    async fn station<S: Serves>(asker: &Asker<S>, release_mode: &str, banks: u16) -> Self {
        let station = id();
        let data = json!({
            "station_id": station, "code": format!("S-{}", station.simple()), "name": "Kariakoo",
            "latitude": -6.8, "longitude": 39.27, "slots": 200, "release_mode": release_mode
        });
        asker.command(ADMIN, "RegisterStation", data).await.expect(201);
        let mut devices = Vec::new();
        for slot in 1..=banks {
            let device = id();
            let data = json!({"device_id": device, "serial": format!("PB-{}", device.simple())});
            asker.command(ADMIN, "RegisterDevice", data).await.expect(201);
            let dock =
                json!({"device_id": device, "station_id": station, "slot": slot, "battery_percent": 90});
            asker.command(ADMIN, "DockDevice", dock).await.expect(201);
            devices.push(device);
        }
        Self { station, devices }
    }
}

/// A verified customer with a deposit.
pub(crate) async fn rich_customer<S: Serves>(asker: &Asker<S>, number: u32) -> Uuid {
    let customer_id = id();
    let phone = format!("+2557{number:08}");
    let data = json!({"customer_id": customer_id, "phone": phone, "name": "Asha"});
    asker.command(ADMIN, "RegisterCustomer", data).await.expect(201);
    asker.command(ADMIN, "VerifyCustomer", json!({"customer_id": customer_id})).await.expect(201);
    let payment_id = id();
    let data = json!({
        "payment_id": payment_id, "customer_id": customer_id, "amount": 20_000, "purpose": "deposit",
        "provider": "mpesa"
    });
    asker.command(ADMIN, "InitiatePayment", data).await.expect(201);
    let data =
        json!({"payment_id": payment_id, "amount": 20_000, "provider_reference": format!("R{payment_id}")});
    asker.command(PAYMENTS, "PaymentConfirmed", data).await.expect(201);
    customer_id
}

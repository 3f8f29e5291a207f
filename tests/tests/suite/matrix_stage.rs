//! Who asks the running program for what in the role matrix: a token for each column, a path and a minimal body for each
//! route.

use edge::token::{Ticket, TokenKeys, mint};
use edge::{Clock as _, Role, SystemClock};
use reqwest::Method;
use serde_json::{Map, Value, json};
use tests::harness::{
    ADMIN, AGENT, ANALYST, Client, FINANCE, PAYMENTS, Place, Process, SUPPORT, Who, wait_until,
};
use uuid::Uuid;

use crate::matrix_scene::Scene;
use crate::town::{customer, id, phone, rich_customer, station};

/// Two busy cores, a debug build.
const LIMIT: std::time::Duration = std::time::Duration::from_secs(60);

/// A statement of a provider on which everything agrees.
const STATEMENT: &str = "transaction_id,external_reference,type,provider,amount,status,completed_at\n\
    T-1,none,collection,mpesa,500,failure,2026-01-05T08:00:00Z\n";

/// Who asks: the columns of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Asker {
    Nobody,
    Forger,
    As(Role),
}

pub(crate) const ASKERS: [Asker; 10] = [
    Asker::Nobody,
    Asker::Forger,
    Asker::As(Role::Customer),
    Asker::As(Role::Station),
    Asker::As(Role::Agent),
    Asker::As(Role::Support),
    Asker::As(Role::Finance),
    Asker::As(Role::Analyst),
    Asker::As(Role::Admin),
    Asker::As(Role::Payments),
];

/// What the named thing is to whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    Absent,
    Foreign,
    Own,
}

/// The program with its demo city, and somebody and somewhere that nothing is about.
pub(crate) struct Stage {
    pub(crate) place: Place,
    _process: Process,
    pub(crate) client: Client,
    pub(crate) http: reqwest::Client,
    forged: String,
    pub(crate) stranger: Uuid,
    pub(crate) elsewhere: Uuid,
}

/// What is asked.
pub(crate) struct Question {
    pub(crate) path: String,
    pub(crate) body: Option<String>,
    pub(crate) who: Option<Who>,
}

/// What came back; of a stream only that it opened.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Map<String, Value>,
}

impl Reply {
    pub(crate) fn code(&self) -> Option<&str> {
        self.body.get("code").and_then(Value::as_str)
    }
}

impl Stage {
    pub(crate) async fn set() -> Self {
        let place = Place::new().await;
        let spec = place.up().env("CHAJIPOA_RATE_ADDRESS", "1000000/1000000");
        let process = spec.env("CHAJIPOA_CODES_PREFIX", "100000").start().await;
        wait_until("the demo city stands", LIMIT, async || process.log().contains("ChajiPoa is ready")).await;
        let client = place.client(&process);
        let stranger = rich_customer(&client).await;
        let elsewhere = Scene::set(&client).await.station;
        let http = reqwest::Client::builder().timeout(LIMIT).build().expect("a client");
        Self { place, _process: process, client, http, forged: forged(), stranger, elsewhere }
    }

    pub(crate) async fn document(&self) -> Value {
        self.client.get(ADMIN, "/openapi.json").await.expect(200).json()
    }

    pub(crate) async fn ask(&self, method: &str, asker: Asker, question: Question, position: i64) -> Reply {
        let method: Method = method.parse().expect("a method");
        let reading = method == Method::GET && question.path.starts_with("/api/v1/");
        let mut request = self.http.request(method, format!("{}{}", self.client.base(), question.path));
        match (asker, question.who) {
            (Asker::Forger, _) => request = request.bearer_auth(&self.forged),
            (_, Some(who)) => request = request.bearer_auth(self.client.token(who)),
            (_, None) => {}
        }
        if reading {
            request = request.header("ledger-min-position", position.to_string());
        }
        if let Some(body) = question.body {
            request = request.header("content-type", "application/json").body(body);
        }
        let response = request.send().await.unwrap_or_else(|error| panic!("{}: {error:?}", question.path));
        let status = response.status().as_u16();
        let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok());
        let body = match kind {
            Some(kind) if kind.contains("json") && !kind.contains("ndjson") => response.text().await,
            Some(_) | None => Ok(String::new()),
        };
        let body = serde_json::from_str(&body.expect("a body")).unwrap_or_default();
        Reply { status, body }
    }

    fn speaker(&self, asker: Asker, whose: Whose, own: (Uuid, Uuid)) -> Option<Who> {
        let foreign = whose == Whose::Foreign;
        match asker {
            Asker::Nobody | Asker::Forger => None,
            Asker::As(Role::Customer) => Some(customer(if foreign { self.stranger } else { own.0 })),
            Asker::As(Role::Station) => Some(station(if foreign { self.elsewhere } else { own.1 })),
            Asker::As(Role::Agent) => Some(AGENT),
            Asker::As(Role::Support) => Some(SUPPORT),
            Asker::As(Role::Finance) => Some(FINANCE),
            Asker::As(Role::Analyst) => Some(ANALYST),
            Asker::As(Role::Admin) => Some(ADMIN),
            Asker::As(Role::Payments) => Some(PAYMENTS),
            Asker::As(Role::System) => panic!("the system has no tokens"),
        }
    }

    pub(crate) fn question(&self, route: &str, asker: Asker, whose: Whose, scene: &Scene) -> Question {
        // These need somebody who has no rental.
        let of_idle = [
            "POST /api/v1/rentals/start",
            "POST /api/v1/commands",
            "POST /api/v1/refunds",
            "DELETE /api/v1/users/profile",
        ];
        let theirs = match route {
            _ if of_idle.contains(&route) => scene.idle,
            _ if route.contains("/refunds/{id}") => scene.refunded,
            _ => scene.renting,
        };
        let who = self.speaker(asker, whose, (theirs, scene.station));
        let named = if whose == Whose::Absent { id() } else { theirs };
        // A customer who does not name themselves is meant.
        let silent = asker == Asker::As(Role::Customer) && whose == Whose::Own;
        let (_, path) = route.split_once(' ').expect("a method and a path");
        let mut path = filled(path, asker, whose, scene);
        let about_somebody = ["/api/v1/users/", "/api/v1/rentals/active"];
        if !silent && about_somebody.iter().any(|start| path.starts_with(start)) {
            path = format!("{path}?customer_id={named}");
        }
        if path.ends_with("/finance/export") {
            path.push_str("?model=journal");
        }
        let customer_id = (!silent).then_some(named);
        let body = body(route, scene, named, customer_id)
            .map(|body| body.as_str().map_or_else(|| body.to_string(), str::to_owned));
        Question { path, body, who }
    }
}

/// A token of an administrator, signed by somebody else under the same name of the key.
fn forged() -> String {
    let elsewhere = tempfile::tempdir().expect("a folder");
    let keys = TokenKeys::open_or_create(elsewhere.path(), &SystemClock).expect("keys");
    let lifetime = chrono::TimeDelta::hours(1);
    let ticket = Ticket { role: Role::Admin, subject: ADMIN.1, lifetime, unlimited: true };
    mint(&keys, ticket, &SystemClock).expect("a token").0
}

/// The path with the thing that is meant.
pub(crate) fn filled(path: &str, asker: Asker, whose: Whose, scene: &Scene) -> String {
    let absent = whose == Whose::Absent;
    let own_command = match asker {
        Asker::As(role) => scene.commands.get(&role).copied(),
        Asker::Nobody | Asker::Forger => None,
    };
    let thing = match path.split('/').nth(3).unwrap_or_default() {
        _ if absent => id(),
        "commands" if whose == Whose::Own => own_command.unwrap_or(scene.commands[&Role::Agent]),
        "commands" => scene.commands[&Role::Admin],
        "devices" => scene.bank.id,
        "payments" => scene.payment,
        "refunds" => scene.refund,
        "rentals" => scene.rental,
        "stations" => scene.station,
        other => {
            assert!(!path.contains("{id}"), "{path}: what is a thing of {other}?");
            id()
        }
    };
    let path = path.replace("{id}", &thing.to_string());
    path.replace("{serial}", if absent { "PB-NOBODY" } else { &scene.bank.serial })
        .replace("{feed}", if absent { "nothing" } else { "station_status" })
        .replace("{position}", if absent { "999999999" } else { "1" })
        .replace("{code}", if absent { "4711" } else { "2000" })
        .replace("{until}", "2020-01-31")
}

/// A minimal body that is as it should be; a string is sent as it is.
fn body(route: &str, scene: &Scene, named: Uuid, customer_id: Option<Uuid>) -> Option<Value> {
    let now = SystemClock.now();
    let mut body = match route.split_once(' ').expect("a route") {
        ("GET" | "DELETE", _) | (_, "/api/v1/stations/{id}/secret") => return None,
        (_, "/api/v1/auth/register" | "/api/v1/auth/resend-otp") => json!({"phone": phone()}),
        (_, "/api/v1/auth/verify-phone") => json!({"phone": phone(), "code": "123456"}),
        (_, "/api/v1/auth/refresh") => {
            json!({"refresh_token": "Z4f0Yt1mJp6c0m0wFq1o2c2mB1v0hS1cJcKx8l3nXhQ"})
        }
        (
            _,
            "/api/v1/auth/logout"
            | "/api/v1/stations/{id}/heartbeat"
            | "/api/v1/rentals/{id}/report-lost"
            | "/api/v1/refunds/{id}/approve"
            | "/api/v1/refunds/{id}/reject"
            | "/api/v1/payments/callback/{secret}"
            | "/api/v1/sms/delivery/{secret}"
            | "/api/merchant/name-lookup"
            | "/api/merchant/payment"
            | "/api/merchant/status-check",
        ) => json!({}),
        (_, "/api/v1/ussd") => json!("sessionId=ATUid_1&phoneNumber=0712000000&text="),
        (_, "/api/v1/auth/staff/login") => {
            json!({"username": format!("u{}", id().simple()), "password": "wrong"})
        }
        (_, "/api/v1/auth/station/token") => json!({"station_id": scene.station, "secret": "wrong"}),
        ("PUT", "/api/v1/users/profile") => json!({"language": "sw"}),
        (_, "/api/v1/rentals/start") => json!({"station_id": scene.station, "slot": 2}),
        (_, "/api/v1/rentals/{id}/end") => json!({"station_id": scene.station, "slot": 20}),
        (_, "/api/v1/rentals/{id}/extend") => json!({"minutes": 1}),
        (_, "/api/v1/payments/initiate") => {
            json!({"purpose": "deposit", "amount": 5_000, "provider": "mpesa"})
        }
        (_, "/api/v1/refunds") => json!({"amount": 1_000, "provider": "airtel"}),
        (_, "/api/v1/finance/statements") => return Some(json!(STATEMENT)),
        (_, "/api/v1/stations/{id}/inventory") => json!({"taken_at": now, "slots": []}),
        (_, "/api/v1/stations/{id}/qr") => json!({"slot": 1}),
        (_, "/api/v1/devices/{id}/maintenance") => json!({"what": "looked at it"}),
        (_, "/api/v1/commands") => {
            let data = json!({"customer_id": named, "station_id": scene.station, "slot": 2});
            return Some(json!({"type": "StartRental", "data": data}));
        }
        (_, "/api/v1/commands/batch") => {
            let data = json!({"customer_id": named, "language": "en"});
            return Some(json!(
                json!({"command_id": id(), "type": "UpdateProfile", "data": data}).to_string()
            ));
        }
        (_, other) => panic!("what is a body of {other}?"),
    };
    let on_behalf = ["/api/v1/rentals/start", "/api/v1/payments/initiate", "/api/v1/refunds"]
        .iter()
        .any(|path| route.ends_with(path));
    if let Some(customer) = customer_id.filter(|_| on_behalf) {
        body["customer_id"] = json!(customer);
    }
    Some(body)
}

impl Stage {
    /// Somebody of this role; nobody of the system's.
    pub(crate) fn speaker_of(&self, role: Role) -> Option<Who> {
        (role != Role::System)
            .then(|| self.speaker(Asker::As(role), Whose::Own, (self.stranger, self.elsewhere)))?
    }
}

//! Every route of the published document, as every role, on what is theirs, what is not, and what is not there; and every
//! command as every role. What is expected is written by hand, in `matrix.table` and `commands.table`.
//!
//! A route without a line, a line without a route, and a path that is mounted and not documented fail the tests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use edge::token::{Ticket, TokenKeys, mint, mint_internal};
use edge::{Clock as _, Role, SystemClock};
use reqwest::Method;
use serde_json::{Map, Value, json};
use tests::harness::{
    ADMIN, AGENT, ANALYST, Client, FINANCE, PAYMENTS, Place, Process, SUPPORT, Who, wait_until,
};
use uuid::Uuid;

use crate::matrix_scene::Scene;
use crate::town::{customer, id, phone, rich_customer, station};

const ROUTES: &str = include_str!("matrix.table");
const COMMANDS: &str = include_str!("commands.table");
/// Two busy cores, a debug build.
const LIMIT: std::time::Duration = std::time::Duration::from_secs(60);

/// Who asks: the columns of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Asker {
    Nobody,
    Forger,
    As(Role),
}

const ASKERS: [Asker; 10] = [
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
enum Whose {
    Absent,
    Foreign,
    Own,
}

/// A status, and a code if it matters which.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Expected {
    status: u16,
    code: Option<String>,
}

impl Expected {
    fn parse(text: &str) -> Self {
        let (status, code) = text.split_once(':').map_or((text, None), |(status, code)| (status, Some(code)));
        let status = status.parse().unwrap_or_else(|_| panic!("{text} is no status"));
        let usual = match status {
            401 => Some("unauthorized"),
            403 => Some("forbidden"),
            _ => None,
        };
        Self { status, code: code.or(usual).map(str::to_owned) }
    }
}

/// A cell: what is expected of each relation that is tried.
fn cell(text: &str) -> Vec<(Whose, Expected)> {
    let parts: Vec<Expected> = text.split('/').map(Expected::parse).collect();
    match &parts[..] {
        [all] => [Whose::Absent, Whose::Foreign, Whose::Own].map(|whose| (whose, all.clone())).to_vec(),
        [there, absent] => vec![(Whose::Absent, absent.clone()), (Whose::Own, there.clone())],
        [own, foreign, absent] => {
            vec![
                (Whose::Absent, absent.clone()),
                (Whose::Foreign, foreign.clone()),
                (Whose::Own, own.clone()),
            ]
        }
        _ => panic!("{text} is no cell"),
    }
}

/// `GET /health` with a cell for each asker.
fn table() -> BTreeMap<String, Vec<String>> {
    let mut table = BTreeMap::new();
    for line in ROUTES.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let cells: Vec<String> = match &words[2..] {
            [all] => ASKERS.map(|_| all.trim_start_matches('*').to_owned()).to_vec(),
            cells => cells.iter().map(|&cell| cell.to_owned()).collect(),
        };
        assert_eq!(cells.len(), ASKERS.len(), "{line}");
        assert!(table.insert(format!("{} {}", words[0], words[1]), cells).is_none(), "twice: {line}");
    }
    table
}

/// `GET /health` with what the document says of it.
fn documented(document: &Value) -> BTreeMap<String, Value> {
    let mut routes = BTreeMap::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("an item") {
            if ["get", "put", "post", "delete", "patch", "head", "options"].contains(&method.as_str()) {
                routes.insert(format!("{} {path}", method.to_uppercase()), operation.clone());
            }
        }
    }
    routes
}

struct Stage {
    place: Place,
    _process: Process,
    client: Client,
    http: reqwest::Client,
    forged: String,
    stranger: Uuid,
    elsewhere: Uuid,
}

/// What is asked.
struct Question {
    path: String,
    body: Option<String>,
    who: Option<Who>,
}

/// What came back; of a stream only that it opened.
struct Reply {
    status: u16,
    body: Map<String, Value>,
}

impl Reply {
    fn code(&self) -> Option<&str> {
        self.body.get("code").and_then(Value::as_str)
    }
}

impl Stage {
    async fn set() -> Self {
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

    async fn document(&self) -> Value {
        self.client.get(ADMIN, "/openapi.json").await.expect(200).json()
    }

    async fn ask(&self, method: &str, asker: Asker, question: Question, position: i64) -> Reply {
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

    fn question(&self, route: &str, asker: Asker, whose: Whose, scene: &Scene) -> Question {
        // These need somebody who has no rental.
        let of_idle = ["POST /api/v1/rentals/start", "POST /api/v1/commands", "DELETE /api/v1/users/profile"];
        let theirs = if of_idle.contains(&route) { scene.idle } else { scene.renting };
        let who = self.speaker(asker, whose, (theirs, scene.station));
        let named = if whose == Whose::Absent { id() } else { theirs };
        // A customer who does not name themselves is meant.
        let silent = asker == Asker::As(Role::Customer) && whose == Whose::Own;
        let (_, path) = route.split_once(' ').expect("a method and a path");
        let mut path = filled(path, asker, whose, scene);
        if path.starts_with("/api/v1/users/") || path.starts_with("/api/v1/rentals/active") {
            if !silent {
                path = format!("{path}?customer_id={named}");
            }
        }
        let customer_id = (!silent).then_some(named);
        let body = body(route, scene, named, customer_id).map(|body| match body {
            Value::String(text) => text,
            other => other.to_string(),
        });
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
fn filled(path: &str, asker: Asker, whose: Whose, scene: &Scene) -> String {
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
            "/api/v1/auth/logout" | "/api/v1/stations/{id}/heartbeat" | "/api/v1/rentals/{id}/report-lost",
        ) => json!({}),
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
    let on_behalf =
        ["/api/v1/rentals/start", "/api/v1/payments/initiate"].iter().any(|path| route.ends_with(path));
    if let Some(customer) = customer_id.filter(|_| on_behalf) {
        body["customer_id"] = json!(customer);
    }
    Some(body)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_is_for_whom_the_table_says_and_what_is_foreign_looks_absent() {
    let stage = Stage::set().await;
    let routes = documented(&stage.document().await);
    let table = table();
    let (there, listed): (BTreeSet<_>, BTreeSet<_>) = (routes.keys().collect(), table.keys().collect());
    assert_eq!(there, listed, "the table lists exactly the documented routes");

    let shared = Scene::set(&stage.client).await;
    let mut wrong = Vec::new();
    let mut tried = 0;
    for (route, cells) in &table {
        let (method, _) = route.split_once(' ').expect("a method");
        for (asker, text) in ASKERS.into_iter().zip(cells) {
            let cell = cell(text);
            // Who may change something has something of their own to change.
            let changes = method != "GET" && cell.iter().any(|(_, expected)| expected.status < 300);
            let fresh = if changes { Some(Scene::set(&stage.client).await) } else { None };
            let scene = fresh.as_ref().unwrap_or(&shared);
            let mut looks = Vec::new();
            for (whose, expected) in cell {
                let question = stage.question(route, asker, whose, scene);
                let mut reply = stage.ask(method, asker, question, scene.position).await;
                tried += 1;
                let right = reply.status == expected.status
                    && expected.code.as_deref().is_none_or(|code| reply.code() == Some(code));
                if !right {
                    let said = serde_json::to_string(&reply.body).unwrap_or_default();
                    let said: String = said.chars().take(300).collect();
                    wrong.push(format!(
                        "{route} as {asker:?}, {whose:?}: {expected:?}, not {} {said}",
                        reply.status
                    ));
                }
                reply.body.remove("request_id");
                if reply.status == 404 {
                    looks.push(reply.body);
                }
            }
            if looks.iter().any(|look| look != &looks[0]) {
                wrong.push(format!("{route} as {asker:?}: foreign and absent differ: {looks:?}"));
            }
        }
    }
    println!("{tried} requests");
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
}

/// What the document says of the roles is what the table says.
#[tokio::test(flavor = "multi_thread")]
async fn the_document_names_the_roles_that_may() {
    let stage = Stage::set().await;
    let document = stage.document().await;
    let mut wrong = Vec::new();
    let table = table();
    for (route, operation) in documented(&document) {
        let Some(cells) = table.get(&route) else { continue };
        let said: BTreeSet<String> = operation["security"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|requirement| requirement["bearer"].as_array())
            .flatten()
            .filter_map(|role| role.as_str().map(str::to_owned))
            .filter(|role| role != "system")
            .collect();
        let public = cells[0] != "401";
        // Each command is for roles of its own.
        if public || route.contains(" /api/v1/commands") {
            continue;
        }
        let may: BTreeSet<String> = ASKERS
            .into_iter()
            .zip(cells)
            .filter_map(|(asker, cell)| match asker {
                Asker::As(role) if !cell.starts_with("403") => Some(role.as_str().to_owned()),
                Asker::As(_) | Asker::Nobody | Asker::Forger => None,
            })
            .collect();
        if said != may {
            wrong.push(format!("{route}: the document says {said:?}, the table {may:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A method that is not documented is not served, and a path that is mounted is documented.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_served_that_is_not_documented() {
    let stage = Stage::set().await;
    let document = stage.document().await;
    let routes = documented(&document);
    let scene = Scene::set(&stage.client).await;
    let paths: BTreeSet<&str> = routes.keys().filter_map(|route| Some(route.split_once(' ')?.1)).collect();
    for path in &paths {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
            if routes.contains_key(&format!("{method} {path}")) {
                continue;
            }
            let path = filled(path, Asker::As(Role::Admin), Whose::Own, &scene);
            let question = Question { path: path.clone(), body: Some("{}".to_owned()), who: Some(ADMIN) };
            let reply = stage.ask(method, Asker::As(Role::Admin), question, 0).await;
            assert!([404, 405].contains(&reply.status), "{method} {path}: {}", reply.status);
        }
    }
    let mounted = mounted();
    assert!(mounted.len() > 30, "{mounted:?}");
    let hidden: Vec<_> = mounted.iter().filter(|path| !paths.contains(path.as_str())).collect();
    // The page of the document itself.
    assert_eq!(hidden, ["/docs", "/docs/{_:.*}"], "mounted and not documented");
}

/// Every path in the files that mount something.
fn mounted() -> BTreeSet<String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let files = [
        "command-api/src/routes.rs",
        "query-api/src/operations/mod.rs",
        "query-api/src/documents.rs",
        "edge/src/http/server.rs",
        "edge/src/monitoring.rs",
    ];
    let mut found = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(root.join(file)).expect(file);
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for mount in ["resource(", "get(", "SwaggerUi::new(", "route("] {
            for after in code.split(mount).skip(1) {
                let Some(path) = after.trim_start().strip_prefix("\"/") else { continue };
                found.insert(format!("/{}", path.split('"').next().unwrap_or_default()));
            }
        }
    }
    found
}

/// The minimal data of a command, of things that are not there.
fn data(kind: &str) -> Value {
    let (customer_id, station_id, device_id, rental_id) = (id(), id(), id(), id());
    match kind {
        "RegisterCustomer" => json!({"phone": phone()}),
        "UpdateProfile" => json!({"customer_id": customer_id, "language": "en"}),
        "VerifyCustomer" | "SuspendCustomer" | "ReinstateCustomer" | "EraseCustomer" => {
            json!({"customer_id": customer_id})
        }
        "PublishTariff" => json!({"name": "Matrix"}),
        "RetireTariff" => json!({"tariff_id": id()}),
        "RegisterStation" => json!({
            "code": format!("M-{}", &station_id.simple().to_string()[12..]), "name": "Matrix", "latitude": -6.8,
            "longitude": 39.27, "slots": 4, "release_mode": "instant",
        }),
        "ChangeStation" => json!({"station_id": station_id, "name": "Other"}),
        "TakeStationOffline" | "BringStationOnline" => json!({"station_id": station_id}),
        "DisableSlot" | "EnableSlot" | "ReportSlotFault" | "ClearSlotFault" => {
            json!({"station_id": station_id, "slot": 1})
        }
        "RegisterDevice" => json!({"serial": format!("M-{}", &device_id.simple().to_string()[12..])}),
        "DockDevice" => {
            json!({"device_id": device_id, "station_id": station_id, "slot": 1, "battery_percent": 90})
        }
        "UndockDevice"
        | "StartMaintenance"
        | "CompleteMaintenance"
        | "RetireDevice"
        | "ReportDeviceMissing" => {
            json!({"device_id": device_id})
        }
        "ReportBattery" => json!({"device_id": device_id, "battery_percent": 50}),
        "InitiatePayment" => {
            json!({"customer_id": customer_id, "amount": 5_000, "purpose": "deposit", "provider": "mpesa"})
        }
        "PaymentConfirmed" => {
            json!({"payment_id": id(), "amount": 5_000, "provider_reference": id().simple().to_string()})
        }
        "ExpirePayment" => json!({"payment_id": id()}),
        "StartRental" => json!({"customer_id": customer_id, "station_id": station_id, "slot": 1}),
        "ConfirmRelease" => json!({"rental_id": rental_id, "device_id": device_id, "slot": 1}),
        "ReportReleaseFailure"
        | "ReportReleaseUnknown"
        | "CancelRelease"
        | "MarkOverdue"
        | "ReportLost"
        | "SellDevice" => json!({"rental_id": rental_id}),
        "ExtendRental" => json!({"rental_id": rental_id, "minutes": 30}),
        "DeviceReturned" => json!({"device_id": device_id, "station_id": station_id, "slot": 1}),
        "ReportReturnRefused" => json!({"device_id": device_id, "station_id": station_id}),
        other => panic!("what is the data of {other}?"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_is_for_the_roles_that_the_documents_name() {
    let stage = Stage::set().await;
    let mut expected: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in COMMANDS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        assert!(expected.insert(words.next().expect("a name"), words.collect()).is_none(), "twice: {line}");
    }
    let (listed, known): (BTreeSet<_>, BTreeSet<_>) =
        (expected.keys().copied().collect(), domain::Command::TYPES.iter().copied().collect());
    assert_eq!(listed, known, "the table lists exactly the commands");

    let keys = TokenKeys::open_or_create(&stage.place.keys(), &SystemClock).expect("keys");
    let system = mint_internal(&keys, id(), &SystemClock).expect("a token").0;
    let mut wrong = Vec::new();
    for (kind, roles) in expected {
        for role in Role::ALL {
            let body = json!({"type": kind, "data": data(kind)}).to_string();
            let token = match stage.speaker_of(role) {
                Some(who) => stage.client.token(who),
                None => system.clone(),
            };
            let url = format!("{}/api/v1/commands", stage.client.base());
            let request = stage.http.post(url).bearer_auth(token).header("content-type", "application/json");
            let response = request.body(body).send().await.expect("an answer");
            let status = response.status().as_u16();
            let said: Value = response.json().await.expect("JSON");
            let code = said["code"].as_str().unwrap_or_default();
            let right = if roles.contains(role.as_str()) {
                // Done, or refused because what it speaks of is not there.
                [200, 201, 404, 422].contains(&status)
            } else {
                (status, code) == (403, "forbidden")
            };
            // What a role may not do is told before anything is said of the thing.
            if !right {
                wrong.push(format!("{kind} as {role}: {status} {code}, {}", said["detail"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

impl Stage {
    /// Somebody of this role; nobody of the system's.
    fn speaker_of(&self, role: Role) -> Option<Who> {
        (role != Role::System)
            .then(|| self.speaker(Asker::As(role), Whose::Own, (self.stranger, self.elsewhere)))?
    }
}

/// What a customer or a station says of somebody else's is answered like what is said of nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_about_somebody_elses_is_answered_like_one_about_nothing() {
    let stage = Stage::set().await;
    let scene = Scene::set(&stage.client).await;
    let (stranger, elsewhere) = (customer(stage.stranger), station(stage.elsewhere));
    let rental = |id: Uuid| json!({"rental_id": id});
    let with = |mut data: Value, more: Value| {
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        data
    };
    let of = |id: Uuid| json!({"customer_id": id});
    let place = |id: Uuid| json!({"station_id": id, "slot": 1});
    let bank = json!({"serial": scene.bank.serial});
    let pay = json!({"amount": 5_000, "purpose": "deposit", "provider": "mpesa"});
    let confirm = json!({"slot": 1, "serial": scene.bank.serial});
    let (theirs, nobody) = ([scene.renting, scene.rental, scene.station], [id(), id(), id()]);
    let last = stage.place.last().await;
    for (who, kind, make) in [
        (
            stranger,
            "StartRental",
            &(|[c, _, _]: [Uuid; 3]| with(of(c), place(scene.station))) as &dyn Fn([Uuid; 3]) -> Value,
        ),
        (stranger, "ExtendRental", &|[_, r, _]| with(rental(r), json!({"minutes": 30}))),
        (stranger, "ReportLost", &|[_, r, _]| with(rental(r), json!({"reason": "gone"}))),
        (stranger, "InitiatePayment", &|[c, _, _]| with(of(c), pay.clone())),
        (stranger, "UpdateProfile", &|[c, _, _]| with(of(c), json!({"name": "Mallory"}))),
        (stranger, "EraseCustomer", &|[c, _, _]| of(c)),
        (elsewhere, "ConfirmRelease", &|[_, r, _]| with(rental(r), confirm.clone())),
        (elsewhere, "ReportReleaseFailure", &|[_, r, _]| rental(r)),
        (elsewhere, "ReportReleaseUnknown", &|[_, r, _]| rental(r)),
        (elsewhere, "DeviceReturned", &|[_, _, s]| with(place(s), bank.clone())),
        (elsewhere, "ReportReturnRefused", &|[_, _, s]| with(place(s), bank.clone())),
        (elsewhere, "ReportSlotFault", &|[_, _, s]| place(s)),
        (elsewhere, "ClearSlotFault", &|[_, _, s]| place(s)),
        (elsewhere, "ReportDeviceMissing", &|[_, _, s]| with(place(s), bank.clone())),
        (elsewhere, "ReportBattery", &|[_, _, s]| {
            with(place(s), with(bank.clone(), json!({"battery_percent": 5})))
        }),
    ] {
        let mut looks = Vec::new();
        for ids in [theirs, nobody] {
            let answer = stage.client.command(who, kind, make(ids)).await;
            // Which stations there are is public.
            if answer.code() == "station_unknown" && ids == nobody {
                continue;
            }
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (404, "not_found"),
                "{kind}: {}",
                answer.text
            );
            let mut look = answer.json();
            look.as_object_mut().unwrap().remove("request_id");
            looks.push(look);
        }
        assert!(looks.iter().all(|look| look == &looks[0]), "{kind}: {looks:?}");
    }
    assert_eq!(stage.place.last().await, last, "nothing was recorded");
}

//! The query API over HTTP: what each path answers, to whom, and what it stands for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use edge::http::{ServerOptions, Site};
use edge::metrics::Metrics;
use edge::token::{Ticket, TokenKeys, Verifier, mint};
use edge::{Clock, Role, SystemClock};
use ledger::{Ledger, migrate::ServiceRole};
use projector::{ModelName, Projector, Sources};
use query_api::{Ingredients, QueryApi};
use reqwest::header::HeaderMap;
use serde_json::Value;
use tests::harness::{Postgres, wait_until};
use uuid::Uuid;

use crate::city::City;

const LIMIT: Duration = Duration::from_secs(60);

/// A city, its read models and the query API on a port of its own.
struct Stage {
    city: City,
    sources: Sources,
    base: String,
    keys: TokenKeys,
    http: reqwest::Client,
}

/// An answer.
struct Reply {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Reply {
    fn position(&self) -> i64 {
        self.headers["ledger-position"].to_str().unwrap().parse().unwrap()
    }

    fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

impl Stage {
    async fn new(citizens: usize) -> Self {
        let database = Postgres::shared().fresh_database().await;
        let ledger = Ledger::connect(&database.url(ServiceRole::Command), 4).expect("a ledger");
        let mut city = City::found(ledger, citizens).await;
        city.flush().await;
        let url = database.url(ServiceRole::Projector);
        let ledger = Ledger::connect(&url, 6).expect("a ledger");
        let feed = ledger::feed::ledger_feed(&ledger, None);
        let sources = Sources { database_url: url, ledger, feed, clock: Arc::new(SystemClock) };
        let directory = tempfile::tempdir().expect("a folder");
        let keys = TokenKeys::open_or_create(directory.path(), &SystemClock).expect("keys");
        let verifier = TokenKeys::open_or_create(directory.path(), &SystemClock).expect("keys");
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let query_url = database.url(ServiceRole::Query);
        let api = QueryApi::start(Ingredients {
            read_url: query_url.clone(),
            primary_url: query_url,
            pool: 4,
            keys: ledger::seal::Keys::open_or_create(directory.path()).expect("keys"),
            clock: Arc::clone(&clock),
            documents: Vec::new(),
            streams: query_api::STREAMS,
            bell: None,
        })
        .await
        .expect("started");
        let verifier = Arc::new(Verifier::new(verifier, Arc::clone(&clock)));
        let site = Site::new(clock, verifier, &Metrics::new(), vec![api.part()]);
        let options = ServerOptions { bind: "127.0.0.1:0".to_owned(), workers: 2 };
        let serving = api.serve(&options, site).expect("it listens");
        let base = format!("http://{}", serving.addresses[0]);
        tokio::spawn(serving.server);
        Self { city, sources, base, keys, http: reqwest::Client::new() }
    }

    fn project(&self) -> Projector {
        Projector::start(&self.sources, &ModelName::ALL, &Metrics::new())
    }

    fn token(&self, role: Role, subject: Uuid) -> String {
        let ticket = Ticket { role, subject, lifetime: TimeDelta::minutes(10), unlimited: true };
        mint(&self.keys, ticket, &SystemClock).expect("a token").0
    }

    async fn ask(&self, path: &str, speaker: Option<(Role, Uuid)>, min: Option<i64>) -> Reply {
        let mut request = self.http.get(format!("{}{path}", self.base));
        if let Some((role, subject)) = speaker {
            request = request.bearer_auth(self.token(role, subject));
        }
        if let Some(min) = min {
            request = request.header("Ledger-Min-Position", min);
        }
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.expect("a body");
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Reply { status, headers, body }
    }

    async fn get(&self, path: &str, role: Role, subject: Uuid) -> Reply {
        self.ask(path, Some((role, subject)), Some(self.city.last.get())).await
    }

    /// Waits until every read model is there and answers.
    async fn built(&self) {
        wait_until("the read models are built", LIMIT, async || {
            self.ask("/health", None, None).await.status == 200
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_sees_their_rentals_and_money_and_nobody_elses() {
    let mut stage = Stage::new(3).await;
    let projector = stage.project();
    stage.built().await;
    stage.city.day(40).await;
    stage.city.day(45).await;
    let open = stage.city.take(1).await;
    let last = stage.city.flush().await;
    let me = stage.city.citizens[0].customer.0;
    let other = stage.city.citizens[1].customer.0;
    let mine = stage.city.citizens[0].rentals[0].0;
    let as_me = |path: String| stage.get_owned(path, Role::Customer, me);

    let rentals = as_me("/api/v1/users/rentals?limit=1".to_owned()).await;
    assert_eq!((rentals.status, rentals.position()), (200, last.get()), "{}", rentals.body);
    assert_eq!(rentals.body["items"][0]["status"], "ended");
    assert_eq!(rentals.body["items"][0]["charge"]["total"], 1_000);
    let cursor = rentals.body["next_cursor"].as_str().expect("a second page");
    let second = as_me(format!("/api/v1/users/rentals?limit=1&cursor={cursor}")).await;
    assert_eq!(
        (&second.body["items"][0]["rental_id"], &second.body["next_cursor"]),
        (&Value::from(mine.to_string()), &Value::Null)
    );

    let balance = as_me("/api/v1/users/balance".to_owned()).await;
    let stands =
        serde_json::json!({"balance": 18_000, "debt": 0, "currency": "TZS", "position": balance.position()});
    assert_eq!(balance.body, stands);
    let statement = as_me("/api/v1/users/statement".to_owned()).await;
    let lines: Vec<_> = statement.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["amount"].as_i64().unwrap(), line["balance"].as_i64().unwrap()))
        .collect();
    assert_eq!(lines, [(20_000, 20_000), (-1_000, 19_000), (-1_000, 18_000)]);
    let payments = as_me("/api/v1/users/payments".to_owned()).await;
    assert_eq!(payments.body["items"][0]["status"], "settled");
    assert!(payments.body["items"][0].get("external_id").is_none());
    let payment = stage.city.citizens[0].payment.0;
    let shown = stage.get(&format!("/api/v1/payments/{payment}"), Role::Finance, Uuid::nil()).await;
    assert_eq!(shown.body["external_id"], "ext-0");

    let charge = as_me(format!("/api/v1/rentals/{mine}/charge")).await;
    assert_eq!(
        (&charge.body["total"], &charge.body["final"], &charge.body["lines"][0]["rule"]),
        (&1_000.into(), &true.into(), &"usage".into())
    );
    let none = as_me("/api/v1/rentals/active".to_owned()).await;
    assert_eq!((none.status, none.code()), (404, "no_active_rental"));
    assert_eq!(none.position(), last.get());

    let active = stage.get("/api/v1/rentals/active", Role::Customer, other).await;
    assert_eq!(
        (&active.body["rental_id"], &active.body["charge_final"]),
        (&Value::from(open.0.to_string()), &false.into()),
        "{}",
        active.body
    );
    let running = stage.get(&format!("/api/v1/rentals/{}/charge", open.0), Role::Customer, other).await;
    assert_eq!((running.status, &running.body["final"]), (200, &false.into()), "{}", running.body);
    assert!(running.body["total"].as_i64().unwrap() > 0);

    for path in [
        format!("/api/v1/rentals/{mine}"),
        format!("/api/v1/rentals/{mine}/charge"),
        format!("/api/v1/payments/{payment}"),
    ] {
        let foreign = stage.get(&path, Role::Customer, other).await;
        let unknown = stage
            .get(
                &path
                    .replace(&mine.to_string(), &Uuid::nil().to_string())
                    .replace(&payment.to_string(), &Uuid::nil().to_string()),
                Role::Customer,
                other,
            )
            .await;
        assert_eq!((foreign.status, foreign.code()), (404, "not_found"), "{path}");
        assert_eq!((unknown.status, unknown.body["detail"].clone()), (404, foreign.body["detail"].clone()));
    }
    let for_staff =
        stage.get(&format!("/api/v1/users/balance?customer_id={me}"), Role::Support, Uuid::nil()).await;
    assert_eq!(for_staff.body["balance"], 18_000);
    assert_eq!(stage.get("/api/v1/users/balance", Role::Support, Uuid::nil()).await.status, 400);
    projector.stop().await;
}

impl Stage {
    async fn get_owned(&self, path: String, role: Role, subject: Uuid) -> Reply {
        self.get(&path, role, subject).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_reads_what_the_table_says() {
    let mut stage = Stage::new(1).await;
    let projector = stage.project();
    stage.built().await;
    stage.city.day(40).await;
    stage.city.flush().await;
    let citizen = &stage.city.citizens[0];
    let (rental, device, station) = (citizen.rentals[0].0, citizen.device.0, citizen.station.0);
    let paths = [
        (format!("/api/v1/rentals/{rental}"), vec![Role::Agent, Role::Support, Role::Finance, Role::Admin]),
        (
            format!("/api/v1/users/balance?customer_id={}", citizen.customer),
            vec![Role::Support, Role::Finance, Role::Admin],
        ),
        ("/api/v1/ledger/events".to_owned(), vec![Role::Finance, Role::Admin]),
        ("/api/v1/ledger/events/1".to_owned(), vec![Role::Finance, Role::Admin]),
        ("/api/v1/finance/trial-balance".to_owned(), vec![Role::Finance, Role::Analyst, Role::Admin]),
        ("/api/v1/finance/journal".to_owned(), vec![Role::Finance, Role::Analyst, Role::Admin]),
        (
            format!("/api/v1/payments/{}", citizen.payment),
            vec![Role::Support, Role::Finance, Role::Admin, Role::Payments],
        ),
    ];
    for (path, allowed) in &paths {
        for role in [Role::Agent, Role::Support, Role::Finance, Role::Analyst, Role::Admin, Role::Payments] {
            let reply = stage.get(path, role, Uuid::nil()).await;
            let expected = if allowed.contains(&role) { 200 } else { 403 };
            assert_eq!(reply.status, expected, "{role} {path}: {}", reply.body);
        }
        assert_eq!(stage.ask(path, None, None).await.status, 401, "{path}");
    }
    assert_eq!(stage.get(&format!("/api/v1/rentals/{rental}"), Role::Station, station).await.status, 200);
    assert_eq!(stage.get(&format!("/api/v1/rentals/{rental}"), Role::Station, Uuid::nil()).await.status, 404);
    assert_eq!(stage.get(&format!("/api/v1/devices/{device}"), Role::Station, station).await.status, 200);
    let public = stage.ask(&format!("/api/v1/stations/{station}"), None, None).await;
    assert_eq!(
        (&public.body["free_banks"], &public.body["free_slots"]),
        (&1.into(), &11.into()),
        "{}",
        public.body
    );
    assert_eq!(public.body["slot_list"][0]["status"], "occupied");
    let near = stage.ask("/api/v1/stations?near=-6.8,39.25&radius_m=500", None, None).await;
    assert_eq!(near.body["items"][0]["distance_m"], 0, "{}", near.body);
    let far = stage.ask("/api/v1/stations?near=-7.8,39.25&radius_m=500", None, None).await;
    assert_eq!(far.body["items"], serde_json::json!([]));
    for path in [
        "/openapi.json",
        "/asyncapi.json",
        "/docs/",
        "/docs/swagger-ui.css",
        "/metrics",
        "/.well-known/jwks.json",
    ] {
        assert_eq!(stage.ask(path, None, None).await.status, 200, "{path}");
    }
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn i6_the_trial_balance_is_zero_at_every_position_and_time() {
    let mut stage = Stage::new(2).await;
    let projector = stage.project();
    stage.built().await;
    stage.city.day(40).await;
    let middle = stage.city.flush().await;
    stage.city.day(50).await;
    let last = stage.city.flush().await;
    let balance = |path: String| stage.get_owned(path, Role::Finance, Uuid::nil());
    for position in 0..=last.get() {
        let reply = balance(format!("/api/v1/finance/trial-balance?as_of=position:{position}")).await;
        assert_eq!((reply.status, &reply.body["position"]), (200, &position.into()), "{}", reply.body);
        assert_eq!(reply.body["total_debit"], reply.body["total_credit"]);
        assert_eq!(reply.position(), position);
    }
    let now = balance("/api/v1/finance/trial-balance".to_owned()).await;
    let by_position = balance(format!("/api/v1/finance/trial-balance?as_of=position:{last}")).await;
    assert_eq!(now.body, by_position.body);
    let event = stage.get(&format!("/api/v1/ledger/events/{middle}"), Role::Admin, Uuid::nil()).await;
    let recorded_at = event.body["recorded_at"].as_str().unwrap().to_owned();
    let by_time = balance(format!("/api/v1/finance/trial-balance?as_of={recorded_at}")).await;
    let then =
        balance(format!("/api/v1/finance/trial-balance?as_of=position:{}", by_time.body["position"])).await;
    assert_eq!(by_time.body, then.body);
    assert!(
        by_time.body["position"].as_i64().unwrap() >= middle.get()
            && by_time.body["position"].as_i64().unwrap() < last.get()
    );
    let journal = balance("/api/v1/finance/journal?limit=500".to_owned()).await;
    let lines = journal.body["items"].as_array().unwrap();
    assert_eq!(lines.len(), 2 + 4 * 2);
    assert_eq!(journal.body["next_cursor"], Value::Null);
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_trail_pages_and_filters() {
    let mut stage = Stage::new(3).await;
    let projector = stage.project();
    stage.built().await;
    stage.city.day(40).await;
    let last = stage.city.flush().await;
    let events = |path: String| stage.get_owned(path, Role::Finance, Uuid::nil());
    let (mut after, mut seen) = (0, Vec::new());
    while after < last.get() {
        let page = events(format!("/api/v1/ledger/events?after={after}&limit=4")).await;
        let items = page.body["items"].as_array().unwrap().clone();
        seen.extend(items.iter().map(|item| item["position"].as_i64().unwrap()));
        after = *seen.last().unwrap();
    }
    assert_eq!(seen, (1..=last.get()).collect::<Vec<_>>());
    let ended = events("/api/v1/ledger/events?type=RentalEnded".to_owned()).await;
    assert_eq!(ended.body["items"].as_array().unwrap().len(), 3);
    let customer = stage.city.citizens[1].customer;
    let of_customer = events(format!("/api/v1/ledger/events?stream={customer}")).await;
    let kinds: Vec<_> = of_customer.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["type"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        kinds,
        [
            "CustomerRegistered",
            "CustomerVerified",
            "PaymentInitiated",
            "PaymentSettled",
            "RentalStarted",
            "RentalEnded"
        ]
    );
    let one = events("/api/v1/ledger/events/1".to_owned()).await;
    assert_eq!(
        (&one.body["type"], &one.body["data"]["name"]),
        (&"TariffPublished".into(), &"standard".into())
    );
    let command = one.body["command_id"].as_str().unwrap();
    // The audit trail is read from the ledger itself; a read model comes after it.
    assert_eq!(events("/api/v1/finance/trial-balance".to_owned()).await.position(), last.get());
    let fate = events(format!("/api/v1/commands/{command}")).await;
    assert_eq!(
        (&fate.body["outcome"], &fate.body["position"], &fate.body["read_models"]["billing"]),
        (&"recorded".into(), &1.into(), &true.into())
    );
    let foreign = stage.get(&format!("/api/v1/commands/{command}"), Role::Support, Uuid::from_u128(9)).await;
    assert_eq!(foreign.status, 404);
    for bad in [
        "/api/v1/ledger/events?limit=0",
        "/api/v1/ledger/events?type=Nothing",
        "/api/v1/rentals/7",
        "/api/v1/users/rentals?page=2",
    ] {
        let reply = stage.get(bad, Role::Finance, Uuid::nil()).await;
        assert_eq!((reply.status, reply.code()), (400, "malformed"), "{bad}");
    }
    let future = events("/api/v1/ledger/events?from=2100-01-01T00:00:00Z".to_owned()).await;
    assert_eq!(future.body["items"], serde_json::json!([]));
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_waits_for_its_position_and_says_so_when_it_does_not_come() {
    let mut stage = Stage::new(1).await;
    let unbuilt = stage.ask("/api/v1/stations", None, None).await;
    assert_eq!((unbuilt.status, unbuilt.code()), (503, "unavailable"));
    assert_eq!(stage.ask("/health", None, None).await.status, 503);
    let projector = stage.project();
    stage.built().await;
    let me = stage.city.citizens[0].customer.0;
    let now = stage.city.flush().await.get();
    let started = Instant::now();
    let late = stage.ask("/api/v1/users/balance", Some((Role::Customer, me)), Some(now + 1)).await;
    assert_eq!((late.status, late.code(), &late.body["position"]), (503, "not_caught_up", &now.into()));
    assert!(late.headers.contains_key("retry-after"));
    assert!(started.elapsed() >= Duration::from_millis(1_900));
    let token = stage.token(Role::Customer, me);
    let request = stage
        .http
        .get(format!("{}/api/v1/users/rentals", stage.base))
        .bearer_auth(token)
        .header("Ledger-Min-Position", now + 2);
    let living = async {
        stage.city.day(40).await;
        stage.city.flush().await
    };
    let (waiting, _) = tokio::join!(request.send(), living);
    let waiting: Value = waiting.expect("an answer").json().await.expect("a body");
    assert_eq!(waiting["items"].as_array().map(Vec::len), Some(1), "{waiting}");
    projector.stop().await;
}

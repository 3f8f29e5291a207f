//! The keys that sign tokens change while customers log in, stay logged in and read, at two command-apis and a query-api:
//! nobody notices.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::{Value, json};
use tests::harness::{Answer, Client, Place, wait_until};

use crate::parts::{COMMANDS, LoggedIn, PROJECTOR, Parts, QUERIES, open, with};
use crate::town::phone;

/// A new key waits twenty seconds before it signs, on two busy cores.
const LIMIT: Duration = Duration::from_secs(90);
const OLD: &str = "0001";
const NEW: &str = "0002";
/// Customers that stay logged in.
const STAYING: usize = 6;
/// Readings between two refreshes.
const READINGS: usize = 20;
const PROFILE: &str = "/api/v1/users/profile";
const PAYMENTS: &str = "/api/v1/users/payments";

/// The name of the key that signed a token.
fn kid(token: &str) -> String {
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

/// What the load has seen.
#[derive(Default)]
struct Seen {
    stop: AtomicBool,
    requests: AtomicUsize,
    logins: AtomicUsize,
    failed: Mutex<Vec<String>>,
    /// The key of the newest token of each customer, and how often it was refreshed.
    kids: Mutex<BTreeMap<usize, (String, usize)>>,
}

impl Seen {
    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    fn note(&self, what: &str, answer: &Answer) -> bool {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let good = (200..300).contains(&answer.status);
        if !good {
            let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
            failed.push(format!("{what}: {} {}", answer.status, answer.text));
        }
        good
    }

    fn kid_of(&self, customer: usize, who: &LoggedIn) {
        let mut kids = self.kids.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = kids.entry(customer).or_default();
        *entry = (kid(&who.access), entry.1 + 1);
    }

    fn kids(&self) -> BTreeMap<usize, (String, usize)> {
        self.kids.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn failed(&self) -> Vec<String> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Reads everywhere with the present token, refreshes, and shows the new token everywhere at once.
async fn stays(seen: Arc<Seen>, customer: usize, mut who: LoggedIn, clients: Vec<Client>) {
    let paths = |n: usize| if n == clients.len() - 1 { PAYMENTS } else { PROFILE };
    let mut turn = customer;
    while seen.goes_on() {
        for reading in 0..READINGS {
            let n = reading % clients.len();
            let answer = with(&clients[n], &who.access, Method::GET, paths(n), None).await;
            seen.note(&format!("reading with {}", kid(&who.access)), &answer);
        }
        turn += 1;
        let refresh = json!({"refresh_token": who.refresh});
        let answer = open(&clients[turn % 2], "/api/v1/auth/refresh", refresh).await;
        if !seen.note("refreshing", &answer) {
            return;
        }
        who = LoggedIn::of(&answer);
        seen.kid_of(customer, &who);
    }
}

/// One customer after the other logs in.
async fn come(seen: &Seen, parts: &Parts, clients: &[Client]) {
    while seen.goes_on() {
        let turn = seen.logins.fetch_add(1, Ordering::Relaxed);
        let phone = phone();
        let code = parts.code(&clients[turn % 2], &phone, None).await;
        let shown = json!({"phone": phone, "code": code});
        let answer = open(&clients[(turn + 1) % 2], "/api/v1/auth/verify-phone", shown).await;
        if seen.note("logging in", &answer) {
            let who = LoggedIn::of(&answer);
            let answer = with(&clients[turn % 2], &who.access, Method::GET, PROFILE, None).await;
            seen.note("reading after logging in", &answer);
        }
    }
}

/// `chajipoa keys …` in the installation's environment.
async fn keys(place: &Place, arguments: &[&str]) -> Value {
    let arguments = [&["keys"], arguments, &["--json"]].concat();
    let spec = place.spec(&arguments, &place.database.owner_url);
    let (status, said) = tokio::task::spawn_blocking(move || spec.run()).await.unwrap();
    assert!(status.success(), "{said}");
    serde_json::from_str(said.trim()).unwrap_or_else(|error| panic!("{error}: {said}"))
}

/// The keys that a service shows.
async fn shown(client: &Client) -> Vec<String> {
    let answer = client.ask(Method::GET, "/.well-known/jwks.json", None, &[], None).await.expect(200);
    let keys = answer.at("/keys");
    let kids = keys.as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned());
    kids.collect()
}

async fn all_show(clients: &[Client], kids: &[&str]) {
    wait_until(&format!("every service shows {kids:?}"), LIMIT, async || {
        for client in clients {
            if shown(client).await != kids {
                return false;
            }
        }
        true
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_notices_that_the_keys_are_changed() {
    let parts =
        Arc::new(Parts::start(Place::new().await, "info", &[COMMANDS, COMMANDS, PROJECTOR, QUERIES]).await);
    let clients = [parts.of("command-api"), parts.of("query-api")].concat();
    let bystander = parts.log_in(&clients[0], &phone(), None).await;
    wait_until("there are read models", LIMIT, async || parts.place.projected().await.len() == 4).await;
    assert_eq!((kid(&bystander.access).as_str(), bystands(&clients, &bystander).await), (OLD, vec![200; 3]));

    let seen = Arc::new(Seen::default());
    let mut load = Vec::new();
    for customer in 0..STAYING {
        let who = parts.log_in(&clients[customer % 2], &phone(), None).await;
        seen.kid_of(customer, &who);
        load.push(tokio::spawn(stays(Arc::clone(&seen), customer, who, clients.clone())));
    }
    let started = Instant::now();

    let changed = async {
        change(&parts, &clients, &bystander, &seen).await;
        seen.stop.store(true, Ordering::Relaxed);
    };
    tokio::join!(come(&seen, &parts, &clients), changed);
    for worker in load {
        worker.await.unwrap();
    }
    assert_eq!(seen.failed(), Vec::<String>::new());
    let (requests, logins) = (seen.requests.load(Ordering::Relaxed), seen.logins.load(Ordering::Relaxed));
    println!("{requests} requests and {logins} logins in {:?}, none failed", started.elapsed());
    assert!(requests > 1_000, "{requests}");
}

/// What each service says to somebody who keeps showing their first token.
async fn bystands(clients: &[Client], bystander: &LoggedIn) -> Vec<u16> {
    let mut seen = Vec::new();
    for (n, client) in clients.iter().enumerate() {
        let path = if n == clients.len() - 1 { PAYMENTS } else { PROFILE };
        seen.push(with(client, &bystander.access, Method::GET, path, None).await.status);
    }
    seen
}

/// A key is added, signs, and the old one is removed, the load going on.
async fn change(parts: &Parts, clients: &[Client], bystander: &LoggedIn, seen: &Seen) {
    assert_eq!(keys(&parts.place, &["add"]).await["kid"], NEW);
    all_show(clients, &[OLD, NEW]).await;
    wait_until("every customer has a token of the new key", LIMIT, async || {
        assert_eq!(seen.failed(), Vec::<String>::new());
        seen.kids().values().all(|(kid, _)| kid == NEW)
    })
    .await;
    all_show(clients, &[OLD, NEW]).await;
    assert_eq!(bystands(clients, bystander).await, [200; 3], "the old key still verifies");
    // Who logs in at this moment may still be shown the old key by a process that reads late; not after this.
    let listed = keys(&parts.place, &["list"]).await;
    assert_eq!(listed, json!({"keys": [OLD, NEW], "signs": NEW}));

    let _ = keys(&parts.place, &["remove", OLD]).await;
    all_show(clients, &[NEW]).await;
    let (rounds, logins) = (seen.kids(), seen.logins.load(Ordering::Relaxed));
    wait_until("everybody goes on", LIMIT, async || {
        seen.logins.load(Ordering::Relaxed) > logins + 2
            && seen.kids().iter().all(|(customer, (_, round))| *round > rounds[customer].1 + 1)
    })
    .await;
    assert_eq!(bystands(clients, bystander).await, [401; 3], "what the old key signed holds no longer");
    let refresh = json!({"refresh_token": bystander.refresh});
    let back = LoggedIn::of(&open(&clients[1], "/api/v1/auth/refresh", refresh).await.expect(200));
    assert_eq!(kid(&back.access), NEW);
}

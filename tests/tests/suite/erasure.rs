//! A customer's whole life and its end: afterwards nobody finds out who they were, wherever they look, and nothing that
//! was recorded has changed.
//!
//! Every service is a process of its own and says everything it can say; events go through a Kafka of their own. What is
//! searched: the whole folder of Postgres with its log and its write-ahead log, every table as text, the broker's folder
//! and its records, the installation's folder, every service's log. Not searched is the sandbox: it stands for the phone
//! network, and its messages are what came to the phone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use edge::SystemClock;
use edge::token::{TokenKeys, mint_internal};
use ledger::feed::TOPIC;
use reqwest::Method;
use serde_json::{Value, json};
use tests::harness::{
    ADMIN, Answer, Client, Kafka, PAYMENTS, Place, PrivatePostgres, SUPPORT, records, wait_until,
};
use uuid::Uuid;

use crate::parts::{COMMANDS, LoggedIn, PROJECTOR, Parts, QUERIES, RELAY, open, with};
use crate::town::{Town, id, phone};

const LIMIT: Duration = Duration::from_secs(90);
/// How soon every process turns an ended session away.
const SOON: Duration = Duration::from_secs(2);
const PROFILE: &str = "/api/v1/users/profile";

struct Stage {
    parts: Parts,
    postgres: PrivatePostgres,
    kafka: Kafka,
}

impl Stage {
    async fn set(kafka: Kafka) -> Self {
        let postgres = tokio::task::spawn_blocking(PrivatePostgres::start).await.unwrap();
        let place = Place::on(postgres.cluster().fresh_database().await).with_kafka(kafka.brokers());
        let owner = place.database.owner().await;
        // What is squeezed cannot be searched.
        for statement in ["ALTER SYSTEM SET wal_compression = off", "SELECT pg_reload_conf()"] {
            owner.batch_execute(statement).await.unwrap();
        }
        let services = [COMMANDS, COMMANDS, RELAY, PROJECTOR, QUERIES];
        let parts = Parts::start(place, "debug", &services).await;
        Self { parts, postgres, kafka }
    }

    fn doors(&self) -> Vec<Client> {
        self.parts.of("command-api")
    }

    fn desk(&self) -> Client {
        self.parts.of("query-api").remove(0)
    }

    /// Every event as it is stored, by position.
    async fn events(&self) -> BTreeMap<i64, (Uuid, String)> {
        let owner = self.parts.place.database.owner().await;
        let all = "SELECT position, id, encode(payload, 'hex') || event::text FROM ledger.event";
        let rows = owner.query(all, &[]).await.unwrap();
        rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect()
    }

    async fn caught_up(&self) {
        let last = self.parts.place.last().await;
        wait_until("the read models have caught up", LIMIT, async || {
            let projected = self.parts.place.projected().await;
            projected.len() == 3 && projected.iter().all(|position| *position >= last)
        })
        .await;
    }
}

/// A person as they would be found.
struct Person {
    phone: String,
    name: String,
    later_name: String,
    secrets: Vec<String>,
    codes: Vec<String>,
}

impl Person {
    fn new() -> Self {
        let tag = &id().simple().to_string()[20..];
        Self {
            phone: phone(),
            name: format!("Zawadi Kipekee {tag}"),
            later_name: format!("Neema Tofauti {tag}"),
            secrets: [
                format!("alimtukana wakala {tag}"),
                format!("amesamehewa jana {tag}"),
                format!("imeibwa sokoni {tag}"),
            ]
            .to_vec(),
            codes: Vec::new(),
        }
    }

    fn nine(&self) -> &str {
        &self.phone[4..]
    }

    /// Everything by which they would be known. Each way of writing the phone ends in the nine digits.
    fn traces(&self) -> Vec<String> {
        let nine = self.nine();
        let mut clear = vec![nine.to_owned(), format!("0{nine}"), format!("255{nine}"), self.phone.clone()];
        clear.extend([self.name.clone(), self.later_name.clone()]);
        clear.extend(self.secrets.clone());
        let hidden: Vec<String> = clear.iter().map(hex::encode).collect();
        // Six digits alone are found by chance.
        let told = self.codes.iter().flat_map(|code| {
            [
                format!("ni {code}"),
                format!("code\":\"{code}"),
                format!("code\": \"{code}"),
                format!("\\\"{code}"),
            ]
        });
        clear.into_iter().chain(hidden).chain(told).collect()
    }
}

/// The files below a folder that hold one of these, letters large or small.
fn found_in(folder: &Path, traces: &[String]) -> Vec<PathBuf> {
    let list = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(list.path(), traces.join("\n")).unwrap();
    let output = Command::new("grep")
        .args(["-rliaF", "-f"])
        .args([list.path(), folder])
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    // 1: nothing was found; 2: something could not be read.
    assert!(output.status.code().is_some_and(|code| code < 2), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(PathBuf::from).collect()
}

/// Which of these a text holds.
fn held(text: &str, traces: &[String]) -> Vec<String> {
    let text = text.to_lowercase();
    traces.iter().filter(|trace| text.contains(&trace.to_lowercase())).cloned().collect()
}

async fn erase(door: &Client, who: &LoggedIn) -> Answer {
    with(door, &who.access, Method::DELETE, PROFILE, None).await
}

/// The customer asks to pay; the money comes.
async fn pays(door: &Client, who: &LoggedIn, purpose: &str, amount: i64, phone: &str) {
    let payment = initiates(door, who, purpose, amount, phone).await;
    comes(door, payment, amount).await;
}

async fn initiates(door: &Client, who: &LoggedIn, purpose: &str, amount: i64, phone: &str) -> Value {
    let body = json!({"purpose": purpose, "amount": amount, "provider": "mpesa", "phone": phone});
    let path = "/api/v1/payments/initiate";
    with(door, &who.access, Method::POST, path, Some(body)).await.expect(202).at("/payment_id")
}

async fn comes(door: &Client, payment: Value, amount: i64) {
    let reference = id().simple().to_string();
    let data = json!({"payment_id": payment, "amount": amount, "provider_reference": reference});
    let _ = door.command(PAYMENTS, "PaymentConfirmed", data).await.expect(201);
}

/// From the first code to the point where nothing is left to settle; each refusal on the way.
async fn lives(stage: &Stage, town: &Town, person: &mut Person) -> LoggedIn {
    let doors = stage.doors();
    let spellings = [person.phone.clone(), format!("0{}", person.nine()), person.phone[1..].to_owned()];
    let code = stage.parts.code(&doors[0], &person.phone, Some(&person.name)).await;
    person.codes.push(code.clone());
    let shown = json!({"phone": spellings[1], "code": code});
    let asha = LoggedIn::of(&open(&doors[1], "/api/v1/auth/verify-phone", shown).await.expect(200));
    let seen = with(&doors[0], &asha.access, Method::GET, PROFILE, None).await.expect(200);
    assert_eq!((seen.at("/phone"), seen.at("/name")), (json!(person.phone), json!(person.name)));
    let rename = json!({"name": person.later_name, "language": "en"});
    let _ = with(&doors[1], &asha.access, Method::PUT, PROFILE, Some(rename)).await.expect(200);

    let payment = initiates(&doors[0], &asha, "deposit", 1_000, &spellings[2]).await;
    let _ = erase(&doors[1], &asha).await.refused(422, "payment_pending");
    comes(&doors[0], payment, 1_000).await;
    let _ = erase(&doors[1], &asha).await.refused(422, "deposit_remaining");
    pays(&doors[1], &asha, "deposit", 9_000, &spellings[1]).await;

    let start = json!({"station_id": town.station, "slot": 1});
    let started = with(&doors[0], &asha.access, Method::POST, "/api/v1/rentals/start", Some(start)).await;
    let rental = started.expect(201).at("/rental_id").as_str().unwrap().to_owned();
    let _ = erase(&doors[0], &asha).await.refused(422, "rental_still_open");
    let lost = json!({"reason": person.secrets[2]});
    let path = format!("/api/v1/rentals/{rental}/report-lost");
    let sold = with(&doors[1], &asha.access, Method::POST, &path, Some(lost)).await.expect(201);
    assert_eq!((sold.at("/balance"), sold.at("/debt")), (json!(0), json!(35_000)), "{}", sold.text);
    let _ = erase(&doors[1], &asha).await.refused(422, "customer_has_debt");
    pays(&doors[0], &asha, "debt", 35_000, &spellings[0]).await;

    let reason = json!({"customer_id": asha.customer, "reason": person.secrets[0]});
    let _ = doors[0].command(SUPPORT, "SuspendCustomer", reason).await.expect(201);
    let _ = with(&doors[0], &asha.access, Method::GET, PROFILE, None).await.refused(401, "unauthorized");
    let code = stage.parts.code(&doors[1], &spellings[2], None).await;
    person.codes.push(code.clone());
    let shown = json!({"phone": person.phone, "code": code});
    let again = LoggedIn::of(&open(&doors[0], "/api/v1/auth/verify-phone", shown).await.expect(200));
    assert_eq!(again.customer, asha.customer);
    let _ = erase(&doors[0], &again).await.refused(422, "customer_suspended");
    let reason = json!({"customer_id": asha.customer, "reason": person.secrets[1]});
    let _ = doors[1].command(SUPPORT, "ReinstateCustomer", reason).await.expect(201);
    again
}

/// What registered somebody, as it was sent: its id, by whom, and its data.
async fn registration(stage: &Stage, customer: &str) -> (Uuid, String) {
    let owner = stage.parts.place.database.owner().await;
    let registered = "SELECT command_id, actor FROM ledger.event WHERE type = 'CustomerRegistered' AND $1 = ANY (stream_ids)";
    let customer: Uuid = customer.parse().unwrap();
    let row = owner.query_one(registered, &[&customer]).await.unwrap();
    (row.get(0), row.get(1))
}

/// Everything that Postgres holds, table by table.
async fn tables(stage: &Stage) -> Vec<(String, String)> {
    let owner = stage.parts.place.database.owner().await;
    let all = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables \
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema')";
    let mut found = Vec::new();
    for row in owner.query(all, &[]).await.unwrap() {
        let table: String = row.get(0);
        let text = format!("SELECT coalesce(string_agg(t::text, E'\\n'), '') FROM {table} t");
        found.push((table, owner.query_one(&text, &[]).await.unwrap().get(0)));
    }
    assert!(found.len() > 20, "{}", found.len());
    found
}

/// Nobody finds a trace, and would find one.
async fn nowhere(stage: &Stage, traces: &[String], control: &str) {
    let owner = stage.parts.place.database.owner().await;
    owner.batch_execute("VACUUM FULL").await.unwrap();
    for statement in ["SELECT pg_switch_wal()", "CHECKPOINT"] {
        owner.batch_execute(statement).await.unwrap();
    }
    let known = [control.to_owned()];
    let postgres = stage.postgres.home();
    assert!(!found_in(postgres, &known).is_empty(), "the search finds what is in Postgres");
    assert_eq!(found_in(postgres, traces), Vec::<PathBuf>::new());

    let dumped = tables(stage).await;
    let known = [hex::encode(control)];
    assert!(
        dumped.iter().any(|(_, text)| !held(text, &known).is_empty()),
        "the search finds what is in a table"
    );
    for (table, text) in dumped {
        assert_eq!(held(&text, traces), Vec::<String>::new(), "{table}");
    }

    let brokers = stage.kafka.brokers().to_owned();
    let carried = tokio::task::spawn_blocking(move || records(&brokers, TOPIC)).await.unwrap();
    assert_eq!(carried.len() as i64, stage.parts.place.last().await, "everything was carried");
    let carried: Vec<String> = carried
        .iter()
        .map(|(source, event)| format!("{source} {event:?} {}", String::from_utf8_lossy(&event.payload)))
        .collect();
    assert!(carried.iter().any(|record| record.contains(control)), "the search finds what is in Kafka");
    for record in carried {
        assert_eq!(held(&record, traces), Vec::<String>::new(), "{record}");
    }
    assert_eq!(found_in(stage.kafka.folder(), traces), Vec::<PathBuf>::new());
    assert_eq!(found_in(&stage.parts.place.data(), traces), Vec::<PathBuf>::new());

    for (name, process) in &stage.parts.processes {
        let log = process.log();
        assert!(log.contains("\"DEBUG\""), "{name} says everything");
        let lines: Vec<&str> = log.lines().filter(|line| !held(line, traces).is_empty()).take(3).collect();
        assert_eq!(lines, Vec::<&str>::new(), "the log of {name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_erased_was_never_there_and_nothing_recorded_has_changed() {
    let Some(kafka) = tokio::task::spawn_blocking(Kafka::private).await.unwrap() else { return };
    let stage = Stage::set(kafka).await;
    let doors = stage.doors();
    let town = Town::found(&doors[0], "instant", 2, json!({})).await;
    let control = format!("Kituo {}", id().simple());
    let rename = json!({"station_id": town.station, "name": control});
    let _ = doors[0].command(ADMIN, "ChangeStation", rename).await.expect(201);
    let mut person = Person::new();
    let asha = lives(&stage, &town, &mut person).await;
    stage.caught_up().await;
    let balance =
        with(&stage.desk(), &asha.access, Method::GET, "/api/v1/users/balance", None).await.expect(200);
    assert_eq!((balance.at("/balance"), balance.at("/debt")), (json!(0), json!(0)));

    let before = stage.events().await;
    let erased = erase(&doors[1], &asha).await.expect(200);
    assert_eq!(erased.at("/events/0/type"), "CustomerErased");
    let after = stage.events().await;
    let (last, _) = after.last_key_value().unwrap();
    assert_eq!(erased.position(), Some(*last));
    assert_eq!(after.len(), before.len() + 1);
    assert!(
        before.iter().all(|(position, event)| after.get(position) == Some(event)),
        "bytes and ids are the same"
    );

    session_is_dead(&stage, &asha).await;
    replays_are_refused(&stage, &asha, &person).await;
    let shown = doors[0].get(ADMIN, &format!("{PROFILE}?customer_id={}", asha.customer)).await.expect(200);
    let said = ["/phone", "/name", "/status"].map(|pointer| shown.at(pointer));
    assert_eq!(said, [Value::Null, Value::Null, json!("closed")]);
    stage.caught_up().await;
    nowhere(&stage, &person.traces(), &control).await;

    let code = stage.parts.code(&doors[0], &person.phone, Some(&person.name)).await;
    person.codes.push(code.clone());
    let shown = json!({"phone": person.phone, "code": code});
    let anew = LoggedIn::of(&open(&doors[1], "/api/v1/auth/verify-phone", shown).await.expect(200));
    assert_ne!(anew.customer, asha.customer, "the same phone is somebody new");
    let seen = with(&doors[0], &anew.access, Method::GET, PROFILE, None).await.expect(200);
    assert_eq!((seen.at("/phone"), seen.at("/status")), (json!(person.phone), json!("active")));
    stage.caught_up().await;
    // They are there again, and still nowhere in clear.
    nowhere(&stage, &person.traces(), &control).await;
}

async fn session_is_dead(stage: &Stage, asha: &LoggedIn) {
    let doors = stage.doors();
    let _ = with(&doors[1], &asha.access, Method::GET, PROFILE, None).await.refused(401, "unauthorized");
    let _ = erase(&doors[1], asha).await.refused(401, "unauthorized");
    let refresh = json!({"refresh_token": asha.refresh});
    for door in &doors {
        let _ =
            open(door, "/api/v1/auth/refresh", refresh.clone()).await.refused(401, "refresh_token_invalid");
    }
    let desk = stage.desk();
    wait_until("every process turns them away", SOON, async || {
        let elsewhere = with(&doors[0], &asha.access, Method::GET, PROFILE, None).await;
        let reading = with(&desk, &asha.access, Method::GET, "/api/v1/users/balance", None).await;
        (elsewhere.status, reading.status) == (401, 401)
    })
    .await;
}

/// What registered them, sent once more by whoever sent it and by somebody else.
async fn replays_are_refused(stage: &Stage, asha: &LoggedIn, person: &Person) {
    let doors = stage.doors();
    let (command, actor) = registration(stage, &asha.customer).await;
    let subject: Uuid = actor.strip_prefix("system:").unwrap().parse().unwrap();
    let keys = TokenKeys::open_or_create(&stage.parts.place.keys(), &SystemClock).unwrap();
    let system = mint_internal(&keys, subject, &SystemClock).unwrap().0;
    let data = json!({"phone": person.phone, "name": person.name});
    let sent = json!({"command_id": command, "type": "RegisterCustomer", "data": data});
    let again = with(&doors[0], &system, Method::POST, "/api/v1/commands", Some(sent.clone())).await;
    let _ = again.refused(409, "idempotency_key_reused");
    let other = doors[1].post(SUPPORT, "/api/v1/commands", sent).await;
    let _ = other.refused(409, "idempotency_key_reused");

    // The same of somebody whom staff registered and an admin erased.
    let (command, phone) = (id(), phone());
    let data = json!({"phone": phone, "name": "Baraka"});
    let register =
        async |door: &Client| door.command_as(command, SUPPORT, "RegisterCustomer", data.clone()).await;
    let first = register(&doors[0]).await.expect(201);
    assert!(register(&doors[1]).await.expect(201).replayed());
    let customer = json!({"customer_id": first.at("/result/customer_id")});
    let _ = doors[1].command(ADMIN, "EraseCustomer", customer.clone()).await.expect(201);
    let _ = register(&doors[0]).await.refused(409, "idempotency_key_reused");
    let _ = register(&doors[1]).await.refused(409, "idempotency_key_reused");
    let _ = doors[0].command(ADMIN, "EraseCustomer", customer).await.expect(200);
}

//! A rental from the station's registration to the customer's bill, over HTTP, against everything in one process.

use std::time::Duration;

use chrono::TimeDelta;
use edge::{Clock as _, SystemClock};
use reqwest::Method;
use serde_json::{Value, json};
use tests::harness::{
    ADMIN, AGENT, ANALYST, Answer, Client, FINANCE, PAYMENTS, Place, Process, SUPPORT, Spec, wait_until,
};
use uuid::Uuid;

use crate::town::{Town, bill, customer, customers, id, minutes_ago, rich_customer, station};

/// Two busy cores, a debug build.
const LIMIT: Duration = Duration::from_secs(60);

/// Everything in one process, with its demo city.
pub(crate) struct Up {
    pub(crate) place: Place,
    pub(crate) process: Process,
    pub(crate) client: Client,
}

impl Up {
    pub(crate) async fn new() -> Self {
        Self::at(Place::new().await).await
    }

    pub(crate) async fn at(place: Place) -> Self {
        let up = place.up();
        Self::started(place, up).await
    }

    /// The same, with the deadlines of the system.
    pub(crate) async fn with_reactor() -> Self {
        let place = Place::new().await;
        let up = place.up().env("CHAJIPOA_REACTOR", "true").env("AZAMPAY_PROMPT_AFTER_MS", "0");
        Self::started(place, up).await
    }

    async fn started(place: Place, up: Spec) -> Self {
        let process = up.start().await;
        wait_until("the demo city stands", LIMIT, async || process.log().contains("ChajiPoa is ready")).await;
        let client = place.client(&process);
        Self { place, process, client }
    }

    /// Where the sandbox beside it answers.
    pub(crate) fn sandbox(&self) -> String {
        let log = self.process.log();
        let after = log.split_once("The sandbox").expect("it is told").1;
        after.split_whitespace().next().unwrap().trim_end_matches('/').to_owned()
    }
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rental_goes_from_the_stations_registration_to_the_statement_and_the_books() {
    let up = Up::new().await;
    let client = &up.client;
    let town = Town::found(client, "instant", 2, json!({})).await;
    let asha = rich_customer(client).await;

    let start = json!({"station_id": town.station, "slot": 1});
    let started = client.post(customer(asha), "/api/v1/rentals/start", start).await.expect(201);
    assert_eq!((started.at("/status"), started.at("/device_id")), (json!("active"), json!(town.banks[0].id)));
    let rental = started.at("/rental_id").as_str().unwrap().to_owned();
    let position = started.position().unwrap();
    assert_eq!(started.at("/position"), json!(position));

    let active = client.get_at(customer(asha), "/api/v1/rentals/active", position).await.expect(200);
    assert_eq!(active.at("/rental_id"), json!(rental));
    assert!(active.position().unwrap() >= position);
    let device =
        client.get_at(ADMIN, &format!("/api/v1/devices/{}", town.banks[0].id), position).await.expect(200);
    assert_eq!(device.at("/status"), json!("rented"));

    let extend = format!("/api/v1/rentals/{rental}/extend");
    let extended = client.post(customer(asha), &extend, json!({"minutes": 30})).await.expect(201);
    let later: chrono::DateTime<chrono::Utc> = serde_json::from_value(extended.at("/due_at")).unwrap();
    let due: chrono::DateTime<chrono::Utc> = serde_json::from_value(started.at("/due_at")).unwrap();
    assert_eq!(later - due, TimeDelta::minutes(30));

    let end = format!("/api/v1/rentals/{rental}/end");
    let _ = client.post(customer(asha), &end, json!({})).await.refused(409, "device_not_docked");
    let back = town.takes_back(client, &town.banks[0], 7).await.expect(201);
    assert_eq!((back.at("/result/status"), back.at("/result/charge/total")), (json!("ended"), json!(0)));
    let position = back.position().unwrap();
    let none = client.get_at(customer(asha), "/api/v1/rentals/active", position).await;
    let _ = none.refused(404, "no_active_rental");

    // Staff enter one that began 50 minutes ago: two units of 30 minutes, VAT in it.
    let other = rich_customer(client).await;
    let entered = town.began(client, other, 2, 50).await.expect(201);
    let rental = entered.at("/result/rental_id").as_str().unwrap().to_owned();
    let ended = town.takes_back(client, &town.banks[1], 9).await.expect(201);
    assert_eq!(ended.at("/result/charge/total"), json!(1_000));
    assert_eq!(ended.at("/result/charge/vat"), json!(153));
    assert_eq!((ended.at("/result/balance"), ended.at("/result/debt")), (json!(19_000), json!(0)));
    let position = ended.position().unwrap();

    let balance = client.get_at(customer(other), "/api/v1/users/balance", position).await.expect(200);
    let said = (balance.at("/balance"), balance.at("/debt"), balance.at("/currency"));
    assert_eq!(said, (json!(19_000), json!(0), json!("TZS")));
    let charge = client.get(customer(other), &format!("/api/v1/rentals/{rental}/charge")).await.expect(200);
    assert!(charge.text.contains("1000") && charge.text.contains("\"lines\""), "{}", charge.text);
    let statement = client.get(customer(other), "/api/v1/users/statement").await.expect(200);
    let lines = statement.at("/items");
    let amounts: Vec<i64> = lines.as_array().unwrap().iter().map(|line| number(&line["amount"])).collect();
    assert_eq!(amounts, [20_000, -1_000]);
    assert_eq!((lines[1]["balance"].clone(), lines[1]["rental_id"].clone()), (json!(19_000), json!(rental)));
    let rentals = client.get(customer(other), "/api/v1/users/rentals").await.expect(200);
    assert_eq!(rentals.at("/items/0/charge/total"), json!(1_000));

    let books = client.get_at(FINANCE, "/api/v1/finance/trial-balance", position).await.expect(200);
    assert_eq!(books.at("/total_debit"), books.at("/total_credit"));
    assert_eq!(net(&books, 2_000), -39_000);
    assert_eq!((net(&books, 4_000), net(&books, 2_100)), (-847, -153));
    let path = format!("/api/v1/commands/{}", entered.at("/command_id").as_str().unwrap());
    let fate = client.get_at(AGENT, &path, position).await.expect(200);
    assert!(fate.text.contains("recorded"), "{}", fate.text);
}

/// Debit less credit of an account in a trial balance.
fn net(books: &Answer, account: i64) -> i64 {
    let items = books.at("/items");
    let code = account.to_string();
    let found = items.as_array().unwrap().iter().find(|item| {
        item["account"].as_i64() == Some(account) || item["account"].as_str() == Some(code.as_str())
    });
    found.map_or(0, |item| number(&item["debit"]) - number(&item["credit"]))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cabinet_is_asked_first_and_the_meter_starts_when_it_confirms() {
    let up = Up::new().await;
    let client = &up.client;
    let town = Town::found(client, "confirmed", 3, json!({})).await;
    let asha = rich_customer(client).await;
    let start = json!({"station_id": town.station, "slot": 1});
    let asked = client.post(customer(asha), "/api/v1/rentals/start", start.clone()).await.expect(202);
    assert_eq!((asked.at("/status"), asked.at("/started_at")), (json!("releasing"), Value::Null));
    let rental = asked.at("/rental_id");
    let again = client.post(customer(asha), "/api/v1/rentals/start", start).await;
    let _ = again.refused(422, "rental_already_open");

    let failed = json!({"rental_id": rental, "reason": "lock jammed"});
    let failed = client.command(station(town.station), "ReportReleaseFailure", failed).await.expect(201);
    let types: Vec<Value> =
        failed.at("/events").as_array().unwrap().iter().map(|event| event["type"].clone()).collect();
    assert_eq!(types, [json!("RentalCancelled"), json!("SlotFaultReported")]);

    let start = json!({"station_id": town.station, "slot": 2});
    let asked = client.post(customer(asha), "/api/v1/rentals/start", start).await.expect(202);
    let rental = asked.at("/rental_id");
    let confirm = json!({"rental_id": rental, "serial": town.banks[1].serial, "slot": 2});
    let stranger = town.second_station(client, "confirmed").await;
    let foreign = client.command(station(stranger.station), "ConfirmRelease", confirm.clone()).await;
    let _ = foreign.refused(404, "not_found");
    let confirmed =
        client.command(station(town.station), "ConfirmRelease", confirm.clone()).await.expect(201);
    assert_eq!(confirmed.at("/result/status"), json!("active"));
    let twice = client.command(station(town.station), "ConfirmRelease", confirm).await.expect(200);
    assert_eq!(twice.at("/outcome"), json!("already_done"));
    assert_eq!(twice.at("/result/started_at"), confirmed.at("/result/started_at"));

    let position = confirmed.position().unwrap();
    let seen = client.get_at(customer(asha), "/api/v1/rentals/active", position).await.expect(200);
    assert_eq!(seen.at("/started_at"), confirmed.at("/result/started_at"));
    let back = town.takes_back(client, &town.banks[1], 20).await.expect(201);
    assert_eq!(back.at("/result/rental_id"), rental);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_station_kept_while_it_was_offline_is_billed_by_when_it_happened() {
    let up = Up::new().await;
    let client = &up.client;
    let town = Town::found(client, "instant", 1, json!({})).await;
    let asha = rich_customer(client).await;
    let started = town.began(client, asha, 1, 58).await.expect(201);
    let data = json!({
        "serial": town.banks[0].serial, "station_id": town.station, "slot": 30, "observed_at": minutes_ago(10),
        "last_seen_absent_at": minutes_ago(20),
    });
    let line = json!({"command_id": id(), "type": "DeviceReturned", "data": data});
    let body = format!("{line}\nnonsense\n{line}\n");
    let path = "/api/v1/commands/batch";
    let answer =
        client.ask(Method::POST, path, Some(station(town.station)), &[], Some(body)).await.expect(200);
    let outcomes: Vec<Value> = answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(outcomes[0]["result"]["charge"]["total"], json!(1_000), "38 minutes are two units");
    assert_eq!(outcomes[0], outcomes[2]);
    assert_eq!(outcomes[1]["code"], json!("malformed"));
    // A proof that it was back earlier corrects the bill.
    let data = json!({
        "serial": town.banks[0].serial, "station_id": town.station, "slot": 31, "observed_at": minutes_ago(40),
    });
    let corrected = client.command(station(town.station), "DeviceReturned", data).await.expect(201);
    assert_eq!(corrected.at("/events/0/type"), json!("RentalCorrected"), "{}", corrected.text);
    assert_eq!(corrected.at("/result/charge/total"), json!(500), "18 minutes are one unit");
    let position = corrected.position().unwrap();
    let rental = started.at("/result/rental_id");
    let path = format!("/api/v1/rentals/{}", rental.as_str().unwrap());
    let seen = client.get_at(customer(asha), &path, position).await.expect(200);
    assert_eq!(seen.at("/charge/total"), json!(500));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_is_told_so_and_what_is_foreign_looks_absent() {
    let up = Up::new().await;
    let client = &up.client;
    let town = Town::found(client, "instant", 1, json!({})).await;
    let [asha, juma] = [rich_customer(client).await, rich_customer(client).await];
    let started =
        client.post(customer(asha), "/api/v1/rentals/start", json!({"station_id": town.station, "slot": 1}));
    let started = started.await.expect(201);
    let rental = started.at("/rental_id").as_str().unwrap().to_owned();
    let ask = json!({"purpose": "deposit", "amount": 1_000, "provider": "mpesa"});
    let payment = client.post(customer(asha), "/api/v1/payments/initiate", ask).await.expect(202);
    let position = payment.position().unwrap();
    let payment = payment.at("/payment_id").as_str().unwrap().to_owned();
    let nowhere = id();

    for (path, foreign, own) in [
        ("/api/v1/rentals/ID", &rental, 200),
        ("/api/v1/rentals/ID/charge", &rental, 200),
        ("/api/v1/payments/ID", &payment, 200),
        ("/api/v1/rentals/active", &rental, 200),
    ] {
        let here = path.replace("ID", foreign);
        let _ = client.get_at(customer(asha), &here, position).await.expect(own);
        let theirs = client.get_at(customer(juma), &here, position).await.expect(404);
        let absent = client.get(customer(juma), &path.replace("ID", &nowhere.to_string())).await.expect(404);
        assert_eq!((theirs.code(), theirs.at("/detail")), (absent.code(), absent.at("/detail")), "{path}");
    }
    let extend = |rental: &str| format!("/api/v1/rentals/{rental}/extend");
    let minutes = json!({"minutes": 10});
    let _ = client.post(customer(juma), &extend(&rental), minutes.clone()).await.refused(404, "not_found");
    let _ = client.post(SUPPORT, &extend(&nowhere.to_string()), minutes).await.refused(404, "not_found");
    let on_behalf = json!({"customer_id": asha, "station_id": town.station, "slot": 1});
    let _ = client.command(customer(juma), "StartRental", on_behalf.clone()).await.refused(404, "not_found");
    let _ = client.command(AGENT, "StartRental", on_behalf).await.refused(422, "rental_already_open");
    let unknown = json!({"customer_id": nowhere, "station_id": town.station, "slot": 1});
    let _ = client.command(AGENT, "StartRental", unknown).await.refused(422, "customer_unknown");
    let other = town.second_station(client, "instant").await;
    let theft = json!({"serial": town.banks[0].serial, "station_id": town.station, "slot": 2});
    let _ =
        client.command(station(other.station), "DeviceReturned", theft).await.refused(422, "station_unknown");

    let confirmed = json!({"payment_id": payment, "amount": 1_000, "provider_reference": "R-1"});
    for who in [ADMIN, FINANCE, SUPPORT, AGENT, customer(asha), station(town.station)] {
        let answer = client.command(who, "PaymentConfirmed", confirmed.clone()).await;
        let _ = answer.refused(403, "forbidden");
    }
    let _ = client.command(PAYMENTS, "PaymentConfirmed", confirmed).await.expect(201);
    let _ =
        client.command(SUPPORT, "RegisterDevice", json!({"serial": "PB-1"})).await.refused(403, "forbidden");
    let _ = client
        .command(ANALYST, "VerifyCustomer", json!({"customer_id": asha}))
        .await
        .refused(403, "forbidden");

    for (who, path, status) in [
        (customer(asha), "/api/v1/ledger/events", 403),
        (SUPPORT, "/api/v1/ledger/events", 403),
        (ANALYST, "/api/v1/ledger/events", 403),
        (FINANCE, "/api/v1/ledger/events", 200),
        (customer(asha), "/api/v1/finance/trial-balance", 403),
        (SUPPORT, "/api/v1/finance/trial-balance", 403),
        (ANALYST, "/api/v1/finance/trial-balance", 200),
        (FINANCE, "/api/v1/finance/journal", 200),
        (AGENT, "/api/v1/users/balance", 403),
        (ANALYST, "/api/v1/users/balance", 403),
    ] {
        let answer = client.get(who, path).await;
        assert_eq!(answer.status, status, "{who:?} {path}: {}", answer.text);
    }
    for path in ["/api/v1/stations", "/health", "/metrics", "/openapi.json", "/.well-known/jwks.json"] {
        let answer = client.ask(Method::GET, path, None, &[], None).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    }
    for path in ["/api/v1/users/balance", "/api/v1/rentals/active", "/api/v1/finance/trial-balance"] {
        let _ = client.ask(Method::GET, path, None, &[], None).await.refused(401, "unauthorized");
    }
    references(client, asha, &payment).await;
}

/// The provider's reference is for those who reconcile only.
async fn references(client: &Client, asha: Uuid, payment: &str) {
    let path = format!("/api/v1/payments/{payment}");
    for (who, sees) in
        [(customer(asha), false), (SUPPORT, false), (PAYMENTS, true), (FINANCE, true), (ADMIN, true)]
    {
        let seen = client.get(who, &path).await.expect(200);
        assert_eq!(seen.at("/external_id").is_string(), sees, "{who:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn i3_one_id_is_one_effect_and_one_answer_to_the_byte() {
    let up = Up::new().await;
    let client = &up.client;
    let town = Town::found(client, "instant", 1, json!({})).await;
    let asha = rich_customer(client).await;
    let (key, who) = (id().to_string(), customer(asha));
    let path = "/api/v1/rentals/start";
    let start = json!({"station_id": town.station, "slot": 1});
    let send = async |headers: &[(&str, &str)], body: Value| {
        client.ask(Method::POST, path, Some(who), headers, Some(body.to_string())).await
    };
    let first = send(&[("idempotency-key", &key)], start.clone()).await.expect(201);
    assert!(!first.replayed());
    let last = up.place.last().await;
    let again = send(&[("idempotency-key", &key)], start.clone()).await.expect(201);
    assert_eq!((again.replayed(), &again.text), (true, &first.text));
    assert_eq!(again.position(), first.position());
    // The spelling of the JSON does not matter.
    let spelled = format!("{{ \"slot\": 1.0, \"station_id\": \"{}\" }}", town.station);
    let again = client.ask(Method::POST, path, Some(who), &[("idempotency-key", &key)], Some(spelled)).await;
    let again = if again.status == 400 { send(&[("idempotency-key", &key)], start).await } else { again };
    assert_eq!((again.replayed(), &again.text), (true, &first.text));

    let other = send(&[("idempotency-key", &key)], json!({"station_id": town.station, "slot": 2})).await;
    let _ = other.refused(409, "idempotency_key_reused");
    let stranger = rich_customer(client).await;
    let last = last.max(up.place.last().await);
    let body = json!({"station_id": town.station, "slot": 1}).to_string();
    let header = [("idempotency-key", key.as_str())];
    let foreign = client.ask(Method::POST, path, Some(customer(stranger)), &header, Some(body)).await;
    let foreign = foreign.refused(409, "idempotency_key_reused");
    assert!(!foreign.text.contains(&asha.to_string()), "it shows nothing: {}", foreign.text);

    let command =
        |id: Uuid| json!({"command_id": id, "type": "RegisterDevice", "data": {"serial": "PB-HEADER"}});
    let path = "/api/v1/commands";
    let body = Some(command(id()).to_string());
    let differs = client.ask(Method::POST, path, Some(ADMIN), &header, body).await;
    let _ = differs.refused(400, "malformed");
    let body = Some(json!({"type": "RegisterDevice", "data": {"serial": "PB-HEADER"}}).to_string());
    let no_uuid = client.ask(Method::POST, path, Some(ADMIN), &[("idempotency-key", "seven")], body).await;
    let _ = no_uuid.refused(400, "malformed");
    assert_eq!(up.place.last().await, last, "nothing of this was recorded");

    // What is already done is stored with its answer, and answered so for ever.
    let (verify, done) = (json!({"customer_id": asha}), id());
    let first = client.command_as(done, ADMIN, "VerifyCustomer", verify.clone()).await.expect(200);
    assert_eq!(first.at("/outcome"), json!("already_done"));
    let again = client.command_as(done, ADMIN, "VerifyCustomer", verify).await.expect(200);
    assert_eq!((again.replayed(), &again.text), (true, &first.text));
    // A refusal leaves the id free.
    let (free, lost) = (id(), id());
    let verify = json!({"customer_id": lost});
    let _ = client
        .command_as(free, ADMIN, "VerifyCustomer", verify.clone())
        .await
        .refused(422, "customer_unknown");
    let register = json!({"customer_id": lost, "phone": crate::town::phone()});
    let _ = client.command(ADMIN, "RegisterCustomer", register).await.expect(201);
    let _ = client.command_as(free, ADMIN, "VerifyCustomer", verify).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_wait_for_a_position_page_by_key_and_stand_for_a_moment() {
    let up = Up::new().await;
    let client = &up.client;
    let ids = customers(client, 1, 5_000).await;
    let asha = ids[0];
    for _ in 0..6 {
        let body = bill(asha, 1_000);
        let paid = client.post(PAYMENTS, "/api/v1/commands", body).await.expect(201);
        let seen = client
            .get_at(customer(asha), "/api/v1/users/balance", paid.position().unwrap())
            .await
            .expect(200);
        assert_eq!(seen.at("/balance"), paid.at("/result/balance"), "what was written is read");
    }
    let last = up.place.last().await;
    let ahead = (last + 1_000).to_string();
    let path = "/api/v1/users/balance";
    let early =
        client.ask(Method::GET, path, Some(customer(asha)), &[("ledger-min-position", &ahead)], None).await;
    assert!(early.header("retry-after").is_some());
    let early = early.refused(503, "not_caught_up");
    assert!(early.text.contains(&last.to_string()), "it says where it stands: {}", early.text);

    // Seven lines, three at a time: each once, in order.
    let whole = client.get(customer(asha), "/api/v1/users/statement").await.expect(200).at("/items");
    assert_eq!(whole.as_array().unwrap().len(), 7);
    let mut pages = Vec::new();
    let mut path = "/api/v1/users/statement?limit=3".to_owned();
    loop {
        let page = client.get(customer(asha), &path).await.expect(200);
        pages.extend(page.at("/items").as_array().unwrap().clone());
        let Some(cursor) = page.at("/next_cursor").as_str().map(ToOwned::to_owned) else { break };
        path = format!("/api/v1/users/statement?limit=3&cursor={cursor}");
    }
    assert_eq!(Value::Array(pages), whole);

    // The audit trail, position by position.
    let mut after = 0;
    while after < last {
        let page =
            client.get(FINANCE, &format!("/api/v1/ledger/events?after={after}&limit=20")).await.expect(200);
        for event in page.at("/items").as_array().unwrap() {
            after += 1;
            assert_eq!(event["position"], json!(after));
        }
    }
    let one = client.get(FINANCE, &format!("/api/v1/ledger/events/{last}")).await.expect(200);
    assert_eq!((one.at("/position"), one.at("/type")), (json!(last), json!("PaymentSettled")));
    let _ = client.get(FINANCE, &format!("/api/v1/ledger/events/{}", last + 9)).await.expect(404);

    // The books of every moment are even; of an earlier one they are smaller.
    let mut sums = Vec::new();
    for position in (1..=last).rev().take(16) {
        let path = format!("/api/v1/finance/trial-balance?as_of=position:{position}");
        let books = client.get(FINANCE, &path).await.expect(200);
        assert_eq!(books.at("/position"), json!(position));
        assert_eq!(books.at("/total_debit"), books.at("/total_credit"), "i6 at {position}");
        sums.push(number(&books.at("/total_debit")));
    }
    assert!(sums.is_sorted_by(|later, earlier| later >= earlier), "{sums:?}");
    assert_eq!(sums[0], 11_000);
    let before = SystemClock.now() - TimeDelta::hours(1);
    let path = format!("/api/v1/finance/trial-balance?as_of={}", before.format("%Y-%m-%dT%H:%M:%SZ"));
    let empty = client.get(FINANCE, &path).await.expect(200);
    assert_eq!(empty.at("/total_debit"), json!(0), "nothing had been recorded by then");
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_and_starting_again_keeps_everything() {
    let mut up = Up::new().await;
    let asha = rich_customer(&up.client).await;
    let last = up.place.last().await;
    let books = up.client.get_at(FINANCE, "/api/v1/finance/trial-balance", last).await.expect(200).text;
    let status = up.process.stop().await;
    assert!(status.success(), "{status}: {}", up.process.log());
    up.process.restart().await;
    wait_until("it is ready", LIMIT, async || up.process.log().contains("ChajiPoa is ready")).await;
    assert_eq!(up.place.last().await, last, "the demo city stood already");
    let balance = up.client.get_at(customer(asha), "/api/v1/users/balance", last).await.expect(200);
    assert_eq!(balance.at("/balance"), json!(20_000));
    assert_eq!(up.client.get(FINANCE, "/api/v1/finance/trial-balance").await.expect(200).text, books);
    up.process.wait_ready(LIMIT).await;
}

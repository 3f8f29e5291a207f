//! Bad input: each has its status and its code, and changes nothing.

use chrono::TimeDelta;
use edge::token::{Ticket, TokenKeys, mint};
use edge::{Clock as _, Role, SystemClock};
use reqwest::Method;
use serde_json::{Value, json};
use tests::harness::{ADMIN, AGENT, Client, FINANCE, PAYMENTS, SUPPORT, Who};

use crate::journey::Up;
use crate::town::{Town, customer, id, minutes_ago, rich_customer, station};

fn command(kind: &str, data: &Value) -> String {
    json!({"type": kind, "data": data}).to_string()
}

fn dated(kind: &str, at: &str, data: &Value) -> String {
    json!({"type": kind, "occurred_at": at, "data": data}).to_string()
}

fn ahead(minutes: i64) -> String {
    (SystemClock.now() + TimeDelta::minutes(minutes)).to_rfc3339()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_malformed_too_large_or_of_another_time_or_kind_changes_nothing() {
    let up = Up::new().await;
    let client = &up.client;
    let town = Town::found(client, "instant", 1, json!({})).await;
    let asha = rich_customer(client).await;
    let (bank, here) = (&town.banks[0], town.station);
    let last = up.place.last().await;
    let start = json!({"customer_id": asha, "station_id": here, "slot": 1});
    let with = |field: &str, value: Value| {
        let mut start = start.clone();
        start[field] = value;
        start
    };
    let register = |field: &str, value: Value| {
        let mut station = json!({
            "code": "BAD-01", "name": "Bad", "latitude": -6.8, "longitude": 39.2, "slots": 4, "release_mode": "instant",
        });
        station[field] = value;
        command("RegisterStation", &station)
    };
    let pay = |amount: &str| {
        format!(
            "{{\"type\":\"InitiatePayment\",\"data\":{{\"customer_id\":\"{asha}\",\"amount\":{amount},\
             \"purpose\":\"deposit\",\"provider\":\"mpesa\"}}}}"
        )
    };
    let returned = |fields: Value| {
        let mut data = json!({"serial": bank.serial, "station_id": here, "slot": 9});
        data.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        data
    };
    let (bad, soon) = ("malformed", minutes_ago(1).to_rfc3339());
    let cases: Vec<(Who, String, u16, &str)> = vec![
        // Not JSON, not an object, not these fields.
        (ADMIN, "{".into(), 400, bad),
        (ADMIN, String::new(), 400, bad),
        (ADMIN, "[]".into(), 400, bad),
        (ADMIN, "\u{0}".into(), 400, bad),
        (ADMIN, "null".into(), 400, bad),
        (ADMIN, format!("{}{}", "[".repeat(5_000), "]".repeat(5_000)), 400, bad),
        (ADMIN, json!({"data": {}}).to_string(), 400, bad),
        (ADMIN, json!({"type": "VerifyCustomer"}).to_string(), 400, bad),
        (ADMIN, json!({"type": "Fly", "data": {}}).to_string(), 400, bad),
        (
            ADMIN,
            json!({"type": "VerifyCustomer", "data": {"customer_id": asha}, "colour": 1}).to_string(),
            400,
            bad,
        ),
        (
            ADMIN,
            json!({"type": "VerifyCustomer", "command_id": "7", "data": {"customer_id": asha}}).to_string(),
            400,
            bad,
        ),
        (ADMIN, command("VerifyCustomer", &json!({"customer_id": asha, "colour": 1})), 400, bad),
        (ADMIN, command("VerifyCustomer", &json!([])), 400, bad),
        (ADMIN, "{\"type\":\"VerifyCustomer\",\"type\":\"VerifyCustomer\",\"data\":{}}".into(), 400, bad),
        // Wrong types and absurd numbers.
        (ADMIN, command("VerifyCustomer", &json!({"customer_id": 7})), 400, bad),
        (ADMIN, command("VerifyCustomer", &json!({"customer_id": "7"})), 400, bad),
        (ADMIN, command("RegisterDevice", &json!({"serial": "P"})), 400, bad),
        (ADMIN, command("RegisterDevice", &json!({"serial": "P".repeat(41)})), 400, bad),
        (ADMIN, command("RegisterDevice", &json!({"serial": "PB 1"})), 400, bad),
        (ADMIN, register("slots", json!(0)), 400, bad),
        (ADMIN, register("slots", json!(201)), 400, bad),
        (ADMIN, register("slots", json!(-1)), 400, bad),
        (ADMIN, register("slots", json!(1.5)), 400, bad),
        (ADMIN, register("latitude", json!(91)), 400, bad),
        (ADMIN, register("longitude", json!("39")), 400, bad),
        (ADMIN, register("release_mode", json!("catapult")), 400, bad),
        (ADMIN, register("name", json!("")), 400, bad),
        (AGENT, command("StartRental", &with("slot", json!(0))), 400, bad),
        (AGENT, command("StartRental", &with("slot", json!(70_000))), 400, bad),
        (SUPPORT, pay("0"), 400, bad),
        (SUPPORT, pay("-5"), 400, bad),
        (SUPPORT, pay("1.5"), 400, bad),
        (SUPPORT, pay("9223372036854775808"), 400, bad),
        (SUPPORT, pay("1e400"), 400, bad),
        (SUPPORT, pay("\"1000\""), 400, bad),
        (SUPPORT, pay("6000000"), 422, "payment_too_large"),
        (ADMIN, command("RegisterCustomer", &json!({"phone": "0712 345 678"})), 400, bad),
        (ADMIN, command("RegisterCustomer", &json!({"phone": "+254712345678"})), 400, bad),
        (
            ADMIN,
            command("PublishTariff", &json!({"name": "T", "vat_percent": 101})),
            422,
            "tariff_terms_invalid",
        ),
        // Ids of nothing, and of things of another kind.
        (ADMIN, command("VerifyCustomer", &json!({"customer_id": id()})), 422, "customer_unknown"),
        (ADMIN, command("VerifyCustomer", &json!({"customer_id": bank.id})), 422, "customer_unknown"),
        (AGENT, command("StartRental", &with("station_id", json!(bank.id))), 422, "station_unknown"),
        (AGENT, command("StartRental", &with("customer_id", json!(here))), 422, "customer_unknown"),
        (AGENT, command("StartRental", &with("rental_id", json!(asha))), 422, "id_taken"),
        (AGENT, command("StartRental", &with("slot", json!(200))), 422, "slot_empty"),
        (AGENT, command("ExtendRental", &json!({"rental_id": asha, "minutes": 5})), 422, "rental_unknown"),
        (
            AGENT,
            command(
                "DockDevice",
                &json!({"device_id": id(), "station_id": here, "slot": 5, "battery_percent": 1}),
            ),
            422,
            "device_unknown",
        ),
        (
            PAYMENTS,
            command("PaymentConfirmed", &json!({"payment_id": asha, "amount": 1, "provider_reference": "R"})),
            422,
            "payment_unknown",
        ),
        (
            station(here),
            command("DeviceReturned", &json!({"serial": "NOBODYS", "station_id": here, "slot": 9})),
            422,
            "device_unknown",
        ),
        // Times.
        (AGENT, dated("StartRental", "soon", &start), 400, bad),
        (AGENT, dated("StartRental", "2026-02-30T00:00:00Z", &start), 400, bad),
        (AGENT, dated("StartRental", "99999-01-01T00:00:00Z", &start), 400, bad),
        (AGENT, dated("StartRental", &ahead(6), &start), 422, "occurred_at_in_future"),
        (AGENT, dated("StartRental", &minutes_ago(61).to_rfc3339(), &start), 422, "occurred_at_too_early"),
        (
            ADMIN,
            dated("StartRental", &minutes_ago(8 * 24 * 60).to_rfc3339(), &start),
            422,
            "occurred_at_too_early",
        ),
        (customer(asha), dated("StartRental", &soon, &start), 422, "occurred_at_not_allowed"),
        (SUPPORT, dated("StartRental", &soon, &start), 422, "occurred_at_not_allowed"),
        (
            station(here),
            command(
                "DeviceReturned",
                &returned(json!({"observed_at": soon, "last_seen_absent_at": ahead(1)})),
            ),
            400,
            bad,
        ),
        (
            station(here),
            dated("DeviceReturned", &soon, &returned(json!({"observed_at": ahead(1)}))),
            400,
            bad,
        ),
        // Roles.
        (customer(asha), command("RegisterDevice", &json!({"serial": "PB-1"})), 403, "forbidden"),
        (
            ADMIN,
            command("PaymentConfirmed", &json!({"payment_id": id(), "amount": 1, "provider_reference": "R"})),
            403,
            "forbidden",
        ),
        // Too large.
        (ADMIN, command("RegisterDevice", &json!({"serial": "P".repeat(70_000)})), 413, "body_too_large"),
    ];
    for (who, body, status, code) in cases {
        let answer = client.ask(Method::POST, "/api/v1/commands", Some(who), &[], Some(body.clone())).await;
        let said = (answer.status, answer.code());
        assert_eq!(said, (status, code.to_owned()), "{:.300}: {}", body, answer.text);
        problem(&answer);
    }
    let lines = "{}\n".repeat(501);
    let path = "/api/v1/commands/batch";
    let _ = client.ask(Method::POST, path, Some(ADMIN), &[], Some(lines)).await.refused(400, bad);
    let large = "x".repeat(1_100_000);
    let _ =
        client.ask(Method::POST, path, Some(ADMIN), &[], Some(large)).await.refused(413, "body_too_large");
    let _ = client
        .post(customer(asha), "/api/v1/rentals/7/extend", json!({"minutes": 5}))
        .await
        .refused(400, bad);
    let _ = client.post(customer(asha), "/api/v1/rentals/start", json!({"slot": 1})).await.refused(400, bad);
    assert_eq!(up.place.last().await, last, "nothing of this was recorded");
}

/// What every problem has.
fn problem(answer: &tests::harness::Answer) {
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{}", answer.text);
    for member in ["/type", "/title", "/detail", "/code", "/request_id"] {
        assert!(answer.at(member).is_string(), "{member} of {}", answer.text);
    }
    assert_eq!(answer.at("/status"), json!(answer.status));
    assert_eq!(
        answer.header("x-request-id").map(ToOwned::to_owned),
        answer.at("/request_id").as_str().map(ToOwned::to_owned)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_does_not_hold_is_no_token() {
    let up = Up::new().await;
    let client = &up.client;
    let last = up.place.last().await;
    let strangers = tempfile::tempdir().unwrap();
    let foreign = TokenKeys::open_or_create(strangers.path(), &SystemClock).unwrap();
    let ticket = Ticket { role: Role::Admin, subject: id(), lifetime: TimeDelta::hours(1), unlimited: true };
    let (forged, _) = mint(&foreign, ticket, &SystemClock).unwrap();
    let good = client.token(ADMIN);
    let mut parts: Vec<&str> = good.split('.').collect();
    let unsigned = format!("{}.{}.", parts[0], parts[1]);
    let customers = client.token(customer(id()));
    parts[1] = customers.split('.').nth(1).unwrap();
    let mixed = parts.join(".");
    let body = json!({"type": "RegisterDevice", "data": {"serial": "PB-TOKEN"}}).to_string();
    let headers = [
        String::new(),
        "Bearer".to_owned(),
        "Bearer nonsense".to_owned(),
        format!("Basic {good}"),
        format!("Bearer {forged}"),
        format!("Bearer {unsigned}"),
        format!("Bearer {mixed}"),
    ];
    for header in &headers {
        let headers = [("authorization", header.as_str())];
        let headers = if header.is_empty() { &headers[..0] } else { &headers[..] };
        let answer = client.ask(Method::POST, "/api/v1/commands", None, headers, Some(body.clone())).await;
        let answer = answer.refused(401, "unauthorized");
        assert!(answer.header("www-authenticate").is_some());
        let answer = client.ask(Method::GET, "/api/v1/finance/trial-balance", None, headers, None).await;
        let _ = answer.refused(401, "unauthorized");
    }
    assert_eq!(up.place.last().await, last);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_out_of_range_is_refused_and_never_clamped() {
    let up = Up::new().await;
    let client = &up.client;
    let asha = rich_customer(client).await;
    for path in [
        "/api/v1/users/rentals?limit=0",
        "/api/v1/users/rentals?limit=501",
        "/api/v1/users/rentals?limit=many",
        "/api/v1/users/rentals?colour=red",
        "/api/v1/users/rentals?cursor=nonsense",
        "/api/v1/users/statement?from=yesterday",
        "/api/v1/rentals/7",
        "/api/v1/payments/7/",
    ] {
        malformed(client, customer(asha), path).await;
    }
    for path in [
        "/api/v1/ledger/events?after=-1",
        "/api/v1/ledger/events?limit=501",
        "/api/v1/ledger/events?type=Nonsense",
        "/api/v1/ledger/events?stream=7",
        "/api/v1/ledger/events/0x1",
        "/api/v1/finance/trial-balance?as_of=position:-1",
        "/api/v1/finance/trial-balance?as_of=position:many",
        "/api/v1/finance/trial-balance?as_of=yesterday",
        "/api/v1/finance/journal?limit=0",
        "/api/v1/stations?near=91,0&radius_m=5",
        "/api/v1/stations?near=1&radius_m=5",
        "/api/v1/stations?near=-6.8,39.2&radius_m=-5",
    ] {
        malformed(client, FINANCE, path).await;
    }
    let path = "/api/v1/users/balance";
    let min =
        client.ask(Method::GET, path, Some(customer(asha)), &[("ledger-min-position", "soon")], None).await;
    let _ = min.refused(400, "malformed");
    let _ = client.get(ADMIN, "/api/v1/nothing").await.refused(404, "not_found");
    let wrong = client.ask(Method::DELETE, "/api/v1/commands", Some(ADMIN), &[], None).await;
    let _ = wrong.refused(405, "method_not_allowed");
}

async fn malformed(client: &Client, who: Who, path: &str) {
    let answer = client.get(who, path).await;
    // A path that names nothing may also say so.
    assert!([400, 404].contains(&answer.status), "{path}: {} {}", answer.status, answer.text);
    if answer.status == 404 {
        assert!(!path.contains('?'), "{path}: {}", answer.text);
    }
    problem(&answer);
}

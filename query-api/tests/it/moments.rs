//! The two axes of time over HTTP: what was known then, and what is known to have happened by then.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use edge::{Clock as _, Role};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{ADMIN, Stage, Station};

const FINANCE: (Role, Uuid) = (Role::Finance, Uuid::from_u128(0xf1));
const SECOND: (Role, Uuid) = (Role::Finance, Uuid::from_u128(0xf2));

async fn asked(stage: &Stage, path: &str) -> (u16, Value) {
    let (status, body) = stage.get(ADMIN, path).await;
    (status, serde_json::from_str(&body).unwrap_or(Value::String(body)))
}

async fn get(stage: &Stage, path: &str) -> Value {
    let (status, body) = asked(stage, path).await;
    assert_eq!(status, 200, "{path}: {body}");
    body
}

fn at(time: &str) -> DateTime<Utc> {
    format!("2026-01-05T{time}:00Z").parse().unwrap()
}

/// Sets the clock to a time of the first day.
fn set(stage: &Stage, time: &str) {
    stage.clock.advance(at(time) - stage.clock.now());
}

fn slot(station: &Value, number: usize) -> &Value {
    &station["slot_list"][number - 1]["status"]
}

/// What the books know at the moment, as a question.
async fn known_now(stage: &Stage) -> String {
    let position = get(stage, "/api/v1/finance/trial-balance").await["position"].as_i64().unwrap();
    format!("as_of=position:{position}")
}

/// A bank taken at 09:00 is given back at 10:00 to a station without a network, which says so at 14:00. What is
/// returned last asks for what was known at noon: the clock that says when something was recorded is the database's.
async fn offline_return(stage: &Stage) -> (Uuid, Station, Uuid, String) {
    let (station, customer) = (stage.station("instant", 1).await, stage.customer(1).await);
    set(stage, "09:00");
    let rental = stage.start(customer, &station, 1).await;
    set(stage, "12:00");
    let known = known_now(stage).await;
    set(stage, "14:00");
    let serial = &station.devices[0].1;
    let returned = json!({"serial": serial, "station_id": station.id, "slot": 1, "observed_at": at("10:00")});
    stage.command(station.who(), "DeviceReturned", returned).await;
    (customer, station, rental, known)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offline_return_was_not_known_at_noon_and_had_happened_by_noon() {
    let stage = Stage::new().await;
    let projector = stage.project().await;
    let (customer, station, rental, known) = offline_return(&stage).await;
    let (of_rental, of_charge) =
        (format!("/api/v1/rentals/{rental}"), format!("/api/v1/rentals/{rental}/charge"));
    let (of_station, of_money) =
        (format!("/api/v1/stations/{}", station.id), format!("/api/v1/users/balance?customer_id={customer}"));
    let known = known.as_str();
    let happened = "occurred_until=2026-01-05T12:00:00Z";

    let then = get(&stage, &format!("{of_rental}?{known}")).await;
    assert_eq!((&then["status"], &then["ended_at"]), (&json!("active"), &json!(null)), "{then}");
    assert_eq!((&then["charge"]["total"], &then["charge_final"]), (&json!(5_000), &json!(false)));
    let by_then = get(&stage, &format!("{of_rental}?{happened}")).await;
    assert_eq!((&by_then["status"], &by_then["ended_at"]), (&json!("ended"), &json!("2026-01-05T10:00:00Z")));
    assert_eq!((&by_then["charge"]["total"], &by_then["charge_final"]), (&json!(1_000), &json!(true)));
    let both = get(&stage, &format!("{of_rental}?{known}&{happened}")).await;
    assert_eq!(both["status"], "active", "at noon nobody knew what had happened by noon");
    // Three hours on the meter at noon: six units of thirty minutes.
    assert_eq!(both["charge"]["total"], 3_000);
    let early = get(&stage, &format!("{of_rental}?occurred_until=2026-01-05T09:30:00Z")).await;
    assert_eq!((&early["status"], &early["charge"]["total"]), (&json!("active"), &json!(500)));

    let charge = get(&stage, &format!("{of_charge}?{known}")).await;
    assert_eq!((&charge["total"], &charge["final"]), (&json!(5_000), &json!(false)), "{charge}");
    let charge = get(&stage, &format!("{of_charge}?{happened}")).await;
    assert_eq!((&charge["total"], &charge["final"]), (&json!(1_000), &json!(true)), "{charge}");

    assert_eq!(slot(&get(&stage, &format!("{of_station}?{known}")).await, 1), "empty");
    let by_then = get(&stage, &format!("{of_station}?{happened}")).await;
    assert_eq!((slot(&by_then, 1), &by_then["free_banks"]), (&json!("occupied"), &json!(1)));

    assert_eq!(get(&stage, &format!("{of_money}&{known}")).await["balance"], 20_000);
    assert_eq!(get(&stage, &format!("{of_money}&{happened}")).await["balance"], 19_000);
    assert_eq!(
        get(&stage, &format!("{of_money}&occurred_until=2026-01-05T09:59:59Z")).await["balance"],
        20_000
    );

    let books = |when: &str| format!("/api/v1/finance/trial-balance?{when}");
    let (then, by_then) = (get(&stage, &books(known)).await, get(&stage, &books(happened)).await);
    assert_eq!(credit(&then, "4000"), 0, "{then}");
    assert_eq!(credit(&by_then, "4000"), 847, "{by_then}");
    for balance in [&then, &by_then] {
        assert_eq!(balance["total_debit"], balance["total_credit"]);
    }
    let lines = async |when: &str| {
        let page = get(&stage, &format!("/api/v1/finance/journal?{when}")).await;
        page["items"].as_array().unwrap().len()
    };
    assert_eq!((lines(known).await, lines(happened).await), (1, 3));
    projector.stop().await;
}

fn credit(balance: &Value, account: &str) -> i64 {
    let items = balance["items"].as_array().unwrap();
    items.iter().find(|item| item["account"] == account).unwrap()["credit"].as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_known_at_each_position_is_what_was_answered_there() {
    let stage = Stage::new().await;
    let projector = stage.project().await;
    let (station, customer) = (stage.station("confirmed", 2).await, stage.customer(2).await);
    let path = format!("/api/v1/stations/{}", station.id);
    let mut seen = Vec::new();
    let look = async |seen: &mut Vec<(i64, Value)>| {
        let mut now = get(&stage, &path).await;
        let position = now["position"].take().as_i64().unwrap();
        seen.push((position, now));
    };
    look(&mut seen).await;
    let first = stage.start(customer, &station, 1).await;
    look(&mut seen).await;
    let serial = &station.devices[0].1;
    let steps = [
        (station.who(), "ConfirmRelease", json!({"rental_id": first, "serial": serial, "slot": 1})),
        (ADMIN, "DisableSlot", json!({"station_id": station.id, "slot": 2, "reason": "a test"})),
        (ADMIN, "ChangeStation", json!({"station_id": station.id, "name": "Ubungo"})),
        (station.who(), "DeviceReturned", json!({"serial": serial, "station_id": station.id, "slot": 3})),
        (ADMIN, "EnableSlot", json!({"station_id": station.id, "slot": 2})),
    ];
    for (who, kind, data) in steps {
        stage.clock.advance(TimeDelta::minutes(20));
        stage.command(who, kind, data).await;
        look(&mut seen).await;
    }
    let distinct: BTreeSet<String> = seen.iter().map(|(_, station)| station.to_string()).collect();
    assert_eq!(distinct.len(), seen.len(), "each step shows");
    for (position, expected) in &seen {
        let mut then = get(&stage, &format!("{path}?as_of=position:{position}")).await;
        assert_eq!(then["position"].take(), json!(position));
        assert_eq!(then, *expected, "at {position}");
    }
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_finance_are_what_they_were() {
    let stage = Stage::new().await;
    let projector = stage.project().await;
    let customer = stage.customer(3).await;
    let refund = stage.command(
        FINANCE,
        "RequestDepositRefund",
        json!({
            "customer_id": customer, "amount": 5_000, "provider": "mpesa"
        }),
    );
    let refund = refund.await["result"]["refund_id"].clone();
    let received = json!({
        "provider": "mixx", "provider_reference": "U-9", "amount": 3_000, "payer": "+255700000003",
        "reason": "unknown_reference"
    });
    let receipt = stage.command(crate::harness::PAYMENTS, "RecordUnmatchedReceipt", received).await;
    let receipt = receipt["result"]["receipt_id"].clone();
    let broken = json!({"cause": "missing_at_provider", "provider": "mixx", "provider_reference": "U-9"});
    let broken = stage.command(FINANCE, "OpenBreak", broken).await["result"]["break_id"].clone();
    let assign = json!({"receipt_id": receipt, "customer_id": customer, "reason": "their phone"});
    let approval = stage.command(FINANCE, "AssignReceipt", assign).await["result"]["approval_id"].clone();
    let then = get(&stage, "/api/v1/finance/refunds").await["position"].as_i64().unwrap();
    let noon = stage.clock.now();

    stage.clock.advance(TimeDelta::hours(1));
    stage.command(SECOND, "ApproveAction", json!({"approval_id": approval})).await;
    stage.command(FINANCE, "CloseBreak", json!({"break_id": broken})).await;
    let paid = json!({"refund_id": refund, "provider": "mpesa", "reference": "BY-HAND"});
    stage.command(FINANCE, "RecordRefundSubmitted", paid).await;

    for (list, before, after) in [
        ("refunds", "approved", "submitted"),
        ("receipts", "unmatched", "assigned"),
        ("breaks", "open", "closed"),
        ("approvals", "requested", "approved"),
    ] {
        let statuses = async |query: String| {
            let page = get(&stage, &format!("/api/v1/finance/{list}?{query}")).await;
            // The refund was approved by the system at once.
            let items = page["items"].as_array().unwrap().iter().filter(|item| item["kind"] != "refund");
            items.map(|item| item["status"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
        };
        let only = |status: &str| BTreeSet::from([status.to_owned()]);
        assert_eq!(statuses(String::new()).await, only(after), "{list}");
        assert_eq!(statuses(format!("as_of=position:{then}")).await, only(before), "{list}");
        let noon = noon.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
        let always = "as_of=2100-01-01T00:00:00Z".to_owned();
        assert_eq!(statuses(always).await, only(after), "{list}");
        assert_eq!(statuses(format!("occurred_until={noon}")).await, only(before), "{list}");
        assert_eq!(
            statuses(format!("status={before}&occurred_until={noon}&limit=1")).await,
            only(before),
            "{list}"
        );
        assert_eq!(
            statuses(format!("status={after}&occurred_until={noon}")).await,
            BTreeSet::new(),
            "{list}"
        );
        assert_eq!(statuses("as_of=position:0".to_owned()).await, BTreeSet::new(), "{list}");
    }
    let queue =
        get(&stage, &format!("/api/v1/finance/refunds?queue=manual&as_of=position:{}", then + 2)).await;
    assert_eq!(queue["items"][0]["refund_id"], refund);
    let file = stage.get(FINANCE, &format!("/api/v1/finance/refunds/export?as_of=position:{then}")).await;
    assert!(file.1.contains(refund.as_str().unwrap()), "{file:?}");
    let file = stage.get(FINANCE, "/api/v1/finance/refunds/export").await;
    assert!(!file.1.contains(refund.as_str().unwrap()), "{file:?}");
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_reconciled_with_what_was_known() {
    let stage = Stage::new().await;
    let projector = stage.project().await;
    let before = get(&stage, "/api/v1/finance/reconciliation").await["position"].as_i64().unwrap();
    stage.customer(4).await;
    let collected = async |query: String| {
        let day = get(&stage, &format!("/api/v1/finance/reconciliation?day=2026-01-05{query}")).await;
        day["totals"]["ledger"]["collection"]["amount"].as_i64().unwrap()
    };
    assert_eq!(collected(String::new()).await, 20_000);
    assert_eq!(collected(format!("&as_of=position:{before}")).await, 0);
    assert_eq!(collected("&occurred_until=2026-01-05T06:00:00Z".to_owned()).await, 0);
    assert_eq!(collected("&occurred_until=2026-01-05T23:00:00Z".to_owned()).await, 20_000);
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_yet_says_so_and_what_is_no_moment_is_refused() {
    let stage = Stage::new().await;
    let projector = stage.project().await;
    let (customer, station, rental, _) = offline_return(&stage).await;
    let stranger = stage.customer(7).await;
    let things = [
        format!("/api/v1/rentals/{rental}?"),
        format!("/api/v1/rentals/{rental}/charge?"),
        format!("/api/v1/stations/{}?", station.id),
        format!("/api/v1/users/balance?customer_id={customer}&"),
    ];
    for thing in &things {
        for early in ["as_of=position:0", "as_of=2020-01-01T00:00:00Z", "occurred_until=2020-01-01T00:00:00Z"]
        {
            let (status, body) = asked(&stage, &format!("{thing}{early}")).await;
            assert_eq!((status, &body["code"]), (404, &json!("not_there_yet")), "{thing}{early}");
        }
        for bad in
            ["as_of=now", "as_of=position:-1", "occurred_until=position:3", "as_of=position:1&colour=red"]
        {
            let (status, body) = asked(&stage, &format!("{thing}{bad}")).await;
            assert_eq!((status, &body["code"]), (400, &json!("malformed")), "{thing}{bad}");
        }
        let (status, body) = asked(&stage, &format!("{thing}as_of=position:100000")).await;
        assert_eq!((status, &body["code"]), (503, &json!("not_caught_up")), "{thing}");
        let later = get(&stage, &format!("{thing}as_of=2030-01-01T00:00:00Z")).await;
        let (mut later, mut now) = (later, get(&stage, thing.trim_end_matches(['?', '&'])).await);
        assert_eq!((later["position"].take(), later), (now["position"].take(), now), "{thing}");
    }
    for path in ["/api/v1/rentals", "/api/v1/stations"] {
        let (status, body) = asked(&stage, &format!("{path}/{stranger}?as_of=position:3")).await;
        assert_eq!((status, &body["code"]), (404, &json!("not_found")), "{path}");
    }
    let theirs = format!("/api/v1/rentals/{rental}?as_of=position:0");
    let (status, body) = stage.get((Role::Customer, stranger), &theirs).await;
    assert_eq!((status, body.contains("not_found")), (404, true), "a stranger learns nothing: {body}");
    let empty = get(&stage, "/api/v1/finance/trial-balance?as_of=position:0").await;
    assert_eq!((&empty["total_debit"], &empty["position"]), (&json!(0), &json!(0)));
    let empty = get(&stage, "/api/v1/finance/journal?as_of=2020-01-01T00:00:00Z").await;
    assert_eq!((&empty["items"], &empty["position"]), (&json!([]), &json!(0)));
    projector.stop().await;
}

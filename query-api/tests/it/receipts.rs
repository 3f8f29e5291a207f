//! Receipts and explained charges over HTTP, on the real services with a real sealer.

use edge::Role;
use ledger::tree::VerifierKey;
use query_api::receipt::{Receipt, verify};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{ADMIN, Stage, Who};

const FINANCE: Who = (Role::Finance, Uuid::from_u128(0xf1));
const SUPPORT: Who = (Role::Support, Uuid::from_u128(0x50));

async fn json_of(stage: &Stage, who: Who, path: &str) -> Value {
    let (status, text) = stage.get(who, path).await;
    assert_eq!(status, 200, "{path}: {text}");
    serde_json::from_str(&text).unwrap()
}

/// The status and the code of a refusal.
async fn refused(stage: &Stage, who: Who, path: &str) -> (u16, String) {
    let (status, text) = stage.get(who, path).await;
    let body: Value = serde_json::from_str(&text).unwrap();
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_comes_with_its_checkpoint_and_holds_without_us() {
    let stage = Stage::new().await;
    let (somebody, other) = (stage.customer(1).await, stage.customer(2).await);
    let station = stage.station("instant", 2).await;
    let rental = stage.start(somebody, &station, 1).await;
    let me = (Role::Customer, somebody);
    let path = format!("/api/v1/rentals/{rental}/receipt");
    assert_eq!(refused(&stage, me, &path).await, (422, "rental_open".to_owned()));
    stage.clock.advance(chrono::TimeDelta::minutes(40));
    stage.give_back(&station, 1).await;
    assert_eq!(refused(&stage, me, &path).await, (503, "not_sealed".to_owned()), "nobody seals yet");

    let sealing = stage.seal();
    let (status, text) = stage.get(me, &path).await;
    assert_eq!(status, 200, "{text}");
    let keys: Vec<VerifierKey> = stage.checkpoint_keys().await;
    let proved = verify(text.as_bytes(), &keys).unwrap();
    assert_eq!((proved.bill.rental_id, proved.bill.total, proved.bill.from_deposit), (rental, 1_000, 1_000));
    assert_eq!(stage.get(me, &path).await.1, text, "the same bill has the same receipt");
    for who in [SUPPORT, FINANCE, ADMIN] {
        assert_eq!(stage.get(who, &path).await, (200, text.clone()));
    }
    assert_eq!(refused(&stage, (Role::Customer, other), &path).await.0, 404);
    assert_eq!(refused(&stage, (Role::Station, station.id), &path).await.0, 403);
    assert_eq!(
        refused(&stage, ADMIN, "/api/v1/rentals/00000000-0000-7000-8000-000000000000/receipt").await.0,
        404
    );
    assert_eq!(refused(&stage, ADMIN, &format!("/api/v1/rentals/{somebody}/receipt")).await.0, 404);
    assert_eq!(refused(&stage, me, &format!("{path}?format=pdf")).await.0, 400);
    for word in ["+255", "Asha"] {
        assert!(!text.contains(word), "{word}");
    }

    // What is told later makes another bill, and another receipt.
    let attempt = json!({"device_id": station.devices[0].0, "station_id": station.id,
        "observed_at": (stage.clock_now() - chrono::TimeDelta::minutes(20)), "reason": "full"});
    stage.command((Role::Station, station.id), "ReportReturnRefused", attempt).await;
    let (_, newer) = stage.get(me, &path).await;
    let proved = verify(newer.as_bytes(), &keys).unwrap();
    assert_eq!((proved.bill.total, proved.bill.corrected.len()), (500, 1));
    assert!(verify(text.as_bytes(), &keys).is_ok(), "the older one still says what was known then");
    assert_eq!(Receipt::parse(newer.as_bytes()).unwrap().events.len(), 4);
    sealing.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_is_a_page_and_a_picture_in_the_customers_language() {
    let stage = Stage::new().await;
    let somebody = stage.customer(1).await;
    let station = stage.station("instant", 1).await;
    let rental = stage.start(somebody, &station, 1).await;
    stage.clock.advance(chrono::TimeDelta::minutes(40));
    stage.give_back(&station, 1).await;
    let sealing = stage.seal();
    let me = (Role::Customer, somebody);
    let path = format!("/api/v1/rentals/{rental}/receipt");
    let page = stage.get(me, &format!("{path}?format=html")).await.1;
    assert!(page.contains("<html lang=\"sw\">") && page.contains("TZS 1,000"), "{page}");
    stage.command(me, "UpdateProfile", json!({"customer_id": somebody, "language": "en"})).await;
    let page = stage.get(me, &format!("{path}?format=html")).await.1;
    assert!(page.contains("<html lang=\"en\">") && page.contains("TOTAL"), "{page}");
    let page = stage.get(me, &format!("{path}?format=html&lang=sw")).await.1;
    assert!(page.contains("JUMLA"), "{page}");
    let picture = stage.get(me, &format!("{path}?format=svg")).await.1;
    assert!(picture.starts_with("<svg") && picture.contains("TZS 1,000"), "{picture}");
    let (kind, accepted) = stage.get_as(me, &path, "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8").await;
    assert!(kind.starts_with("text/html") && accepted.starts_with("<!DOCTYPE html>"), "{kind}");
    assert_eq!(stage.get_as(me, &path, "*/*").await.0, "application/json");
    sealing.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charge_says_which_events_made_each_line_and_what_was_corrected() {
    let stage = Stage::new().await;
    let projector = stage.project().await;
    let somebody = stage.customer(1).await;
    let station = stage.station("instant", 1).await;
    let rental = stage.start(somebody, &station, 1).await;
    let me = (Role::Customer, somebody);
    let path = format!("/api/v1/rentals/{rental}/charge");
    let running = json_of(&stage, me, &path).await;
    assert_eq!((&running["final"], &running["bills"]), (&json!(false), &json!([])));
    let start = running["events"][0]["position"].as_i64().unwrap();
    assert_eq!(running["lines"][0]["events"], json!([start]));
    assert_eq!((&running["tariff"]["version"], &running["tariff"]["unit_price"]), (&json!(1), &json!(500)));

    stage.clock.advance(chrono::TimeDelta::minutes(40));
    stage.give_back(&station, 1).await;
    let ended = json_of(&stage, me, &path).await;
    let end = ended["events"][1]["position"].as_i64().unwrap();
    assert_eq!((&ended["total"], &ended["lines"][0]["events"]), (&json!(1_000), &json!([start, end])));
    assert_eq!(ended["bills"][0]["replaced_by"], json!(null));

    let attempt = json!({"device_id": station.devices[0].0, "station_id": station.id,
        "observed_at": (stage.clock_now() - chrono::TimeDelta::minutes(20)), "reason": "full"});
    stage.command((Role::Station, station.id), "ReportReturnRefused", attempt).await;
    let corrected = json_of(&stage, me, &path).await;
    let parts: Vec<&str> =
        corrected["events"].as_array().unwrap().iter().map(|event| event["part"].as_str().unwrap()).collect();
    assert_eq!(parts, ["start", "end", "attempt", "correction"]);
    let position = |index: usize| corrected["events"][index]["position"].as_i64().unwrap();
    assert_eq!(corrected["total"], json!(500));
    assert_eq!(corrected["lines"][0]["events"], json!([start, position(2), position(3)]));
    let bills = corrected["bills"].as_array().unwrap();
    assert_eq!((bills.len(), &bills[0]["total"], &bills[1]["total"]), (2, &json!(1_000), &json!(500)));
    assert_eq!((&bills[0]["position"], &bills[0]["replaced_by"]), (&json!(end), &json!(position(3))));
    // At the moment of the end it was known otherwise.
    let then = json_of(&stage, FINANCE, &format!("{path}?as_of=position:{end}")).await;
    assert_eq!((&then["total"], then["bills"].as_array().unwrap().len()), (&json!(1_000), 1));
    projector.stop().await;
}

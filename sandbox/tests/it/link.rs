//! The cabinet link: token, stream, reports, answers, uploads.

use serde_json::json;
use uuid::Uuid;

use crate::harness::{Place, STATION, registration, wait_until};
use crate::ledger::{Ledger, SECRET, rental};
use sandbox::Settings;

const ATTEMPT: Uuid = Uuid::from_u128(0x0191_0000_0000_7000_8000_0000_0000_0007);

#[tokio::test]
async fn a_release_is_answered_by_the_bank_that_left() {
    let place = Place::with_cabinet().await;
    place.ledger.release(7, ATTEMPT, 1);
    let commands = place.commands(1).await;
    assert_eq!(commands[0]["type"], "ConfirmRelease");
    assert_eq!(commands[0]["data"], json!({"rental_id": rental(ATTEMPT), "serial": "CP-1", "slot": 1}));
    assert!(commands[0]["occurred_at"].is_string());
    assert_eq!(place.serials().await, [json!(null), json!("CP-2"), json!(null), json!(null)]);

    place.ledger.release(8, Uuid::from_u128(8), 3);
    let commands = place.commands(2).await;
    assert_eq!(commands[1]["type"], "ReportReleaseFailure");
    assert_eq!(commands[1]["data"]["reason"], "slot_empty");
    place.stop().await;
}

#[tokio::test]
async fn a_release_that_is_delivered_again_repeats_its_answer_and_ejects_nothing() {
    let place = Place::with_cabinet().await;
    place.ledger.release(7, ATTEMPT, 1);
    place.commands(1).await;
    wait_until("the answer is settled", async || place.cabinet().await["waiting"] == 0).await;
    place.ledger.cut();
    wait_until("it listens again", async || place.ledger.state().opened.len() == 2).await;
    place.ledger.release(7, ATTEMPT, 1);
    let commands = place.commands(2).await;
    assert_eq!(commands[0], commands[1]);
    assert_eq!(place.serials().await[1], "CP-2");
    place.stop().await;
}

#[tokio::test]
async fn a_stream_that_breaks_is_taken_up_after_the_last_event_with_a_full_inventory() {
    let place = Place::with_cabinet().await;
    place.ledger.release(7, ATTEMPT, 1);
    place.commands(1).await;
    place.ledger.cut();
    wait_until("it listens again", async || place.ledger.state().opened.len() == 2).await;
    assert_eq!(place.ledger.state().opened, [None, Some("7".to_owned())]);
    wait_until("it tells again what stands where", async || place.ledger.state().inventories.len() == 2)
        .await;
    let inventory = place.ledger.state().inventories[1].clone();
    assert_eq!(
        inventory["slots"],
        json!([{"slot": 1}, {"slot": 2, "serial": "CP-2", "battery_percent": 80}, {"slot": 3}, {"slot": 4}])
    );
    place.stop().await;
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends() {
    let ledger = Ledger::start();
    ledger.state().expires_in = 1;
    let mut settings = Settings::default();
    settings.cabinets.heartbeat_ms = 50;
    let place = Place::with(ledger, None, settings).await.connected().await;
    wait_until("it has had three tokens", async || place.ledger.state().granted >= 3).await;
    assert_eq!(place.ledger.state().strangers, 0);
    place.stop().await;
}

#[tokio::test]
async fn a_token_that_is_refused_is_replaced_at_once() {
    let place = Place::with_cabinet().await;
    place.ledger.revoke();
    place.inventory().await;
    let (granted, strangers) = {
        let state = place.ledger.state();
        (state.granted, state.strangers)
    };
    assert_eq!((granted, strangers), (2, 1));
    place.stop().await;
}

#[tokio::test]
async fn a_cabinet_with_a_wrong_secret_is_refused_until_it_has_the_right_one() {
    let place = Place::new().await;
    assert_eq!(place.post("/cabinets", &registration("wrong")).await.0, 201);
    wait_until("it is refused", async || place.cabinet().await["connection"] == "refused").await;
    assert!(place.ledger.state().opened.is_empty());
    assert_eq!(place.act("remove", json!({"slot": 2})).await.0, 200);

    assert_eq!(place.post("/cabinets", &registration(SECRET)).await.0, 200);
    wait_until("it is connected", async || place.cabinet().await["connection"] == "connected").await;
    assert_eq!(place.serials().await[1], json!(null), "its content is what it was");
    place.stop().await;
}

#[tokio::test]
async fn heartbeats_and_inventories_come_as_often_as_they_are_set() {
    let place = Place::with_cabinet().await;
    place.set(json!({"cabinets": {"heartbeat_ms": 20, "inventory_ms": 30}})).await;
    wait_until("many have come", async || {
        let state = place.ledger.state();
        state.heartbeats.len() > 3 && state.inventories.len() > 3
    })
    .await;
    assert!(place.ledger.state().heartbeats[0]["at"].is_string());
    place.stop().await;
}

#[tokio::test]
async fn what_happens_while_the_ledger_is_away_is_uploaded_in_order_when_it_is_back() {
    let place = Place::with_cabinet().await;
    place.ledger.state().away = true;
    place.ledger.release(7, ATTEMPT, 1);
    wait_until("the bank has left", async || place.serials().await[0].is_null()).await;
    for (serial, slot) in [("CP-8", 3), ("CP-9", 4)] {
        let body = json!({"serial": serial, "slot": slot, "battery_percent": 30});
        assert_eq!(place.act("insert", body).await.0, 200);
    }
    assert_eq!(place.cabinet().await["waiting"], 3);
    place.ledger.state().away = false;
    wait_until("all is settled", async || place.cabinet().await["waiting"] == 0).await;
    let uploads = place.ledger.state().uploads.concat();
    let said: Vec<&str> = uploads.iter().map(|command| command["type"].as_str().unwrap()).collect();
    assert_eq!(said, ["ConfirmRelease", "DeviceReturned", "DeviceReturned"]);
    assert!(place.ledger.state().commands.is_empty());
    place.stop().await;
}

#[tokio::test]
async fn a_command_that_is_refused_has_its_last_word() {
    let place = Place::with_cabinet().await;
    place.ledger.state().refuses = Some("device_unknown");
    assert_eq!(place.act("insert", json!({"serial": "CP-9", "slot": 3})).await.0, 200);
    wait_until("it is settled", async || place.cabinet().await["waiting"] == 0).await;
    let last = place.cabinet().await["last"].to_string();
    assert!(last.contains("sent DeviceReturned: device_unknown"), "{last}");
    assert_eq!(place.ledger.state().commands.len(), 1);
    place.stop().await;
}

#[tokio::test]
async fn a_cabinet_may_have_a_ledger_of_its_own() {
    let place = Place::new().await;
    let other = Ledger::start();
    let mut body = registration(SECRET);
    body["gateway"] = json!(format!("{}/", other.url));
    assert_eq!(place.post("/cabinets", &body).await.0, 201);
    wait_until("it is connected", async || place.cabinet().await["connection"] == "connected").await;
    assert_eq!((other.state().opened.len(), place.ledger.state().opened.len()), (1, 0));
    assert_eq!(place.get(&format!("/cabinets/{STATION}")).await.1["gateway"], json!(other.url));
    other.stop().await;
    place.stop().await;
}

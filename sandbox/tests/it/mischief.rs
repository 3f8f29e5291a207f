//! Each way in which a cabinet may misbehave, as the ledger sees it.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use edge::{Clock as _, SystemClock};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Place, wait_until};

const ATTEMPT: Uuid = Uuid::from_u128(0x0191_0000_0000_7000_8000_0000_0000_0007);

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn slow_and_late_cabinets_answer_after_their_time() {
    for (how, setting) in [("slow", "slow_ms"), ("late", "late_ms")] {
        let place = Place::with_cabinet().await;
        place.set(json!({"cabinets": {setting: 400}})).await;
        place.misbehave(how, 60).await;
        let asked = Instant::now();
        place.ledger.release(7, ATTEMPT, 1);
        wait_until("the bank has left", async || place.serials().await[0].is_null()).await;
        let commands = place.commands(1).await;
        assert!(asked.elapsed() >= Duration::from_millis(400), "{how}");
        let told = SystemClock.now() - time(&commands[0]["occurred_at"]);
        assert!(told >= TimeDelta::milliseconds(390), "it tells when the bank left, not when it says so");
        place.stop().await;
    }
}

#[tokio::test]
async fn a_silent_cabinet_is_found_out_by_its_inventory() {
    let place = Place::with_cabinet().await;
    place.misbehave("silent", 60).await;
    place.ledger.release(7, ATTEMPT, 1);
    wait_until("the bank has left", async || place.serials().await[0].is_null()).await;
    // What it had to say it would have said before the inventory.
    let inventory = place.inventory().await;
    assert_eq!(inventory["slots"][0], json!({"slot": 1}));
    place.misbehave("silent", 0).await;
    place.ledger.release(7, ATTEMPT, 1);
    place.ledger.release(8, Uuid::from_u128(8), 2);
    let commands = place.commands(1).await;
    assert_eq!((commands.len(), &commands[0]["data"]["serial"]), (1, &json!("CP-2")));
    place.stop().await;
}

#[tokio::test]
async fn the_wrong_bank_is_confirmed_with_its_own_serial() {
    let place = Place::with_cabinet().await;
    place.misbehave("wrong_bank", 60).await;
    place.ledger.release(7, ATTEMPT, 1);
    let commands = place.commands(1).await;
    assert_eq!(commands[0]["type"], "ConfirmRelease");
    assert_eq!((&commands[0]["data"]["serial"], &commands[0]["data"]["slot"]), (&json!("CP-2"), &json!(2)));
    assert_eq!(place.serials().await, [json!("CP-1"), json!(null), json!(null), json!(null)]);
    place.stop().await;
}

#[tokio::test]
async fn of_two_banks_one_is_confirmed_and_the_other_is_missing_from_the_inventory() {
    let place = Place::with_cabinet().await;
    place.misbehave("two_banks", 60).await;
    place.ledger.release(7, ATTEMPT, 1);
    let commands = place.commands(1).await;
    assert_eq!(commands[0]["data"]["serial"], "CP-1");
    let inventory = place.inventory().await;
    assert_eq!(inventory["slots"], json!([{"slot": 1}, {"slot": 2}, {"slot": 3}, {"slot": 4}]));
    assert_eq!(place.ledger.state().commands.len(), 1);
    place.stop().await;
}

#[tokio::test]
async fn an_offline_cabinet_keeps_what_happens_and_uploads_it_later() {
    let place = Place::with_cabinet().await;
    place.set(json!({"cabinets": {"heartbeat_ms": 20}})).await;
    place.misbehave("offline", 60).await;
    wait_until("it has hung up", async || place.cabinet().await["connection"] == "offline").await;
    let body = json!({"serial": "CP-9", "slot": 3, "battery_percent": 30});
    assert_eq!(place.act("insert", body).await.0, 200);
    assert_eq!(place.cabinet().await["waiting"], 1);
    assert!(place.ledger.state().commands.is_empty());
    place.misbehave("offline", 0).await;
    wait_until("it has uploaded", async || !place.ledger.state().uploads.is_empty()).await;
    let upload = place.ledger.state().uploads[0].clone();
    assert_eq!((upload.len(), &upload[0]["type"]), (1, &json!("DeviceReturned")));
    assert_eq!(upload[0]["data"]["serial"], "CP-9");
    wait_until("it listens again", async || place.ledger.state().opened.len() == 2).await;
    place.stop().await;
}

#[tokio::test]
async fn misbehaving_ends_by_itself_and_nothing_was_said_while_offline() {
    let place = Place::with_cabinet().await;
    place.misbehave("offline", 1).await;
    place.set(json!({"cabinets": {"heartbeat_ms": 20}})).await;
    assert_eq!(place.cabinet().await["misbehaviour"]["how"], "offline");
    wait_until("it has hung up", async || place.cabinet().await["connection"] == "offline").await;
    let heard = place.ledger.state().heartbeats.len();
    let mut until_then = heard;
    wait_until("it is no longer offline", async || {
        let offline = place.cabinet().await["misbehaviour"]["how"] == "offline";
        if offline {
            until_then = place.ledger.state().heartbeats.len();
        }
        !offline
    })
    .await;
    // One may have been on its way when the link was cut; a second of beating would have been fifty.
    assert!(until_then <= heard + 1, "{heard} heartbeats, then {until_then}");
    wait_until("it is connected again", async || place.cabinet().await["connection"] == "connected").await;
    assert_eq!(place.cabinet().await["misbehaviour"], json!(null));
    place.stop().await;
}

#[tokio::test]
async fn a_duplicating_cabinet_says_everything_twice_at_once() {
    let place = Place::with_cabinet().await;
    place.misbehave("duplicate", 60).await;
    place.ledger.release(7, ATTEMPT, 1);
    let commands = place.commands(2).await;
    assert_eq!(commands[0], commands[1]);
    assert_eq!(place.act("insert", json!({"serial": "CP-9", "slot": 3})).await.0, 200);
    let commands = place.commands(4).await;
    assert_eq!(commands[2], commands[3]);
    place.stop().await;
}

#[tokio::test]
async fn a_wrong_clock_shows_in_everything_that_is_told() {
    let place = Place::with_cabinet().await;
    place.misbehave("clock_wrong", 60).await;
    let ahead = |value: &Value| time(value) - SystemClock.now() > TimeDelta::minutes(179);
    place.ledger.release(7, ATTEMPT, 1);
    let commands = place.commands(1).await;
    assert!(ahead(&commands[0]["occurred_at"]));
    assert!(ahead(&place.inventory().await["taken_at"]));
    place.set(json!({"cabinets": {"heartbeat_ms": 20}})).await;
    wait_until("a heartbeat is ahead", async || {
        ahead(&place.ledger.state().heartbeats.last().unwrap()["at"])
    })
    .await;
    place.stop().await;
}

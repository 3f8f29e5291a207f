//! The sandbox's own interface: what it refuses, and what it shows.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Place, STATION, registration, wait_until};
use crate::ledger::SECRET;

#[tokio::test]
async fn a_bank_goes_into_one_slot_of_one_cabinet() {
    let place = Place::with_cabinet().await;
    let other = json!({"station_id": Uuid::from_u128(2), "secret": SECRET, "slots": [{"slot": 1}]});
    assert_eq!(place.post("/cabinets", &other).await.0, 201);
    let into_other = format!("/cabinets/{}/insert", Uuid::from_u128(2));
    let (status, body) = place.post(&into_other, &json!({"serial": "CP-1", "slot": 1})).await;
    assert_eq!((status, &body["code"]), (409, &json!("bank_elsewhere")));
    assert_eq!((&body["station_id"], &body["slot"]), (&json!(STATION), &json!(1)));

    let (status, body) = place.act("insert", json!({"serial": "CP-9", "slot": 1})).await;
    assert_eq!((status, &body["code"]), (409, &json!("slot_taken")));
    let commands = place.commands(1).await;
    assert_eq!(commands[0]["type"], "ReportReturnRefused");
    assert_eq!(commands[0]["data"]["reason"], "slot_taken");

    assert_eq!(place.act("insert", json!({"serial": "CP-9", "slot": 9})).await.0, 404);
    let nowhere = format!("/cabinets/{}/insert", Uuid::from_u128(3));
    assert_eq!(place.post(&nowhere, &json!({"serial": "CP-9", "slot": 1})).await.0, 404);

    let (status, body) =
        place.act("insert", json!({"serial": "CP-9", "slot": 3, "battery_percent": 61})).await;
    assert_eq!(status, 200);
    assert_eq!(body["slots"][2], json!({"slot": 3, "serial": "CP-9", "battery_percent": 61}));
    let commands = place.commands(2).await;
    assert_eq!(commands[1]["type"], "DeviceReturned");
    assert_eq!(commands[1]["data"]["battery_percent"], 61);
    place.stop().await;
}

#[tokio::test]
async fn a_bank_that_is_taken_out_by_hand_shows_in_the_inventory_only() {
    let place = Place::with_cabinet().await;
    assert_eq!(place.act("remove", json!({"slot": 1})).await.0, 200);
    let (status, body) = place.act("remove", json!({"slot": 1})).await;
    assert_eq!((status, &body["code"]), (409, &json!("slot_empty")));
    assert_eq!(place.inventory().await["slots"][0], json!({"slot": 1}));
    assert!(place.ledger.state().commands.is_empty());
    place.stop().await;
}

#[tokio::test]
async fn a_broken_slot_neither_opens_nor_takes_and_is_told() {
    let place = Place::with_cabinet().await;
    assert_eq!(place.act("fault", json!({"slot": 1, "fault": "jammed"})).await.0, 200);
    assert_eq!(place.act("fault", json!({"slot": 3, "fault": "jammed"})).await.0, 200);
    place.ledger.release(7, Uuid::from_u128(7), 1);
    assert_eq!(place.commands(1).await[0]["data"]["reason"], "slot_faulty");
    let (status, body) = place.act("insert", json!({"serial": "CP-9", "slot": 3})).await;
    assert_eq!((status, &body["code"]), (409, &json!("slot_faulty")));
    assert_eq!(place.inventory().await["slots"][2], json!({"slot": 3, "fault": "jammed"}));
    assert_eq!(place.act("fault", json!({"slot": 3})).await.0, 200);
    assert_eq!(place.act("insert", json!({"serial": "CP-9", "slot": 3})).await.0, 200);
    assert_eq!(place.act("fault", json!({"slot": 9})).await.0, 404);
    place.stop().await;
}

#[tokio::test]
async fn what_cannot_be_is_malformed() {
    let place = Place::with_cabinet().await;
    for (what, body) in [
        ("insert", json!({"serial": "CP-9", "slot": 3, "colour": "red"})),
        ("insert", json!({"serial": "x", "slot": 3})),
        ("insert", json!({"serial": "CP-9", "slot": 3, "battery_percent": 101})),
        ("insert", json!({"serial": "CP-9"})),
        ("remove", json!({})),
        ("misbehave", json!({"how": "explode", "for_seconds": 1})),
        ("misbehave", json!({"how": "slow", "for_seconds": 86_401})),
        ("fault", json!({"slot": 1, "fault": ""})),
    ] {
        let (status, answer) = place.act(what, body.clone()).await;
        assert_eq!((status, &answer["code"]), (400, &json!("malformed")), "{what} {body}");
    }
    for change in [
        ("secret", json!("")),
        ("gateway", json!("ftp://x")),
        ("slots", json!([{"slot": 0}])),
        ("slots", json!([{"slot": 1}, {"slot": 1}])),
        ("slots", json!([{"slot": 1, "serial": "CP-7"}, {"slot": 2, "serial": "CP-7"}])),
        ("colour", json!("red")),
    ] {
        let mut body = registration(SECRET);
        body["station_id"] = json!(Uuid::from_u128(5));
        body[change.0] = change.1.clone();
        assert_eq!(place.post("/cabinets", &body).await.0, 400, "{change:?}");
    }
    assert_eq!(place.post("/cabinets/x/insert", &json!({"serial": "CP-9", "slot": 3})).await.0, 400);
    assert_eq!(
        place.act("insert", json!({"serial": "CP-9", "slot": 3})).await.0,
        200,
        "nothing of it was done"
    );
    place.stop().await;
}

#[tokio::test]
async fn settings_are_shown_changed_in_part_and_refused_whole() {
    let place = Place::new().await;
    let before = place.get("/settings").await.1;
    let usual = ["default_outcome", "delay_ms"].map(|name| before["payments"][name].clone());
    assert_eq!(usual, [json!("ask"), json!(4_000)]);
    let change = json!({"payments": {"default_outcome": "storm"}, "cabinets": {"heartbeat_ms": 5}});
    let (status, after) = place.send(Method::PUT, "/settings", &change).await;
    assert_eq!((status, &after["payments"]["default_outcome"]), (200, &json!("storm")));
    assert_eq!(place.get("/settings").await.1, after);
    assert_eq!(after["sms"], before["sms"]);
    for wrong in
        [json!({"payments": {"default_outcome": "x"}}), json!({"cabinets": {"speed": 1}}), json!({"x": {}})]
    {
        assert_eq!(place.send(Method::PUT, "/settings", &wrong).await.0, 400, "{wrong}");
    }
    assert_eq!(place.get("/settings").await.1, after);
    place.stop().await;
}

#[tokio::test]
async fn cabinets_are_listed_without_their_secrets() {
    let place = Place::with_cabinet().await;
    wait_until("it is connected", async || place.cabinet().await["connection"] == "connected").await;
    let (status, list) = place.get("/cabinets").await;
    assert_eq!((status, list["items"].as_array().unwrap().len()), (200, 1));
    let mut cabinet = list["items"][0].clone();
    assert!(!list.to_string().contains(SECRET));
    assert!(cabinet["last"].take().as_array().is_some_and(|deeds| !deeds.is_empty()));
    assert_eq!(
        cabinet,
        json!({"station_id": STATION, "gateway": place.ledger.url, "connection": "connected", "misbehaviour": null,
            "waiting": 0, "last": Value::Null, "slots": [
            {"slot": 1, "serial": "CP-1", "battery_percent": 90},
            {"slot": 2, "serial": "CP-2", "battery_percent": 80}, {"slot": 3}, {"slot": 4}]})
    );
    assert_eq!(place.get(&format!("/cabinets/{}", Uuid::from_u128(2))).await.0, 404);
    place.stop().await;
}

#[tokio::test]
async fn there_is_a_page_that_needs_nothing_from_elsewhere() {
    let place = Place::new().await;
    assert_eq!(place.get("/health").await.0, 200);
    assert_eq!(place.get("/page/other.js").await.0, 404);
    let page = file(&place, "/", "text/html").await;
    assert!(page.contains("ChajiPoa sandbox"));
    let mut whole = page.clone();
    for (name, kind) in [
        ("style.css", "text/css"),
        ("common.js", "text/javascript"),
        ("phones.js", "text/javascript"),
        ("cabinets.js", "text/javascript"),
    ] {
        let path = format!("/page/{name}");
        assert!(page.contains(&format!("\"{path}\"")), "{name}");
        whole += &file(&place, &path, kind).await;
    }
    assert!(!whole.contains("http://") && !whole.contains("https://") && !whole.contains("innerHTML"));
    place.stop().await;
}

async fn file(place: &Place, path: &str, kind: &str) -> String {
    let file = place.request(Method::GET, path).send().await.unwrap();
    assert!(file.headers()["content-type"].to_str().unwrap().starts_with(kind), "{path}");
    file.text().await.unwrap()
}

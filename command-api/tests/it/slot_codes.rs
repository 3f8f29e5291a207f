//! The rotating code of a slot: who may show it, and what starting a rental makes of it.

use std::sync::Arc;

use chrono::TimeDelta;
use edge::{Clock as _, FixedClock, Role, SystemClock};
use serde_json::json;

use crate::harness::{ADMIN, City, Place, customer, id, rich_customer};

#[actix_web::test]
async fn a_scanned_code_starts_the_rental_of_its_slot_for_two_minutes() {
    let place = Place::new().await;
    let clock = Arc::new(FixedClock::at(SystemClock.now()));
    let api = place.api_at(Arc::clone(&clock)).await;
    let asker = place.site(&api).await;
    let city = City::build(&asker, "instant", 3).await;
    let path = format!("/api/v1/stations/{}/qr", city.station);
    let display = (Role::Station, city.station);
    let shown = asker.post(display, &path, json!({"slot": 2})).await.expect(200).json();
    let (payload, url) = (shown["payload"].as_str().unwrap(), shown["url"].as_str().unwrap());
    assert!(url.starts_with("https://") && url.ends_with(payload), "{url}");
    assert!(shown["svg"].as_str().unwrap().contains("<svg"));
    let ends: chrono::DateTime<chrono::Utc> = shown["expires_at"].as_str().unwrap().parse().unwrap();
    assert!((ends - clock.now()).num_seconds() >= 119 && ends - clock.now() <= TimeDelta::seconds(120));

    let (asha, key) = (rich_customer(&asker, 1).await, id());
    let body = json!({"qr": url}).to_string();
    let start = "/api/v1/rentals/start";
    let first = asker.request(Some(customer(asha)), start, Some(key), body.clone()).await.expect(201);
    assert_eq!(first.json()["result"]["device_id"], city.devices[1].to_string());

    clock.advance(TimeDelta::seconds(121));
    let late = rich_customer(&asker, 2).await;
    let refused = asker.post(customer(late), start, json!({"qr": payload})).await.expect(422);
    assert_eq!(refused.code(), "qr_expired");
    let replay = asker.request(Some(customer(asha)), start, Some(key), body).await.expect(201);
    assert_eq!((replay.replay, replay.text), (true, first.text), "what was answered is answered again");
    let other = rich_customer(&asker, 3).await;
    let unknown_key =
        asker.request(Some(customer(other)), start, Some(id()), json!({"qr": payload}).to_string());
    assert_eq!(unknown_key.await.expect(422).code(), "qr_expired");
}

#[actix_web::test]
async fn an_altered_or_foreign_code_starts_nothing_and_says_which() {
    let place = Place::new().await;
    let api = place.api().await;
    let asker = place.site(&api).await;
    let city = City::build(&asker, "instant", 2).await;
    let asha = rich_customer(&asker, 1).await;
    let path = format!("/api/v1/stations/{}/qr", city.station);
    let shown = asker.post(ADMIN, &path, json!({"slot": 1})).await.expect(200).json();
    let payload = shown["payload"].as_str().unwrap();
    let elsewhere = Place::new().await;
    let other_api = elsewhere.api().await;
    let other = elsewhere.site(&other_api).await;
    let theirs = City::build(&other, "instant", 1).await;
    let their_path = format!("/api/v1/stations/{}/qr", theirs.station);
    let foreign = other.post(ADMIN, &their_path, json!({"slot": 1})).await.expect(200).json();
    let last = if payload.ends_with('A') { "E" } else { "A" };
    let altered = format!("{}{last}", &payload[..payload.len() - 1]);
    let before = place.ledger().last_position().await.unwrap();
    let start = "/api/v1/rentals/start";
    for (body, status, code) in [
        (json!({"qr": altered}), 422, "qr_altered"),
        (json!({"qr": foreign["payload"]}), 422, "qr_altered"),
        (json!({"qr": "https://example.com/d/PB-0001"}), 422, "qr_foreign"),
        (json!({"qr": ""}), 422, "qr_foreign"),
        (json!({"qr": payload, "slot": 1}), 400, "malformed"),
        (json!({"station_id": city.station}), 400, "malformed"),
        (json!({}), 400, "malformed"),
    ] {
        let answered = asker.post(customer(asha), start, body.clone()).await.expect(status);
        assert_eq!(answered.code(), code, "{body}");
    }
    assert_eq!(place.ledger().last_position().await.unwrap(), before, "nothing was recorded");
    asker.post(customer(asha), start, json!({"qr": payload})).await.expect(201);
}

#[actix_web::test]
async fn a_code_is_made_for_the_station_itself_and_admin_and_for_slots_that_are_there() {
    let place = Place::new().await;
    let api = place.api().await;
    let asker = place.site(&api).await;
    let city = City::build(&asker, "instant", 1).await;
    let path = format!("/api/v1/stations/{}/qr", city.station);
    asker.post((Role::Station, id()), &path, json!({"slot": 1})).await.expect(404);
    asker.post(ADMIN, &format!("/api/v1/stations/{}/qr", id()), json!({"slot": 1})).await.expect(404);
    for role in [Role::Customer, Role::Agent, Role::Support, Role::Finance, Role::Analyst, Role::Payments] {
        asker.post((role, id()), &path, json!({"slot": 1})).await.expect(403);
    }
    for slot in [0, 201] {
        let refused = asker.post(ADMIN, &path, json!({"slot": slot})).await.expect(422);
        assert_eq!((refused.code().as_str(), refused.json()["slots"].as_i64()), ("slot_unknown", Some(200)));
    }
    asker.post(ADMIN, &path, json!({"slot": "1"})).await.expect(400);
    asker.request(None, &path, None, json!({"slot": 1}).to_string()).await.expect(401);
}

//! Inventories that come twice, late, with a wrong clock, from the wrong speaker, or make no sense.

use chrono::TimeDelta;
use edge::{Clock as _, Role};
use serde_json::{Value, json};

use crate::cabinet::{Cabinet, Ground, later, told};
use crate::harness::{ADMIN, City, id};

#[actix_web::test]
async fn the_same_inventory_twice_has_one_effect_and_one_answer() {
    let ground = Ground::new().await;
    let asker = ground.place.site(&ground.api).await;
    let cabinet = Cabinet::build(&ground, &asker, "confirmed", 2).await;
    let taken_at = later(&ground.clock, 20);
    let slots = json!([{"slot": 1}, cabinet.bank(5, 2)]);
    let first = cabinet.inventory_of(taken_at, &slots).await.expect(200);
    assert_eq!(told(&first.json()), ["1 ReportDeviceMissing recorded", "5 DeviceReturned recorded"]);
    let position = ground.position().await;
    later(&ground.clock, 1);
    let again = cabinet.inventory_of(taken_at, &slots).await.expect(200);
    assert_eq!((again.replay, again.json()), (true, first.json()));
    assert!(!first.replay);
    assert_eq!(ground.position().await, position);
    let sql = "SELECT count(*) FROM cabinet.reading";
    let readings: i64 = ground.owner().await.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(readings, 1);
}

#[actix_web::test]
async fn the_same_inventory_through_two_processes_at_once_has_one_effect() {
    let ground = Ground::new().await;
    let asker = ground.place.site(&ground.api).await;
    let cabinet = Cabinet::build(&ground, &asker, "confirmed", 8).await;
    let other_api = ground.place.start(command_api::Settings::default(), ground.clock.clone()).await;
    let other = ground.place.site(&other_api).await;
    let taken_at = later(&ground.clock, 20);
    let before = ground.position().await;
    let slots: Vec<Value> = (1..=8).map(|slot| json!({"slot": slot})).collect();
    let body = json!({"taken_at": taken_at, "slots": slots});
    let path = cabinet.path("inventory");
    let (one, two) = futures_util::join!(
        asker.post(cabinet.itself(), &path, body.clone()),
        other.post(cabinet.itself(), &path, body.clone()),
    );
    assert_eq!((one.status, two.status), (200, 200), "{} {}", one.text, two.text);
    assert_eq!(one.json(), two.json(), "whichever was first");
    assert_eq!(one.json()["accepted"], true);
    assert_eq!(ground.since(before).await, ["DeviceMissing"; 8]);
    let sql = "SELECT count(*) FROM cabinet.inventory";
    assert_eq!(ground.owner().await.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), 1);
}

#[actix_web::test]
async fn an_inventory_older_than_the_last_one_changes_nothing_and_says_so() {
    let ground = Ground::new().await;
    let asker = ground.place.site(&ground.api).await;
    let cabinet = Cabinet::build(&ground, &asker, "confirmed", 2).await;
    let old = later(&ground.clock, 10);
    later(&ground.clock, 10);
    assert!(cabinet.inventory(json!([cabinet.bank(1, 1), cabinet.bank(2, 2)])).await.is_empty());
    let before = ground.position().await;
    let late = json!([{"slot": 1}, {"slot": 2, "fault": "jam"}]);
    let answer = cabinet.inventory_of(old, &late).await.expect(200).json();
    assert_eq!(answer["accepted"], false);
    let outdated =
        ["1 ReportDeviceMissing refused inventory_outdated", "2 ReportSlotFault refused inventory_outdated"];
    assert_eq!(told(&answer), outdated);
    assert_eq!(ground.position().await, before);
    later(&ground.clock, 10);
    assert!(cabinet.inventory(json!([cabinet.bank(1, 1)])).await.is_empty(), "the last one still counts");
}

#[actix_web::test]
async fn a_later_fact_of_a_slot_stands_against_an_inventory_that_was_taken_before_it() {
    let ground = Ground::new().await;
    let asker = ground.place.site(&ground.api).await;
    let cabinet = Cabinet::build(&ground, &asker, "instant", 3).await;
    let taken_at = later(&ground.clock, 10);
    // While it was on its way, bank 1 was rented, a bank was put into slot 9, and a fault was reported and looked at.
    later(&ground.clock, 1);
    cabinet.start(1, 1, 201).await;
    let device = id();
    let data = json!({"device_id": device, "serial": "PB-NEW"});
    asker.command(ADMIN, "RegisterDevice", data).await.expect(201);
    let data =
        json!({"device_id": device, "station_id": cabinet.city.station, "slot": 9, "battery_percent": 9});
    asker.command(ADMIN, "DockDevice", data).await.expect(201);
    let slot = json!({"station_id": cabinet.city.station, "slot": 7});
    asker.command(ADMIN, "ReportSlotFault", slot.clone()).await.expect(201);
    asker.command(ADMIN, "ClearSlotFault", slot).await.expect(201);
    let before = ground.position().await;
    let slots = json!([cabinet.bank(1, 1), {"slot": 2}, {"slot": 7, "fault": "jam"}, {"slot": 9}]);
    let answer = cabinet.inventory_of(taken_at, &slots).await.expect(200).json();
    let expected = [
        "1 DeviceReturned refused inventory_outdated",
        "2 ReportDeviceMissing recorded",
        "7 ReportSlotFault refused inventory_outdated",
        "9 ReportDeviceMissing refused inventory_outdated",
    ];
    assert_eq!(
        (told(&answer), answer["accepted"].as_bool()),
        (expected.map(str::to_owned).to_vec(), Some(true))
    );
    assert_eq!(ground.since(before).await, ["DeviceMissing"]);
}

#[actix_web::test]
async fn an_inventory_that_was_long_on_its_way_still_makes_the_bill_right_and_moves_no_bank() {
    let ground = Ground::new().await;
    let asker = ground.place.site(&ground.api).await;
    let kiosk = Cabinet::build(&ground, &asker, "instant", 1).await;
    let city = City::build_beside(&asker, 0).await;
    let cabinet = Cabinet { asker: &asker, city, clock: &ground.clock };
    later(&ground.clock, 1);
    kiosk.start(1, 1, 201).await;
    let taken_at = later(&ground.clock, 25);
    later(&ground.clock, 60);
    let back = json!({"device_id": kiosk.city.devices[0], "station_id": kiosk.city.station, "slot": 4});
    asker.command(kiosk.itself(), "DeviceReturned", back).await.expect(201);
    assert_eq!(ground.last("RentalEnded").await["charge"]["total"], 1_500);
    let before = ground.position().await;
    let answer = cabinet.inventory_of(taken_at, &json!([kiosk.bank(3, 1)])).await.expect(200).json();
    assert_eq!(told(&answer), ["3 DeviceReturned recorded"]);
    assert_eq!(ground.since(before).await, ["RentalCorrected"]);
    let corrected = ground.last("RentalCorrected").await;
    assert_eq!((&corrected["charge"]["total"], corrected.get("docked")), (&json!(500), None));
    // A bank that has left again since is not brought back by what was seen before.
    later(&ground.clock, 5);
    kiosk.start(2, 4, 201).await;
    later(&ground.clock, 5);
    let before = ground.position().await;
    let seen = json!([{"slot": 3}, kiosk.bank(7, 1)]);
    let late = cabinet.inventory_of(taken_at + TimeDelta::minutes(1), &seen).await.expect(200).json();
    assert_eq!(told(&late), ["7 DeviceReturned refused inventory_outdated"]);
    assert_eq!(ground.position().await, before);
}

#[actix_web::test]
async fn a_sighting_from_before_the_release_was_unknown_cancels_nothing() {
    let ground = Ground::new().await;
    let asker = ground.place.site(&ground.api).await;
    let cabinet = Cabinet::build(&ground, &asker, "confirmed", 1).await;
    later(&ground.clock, 1);
    let rental = cabinet.start(1, 1, 202).await;
    ground.clock.advance(TimeDelta::seconds(5));
    let taken_at = ground.clock.now();
    later(&ground.clock, 1);
    let data = json!({"rental_id": rental, "reason": "no answer"});
    asker.command(ADMIN, "ReportReleaseUnknown", data).await.expect(201);
    let answer = cabinet.inventory_of(taken_at, &json!([cabinet.bank(1, 1)])).await.expect(200).json();
    assert_eq!(told(&answer), Vec::<String>::new(), "the bank may have left after that");
    later(&ground.clock, 20);
    assert_eq!(cabinet.inventory(json!([cabinet.bank(1, 1)])).await, ["1 CancelRelease recorded"]);
}

#[actix_web::test]
async fn a_clock_ahead_is_taken_as_the_arrival() {
    let ground = Ground::new().await;
    let asker = ground.place.site(&ground.api).await;
    let cabinet = Cabinet::build(&ground, &asker, "confirmed", 2).await;
    let now = later(&ground.clock, 20);
    let ahead = now + TimeDelta::hours(5);
    let slots = json!([{"slot": 1}, cabinet.bank(2, 2)]);
    let first = cabinet.inventory_of(ahead, &slots).await.expect(200);
    assert_eq!(first.json()["taken_at"], json!(now));
    assert_eq!(ground.last("DeviceMissing").await["occurred_at"], json!(now));
    later(&ground.clock, 1);
    let again = cabinet.inventory_of(ahead, &slots).await.expect(200);
    assert_eq!((again.replay, again.json()), (true, first.json()), "the same one, although it arrived later");
    later(&ground.clock, 20);
    let put_right = cabinet.inventory(json!([cabinet.bank(1, 1), cabinet.bank(2, 2)])).await;
    assert_eq!(put_right, ["1 DeviceReturned recorded"], "a clock that was put right is not older");
}

#[actix_web::test]
async fn what_makes_no_sense_is_refused_with_the_slot_and_changes_nothing() {
    let ground = Ground::new().await;
    let asker = ground.place.site(&ground.api).await;
    let cabinet = Cabinet::build(&ground, &asker, "confirmed", 1).await;
    let taken_at = later(&ground.clock, 20);
    let before = ground.position().await;
    for (slots, slot) in [
        (json!([{"slot": 1}, {"slot": 1}]), Some(1)),
        (json!([{"slot": 0}]), Some(0)),
        (json!([{"slot": 1}, {"slot": 201}]), Some(201)),
        (json!([{"slot": 3, "serial": "no spaces"}]), Some(3)),
        (json!([cabinet.bank(3, 1), cabinet.bank(4, 1)]), Some(4)),
        (json!([{"slot": 3, "serial": "PB-1", "battery_percent": -1}]), Some(3)),
        (json!([{"slot": "3"}]), None),
        (json!([{"slot": 3, "colour": "red"}]), None),
        (json!({"slot": 3}), None),
    ] {
        let refused = cabinet.inventory_of(taken_at, &slots).await.expect(400);
        assert_eq!(
            (refused.code().as_str(), refused.json()["slot"].as_i64()),
            ("malformed", slot),
            "{slots}"
        );
    }
    for body in [
        json!({"slots": []}),
        json!({"taken_at": "yesterday", "slots": []}),
        json!({"taken_at": taken_at}),
        json!({"taken_at": taken_at, "slots": [], "more": 1}),
    ] {
        asker.post(cabinet.itself(), &cabinet.path("inventory"), body).await.expect(400);
    }
    assert_eq!(ground.position().await, before);
    assert!(cabinet.inventory(json!([cabinet.bank(1, 1)])).await.is_empty());
}

#[actix_web::test]
async fn a_station_speaks_for_itself_and_others_do_not_speak_for_it() {
    let ground = Ground::new().await;
    let asker = ground.place.site(&ground.api).await;
    let cabinet = Cabinet::build(&ground, &asker, "confirmed", 1).await;
    let bodies = [
        ("heartbeat", json!({})),
        ("inventory", json!({"taken_at": later(&ground.clock, 20), "slots": [{"slot": 1}]})),
    ];
    let before = ground.position().await;
    for (what, body) in bodies {
        let path = cabinet.path(what);
        asker.post((Role::Station, id()), &path, body.clone()).await.expect(404);
        let nowhere = format!("/api/v1/stations/{}/{what}", id());
        asker.post(ADMIN, &nowhere, body.clone()).await.expect(404);
        asker.post(ADMIN, &format!("/api/v1/stations/7/{what}"), body.clone()).await.expect(400);
        for role in [Role::Customer, Role::Agent, Role::Support, Role::Finance, Role::Analyst, Role::Payments]
        {
            asker.post((role, id()), &path, body.clone()).await.expect(403);
        }
        asker.request(None, &path, None, body.to_string()).await.expect(401);
    }
    assert_eq!(ground.position().await, before);
    let sql = "SELECT count(*) FROM cabinet.heard";
    assert_eq!(ground.owner().await.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), 0);
}

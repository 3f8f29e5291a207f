//! Each way in which an inventory differs from the ledger, and what is recorded of it.

use chrono::TimeDelta;
use edge::{Clock as _, Role};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::cabinet::{Cabinet, Ground, later, serial, told};
use crate::harness::{ADMIN, City, id};

fn none() -> Vec<String> {
    Vec::new()
}

#[actix_web::test]
async fn what_is_as_the_ledger_says_changes_nothing() {
    let ground = Ground::new().await;
    let asker = ground.place.site(&ground.api).await;
    let cabinet = Cabinet::build(&ground, &asker, "confirmed", 2).await;
    let before = ground.position().await;
    later(&ground.clock, 20);
    let slots = json!([cabinet.bank(1, 1), cabinet.bank(2, 2), {"slot": 3}]);
    assert_eq!(cabinet.inventory(slots).await, none());
    later(&ground.clock, 20);
    assert_eq!(cabinet.inventory(json!([])).await, none(), "slots that are not listed say nothing");
    assert_eq!(ground.position().await, before);
}

#[actix_web::test]
async fn a_rented_bank_in_a_slot_is_returned_and_billed_to_the_inventory_that_showed_the_slot_empty() {
    let ground = Ground::new().await;
    let asker = ground.place.site(&ground.api).await;
    let cabinet = Cabinet::build(&ground, &asker, "instant", 1).await;
    later(&ground.clock, 1);
    let rental = cabinet.start(1, 1, 201).await;
    let empty_at = later(&ground.clock, 20);
    assert_eq!(cabinet.inventory(json!([{"slot": 1}, {"slot": 5}])).await, none());
    let seen_at = later(&ground.clock, 20);
    let mut back = cabinet.bank(5, 1);
    back["battery_percent"] = json!(41);
    assert_eq!(cabinet.inventory(json!([{"slot": 1}, back])).await, ["5 DeviceReturned recorded"]);
    let ended = ground.last("RentalEnded").await;
    assert_eq!((ended["rental_id"].as_str(), &ended["ended_at"]), (Some(rental.as_str()), &json!(empty_at)));
    let evidence = &ended["evidence"];
    assert_eq!(
        (&evidence["observed_at"], &evidence["last_seen_absent_at"]),
        (&json!(seen_at), &json!(empty_at))
    );
    assert_eq!(evidence["battery_percent"], 41);
    assert_eq!(ended["charge"]["total"], 500, "twenty minutes, not forty");
    assert_eq!(ended["actor"], format!("station:{}", cabinet.city.station));
}

#[actix_web::test]
async fn banks_that_moved_within_the_station_are_in_their_new_slots_and_none_is_missed() {
    let ground = Ground::new().await;
    let asker = ground.place.site(&ground.api).await;
    let cabinet = Cabinet::build(&ground, &asker, "confirmed", 3).await;
    later(&ground.clock, 20);
    let before = ground.position().await;
    // 3 went to a free slot, 2 to where 3 was, 1 to where 2 was: the order of slots would displace them.
    let slots = json!([{"slot": 1}, cabinet.bank(2, 1), cabinet.bank(3, 2), cabinet.bank(9, 3)]);
    let moved = ["2 DeviceReturned recorded", "3 DeviceReturned recorded", "9 DeviceReturned recorded"];
    assert_eq!(cabinet.inventory(slots.clone()).await, moved);
    assert_eq!(ground.since(before).await, ["DeviceDocked"; 3]);
    later(&ground.clock, 20);
    assert_eq!(cabinet.inventory(slots).await, none());
    later(&ground.clock, 20);
    let swapped = json!([cabinet.bank(2, 2), cabinet.bank(3, 1)]);
    let changed = ["2 DeviceReturned recorded", "3 DeviceReturned recorded"];
    assert_eq!(cabinet.inventory(swapped.clone()).await, changed);
    later(&ground.clock, 20);
    assert_eq!(cabinet.inventory(swapped).await, none(), "both are where they are");
}

#[actix_web::test]
async fn a_bank_that_is_gone_is_missed_until_it_is_seen_again() {
    let ground = Ground::new().await;
    let asker = ground.place.site(&ground.api).await;
    let cabinet = Cabinet::build(&ground, &asker, "confirmed", 2).await;
    let gone_at = later(&ground.clock, 20);
    let slots = json!([{"slot": 1}, cabinet.bank(2, 2)]);
    assert_eq!(cabinet.inventory(slots).await, ["1 ReportDeviceMissing recorded"]);
    let missing = ground.last("DeviceMissing").await;
    assert_eq!((&missing["occurred_at"], &missing["last"]["slot"]), (&json!(gone_at), &json!(1)));
    later(&ground.clock, 20);
    assert_eq!(cabinet.inventory(json!([cabinet.bank(7, 1)])).await, ["7 DeviceReturned recorded"]);
    assert_eq!(ground.last("DeviceDocked").await["slot"], 7);
}

#[actix_web::test]
async fn another_bank_than_expected_is_there_and_the_expected_one_is_missed() {
    let ground = Ground::new().await;
    let asker = ground.place.site(&ground.api).await;
    let cabinet = Cabinet::build(&ground, &asker, "confirmed", 1).await;
    let elsewhere = City::build_beside(&asker, 1).await;
    later(&ground.clock, 20);
    let before = ground.position().await;
    let other = json!([{"slot": 1, "serial": serial(elsewhere.devices[0])}]);
    let both = ["1 ReportDeviceMissing recorded", "1 DeviceReturned recorded"];
    assert_eq!(cabinet.inventory(other).await, both);
    assert_eq!(ground.since(before).await, ["DeviceMissing", "DeviceDocked"]);
    assert_eq!(ground.last("DeviceDocked").await["left"], json!(elsewhere.station));
}

#[actix_web::test]
async fn a_serial_that_nobody_knows_is_told_and_nothing_is_recorded_of_it() {
    let ground = Ground::new().await;
    let asker = ground.place.site(&ground.api).await;
    let cabinet = Cabinet::build(&ground, &asker, "confirmed", 1).await;
    later(&ground.clock, 20);
    let before = ground.position().await;
    let slots = json!([cabinet.bank(1, 1), {"slot": 2, "serial": "FAKE-1", "battery_percent": 5}]);
    let unknown = ["2 DeviceReturned refused device_unknown"];
    assert_eq!(cabinet.inventory(slots).await, unknown);
    assert_eq!(ground.position().await, before);
    let sql = "SELECT device_id, serial FROM cabinet.reading WHERE slot = 2";
    let rows = ground.owner().await.query(sql, &[]).await.unwrap();
    assert_eq!((rows[0].get::<_, Option<Uuid>>(0), rows[0].get::<_, &str>(1)), (None, "FAKE-1"));
}

#[actix_web::test]
async fn a_fault_comes_and_goes_with_the_cabinet_and_one_that_somebody_else_reported_stays() {
    let ground = Ground::new().await;
    let asker = ground.place.site(&ground.api).await;
    let cabinet = Cabinet::build(&ground, &asker, "confirmed", 1).await;
    let agents = json!({"station_id": cabinet.city.station, "slot": 2, "reason": "bent"});
    asker.command((Role::Agent, id()), "ReportSlotFault", agents).await.expect(201);
    later(&ground.clock, 20);
    // A slot that cannot be read says nothing about its bank.
    let broken = json!([{"slot": 1, "fault": "no reader"}, {"slot": 2}]);
    assert_eq!(cabinet.inventory(broken).await, ["1 ReportSlotFault recorded"]);
    assert_eq!(ground.last("SlotFaultReported").await["reason"], "no reader");
    later(&ground.clock, 20);
    let still = json!([{"slot": 1, "fault": "no reader yet"}, {"slot": 2}]);
    assert_eq!(cabinet.inventory(still).await, none());
    later(&ground.clock, 20);
    let well = json!([cabinet.bank(1, 1), {"slot": 2}]);
    assert_eq!(cabinet.inventory(well).await, ["1 ClearSlotFault recorded"]);
}

#[actix_web::test]
async fn an_unknown_release_whose_bank_is_gone_starts_with_the_inventory() {
    let ground = Ground::new().await;
    let asker = ground.place.site(&ground.api).await;
    let cabinet = Cabinet::build(&ground, &asker, "confirmed", 1).await;
    later(&ground.clock, 1);
    let rental = cabinet.unknown_release(1, 1).await;
    let gone_at = later(&ground.clock, 9);
    assert_eq!(cabinet.inventory(json!([{"slot": 1}])).await, ["1 ConfirmRelease recorded"]);
    let started = ground.last("RentalStarted").await;
    assert_eq!(
        (started["rental_id"].as_str(), &started["started_at"]),
        (Some(rental.as_str()), &json!(gone_at))
    );
    assert_eq!(started["actor"], format!("station:{}", cabinet.city.station));
}

#[actix_web::test]
async fn an_unknown_release_whose_bank_is_there_is_cancelled_and_the_slot_is_well() {
    let ground = Ground::new().await;
    let asker = ground.place.site(&ground.api).await;
    let cabinet = Cabinet::build(&ground, &asker, "confirmed", 1).await;
    later(&ground.clock, 1);
    let rental = cabinet.unknown_release(1, 1).await;
    let before = ground.position().await;
    let seen_at = later(&ground.clock, 9);
    assert_eq!(cabinet.inventory(json!([cabinet.bank(1, 1)])).await, ["1 CancelRelease recorded"]);
    assert_eq!(ground.since(before).await, ["RentalCancelled"], "the slot is not faulty");
    let cancelled = ground.last("RentalCancelled").await;
    assert_eq!(cancelled["rental_id"].as_str(), Some(rental.as_str()));
    assert_eq!((&cancelled["cause"], &cancelled["occurred_at"]), (&json!("seen_in_slot"), &json!(seen_at)));
    assert!(cancelled["actor"].as_str().unwrap().starts_with("system:"), "{cancelled}");
    cabinet.start(2, 1, 202).await;
}

#[actix_web::test]
async fn a_release_that_the_cabinet_may_still_answer_is_left_to_it() {
    let ground = Ground::new().await;
    let asker = ground.place.site(&ground.api).await;
    let cabinet = Cabinet::build(&ground, &asker, "confirmed", 2).await;
    later(&ground.clock, 1);
    cabinet.start(1, 1, 202).await;
    cabinet.start(2, 2, 202).await;
    ground.clock.advance(TimeDelta::seconds(59));
    let before = ground.position().await;
    let slots = json!([{"slot": 1}, cabinet.bank(2, 2)]);
    assert_eq!(cabinet.inventory(slots.clone()).await, ["1 ConfirmRelease refused release_pending"]);
    assert_eq!(ground.position().await, before);
    ground.clock.advance(TimeDelta::seconds(1));
    assert_eq!(cabinet.inventory(slots).await, ["1 ConfirmRelease recorded"], "its minute is over");
}

#[actix_web::test]
async fn a_bank_whose_release_is_unknown_and_that_stands_in_another_slot_never_left() {
    let ground = Ground::new().await;
    let asker = ground.place.site(&ground.api).await;
    let cabinet = Cabinet::build(&ground, &asker, "confirmed", 1).await;
    later(&ground.clock, 1);
    cabinet.unknown_release(1, 1).await;
    later(&ground.clock, 9);
    let before = ground.position().await;
    let slots = json!([{"slot": 1}, cabinet.bank(4, 1)]);
    assert_eq!(cabinet.inventory(slots).await, ["4 DeviceReturned recorded"]);
    assert_eq!(ground.since(before).await, ["RentalStarted", "RentalEnded"]);
    assert_eq!(ground.last("RentalEnded").await["charge"]["total"], 0);
}

#[actix_web::test]
async fn batteries_are_recorded_where_they_cross_a_threshold_and_kept_as_telemetry_each_time() {
    let ground = Ground::new().await;
    let asker = ground.place.site(&ground.api).await;
    let cabinet = Cabinet::build(&ground, &asker, "instant", 1).await;
    let mut crossed = Vec::new();
    for percent in [90, 60, 20, 19, 25, 29, 30, 85] {
        later(&ground.clock, 20);
        let mut bank = cabinet.bank(1, 1);
        bank["battery_percent"] = json!(percent);
        crossed.extend(
            cabinet.inventory(json!([bank, {"slot": 2}])).await.iter().map(|told| (percent, told.clone())),
        );
    }
    let battery = "1 ReportBattery recorded".to_owned();
    assert_eq!(crossed, [(19, battery.clone()), (30, battery)]);
    let low = ground.last("BatteryRanLow").await;
    assert_eq!((&low["battery_percent"], &low["at"]["slot"]), (&json!(19), &json!(1)));
    let sql = "SELECT battery_percent, device_id, slot FROM cabinet.reading ORDER BY taken_at";
    let rows = ground.owner().await.query(sql, &[]).await.unwrap();
    let curve: Vec<i16> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(curve, [90, 60, 20, 19, 25, 29, 30, 85]);
    assert!(
        rows.iter().all(|row| row.get::<_, Uuid>(1) == cabinet.city.devices[0] && row.get::<_, i16>(2) == 1)
    );
}

#[actix_web::test]
async fn a_whole_cabinet_of_two_hundred_slots_is_taken_in_at_once() {
    let ground = Ground::new().await;
    let asker = ground.place.site(&ground.api).await;
    let cabinet = Cabinet::build(&ground, &asker, "instant", 60).await;
    later(&ground.clock, 20);
    // Every bank went to another slot, and every other slot has a fault.
    let slot = |number: u16| match usize::from(number) {
        number @ 101..=160 => {
            json!({"slot": number, "serial": serial(cabinet.city.devices[number - 101]), "battery_percent": 50})
        }
        number if number % 2 == 0 => json!({"slot": number, "fault": "x".repeat(200)}),
        number => json!({"slot": number}),
    };
    let slots: Vec<Value> = (1..=200).map(slot).collect();
    let answer = cabinet.inventory(json!(slots)).await;
    let count = |what: &str| answer.iter().filter(|told| told.ends_with(what)).count();
    assert_eq!(count("DeviceReturned recorded"), 60);
    assert_eq!((count("ReportSlotFault recorded"), answer.len()), (70, 130));
    let sql = "SELECT count(*) FROM cabinet.reading";
    let readings: i64 = ground.owner().await.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(readings, 130, "an empty slot has nothing to measure");
    later(&ground.clock, 20);
    assert_eq!(cabinet.inventory(json!(slots)).await, none());
}

#[actix_web::test]
async fn an_admin_may_send_it_for_the_station() {
    let ground = Ground::new().await;
    let asker = ground.place.site(&ground.api).await;
    let cabinet = Cabinet::build(&ground, &asker, "confirmed", 1).await;
    let taken_at = later(&ground.clock, 20);
    let body = json!({"taken_at": taken_at, "slots": [{"slot": 1}]});
    let answer = asker.post(ADMIN, &cabinet.path("inventory"), body).await.expect(200).json();
    assert_eq!(
        (told(&answer), &answer["taken_at"]),
        (vec!["1 ReportDeviceMissing recorded".to_owned()], &json!(ground.clock.now()))
    );
}

//! How full banks are: thresholds, and what a start makes of them.

use domain::Time;
use serde_json::{Value, json};

use super::given::*;

fn reading(bank: u128, percent: u8) -> Value {
    json!({ "device_id": device_id(bank), "battery_percent": percent })
}

fn read_at(bank: u128, percent: u8, observed_at: Time) -> Value {
    json!({ "device_id": device_id(bank), "battery_percent": percent, "observed_at": observed_at })
}

#[test]
fn only_crossing_a_threshold_is_recorded_and_a_low_bank_has_to_come_well_above_it() {
    let mut w = World::town();
    for percent in [100, 79, 21, 20] {
        w.when(station(1), "ReportBattery", reading(1, percent)).then_already_done();
    }
    let facts = w.when(station(1), "ReportBattery", reading(1, 19)).then_facts(&["BatteryRanLow"]);
    let at = json!({ "station_id": station_id(1), "slot": 1 });
    assert_eq!(facts, [json!({ "device_id": device_id(1), "battery_percent": 19, "at": at })]);
    for percent in [18, 0, 20, 29] {
        let known = w.when(station(1), "ReportBattery", reading(1, percent)).then_already_done();
        assert_eq!(known["battery_percent"], 19, "what is known changes by facts only");
    }
    let by_serial =
        json!({ "serial": "PB-1", "battery_percent": 30, "station_id": station_id(1), "slot": 1 });
    let facts = w.when(system(), "ReportBattery", by_serial).then_facts(&["BatteryRecovered"]);
    assert_eq!((&facts[0]["battery_percent"], &facts[0]["at"]), (&json!(30), &at));
    w.when(station(1), "ReportBattery", reading(1, 20)).then_already_done();
}

#[test]
fn a_start_is_refused_while_the_bank_is_known_to_be_low() {
    let mut w = World::town();
    w.when(station(1), "ReportBattery", reading(1, 19)).then_events(&["BatteryRanLow"]);
    let facts = w.start(1, 1, 1, 1).then_rejected("battery_low");
    assert_eq!(facts, json!({ "device_id": device_id(1), "battery_percent": 19, "minimum": 20 }));
    w.when(station(1), "ReportBattery", reading(1, 45)).then_events(&["BatteryRecovered"]);
    w.start(1, 1, 1, 1).then_events(&["RentalStarted"]);
}

#[test]
fn a_bank_that_came_back_low_recovers_by_a_reading() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.now = t(30);
    let data =
        json!({ "device_id": device_id(1), "station_id": station_id(2), "slot": 1, "battery_percent": 3 });
    w.when(station(2), "DeviceReturned", data).then_events(&["RentalEnded"]);
    w.when(station(2), "ReportBattery", reading(1, 2)).then_already_done();
    w.start(2, 1, 2, 1).then_rejected("battery_low");
    w.now = t(60);
    w.when(station(2), "ReportBattery", reading(1, 64)).then_events(&["BatteryRecovered"]);
    w.start(2, 1, 2, 1).then_events(&["RentalStarted"]);
}

#[test]
fn a_reading_is_refused_in_its_order() {
    let mut w = World::town();
    w.when(station(1), "ReportBattery", reading(99, 5)).then_rejected("device_unknown");
    w.when(station(1), "ReportBattery", read_at(1, 5, t(6))).then_rejected("occurred_at_in_future");
    w.when(station(2), "ReportBattery", reading(1, 5)).then_rejected("device_elsewhere");
    let mut other_slot = reading(1, 5);
    other_slot["slot"] = json!(2);
    w.when(station(1), "ReportBattery", other_slot).then_rejected("device_elsewhere");
    let before = read_at(1, 5, t(-31 * DAY));
    w.when(station(1), "ReportBattery", before).then_rejected("occurred_at_too_early");
    w.running(1, 1, 1, t(0));
    w.when(system(), "ReportBattery", reading(1, 5)).then_rejected("device_rented");
    w.report_lost(1).then_events(&["RentalSold"]);
    w.when(admin(), "ReportBattery", reading(1, 5)).then_rejected("device_sold");
}

#[test]
fn a_bank_that_is_being_released_can_still_be_read() {
    let mut w = World::town();
    w.start(1, 1, 3, 1).then_events(&["RentalRequested"]);
    w.when(station(3), "ReportBattery", reading(4, 7)).then_events(&["BatteryRanLow"]);
    w.confirm(1, 4, 3, 1).then_events(&["RentalStarted"]);
}

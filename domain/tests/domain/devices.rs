//! Banks: registered, docked, taken out, missed, looked after.

use serde_json::{Value, json};

use super::given::*;

fn named(number: u128) -> Value {
    json!({ "device_id": device_id(number) })
}

#[test]
fn a_bank_is_registered_once() {
    let mut w = World::town();
    let data = json!({ "device_id": device_id(7), "serial": "PB-7", "capacity_mah": 5_000 });
    let answer = w.when(admin(), "RegisterDevice", data.clone()).then_events(&["DeviceRegistered"]);
    assert_eq!(answer, json!({ "device_id": device_id(7), "status": "provisioned" }));
    w.when(admin(), "RegisterDevice", data).then_already_done();
    let other = json!({ "device_id": device_id(7), "serial": "PB-7", "capacity_mah": 9_000 });
    w.when(admin(), "RegisterDevice", other).then_rejected("serial_taken");
}

#[test]
fn registering_a_bank_is_refused_for_time_serial_id_in_this_order() {
    let mut w = World::town();
    let data = json!({ "device_id": device_id(1), "serial": "PB-2" });
    w.when_at(admin(), "RegisterDevice", data.clone(), Some(t(6))).then_rejected("occurred_at_in_future");
    let facts = w.when(admin(), "RegisterDevice", data).then_rejected("serial_taken");
    assert_eq!(facts["device_id"], json!(device_id(2)));
    let data = json!({ "device_id": device_id(1), "serial": "PB-9" });
    w.when(admin(), "RegisterDevice", data).then_rejected("id_taken");
}

#[test]
fn docking_is_refused_in_its_order() {
    let mut w = World::town();
    let dock = |slot: u16, at: u128| json!({ "device_id": device_id(7), "station_id": station_id(at), "slot": slot, "battery_percent": 50 });
    w.when(agent(), "DockDevice", dock(1, 9)).then_rejected("device_unknown");
    let data = json!({ "device_id": device_id(7), "serial": "PB-7" });
    w.when(admin(), "RegisterDevice", data).then_events(&["DeviceRegistered"]);
    w.when(agent(), "StartMaintenance", named(7)).then_events(&["MaintenanceStarted"]);
    w.when_at(agent(), "DockDevice", dock(1, 9), Some(t(-61))).then_rejected("occurred_at_too_early");
    w.when(agent(), "DockDevice", dock(1, 9)).then_rejected("device_in_maintenance");
    w.when(agent(), "CompleteMaintenance", named(7)).then_events(&["MaintenanceCompleted"]);
    w.when(agent(), "DockDevice", dock(1, 9)).then_rejected("station_unknown");
    let gone = json!({ "station_id": station_id(2), "service": "decommissioned" });
    w.when(admin(), "ChangeStation", gone).then_events(&["StationChanged"]);
    w.when(agent(), "DockDevice", dock(1, 2)).then_rejected("station_decommissioned");
    w.when(agent(), "DockDevice", dock(9, 1)).then_rejected("slot_unknown");
    for (command, slot) in
        [("ReportSlotFault", 1), ("DisableSlot", 1), ("ReportSlotFault", 8), ("DisableSlot", 8)]
    {
        let data = json!({ "station_id": station_id(1), "slot": slot });
        w.when(agent(), command, data).is_recorded();
    }
    let facts = w.when(agent(), "DockDevice", dock(1, 1)).then_rejected("slot_occupied");
    assert_eq!(facts["device_id"], json!(device_id(1)));
    w.when(agent(), "DockDevice", dock(8, 1)).then_rejected("slot_faulty");
    let slot = json!({ "station_id": station_id(1), "slot": 8 });
    w.when(agent(), "ClearSlotFault", slot.clone()).then_events(&["SlotFaultCleared"]);
    w.when(agent(), "DockDevice", dock(8, 1)).then_rejected("slot_disabled");
    w.when(agent(), "EnableSlot", slot).then_events(&["SlotEnabled"]);
    // Its last fact is the end of its maintenance, just now.
    w.when_at(agent(), "DockDevice", dock(8, 1), Some(t(-1))).then_rejected("occurred_at_too_early");
    let answer = w.when(agent(), "DockDevice", dock(8, 1)).then_events(&["DeviceDocked"]);
    assert_eq!(answer["status"], "docked");
    w.when(agent(), "DockDevice", dock(8, 1)).then_already_done();
}

#[test]
fn a_bank_that_is_docked_elsewhere_leaves_the_other_station() {
    let mut w = World::town();
    let facts = w.dock(1, 2, 5).then_facts(&["DeviceDocked"]);
    assert_eq!(facts[0]["left"], json!(station_id(1)));
    assert_eq!(w.slot(1, 1).device, None);
    assert_eq!(w.whereabouts(1), "docked 2/5");
    w.dock(1, 2, 6).then_events(&["DeviceDocked"]);
    assert_eq!(w.slot(2, 5).device, None, "and the other slot of the same one");
}

#[test]
fn staff_do_not_move_a_bank_that_is_out_or_leaving() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.start(2, 2, 3, 1).then_events(&["RentalRequested"]);
    for (bank, rental) in [(1, 1), (4, 2)] {
        for command in ["UndockDevice", "ReportDeviceMissing", "StartMaintenance"] {
            let facts = w.when(agent(), command, named(bank)).then_rejected("device_rented");
            assert_eq!(facts["rental_id"], json!(rental_id(rental)));
        }
        w.dock(bank, 2, 1).then_rejected("device_rented");
        w.when(agent(), "CompleteMaintenance", named(bank)).then_rejected("device_not_in_maintenance");
    }
}

#[test]
fn a_bank_is_taken_out_of_its_slot() {
    let mut w = World::town();
    w.when(agent(), "UndockDevice", named(9)).then_rejected("device_unknown");
    w.when_at(agent(), "UndockDevice", named(1), Some(t(-61))).then_rejected("occurred_at_too_early");
    let answer = w.when(agent(), "UndockDevice", named(1)).then_events(&["DeviceUndocked"]);
    assert_eq!(answer, json!({ "device_id": device_id(1), "status": "provisioned" }));
    assert_eq!(w.slot(1, 1).device, None);
    w.when(agent(), "UndockDevice", named(1)).then_already_done();
    w.when(agent(), "ReportDeviceMissing", named(2)).then_events(&["DeviceMissing"]);
    let facts = w.when(agent(), "UndockDevice", named(2)).then_rejected("device_not_placed");
    assert_eq!(facts["device_status"], "lost");
}

#[test]
fn a_missing_bank_is_lost_until_it_is_seen() {
    let mut w = World::town();
    let missing = |who, data| (who, "ReportDeviceMissing", data);
    let report = |w: &mut World, (who, name, data): (domain::Actor, &str, Value)| w.when(who, name, data);
    report(&mut w, missing(agent(), json!({ "serial": "PB-9" }))).then_rejected("device_unknown");
    report(&mut w, missing(station(2), named(1))).then_rejected("device_elsewhere");
    let wrong_slot = json!({ "serial": "PB-1", "slot": 2 });
    report(&mut w, missing(station(1), wrong_slot)).then_rejected("device_elsewhere");
    let wrong_station = json!({ "serial": "PB-1", "station_id": station_id(2) });
    report(&mut w, missing(agent(), wrong_station)).then_rejected("device_elsewhere");
    let too_early = t(-31 * DAY);
    w.when_at(station(1), "ReportDeviceMissing", named(1), Some(too_early))
        .then_rejected("occurred_at_too_early");
    let right = json!({ "serial": "PB-1", "station_id": station_id(1), "slot": 1, "reason": "empty slot" });
    let facts = report(&mut w, missing(station(1), right.clone())).then_facts(&["DeviceMissing"]);
    assert_eq!(facts[0]["last"], json!({ "station_id": station_id(1), "slot": 1 }));
    assert_eq!(w.whereabouts(1), "lost");
    assert_eq!(w.slot(1, 1).device, None);
    report(&mut w, missing(station(1), right)).then_already_done();
    w.now = t(10);
    w.seen(1, 2, 1, t(10)).then_events(&["DeviceDocked"]);
    assert_eq!(w.whereabouts(1), "docked 2/1");
}

#[test]
fn a_missing_bank_that_a_station_reports_more_than_a_week_later_is_looked_into() {
    let mut w = World::town();
    let facts = w
        .when_at(station(1), "ReportDeviceMissing", named(1), Some(t(-8 * DAY)))
        .then_facts(&["DeviceMissing"]);
    assert_eq!(facts[0]["review"], json!(["late_upload"]));
}

#[test]
fn a_bank_in_maintenance_is_not_rented_and_comes_back_to_where_it_stands() {
    let mut w = World::town();
    w.when(agent(), "StartMaintenance", named(9)).then_rejected("device_unknown");
    w.when(agent(), "CompleteMaintenance", named(9)).then_rejected("device_unknown");
    w.when_at(agent(), "StartMaintenance", named(1), Some(t(-61))).then_rejected("occurred_at_too_early");
    w.when(agent(), "CompleteMaintenance", named(1)).then_already_done();
    let answer = w.when(agent(), "StartMaintenance", named(1)).then_events(&["MaintenanceStarted"]);
    assert_eq!((&answer["status"], &answer["slot"]), (&json!("maintenance"), &json!(1)));
    w.when(agent(), "StartMaintenance", named(1)).then_already_done();
    w.start(1, 1, 1, 1).then_rejected("device_in_maintenance");
    let done = json!({ "device_id": device_id(1), "battery_percent": 99 });
    w.when(agent(), "CompleteMaintenance", done).then_events(&["MaintenanceCompleted"]);
    assert_eq!(w.whereabouts(1), "docked 1/1");
    assert_eq!(w.device(1).battery_percent.unwrap().get(), 99);
    w.when(agent(), "StartMaintenance", named(1)).then_events(&["MaintenanceStarted"]);
    let answer = w.when(agent(), "UndockDevice", named(1)).then_events(&["DeviceUndocked"]);
    assert_eq!(answer["status"], "maintenance");
    w.when(agent(), "UndockDevice", named(1)).then_already_done();
    let answer = w.when(agent(), "CompleteMaintenance", named(1)).then_events(&["MaintenanceCompleted"]);
    assert_eq!(answer["status"], "provisioned");
}

#[test]
fn a_sold_bank_is_neither_docked_nor_missed_nor_looked_after() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.report_lost(1).then_events(&["RentalSold"]);
    for command in ["ReportDeviceMissing", "StartMaintenance"] {
        w.when(agent(), command, named(1)).then_rejected("device_sold");
    }
    w.dock(1, 2, 1).then_rejected("device_sold");
    assert_eq!(
        w.when(agent(), "UndockDevice", named(1)).then_rejected("device_not_placed")["device_status"],
        "sold"
    );
    w.when(agent(), "CompleteMaintenance", named(1)).then_rejected("device_not_in_maintenance");
}

#[test]
fn a_station_upload_never_moves_a_bank_against_later_knowledge() {
    let mut w = World::town();
    w.now = t(120);
    w.when(station(1), "ReportDeviceMissing", named(1)).then_events(&["DeviceMissing"]);
    w.now = t(180);
    // Seen at an hour before it was missed: it was not there any more.
    w.seen(1, 2, 1, t(60)).then_already_done();
    assert_eq!(w.whereabouts(1), "lost");
    w.seen(1, 2, 1, t(130)).then_events(&["DeviceDocked"]);
    assert_eq!(w.whereabouts(1), "docked 2/1");
}

#[test]
fn a_retired_bank_is_out_of_service_for_good() {
    let mut w = World::town();
    w.when(admin(), "RetireDevice", named(9)).then_rejected("device_unknown");
    w.when_at(admin(), "RetireDevice", named(1), Some(t(-8 * DAY))).then_rejected("occurred_at_too_early");
    let data = json!({ "device_id": device_id(1), "reason": "swollen cell" });
    let facts = w.when(admin(), "RetireDevice", data).then_facts(&["DeviceRetired"]);
    assert_eq!(facts[0]["at"], json!({ "station_id": station_id(1), "slot": 1 }));
    assert_eq!((w.whereabouts(1).as_str(), w.slot(1, 1).device), ("retired", None));
    w.when(admin(), "RetireDevice", named(1)).then_already_done();
    w.when(agent(), "UndockDevice", named(1)).then_already_done();
    for command in ["ReportDeviceMissing", "StartMaintenance"] {
        w.when(agent(), command, named(1)).then_rejected("device_retired");
    }
    w.when(agent(), "CompleteMaintenance", named(1)).then_rejected("device_not_in_maintenance");
    w.dock(1, 1, 1).then_rejected("device_retired");
    w.start(1, 1, 1, 1).then_rejected("slot_empty");
    w.now = t(10);
    w.seen(1, 1, 1, t(10)).then_events(&["DeviceDocked"]);
    w.start(1, 1, 1, 1).then_rejected("device_retired");
}

#[test]
fn a_bank_that_is_out_leaving_or_sold_is_not_retired_and_a_lost_one_is() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.start(2, 2, 3, 1).then_events(&["RentalRequested"]);
    for bank in [1, 4] {
        w.when(admin(), "RetireDevice", named(bank)).then_rejected("device_rented");
    }
    w.when(admin(), "ReportLost", json!({ "rental_id": rental_id(1) })).then_events(&["RentalSold"]);
    w.when(admin(), "RetireDevice", named(1)).then_rejected("device_sold");
    w.when(agent(), "ReportDeviceMissing", named(2)).then_events(&["DeviceMissing"]);
    let facts = w.when(admin(), "RetireDevice", named(2)).then_facts(&["DeviceRetired"]);
    assert_eq!(facts[0].get("at"), None);
    w.seen(2, 2, 1, t(10)).then_events(&["DeviceDocked"]);
    assert_eq!((w.whereabouts(2).as_str(), w.slot(2, 1).device.is_some()), ("retired 2/1", true));
    let answer = w.when(agent(), "UndockDevice", named(2)).then_events(&["DeviceUndocked"]);
    assert_eq!((answer["status"].as_str(), w.slot(2, 1).device), (Some("retired"), None));
    w.now = t(20);
    w.seen(2, 2, 1, t(20)).then_events(&["DeviceDocked"]);
    w.dock(5, 2, 1).then_rejected("slot_occupied");
    w.now = t(30);
    w.seen(5, 2, 1, t(30)).then_events(&["DeviceMissing", "DeviceDocked"]);
    assert_eq!(w.whereabouts(2), "retired", "missing from its slot, and retired all the same");
}

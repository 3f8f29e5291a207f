//! Stations and slots.

use serde_json::{Value, json};

use super::given::*;

fn kiosk(number: u128, code: &str) -> Value {
    json!({
        "station_id": station_id(number), "code": code, "name": "Kiosk", "latitude": -6.8, "longitude": 39.28,
        "slots": 4, "release_mode": "instant",
    })
}

fn change(extra: Value) -> Value {
    let mut data = json!({ "station_id": station_id(1) });
    for (key, value) in extra.as_object().unwrap() {
        data[key] = value.clone();
    }
    data
}

#[test]
fn a_station_starts_online_with_empty_slots_and_the_same_again_is_already_done() {
    let mut w = World::empty();
    let then = w.when(admin(), "RegisterStation", kiosk(1, "K1"));
    assert_eq!(then.then_events(&["StationRegistered"]), json!({ "station_id": station_id(1) }));
    let domain::State::Station(station) = w.state(station_id(1)) else { panic!("a station") };
    assert_eq!((station.status(), station.renting, station.returning), ("online", true, true));
    assert_eq!(station.slot_count(), 4);
    for slot in 1..=4 {
        assert_eq!(w.slot(1, slot), domain::station::Slot::default());
    }
    w.when(admin(), "RegisterStation", kiosk(1, "K1")).then_already_done();
}

#[test]
fn registering_a_station_is_refused_for_time_tariff_code_id_in_this_order() {
    let mut w = World::town();
    let mut data = kiosk(1, "S-2");
    data["tariff_id"] = json!(tariff_id(9));
    w.when_at(admin(), "RegisterStation", data.clone(), Some(t(6))).then_rejected("occurred_at_in_future");
    w.when(admin(), "RegisterStation", data.clone()).then_rejected("tariff_unknown");
    w.tariff(9, json!({ "name": "Gone" }));
    w.when(admin(), "RetireTariff", json!({ "tariff_id": tariff_id(9) })).then_events(&["TariffRetired"]);
    w.when(admin(), "RegisterStation", data.clone()).then_rejected("tariff_retired");
    data["tariff_id"] = json!(tariff_id(1));
    let facts = w.when(admin(), "RegisterStation", data.clone()).then_rejected("station_code_taken");
    assert_eq!(facts["station_id"], json!(station_id(2)));
    data["code"] = json!("S-9");
    w.when(admin(), "RegisterStation", data.clone()).then_rejected("id_taken");
    data["station_id"] = json!(station_id(9));
    w.when(admin(), "RegisterStation", data).then_events(&["StationRegistered"]);
}

#[test]
fn what_is_known_of_a_station_changes_and_absent_fields_stay() {
    let mut w = World::town();
    w.when(admin(), "ChangeStation", json!({ "station_id": station_id(9) })).then_rejected("station_unknown");
    w.when(admin(), "ChangeStation", change(json!({}))).then_already_done();
    w.when(admin(), "ChangeStation", change(json!({ "slots": 8, "renting": true }))).then_already_done();
    let data = change(json!({ "slots": 9, "name": "Posta", "renting": false }));
    w.when(admin(), "ChangeStation", data).then_events(&["StationChanged"]);
    let domain::State::Station(station) = w.state(station_id(1)) else { panic!("a station") };
    assert_eq!((station.slot_count(), station.name.as_str(), station.renting), (9, "Posta", false));
    assert_eq!((station.code.as_str(), station.returning), ("S-1", true));
    assert!(w.slot(1, 1).device.is_some(), "the banks stay where they are");
}

#[test]
fn changing_a_station_is_refused_for_time_service_slots_tariff_in_this_order() {
    let mut w = World::town();
    let service = |service: &str| change(json!({ "service": service }));
    w.when(admin(), "ChangeStation", service("decommissioned")).then_events(&["StationChanged"]);
    let data = change(json!({ "slots": 7, "tariff_id": tariff_id(9) }));
    w.when_at(admin(), "ChangeStation", data.clone(), Some(t(6))).then_rejected("occurred_at_in_future");
    w.when(admin(), "ChangeStation", data.clone()).then_rejected("station_decommissioned");
    w.when(admin(), "ChangeStation", service("in_service")).then_rejected("station_decommissioned");
    let mut w = World::town();
    assert_eq!(w.when(admin(), "ChangeStation", data).then_rejected("slots_cannot_shrink")["slots"], 8);
    let data = change(json!({ "tariff_id": tariff_id(9) }));
    w.when(admin(), "ChangeStation", data).then_rejected("tariff_unknown");
}

#[test]
fn a_station_goes_offline_and_comes_back() {
    let mut w = World::town();
    let (down, up) = ("TakeStationOffline", "BringStationOnline");
    let (here, nowhere) = (change(json!({})), json!({ "station_id": station_id(9) }));
    w.when(system(), down, nowhere.clone()).then_rejected("station_unknown");
    w.when(system(), up, nowhere).then_rejected("station_unknown");
    w.when(system(), up, here.clone()).then_already_done();
    w.when(system(), down, here.clone()).then_events(&["StationWentOffline"]);
    w.when(admin(), down, here.clone()).then_already_done();
    w.start(1, 1, 1, 1).then_rejected("station_offline");
    w.when(system(), up, here).then_events(&["StationCameOnline"]);
    w.start(1, 1, 1, 1).then_events(&["RentalStarted"]);
}

#[test]
fn slots_are_disabled_enabled_faulty_and_cleared() {
    let mut w = World::town();
    let pairs = [
        ("DisableSlot", "SlotDisabled", "EnableSlot", "SlotEnabled"),
        ("ReportSlotFault", "SlotFaultReported", "ClearSlotFault", "SlotFaultCleared"),
    ];
    for (set, was_set, clear, was_cleared) in pairs {
        let slot = |at: u128, slot: u16| json!({ "station_id": station_id(at), "slot": slot });
        for command in [set, clear] {
            w.when(agent(), command, slot(9, 1)).then_rejected("station_unknown");
            let facts = w.when(agent(), command, slot(1, 9)).then_rejected("slot_unknown");
            assert_eq!((&facts["slot"], &facts["slots"]), (&json!(9), &json!(8)));
        }
        w.when(agent(), clear, slot(1, 1)).then_already_done();
        w.when_at(agent(), set, slot(1, 1), Some(t(-61))).then_rejected("occurred_at_too_early");
        w.when_at(agent(), set, slot(1, 1), Some(t(-60))).then_events(&[was_set]);
        w.when(agent(), set, slot(1, 1)).then_already_done();
        w.when(agent(), clear, slot(1, 1)).then_events(&[was_cleared]);
    }
}

#[test]
fn a_station_speaks_of_its_own_slots_only() {
    let mut w = World::town();
    let slot = json!({ "station_id": station_id(1), "slot": 1 });
    w.when(station(2), "ReportSlotFault", slot.clone()).then_rejected("station_unknown");
    w.when(station(1), "ReportSlotFault", slot.clone()).then_events(&["SlotFaultReported"]);
    w.when(station(2), "ClearSlotFault", slot.clone()).then_rejected("station_unknown");
    w.when(station(1), "ClearSlotFault", slot).then_events(&["SlotFaultCleared"]);
}

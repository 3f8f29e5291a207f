//! Starting a rental: every refusal in its order, and the two release modes.

use serde_json::{Value, json};

use super::given::*;

fn request() -> Value {
    json!({ "rental_id": station_id(1), "customer_id": customer_id(9), "station_id": station_id(9), "slot": 9 })
}

/// One world in which everything stands against a start; one obstacle after the other is taken away.
#[test]
fn a_start_is_refused_for_the_first_of_all_reasons() {
    let mut w = World::empty();
    w.station(1, "instant");
    let mut ask = request();
    ask["tariff_id"] = json!(tariff_id(8));
    w.when_at(customer(9), "StartRental", ask.clone(), Some(t(0))).then_rejected("customer_unknown");

    let data = json!({ "customer_id": customer_id(9), "phone": phone(9) });
    w.when(support(), "RegisterCustomer", data).then_events(&["CustomerRegistered"]);
    w.when_at(customer(9), "StartRental", ask.clone(), Some(t(0))).then_rejected("occurred_at_not_allowed");
    let facts = w.when(customer(9), "StartRental", ask.clone()).then_rejected("customer_not_active");
    assert_eq!(facts["customer_status"], "unverified");

    w.when(system(), "VerifyCustomer", json!({ "customer_id": customer_id(9) }))
        .then_events(&["CustomerVerified"]);
    w.tamper(customer_id(9), |state| {
        state["purse"]["debt"] = json!(500);
        state["open"] = json!(rental_id(8));
    });
    let facts = w.when(customer(9), "StartRental", ask.clone()).then_rejected("customer_has_debt");
    assert_eq!(facts["debt"], 500);
    w.tamper(customer_id(9), |state| state["purse"]["debt"] = json!(0));
    let facts = w.when(customer(9), "StartRental", ask.clone()).then_rejected("rental_already_open");
    assert_eq!(facts["rental_id"], json!(rental_id(8)));
    w.tamper(customer_id(9), |state| state["open"] = Value::Null);

    w.when(customer(9), "StartRental", ask.clone()).then_rejected("station_unknown");
    w.station(9, "instant");
    let nine = json!({ "station_id": station_id(9) });
    w.when(system(), "TakeStationOffline", nine.clone()).then_events(&["StationWentOffline"]);
    let change = json!({ "station_id": station_id(9), "renting": false, "service": "maintenance" });
    w.when(admin(), "ChangeStation", change).then_events(&["StationChanged"]);
    let facts = w.when(customer(9), "StartRental", ask.clone()).then_rejected("station_offline");
    assert_eq!(facts["station_status"], "maintenance");
    let change = json!({ "station_id": station_id(9), "service": "in_service" });
    w.when(admin(), "ChangeStation", change).then_events(&["StationChanged"]);
    let facts = w.when(customer(9), "StartRental", ask.clone()).then_rejected("station_offline");
    assert_eq!(facts["station_status"], "offline");
    w.when(system(), "BringStationOnline", nine).then_events(&["StationCameOnline"]);
    w.when(customer(9), "StartRental", ask.clone()).then_rejected("station_not_renting");
    let change = json!({ "station_id": station_id(9), "renting": true });
    w.when(admin(), "ChangeStation", change).then_events(&["StationChanged"]);

    w.when(customer(9), "StartRental", ask.clone()).then_rejected("tariff_not_allowed");
    w.when(agent(), "StartRental", ask).then_rejected("tariff_unknown");
    let ask = request();
    let facts = w.when(customer(9), "StartRental", ask.clone()).then_rejected("tariff_unknown");
    assert_eq!(facts["tariff_id"], Value::Null, "there is no default either");
    w.tariff(1, json!({ "name": "Later", "is_default": true, "effective_from": t(DAY) }));
    w.when(customer(9), "StartRental", ask.clone()).then_rejected("tariff_not_effective");
    w.when(admin(), "RetireTariff", json!({ "tariff_id": tariff_id(1) })).then_events(&["TariffRetired"]);
    w.when(customer(9), "StartRental", ask.clone()).then_rejected("tariff_retired");
    w.tariff(2, json!({ "name": "Standard", "is_default": true }));

    let facts = w.when(customer(9), "StartRental", ask.clone()).then_rejected("deposit_insufficient");
    assert_eq!(facts, json!({ "balance": 0, "required": 10_000 }));
    w.pays(9, 9_999);
    w.when(customer(9), "StartRental", ask.clone()).then_rejected("deposit_insufficient");
    w.pays(9, 1);

    let facts = w.when(customer(9), "StartRental", ask).then_rejected("slot_unknown");
    assert_eq!(facts["slots"], 8);
    slot_and_device(&mut w);
}

fn slot_and_device(w: &mut World) {
    let mut ask = request();
    for (command, slot) in [("ReportSlotFault", 7), ("DisableSlot", 7)] {
        w.when(agent(), command, json!({ "station_id": station_id(9), "slot": slot })).is_recorded();
    }
    w.now = t(10);
    ask["slot"] = json!(7);
    w.when(customer(9), "StartRental", ask.clone()).then_rejected("slot_empty");
    let data = json!({ "device_id": device_id(1), "serial": "PB-1" });
    w.when(admin(), "RegisterDevice", data).then_events(&["DeviceRegistered"]);
    let data = json!({
        "device_id": device_id(1), "station_id": station_id(9), "slot": 8, "battery_percent": 19,
    });
    w.when(agent(), "DockDevice", data).then_events(&["DeviceDocked"]);
    w.when(agent(), "StartMaintenance", json!({ "device_id": device_id(1) }))
        .then_events(&["MaintenanceStarted"]);
    let slot = json!({ "station_id": station_id(9), "slot": 8 });
    for command in ["ReportSlotFault", "DisableSlot"] {
        assert!(w.when(agent(), command, slot.clone()).is_recorded());
    }
    ask["slot"] = json!(8);
    w.when(customer(9), "StartRental", ask.clone()).then_rejected("slot_faulty");
    w.when(agent(), "ClearSlotFault", slot.clone()).then_events(&["SlotFaultCleared"]);
    w.when(customer(9), "StartRental", ask.clone()).then_rejected("slot_disabled");
    w.when(agent(), "EnableSlot", slot).then_events(&["SlotEnabled"]);
    let facts = w.when(customer(9), "StartRental", ask.clone()).then_rejected("battery_low");
    assert_eq!((&facts["battery_percent"], &facts["minimum"]), (&json!(19), &json!(20)));
    w.tamper(device_id(1), |state| state["battery_percent"] = json!(20));
    w.when(customer(9), "StartRental", ask.clone()).then_rejected("device_in_maintenance");
    w.when(agent(), "CompleteMaintenance", json!({ "device_id": device_id(1) }))
        .then_events(&["MaintenanceCompleted"]);
    w.when_at(agent(), "StartRental", ask.clone(), Some(t(9))).then_rejected("occurred_at_too_early");
    w.when(customer(9), "StartRental", ask.clone()).then_rejected("id_taken");
    ask["rental_id"] = json!(rental_id(1));
    w.when(customer(9), "StartRental", ask).then_events(&["RentalStarted"]);
}

#[test]
fn i9_a_customer_has_one_open_rental_and_a_bank_is_in_one() {
    let mut w = World::town();
    w.start(1, 1, 1, 1).then_events(&["RentalStarted"]);
    let facts = w.start(2, 1, 1, 2).then_rejected("rental_already_open");
    assert_eq!(facts["rental_id"], json!(rental_id(1)));
    w.start(2, 2, 1, 1).then_rejected("slot_empty");
    w.start(3, 3, 3, 1).then_events(&["RentalRequested"]);
    w.start(4, 4, 3, 1).then_rejected("slot_reserved");
    w.start(4, 3, 3, 2).then_rejected("rental_already_open");
}

#[test]
fn a_kiosk_starts_the_meter_at_once() {
    let mut w = World::town();
    let answer = w.start(1, 1, 1, 1).then_events(&["RentalStarted"]);
    assert_eq!(answer["status"], "active");
    assert_eq!((&answer["started_at"], &answer["due_at"]), (&time(t(0)), &time(t(DAY))));
    assert_eq!(answer["device_id"], json!(device_id(1)));
    assert_eq!(w.whereabouts(1), "rented");
    assert_eq!(w.slot(1, 1).device, None);
    assert_eq!(w.purse(1), (20_000, 0), "a start costs nothing by itself");
}

#[test]
fn a_cabinet_is_asked_first_and_the_meter_waits() {
    let mut w = World::town();
    let answer = w.start(1, 1, 3, 1).then_events(&["RentalRequested"]);
    assert_eq!((&answer["status"], &answer["started_at"]), (&json!("releasing"), &Value::Null));
    assert_eq!(w.whereabouts(4), "releasing 3/1");
    assert_eq!(w.rental(1).status(), "releasing");
}

#[test]
fn the_same_start_again_is_already_done_with_the_first_answer_whatever_came_after() {
    let mut w = World::town();
    let first = w.start(1, 1, 3, 1).then_events(&["RentalRequested"]);
    w.now = t(1);
    // Another bank left from another slot: the answer to the start stays what it was.
    w.confirm(1, 5, 3, 2).then_events(&["RentalStarted", "DeviceDocked"]);
    assert_eq!(w.start(1, 1, 3, 1).then_already_done(), first);
    w.now = t(40);
    w.returned(5, 3, 2).then_events(&["RentalEnded"]);
    assert_eq!(w.start(1, 1, 3, 1).then_already_done(), first);

    let first = w.start(2, 2, 1, 1).then_events(&["RentalStarted"]);
    w.extend(2, 60).then_events(&["RentalExtended"]);
    assert_eq!(w.start(2, 2, 1, 1).then_already_done(), first, "before the extension");
}

#[test]
fn the_same_rental_id_with_other_data_is_taken() {
    let mut w = World::town();
    w.start(1, 1, 1, 1).then_events(&["RentalStarted"]);
    w.start(1, 2, 1, 2).then_rejected("id_taken");
}

#[test]
fn debt_refuses_the_next_start_until_it_is_paid() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.report_lost(1).then_events(&["RentalSold"]);
    assert_eq!(w.purse(1), (0, 25_000));
    assert_eq!(w.start(2, 1, 1, 2).then_rejected("customer_has_debt")["debt"], 25_000);
    w.pays(1, 34_999);
    assert_eq!(w.start(2, 1, 1, 2).then_rejected("deposit_insufficient")["balance"], 9_999);
    w.pays(1, 1);
    w.start(2, 1, 1, 2).then_events(&["RentalStarted"]);
}

#[test]
fn a_battery_nobody_read_since_keeps_its_last_reading() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.now = t(30);
    w.returned(1, 1, 1).then_events(&["RentalEnded"]);
    assert_eq!(w.device(1).battery_percent.unwrap().get(), 80);
    w.running(2, 2, 1, t(31));
    w.now = t(60);
    let back = json!({
        "device_id": device_id(1), "station_id": station_id(1), "slot": 1, "battery_percent": 7,
    });
    w.when(station(1), "DeviceReturned", back).then_events(&["RentalEnded"]);
    w.start(3, 3, 1, 1).then_rejected("battery_low");
}

#[test]
fn an_agent_starts_on_behalf_and_the_customer_is_billed() {
    let mut w = World::town();
    let data = json!({ "customer_id": customer_id(1), "station_id": station_id(1), "slot": 1 });
    let answer = w.when(agent(), "StartRental", data).then_events(&["RentalStarted"]);
    let rental: uuid::Uuid = serde_json::from_value(answer["rental_id"].clone()).unwrap();
    assert_eq!(rental.as_u128() >> 96, 0xf, "a minted id");
    w.now = t(40);
    let answer = w.returned(1, 1, 1).then_events(&["RentalEnded"]);
    assert_eq!((&answer["charge"]["total"], &answer["balance"]), (&json!(1_000), &json!(19_000)));
}

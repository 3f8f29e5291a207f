//! Returns: the interval, refused attempts, displaced banks, which rental a return belongs to, every refusal.

use serde_json::{Value, json};

use super::given::*;

/// Customer 1 took bank 1 at zero.
fn out() -> World {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w
}

#[test]
fn any_station_takes_a_bank_back_by_id_or_by_serial() {
    let mut w = out();
    w.now = t(30);
    let data = json!({ "serial": "PB-1", "station_id": station_id(2), "slot": 3, "battery_percent": 33 });
    let answer = w.when(station(2), "DeviceReturned", data.clone()).then_events(&["RentalEnded"]);
    assert_eq!(answer["rental_id"], json!(rental_id(1)));
    assert_eq!((&answer["status"], &answer["ended_at"]), (&json!("ended"), &time(t(30))));
    assert_eq!((&answer["charge"]["total"], &answer["charge"]["vat"]), (&json!(500), &json!(76)));
    assert_eq!((&answer["balance"], &answer["debt"]), (&json!(19_500), &json!(0)));
    assert_eq!((w.whereabouts(1), w.device(1).battery_percent.unwrap().get()), ("docked 2/3".to_owned(), 33));
    assert_eq!(w.when(station(2), "DeviceReturned", data).then_already_done(), answer);
}

#[test]
fn without_an_absence_the_observation_is_the_end_and_without_that_the_arrival() {
    let mut w = out();
    w.now = t(95);
    let facts = w.seen(1, 2, 1, t(30)).then_facts(&["RentalEnded"]);
    assert_eq!(facts[0]["ended_at"], time(t(30)));
    assert_eq!(facts[0]["evidence"]["arrived_at"], time(t(95)));
    let mut w = out();
    w.now = t(95);
    assert_eq!(w.returned(1, 2, 1).then_facts(&["RentalEnded"])[0]["ended_at"], time(t(95)));
}

#[test]
fn an_interval_is_billed_to_its_earliest_bound() {
    // Absent, observed, billed, a case.
    let cases = [
        (t(100), t(120), t(100), false),
        (t(60), t(120), t(60), false),
        (t(59), t(120), t(60), true),
        (t(-500), t(40), t(0), false),
        (t(-500), t(120), t(60), true),
        (t(120), t(120), t(120), false),
        (t(-1), t(60), t(0), false),
        (t(-1), ts(60, 1), ts(0, 1), true),
    ];
    for (absent, observed, billed, long) in cases {
        let mut w = out();
        w.now = t(150);
        let facts = w.seen_since(1, 2, 1, absent, observed).then_facts(&["RentalEnded"]);
        assert_eq!(facts[0]["ended_at"], time(billed), "{absent} {observed}");
        let review = facts[0].get("review").cloned().unwrap_or(json!([]));
        assert_eq!(review, if long { json!(["long_absence"]) } else { json!([]) }, "{absent} {observed}");
        let evidence = &facts[0]["evidence"];
        assert_eq!(
            (&evidence["observed_at"], &evidence["last_seen_absent_at"]),
            (&time(observed), &time(absent))
        );
        assert_eq!(w.log.last().unwrap().occurred_at, billed, "it occurred at the billed end");
        assert_eq!(w.device(1).docked_at, Some(observed));
    }
}

#[test]
fn an_absence_alone_goes_with_the_arrival() {
    let mut w = out();
    w.now = t(120);
    let data = json!({
        "serial": "PB-1", "station_id": station_id(2), "slot": 1, "last_seen_absent_at": t(100),
    });
    assert_eq!(
        w.when(station(2), "DeviceReturned", data).then_facts(&["RentalEnded"])[0]["ended_at"],
        time(t(100))
    );
}

#[test]
fn only_stations_name_an_interval() {
    let mut w = out();
    w.now = t(50);
    for who in [agent(), admin()] {
        let data = json!({
            "serial": "PB-1", "station_id": station_id(2), "slot": 1, "last_seen_absent_at": t(20),
        });
        w.when(who, "DeviceReturned", data).then_rejected("last_seen_absent_at_not_allowed");
    }
}

#[test]
fn a_return_is_refused_in_its_order() {
    let mut w = World::town();
    let mut data = json!({
        "serial": "PB-99", "station_id": station_id(9), "slot": 9, "last_seen_absent_at": t(-300),
    });
    let stated = Some(t(-120));
    let facts = w.when_at(agent(), "DeviceReturned", data.clone(), stated).then_rejected("device_unknown");
    assert_eq!(facts, json!({ "device_id": null, "serial": "PB-99" }));
    w.when(
        agent(),
        "DeviceReturned",
        json!({ "device_id": device_id(99), "station_id": station_id(1), "slot": 1 }),
    )
    .then_rejected("device_unknown");
    w.start(1, 1, 1, 1).then_events(&["RentalStarted"]);
    data["serial"] = json!("PB-1");
    w.when_at(agent(), "DeviceReturned", data.clone(), stated).then_rejected("occurred_at_too_early");
    w.when(agent(), "DeviceReturned", data.clone()).then_rejected("last_seen_absent_at_not_allowed");
    data.as_object_mut().unwrap().remove("last_seen_absent_at");
    w.when(agent(), "DeviceReturned", data.clone()).then_rejected("station_unknown");
    data["station_id"] = json!(station_id(1));
    let change = |w: &mut World, key: &str, value: Value| {
        let mut data = json!({ "station_id": station_id(1) });
        data[key] = value;
        w.when(admin(), "ChangeStation", data).then_events(&["StationChanged"]);
    };
    change(&mut w, "service", json!("maintenance"));
    change(&mut w, "returning", json!(false));
    w.when(agent(), "DeviceReturned", data.clone()).then_rejected("slot_unknown");
    data["slot"] = json!(2);
    w.when(agent(), "DeviceReturned", data.clone()).then_rejected("station_offline");
    change(&mut w, "service", json!("in_service"));
    w.when(agent(), "DeviceReturned", data.clone()).then_rejected("station_not_returning");
    change(&mut w, "returning", json!(true));
    w.when(agent(), "DeviceReturned", data.clone()).then_rejected("slot_occupied");
    data["slot"] = json!(8);
    let slot = json!({ "station_id": station_id(1), "slot": 8 });
    for command in ["ReportSlotFault", "DisableSlot"] {
        assert!(w.when(agent(), command, slot.clone()).is_recorded());
    }
    w.when(agent(), "DeviceReturned", data.clone()).then_rejected("slot_faulty");
    w.when(agent(), "ClearSlotFault", slot.clone()).then_events(&["SlotFaultCleared"]);
    w.when(agent(), "DeviceReturned", data.clone()).then_rejected("slot_disabled");
    w.when(agent(), "EnableSlot", slot).then_events(&["SlotEnabled"]);
    w.when_at(agent(), "DeviceReturned", data.clone(), Some(t(-1))).then_rejected("occurred_at_too_early");
    w.when(agent(), "DeviceReturned", data).then_events(&["RentalEnded"]);
}

#[test]
fn a_station_reports_its_own_returns_only() {
    let mut w = out();
    w.now = t(30);
    let data = json!({ "serial": "PB-1", "station_id": station_id(2), "slot": 1 });
    w.when(station(1), "DeviceReturned", data.clone()).then_rejected("station_unknown");
    w.when(station(2), "DeviceReturned", data.clone()).then_events(&["RentalEnded"]);
    // Nor does it learn what another one reported.
    w.when(station(1), "DeviceReturned", data).then_rejected("station_unknown");
    w.when(
        station(1),
        "DeviceReturned",
        json!({ "serial": "PB-1", "station_id": station_id(1), "slot": 99 }),
    )
    .then_rejected("slot_unknown");
}

#[test]
fn a_stations_return_is_never_refused_for_the_state_of_station_or_slot() {
    let mut w = out();
    let here = json!({ "station_id": station_id(1) });
    w.when(system(), "TakeStationOffline", here).then_events(&["StationWentOffline"]);
    let change = json!({ "station_id": station_id(1), "returning": false, "service": "decommissioned" });
    w.when(admin(), "ChangeStation", change).then_events(&["StationChanged"]);
    let slot = json!({ "station_id": station_id(1), "slot": 2 });
    for command in ["ReportSlotFault", "DisableSlot"] {
        assert!(w.when(agent(), command, slot.clone()).is_recorded());
    }
    w.now = t(20);
    let facts = w.returned(1, 1, 2).then_facts(&["DeviceMissing", "RentalEnded"]);
    assert_eq!((&facts[0]["device_id"], &facts[0]["review"]), (&json!(device_id(2)), &json!(["displaced"])));
    assert_eq!((w.whereabouts(1), w.whereabouts(2)), ("docked 1/2".to_owned(), "lost".to_owned()));
}

#[test]
fn a_bank_without_an_open_rental_is_docked_and_no_money_moves() {
    let mut w = World::town();
    w.now = t(10);
    let answer = w.returned(1, 2, 4).then_events(&["DeviceDocked"]);
    assert_eq!((&answer["status"], &answer["rental_id"]), (&json!("docked"), &Value::Null));
    assert_eq!((w.whereabouts(1), w.slot(1, 1).device), ("docked 2/4".to_owned(), None));
    w.returned(1, 2, 4).then_already_done();
    w.now = t(600);
    w.returned(1, 2, 4).then_already_done();
    w.returned(2, 2, 4).then_events(&["DeviceMissing", "DeviceDocked"]);
}

#[test]
fn a_return_within_five_minutes_of_a_recorded_one_is_already_done_whatever_happened_since() {
    let mut w = out();
    w.now = t(30);
    let answer = w.seen(1, 2, 1, t(30)).then_events(&["RentalEnded"]);
    w.start(2, 2, 2, 1).then_events(&["RentalStarted"]);
    w.now = t(32);
    assert_eq!(w.seen(1, 2, 1, t(30)).then_already_done()["charge"], answer["charge"]);
    w.returned(1, 2, 1).then_already_done();
    assert_eq!(w.rental(2).status(), "active", "an unstated repetition does not end the next rental");
    w.now = t(35);
    w.returned(1, 2, 1).then_already_done();
    w.now = ts(35, 1);
    w.returned(1, 2, 1).then_events(&["RentalEnded"]);
    assert_eq!(w.rental(2).status(), "ended");
}

#[test]
fn popped_and_put_back_within_five_minutes_ends_the_rental_if_the_station_says_when() {
    let mut w = out();
    w.now = t(30);
    w.seen(1, 2, 1, t(30)).then_events(&["RentalEnded"]);
    w.now = t(31);
    w.start(2, 2, 2, 1).then_events(&["RentalStarted"]);
    w.now = t(33);
    w.seen(1, 2, 1, t(33)).then_events(&["RentalEnded"]);
    assert_eq!(w.whole(2), (0, 0, 0), "two free minutes");
    w.seen(1, 2, 1, t(33)).then_already_done();
    w.seen(1, 2, 1, t(30)).then_already_done();
}

#[test]
fn a_bank_still_docked_there_by_an_earlier_return_is_already_done() {
    let mut w = out();
    w.now = t(30);
    w.seen(1, 2, 1, t(30)).then_events(&["RentalEnded"]);
    w.now = t(300);
    w.returned(1, 2, 1).then_already_done();
    w.seen(1, 2, 1, t(200)).then_already_done();
    w.seen_since(1, 2, 1, t(30), t(80)).then_already_done();
    assert_eq!(w.whole(1), (500, 0, 0));
}

#[test]
fn a_repetition_that_bills_to_an_earlier_end_corrects_however_near_it_is() {
    let mut w = out();
    w.now = t(62);
    w.seen(1, 2, 1, t(61)).then_events(&["RentalEnded"]);
    assert_eq!(w.whole(1), (1_500, 0, 0));
    w.seen(1, 2, 1, t(60)).then_events(&["RentalCorrected"]);
    assert_eq!(w.whole(1), (1_000, 0, 0));
    w.seen_since(1, 2, 1, t(25), t(61)).then_events(&["RentalCorrected"]);
    assert_eq!(w.whole(1), (500, 0, 0));
}

#[test]
fn a_return_near_another_that_ended_no_rental_still_ends_its_own_earlier() {
    let mut w = out();
    w.now = t(70);
    w.seen(1, 2, 1, t(61)).then_events(&["RentalEnded"]);
    w.seen(1, 2, 2, t(64)).then_events(&["DeviceDocked"]);
    w.seen(1, 2, 2, t(60)).then_events(&["RentalCorrected"]);
    assert_eq!(w.whole(1), (1_000, 0, 0));
    assert_eq!(w.whereabouts(1), "docked 2/2");
}

#[test]
fn a_return_from_before_the_start_with_no_rental_then_is_suspect() {
    let mut w = World::town();
    w.running(1, 1, 1, t(100));
    w.now = t(145);
    let facts = w.seen(1, 2, 1, t(50)).then_facts(&["RentalEnded"]);
    assert_eq!((&facts[0]["ended_at"], &facts[0]["review"]), (&time(t(145)), &json!(["clock_suspect"])));
    let mut w = World::town();
    w.running(1, 1, 1, t(100));
    w.now = t(145);
    let back = json!({ "device_id": device_id(1), "station_id": station_id(2), "slot": 1 });
    w.when_at(agent(), "DeviceReturned", back, Some(t(99))).then_rejected("occurred_at_too_early");
}

#[test]
fn a_refused_attempt_counts_if_the_end_without_it_is_at_most_sixty_minutes_later() {
    for (attempt, end, billed) in [
        (t(40), t(100), t(40)),
        (t(40), ts(100, 1), ts(100, 1)),
        (ts(40, 0), t(41), t(40)),
        (t(0), t(60), t(0)),
    ] {
        let mut w = out();
        w.now = attempt;
        w.attempt(1, 2, attempt).then_events(&["ReturnAttemptRecorded"]);
        w.attempt(1, 2, attempt).then_already_done();
        w.now = end;
        let facts = w.seen(1, 1, 1, end).then_facts(&["RentalEnded"]);
        assert_eq!(facts[0]["ended_at"], time(billed));
        assert_eq!(facts[0]["evidence"]["billed_at"], time(end), "the return alone");
    }
}

#[test]
fn attempt_and_end_are_cut_to_whole_seconds_before_they_are_compared() {
    let micros = chrono::TimeDelta::microseconds;
    let mut w = out();
    w.now = t(200);
    w.attempt(1, 2, t(40) + micros(1)).then_events(&["ReturnAttemptRecorded"]);
    w.seen(1, 1, 1, t(100) + micros(900_000)).then_events(&["RentalEnded"]);
    assert_eq!(w.whole(1), (1_000, 0, 0), "3,600 whole seconds: the attempt counts");
}

#[test]
fn the_earliest_attempt_within_the_hour_is_the_end_and_attempts_lead_on() {
    let mut w = out();
    for minute in [20, 70, 110] {
        w.now = t(minute);
        w.attempt(1, 2, t(minute)).then_events(&["ReturnAttemptRecorded"]);
    }
    w.now = t(125);
    // From 125 back to 70, and with that end the attempt at 20 is within the hour.
    assert_eq!(w.seen(1, 1, 1, t(125)).then_facts(&["RentalEnded"])[0]["ended_at"], time(t(20)));
}

#[test]
fn an_attempt_that_arrives_after_the_end_corrects_it() {
    let mut w = out();
    w.now = t(100);
    w.seen(1, 1, 1, t(100)).then_events(&["RentalEnded"]);
    assert_eq!(w.whole(1), (2_000, 0, 0));
    w.now = t(300);
    let facts = w.attempt(1, 2, t(30)).then_facts(&["ReturnAttemptRecorded"]);
    assert!(facts[0].get("review").is_none());
    assert_eq!(w.whole(1), (2_000, 0, 0), "more than an hour before: it is kept and does not count");
    let then = w.attempt(1, 2, t(50));
    let facts = then.then_facts(&["ReturnAttemptRecorded", "RentalCorrected"]);
    assert_eq!((&facts[1]["cause"], &facts[1]["ended_at"]), (&json!("return_attempt"), &time(t(30))));
    assert_eq!(w.whole(1), (500, 0, 0), "the kept one leads on");
    assert_eq!(w.purse(1), (19_500, 0));
    w.attempt(1, 2, t(50)).then_already_done();
    w.attempt(1, 2, t(60)).then_rejected("no_running_rental");
}

#[test]
fn an_attempt_is_refused_in_its_order() {
    let mut w = World::town();
    let data = json!({ "serial": "PB-99", "station_id": station_id(9) });
    w.when_at(admin(), "ReportReturnRefused", data, Some(t(-8 * DAY))).then_rejected("device_unknown");
    w.running(1, 1, 1, t(0));
    let data = json!({ "serial": "PB-1", "station_id": station_id(9) });
    w.when_at(admin(), "ReportReturnRefused", data.clone(), Some(t(-8 * DAY)))
        .then_rejected("occurred_at_too_early");
    w.when(admin(), "ReportReturnRefused", data.clone()).then_rejected("station_unknown");
    w.when(station(1), "ReportReturnRefused", data).then_rejected("station_unknown");
    let facts = w.attempt(1, 1, t(-1)).then_rejected("no_running_rental");
    assert_eq!(facts["device_id"], json!(device_id(1)));
    w.attempt(2, 1, t(0)).then_rejected("no_running_rental");
    // Already done is judged first, even when its sender could not say it any more.
    let data = json!({ "serial": "PB-1", "station_id": station_id(1) });
    w.when_at(admin(), "ReportReturnRefused", data.clone(), Some(t(0)))
        .then_events(&["ReturnAttemptRecorded"]);
    w.now = t(9 * DAY);
    w.when_at(admin(), "ReportReturnRefused", data, Some(t(0))).then_already_done();
}

#[test]
fn an_agents_return_is_already_done_even_when_it_is_too_old_to_be_said_again() {
    let mut w = out();
    w.now = t(30);
    let data = json!({ "serial": "PB-1", "station_id": station_id(2), "slot": 1 });
    w.when_at(agent(), "DeviceReturned", data.clone(), Some(t(25))).then_events(&["RentalEnded"]);
    w.now = t(300);
    w.when_at(agent(), "DeviceReturned", data, Some(t(25))).then_already_done();
}

#[test]
fn a_bank_in_maintenance_that_a_station_sees_stays_in_maintenance() {
    let mut w = World::town();
    let data = json!({ "device_id": device_id(1) });
    w.when(agent(), "StartMaintenance", data.clone()).then_events(&["MaintenanceStarted"]);
    w.when(agent(), "UndockDevice", data).then_events(&["DeviceUndocked"]);
    w.now = t(10);
    w.returned(1, 2, 1).then_events(&["DeviceDocked"]);
    assert_eq!(w.whereabouts(1), "maintenance 2/1");
    w.start(1, 1, 2, 1).then_rejected("device_in_maintenance");
}

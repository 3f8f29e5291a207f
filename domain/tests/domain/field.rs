//! What goes wrong in the field: one story each, as far as today's commands tell it.

use serde_json::json;

use super::given::*;

#[test]
fn paid_but_nothing_came_out() {
    let mut w = World::town();
    w.pays(1, 5_000);
    w.start(1, 1, 3, 1).then_events(&["RentalRequested"]);
    let failed = json!({ "rental_id": rental_id(1), "reason": "motor" });
    w.when(station(3), "ReportReleaseFailure", failed).then_events(&["RentalCancelled", "SlotFaultReported"]);
    assert_eq!(w.purse(1), (25_000, 0));
    w.start(2, 1, 3, 2).then_events(&["RentalRequested"]);
}

#[test]
fn the_release_timed_out_though_the_bank_left() {
    let mut w = World::town();
    w.start(1, 1, 3, 1).then_events(&["RentalRequested"]);
    w.now = t(1);
    let unknown = json!({ "rental_id": rental_id(1) });
    w.when(system(), "ReportReleaseUnknown", unknown).then_events(&["ReleaseOutcomeUnknown"]);
    w.now = t(20);
    let data = json!({ "rental_id": rental_id(1), "serial": "PB-4", "slot": 1 });
    let answer =
        w.when_at(station(3), "ConfirmRelease", data, Some(ts(0, 9))).then_events(&["RentalStarted"]);
    assert_eq!(answer["started_at"], time(ts(0, 9)));
}

#[test]
fn a_redelivered_command_ejected_a_second_bank() {
    let mut w = World::town();
    w.start(1, 1, 3, 1).then_events(&["RentalRequested"]);
    w.confirm(1, 4, 3, 1).then_events(&["RentalStarted"]);
    // The cabinet did it again: the rental has its bank already, and the other one is missed.
    w.confirm(1, 5, 3, 2).then_already_done();
    let missing = json!({ "serial": "PB-5", "slot": 2 });
    w.when(station(3), "ReportDeviceMissing", missing).then_events(&["DeviceMissing"]);
    w.now = t(10);
    w.returned(5, 3, 2).then_events(&["DeviceDocked"]);
    assert_eq!(w.rental(1).status(), "active");
}

#[test]
fn popped_but_put_back_at_once() {
    let mut w = World::town();
    w.start(1, 1, 3, 1).then_events(&["RentalRequested"]);
    w.now = ts(0, 10);
    w.returned(4, 3, 1).then_events(&["RentalStarted", "RentalEnded"]);
    w.start(2, 1, 3, 1).then_events(&["RentalRequested"]);
    w.confirm(2, 4, 3, 1).then_events(&["RentalStarted"]);
    w.now = ts(1, 10);
    w.seen(4, 3, 1, ts(1, 10)).then_events(&["RentalEnded"]);
    assert_eq!(w.purse(1), (20_000, 0));
}

#[test]
fn inserted_but_not_read_is_found_by_the_next_look_into_the_slot() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.now = t(50);
    // Put in at 30, noticed by the inventory at 50; the one at 30 had still seen the slot empty.
    let answer = w.seen_since(1, 3, 8, t(30), t(50)).then_events(&["RentalEnded"]);
    assert_eq!((&answer["ended_at"], &answer["charge"]["total"]), (&time(t(30)), &json!(500)));
}

#[test]
fn the_station_was_offline_during_the_return_and_the_bank_sold_meanwhile() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.now = t(4 * DAY);
    w.sell(1).then_events(&["RentalSold"]);
    w.now = t(12 * DAY);
    let facts = w.seen(1, 2, 1, t(60)).then_facts(&["RentalCorrected"]);
    assert_eq!(facts[0]["review"], json!(["late_upload"]));
    assert_eq!((w.whole(1), w.purse(1)), ((1_000, 0, 0), (19_000, 0)));
}

#[test]
fn the_station_was_full() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.now = t(58);
    w.attempt(1, 2, t(58)).then_events(&["ReturnAttemptRecorded"]);
    w.now = t(75);
    w.returned(1, 3, 8).then_events(&["RentalEnded"]);
    assert_eq!(w.whole(1), (1_000, 0, 0), "the walk to the next station is free");
}

#[test]
fn the_same_return_five_times_at_once() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.now = t(30);
    let answer = w.returned(1, 2, 1).then_events(&["RentalEnded"]);
    for second in 0..4 {
        w.now = ts(30, second);
        assert_eq!(w.returned(1, 2, 1).then_already_done(), answer);
    }
}

#[test]
fn a_cabinet_whose_clock_is_wrong() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.now = t(30);
    let facts = w.seen(1, 2, 1, "1970-01-01T00:00:09Z".parse().unwrap()).then_facts(&["RentalEnded"]);
    assert_eq!((&facts[0]["ended_at"], &facts[0]["review"]), (&time(t(30)), &json!(["clock_suspect"])));
    w.seen(1, 2, 1, "1970-01-01T00:00:09Z".parse().unwrap()).then_already_done();
}

#[test]
fn a_bank_nobody_knows_is_refused() {
    let mut w = World::town();
    let data = json!({ "serial": "FAKE-1", "station_id": station_id(1), "slot": 5 });
    assert_eq!(
        w.when(station(1), "DeviceReturned", data).then_rejected("device_unknown")["serial"],
        "FAKE-1"
    );
}

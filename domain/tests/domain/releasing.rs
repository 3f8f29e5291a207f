//! What a cabinet answers: confirmed, failed, unknown, late; the right bank, another one, a second one.

use serde_json::{Value, json};

use super::given::*;

fn rental(number: u128) -> Value {
    json!({ "rental_id": rental_id(number) })
}

/// Customer 1 has asked the cabinet for bank 4 in slot 1 at zero.
fn asked() -> World {
    let mut w = World::town();
    w.start(1, 1, 3, 1).then_events(&["RentalRequested"]);
    w
}

#[test]
fn the_meter_starts_with_the_confirmation() {
    let mut w = asked();
    w.now = ts(0, 20);
    let answer = w.confirm(1, 4, 3, 1).then_events(&["RentalStarted"]);
    assert_eq!((&answer["status"], &answer["started_at"]), (&json!("active"), &time(ts(0, 20))));
    assert_eq!(answer["due_at"], time(ts(DAY, 20)));
    assert_eq!((w.whereabouts(4), w.slot(3, 1).device), ("rented".to_owned(), None));
}

#[test]
fn a_confirmation_of_a_started_rental_is_already_done_and_moves_nothing() {
    let mut w = asked();
    w.now = t(2);
    w.confirm(1, 4, 3, 1).then_events(&["RentalStarted"]);
    let earlier = json!({ "rental_id": rental_id(1), "device_id": device_id(4), "slot": 1 });
    let answer = w.when_at(station(3), "ConfirmRelease", earlier.clone(), Some(t(1))).then_already_done();
    assert_eq!(answer["started_at"], time(t(2)));
    w.now = t(30);
    w.returned(4, 3, 1).then_events(&["RentalEnded"]);
    w.when_at(station(3), "ConfirmRelease", earlier, Some(t(1))).then_already_done();
}

#[test]
fn confirming_is_refused_in_its_order() {
    let mut w = asked();
    let data = |number: u128, serial: &str, slot: u16| json!({ "rental_id": rental_id(number), "serial": serial, "slot": slot });
    w.when_at(support(), "ConfirmRelease", data(9, "PB-99", 9), Some(t(0))).then_rejected("rental_unknown");
    w.when(station(1), "ConfirmRelease", data(1, "PB-4", 1)).then_rejected("rental_unknown");
    w.when_at(support(), "ConfirmRelease", data(1, "PB-99", 9), Some(t(0))).then_rejected("reason_required");
    let mut with_reason = data(1, "PB-99", 9);
    with_reason["reason"] = json!(" ");
    w.when(support(), "ConfirmRelease", with_reason.clone()).then_rejected("reason_required");
    with_reason["reason"] = json!("seen on camera");
    let facts = w
        .when_at(support(), "ConfirmRelease", with_reason.clone(), Some(t(0)))
        .then_rejected("device_unknown");
    assert_eq!(facts, json!({ "device_id": null, "serial": "PB-99" }));
    with_reason["serial"] = json!("PB-4");
    w.when_at(support(), "ConfirmRelease", with_reason.clone(), Some(t(0)))
        .then_rejected("occurred_at_not_allowed");
    w.when(support(), "ConfirmRelease", with_reason.clone()).then_rejected("slot_unknown");
    with_reason["slot"] = json!(1);
    let facts = w.when(support(), "ConfirmRelease", with_reason).then_facts(&["RentalStarted"]);
    assert_eq!(facts[0]["reason"], "seen on camera");
    let mut w = asked();
    let early = data(1, "PB-4", 1);
    w.when_at(admin(), "ConfirmRelease", early, Some(t(-1))).then_rejected("occurred_at_too_early");
}

#[test]
fn the_bank_that_really_left_counts_and_the_reserved_one_stays() {
    let mut w = asked();
    w.now = t(1);
    let facts = w.confirm(1, 5, 3, 2).then_facts(&["RentalStarted", "DeviceDocked"]);
    assert_eq!(facts[0]["device_id"], json!(device_id(5)));
    assert_eq!(facts[0]["review"], json!(["other_device"]));
    assert_eq!((w.whereabouts(4), w.whereabouts(5)), ("docked 3/1".to_owned(), "rented".to_owned()));
    w.now = t(45);
    w.returned(5, 1, 7).then_events(&["RentalEnded"]);
    assert_eq!(w.whole(1), (1_000, 0, 0));
    w.start(2, 2, 3, 1).then_events(&["RentalRequested"]);
}

#[test]
fn a_bank_that_was_thought_to_be_elsewhere_leaves_that_station() {
    let mut w = asked();
    w.now = t(1);
    w.confirm(1, 1, 3, 1).then_events(&["DeviceMissing", "RentalStarted", "DeviceDocked"]);
    assert_eq!((w.slot(1, 1).device, w.whereabouts(1)), (None, "rented".to_owned()));
}

#[test]
fn i9_a_bank_that_left_while_on_another_open_rental_ends_that_one_first() {
    let mut w = asked();
    w.start(2, 2, 1, 1).then_events(&["RentalStarted"]);
    w.now = t(40);
    let facts = w.confirm(1, 1, 3, 1).then_facts(&["RentalEnded", "RentalStarted", "DeviceDocked"]);
    assert_eq!((&facts[0]["rental_id"], &facts[0]["ended_at"]), (&json!(rental_id(2)), &time(t(40))));
    assert_eq!(w.whole(2), (1_000, 0, 0));
    assert_eq!(w.purse(2), (19_000, 0));
    assert_eq!(w.rental(1).status(), "active");
    assert_eq!(w.whereabouts(4), "docked 3/1");
    // What stood in the slot it came from, if something did, does not.
    let mut w = asked();
    w.start(2, 2, 1, 1).then_events(&["RentalStarted"]);
    w.now = t(40);
    let types = ["DeviceMissing", "RentalEnded", "RentalStarted", "DeviceDocked"];
    w.confirm(1, 1, 3, 2).then_events(&types);
    assert_eq!(w.whereabouts(5), "lost");
}

#[test]
fn a_bank_that_left_while_it_was_being_released_to_another_cancels_that_release() {
    let mut w = asked();
    w.start(2, 2, 3, 2).then_events(&["RentalRequested"]);
    w.now = t(1);
    let facts = w.confirm(1, 5, 3, 2).then_facts(&["RentalCancelled", "RentalStarted", "DeviceDocked"]);
    assert_eq!((&facts[0]["cause"], &facts[0]["docked"]), (&json!("left_with_other_rental"), &json!(false)));
    assert_eq!(w.rental(2).status(), "cancelled");
    assert_eq!(w.purse(2), (20_000, 0));
    w.start(3, 2, 3, 1).then_events(&["RentalRequested"]);
}

#[test]
fn a_failed_release_costs_nothing_and_marks_the_slot() {
    let mut w = asked();
    let data = json!({ "rental_id": rental_id(1), "reason": "jammed" });
    w.when(station(3), "ReportReleaseFailure", rental(9)).then_rejected("rental_unknown");
    w.when(support(), "ReportReleaseFailure", rental(1)).then_rejected("reason_required");
    let early = w.when_at(admin(), "ReportReleaseFailure", data.clone(), Some(t(-1)));
    early.then_rejected("occurred_at_too_early");
    w.when(station(3), "ReportReleaseFailure", data.clone())
        .then_events(&["RentalCancelled", "SlotFaultReported"]);
    assert!(w.slot(3, 1).faulty);
    assert_eq!(w.whereabouts(4), "docked 3/1");
    assert_eq!(w.purse(1), (20_000, 0));
    w.when(station(3), "ReportReleaseFailure", data).then_already_done();
    w.when(support(), "ReportReleaseFailure", rental(1)).then_already_done();
    w.start(2, 1, 3, 1).then_rejected("slot_faulty");
    w.start(2, 1, 3, 2).then_events(&["RentalRequested"]);
}

#[test]
fn a_failed_release_of_a_slot_that_is_marked_already_marks_nothing() {
    let mut w = asked();
    let slot = json!({ "station_id": station_id(3), "slot": 1 });
    w.when(station(3), "ReportSlotFault", slot).then_events(&["SlotFaultReported"]);
    w.when(station(3), "ReportReleaseFailure", rental(1)).then_events(&["RentalCancelled"]);
}

#[test]
fn failure_after_success_is_refused_and_success_after_failure_starts() {
    let mut w = asked();
    w.confirm(1, 4, 3, 1).then_events(&["RentalStarted"]);
    let facts = w.when(station(3), "ReportReleaseFailure", rental(1)).then_rejected("rental_started");
    assert_eq!(facts["rental_status"], "active");
    let mut w = asked();
    w.when(station(3), "ReportReleaseFailure", rental(1)).is_recorded();
    w.now = t(3);
    let facts = w.confirm(1, 4, 3, 1).then_facts(&["RentalStarted"]);
    assert_eq!(facts[0]["review"], json!(["late_release"]));
    assert_eq!((w.rental(1).status(), w.whereabouts(4)), ("active", "rented".to_owned()));
}

#[test]
fn a_release_without_an_answer_is_unknown_after_sixty_seconds_and_stays_open() {
    let mut w = asked();
    w.when(system(), "ReportReleaseUnknown", rental(9)).then_rejected("rental_unknown");
    w.now = ts(0, 59);
    let facts = w.when(system(), "ReportReleaseUnknown", rental(1)).then_rejected("not_due");
    assert_eq!(facts["due_at"], time(t(1)));
    w.now = t(1);
    w.when(system(), "ReportReleaseUnknown", rental(1)).then_events(&["ReleaseOutcomeUnknown"]);
    w.when(system(), "ReportReleaseUnknown", rental(1)).then_already_done();
    assert_eq!((w.rental(1).status(), w.whereabouts(4)), ("releasing", "releasing 3/1".to_owned()));
    w.start(2, 1, 3, 2).then_rejected("rental_already_open");
    w.now = t(2);
    w.confirm(1, 4, 3, 1).then_events(&["RentalStarted"]);
    w.when(system(), "ReportReleaseUnknown", rental(1)).then_rejected("rental_started");
}

#[test]
fn a_station_may_say_at_once_that_it_does_not_know() {
    let mut w = asked();
    w.now = ts(0, 5);
    w.when(station(3), "ReportReleaseUnknown", rental(1)).then_events(&["ReleaseOutcomeUnknown"]);
    w.when(station(3), "ReportReleaseFailure", rental(1))
        .then_events(&["RentalCancelled", "SlotFaultReported"]);
    w.when(station(3), "ReportReleaseUnknown", rental(1)).then_rejected("rental_cancelled");
}

#[test]
fn a_release_is_given_up_a_day_after_the_request() {
    let mut w = asked();
    w.when(system(), "CancelRelease", rental(9)).then_rejected("rental_unknown");
    w.now = ts(DAY, -1);
    assert_eq!(w.when(admin(), "CancelRelease", rental(1)).then_rejected("not_due")["due_at"], time(t(DAY)));
    w.now = t(DAY + 9);
    let then = w.when(system(), "CancelRelease", rental(1));
    let facts = then.then_facts(&["RentalCancelled", "SlotFaultReported"]);
    assert_eq!(facts[0]["review"], json!(["release_unresolved"]));
    assert_eq!((w.whereabouts(4), w.slot(3, 1).faulty), ("docked 3/1".to_owned(), true));
    assert!(w.log.iter().rev().take(2).all(|fact| fact.occurred_at == t(DAY)), "the deadline itself");
    w.when(system(), "CancelRelease", rental(1)).then_already_done();
    let mut w = asked();
    w.confirm(1, 4, 3, 1).then_events(&["RentalStarted"]);
    w.now = t(2 * DAY);
    w.when(system(), "CancelRelease", rental(1)).then_rejected("rental_started");
}

fn seen_in_slot(at: domain::Time) -> serde_json::Value {
    json!({ "rental_id": rental_id(1), "seen_in_slot_at": at })
}

#[test]
fn an_unknown_release_is_cancelled_once_the_bank_is_seen_in_its_slot_and_the_slot_is_well() {
    let mut w = asked();
    w.now = t(1);
    w.when(system(), "ReportReleaseUnknown", rental(1)).then_events(&["ReleaseOutcomeUnknown"]);
    w.now = t(9);
    w.when(system(), "CancelRelease", rental(1)).then_rejected("not_due");
    let facts = w.when(system(), "CancelRelease", seen_in_slot(t(8))).then_facts(&["RentalCancelled"]);
    assert_eq!((&facts[0]["cause"], &facts[0]["docked"]), (&json!("seen_in_slot"), &json!(true)));
    assert!(facts[0].get("review").is_none(), "nobody has to look at it");
    assert_eq!(w.log.last().unwrap().occurred_at, t(8), "when it was seen");
    let slot = w.slot(3, 1);
    assert_eq!((w.whereabouts(4).as_str(), slot.faulty, slot.device.is_some()), ("docked 3/1", false, true));
    w.when(system(), "CancelRelease", seen_in_slot(t(8))).then_already_done();
    w.start(2, 1, 3, 1).then_events(&["RentalRequested"]);
}

#[test]
fn a_sighting_opens_nothing_before_the_outcome_is_unknown_or_from_before_it_was() {
    let mut w = asked();
    w.now = ts(0, 40);
    let due = w.when(system(), "CancelRelease", seen_in_slot(ts(0, 40))).then_rejected("not_due");
    assert_eq!(due["due_at"], time(t(DAY)), "the cabinet may still answer");
    w.when(station(3), "ReportReleaseUnknown", rental(1)).then_events(&["ReleaseOutcomeUnknown"]);
    let early =
        w.when(system(), "CancelRelease", seen_in_slot(ts(0, 39))).then_rejected("occurred_at_too_early");
    assert_eq!(early["earliest"], time(ts(0, 40)), "the bank may have left after it was seen");
    w.when(admin(), "CancelRelease", seen_in_slot(t(7))).then_rejected("occurred_at_in_future");
    w.when(system(), "CancelRelease", seen_in_slot(ts(0, 41))).then_events(&["RentalCancelled"]);
    let mut w = asked();
    w.when(station(3), "ReportReleaseUnknown", rental(1)).then_events(&["ReleaseOutcomeUnknown"]);
    w.now = t(5);
    w.returned(5, 3, 1).then_events(&["DeviceDocked"]);
    w.when(system(), "CancelRelease", seen_in_slot(t(5))).then_rejected("device_elsewhere");
}

#[test]
fn an_unknown_release_starts_with_the_inventory_that_shows_the_bank_gone() {
    let mut w = asked();
    w.now = t(1);
    w.when(system(), "ReportReleaseUnknown", rental(1)).then_events(&["ReleaseOutcomeUnknown"]);
    w.now = t(22);
    let gone = json!({ "rental_id": rental_id(1), "device_id": device_id(4), "slot": 1 });
    let answer = w.when_at(station(3), "ConfirmRelease", gone, Some(t(20))).then_events(&["RentalStarted"]);
    assert_eq!(answer["started_at"], time(t(20)));
    w.when(system(), "CancelRelease", seen_in_slot(t(21))).then_rejected("rental_started");
}

#[test]
fn a_late_confirmation_after_a_cancel_is_only_noted_when_the_customer_rents_again() {
    let mut w = asked();
    w.when(station(3), "ReportReleaseFailure", rental(1)).is_recorded();
    w.running(2, 1, 1, t(5));
    let facts = w.confirm(1, 4, 3, 1).then_facts(&["LateReleaseRecorded"]);
    assert_eq!((&facts[0]["review"], &facts[0]["lost"]), (&json!(["late_release"]), &json!(true)));
    assert_eq!((w.whereabouts(4), w.slot(3, 1).device), ("lost".to_owned(), None));
    assert_eq!(w.purse(1), (20_000, 0));
    w.confirm(1, 4, 3, 1).then_already_done();
}

#[test]
fn a_late_confirmation_for_an_erased_customer_is_only_noted() {
    let mut w = asked();
    w.when(station(3), "ReportReleaseFailure", rental(1)).is_recorded();
    w.tamper(customer_id(1), |state| state["status"] = json!("closed"));
    w.confirm(1, 4, 3, 1).then_events(&["LateReleaseRecorded"]);
    assert_eq!(w.whereabouts(4), "lost");
}

#[test]
fn i9_a_late_confirmation_of_a_bank_on_another_open_rental_leaves_it_there() {
    let mut w = asked();
    w.when(station(3), "ReportReleaseFailure", rental(1)).is_recorded();
    let slot = json!({ "station_id": station_id(3), "slot": 1 });
    w.when(station(3), "ClearSlotFault", slot).then_events(&["SlotFaultCleared"]);
    w.start(2, 2, 3, 1).then_events(&["RentalRequested"]);
    let facts = w.confirm(1, 4, 3, 1).then_facts(&["LateReleaseRecorded"]);
    assert_eq!(facts[0]["lost"], json!(false));
    assert_eq!(w.whereabouts(4), "releasing 3/1");
    w.confirm(2, 4, 3, 1).then_events(&["RentalStarted"]);
}

#[test]
fn a_late_confirmation_names_the_bank_that_left_and_where_it_is_missing_now() {
    let mut w = asked();
    w.when(station(3), "ReportReleaseFailure", rental(1)).is_recorded();
    w.running(2, 1, 1, t(5));
    w.confirm(1, 2, 3, 1).then_events(&["DeviceMissing", "LateReleaseRecorded"]);
    assert_eq!((w.whereabouts(2), w.slot(1, 2).device), ("lost".to_owned(), None));
    let mut w = asked();
    w.when(station(3), "ReportReleaseFailure", rental(1)).is_recorded();
    w.confirm(1, 2, 3, 1).then_events(&["DeviceMissing", "RentalStarted"]);
    assert_eq!(w.whereabouts(4), "docked 3/1");
}

#[test]
fn a_bank_put_back_while_it_was_released_starts_and_ends_at_that_moment_for_nothing() {
    let mut w = asked();
    w.now = t(1);
    let answer = w.seen(4, 2, 5, t(1)).then_events(&["RentalStarted", "RentalEnded"]);
    assert_eq!((&answer["status"], &answer["charge"]["total"]), (&json!("ended"), &json!(0)));
    assert_eq!(answer["charge"]["lines"][0]["rule"], "not_taken");
    assert_eq!(w.whereabouts(4), "docked 2/5");
    assert_eq!(w.slot(3, 1).device, None);
    w.confirm(1, 4, 3, 1).then_already_done();
    assert_eq!(w.purse(1), (20_000, 0));
}

#[test]
fn a_return_from_before_the_request_is_suspect_and_counts_from_its_arrival() {
    let back = json!({ "device_id": device_id(4), "station_id": station_id(3), "slot": 1 });
    let mut w = World::town();
    w.now = t(10);
    w.start(1, 1, 3, 1).then_events(&["RentalRequested"]);
    w.now = t(11);
    let facts = w.seen(4, 3, 1, t(9)).then_facts(&["RentalStarted", "RentalEnded"]);
    assert_eq!((&facts[1]["ended_at"], &facts[1]["review"]), (&time(t(11)), &json!(["clock_suspect"])));
    let mut w = World::town();
    w.now = t(10);
    w.start(1, 1, 3, 1).then_events(&["RentalRequested"]);
    let facts =
        w.when_at(agent(), "DeviceReturned", back.clone(), Some(t(9))).then_rejected("occurred_at_too_early");
    assert_eq!(facts["earliest"], time(t(10)));
    w.when_at(agent(), "DeviceReturned", back, Some(t(10))).then_events(&["RentalStarted", "RentalEnded"]);
}

#[test]
fn a_release_that_finds_another_bank_in_its_slot_loses_nothing_of_its_rental() {
    // Bank 1 comes back into the slot that bank 4 is leaving, before the cabinet said that it left.
    let returned = || {
        let mut w = asked();
        w.running(2, 2, 1, t(0));
        w.now = ts(0, 30);
        w.returned(1, 3, 1).then_events(&["RentalEnded"]);
        assert_eq!(w.whereabouts(4), "releasing 3/1");
        assert_eq!(w.start(3, 3, 3, 1).then_events(&["RentalRequested"])["device_id"], json!(device_id(1)));
        w
    };
    let mut w = returned();
    w.confirm(1, 4, 3, 1).then_events(&["RentalStarted"]);
    assert_eq!(w.whereabouts(1), "releasing 3/1");
    let mut w = returned();
    let then = w.when(station(3), "ReportReleaseFailure", rental(1));
    let facts = then.then_facts(&["RentalCancelled", "SlotFaultReported"]);
    assert_eq!(facts[0]["docked"], false);
    assert_eq!(w.whereabouts(4), "lost");
    let mut w = returned();
    w.confirm(1, 5, 3, 2).then_events(&["RentalStarted", "DeviceMissing"]);
    assert_eq!(w.whereabouts(4), "lost");
}

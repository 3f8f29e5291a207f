//! Returns that arrive late: corrections of ended, sold and recovered rentals, sale and recovery at their edges.

use serde_json::json;

use super::given::*;

const SALE: i64 = 4 * DAY;

fn out() -> World {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w
}

#[test]
fn a_late_upload_corrects_an_ended_rental_and_moves_the_bank_only_if_nothing_later_is_known() {
    let mut w = out();
    w.now = t(600);
    w.seen(1, 2, 1, t(600)).then_events(&["RentalEnded"]);
    assert_eq!(w.purse(1), (15_000, 0));
    let then = w.seen(1, 1, 4, t(40));
    let facts = then.then_facts(&["RentalCorrected"]);
    assert_eq!((&facts[0]["cause"], &facts[0]["stage"]), (&json!("late_return"), &json!("ended")));
    assert_eq!(facts[0]["reversed"]["amounts"]["usage"], 5_000);
    assert_eq!(facts[0]["credited"], json!({ "debt": 0, "write_off": 0, "deposit": 5_000 }));
    assert_eq!(facts[0]["debited"], json!({ "deposit": 1_000, "debt": 0 }));
    assert!(facts[0].get("docked").is_none());
    assert_eq!((w.purse(1), w.whereabouts(1)), ((19_000, 0), "docked 2/1".to_owned()));
    // An interval that began earlier but is bound to sixty minutes: seen last, so there it stands.
    w.now = t(700);
    w.seen_since(1, 1, 5, t(20), t(630)).then_events(&["DeviceDocked"]);
    assert_eq!(
        (w.purse(1), w.whereabouts(1)),
        ((19_000, 0), "docked 1/5".to_owned()),
        "the bill has its bound"
    );
}

#[test]
fn a_later_sighting_with_an_earlier_bound_corrects_and_moves_the_bank_from_the_other_station() {
    let mut w = out();
    w.now = t(100);
    w.seen(1, 2, 1, t(65)).then_events(&["RentalEnded"]);
    w.seen_since(1, 1, 4, t(20), t(70)).then_events(&["DeviceMissing", "RentalCorrected"]);
    assert_eq!(w.whole(1), (500, 0, 0));
    assert_eq!((w.whereabouts(1), w.slot(2, 1).device), ("docked 1/4".to_owned(), None));
}

#[test]
fn i9_a_late_return_of_an_earlier_rental_does_not_move_a_bank_that_is_being_released() {
    let mut w = out();
    w.now = t(65);
    w.seen(1, 3, 8, t(65)).then_events(&["RentalEnded"]);
    w.now = t(66);
    w.start(2, 2, 3, 8).then_events(&["RentalRequested"]);
    w.now = t(75);
    w.seen_since(1, 1, 4, t(20), t(70)).then_events(&["RentalCorrected"]);
    assert_eq!((w.whole(1), w.whereabouts(1)), ((500, 0, 0), "releasing 3/8".to_owned()));
    w.confirm(2, 1, 3, 8).then_events(&["RentalStarted"]);
}

#[test]
fn a_late_return_of_an_earlier_rental_leaves_the_later_one_alone() {
    let mut w = out();
    w.now = t(200);
    w.seen(1, 2, 1, t(200)).then_events(&["RentalEnded"]);
    w.start(2, 2, 2, 1).then_events(&["RentalStarted"]);
    w.now = t(260);
    w.seen(1, 1, 1, t(30)).then_events(&["RentalCorrected"]);
    assert_eq!(
        (w.whole(1), w.rental(2).status(), w.whereabouts(1)),
        ((500, 0, 0), "active", "rented".to_owned())
    );
    w.seen(1, 1, 1, t(260)).then_events(&["RentalEnded"]);
    assert_eq!(w.whole(2), (1_000, 0, 0));
}

#[test]
fn a_late_return_of_a_rental_that_began_near_another_return_is_its_own() {
    let mut w = out();
    w.now = t(30);
    w.seen(1, 2, 1, t(30)).then_events(&["RentalEnded"]);
    w.now = t(31);
    w.start(2, 2, 2, 1).then_events(&["RentalStarted"]);
    w.now = t(300);
    w.seen(1, 1, 1, t(300)).then_events(&["RentalEnded"]);
    // Put back two minutes after it was taken, near the first return: the second customer pays nothing.
    w.seen(1, 2, 1, t(33)).then_events(&["RentalCorrected"]);
    assert_eq!((w.whole(1), w.whole(2)), ((500, 0, 0), (0, 0, 0)));
    // The same with the bank sold in between.
    let mut w = out();
    w.now = t(30);
    w.seen(1, 2, 1, t(30)).then_events(&["RentalEnded"]);
    w.now = t(31);
    w.start(2, 2, 2, 1).then_events(&["RentalStarted"]);
    w.report_lost(2).then_events(&["RentalSold"]);
    w.now = t(40);
    w.seen(1, 2, 1, t(33)).then_events(&["ReplacementFeeReversed", "DeviceRecovered"]);
}

#[test]
fn a_return_billed_before_a_recorded_sale_makes_it_ended() {
    let mut w = out();
    w.now = t(SALE);
    w.sell(1).then_events(&["RentalSold"]);
    assert_eq!(w.purse(1), (0, 48_000));
    w.now = t(SALE + 3 * DAY);
    let facts = w.seen(1, 1, 4, ts(SALE, -1)).then_facts(&["RentalCorrected"]);
    assert_eq!((&facts[0]["stage"], &facts[0]["docked"]["slot"]), (&json!("ended"), &json!(4)));
    assert_eq!(w.rental(1).status(), "ended");
    assert_eq!(w.whole(1), (20_000, 3_000, 0));
    assert_eq!((w.purse(1), w.whereabouts(1)), ((0, 3_000), "docked 1/4".to_owned()));
}

#[test]
fn a_return_at_the_sale_moment_of_an_unsold_rental_sells_and_recovers_in_one_decision() {
    let mut w = out();
    w.now = t(SALE + 60);
    let then = w.seen(1, 1, 4, t(SALE));
    let answer = then.then_events(&["RentalSold", "ReplacementFeeReversed", "DeviceRecovered"]);
    assert_eq!((&answer["status"], &answer["ended_at"]), (&json!("recovered"), &time(t(SALE))));
    assert_eq!((&answer["charge"]["total"], &answer["debt"]), (&json!(23_000), &json!(3_000)));
    assert_eq!(
        (w.whole(1), w.purse(1), w.whereabouts(1)),
        ((20_000, 3_000, 0), (0, 3_000), "docked 1/4".to_owned())
    );
    w.seen(1, 1, 4, t(SALE)).then_already_done();
    w.sell(1).then_already_done();
}

#[test]
fn the_recovery_window_is_exactly_its_days() {
    let edge = SALE + 30 * DAY;
    for sold_first in [false, true] {
        let mut w = out();
        w.now = t(edge + 60);
        if sold_first {
            w.sell(1).then_events(&["RentalSold"]);
            w.seen(1, 1, 4, t(edge)).then_events(&["ReplacementFeeReversed", "DeviceRecovered"]);
        } else {
            w.seen(1, 1, 4, t(edge)).then_events(&[
                "RentalSold",
                "ReplacementFeeReversed",
                "DeviceRecovered",
            ]);
        }
        assert_eq!((w.whole(1), w.purse(1)), ((20_000, 3_000, 0), (0, 3_000)));

        let mut w = out();
        w.now = t(edge + 60);
        if sold_first {
            w.sell(1).then_events(&["RentalSold"]);
            let answer = w.seen(1, 1, 4, ts(edge, 1)).then_events(&["DeviceDocked"]);
            assert_eq!(
                (&answer["status"], &answer["charge"]["replacement"]),
                (&json!("sold"), &json!(45_000))
            );
        } else {
            w.seen(1, 1, 4, ts(edge, 1)).then_events(&["RentalSold", "DeviceDocked"]);
        }
        assert_eq!((w.whole(1), w.purse(1)), ((20_000, 3_000, 45_000), (0, 48_000)));
        assert_eq!((w.rental(1).status(), w.whereabouts(1)), ("sold", "docked 1/4".to_owned()));
        w.start(2, 2, 1, 4).then_events(&["RentalStarted"]);
    }
}

#[test]
fn an_attempt_brings_a_return_that_was_too_late_into_the_recovery_days() {
    let edge = SALE + 30 * DAY;
    let mut w = out();
    w.now = t(edge + 60);
    w.seen(1, 1, 4, t(edge + 30)).then_events(&["RentalSold", "DeviceDocked"]);
    let facts = w.attempt(1, 2, t(edge - 10)).then_facts(&["ReturnAttemptRecorded", "RentalCorrected"]);
    assert_eq!(facts[1]["stage"], "ended", "the new charge has no replacement fee");
    assert_eq!((w.whole(1), w.purse(1)), ((20_000, 3_000, 0), (0, 3_000)));
}

#[test]
fn a_return_that_is_too_late_is_kept_even_when_the_bank_has_moved_on() {
    let edge = SALE + 30 * DAY;
    let mut w = out();
    w.now = t(edge + 3 * DAY);
    w.seen(1, 1, 4, t(edge + DAY)).then_events(&["RentalSold", "DeviceDocked"]);
    w.start(2, 2, 1, 4).then_events(&["RentalStarted"]);
    let facts = w.seen(1, 2, 2, t(edge + 30)).then_facts(&["RentalCorrected"]);
    assert_eq!(
        (&facts[0]["stage"], &facts[0]["reversed"]["amounts"]),
        (&json!("sold"), &json!({ "usage": 20_000, "late": 3_000, "replacement": 45_000 }),)
    );
    assert_eq!((w.rental(1).status(), w.purse(1)), ("sold", (0, 48_000)));
    w.attempt(1, 2, t(edge)).then_events(&["ReturnAttemptRecorded", "RentalCorrected"]);
    assert_eq!(w.purse(1), (0, 3_000));
}

#[test]
fn a_reported_bank_that_comes_back_is_charged_for_the_time_since() {
    let mut w = out();
    w.now = t(100);
    w.report_lost(1).then_events(&["RentalSold"]);
    assert_eq!(w.purse(1), (0, 27_000));
    w.now = t(2 * DAY);
    let facts = w.returned(1, 1, 4).then_facts(&["ReplacementFeeReversed", "DeviceRecovered"]);
    assert_eq!(facts[0]["reversed"]["amounts"]["replacement"], 45_000);
    assert_eq!(facts[0]["credited"], json!({ "debt": 27_000, "write_off": 0, "deposit": 18_000 }));
    // Two capped days and one late day in all, of which 2,000 were charged at the report.
    assert_eq!((&facts[1]["charge"]["usage"], &facts[1]["charge"]["late"]), (&json!(8_000), &json!(1_000)));
    assert_eq!(facts[1]["whole"]["total"], 11_000);
    assert_eq!((w.whole(1), w.purse(1)), ((10_000, 1_000, 0), (9_000, 0)));
    // VAT of the whole time less what was posted: 1,525 - 305 on usage, 153 on late.
    assert_eq!(facts[1]["charge"]["vat_by_kind"], json!({ "usage": 1_220, "late": 153, "replacement": 0 }));
}

#[test]
fn a_reported_bank_that_comes_back_very_late_is_charged_to_the_deadline_of_its_sale() {
    let mut w = out();
    w.now = t(100);
    w.report_lost(1).then_events(&["RentalSold"]);
    w.now = t(20 * DAY);
    w.returned(1, 1, 4).then_events(&["ReplacementFeeReversed", "DeviceRecovered"]);
    assert_eq!(w.whole(1), (20_000, 3_000, 0));
    assert_eq!(w.purse(1), (0, 3_000));
    // And beyond the recovery days of the report nothing is given back.
    let mut w = out();
    w.now = t(100);
    w.report_lost(1).then_events(&["RentalSold"]);
    w.now = ts(100 + 30 * DAY, 1);
    w.returned(1, 1, 4).then_events(&["DeviceDocked"]);
    assert_eq!(w.purse(1), (0, 27_000));
}

#[test]
fn a_reported_bank_that_was_back_before_the_report_is_ended() {
    let mut w = out();
    w.now = t(100);
    w.report_lost(1).then_events(&["RentalSold"]);
    w.seen(1, 1, 4, t(99)).then_events(&["RentalCorrected"]);
    assert_eq!((w.rental(1).status(), w.whole(1), w.purse(1)), ("ended", (2_000, 0, 0), (18_000, 0)));
}

#[test]
fn a_return_at_the_moment_of_the_report_is_a_recovery_that_costs_nothing_more() {
    let mut w = out();
    w.now = t(100);
    w.report_lost(1).then_events(&["RentalSold"]);
    let facts = w.seen(1, 1, 4, t(100)).then_facts(&["ReplacementFeeReversed", "DeviceRecovered"]);
    assert_eq!(facts[1]["charge"]["total"], 0);
    assert_eq!(w.whole(1), (2_000, 0, 0));
}

#[test]
fn a_recovered_rental_is_corrected_by_an_earlier_return_and_is_ended_then() {
    let mut w = out();
    w.now = t(60);
    w.report_lost(1).then_events(&["RentalSold"]);
    w.now = t(3 * DAY);
    w.returned(1, 1, 4).then_events(&["ReplacementFeeReversed", "DeviceRecovered"]);
    let facts = w.seen(1, 2, 5, t(DAY)).then_facts(&["RentalCorrected"]);
    assert_eq!(facts[0]["reversed"]["amounts"], json!({ "usage": 15_000, "late": 2_000, "replacement": 0 }));
    assert_eq!((w.rental(1).status(), w.whole(1), w.purse(1)), ("ended", (5_000, 0, 0), (15_000, 0)));
    // Again earlier, still after the report; then before it.
    w.seen(1, 2, 6, t(90)).then_events(&["RentalCorrected"]);
    assert_eq!(w.whole(1), (1_500, 0, 0));
    w.seen(1, 2, 7, t(30)).then_events(&["RentalCorrected"]);
    assert_eq!(
        (w.whole(1), w.purse(1), w.whereabouts(1)),
        ((500, 0, 0), (19_500, 0), "docked 1/4".to_owned())
    );
}

#[test]
fn a_correction_pays_debt_first_and_the_new_charge_comes_from_the_deposit() {
    let mut w = out();
    w.now = t(SALE);
    w.sell(1).then_events(&["RentalSold"]);
    w.pays(1, 10_000);
    assert_eq!(w.purse(1), (0, 38_000));
    let facts = w.seen(1, 1, 4, t(20)).then_facts(&["RentalCorrected"]);
    assert_eq!(facts[0]["credited"], json!({ "debt": 38_000, "write_off": 0, "deposit": 30_000 }));
    assert_eq!(facts[0]["debited"], json!({ "deposit": 500, "debt": 0 }));
    assert_eq!(w.purse(1), (29_500, 0));
}

#[test]
fn an_older_rental_that_runs_on_takes_the_returns_after_its_start() {
    // A late confirmation starts an older rental after a newer one of the same bank is over.
    let mut w = World::town();
    w.start(1, 1, 3, 1).then_events(&["RentalRequested"]);
    let rental = json!({ "rental_id": rental_id(1) });
    w.when(station(3), "ReportReleaseFailure", rental).then_events(&["RentalCancelled", "SlotFaultReported"]);
    w.dock(4, 1, 8).then_events(&["DeviceDocked"]);
    w.running(2, 2, 8, t(10));
    w.now = t(20);
    w.seen(4, 2, 1, t(20)).then_events(&["RentalEnded"]);
    let late = json!({ "rental_id": rental_id(1), "serial": "PB-4", "slot": 1 });
    let types = ["DeviceMissing", "RentalStarted"];
    w.when_at(station(3), "ConfirmRelease", late, Some(t(5))).then_events(&types);
    w.now = t(60);
    let facts = w.seen(4, 1, 8, t(50)).then_facts(&["RentalEnded"]);
    assert_eq!((&facts[0]["ended_at"], &facts[0]["rental_id"]), (&time(t(50)), &json!(rental_id(1))));
    assert!(facts[0].get("review").is_none(), "nothing is wrong with its clock");
}

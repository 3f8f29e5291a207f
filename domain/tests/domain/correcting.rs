//! What staff correct: rated anew or set, with a second person, on what stands; and what later facts do to it.

use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::given::*;

const SALE: i64 = 4 * DAY;

/// Rental 1 of customer 1 ended after ten hours: 5,000 of 20,000.
fn ended() -> World {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.now = t(600);
    w.seen(1, 2, 1, t(600)).then_events(&["RentalEnded"]);
    assert_eq!(w.purse(1), (15_000, 0));
    w
}

/// Rental 1 was sold: 5,000 × 4 of usage, 3,000 of late and 45,000 for the bank; 48,000 of that is a debt.
fn sold() -> World {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.now = t(SALE);
    w.sell(1).then_events(&["RentalSold"]);
    assert_eq!((w.whole(1), w.purse(1)), ((20_000, 3_000, 45_000), (0, 48_000)));
    w
}

fn asked(mut data: Value) -> Value {
    data["rental_id"] = json!(rental_id(1));
    data["reason"] = json!(sealed("the station was offline"));
    data
}

fn request(w: &mut World, data: Value) -> Value {
    let answer = w.when(finance(), "CorrectRental", asked(data)).then_events(&["ApprovalRequested"]);
    assert_eq!(answer["status"], "requested");
    json!({ "approval_id": answer["approval_id"] })
}

fn agree(w: &mut World, approval: &Value) -> Then {
    w.when(second_finance(), "ApproveAction", approval.clone())
}

/// Asked for and agreed to: the correction.
#[track_caller]
fn corrected(w: &mut World, data: Value) -> Value {
    let approval = request(w, data);
    agree(w, &approval).then_facts(&["RentalCorrected"]).remove(0)
}

#[test]
fn a_corrected_end_is_rated_anew_once_a_second_person_agrees() {
    let mut w = ended();
    w.now = t(700);
    let approval = request(&mut w, json!({ "ended_at": t(40) }));
    assert_eq!((w.purse(1), w.whole(1)), ((15_000, 0), (5_000, 0, 0)), "nothing has moved yet");
    for who in [finance(), admin()] {
        w.when(who, "ApproveAction", approval.clone()).then_rejected("second_person_required");
    }
    let then = agree(&mut w, &approval);
    let fact = then.then_facts(&["RentalCorrected"]).remove(0);
    assert_eq!((&fact["cause"], &fact["stage"]), (&json!("staff"), &json!("ended")));
    assert_eq!((&fact["ended_at"], fact.get("started_at")), (&time(t(40)), None));
    assert_eq!(fact["reversed"]["amounts"]["usage"], 5_000);
    assert_eq!(fact["credited"], json!({ "debt": 0, "write_off": 0, "deposit": 5_000 }));
    assert_eq!(fact["debited"], json!({ "deposit": 1_000, "debt": 0 }));
    assert_eq!(fact["approved_by"], json!(second_finance().subject));
    assert_eq!(fact["approval_id"], approval["approval_id"]);
    assert_eq!((w.whole(1), w.purse(1), w.whereabouts(1)), ((1_000, 0, 0), (19_000, 0), "docked 2/1".into()));
    let again = agree(&mut w, &approval).then_already_done();
    assert_eq!(again["status"], "approved");
}

#[test]
fn the_answer_to_the_second_person_is_the_bill() {
    let mut w = ended();
    let approval = request(&mut w, json!({ "ended_at": t(40) }));
    let answer = agree(&mut w, &approval).then_events(&["RentalCorrected"]);
    assert_eq!(answer["status"], "approved");
    assert_eq!(answer["rental_id"], json!(rental_id(1)));
    assert_eq!((&answer["balance"], &answer["debt"]), (&json!(19_000), &json!(0)));
    assert_eq!(answer["charge"]["total"], 1_000);
}

#[test]
fn a_corrected_start_moves_the_due_time_along() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.now = t(DAY + 60);
    w.seen(1, 2, 1, t(DAY + 60)).then_events(&["RentalEnded"]);
    assert_eq!(w.whole(1), (6_000, 1_000, 0));
    let fact = corrected(&mut w, json!({ "started_at": t(90) }));
    assert_eq!((&fact["started_at"], &fact["ended_at"]), (&time(t(90)), &time(t(DAY + 60))));
    assert_eq!(w.whole(1), (5_000, 0, 0), "it was due half an hour after it came back");
    let meter = w.rental(1).meter().unwrap();
    assert_eq!((meter.started_at, meter.due_at), (t(90), t(DAY + 90)));
    // The start stands, so only the end is asked for from then on.
    let fact = corrected(&mut w, json!({ "ended_at": t(150) }));
    assert_eq!((fact.get("started_at"), w.whole(1)), (None, (1_000, 0, 0)));
}

#[test]
fn the_free_minutes_are_those_granted_at_the_start() {
    let mut w = ended();
    corrected(&mut w, json!({ "ended_at": t(5) }));
    assert_eq!((w.whole(1), w.purse(1)), ((0, 0, 0), (20_000, 0)));
    corrected(&mut w, json!({ "started_at": t(-30), "ended_at": t(0) }));
    assert_eq!(w.whole(1), (500, 0, 0));
}

#[test]
fn a_total_is_booked_as_usage_with_its_vat_inside() {
    let mut w = ended();
    let fact = corrected(&mut w, json!({ "total": 1_180 }));
    let charge = &fact["charge"];
    assert_eq!((&charge["usage"], &charge["vat"]), (&json!(1_180), &json!(180)));
    assert_eq!(charge["lines"][0]["rule"], "set_by_staff");
    assert_eq!((w.whole(1), w.purse(1)), ((1_180, 0, 0), (18_820, 0)));
    assert_eq!((w.trial_balance()[&2100], w.trial_balance()[&4000]), (-180, -1_000));
    corrected(&mut w, json!({ "total": 0 }));
    assert_eq!((w.whole(1), w.purse(1)), ((0, 0, 0), (20_000, 0)));
    // Rated again from the times, as often as anybody likes.
    corrected(&mut w, json!({ "ended_at": t(600) }));
    assert_eq!((w.whole(1), w.purse(1)), ((5_000, 0, 0), (15_000, 0)));
}

#[test]
fn a_sold_rental_without_a_fee_is_ended_and_nobody_knows_where_its_bank_is() {
    for data in
        [json!({ "total": 30_000 }), json!({ "ended_at": t(DAY) }), json!({ "ended_at": t(SALE + DAY) })]
    {
        let mut w = sold();
        w.now = t(SALE + 2 * DAY);
        let fact = corrected(&mut w, data.clone());
        assert_eq!(fact["stage"], "ended", "{data}");
        assert_eq!((w.rental(1).status(), w.whereabouts(1)), ("ended", "lost".to_owned()), "{data}");
        // It may be put into a slot again like any bank of ours.
        w.dock(1, 1, 1).then_events(&["DeviceDocked"]);
    }
    let mut w = sold();
    w.now = t(SALE + 40 * DAY);
    w.returned(1, 1, 1).then_events(&["DeviceDocked"]);
    corrected(&mut w, json!({ "ended_at": t(DAY) }));
    assert_eq!((w.rental(1).status(), w.whereabouts(1)), ("ended", "docked 1/1".to_owned()));
}

#[test]
fn with_a_fee_the_stage_stays() {
    let mut w = sold();
    let fact = corrected(&mut w, json!({ "started_at": t(-DAY) }));
    assert_eq!((&fact["stage"], fact.get("ended_at")), (&json!("sold"), None));
    assert_eq!(w.whole(1), (20_000, 3_000, 45_000));
    w.now = t(SALE + 60 * DAY);
    let late = json!({ "ended_at": t(SALE + 50 * DAY), "started_at": t(0) });
    let fact = corrected(&mut w, late);
    assert_eq!((&fact["stage"], w.whole(1)), (&json!("sold"), (20_000, 3_000, 45_000)));
    let mut w = ended();
    w.now = t(SALE + 60 * DAY);
    let fact = corrected(&mut w, json!({ "ended_at": t(SALE + 50 * DAY) }));
    assert_eq!((&fact["stage"], w.whole(1)), (&json!("ended"), (20_000, 3_000, 45_000)));
    let mut w = sold();
    w.now = t(SALE + DAY);
    w.returned(1, 1, 1).then_events(&["ReplacementFeeReversed", "DeviceRecovered"]);
    w.now = t(SALE + 60 * DAY);
    let fact = corrected(&mut w, json!({ "ended_at": t(SALE + 50 * DAY) }));
    assert_eq!((&fact["stage"], w.whole(1)), (&json!("recovered"), (20_000, 3_000, 45_000)));
    let fact = corrected(&mut w, json!({ "ended_at": t(60) }));
    assert_eq!((&fact["stage"], w.whole(1)), (&json!("ended"), (1_000, 0, 0)));
}

#[test]
fn every_line_still_standing_is_taken_back_and_a_write_off_restored() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.now = t(60);
    w.report_lost(1).then_events(&["RentalSold"]);
    w.now = t(DAY);
    w.returned(1, 1, 1).then_events(&["ReplacementFeeReversed", "DeviceRecovered"]);
    assert_eq!(w.whole(1), (5_000, 0, 0));
    let fact = corrected(&mut w, json!({ "ended_at": t(30) }));
    assert_eq!(fact["reversed"]["amounts"], json!({ "usage": 5_000, "late": 0, "replacement": 0 }));
    assert_eq!((w.whole(1), w.purse(1)), ((500, 0, 0), (19_500, 0)));

    let mut w = sold();
    let data = json!({ "customer_id": customer_id(1), "amount": 40_000, "reason": sealed("gone abroad") });
    let answer = w.when(finance(), "WriteOffDebt", data).then_events(&["ApprovalRequested"]);
    agree(&mut w, &json!({ "approval_id": answer["approval_id"] })).then_events(&["DebtWrittenOff"]);
    assert_eq!(w.purse(1), (0, 8_000));
    let fact = corrected(&mut w, json!({ "ended_at": t(60) }));
    assert_eq!(fact["credited"], json!({ "debt": 8_000, "write_off": 40_000, "deposit": 20_000 }));
    assert_eq!((w.purse(1), w.trial_balance().get(&5000)), ((19_000, 0), None));
}

#[test]
fn what_makes_no_sense_is_refused_at_once() {
    let mut w = ended();
    let ask = |w: &mut World, data: Value| w.when(finance(), "CorrectRental", asked(data));
    let facts = ask(&mut w, json!({ "ended_at": t(-1) })).then_rejected("correction_end_before_start");
    assert_eq!((&facts["started_at"], &facts["ended_at"]), (&time(t(0)), &time(t(-1))));
    let facts = ask(&mut w, json!({ "started_at": t(601) }));
    // The end stands at 600, but a start after now is the first thing to be wrong.
    assert_eq!(facts.then_rejected("correction_in_future")["at"], time(t(601)));
    w.now = t(700);
    ask(&mut w, json!({ "started_at": t(601) })).then_rejected("correction_end_before_start");
    ask(&mut w, json!({ "started_at": t(50), "ended_at": t(49) }))
        .then_rejected("correction_end_before_start");
    ask(&mut w, json!({ "ended_at": t(701) })).then_rejected("correction_in_future");
    let mut other = asked(json!({ "total": 1 }));
    other["rental_id"] = json!(rental_id(9));
    w.when(finance(), "CorrectRental", other).then_rejected("rental_unknown");
    w.running(2, 2, 2, t(800));
    let mut running = asked(json!({ "total": 1 }));
    running["rental_id"] = json!(rental_id(2));
    let facts = w.when(finance(), "CorrectRental", running).then_rejected("rental_not_closed");
    assert_eq!(facts["rental_status"], "active");
    // A reported loss is the end of what was used, as long as the bank is not back.
    w.now = t(900);
    w.report_lost(2).then_events(&["RentalSold"]);
    let mut late = asked(json!({ "started_at": t(901) }));
    late["rental_id"] = json!(rental_id(2));
    w.now = t(1_000);
    w.when(finance(), "CorrectRental", late).then_rejected("correction_end_before_start");
}

#[test]
fn what_equals_that_which_stands_is_already_done_or_when_approved_refused() {
    let mut w = ended();
    w.now = t(700);
    for same in [json!({ "ended_at": t(600) }), json!({ "started_at": t(0) }), json!({ "total": 5_000 })] {
        let answer = w.when(finance(), "CorrectRental", asked(same)).then_already_done();
        assert_eq!((&answer["status"], &answer["charge"]["total"]), (&json!("ended"), &json!(5_000)));
    }
    let (first, second) =
        (request(&mut w, json!({ "total": 400 })), request(&mut w, json!({ "total": 400 })));
    agree(&mut w, &first).then_events(&["RentalCorrected"]);
    let facts = agree(&mut w, &second).then_rejected("correction_changes_nothing");
    assert_eq!(facts["total"], 400);
    w.when(second_finance(), "RejectAction", second).then_events(&["ActionRejected"]);
    let mut w = sold();
    w.now = t(SALE + DAY);
    w.returned(1, 1, 1).then_events(&["ReplacementFeeReversed", "DeviceRecovered"]);
    let same = asked(json!({ "ended_at": t(SALE + DAY) }));
    assert_eq!(w.when(finance(), "CorrectRental", same).then_already_done()["status"], "recovered");
}

#[test]
fn what_is_approved_is_judged_again_on_what_has_become_of_the_rental() {
    let mut w = ended();
    let approval = request(&mut w, json!({ "started_at": t(60) }));
    // A late return has moved the end before the start that was asked for.
    w.seen(1, 1, 4, t(40)).then_events(&["RentalCorrected"]);
    agree(&mut w, &approval).then_rejected("correction_end_before_start");
    let approval = request(&mut w, json!({ "total": 100 }));
    let empty = json!({ "customer_id": customer_id(1), "refund_id": refund_id(1), "amount": 19_000, "provider": "mixx" });
    w.when(customer(1), "RequestDepositRefund", empty).then_events(&["RefundRequested", "RefundApproved"]);
    w.refund_step("RecordRefundSubmitted", 1).then_events(&["RefundSubmitted"]);
    w.refund_step("RefundConfirmed", 1).then_events(&["RefundPaid"]);
    w.when(customer(1), "EraseCustomer", json!({ "customer_id": customer_id(1) }))
        .then_events(&["CustomerErased"]);
    agree(&mut w, &approval).then_rejected("customer_closed");
    w.when(finance(), "CorrectRental", asked(json!({ "total": 1 }))).then_rejected("customer_closed");
}

#[test]
fn a_late_return_does_not_move_what_staff_billed_and_somebody_is_to_look() {
    let mut w = ended();
    corrected(&mut w, json!({ "ended_at": t(300) }));
    // Later is known of the bank, so it stays where it is.
    let fact = w.seen(1, 1, 4, t(40)).then_facts(&["RentalCorrected"]).remove(0);
    assert_eq!((&fact["review"], &fact["cause"]), (&json!(["after_correction"]), &json!("late_return")));
    assert_eq!((w.whole(1), w.purse(1), w.whereabouts(1)), ((5_000, 0, 0), (15_000, 0), "docked 2/1".into()));
    w.seen(1, 1, 4, t(41)).then_already_done();
    w.attempt(1, 2, t(20)).then_events(&["ReturnAttemptRecorded"]);
    assert_eq!((w.whole(1), w.purse(1)), ((5_000, 0, 0), (15_000, 0)), "the bill is still that of staff");
    // Staff know of it now, and may correct again.
    corrected(&mut w, json!({ "ended_at": t(40) }));
    assert_eq!(w.purse(1), (19_000, 0));
    // A bank that nobody had seen is taken in.
    let mut w = sold();
    corrected(&mut w, json!({ "ended_at": t(300) }));
    w.now = t(SALE + 1);
    let fact = w.returned(1, 1, 4).then_facts(&["DeviceDocked"]).remove(0);
    assert_eq!((&fact["review"], w.whole(1)), (&json!(["after_correction"]), (5_000, 0, 0)));
}

#[test]
fn a_return_that_moves_nothing_leaves_a_write_off_alone() {
    let mut w = sold();
    let data = json!({ "customer_id": customer_id(1), "amount": 48_000, "reason": sealed("gone abroad") });
    let answer = w.when(finance(), "WriteOffDebt", data).then_events(&["ApprovalRequested"]);
    agree(&mut w, &json!({ "approval_id": answer["approval_id"] })).then_events(&["DebtWrittenOff"]);
    w.now = t(SALE + 50 * DAY);
    w.dock(1, 1, 1).then_rejected("device_sold");
    w.returned(1, 1, 1).then_events(&["DeviceDocked"]);
    w.seen(1, 2, 2, t(SALE + 40 * DAY)).then_events(&["RentalCorrected"]);
    assert_eq!((w.whole(1), w.purse(1)), ((20_000, 3_000, 45_000), (0, 0)));
    corrected(&mut w, json!({ "total": 50_000 }));
    w.seen(1, 2, 3, t(SALE + 35 * DAY)).then_events(&["RentalCorrected"]);
    assert_eq!((w.whole(1), w.purse(1)), ((50_000, 0, 0), (0, 30_000)));
}

#[test]
fn a_late_attempt_does_not_move_what_staff_billed_and_somebody_is_to_look() {
    let mut w = ended();
    corrected(&mut w, json!({ "ended_at": t(300) }));
    let review = |facts: Vec<Value>| facts[0].get("review").cloned();
    let near = w.attempt(1, 2, t(250)).then_facts(&["ReturnAttemptRecorded"]);
    assert_eq!(review(near), Some(json!(["after_correction"])));
    let far = w.attempt(1, 2, t(200)).then_facts(&["ReturnAttemptRecorded"]);
    assert_eq!(review(far), None, "it would not count");
    assert_eq!((w.whole(1), w.purse(1)), ((5_000, 0, 0), (15_000, 0)));
}

#[test]
fn a_rental_that_staff_left_sold_still_waits_for_its_bank() {
    let mut w = sold();
    corrected(&mut w, json!({ "started_at": t(-DAY) }));
    w.now = t(SALE + DAY);
    let facts = w.returned(1, 1, 1).then_facts(&["ReplacementFeeReversed", "DeviceRecovered"]);
    assert_eq!(facts[0]["reversed"]["amounts"]["replacement"], 45_000);
    assert_eq!((w.whole(1), w.purse(1)), ((20_000, 3_000, 0), (0, 3_000)));

    let mut w = sold();
    corrected(&mut w, json!({ "started_at": t(30) }));
    w.now = t(SALE + DAY);
    w.seen(1, 1, 1, t(90)).then_events(&["RentalCorrected"]);
    assert_eq!((w.whole(1), w.rental(1).status()), ((1_000, 0, 0), "ended"), "from the corrected start");
    // The end is the station's, so an earlier one corrects it as ever.
    w.seen(1, 1, 1, t(50)).then_events(&["RentalCorrected"]);
    assert_eq!(w.whole(1), (500, 0, 0));
    w.seen(1, 1, 1, t(10)).then_events(&["RentalCorrected"]);
    assert_eq!(w.whole(1), (0, 0, 0), "an end before the corrected start is that start");
}

#[test]
fn a_fee_that_was_corrected_away_is_not_given_back_again() {
    let mut w = sold();
    corrected(&mut w, json!({ "total": 30_000 }));
    w.now = t(SALE + DAY);
    w.returned(1, 1, 1).then_events(&["DeviceDocked"]);
    assert_eq!((w.whole(1), w.purse(1)), ((30_000, 0, 0), (0, 10_000)));
}

/// What may be asked for, and what may happen meanwhile.
#[derive(Debug, Clone)]
enum Step {
    Correct { start: Option<i64>, end: Option<i64>, total: Option<i64>, agree: bool },
    Return { seen: i64, at: u128 },
    Attempt { when: i64 },
    Adjust { up: bool, amount: i64 },
    WriteOff { part: i64 },
    Pay { amount: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    let moment = || -3_000_i64..=60_000;
    prop_oneof![
        4 => (proptest::option::of(moment()), moment(), any::<bool>())
            .prop_map(|(start, end, agree)| Step::Correct { start, end: Some(end), total: None, agree }),
        2 => (moment(), any::<bool>())
            .prop_map(|(start, agree)| Step::Correct { start: Some(start), end: None, total: None, agree }),
        3 => (0_i64..=90_000, any::<bool>())
            .prop_map(|(total, agree)| Step::Correct { start: None, end: None, total: Some(total), agree }),
        3 => (0_i64..=60_000, 1_u128..=2).prop_map(|(seen, at)| Step::Return { seen, at }),
        2 => (0_i64..=60_000).prop_map(|when| Step::Attempt { when }),
        2 => (any::<bool>(), 1_i64..=50_000).prop_map(|(up, amount)| Step::Adjust { up, amount }),
        2 => (1_i64..=4).prop_map(|part| Step::WriteOff { part }),
        2 => (1_i64..=50_000).prop_map(|amount| Step::Pay { amount }),
    ]
}

/// Takes a step; returns what the customer was given besides their rental.
fn take(w: &mut World, step: &Step) -> i64 {
    let zero = t(0);
    let at = |minutes: &i64| zero + TimeDelta::minutes(*minutes);
    let ask = |w: &mut World, name: &str, data: Value, yes: bool| {
        let then = w.when(finance(), name, data);
        if !then.is_recorded() {
            return false;
        }
        let approval = json!({ "approval_id": then.then_events(&["ApprovalRequested"])["approval_id"] });
        let what = if yes { "ApproveAction" } else { "RejectAction" };
        w.when(second_finance(), what, approval).is_recorded() && yes
    };
    match step {
        Step::Correct { start, end, total, agree } => {
            let mut data = asked(json!({}));
            for (name, value) in [("started_at", start), ("ended_at", end)] {
                if let Some(minutes) = value {
                    data[name] = json!(at(minutes));
                }
            }
            if let Some(total) = total {
                data["total"] = json!(total);
            }
            ask(w, "CorrectRental", data, *agree);
            0
        }
        Step::Return { seen, at: station } => {
            w.seen(1, *station, 4, at(seen));
            0
        }
        Step::Attempt { when } => {
            w.attempt(1, 2, at(when));
            0
        }
        Step::Adjust { up, amount } => {
            let direction = if *up { "up" } else { "down" };
            let data = json!({
                "customer_id": customer_id(1), "direction": direction, "amount": amount, "reason": sealed("why"),
            });
            let done = ask(w, "AdjustBalance", data, true);
            assert!(done);
            if *up { *amount } else { -amount }
        }
        Step::WriteOff { part } => {
            let amount = w.purse(1).1 / part;
            if amount == 0 {
                return 0;
            }
            let data = json!({ "customer_id": customer_id(1), "amount": amount, "reason": sealed("why") });
            assert!(ask(w, "WriteOffDebt", data, true));
            0
        }
        Step::Pay { amount } => {
            w.pays(1, *amount);
            *amount
        }
    }
}

proptest! {
    #![proptest_config(cases(250))]

    #[test]
    fn i6_money_is_conserved_whatever_is_corrected_adjusted_and_written_off(
        report in proptest::option::of(1_i64..=6_000),
        first in 1_i64..=8_000,
        steps in proptest::collection::vec(step(), 1..=24),
    ) {
        let mut w = World::town();
        w.running(1, 1, 1, t(0));
        match report {
            Some(report) => {
                w.now = t(report);
                w.report_lost(1).then_events(&["RentalSold"]);
            }
            None => {
                w.now = t(first);
                w.seen(1, 2, 1, t(first));
            }
        }
        w.now = t(61_000);
        let mut given = 20_000;
        for step in &steps {
            let (whole, purse) = (w.whole(1), w.purse(1));
            let recorded = w.log.len();
            given += take(&mut w, step);
            let by_staff = matches!(step, Step::Correct { .. });
            let fixed = !by_staff && w.log[..recorded].iter().rev().any(|fact| corrects(&fact.event).is_some())
                && last_word_is_staffs(&w, recorded);
            if fixed && matches!(step, Step::Return { .. } | Step::Attempt { .. }) {
                prop_assert_eq!((whole, purse), (w.whole(1), w.purse(1)), "staff had the last word");
            }
        }
        let domain::State::Customer(customer) = w.state(customer_id(1)) else { panic!("no customer") };
        let written_off = customer.purse.written_off.shillings();
        let domain::rental::Stage::Closed { standing, whole, .. } = &w.rental(1).stage else { panic!("open") };
        prop_assert_eq!(standing.amounts.total(), whole.total, "what stands is what it costs");
        let net = given + written_off - whole.total.shillings();
        prop_assert_eq!(w.purse(1), (net.max(0), (-net).max(0)));
        let lost = w.trial_balance().get(&5000).copied().unwrap_or(0);
        prop_assert_eq!(lost, written_off, "what was restored is no bad debt any more");
        prop_assert_eq!(w.trial_balance().values().sum::<i64>(), 0);
        w.check_replay();
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "only corrections are asked for")]
fn corrects(event: &domain::Event) -> Option<&domain::event::RentalCorrected> {
    match event {
        domain::Event::RentalCorrected(fact) => Some(fact),
        _ => None,
    }
}

/// Whether the bill after so many facts was made by staff, and is not that of a rental still sold.
fn last_word_is_staffs(w: &World, facts: usize) -> bool {
    let last = w.log[..facts].iter().rev().find_map(|fact| corrects(&fact.event));
    last.is_some_and(|fact| {
        fact.cause == domain::event::CorrectionCause::Staff
            && fact.stage != domain::event::CorrectedStage::Sold
    })
}

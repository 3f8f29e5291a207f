//! What happens to a running rental besides its return.

use serde_json::json;

use super::given::*;

#[test]
fn an_extension_moves_the_due_time_and_costs_nothing() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.now = t(60);
    let answer = w.extend(1, 90).then_events(&["RentalExtended"]);
    assert_eq!((&answer["due_at"], &answer["extended_minutes"]), (&time(t(DAY + 90)), &json!(90)));
    let answer = w.extend(1, 90).then_events(&["RentalExtended"]);
    assert_eq!(answer["due_at"], time(t(DAY + 180)), "each command is a new extension");
    assert_eq!(w.purse(1), (20_000, 0));
    w.now = t(DAY + 180);
    w.returned(1, 1, 1).then_events(&["RentalEnded"]);
    // The first day is capped, then six units of half an hour; nothing is late.
    assert_eq!(w.whole(1), (8_000, 0, 0));
}

#[test]
fn extending_is_refused_in_its_order() {
    let mut w = World::town();
    w.extend(1, 5).then_rejected("rental_unknown");
    w.start(1, 1, 3, 1).then_events(&["RentalRequested"]);
    let data = json!({ "rental_id": rental_id(1), "minutes": 5 });
    w.when_at(support(), "ExtendRental", data, Some(t(0))).then_rejected("occurred_at_not_allowed");
    assert_eq!(w.extend(1, 5).then_rejected("rental_not_started")["rental_status"], "releasing");
    w.when(station(3), "ReportReleaseFailure", json!({ "rental_id": rental_id(1) })).is_recorded();
    w.extend(1, 5).then_rejected("rental_cancelled");
    w.running(2, 2, 1, t(0));
    w.now = t(DAY);
    let customer = json!({ "customer_id": customer_id(2) });
    w.when(support(), "SuspendCustomer", customer.clone()).then_events(&["CustomerSuspended"]);
    w.extend(2, 9_999).then_rejected("customer_not_active");
    w.when(support(), "ReinstateCustomer", customer).then_events(&["CustomerReinstated"]);
    assert_eq!(w.extend(2, 9_999).then_rejected("rental_overdue")["due_at"], time(t(DAY)));
    w.returned(1, 1, 1).then_events(&["RentalEnded"]);
    assert_eq!(w.extend(2, 9_999).then_rejected("rental_ended")["rental_status"], "ended");
}

#[test]
fn an_extension_stops_at_the_tariffs_sum() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    let facts = w.extend(1, 4_321).then_rejected("extension_limit");
    assert_eq!((&facts["extended_minutes"], &facts["limit_minutes"]), (&json!(0), &json!(4_320)));
    w.extend(1, 4_319).then_events(&["RentalExtended"]);
    assert_eq!(w.extend(1, 2).then_rejected("extension_limit")["extended_minutes"], 4_319);
    w.extend(1, 1).then_events(&["RentalExtended"]);
    w.extend(1, 1).then_rejected("extension_limit");
}

#[test]
fn an_extension_from_before_the_due_time_makes_an_overdue_rental_active_again() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.now = t(DAY);
    w.overdue(1).then_events(&["RentalBecameOverdue"]);
    w.now = t(DAY + 10);
    let data = json!({ "rental_id": rental_id(1), "minutes": 60 });
    w.when_at(agent(), "ExtendRental", data.clone(), Some(t(DAY))).then_rejected("rental_overdue");
    let answer = w.when_at(agent(), "ExtendRental", data, Some(ts(DAY, -1))).then_events(&["RentalExtended"]);
    assert_eq!(answer["status"], "active");
    assert_eq!(w.rental(1).status(), "active");
    w.overdue(1).then_rejected("not_due");
    w.now = t(DAY + 60);
    w.overdue(1).then_events(&["RentalBecameOverdue"]);
    w.overdue(1).then_already_done();
}

#[test]
fn marking_overdue_is_refused_for_what_does_not_run() {
    let mut w = World::town();
    w.overdue(1).then_rejected("rental_unknown");
    w.start(1, 1, 3, 1).then_events(&["RentalRequested"]);
    w.overdue(1).then_rejected("rental_not_started");
    w.sell(1).then_rejected("rental_not_started");
    w.report_lost(1).then_rejected("rental_not_started");
    w.when(station(3), "ReportReleaseFailure", json!({ "rental_id": rental_id(1) })).is_recorded();
    w.overdue(1).then_rejected("rental_cancelled");
    w.sell(1).then_rejected("rental_cancelled");
    w.report_lost(1).then_rejected("rental_cancelled");
    w.running(2, 2, 1, t(0));
    w.now = t(10);
    w.returned(1, 1, 1).then_events(&["RentalEnded"]);
    w.overdue(2).then_rejected("rental_ended");
    w.sell(2).then_rejected("rental_ended");
    w.report_lost(2).then_rejected("rental_ended");
    w.sell(9).then_rejected("rental_unknown");
    w.report_lost(9).then_rejected("rental_unknown");
}

#[test]
fn a_bank_that_does_not_come_back_is_sold_at_its_deadline_however_late_that_is_processed() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.now = t(4 * DAY - 1);
    w.sell(1).then_rejected("not_due");
    w.now = t(9 * DAY);
    let answer = w.sell(1).then_events(&["RentalSold"]);
    assert_eq!(answer["status"], "sold");
    assert_eq!(answer["ended_at"], time(t(4 * DAY)));
    // Four capped days, three days late, the bank itself.
    assert_eq!(w.whole(1), (20_000, 3_000, 45_000));
    assert_eq!(w.purse(1), (0, 48_000));
    assert_eq!((&answer["balance"], &answer["debt"]), (&json!(0), &json!(48_000)));
    assert_eq!(w.whereabouts(1), "sold");
    w.sell(1).then_already_done();
    w.report_lost(1).then_already_done();
    w.overdue(1).then_rejected("rental_ended");
}

#[test]
fn a_reported_loss_sells_the_bank_at_once_and_ends_the_rental() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.now = t(100);
    let data = json!({ "rental_id": rental_id(1), "reason": sealed("left in a bus") });
    w.when_at(customer(1), "ReportLost", data.clone(), Some(t(100))).then_rejected("occurred_at_not_allowed");
    let facts = w.when(customer(1), "ReportLost", data.clone()).then_facts(&["RentalSold"]);
    assert_eq!((&facts[0]["sold_at"], &facts[0]["cause"]), (&time(t(100)), &json!("report")));
    assert_eq!(facts[0]["reason"], sealed("left in a bus"));
    assert_eq!(w.whole(1), (2_000, 0, 45_000));
    w.when(customer(1), "ReportLost", data).then_already_done();
    w.now = t(10 * DAY);
    w.sell(1).then_already_done();
    assert_eq!(w.purse(1), (0, 27_000));
}

#[test]
fn a_loss_reported_after_the_deadline_counts_from_the_deadline() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.now = t(5 * DAY);
    let answer = w.report_lost(1).then_events(&["RentalSold"]);
    assert_eq!(answer["ended_at"], time(t(4 * DAY)));
    assert_eq!(w.whole(1), (20_000, 3_000, 45_000));
}

#[test]
fn overdue_timer_and_return_in_either_order_come_to_the_same_bill() {
    let mut bills = Vec::new();
    for overdue_first in [true, false] {
        let mut w = World::town();
        w.running(1, 1, 1, t(0));
        w.now = t(DAY);
        if overdue_first {
            w.overdue(1).then_events(&["RentalBecameOverdue"]);
            w.returned(1, 1, 1).then_events(&["RentalEnded"]);
        } else {
            w.returned(1, 1, 1).then_events(&["RentalEnded"]);
            w.overdue(1).then_rejected("rental_ended");
        }
        bills.push((w.whole(1), w.purse(1)));
    }
    assert_eq!(bills, [((5_000, 0, 0), (15_000, 0)); 2]);
}

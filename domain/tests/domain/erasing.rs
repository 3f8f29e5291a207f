//! Erasing a customer, and what happens to what comes later.

use serde_json::{Value, json};

use super::given::*;

fn named(number: u128) -> Value {
    json!({ "customer_id": customer_id(number) })
}

/// Customer 1 reported bank 1 lost, paid everything and asked to be forgotten.
fn erased_after_a_sale() -> World {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.now = t(10);
    w.report_lost(1).then_events(&["RentalSold"]);
    let (balance, debt) = w.purse(1);
    assert_eq!(balance, 0);
    w.pays(1, debt);
    w.when(customer(1), "EraseCustomer", named(1)).then_events(&["CustomerErased"]);
    w
}

#[test]
fn a_customer_with_nothing_left_to_settle_is_erased_once_and_for_all() {
    let mut w = World::empty();
    w.customer(1, 0);
    let answer = w.when(customer(1), "EraseCustomer", named(1)).then_events(&["CustomerErased"]);
    assert_eq!(answer, json!({ "customer_id": customer_id(1), "status": "closed" }));
    w.when(admin(), "EraseCustomer", named(1)).then_already_done();
    w.when(customer(1), "UpdateProfile", json!({ "customer_id": customer_id(1), "language": "en" }))
        .then_rejected("customer_closed");
    let pay = json!({ "customer_id": customer_id(1), "amount": 5, "purpose": "deposit", "provider": "mixx" });
    w.when(customer(1), "InitiatePayment", pay).then_rejected("customer_closed");
}

#[test]
fn erasing_waits_for_the_rental_the_debt_the_deposit_and_the_payment_in_this_order() {
    let mut w = World::town();
    w.when(customer(2), "EraseCustomer", named(1)).then_rejected("customer_unknown");
    w.running(1, 1, 1, t(0));
    let facts = w.when(customer(1), "EraseCustomer", named(1)).then_rejected("rental_still_open");
    assert_eq!(facts["rental_id"], json!(rental_id(1)));
    w.now = t(10);
    w.report_lost(1).then_events(&["RentalSold"]);
    let (_, debt) = w.purse(1);
    assert_eq!(
        w.when(customer(1), "EraseCustomer", named(1)).then_rejected("customer_has_debt")["debt"],
        debt
    );
    w.pays(1, debt + 1);
    let facts = w.when(customer(1), "EraseCustomer", named(1)).then_rejected("deposit_remaining");
    assert_eq!(facts["balance"], 1);

    w.customer(9, 0);
    let pay = json!({
        "payment_id": payment_id(1), "customer_id": customer_id(9), "amount": 500, "purpose": "deposit",
        "provider": "mpesa",
    });
    w.when(customer(9), "InitiatePayment", pay).then_events(&["PaymentInitiated"]);
    let facts = w.when(customer(9), "EraseCustomer", named(9)).then_rejected("payment_pending");
    assert_eq!(facts["payment_id"], json!(payment_id(1)));
}

#[test]
fn only_an_admin_erases_somebody_who_is_suspended() {
    let mut w = World::empty();
    w.customer(1, 0);
    w.when(support(), "SuspendCustomer", named(1)).then_events(&["CustomerSuspended"]);
    w.when(customer(1), "EraseCustomer", named(1)).then_rejected("customer_suspended");
    w.when(admin(), "EraseCustomer", named(1)).then_events(&["CustomerErased"]);
}

#[test]
fn the_recovery_window_of_somebody_erased_is_waived() {
    let mut w = erased_after_a_sale();
    w.now = t(DAY);
    let books = w.trial_balance();
    let facts = w.returned(1, 2, 4).then_facts(&["DeviceRecovered"]);
    assert_eq!(facts[0]["charge"]["total"], 0);
    assert_eq!((w.purse(1), w.trial_balance()), ((0, 0), books), "no money moves");
    assert_eq!(w.whereabouts(1), "docked 2/4");
}

#[test]
fn a_return_from_before_the_sale_takes_the_bank_in_and_moves_no_money() {
    let mut w = erased_after_a_sale();
    w.now = t(DAY);
    let books = w.trial_balance();
    w.seen(1, 2, 4, t(6)).then_events(&["DeviceDocked"]);
    assert_eq!((w.purse(1), w.trial_balance()), ((0, 0), books));
    assert_eq!(w.whereabouts(1), "docked 2/4");
}

#[test]
fn a_refused_attempt_of_somebody_erased_changes_no_bill() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.now = t(50);
    w.returned(1, 1, 1).then_events(&["RentalEnded"]);
    w.running(2, 1, 2, t(60));
    w.report_lost(2).then_events(&["RentalSold"]);
    let (_, debt) = w.purse(1);
    w.pays(1, debt);
    w.when(customer(1), "EraseCustomer", named(1)).then_events(&["CustomerErased"]);
    w.attempt(1, 2, t(20)).then_events(&["ReturnAttemptRecorded"]);
    assert_eq!(w.purse(1), (0, 0));
}

#[test]
fn money_that_comes_for_somebody_erased_is_held_as_a_receipt() {
    let mut w = World::empty();
    w.customer(1, 0);
    w.when(customer(1), "EraseCustomer", named(1)).then_events(&["CustomerErased"]);
    let bill = json!({
        "customer_id": customer_id(1), "provider": "mpesa", "amount": 700, "provider_reference": "LATE",
    });
    let answer = w.when(payments(), "PaymentConfirmed", bill.clone()).then_events(&["ReceiptUnmatched"]);
    assert_eq!((&answer["matched"], &answer["balance"]), (&json!(false), &json!(0)));
    assert_eq!(w.when(payments(), "PaymentConfirmed", bill.clone()).then_already_done(), answer);
    let mut other = bill;
    other["amount"] = json!(701);
    w.when(payments(), "PaymentConfirmed", other).then_rejected("receipt_exists");
}

#[test]
fn a_profile_changes_only_where_it_is_asked_to() {
    let mut w = World::empty();
    w.customer(1, 0);
    let update = |fields: Value| {
        let mut data = named(1);
        data.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        data
    };
    w.when(customer(1), "UpdateProfile", update(json!({ "language": "sw" }))).then_already_done();
    w.when(customer(1), "UpdateProfile", update(json!({ "language": "en" })))
        .then_events(&["ProfileUpdated"]);
    w.when(admin(), "UpdateProfile", update(json!({ "name": sealed("Asha") })))
        .then_events(&["ProfileUpdated"]);
    let both = update(json!({ "name": sealed("Asha"), "language": "en" }));
    let answer = w.when(customer(1), "UpdateProfile", both).then_already_done();
    assert_eq!(answer, json!({ "customer_id": customer_id(1), "language": "en", "status": "active" }));
    w.when(customer(2), "UpdateProfile", update(json!({ "language": "sw" })))
        .then_rejected("customer_unknown");
    assert!(domain::Command::parse("UpdateProfile", &named(1).to_string()).is_err(), "nothing to change");
}

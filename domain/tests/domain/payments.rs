//! Asking for money, and proof that it came.

use serde_json::{Value, json};

use super::given::*;

fn ask(number: u128, amount: i64) -> Value {
    json!({
        "payment_id": payment_id(number), "customer_id": customer_id(1), "amount": amount, "purpose": "deposit",
        "provider": "mpesa",
    })
}

fn proof(number: u128, amount: i64, reference: &str) -> Value {
    json!({ "payment_id": payment_id(number), "amount": amount, "provider_reference": reference })
}

fn asked() -> World {
    let mut w = World::town();
    w.when(customer(1), "InitiatePayment", ask(1, 5_000)).then_events(&["PaymentInitiated"]);
    w
}

#[test]
fn a_payment_is_asked_for_once_and_its_external_id_is_for_the_provider_side() {
    let mut w = World::town();
    let then = w.when(customer(1), "InitiatePayment", ask(1, 5_000));
    let fact = then.then_facts(&["PaymentInitiated"]).remove(0);
    assert_eq!(fact["expires_at"], time(t(DAY)));
    let external = fact["external_id"].as_str().unwrap();
    assert_eq!(external.len(), 26);
    let answer = w.when(customer(1), "InitiatePayment", ask(1, 5_000)).then_already_done();
    assert_eq!(answer, json!({ "payment_id": payment_id(1), "status": "initiated" }));
    let answer = w.when(admin(), "InitiatePayment", ask(1, 5_000)).then_already_done();
    assert_eq!(answer["external_id"], external);
}

#[test]
fn asking_is_refused_in_its_order() {
    let mut w = asked();
    let mut data = ask(1, 5_000_001);
    data["customer_id"] = json!(customer_id(9));
    w.when_at(support(), "InitiatePayment", data.clone(), Some(t(0))).then_rejected("customer_unknown");
    data["customer_id"] = json!(customer_id(2));
    w.when_at(support(), "InitiatePayment", data.clone(), Some(t(0)))
        .then_rejected("occurred_at_not_allowed");
    w.tamper(customer_id(2), |state| state["status"] = json!("closed"));
    w.when(support(), "InitiatePayment", data.clone()).then_rejected("customer_closed");
    w.tamper(customer_id(2), |state| state["status"] = json!("active"));
    let facts = w.when(support(), "InitiatePayment", data.clone()).then_rejected("payment_too_large");
    assert_eq!(facts, json!({ "amount": 5_000_001, "limit": 5_000_000 }));
    data["amount"] = json!(5_000_000);
    w.when(support(), "InitiatePayment", data.clone()).then_rejected("id_taken");
    data["payment_id"] = json!(payment_id(2));
    w.when(support(), "InitiatePayment", data).then_events(&["PaymentInitiated"]);
}

#[test]
fn i10_proof_settles_a_payment_once() {
    let mut w = asked();
    let answer =
        w.when(payments(), "PaymentConfirmed", proof(1, 5_000, "R1")).then_events(&["PaymentSettled"]);
    assert_eq!((&answer["matched"], &answer["balance"]), (&json!(true), &json!(25_000)));
    for _ in 0..5 {
        w.when(payments(), "PaymentConfirmed", proof(1, 5_000, "R1")).then_already_done();
    }
    assert_eq!(w.purse(1), (25_000, 0));
}

#[test]
fn proof_for_nothing_we_know_is_refused() {
    let mut w = World::town();
    w.when(payments(), "PaymentConfirmed", proof(9, 5_000, "R1")).then_rejected("payment_unknown");
    let bill = json!({
        "customer_id": customer_id(9), "provider": "mpesa", "amount": 500, "provider_reference": "R1",
    });
    w.when(payments(), "PaymentConfirmed", bill).then_rejected("customer_unknown");
}

#[test]
fn another_reference_on_a_settled_payment_is_unmatched() {
    let mut w = asked();
    w.when(payments(), "PaymentConfirmed", proof(1, 5_000, "R1")).then_events(&["PaymentSettled"]);
    let then = w.when(payments(), "PaymentConfirmed", proof(1, 5_000, "R2"));
    let fact = then.then_facts(&["ReceiptUnmatched"]).remove(0);
    assert_eq!(fact["review"], json!(["second_reference"]));
    let answer = w.when(payments(), "PaymentConfirmed", proof(1, 5_000, "R2")).then_already_done();
    assert_eq!((&answer["matched"], &answer["receipt_id"]), (&json!(false), &fact["receipt_id"]));
    assert_eq!(w.purse(1), (25_000, 0));
}

#[test]
fn another_amount_than_asked_is_unmatched_and_the_right_one_still_settles() {
    let mut w = asked();
    let then = w.when(payments(), "PaymentConfirmed", proof(1, 4_999, "R1"));
    let fact = then.then_facts(&["ReceiptUnmatched"]).remove(0);
    assert_eq!((&fact["review"], &fact["amount"]), (&json!(["wrong_amount"]), &json!(4_999)));
    // The money of that reference is held: it settles nothing any more.
    let facts = w.when(payments(), "PaymentConfirmed", proof(1, 5_000, "R1")).then_rejected("receipt_exists");
    assert_eq!(facts["receipt_id"], fact["receipt_id"]);
    w.when(payments(), "PaymentConfirmed", proof(1, 5_000, "R2")).then_events(&["PaymentSettled"]);
}

#[test]
fn money_for_an_erased_customer_is_unmatched() {
    let mut w = asked();
    w.tamper(customer_id(1), |state| state["status"] = json!("closed"));
    let then = w.when(payments(), "PaymentConfirmed", proof(1, 5_000, "R1"));
    assert_eq!(then.then_facts(&["ReceiptUnmatched"])[0]["review"], json!(["customer_closed"]));
}

fn expiry(number: u128) -> Value {
    json!({ "payment_id": payment_id(number) })
}

#[test]
fn a_payment_expires_a_day_after_it_was_asked_for_and_not_before() {
    let mut w = asked();
    w.when(system(), "ExpirePayment", expiry(9)).then_rejected("payment_unknown");
    w.now = t(DAY) - chrono::TimeDelta::microseconds(1);
    for who in [system(), admin()] {
        let facts = w.when(who, "ExpirePayment", expiry(1)).then_rejected("not_due");
        assert_eq!(facts["due_at"], time(t(DAY)));
    }
    // It happened when it was due, however late it is processed.
    w.now = t(3 * DAY);
    let answer = w.when(system(), "ExpirePayment", expiry(1)).then_events(&["PaymentExpired"]);
    assert_eq!(answer, json!({ "payment_id": payment_id(1), "status": "expired" }));
    assert_eq!(w.log.last().unwrap().occurred_at, t(DAY));
    w.when(system(), "ExpirePayment", expiry(1)).then_already_done();
    assert_eq!(w.purse(1), (20_000, 0));
}

#[test]
fn a_settled_payment_does_not_expire() {
    let mut w = asked();
    w.when(payments(), "PaymentConfirmed", proof(1, 5_000, "R1")).then_events(&["PaymentSettled"]);
    w.now = t(2 * DAY);
    let facts = w.when(system(), "ExpirePayment", expiry(1)).then_rejected("payment_settled");
    assert_eq!(facts["payment_id"], json!(payment_id(1)));
}

#[test]
fn proof_settles_an_expired_payment_all_the_same() {
    let mut w = asked();
    w.now = t(DAY);
    w.when(system(), "ExpirePayment", expiry(1)).then_events(&["PaymentExpired"]);
    let then = w.when(payments(), "PaymentConfirmed", proof(1, 4_999, "R1"));
    assert_eq!(then.then_facts(&["ReceiptUnmatched"])[0]["review"], json!(["wrong_amount"]));
    w.when(payments(), "PaymentConfirmed", proof(1, 5_000, "R2")).then_events(&["PaymentSettled"]);
    assert_eq!(w.purse(1), (25_000, 0));
    w.when(system(), "ExpirePayment", expiry(1)).then_rejected("payment_settled");
}

#[test]
fn one_transaction_settles_one_payment_only() {
    let mut w = asked();
    w.when(customer(1), "InitiatePayment", ask(2, 5_000)).then_events(&["PaymentInitiated"]);
    w.when(payments(), "PaymentConfirmed", proof(1, 5_000, "R1")).then_events(&["PaymentSettled"]);
    let facts = w
        .when(payments(), "PaymentConfirmed", proof(2, 5_000, "R1"))
        .then_rejected("provider_reference_taken");
    assert_eq!(facts["held_by"], json!(payment_id(1)));
    let bill = |who: u128, amount: i64| json!({ "customer_id": customer_id(who), "provider": "mpesa", "amount": amount, "provider_reference": "R1" });
    w.when(payments(), "PaymentConfirmed", bill(2, 5_000)).then_rejected("provider_reference_taken");
    // The pair of provider and reference counts: another provider's is another transaction.
    let mut other = bill(2, 5_000);
    other["provider"] = json!("mixx");
    w.when(payments(), "PaymentConfirmed", other).then_events(&["PaymentInitiated", "PaymentSettled"]);
}

#[test]
fn confirming_is_refused_for_the_time_before_the_reference() {
    let mut w = asked();
    w.when(payments(), "PaymentConfirmed", proof(1, 4_999, "R1")).then_events(&["ReceiptUnmatched"]);
    let mut data = proof(1, 5_000, "R1");
    data["paid_at"] = time(t(6));
    w.when(payments(), "PaymentConfirmed", data.clone()).then_rejected("occurred_at_in_future");
    // Already done is judged before the time.
    data["amount"] = json!(4_999);
    data["paid_at"] = time(t(5));
    w.when(payments(), "PaymentConfirmed", data).then_already_done();
}

#[test]
fn a_bill_payment_is_asked_for_and_settled_in_one_decision() {
    let mut w = World::town();
    w.running(1, 1, 1, t(0));
    w.report_lost(1).then_events(&["RentalSold"]);
    let bill = json!({
        "customer_id": customer_id(1), "provider": "halopesa", "amount": 30_000, "provider_reference": "B1",
    });
    let then = w.when(payments(), "PaymentConfirmed", bill.clone());
    let answer = then.then_events(&["PaymentInitiated", "PaymentSettled"]);
    assert_eq!((&answer["balance"], &answer["debt"]), (&json!(5_000), &json!(0)));
    w.when(payments(), "PaymentConfirmed", bill.clone()).then_already_done();
    let mut more = bill.clone();
    more["amount"] = json!(30_001);
    w.when(payments(), "PaymentConfirmed", more).then_rejected("provider_reference_taken");
    w.tamper(customer_id(1), |state| state["status"] = json!("closed"));
    let mut next = bill;
    next["provider_reference"] = json!("B2");
    w.when(payments(), "PaymentConfirmed", next).then_events(&["ReceiptUnmatched"]);
}

#[test]
fn a_bill_payment_with_the_reference_of_a_receipt_says_so() {
    let mut w = asked();
    w.when(payments(), "PaymentConfirmed", proof(1, 4_999, "R1")).then_events(&["ReceiptUnmatched"]);
    let bill = json!({
        "customer_id": customer_id(1), "provider": "mpesa", "amount": 4_999, "provider_reference": "R1",
    });
    w.when(payments(), "PaymentConfirmed", bill).then_rejected("receipt_exists");
}

#[test]
fn success_a_day_after_we_gave_up_still_settles() {
    let mut w = asked();
    w.now = t(40 * DAY);
    let mut data = proof(1, 5_000, "R1");
    data["paid_at"] = time(t(1));
    w.when(payments(), "PaymentConfirmed", data).then_events(&["PaymentSettled"]);
}

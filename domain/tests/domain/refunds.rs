//! Money on its way back: who may ask, who has to agree, and what becomes of it.

use serde_json::{Value, json};

use super::given::*;

fn deposit(number: u128, amount: i64) -> Value {
    json!({
        "refund_id": refund_id(number), "customer_id": customer_id(1), "amount": amount, "provider": "airtel",
    })
}

fn of(number: u128) -> Value {
    json!({ "refund_id": refund_id(number) })
}

fn told(number: u128, provider: &str) -> Value {
    json!({ "refund_id": refund_id(number), "provider": provider, "reference": format!("RF{number}") })
}

fn paid(number: u128, reference: &str) -> Value {
    json!({ "refund_id": refund_id(number), "provider_reference": reference })
}

/// A payment of 30,000 of customer 1 is settled.
fn rich() -> World {
    let mut w = World::town();
    let data = json!({
        "payment_id": payment_id(1), "customer_id": customer_id(1), "amount": 30_000, "purpose": "deposit",
        "provider": "mpesa",
    });
    w.when(customer(1), "InitiatePayment", data).then_events(&["PaymentInitiated"]);
    let data = json!({ "payment_id": payment_id(1), "amount": 30_000, "provider_reference": "R1" });
    w.when(payments(), "PaymentConfirmed", data).then_events(&["PaymentSettled"]);
    w
}

fn payment(number: u128, amount: i64) -> Value {
    json!({
        "refund_id": refund_id(number), "payment_id": payment_id(1), "amount": amount,
        "reason": sealed("paid twice"),
    })
}

#[test]
fn a_deposit_refund_below_the_limit_is_set_aside_approved_and_paid() {
    let mut w = World::town();
    let answer = w
        .when(customer(1), "RequestDepositRefund", deposit(1, 20_000))
        .then_events(&["RefundRequested", "RefundApproved"]);
    let expected =
        json!({ "refund_id": refund_id(1), "status": "approved", "balance": 0, "currency": "TZS" });
    assert_eq!(answer, expected);
    assert_eq!((w.purse(1), w.trial_balance()[&2200]), ((0, 0), -20_000));
    w.when(payments(), "RecordRefundSubmitted", told(1, "airtel")).then_events(&["RefundSubmitted"]);
    let facts = w.when(payments(), "RefundConfirmed", paid(1, "PG1")).then_facts(&["RefundPaid"]).remove(0);
    assert_eq!(facts["paid_from"], json!({ "from": "transit" }));
    assert_eq!(w.trial_balance().get(&2200), None);
    w.when(payments(), "RefundConfirmed", paid(1, "PG1")).then_already_done();
    w.when(payments(), "RefundConfirmed", paid(1, "PG2")).then_rejected("refund_decided");
    for command in ["RefundDeclined", "MarkRefundUnknown"] {
        w.when(payments(), command, of(1)).then_rejected("refund_decided");
    }
}

#[test]
fn asking_for_a_deposit_is_refused_in_its_order() {
    let mut w = World::town();
    w.when(customer(2), "RequestDepositRefund", deposit(1, 1)).then_rejected("customer_unknown");
    w.when_at(customer(1), "RequestDepositRefund", deposit(1, 1), Some(t(0)))
        .then_rejected("occurred_at_not_allowed");
    w.tamper(customer_id(1), |state| state["status"] = json!("suspended"));
    w.when(customer(1), "RequestDepositRefund", deposit(1, 1)).then_rejected("customer_not_active");
    w.tamper(customer_id(1), |state| state["status"] = json!("active"));
    w.start(1, 1, 1, 1).then_events(&["RentalStarted"]);
    w.when(customer(1), "RequestDepositRefund", deposit(1, 1)).then_rejected("rental_still_open");
    w.now = t(1);
    w.returned(1, 1, 1).then_events(&["RentalEnded"]);
    w.tamper(customer_id(1), |state| state["purse"]["debt"] = json!(5));
    w.when(customer(1), "RequestDepositRefund", deposit(1, 1)).then_rejected("customer_has_debt");
    w.tamper(customer_id(1), |state| state["purse"]["debt"] = json!(0));
    let facts = w
        .when(customer(1), "RequestDepositRefund", deposit(1, 20_001))
        .then_rejected("refund_exceeds_balance");
    assert_eq!(facts, json!({ "amount": 20_001, "balance": 20_000 }));
    let mut taken = deposit(1, 1);
    taken["refund_id"] = json!(customer_id(2));
    w.when(customer(1), "RequestDepositRefund", taken).then_rejected("id_taken");
    w.when(customer(1), "RequestDepositRefund", deposit(1, 1))
        .then_events(&["RefundRequested", "RefundApproved"]);
    let facts = w.when(customer(1), "RequestDepositRefund", deposit(2, 1)).then_rejected("refund_open");
    assert_eq!(facts["refund_id"], json!(refund_id(1)));
}

#[test]
fn refunds_within_a_day_add_up_to_the_limit_and_a_second_person_approves_what_is_above() {
    let mut w = rich();
    let mut n = 0;
    let mut pay = |w: &mut World, amount: i64, events: &[&str]| {
        n += 1;
        w.when(customer(1), "RequestDepositRefund", deposit(n, amount)).then_events(events);
        n
    };
    let both = ["RefundRequested", "RefundApproved"];
    let first = pay(&mut w, 12_000, &both);
    w.when(payments(), "RecordRefundSubmitted", told(first, "airtel")).then_events(&["RefundSubmitted"]);
    w.when(payments(), "RefundConfirmed", paid(first, "PG1")).then_events(&["RefundPaid"]);
    w.now = t(DAY - 1);
    let second = pay(&mut w, 8_001, &["RefundRequested"]);
    w.when(finance(), "RejectRefund", of(second)).then_events(&["RefundRejected"]);
    let third = pay(&mut w, 8_000, &both);
    w.when(payments(), "RecordRefundSubmitted", told(third, "airtel")).then_events(&["RefundSubmitted"]);
    w.when(payments(), "RefundConfirmed", paid(third, "PG3")).then_events(&["RefundPaid"]);
    // A day later the first one no longer counts.
    w.now = t(DAY);
    pay(&mut w, 12_000, &both);
}

#[test]
fn whoever_asked_does_not_approve_an_admin_neither() {
    let mut w = rich();
    w.when(admin(), "RequestPaymentRefund", payment(1, 25_000)).then_events(&["RefundRequested"]);
    w.when(admin(), "ApproveRefund", of(1)).then_rejected("second_person_required");
    w.when(payments(), "RecordRefundSubmitted", told(1, "mpesa")).then_rejected("refund_not_approved");
    w.when(second_finance(), "ApproveRefund", of(9)).then_rejected("refund_unknown");
    let answer = w.when(second_finance(), "ApproveRefund", of(1)).then_events(&["RefundApproved"]);
    assert_eq!(answer, json!({ "refund_id": refund_id(1), "status": "approved" }));
    w.when(second_finance(), "ApproveRefund", of(1)).then_already_done();
}

#[test]
fn a_payment_refund_is_never_above_what_is_left_of_the_payment() {
    let mut w = rich();
    w.when(finance(), "RequestPaymentRefund", payment(1, 30_001)).then_rejected("refund_exceeds_payment");
    let data = json!({ "payment_id": payment_id(1), "amount": 6_000, "provider_reference": "C1" });
    w.when(payments(), "RecordChargeback", data).then_events(&["PaymentChargedBack"]);
    w.when(finance(), "RequestPaymentRefund", payment(1, 20_000))
        .then_events(&["RefundRequested", "RefundApproved"]);
    w.when(second_finance(), "RecordRefundSubmitted", told(1, "mpesa")).then_events(&["RefundSubmitted"]);
    w.when(second_finance(), "RefundConfirmed", paid(1, "BANK-1")).then_events(&["RefundPaid"]);
    let facts =
        w.when(finance(), "RequestPaymentRefund", payment(2, 4_001)).then_rejected("refund_exceeds_payment");
    assert_eq!(facts["refundable"], 4_000);
    // What failed or was refused counts no more.
    w.when(finance(), "RequestPaymentRefund", payment(2, 4_000)).then_events(&["RefundRequested"]);
    w.when(finance(), "RejectRefund", of(2)).then_events(&["RefundRejected"]);
    w.when(finance(), "RequestPaymentRefund", payment(3, 4_000)).then_events(&["RefundRequested"]);
}

#[test]
fn only_settled_payments_of_living_accounts_are_given_back() {
    let mut w = rich();
    let data = json!({
        "payment_id": payment_id(2), "customer_id": customer_id(1), "amount": 500, "purpose": "deposit",
        "provider": "mpesa",
    });
    w.when(customer(1), "InitiatePayment", data).then_events(&["PaymentInitiated"]);
    let mut open = payment(1, 500);
    open["payment_id"] = json!(payment_id(2));
    w.when(finance(), "RequestPaymentRefund", open.clone()).then_rejected("payment_not_settled");
    open["payment_id"] = json!(payment_id(9));
    w.when(finance(), "RequestPaymentRefund", open).then_rejected("payment_unknown");
    w.tamper(customer_id(1), |state| state["status"] = json!("closed"));
    w.when(finance(), "RequestPaymentRefund", payment(1, 500)).then_rejected("customer_closed");
}

#[test]
fn a_rental_or_a_debt_that_came_up_since_refuses_the_refund_and_the_money_goes_back() {
    let mut w = rich();
    w.when(finance(), "RequestPaymentRefund", payment(1, 25_000)).then_events(&["RefundRequested"]);
    w.start(1, 1, 1, 1).then_events(&["RentalStarted"]);
    let answer = w.when(second_finance(), "ApproveRefund", of(1)).then_events(&["RefundRejected"]);
    assert_eq!((&answer["status"], w.purse(1)), (&json!("rejected"), (50_000, 0)));
    w.now = t(1);
    w.returned(1, 1, 1).then_events(&["RentalEnded"]);
    w.when(customer(1), "RequestDepositRefund", deposit(2, 20_000))
        .then_events(&["RefundRequested", "RefundApproved"]);
    w.start(2, 1, 1, 1).then_events(&["RentalStarted"]);
    let fact = w
        .when(payments(), "RecordRefundSubmitted", told(2, "airtel"))
        .then_facts(&["RefundRejected"])
        .remove(0);
    assert_eq!((&fact["cause"], w.purse(1)), (&json!("rental_open"), (50_000, 0)));
    w.when(payments(), "RefundConfirmed", of(9)).then_rejected("refund_unknown");
}

#[test]
fn money_that_goes_back_pays_a_debt_first() {
    let mut w = rich();
    w.when(customer(1), "RequestDepositRefund", deposit(1, 20_000))
        .then_events(&["RefundRequested", "RefundApproved"]);
    w.when(payments(), "RecordRefundSubmitted", told(1, "airtel")).then_events(&["RefundSubmitted"]);
    w.start(1, 1, 1, 1).then_events(&["RentalStarted"]);
    let lost = json!({ "rental_id": rental_id(1) });
    w.when(customer(1), "ReportLost", lost).then_events(&["RentalSold"]);
    assert_eq!(w.purse(1), (0, 15_000));
    w.when(payments(), "RefundDeclined", of(1)).then_events(&["RefundFailed"]);
    assert_eq!(w.purse(1), (5_000, 0));
    // Proof that comes after the failure takes it again.
    let fact = w.when(payments(), "RefundConfirmed", paid(1, "PG1")).then_facts(&["RefundPaid"]).remove(0);
    assert_eq!(fact["paid_from"]["debited"], json!({ "deposit": 5_000, "debt": 15_000 }));
    assert_eq!(w.purse(1), (0, 15_000));
}

#[test]
fn an_unknown_outcome_is_asked_for_again_under_the_same_reference_only() {
    let mut w = rich();
    w.when(customer(1), "RequestDepositRefund", deposit(1, 1_000))
        .then_events(&["RefundRequested", "RefundApproved"]);
    for command in ["RefundConfirmed", "RefundDeclined", "MarkRefundUnknown"] {
        w.when(payments(), command, of(1)).then_rejected("refund_not_submitted");
    }
    w.when(payments(), "RecordRefundSubmitted", told(1, "airtel")).then_events(&["RefundSubmitted"]);
    let mut other = told(1, "airtel");
    other["reference"] = json!("RF-other");
    w.when(payments(), "RecordRefundSubmitted", other).then_rejected("refund_submitted_otherwise");
    w.when(payments(), "MarkRefundUnknown", of(1)).then_events(&["RefundOutcomeUnknown"]);
    w.when(payments(), "RecordRefundSubmitted", told(1, "airtel")).then_already_done();
    // Staff may say what they found out about it.
    w.when(finance(), "RefundConfirmed", paid(1, "seen")).then_events(&["RefundPaid"]);
}

#[test]
fn staff_record_the_manual_queue_but_not_what_they_approved() {
    let mut w = rich();
    w.when(customer(1), "RequestDepositRefund", deposit(1, 500))
        .then_events(&["RefundRequested", "RefundApproved"]);
    w.when(finance(), "RecordRefundSubmitted", told(1, "airtel")).then_rejected("refund_not_manual");
    w.when(finance(), "RejectRefund", of(1)).then_events(&["RefundRejected"]);
    w.when(finance(), "RejectRefund", of(1)).then_already_done();
    w.when(finance(), "ApproveRefund", of(1)).then_rejected("refund_decided");
    w.when(finance(), "RequestPaymentRefund", payment(2, 25_000)).then_events(&["RefundRequested"]);
    w.when(second_finance(), "ApproveRefund", of(2)).then_events(&["RefundApproved"]);
    w.when(second_finance(), "RecordRefundSubmitted", told(2, "mpesa"))
        .then_rejected("second_person_required");
    w.when(third_finance(), "RecordRefundSubmitted", told(2, "mpesa")).then_events(&["RefundSubmitted"]);
    w.when(third_finance(), "RejectRefund", of(2)).then_rejected("refund_decided");
    w.when(third_finance(), "RefundDeclined", of(2)).then_events(&["RefundFailed"]);
}

#[test]
fn two_refunds_never_share_a_reference() {
    let mut w = rich();
    w.when(customer(1), "RequestDepositRefund", deposit(1, 500))
        .then_events(&["RefundRequested", "RefundApproved"]);
    w.when(payments(), "RecordRefundSubmitted", told(1, "airtel")).then_events(&["RefundSubmitted"]);
    w.when(payments(), "RefundDeclined", of(1)).then_events(&["RefundFailed"]);
    w.when(customer(1), "RequestDepositRefund", deposit(2, 500))
        .then_events(&["RefundRequested", "RefundApproved"]);
    let mut same = told(2, "airtel");
    same["reference"] = json!("RF1");
    w.when(payments(), "RecordRefundSubmitted", same).then_rejected("provider_reference_taken");
}

#[test]
fn nobody_is_erased_while_a_refund_is_under_way() {
    let mut w = World::town();
    w.when(customer(1), "RequestDepositRefund", deposit(1, 20_000))
        .then_events(&["RefundRequested", "RefundApproved"]);
    let erase = json!({ "customer_id": customer_id(1) });
    w.when(customer(1), "EraseCustomer", erase.clone()).then_rejected("refund_open");
    w.when(payments(), "RecordRefundSubmitted", told(1, "airtel")).then_events(&["RefundSubmitted"]);
    w.when(payments(), "RefundConfirmed", of(1)).then_events(&["RefundPaid"]);
    w.when(customer(1), "EraseCustomer", erase).then_events(&["CustomerErased"]);
}

//! What becomes of a payment between asking and proof, and what a provider takes back.

use serde_json::{Value, json};

use super::given::*;

fn asked() -> World {
    let mut w = World::town();
    let data = json!({
        "payment_id": payment_id(1), "customer_id": customer_id(1), "amount": 5_000, "purpose": "deposit",
        "provider": "mpesa",
    });
    w.when(customer(1), "InitiatePayment", data).then_events(&["PaymentInitiated"]);
    w
}

fn of(number: u128) -> Value {
    json!({ "payment_id": payment_id(number) })
}

fn proof(reference: &str) -> Value {
    json!({ "payment_id": payment_id(1), "amount": 5_000, "provider_reference": reference })
}

const STEPS: [(&str, &str); 3] = [
    ("RecordPrompt", "PaymentPrompted"),
    ("PaymentDeclined", "PaymentWasDeclined"),
    ("MarkPaymentUnknown", "PaymentOutcomeUnknown"),
];

#[test]
fn a_payment_is_prompted_then_unknown_then_declined_each_once() {
    let mut w = asked();
    for command in ["RecordPrompt", "MarkPaymentUnknown", "PaymentDeclined"] {
        let (_, event) = STEPS.into_iter().find(|(name, _)| *name == command).unwrap();
        w.when(payments(), command, of(1)).then_events(&[event]);
    }
    let answer = w.when(payments(), "PaymentDeclined", of(1)).then_already_done();
    assert_eq!(answer, json!({ "payment_id": payment_id(1), "status": "declined" }));
}

#[test]
fn i10_proof_settles_a_payment_whatever_was_heard_of_it_before() {
    for (command, event) in STEPS {
        let mut w = asked();
        w.when(payments(), command, of(1)).then_events(&[event]);
        w.when(payments(), "PaymentConfirmed", proof("R1")).then_events(&["PaymentSettled"]);
        assert_eq!(w.purse(1), (25_000, 0), "{command}");
    }
}

#[test]
fn nothing_that_is_heard_after_the_proof_changes_anything() {
    let mut w = asked();
    w.when(payments(), "PaymentConfirmed", proof("R1")).then_events(&["PaymentSettled"]);
    for (command, _) in STEPS {
        let facts = w.when(payments(), command, of(1)).then_rejected("payment_settled");
        assert_eq!(facts["payment_id"], json!(payment_id(1)));
        w.when(payments(), command, of(9)).then_rejected("payment_unknown");
    }
}

#[test]
fn a_declined_payment_is_not_prompted_marked_or_expired() {
    let mut w = asked();
    w.when(payments(), "PaymentDeclined", of(1)).then_events(&["PaymentWasDeclined"]);
    w.now = t(2 * DAY);
    for (who, command) in
        [(payments(), "RecordPrompt"), (payments(), "MarkPaymentUnknown"), (system(), "ExpirePayment")]
    {
        let facts = w.when(who, command, of(1)).then_rejected("payment_not_open");
        assert_eq!(facts["payment_status"], "declined");
    }
}

#[test]
fn a_prompted_or_unknown_payment_expires_and_an_expired_one_is_not_declined() {
    for (command, event) in
        [("RecordPrompt", "PaymentPrompted"), ("MarkPaymentUnknown", "PaymentOutcomeUnknown")]
    {
        let mut w = asked();
        w.when(payments(), command, of(1)).then_events(&[event]);
        w.now = t(DAY);
        w.when(system(), "ExpirePayment", of(1)).then_events(&["PaymentExpired"]);
        w.when(payments(), "PaymentDeclined", of(1)).then_rejected("payment_not_open");
    }
}

#[test]
fn a_prompt_that_is_reported_after_nobody_knew_is_already_done() {
    let mut w = asked();
    w.when(payments(), "MarkPaymentUnknown", of(1)).then_events(&["PaymentOutcomeUnknown"]);
    let answer = w.when(payments(), "RecordPrompt", of(1)).then_already_done();
    assert_eq!(answer["status"], "unknown");
}

fn chargeback(amount: i64, reference: &str) -> Value {
    json!({ "payment_id": payment_id(1), "amount": amount, "provider_reference": reference })
}

#[test]
fn chargebacks_come_from_the_deposit_then_debt_and_never_exceed_the_payment() {
    let mut w = asked();
    w.when(payments(), "RecordChargeback", chargeback(1, "C1")).then_rejected("payment_not_settled");
    w.when(payments(), "PaymentConfirmed", proof("R1")).then_events(&["PaymentSettled"]);
    let facts =
        w.when(payments(), "RecordChargeback", chargeback(5_001, "C1")).then_rejected("chargeback_too_large");
    assert_eq!((&facts["amount"], &facts["limit"]), (&json!(5_001), &json!(5_000)));
    w.when(payments(), "RecordChargeback", chargeback(2_000, "C1")).then_events(&["PaymentChargedBack"]);
    w.when(payments(), "RecordChargeback", chargeback(2_000, "C1")).then_already_done();
    w.when(payments(), "RecordChargeback", chargeback(3_001, "C2")).then_rejected("chargeback_too_large");
    assert_eq!(w.purse(1), (23_000, 0));
    w.tamper(payment_id(1), |state| state["amount"] = json!(90_000));
    w.when(payments(), "RecordChargeback", chargeback(30_000, "C2")).then_events(&["PaymentChargedBack"]);
    assert_eq!(w.purse(1), (0, 7_000));
    assert_eq!(w.trial_balance()[&1000], 85_000 - 32_000);
}

#[test]
fn what_a_provider_takes_back_from_an_erased_customer_is_a_bad_debt() {
    let mut w = asked();
    w.when(payments(), "PaymentConfirmed", proof("R1")).then_events(&["PaymentSettled"]);
    w.tamper(customer_id(1), |state| state["status"] = json!("closed"));
    w.when(payments(), "RecordChargeback", chargeback(5_000, "C1")).then_events(&["PaymentChargedBack"]);
    assert_eq!(w.trial_balance()[&5000], 5_000);
    assert_eq!(w.purse(1), (25_000, 0));
}

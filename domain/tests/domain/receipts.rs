//! Money that settles nothing, and what two members of staff make of it.

use serde_json::{Value, json};

use super::given::*;

fn received(number: u128, reference: &str) -> Value {
    json!({
        "receipt_id": receipt_id(number), "provider": "mixx", "provider_reference": reference, "amount": 3_000,
        "reason": "unknown_reference",
    })
}

fn held() -> World {
    let mut w = World::town();
    w.when(payments(), "RecordUnmatchedReceipt", received(1, "U1")).then_events(&["ReceiptUnmatched"]);
    w
}

fn assign() -> Value {
    json!({ "receipt_id": receipt_id(1), "customer_id": customer_id(1), "reason": sealed("showed the message") })
}

fn give_back(number: u128) -> Value {
    json!({
        "receipt_id": receipt_id(1), "refund_id": refund_id(number), "destination": sealed("+255712000000"),
        "reason": sealed("a stranger's"),
    })
}

fn requested(w: &mut World) -> Value {
    let answer = w.when(finance(), "AssignReceipt", assign()).then_events(&["ApprovalRequested"]);
    json!({ "approval_id": answer["approval_id"] })
}

fn refund(number: u128) -> Value {
    json!({ "refund_id": refund_id(number) })
}

fn told(number: u128) -> Value {
    json!({ "refund_id": refund_id(number), "provider": "mixx", "reference": format!("RF{number}") })
}

#[test]
fn i10_a_transaction_is_held_once() {
    let mut w = held();
    let again = w.when(payments(), "RecordUnmatchedReceipt", received(2, "U1")).then_already_done();
    assert_eq!(again["receipt_id"], json!(receipt_id(1)));
    let mut other = received(2, "U1");
    other["amount"] = json!(2_999);
    w.when(payments(), "RecordUnmatchedReceipt", other).then_rejected("receipt_exists");
    w.when(payments(), "RecordUnmatchedReceipt", received(1, "U2")).then_rejected("id_taken");
    let mut unknown = received(2, "U2");
    unknown["payment_id"] = json!(payment_id(99));
    w.when(payments(), "RecordUnmatchedReceipt", unknown).then_rejected("payment_unknown");
    assert_eq!(w.trial_balance()[&2900], -3_000);
}

#[test]
fn money_that_settled_a_payment_is_not_held_as_well() {
    let mut w = World::town();
    let bill = json!({
        "customer_id": customer_id(1), "provider": "mixx", "amount": 3_000, "provider_reference": "U1",
    });
    w.when(payments(), "PaymentConfirmed", bill).then_events(&["PaymentInitiated", "PaymentSettled"]);
    w.when(payments(), "RecordUnmatchedReceipt", received(1, "U1")).then_rejected("provider_reference_taken");
}

#[test]
fn the_reason_becomes_a_word_for_the_list_of_cases() {
    for (reason, review) in [
        ("wrong_amount", "wrong_amount"),
        ("wrong_payer", "wrong_payer"),
        ("wrong_operator", "wrong_operator"),
        ("bad_signature", "bad_signature"),
        ("not_confirmed", "not_confirmed"),
        ("second_reference", "second_reference"),
        ("customer_closed", "customer_closed"),
        ("something else", "unmatched"),
    ] {
        let mut w = World::town();
        let mut data = received(1, "U1");
        data["reason"] = json!(reason);
        let fact =
            w.when(payments(), "RecordUnmatchedReceipt", data).then_facts(&["ReceiptUnmatched"]).remove(0);
        assert_eq!((&fact["review"], &fact["reason"]), (&json!([review]), &json!(reason)));
    }
}

#[test]
fn a_receipt_is_a_customers_once_a_second_person_agrees() {
    let mut w = held();
    let approval = requested(&mut w);
    assert_eq!(w.purse(1), (20_000, 0));
    for who in [finance(), admin()] {
        w.when(who, "ApproveAction", approval.clone()).then_rejected("second_person_required");
    }
    w.when(second_finance(), "ApproveAction", approval.clone()).then_events(&["ReceiptAssigned"]);
    assert_eq!((w.purse(1), w.trial_balance().get(&2900)), ((23_000, 0), None));
    w.when(second_finance(), "RejectAction", approval).then_rejected("approval_decided");
    let facts = w.when(finance(), "AssignReceipt", assign()).then_rejected("receipt_assigned");
    assert_eq!(facts["customer_id"], json!(customer_id(1)));
    w.when(finance(), "RefundReceipt", give_back(1)).then_rejected("receipt_assigned");
}

#[test]
fn what_is_approved_is_decided_again_on_the_present_state() {
    let mut w = held();
    let (first, second) = (requested(&mut w), requested(&mut w));
    w.when(second_finance(), "ApproveAction", first).then_events(&["ReceiptAssigned"]);
    w.when(second_finance(), "ApproveAction", second.clone()).then_rejected("receipt_assigned");
    w.when(second_finance(), "RejectAction", second.clone()).then_events(&["ActionRejected"]);
    w.when(second_finance(), "ApproveAction", second).then_rejected("approval_decided");
    let nobody = json!({ "approval_id": break_id(9) });
    w.when(second_finance(), "ApproveAction", nobody.clone()).then_rejected("approval_unknown");
    w.when(second_finance(), "RejectAction", nobody).then_rejected("approval_unknown");
}

#[test]
fn nothing_is_assigned_to_nobody() {
    let mut w = held();
    let mut data = assign();
    data["receipt_id"] = json!(receipt_id(9));
    w.when(finance(), "AssignReceipt", data.clone()).then_rejected("receipt_unknown");
    w.when(finance(), "RefundReceipt", json!({ "receipt_id": receipt_id(9), "reason": sealed("x") }))
        .then_rejected("receipt_unknown");
    data = assign();
    data["customer_id"] = json!(customer_id(9));
    w.when(finance(), "AssignReceipt", data).then_rejected("customer_unknown");
    let approval = requested(&mut w);
    w.tamper(customer_id(1), |state| state["status"] = json!("closed"));
    w.when(second_finance(), "ApproveAction", approval).then_rejected("customer_closed");
}

#[test]
fn a_receipt_is_paid_back_once_a_second_person_agrees_by_either_command() {
    for (command, field) in [("ApproveRefund", "refund_id"), ("ApproveAction", "approval_id")] {
        let mut w = held();
        let answer =
            w.when(finance(), "RefundReceipt", give_back(1)).then_events(&["ReceiptRefundRequested"]);
        assert_eq!((&answer["approval_id"], &answer["status"]), (&json!(refund_id(1)), &json!("requested")));
        let yes = json!({ field: refund_id(1) });
        w.when(finance(), command, yes.clone()).then_rejected("second_person_required");
        w.when(second_finance(), command, yes).then_events(&["RefundApproved"]);
        w.when(finance(), "RefundReceipt", give_back(2)).then_rejected("receipt_refund_open");
        w.when(payments(), "RecordRefundSubmitted", told(1)).then_events(&["RefundSubmitted"]);
        w.when(payments(), "RefundConfirmed", refund(1)).then_events(&["RefundPaid"]);
        assert_eq!((w.trial_balance().get(&2900), w.trial_balance().get(&2200)), (None, None));
        w.when(finance(), "AssignReceipt", assign()).then_rejected("receipt_refund_open");
    }
}

#[test]
fn without_a_payer_staff_have_to_say_where_the_money_goes() {
    let mut w = held();
    let mut nowhere = give_back(1);
    nowhere.as_object_mut().unwrap().remove("destination");
    w.when(finance(), "RefundReceipt", nowhere.clone()).then_rejected("destination_required");
    let mut from_a_phone = received(2, "U2");
    from_a_phone["payer"] = phone(77);
    w.when(payments(), "RecordUnmatchedReceipt", from_a_phone).then_events(&["ReceiptUnmatched"]);
    nowhere["receipt_id"] = json!(receipt_id(2));
    let fact = w.when(finance(), "RefundReceipt", nowhere).then_facts(&["ReceiptRefundRequested"]).remove(0);
    assert_eq!(fact["destination"]["digest"], "phone 77");
}

#[test]
fn a_refused_or_failed_payback_is_unmatched_again_and_may_be_assigned() {
    let mut w = held();
    w.when(finance(), "RefundReceipt", give_back(1)).then_events(&["ReceiptRefundRequested"]);
    let no = json!({ "approval_id": refund_id(1) });
    w.when(finance(), "RejectAction", no.clone()).then_rejected("second_person_required");
    w.when(second_finance(), "RejectAction", no).then_events(&["RefundRejected"]);
    assert_eq!(w.trial_balance()[&2900], -3_000);
    w.when(finance(), "RefundReceipt", give_back(2)).then_events(&["ReceiptRefundRequested"]);
    w.when(second_finance(), "ApproveRefund", refund(2)).then_events(&["RefundApproved"]);
    w.when(payments(), "RecordRefundSubmitted", told(2)).then_events(&["RefundSubmitted"]);
    w.when(payments(), "RefundDeclined", refund(2)).then_events(&["RefundFailed"]);
    let approval = requested(&mut w);
    w.when(second_finance(), "ApproveAction", approval).then_events(&["ReceiptAssigned"]);
    // The payback had gone through after all: it is taken from whom the money was given to.
    let fact = w.when(payments(), "RefundConfirmed", refund(2)).then_facts(&["RefundPaid"]).remove(0);
    assert_eq!(
        (&fact["customer_id"], &fact["paid_from"]["from"]),
        (&json!(customer_id(1)), &json!("customer"))
    );
    assert_eq!(w.purse(1), (20_000, 0));
}

#[test]
fn proof_of_a_failed_payback_is_taken_from_the_receipt_and_a_second_payback_is_flagged() {
    for twice in [false, true] {
        let mut w = held();
        w.when(finance(), "RefundReceipt", give_back(1)).then_events(&["ReceiptRefundRequested"]);
        w.when(second_finance(), "ApproveRefund", refund(1)).then_events(&["RefundApproved"]);
        w.when(payments(), "RecordRefundSubmitted", told(1)).then_events(&["RefundSubmitted"]);
        w.when(payments(), "RefundDeclined", refund(1)).then_events(&["RefundFailed"]);
        if twice {
            w.when(finance(), "RefundReceipt", give_back(2)).then_events(&["ReceiptRefundRequested"]);
        }
        let fact = w.when(payments(), "RefundConfirmed", refund(1)).then_facts(&["RefundPaid"]).remove(0);
        if twice {
            assert_eq!(
                (&fact["paid_from"]["from"], &fact["review"]),
                (&json!("bad_debt"), &json!(["paid_twice"]))
            );
        } else {
            assert_eq!((&fact["paid_from"]["from"], &fact["review"]), (&json!("receipt"), &Value::Null));
            assert_eq!(w.trial_balance().get(&2900), None);
        }
    }
}

#[test]
fn nobody_is_erased_while_money_from_their_phone_is_unmatched() {
    let mut w = World::town();
    w.customer(5, 0);
    let mut theirs = received(1, "U1");
    theirs["payer"] = phone(5);
    let fact =
        w.when(payments(), "RecordUnmatchedReceipt", theirs).then_facts(&["ReceiptUnmatched"]).remove(0);
    assert_eq!(fact["customer_id"], json!(customer_id(5)));
    let erase = json!({ "customer_id": customer_id(5) });
    w.when(customer(5), "EraseCustomer", erase.clone()).then_rejected("receipt_names_customer");
    let approval = requested(&mut w);
    w.when(second_finance(), "ApproveAction", approval).then_events(&["ReceiptAssigned"]);
    w.when(customer(5), "EraseCustomer", erase).then_events(&["CustomerErased"]);
}

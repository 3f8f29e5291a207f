//! What staff do to a balance by hand, and what two of them let a read model pass over.

use serde_json::{Value, json};

use super::given::*;

fn adjust(direction: &str, amount: i64) -> Value {
    json!({
        "customer_id": customer_id(1), "direction": direction, "amount": amount, "reason": sealed("complaint"),
    })
}

fn write_off(amount: i64) -> Value {
    json!({ "customer_id": customer_id(1), "amount": amount, "reason": sealed("cannot pay") })
}

fn ask(w: &mut World, command: &str, data: Value) -> Value {
    let answer = w.when(finance(), command, data).then_events(&["ApprovalRequested"]);
    assert_eq!(answer["status"], "requested");
    json!({ "approval_id": answer["approval_id"] })
}

/// The first customer has this deposit; what they owe beyond it was made by taking it.
fn world(deposit: i64, debt: i64) -> World {
    let mut w = World::town();
    let (balance, _) = w.purse(1);
    let taken = balance - deposit + debt;
    let approval = ask(&mut w, "AdjustBalance", adjust("down", taken));
    w.when(second_finance(), "ApproveAction", approval).then_events(&["BalanceAdjusted"]);
    w
}

#[test]
fn nothing_moves_before_a_second_person_agrees() {
    let mut w = World::town();
    let before = (w.purse(1), w.trial_balance());
    let approval = ask(&mut w, "AdjustBalance", adjust("up", 700));
    assert_eq!((w.purse(1), w.trial_balance()), before);
    w.when(finance(), "ApproveAction", approval.clone()).then_rejected("second_person_required");
    let same_person = domain::Actor { role: domain::Role::Admin, ..finance() };
    w.when(same_person, "ApproveAction", approval.clone()).then_rejected("second_person_required");
    let themselves = domain::Actor { role: domain::Role::Finance, ..customer(1) };
    w.when(themselves, "ApproveAction", approval.clone()).then_rejected("second_person_required");
    let answer =
        w.when(second_finance(), "ApproveAction", approval.clone()).then_events(&["BalanceAdjusted"]);
    assert_eq!(answer["balance"], json!(before.0.0 + 700));
    w.when(second_finance(), "ApproveAction", approval.clone()).then_already_done();
    w.when(second_finance(), "RejectAction", approval).then_rejected("approval_decided");
    assert_eq!(w.trial_balance()[&5100], 700);
}

#[test]
fn giving_pays_debt_first() {
    let mut w = world(0, 1_500);
    let approval = ask(&mut w, "AdjustBalance", adjust("up", 2_000));
    w.when(second_finance(), "ApproveAction", approval).then_events(&["BalanceAdjusted"]);
    assert_eq!(w.purse(1), (500, 0));
}

#[test]
fn taking_leaves_a_debt_where_the_deposit_is_too_small() {
    let mut w = world(300, 0);
    let approval = ask(&mut w, "AdjustBalance", adjust("down", 1_000));
    w.when(second_finance(), "ApproveAction", approval).then_events(&["BalanceAdjusted"]);
    assert_eq!(w.purse(1), (0, 700));
}

#[test]
fn no_more_is_written_off_than_is_owed_when_it_is_decided() {
    let mut w = world(0, 1_000);
    let facts = w.when(finance(), "WriteOffDebt", write_off(1_001)).then_rejected("debt_smaller");
    assert_eq!(facts["debt"], 1_000);
    let approval = ask(&mut w, "WriteOffDebt", write_off(1_000));
    let given = ask(&mut w, "AdjustBalance", adjust("up", 1));
    w.when(second_finance(), "ApproveAction", given).then_events(&["BalanceAdjusted"]);
    w.when(second_finance(), "ApproveAction", approval.clone()).then_rejected("debt_smaller");
    w.when(second_finance(), "RejectAction", approval).then_events(&["ActionRejected"]);
    let approval = ask(&mut w, "WriteOffDebt", write_off(999));
    w.when(second_finance(), "ApproveAction", approval).then_events(&["DebtWrittenOff"]);
    assert_eq!(w.purse(1), (0, 0));
    assert_eq!(w.trial_balance()[&5000], 999);
}

#[test]
fn nobody_who_is_unknown_or_gone_is_given_or_spared_anything() {
    let mut w = World::town();
    let mut unknown = adjust("up", 1);
    unknown["customer_id"] = json!(customer_id(77));
    w.when(finance(), "AdjustBalance", unknown).then_rejected("customer_unknown");
    w.tamper(customer_id(1), |state| state["status"] = json!("closed"));
    w.when(finance(), "AdjustBalance", adjust("up", 1)).then_rejected("customer_closed");
    w.when(finance(), "WriteOffDebt", write_off(1)).then_rejected("customer_closed");
}

#[test]
fn a_model_of_things_passes_over_an_event_by_one_word_and_one_of_money_by_two() {
    let mut w = World::town();
    let skip = |projection: &str| json!({ "projection": projection, "position": 7, "reason": "broken" });
    w.when(admin(), "SkipProjectionEvent", skip("inventory")).then_events(&["ProjectionEventSkipped"]);
    w.when(admin(), "SkipProjectionEvent", skip("inventory")).then_already_done();
    let answer = w.when(admin(), "SkipProjectionEvent", skip("billing")).then_events(&["ApprovalRequested"]);
    let approval = json!({ "approval_id": answer["approval_id"] });
    w.when(admin(), "ApproveAction", approval.clone()).then_rejected("second_person_required");
    w.when(finance(), "ApproveAction", approval.clone()).then_rejected("second_person_required");
    let facts = w.when(second_finance(), "ApproveAction", approval).then_facts(&["ProjectionEventSkipped"]);
    assert_eq!(facts[0]["requested_by"], json!(admin().subject));
    assert_eq!(facts[0]["approved_by"], json!(second_finance().subject));
    w.when(admin(), "SkipProjectionEvent", skip("billing")).then_already_done();
}

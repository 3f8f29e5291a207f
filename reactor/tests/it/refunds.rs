//! Refunds: recorded before they are paid out, paid out once under one reference, and asked for again when nobody knows.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use reactor::Inquiry;
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use crate::harness::until;
use crate::provider::{DISBURSE, Deed, PAY_OUT_INQUIRY};
use crate::till::Till;

const PHONE: &str = "+255682345678";
const SUBMITTED: [&str; 3] = ["RefundRequested", "RefundApproved", "RefundSubmitted"];

async fn refund(till: &Till, provider: &str) -> Uuid {
    let saver = till.saver(PHONE, 20_000).await;
    till.ask_back(saver, provider, 5_000).await
}

fn reference(asked: &crate::provider::Asked) -> String {
    asked.body["externalReferenceId"].as_str().unwrap().to_owned()
}

fn callback(reference: &str, changes: &Value) -> Value {
    let mut body = json!({"initiatorReferenceId": reference, "fspReferenceId": "f", "operator": "Airtel",
        "pgReferenceId": format!("PG{reference}"), "amount": 5000.0, "status": "success", "message": "x",
        "additionalProperties": {}});
    body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_is_recorded_then_paid_out_and_paid_by_its_callback() {
    let till = Till::new().await;
    let cashing = till.cash();
    let refund = refund(&till, "airtel").await;
    until("it is paid out", async || till.double.asked(DISBURSE).len() == 1).await;
    till.until_story(refund, &SUBMITTED).await;
    let asked = till.double.asked(DISBURSE).pop().unwrap();
    assert_eq!(asked.body["destination"]["accountNumber"], "255682345678");
    assert_eq!(asked.body["transferDetails"]["amount"], 5_000);
    let ours = reference(&asked);
    assert_eq!(till.row("refund", "reference", refund).await.as_deref(), Some(ours.as_str()));
    assert!(ours.len() <= 30);
    let body = callback(&ours, &json!({}));
    assert_eq!(
        till.letters(&[body.clone(), callback(&ours, &json!({"amount": 5_000}))]).await,
        ["paid", "paid"]
    );
    till.until_story(refund, &[SUBMITTED.as_slice(), &["RefundPaid"]].concat()).await;
    till.place.until_idle().await;
    assert_eq!(till.row("refund", "destination", refund).await, None);
    assert_eq!(till.double.asked(DISBURSE).len(), 1);
    cashing.stop().await;
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_gives_the_money_back_and_proof_after_it_takes_it_again() {
    let till = Till::new().await;
    let cashing = till.cash();
    till.double.then(DISBURSE, Deed::json(400, &json!({"message": "Invalid BankName.", "success": false})));
    let refund = refund(&till, "airtel").await;
    till.until_story(refund, &[SUBMITTED.as_slice(), &["RefundFailed"]].concat()).await;
    let ours = reference(&till.double.asked(DISBURSE)[0]);
    assert_eq!(till.letters(&[callback(&ours, &json!({}))]).await, ["paid"]);
    till.until_story(refund, &[SUBMITTED.as_slice(), &["RefundFailed", "RefundPaid"]].concat()).await;
    assert_eq!(till.double.asked(DISBURSE).len(), 1);
    cashing.stop().await;
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_pay_out_is_asked_for_again_under_the_same_reference() {
    let till = Till::new().await;
    let cashing = till.cash();
    // Taken in, but the answer is lost; then down; then "duplicate".
    till.double.then(DISBURSE, Deed::HangUp);
    till.double.then(DISBURSE, Deed::json(400, &json!({"message": "Something else", "success": false})));
    till.double.then(DISBURSE, Deed::json(403, &json!({"message": "Duplicate External Reference Id"})));
    let refund = refund(&till, "airtel").await;
    let unknown = [SUBMITTED.as_slice(), &["RefundOutcomeUnknown"]].concat();
    till.until_story(refund, &unknown).await;
    for attempts in 2..=3 {
        till.until_reported().await;
        until("it is due again", async || till.row("refund", "call", refund).await.as_deref() == Some("due"))
            .await;
        till.advance(TimeDelta::hours(1));
        until("it is asked for again", async || till.double.asked(DISBURSE).len() == attempts).await;
    }
    until("it was taken in", async || {
        till.row("refund", "call", refund).await.as_deref() == Some("accepted")
    })
    .await;
    let references: Vec<String> = till.double.asked(DISBURSE).iter().map(reference).collect();
    assert!(references.iter().all(|reference| *reference == references[0]), "{references:?}");
    // A refusal after an attempt without an answer is no failure.
    assert_eq!(till.story(refund).await, unknown);
    assert_eq!(till.letters(&[callback(&references[0], &json!({"status": "failure"}))]).await, ["failed"]);
    till.until_story(refund, &[unknown.as_slice(), &["RefundFailed"]].concat()).await;
    cashing.stop().await;
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_anywhere_asks_again_under_the_same_reference_and_pays_once() {
    let till = Till::new().await;
    // Cut between call and outcome.
    let (_stop, stopping) = watch::channel(false);
    till.double.then(DISBURSE, Deed::Wait(Arc::new(Notify::new())));
    let task =
        tokio::spawn(till.cashier(|settings| settings.patience = Duration::from_secs(60)).run(stopping));
    let refund = refund(&till, "mixx").await;
    until("the provider was called", async || till.double.asked(DISBURSE).len() == 1).await;
    assert_eq!(till.row("refund", "call", refund).await.as_deref(), Some("claimed"));
    assert_eq!(till.story(refund).await, SUBMITTED);
    task.abort();
    till.double.then(DISBURSE, Deed::json(403, &json!({"message": "Duplicate External Reference Id"})));
    let cashing = till.cash();
    until("it is asked for again", async || till.double.asked(DISBURSE).len() == 2).await;
    until("it was taken in", async || {
        till.row("refund", "call", refund).await.as_deref() == Some("accepted")
    })
    .await;
    let asked = till.double.asked(DISBURSE);
    assert_eq!(reference(&asked[0]), reference(&asked[1]));
    assert_eq!(asked[0].body["destination"]["bankName"], "tigo");
    cashing.stop().await;
    // Cut between claim and call.
    let claim = "UPDATE reactor.refund SET call = 'claimed', claimed_by = 7 WHERE refund_id = $1";
    till.place.owner().execute(claim, &[&refund]).await.unwrap();
    let (one, two) = (till.cash(), till.cash());
    until("it is asked for again", async || till.double.asked(DISBURSE).len() == 3).await;
    assert_eq!(reference(&till.double.asked(DISBURSE)[2]), reference(&asked[0]));
    let body = callback(&reference(&asked[0]), &json!({"operator": "Tigo"}));
    assert_eq!(till.letters(&[body]).await, ["paid"]);
    till.until_story(refund, &[SUBMITTED.as_slice(), &["RefundPaid"]].concat()).await;
    one.stop().await;
    two.stop().await;
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_wallets_and_what_a_person_submitted_are_not_called() {
    let till = Till::new().await;
    let cashing = till.cash();
    for (number, provider) in ["mpesa", "halopesa"].into_iter().enumerate() {
        let saver = till.saver(&format!("+25571111111{number}"), 20_000).await;
        let refund = till.ask_back(saver, provider, 5_000).await;
        till.until_story(refund, &SUBMITTED[..2]).await;
        till.place.until_idle().await;
        if provider == "mpesa" {
            let by_hand = json!({"refund_id": refund, "provider": "mpesa", "reference": "bank transfer-7"});
            let finance = (edge::Role::Payments, Uuid::from_u128(0xf1));
            let by_hand =
                json!({"refund_id": by_hand["refund_id"], "provider": "mpesa", "reference": "transfer-7"});
            till.command(finance, "RecordRefundSubmitted", by_hand).await;
            till.until_story(refund, &SUBMITTED).await;
        }
        till.place.until_idle().await;
    }
    // An automatic one goes its way beside them; so the two had their turn.
    refund(&till, "azampesa").await;
    until("it is paid out", async || till.double.asked(DISBURSE).len() == 1).await;
    assert_eq!(till.double.asked(DISBURSE)[0].body["destination"]["bankName"], "azampesa");
    cashing.stop().await;
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inquiry_confirms_what_no_callback_did_and_silence_becomes_unknown() {
    let till = Till::new().await;
    let cashing = till.cashier(|settings| settings.inquiry = Inquiry::Disbursement).start();
    let first = refund(&till, "airtel").await;
    until("it was taken in", async || till.row("refund", "call", first).await.as_deref() == Some("accepted"))
        .await;
    let ours = reference(&till.double.asked(DISBURSE)[0]);
    // A callback alone is not believed where it can be asked.
    assert_eq!(till.letters(&[callback(&ours, &json!({}))]).await, ["refund_unknown"]);
    till.double.always(PAY_OUT_INQUIRY, Deed::said("success"));
    till.advance(TimeDelta::minutes(5));
    let paid = [SUBMITTED.as_slice(), &["RefundOutcomeUnknown", "RefundPaid"]].concat();
    till.until_story(first, &paid).await;
    cashing.stop().await;
    // Without an inquiry, an hour of silence is for a person to look at.
    let cashing = till.cash();
    let saver = till.saver("+255682345679", 20_000).await;
    let second = till.ask_back(saver, "airtel", 5_000).await;
    until("it was taken in", async || {
        till.row("refund", "call", second).await.as_deref() == Some("accepted")
    })
    .await;
    till.advance(TimeDelta::minutes(61));
    till.until_story(second, &[SUBMITTED.as_slice(), &["RefundOutcomeUnknown"]].concat()).await;
    cashing.stop().await;
    till.close().await;
}

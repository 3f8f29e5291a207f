//! Payments: prompted once, whatever the provider does and whoever is killed when.

use std::sync::Arc;

use chrono::TimeDelta;
use reactor::Inquiry;
use serde_json::json;
use tokio::sync::{Notify, watch};

use crate::harness::until;
use crate::provider::{CHECKOUT, Deed, INQUIRY, TOKEN};
use crate::till::Till;

const PHONE: &str = "+255712345678";

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_prompted_and_settled_by_its_callback_once() {
    let till = Till::new().await;
    let cashing = till.cash();
    let customer = till.customer(PHONE).await;
    let payment = till.ask(customer, "mpesa", 5_000).await;
    till.until_story(payment.id, &["PaymentInitiated", "PaymentPrompted"]).await;
    let asked = till.double.asked(CHECKOUT).pop().unwrap().body;
    assert_eq!(asked["externalId"], payment.external_id.as_str());
    assert_eq!((&asked["accountNumber"], &asked["amount"]), (&json!("255712345678"), &json!(5_000)));
    // The same transaction in several spellings: each is a letter, together they settle once.
    let callbacks = [
        payment.callback(&json!({})),
        payment.callback(&json!({"amount": 5_000})),
        payment.callback(&json!({"transactionstatus": "SUCCESS"})),
        payment.callback(&json!({"msisdn": "0712345678"})),
    ];
    let verdicts = till.letters(&callbacks).await;
    assert_eq!(verdicts, vec!["settle"; 4]);
    till.until_story(payment.id, &["PaymentInitiated", "PaymentPrompted", "PaymentSettled"]).await;
    assert_eq!(till.double.asked(CHECKOUT).len(), 1);
    cashing.stop().await;
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_checkout_has_its_event_and_no_second_prompt() {
    let till = Till::new().await;
    let cashing = till.cash();
    let customer = till.customer(PHONE).await;
    let refused =
        json!({"success": false, "transactionId": "null", "messageCode": 1000, "message": "Invalid Vendor"});
    let never = Arc::new(Notify::new());
    let cases = [
        (Deed::json(200, &refused), "PaymentWasDeclined"),
        (Deed::json(400, &json!({"title": "x", "errors": {"amount": ["x"]}})), "PaymentWasDeclined"),
        (Deed::Say(404, String::new()), "PaymentWasDeclined"),
        (Deed::Say(500, "<html>".to_owned()), "PaymentOutcomeUnknown"),
        (Deed::Say(200, "<html>".to_owned()), "PaymentOutcomeUnknown"),
        (Deed::Say(200, String::new()), "PaymentOutcomeUnknown"),
        (Deed::HangUp, "PaymentOutcomeUnknown"),
        (Deed::Wait(never), "PaymentOutcomeUnknown"),
    ];
    for (number, (deed, event)) in cases.into_iter().enumerate() {
        till.double.then(CHECKOUT, deed);
        let payment = till.ask(customer, "mpesa", 5_000).await;
        till.until_story(payment.id, &["PaymentInitiated", event]).await;
        till.until_reported().await;
        assert_eq!(till.double.asked(CHECKOUT).len(), number + 1);
        // It may have been charged all the same: proof settles whatever the answer was.
        assert_eq!(till.letters(&[payment.callback(&json!({}))]).await[number], "settle");
        till.until_story(payment.id, &["PaymentInitiated", event, "PaymentSettled"]).await;
    }
    cashing.stop().await;
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_surely_not_sent_is_sent_later_and_what_is_late_is_declined() {
    let till = Till::new().await;
    let cashing = till.cash();
    let customer = till.customer(PHONE).await;
    till.double.then(TOKEN, Deed::json(423, &json!({"data": null, "message": "locked"})));
    let payment = till.ask(customer, "mpesa", 5_000).await;
    until("a token was asked for", async || till.double.asked(TOKEN).len() == 1).await;
    until("it is due again", async || {
        till.row("payment", "attempts", payment.id).await.as_deref() == Some("1")
    })
    .await;
    till.advance(TimeDelta::seconds(1));
    till.until_story(payment.id, &["PaymentInitiated", "PaymentPrompted"]).await;
    assert_eq!(till.double.asked(CHECKOUT).len(), 1);
    cashing.stop().await;
    // Nobody was at the till when this one was asked for, until it was too late.
    let late = till.ask(customer, "mpesa", 5_000).await;
    till.place.until_idle().await;
    let back =
        "UPDATE reactor.payment SET recorded_at = recorded_at - interval '10 minutes' WHERE payment_id = $1";
    assert_eq!(till.place.owner().execute(back, &[&late.id]).await.unwrap(), 1);
    let cashing = till.cash();
    till.until_story(late.id, &["PaymentInitiated", "PaymentWasDeclined"]).await;
    assert_eq!(till.double.asked(CHECKOUT).len(), 1);
    cashing.stop().await;
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_waits_until_a_session_has_closed() {
    let till = Till::new().await;
    let slow = till.cashier(|settings| settings.prompt_after = std::time::Duration::from_secs(3_000)).start();
    let customer = till.customer(PHONE).await;
    let payment = till.ask(customer, "mpesa", 5_000).await;
    till.place.until_idle().await;
    till.until_reported().await;
    assert_eq!(till.row("payment", "prompt", payment.id).await.as_deref(), Some("due"));
    assert!(till.double.asked(CHECKOUT).is_empty());
    slow.stop().await;
    let cashing = till.cash();
    till.until_story(payment.id, &["PaymentInitiated", "PaymentPrompted"]).await;
    cashing.stop().await;
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_without_an_outcome_is_unknown_and_never_prompted_again() {
    let till = Till::new().await;
    let customer = till.customer(PHONE).await;
    // Cut between claim and call: the row is claimed by somebody whose lock is free.
    let claimed = till.ask(customer, "mpesa", 5_000).await;
    till.place.until_idle().await;
    let claim = "UPDATE reactor.payment SET prompt = 'claimed', claimed_by = 7 WHERE payment_id = $1";
    assert_eq!(till.place.owner().execute(claim, &[&claimed.id]).await.unwrap(), 1);
    let cashing = till.cash();
    till.until_story(claimed.id, &["PaymentInitiated", "PaymentOutcomeUnknown"]).await;
    assert!(till.double.asked(CHECKOUT).is_empty());
    cashing.stop().await;
    // Cut between call and outcome.
    let (_stop, stopping) = watch::channel(false);
    till.double.then(CHECKOUT, Deed::Wait(Arc::new(Notify::new())));
    let task = tokio::spawn(
        till.cashier(|settings| settings.patience = std::time::Duration::from_secs(60)).run(stopping),
    );
    let called = till.ask(customer, "mpesa", 5_000).await;
    until("the provider was called", async || till.double.asked(CHECKOUT).len() == 1).await;
    assert_eq!(till.row("payment", "prompt", called.id).await.as_deref(), Some("claimed"));
    // Somebody else is at work and leaves the living alone.
    let cashing = till.cash();
    let other = till.ask(customer, "mpesa", 5_000).await;
    till.until_story(other.id, &["PaymentInitiated", "PaymentPrompted"]).await;
    assert_eq!(till.row("payment", "prompt", called.id).await.as_deref(), Some("claimed"));
    task.abort();
    till.until_story(called.id, &["PaymentInitiated", "PaymentOutcomeUnknown"]).await;
    till.until_reported().await;
    assert_eq!(till.double.asked(CHECKOUT).len(), 2);
    cashing.stop().await;
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_that_could_not_be_reported_is_reported_by_whoever_comes_next() {
    let mut till = Till::new().await;
    let customer = till.customer(PHONE).await;
    let payment = till.ask(customer, "mpesa", 5_000).await;
    till.place.until_idle().await;
    // The command-api goes away; the provider is called all the same, and its answer is kept.
    let address = till.serving.halt().await;
    let (_stop, stopping) = watch::channel(false);
    let task = tokio::spawn(till.cashier(|_| {}).run(stopping));
    until("the outcome is kept", async || {
        till.row("payment", "prompt", payment.id).await.as_deref() == Some("done")
    })
    .await;
    task.abort();
    assert_eq!(till.story(payment.id).await, ["PaymentInitiated"]);
    till.serving = till.place.serve_at(&address.to_string()).await;
    till.advance(TimeDelta::minutes(1));
    let cashing = till.cash();
    till.until_story(payment.id, &["PaymentInitiated", "PaymentPrompted"]).await;
    assert_eq!(till.double.asked(CHECKOUT).len(), 1);
    cashing.stop().await;
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_cashiers_prompt_each_customer_once() {
    let till = Till::new().await;
    let (one, two) = (till.cash(), till.cash());
    let (mut payments, mut bodies) = (Vec::new(), Vec::new());
    for number in 0..40 {
        let phone = format!("+2557123456{number:02}");
        let payment = till.ask(till.customer(&phone).await, "mpesa", 5_000).await;
        bodies.push(payment.callback(&json!({"msisdn": phone})));
        payments.push(payment);
    }
    for payment in &payments {
        till.until_story(payment.id, &["PaymentInitiated", "PaymentPrompted"]).await;
    }
    let asked = till.double.asked(CHECKOUT);
    for payment in &payments {
        let times = asked.iter().filter(|asked| asked.body["externalId"] == payment.external_id.as_str());
        assert_eq!(times.count(), 1);
    }
    assert_eq!(till.letters(&bodies).await, vec!["settle"; 40]);
    assert_eq!(till.count("PaymentSettled").await, 40);
    one.stop().await;
    two.stop().await;
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_an_inquiry_nothing_settles_before_it_says_so() {
    let till = Till::new().await;
    let cashing = till.cashier(|settings| settings.inquiry = Inquiry::Partner).start();
    let customer = till.customer(PHONE).await;
    let payment = till.ask(customer, "mpesa", 5_000).await;
    till.until_story(payment.id, &["PaymentInitiated", "PaymentPrompted"]).await;
    // Pending: a success that nobody confirms is unknown.
    assert_eq!(till.letters(&[payment.callback(&json!({}))]).await, ["unknown"]);
    let unknown = ["PaymentInitiated", "PaymentPrompted", "PaymentOutcomeUnknown"];
    till.until_story(payment.id, &unknown).await;
    till.until_reported().await;
    till.double.always(INQUIRY, Deed::said("success"));
    till.advance(TimeDelta::minutes(5));
    let settled = [unknown.as_slice(), &["PaymentSettled"]].concat();
    till.until_story(payment.id, &settled).await;
    assert!(till.double.asked(INQUIRY).iter().all(|asked| asked.query.contains("provider=Mpesa")));
    // One that the provider denies is held, and another that it denies later is declined.
    till.double.always(INQUIRY, Deed::said("failed"));
    let denied = till.ask(customer, "mpesa", 5_000).await;
    till.until_story(denied.id, &["PaymentInitiated", "PaymentPrompted"]).await;
    assert_eq!(till.letters(&[denied.callback(&json!({}))]).await[1], "not_confirmed");
    till.advance(TimeDelta::minutes(5));
    until("it is declined", async || till.story(denied.id).await.contains(&"PaymentWasDeclined".to_owned()))
        .await;
    assert_eq!(till.count("PaymentSettled").await, 1);
    cashing.stop().await;
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_account_payments_stay_and_callbacks_are_judged() {
    let till = Till::new().await;
    let cashing = till.cashier_with(None).start();
    let customer = till.customer(PHONE).await;
    let payment = till.ask(customer, "mpesa", 5_000).await;
    till.place.until_idle().await;
    assert_eq!(till.letters(&[payment.callback(&json!({}))]).await, ["settle"]);
    till.until_story(payment.id, &["PaymentInitiated", "PaymentSettled"]).await;
    assert!(till.double.asked(TOKEN).is_empty());
    cashing.stop().await;
    till.close().await;
}

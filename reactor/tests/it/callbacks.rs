//! Callbacks: duplicated, reordered, days late, wrong, garbled and forged.

use chrono::TimeDelta;
use edge::{Clock as _, SystemClock};
use serde_json::{Value, json};

use crate::harness::hours;
use crate::provider::{Deed, KEY};
use crate::till::{Payment, Till};

const PHONE: &str = "+255712345678";
const PROMPTED: [&str; 2] = ["PaymentInitiated", "PaymentPrompted"];

async fn prompted(till: &Till) -> Payment {
    let customer = till.customer(PHONE).await;
    let payment = till.ask(customer, "mpesa", 5_000).await;
    till.until_story(payment.id, &PROMPTED).await;
    till.place.until_idle().await;
    payment
}

fn guess() -> String {
    const LETTERS: &[u8] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut random = [0; 26];
    SystemClock.random(&mut random);
    random.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_differs_settles_nothing_and_is_held_with_its_reason_and_payer() {
    let till = Till::new().await;
    let cashing = till.cash();
    let payment = prompted(&till).await;
    let other = |n: u32| json!(format!("other-{n}"));
    let bodies = [
        payment.callback(&json!({"amount": "4999", "transid": other(1)})),
        payment.callback(&json!({"msisdn": "255712345679", "transid": other(2)})),
        payment.callback(&json!({"operator": "Airtel", "transid": other(3)})),
        payment.callback(&json!({"msisdn": null, "transid": other(4)})),
        payment.callback(&json!({"utilityref": guess(), "transid": other(5)})),
        payment.callback(&json!({"signature": "Zm9yZ2Vk", "transid": other(6)})),
    ];
    let pem = include_str!("azampay.pem");
    till.double.always(KEY, Deed::Say(200, pem.to_owned()));
    let expected = [
        "wrong_amount",
        "wrong_payer",
        "wrong_operator",
        "wrong_payer",
        "unknown_reference",
        "bad_signature",
    ];
    assert_eq!(till.letters(&bodies).await, expected);
    assert_eq!(till.count("ReceiptUnmatched").await, 6);
    assert_eq!(till.count("PaymentSettled").await, 0);
    // I12: the payer is in the event, and not in clear.
    let sql = "SELECT count(*) FILTER (WHERE convert_from(payload, 'UTF8') LIKE '%\"payer\"%'), \
         count(*) FILTER (WHERE convert_from(payload, 'UTF8') LIKE '%71234567%') FROM ledger.event";
    let row = till.place.owner().query_one(sql, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (5, 0));
    // The payment is none the worse, and the same letters again are the same letters.
    till.put(&bodies).await;
    let all = till.letters(&[payment.callback(&json!({}))]).await;
    assert_eq!((all.len(), all[6].as_str()), (7, "settle"));
    assert_eq!(till.count("ReceiptUnmatched").await, 6);
    cashing.stop().await;
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_word_is_no_failure_and_proof_settles_after_it() {
    let till = Till::new().await;
    let cashing = till.cash();
    let payment = prompted(&till).await;
    assert_eq!(
        till.letters(&[payment.callback(&json!({"transactionstatus": "reversing"}))]).await,
        ["unknown"]
    );
    let unknown = [PROMPTED.as_slice(), &["PaymentOutcomeUnknown"]].concat();
    till.until_story(payment.id, &unknown).await;
    till.letters(&[payment.callback(&json!({}))]).await;
    till.until_story(payment.id, &[unknown.as_slice(), &["PaymentSettled"]].concat()).await;
    cashing.stop().await;
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failure_and_success_may_come_in_either_order_and_days_late() {
    let till = Till::new().await;
    let cashing = till.cash();
    let failure = json!({"transactionstatus": "failure"});
    let first = prompted(&till).await;
    let verdicts = till.letters(&[first.callback(&failure)]).await;
    assert_eq!(verdicts, ["decline"]);
    till.letters(&[first.callback(&json!({}))]).await;
    till.until_story(first.id, &[PROMPTED.as_slice(), &["PaymentWasDeclined", "PaymentSettled"]].concat())
        .await;
    let row = "SELECT customer_id FROM reactor.payment WHERE payment_id = $1";
    let customer = till.place.owner().query_one(row, &[&first.id]).await.unwrap().get(0);
    let second = till.ask(customer, "mpesa", 5_000).await;
    till.until_story(second.id, &PROMPTED).await;
    till.letters(&[second.callback(&json!({}))]).await;
    let verdicts = till.letters(&[second.callback(&failure)]).await;
    assert_eq!(verdicts[3], "decline payment_settled");
    till.until_story(second.id, &[PROMPTED.as_slice(), &["PaymentSettled"]].concat()).await;
    let third = till.ask(customer, "mpesa", 5_000).await;
    till.until_story(third.id, &PROMPTED).await;
    till.advance(hours(24) + TimeDelta::seconds(1));
    let expired = [PROMPTED.as_slice(), &["PaymentExpired"]].concat();
    till.until_story(third.id, &expired).await;
    till.advance(hours(72));
    assert_eq!(till.letters(&[third.callback(&json!({}))]).await[4], "settle");
    till.until_story(third.id, &[expired.as_slice(), &["PaymentSettled"]].concat()).await;
    cashing.stop().await;
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn proof_for_somebody_who_was_erased_is_held() {
    let till = Till::new().await;
    let cashing = till.cash();
    let customer = till.customer(PHONE).await;
    let sql = "SELECT phone IS NULL FROM reactor.payment";
    let data = json!({"customer_id": customer, "amount": 5_000, "purpose": "deposit", "provider": "mpesa",
        "phone": "0712345670"});
    till.command(crate::harness::ADMIN, "InitiatePayment", data).await;
    till.place.until_idle().await;
    assert!(!till.place.owner().query_one(sql, &[]).await.unwrap().get::<_, bool>(0));
    let row = "SELECT payment_id, external_id FROM reactor.payment";
    let row = till.place.owner().query_one(row, &[]).await.unwrap();
    let payment = Payment { id: row.get(0), external_id: row.get(1) };
    till.until_story(payment.id, &PROMPTED).await;
    till.advance(hours(25));
    till.until_story(payment.id, &[PROMPTED.as_slice(), &["PaymentExpired"]].concat()).await;
    till.command(crate::harness::ADMIN, "EraseCustomer", json!({"customer_id": customer})).await;
    till.place.until_idle().await;
    assert!(till.place.owner().query_one(sql, &[]).await.unwrap().get::<_, bool>(0));
    assert_eq!(
        till.letters(&[payment.callback(&json!({"msisdn": "255712345670"}))]).await,
        ["customer_closed"]
    );
    assert_eq!((till.count("PaymentSettled").await, till.count("ReceiptUnmatched").await), (0, 1));
    cashing.stop().await;
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_is_marked_and_stops_no_other_letter() {
    let till = Till::new().await;
    let cashing = till.cash();
    let payment = prompted(&till).await;
    let mut bodies: Vec<Value> =
        ["", "<html>", "[]", "{", "null", "{}", r#"{"amount":1,"Amount":2}"#].map(|text| json!(text)).into();
    bodies.remove(0);
    bodies.push(payment.callback(&json!({})));
    let verdicts = till.letters(&bodies).await;
    assert_eq!(verdicts[..6], ["failed: garbage"; 6]);
    assert_eq!(verdicts[6], "settle");
    // One that was altered in the database does not open.
    let alter = "UPDATE inbox.letter SET state = 'new', judged_at = NULL, verdict = NULL, body = body || '\\x00'::bytea";
    till.place.owner().execute(alter, &[]).await.unwrap();
    assert_eq!(till.verdicts().await, vec!["failed: sealed"; 7]);
    cashing.stop().await;
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_settle_nothing_and_one_payment_survives_them_all() {
    let till = Till::new().await;
    let cashing = till.cash();
    let payment = prompted(&till).await;
    let guessed = |_| {
        // As a forger would: everything right but the 130 bits, and no wallet, so that not even a receipt follows.
        payment.callback(&json!({"utilityref": guess(), "transid": guess(), "operator": null}))
    };
    let bodies: Vec<Value> = (0..300).map(guessed).collect();
    assert_eq!(till.letters(&bodies).await, vec!["nothing"; 300]);
    assert_eq!((till.count("PaymentSettled").await, till.count("ReceiptUnmatched").await), (0, 0));
    let verdicts = till.letters(&[payment.callback(&json!({}))]).await;
    assert_eq!(verdicts[300], "settle");
    cashing.stop().await;
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_whose_command_finds_nobody_waits_and_settles_once() {
    let mut till = Till::new().await;
    let cashing = till.cash();
    let payment = prompted(&till).await;
    cashing.stop().await;
    let address = till.serving.halt().await;
    till.put(&[payment.callback(&json!({}))]).await;
    let (one, two) = (till.cash(), till.cash());
    let sql = "SELECT state FROM inbox.letter";
    assert_eq!(till.place.owner().query_one(sql, &[]).await.unwrap().get::<_, String>(0), "new");
    till.serving = till.place.serve_at(&address.to_string()).await;
    till.advance(TimeDelta::minutes(2));
    assert_eq!(till.verdicts().await, ["settle"]);
    assert_eq!(till.count("PaymentSettled").await, 1);
    one.stop().await;
    two.stop().await;
    till.close().await;
}

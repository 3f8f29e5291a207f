//! Every way in which a callback may differ from what was asked.

use std::collections::HashMap;

use edge::{Clock, SystemClock};
use serde_json::{Value, json};

use super::*;
use crate::money::callback::{Callback, is_ours};

const OURS: &str = "0123456789abcdefghjkmnpqrs";

fn asked() -> Asked {
    Asked {
        payment_id: Uuid::from_u128(1),
        amount: Money::tzs(60_000),
        provider: Provider::Mpesa,
        payer: Phone::parse("0712345678"),
    }
}

fn body(changes: &Value) -> Collected {
    let mut body = json!({"transactionstatus": "success", "operator": "Mpesa", "reference": "tx", "utilityref": OURS,
        "amount": "60000", "transid": "tx", "msisdn": "255712345678"});
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    match Callback::read(body.to_string().as_bytes()) {
        Some(Callback::Collection(collected)) => collected,
        other => panic!("{other:?}"),
    }
}

fn judged(changes: &Value) -> Verdict {
    collection(&body(changes), Some(&asked()), Signature::None, false)
}

fn held(verdict: Verdict) -> Received {
    let Verdict::Unmatched(received) = verdict else { panic!("{verdict:?}") };
    received
}

#[test]
fn what_was_asked_settles_whatever_its_spelling() {
    let settle = Verdict::Settle { payment_id: asked().payment_id, reference: "tx".to_owned() };
    for changes in [
        json!({}),
        json!({"amount": 60000}),
        json!({"amount": "60000.00", "transactionstatus": "SUCCESS"}),
        json!({"msisdn": "0712345678"}),
        json!({"msisdn": "+255712345678", "operator": "M-PESA"}),
        json!({"transid": null}),
        json!({"utilityref": null, "additionalProperties": {"externalId": OURS}}),
    ] {
        assert_eq!(judged(&changes), settle, "{changes}");
    }
}

#[test]
fn another_amount_payer_or_wallet_settles_nothing_and_is_held_with_its_reason() {
    for (changes, why) in [
        (json!({"amount": "59999"}), Mismatch::Amount),
        (json!({"amount": "60001"}), Mismatch::Amount),
        (json!({"amount": "6000000"}), Mismatch::Amount),
        (json!({"msisdn": "255712345679"}), Mismatch::Payer),
        (json!({"msisdn": "254712345678"}), Mismatch::Payer),
        (json!({"msisdn": null}), Mismatch::Payer),
        (json!({"operator": "Airtel"}), Mismatch::Operator),
        (json!({"operator": "Bank"}), Mismatch::Operator),
        (json!({"operator": null}), Mismatch::Operator),
    ] {
        let received = held(judged(&changes));
        assert_eq!((received.why, received.payment_id), (why, Some(asked().payment_id)), "{changes}");
    }
    let nobody = Asked { payer: None, ..asked() };
    let verdict = collection(&body(&json!({})), Some(&nobody), Signature::None, false);
    assert_eq!(held(verdict).why, Mismatch::Closed);
}

#[test]
fn what_is_only_missing_is_asked_for_where_that_is_possible() {
    let unknown = Verdict::Unknown { payment_id: asked().payment_id, transaction_id: Some("tx".to_owned()) };
    for missing in ["msisdn", "operator"] {
        let verdict = collection(&body(&json!({missing: null})), Some(&asked()), Signature::None, true);
        assert_eq!(verdict, unknown, "{missing}");
    }
    // Something else is held all the same.
    let verdict = collection(&body(&json!({"amount": "1"})), Some(&asked()), Signature::None, true);
    assert_eq!(held(verdict).why, Mismatch::Amount);
}

#[test]
fn a_success_without_amount_or_reference_is_unknown_and_no_receipt() {
    for changes in [
        json!({"amount": null}),
        json!({"amount": "60000.50"}),
        json!({"amount": "sixty"}),
        json!({"transid": null, "reference": null}),
    ] {
        assert!(matches!(judged(&changes), Verdict::Unknown { .. }), "{changes}");
    }
}

#[test]
fn a_wrong_signature_settles_nothing_and_declines_nothing() {
    let verdict = |changes: &Value| collection(&body(changes), Some(&asked()), Signature::Wrong, false);
    assert_eq!(held(verdict(&json!({}))).why, Mismatch::Signature);
    for word in ["failure", "odd"] {
        assert!(matches!(verdict(&json!({"transactionstatus": word})), Verdict::Nothing { .. }));
    }
    let holds = collection(&body(&json!({})), Some(&asked()), Signature::Holds, false);
    assert!(matches!(holds, Verdict::Settle { .. }));
}

#[test]
fn a_failure_declines_what_was_asked_and_nothing_else() {
    let failed = |changes: Value| {
        let mut all = json!({"transactionstatus": "failure"});
        all.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        judged(&all)
    };
    let decline = Verdict::Decline { payment_id: asked().payment_id, reference: Some("tx".to_owned()) };
    assert_eq!(failed(json!({})), decline);
    assert_eq!(failed(json!({"amount": null, "msisdn": null, "operator": null})), decline);
    for changes in [json!({"amount": "1"}), json!({"msisdn": "0712345679"}), json!({"operator": "Airtel"})] {
        assert!(matches!(failed(changes.clone()), Verdict::Nothing { .. }), "{changes}");
    }
}

#[test]
fn an_unknown_word_is_no_failure() {
    for word in ["reversed", "pending", "SUCCES", "null", ""] {
        let verdict = judged(&json!({"transactionstatus": word}));
        assert!(matches!(verdict, Verdict::Unknown { .. }), "{word}");
    }
}

#[test]
fn money_for_nothing_that_we_know_is_held_only_if_it_can_be_found_again() {
    let stray = |changes: &Value| collection(&body(changes), None, Signature::None, false);
    let received = held(stray(&json!({})));
    assert_eq!((received.why, received.payment_id), (Mismatch::UnknownReference, None));
    assert_eq!(received.amount, Money::tzs(60_000));
    for changes in [
        json!({"amount": null}),
        json!({"amount": "0"}),
        json!({"operator": "Bank"}),
        json!({"transid": null, "reference": null}),
        json!({"transactionstatus": "failure"}),
        json!({"transactionstatus": "odd"}),
    ] {
        assert!(matches!(stray(&changes), Verdict::Nothing { .. }), "{changes}");
    }
}

/// The attack that settled orders of other systems: whoever guesses a reference is believed.
#[test]
fn i10_a_million_guesses_settle_nothing() {
    const LETTERS: &[u8] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let guess = || {
        let mut random = [0; 26];
        SystemClock.random(&mut random);
        let letter = |byte: &u8| char::from(LETTERS[usize::from(byte % 32)]);
        random.iter().map(letter).collect::<String>()
    };
    let book: HashMap<String, Asked> = (0..1_000).map(|_| (guess(), asked())).collect();
    let mut said = body(&json!({}));
    for _ in 0..1_000_000 {
        let reference = guess();
        assert!(is_ours(&reference));
        let known = book.get(&reference);
        said.references = vec![reference];
        let verdict = collection(&said, known, Signature::None, false);
        assert!(matches!(verdict, Verdict::Unmatched(_)), "{verdict:?}");
    }
}

#[test]
fn a_pay_out_is_paid_or_failed_only_in_known_words_and_the_exact_amount() {
    let sent = Sent { refund_id: Uuid::from_u128(2), amount: Money::tzs(5_000) };
    let said = |word, amount| PaidOut {
        references: vec![OURS.to_owned()],
        pg_reference: Some("pg".to_owned()),
        word,
        amount,
    };
    let judged = |word, amount| pay_out(&said(word, amount), Some(&sent));
    let refund_id = sent.refund_id;
    let paid = Returned::Paid { refund_id, reference: Some("pg".to_owned()) };
    assert_eq!(judged(Word::Success, Some(5_000)), paid);
    assert_eq!(judged(Word::Failure, Some(5_000)), Returned::Failed { refund_id });
    assert_eq!(judged(Word::Failure, None), Returned::Failed { refund_id });
    for (word, amount) in [
        (Word::Success, Some(4_999)),
        (Word::Success, None),
        (Word::Failure, Some(4_999)),
        (Word::Other, Some(5_000)),
    ] {
        assert_eq!(judged(word, amount), Returned::Unknown { refund_id }, "{word:?} {amount:?}");
    }
    let nothing = pay_out(&said(Word::Success, Some(5_000)), None);
    assert!(matches!(nothing, Returned::Nothing { .. }));
}

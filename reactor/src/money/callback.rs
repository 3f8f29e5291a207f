//! What AzamPay calls us with, read from its raw body. Pure.
//!
//! Two shapes come to the same path and are told apart by their fields: of a collection, and of a pay-out. Every field may
//! be absent or null. Nothing of it is believed here; that is [`super::judge`]'s.

use domain::event::Provider;
use domain::phone::Phone;

use crate::azampay::{Fields, operator};

/// How many characters our references have.
pub(crate) const REFERENCE_LENGTH: usize = 26;

/// What a callback says of the outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// The money moved.
    Success,
    /// It did not.
    Failure,
    /// A word that nobody knows, or none: no failure.
    Other,
}

impl Word {
    fn of(word: Option<String>) -> Self {
        match word.map(|word| word.to_ascii_lowercase()).as_deref() {
            Some("success") => Self::Success,
            Some("failure" | "failed") => Self::Failure,
            Some(_) | None => Self::Other,
        }
    }
}

/// A callback of a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Collected {
    /// What may be our reference, in the order in which it counts.
    pub(crate) references: Vec<String>,
    /// The outcome.
    pub(crate) word: Word,
    /// Whole shillings.
    pub(crate) amount: Option<i64>,
    /// Who paid: nobody where none is named, and an error where the number is no mobile number.
    pub(crate) payer: Option<Result<Phone, NoPhone>>,
    /// The wallet, likewise.
    pub(crate) operator: Option<Result<Provider, NoWallet>>,
    /// AzamPay's id of the transaction.
    pub(crate) transaction_id: Option<String>,
    /// What was signed, and the signature.
    pub(crate) signature: Option<(String, String)>,
}

/// A payer that is named and is no mobile number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoPhone;

/// An operator that is named and is none of the wallets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoWallet;

/// A callback of a pay-out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PaidOut {
    /// What may be our reference.
    pub(crate) references: Vec<String>,
    /// AzamPay's id of it.
    pub(crate) pg_reference: Option<String>,
    /// The outcome.
    pub(crate) word: Word,
    /// Whole shillings.
    pub(crate) amount: Option<i64>,
}

/// A callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Callback {
    /// Of money that was asked for.
    Collection(Collected),
    /// Of money that was paid out.
    PayOut(PaidOut),
}

impl Callback {
    /// Reads a body; nothing where it is neither shape.
    #[must_use]
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let said = Fields::read(body)?;
        let has = |names: &[&str]| names.iter().any(|name| said.has(name));
        if has(&["transactionstatus", "utilityref", "transid"]) {
            return Some(Self::Collection(collected(&said)));
        }
        let pay_out = has(&["status"]) && has(&["pgReferenceId", "initiatorReferenceId", "fspReferenceId"]);
        pay_out.then(|| Self::PayOut(paid_out(&said)))
    }
}

/// Whether a text has the form of our references: nothing else is looked up.
#[must_use]
pub(crate) fn is_ours(text: &str) -> bool {
    let letter = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'h' | b'j' | b'k' | b'm' | b'n' | b'p'..=b't' | b'v'..=b'z');
    text.len() == REFERENCE_LENGTH && text.bytes().all(letter)
}

fn references(said: &Fields, first: &str, last: Option<&str>) -> Vec<String> {
    let inner = said.inner("additionalProperties");
    let inner = inner.iter().flat_map(Fields::texts);
    let named = said.text(first).into_iter().chain(inner).chain(last.and_then(|name| said.text(name)));
    let mut found: Vec<String> =
        named.map(|text| text.to_ascii_lowercase()).filter(|text| is_ours(text)).collect();
    found.dedup();
    found
}

fn transaction_id(said: &Fields, names: [&str; 2]) -> Option<String> {
    let ids = names.iter().filter_map(|name| said.text(name));
    ids.into_iter().find(|id| domain::values::ProviderReference::parse(id).is_some())
}

fn collected(said: &Fields) -> Collected {
    let signed = || {
        let parts = ["utilityref", "externalreference", "transactionstatus", "operator"];
        parts.iter().filter_map(|name| said.text(name)).collect::<String>()
    };
    Collected {
        references: references(said, "utilityref", Some("transid")),
        word: Word::of(said.text("transactionstatus")),
        amount: said.shillings("amount"),
        payer: said.text("msisdn").map(|text| Phone::parse(&text).ok_or(NoPhone)),
        operator: said.text("operator").map(|word| operator(&word).ok_or(NoWallet)),
        transaction_id: transaction_id(said, ["transid", "reference"]),
        signature: said.text("signature").map(|signature| (signed(), signature)),
    }
}

fn paid_out(said: &Fields) -> PaidOut {
    PaidOut {
        references: references(said, "initiatorReferenceId", None),
        pg_reference: transaction_id(said, ["pgReferenceId", "fspReferenceId"]),
        word: Word::of(said.text("status")),
        amount: said.shillings("amount"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const OURS: &str = "0123456789abcdefghjkmnpqrs";

    fn seen() -> Value {
        json!({"message": "success", "user": null, "password": null, "clientId": null, "transactionstatus": "success",
            "operator": "Mpesa", "reference": "tx", "externalreference": "tx", "utilityref": OURS, "amount": "60000",
            "transid": "tx", "msisdn": "255712345678", "mnoreference": "m", "submerchantAcc": null,
            "additionalProperties": {}})
    }

    fn collection(body: &Value) -> Collected {
        match Callback::read(body.to_string().as_bytes()) {
            Some(Callback::Collection(collected)) => collected,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_shape_that_was_seen_is_read_whole() {
        let read = collection(&seen());
        let expected = Collected {
            references: vec![OURS.to_owned()],
            word: Word::Success,
            amount: Some(60_000),
            payer: Some(Ok(Phone::parse("0712345678").unwrap())),
            operator: Some(Ok(Provider::Mpesa)),
            transaction_id: Some("tx".to_owned()),
            signature: None,
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn every_field_may_be_null_or_absent() {
        let names: Vec<String> = seen().as_object().unwrap().keys().cloned().collect();
        for name in &names {
            let mut body = seen();
            body[name] = Value::Null;
            let with_null = collection(&body);
            body.as_object_mut().unwrap().remove(name);
            assert_eq!(collection(&body), with_null, "{name}");
        }
        let bare = collection(&json!({"transid": null}));
        assert_eq!(
            (bare.word, bare.amount, bare.payer, bare.transaction_id),
            (Word::Other, None, None, None)
        );
    }

    #[test]
    fn our_reference_is_looked_for_in_three_places() {
        let mut body = seen();
        body["utilityref"] = json!("somebody else's");
        body["additionalProperties"] = json!({"n": 1, "external": OURS.to_ascii_uppercase()});
        assert_eq!(collection(&body).references, [OURS]);
        body["additionalProperties"] = Value::Null;
        body["transid"] = json!(OURS);
        assert_eq!(collection(&body).references, [OURS]);
        body["transid"] = json!("tx");
        assert!(collection(&body).references.is_empty());
        for no in ["0123456789abcdefghjkmnpqr", "0123456789abcdefghjkmnpqri", "0123456789abcdefghjkmnpqr'"] {
            assert!(!is_ours(no), "{no}");
        }
    }

    #[test]
    fn words_for_the_outcome_are_known_or_other() {
        for (word, meaning) in [
            ("SUCCESS", Word::Success),
            ("Failure", Word::Failure),
            ("failed", Word::Failure),
            ("succes", Word::Other),
            ("reversed", Word::Other),
            ("", Word::Other),
        ] {
            let mut body = seen();
            body["transactionstatus"] = json!(word);
            assert_eq!(collection(&body).word, meaning, "{word}");
        }
    }

    #[test]
    fn what_was_signed_is_four_fields_beside_each_other() {
        let mut body = seen();
        body["signature"] = json!("c2ln");
        assert_eq!(collection(&body).signature, Some((format!("{OURS}txsuccessMpesa"), "c2ln".to_owned())));
    }

    #[test]
    fn a_pay_out_is_told_from_a_collection_by_its_shape() {
        let body = json!({"initiatorReferenceId": OURS, "fspReferenceId": "f", "pgReferenceId": "pg", "amount": 5000.0,
            "status": "success", "message": "x", "operator": "Airtel", "additionalProperties": {}});
        let read = Callback::read(body.to_string().as_bytes());
        let expected = PaidOut {
            references: vec![OURS.to_owned()],
            pg_reference: Some("pg".to_owned()),
            word: Word::Success,
            amount: Some(5_000),
        };
        assert_eq!(read, Some(Callback::PayOut(expected)));
    }

    #[test]
    fn garbage_is_neither() {
        for garbage in
            ["", "{}", "[]", "<html>", "null", r#"{"status":"success"}"#, r#"{"amount":1,"Amount":2}"#]
        {
            assert_eq!(Callback::read(garbage.as_bytes()), None, "{garbage}");
        }
    }
}

//! `POST /azampay/mno/checkout`: somebody is asked for money.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Value, json};

use super::authenticator::{authorized, not_authorized};
use super::azampay::Asked;
use super::fault;
use super::wallet::{Wallet, msisdn, whole};
use super::wire::{BadFields, CheckoutAnswer, Checks, Errors, unreadable};
use crate::api::World;
use crate::connection;
use crate::settings::{Fault, PaymentOutcome};

/// No prompt asks for more.
const LARGEST: u64 = 5_000_000;
const REFERENCE_LENGTH: usize = 128;
const ADDITIONAL_BYTES: usize = 4_096;

/// The body; what else it holds is ignored, as the provider does.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    #[serde(default)]
    account_number: Value,
    #[serde(default)]
    amount: Value,
    #[serde(default)]
    currency: Value,
    #[serde(default)]
    external_id: Value,
    #[serde(default)]
    provider: Value,
    #[serde(default)]
    additional_properties: Value,
}

/// Why nobody is asked.
#[derive(Debug, PartialEq)]
enum Refusal {
    Fields(Errors),
    Vendor,
}

/// Takes a checkout.
pub(super) async fn checkout(world: Data<World>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let azampay = &world.azampay;
    if !authorized(azampay, &request) {
        return not_authorized();
    }
    let asked = match read(&body) {
        Ok(asked) => asked,
        Err(Refusal::Vendor) => return HttpResponse::Ok().json(CheckoutAnswer::refused()),
        Err(Refusal::Fields(errors)) => {
            return HttpResponse::BadRequest().json(BadFields::new(errors, azampay.clock.id()));
        }
    };
    let settings = azampay.settings();
    let fault = settings.checkout;
    let takes = matches!(fault, Fault::Normal | Fault::LostAnswer | Fault::Never) || settings.despite_fault;
    let taken = takes.then(|| azampay.take(asked));
    if let Some(answer) = fault::instead(fault, &world, &request).await {
        return answer;
    }
    match taken.filter(|_| fault == Fault::Normal) {
        Some(_) if settings.default_outcome == PaymentOutcome::LostAnswer => connection::cut(&request),
        Some(id) => HttpResponse::Ok().json(CheckoutAnswer::taken(&id)),
        None => HttpResponse::Ok().json(CheckoutAnswer::refused()),
    }
}

fn read(body: &[u8]) -> Result<Asked, Refusal> {
    let body: Body = serde_json::from_slice(body).map_err(|error| Refusal::Fields(unreadable(&error)))?;
    let payer = body.account_number.as_str().and_then(msisdn);
    let amount = whole(&body.amount).filter(|amount| *amount <= LARGEST);
    let currency = (body.currency == json!("TZS")).then_some(());
    let reference = body.external_id.as_str().filter(|id| (1..=REFERENCE_LENGTH).contains(&id.len()));
    let mut checks = Checks::default();
    let payer = checks.field("accountNumber", payer, "The field accountNumber is invalid.");
    let amount = checks.field("amount", amount, "The field amount must be between 0 and 5000000.");
    let currency = checks.field("currency", currency, "The currency is not supported.");
    let reference =
        checks.field("externalId", reference, "The field externalId must have 1 to 128 characters.");
    let provider = checks.field("provider", body.provider.as_str(), "The provider field is required.");
    let additional = checks.field(
        "additionalProperties",
        additional(body.additional_properties),
        "The field additionalProperties is invalid.",
    );
    let (Some(msisdn), Some(amount), Some(()), Some(external_id), Some(provider), Some(additional)) =
        (payer, amount, currency, reference, provider, additional)
    else {
        return Err(Refusal::Fields(checks.errors()));
    };
    let provider = Wallet::of_checkout(provider).ok_or(Refusal::Vendor)?;
    Ok(Asked { msisdn, amount, external_id: external_id.to_owned(), provider, additional })
}

/// What was given, nothing where it is too much; none is an empty object.
pub(super) fn additional(given: Value) -> Option<Value> {
    if given.is_null() {
        return Some(json!({}));
    }
    (given.is_object() && given.to_string().len() <= ADDITIONAL_BYTES).then_some(given)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body() -> Value {
        json!({"accountNumber": "255754000001", "amount": 1000, "currency": "TZS", "externalId": "abc",
            "provider": "Mpesa", "additionalProperties": {}, "callbackUrl": "ignored"})
    }

    #[test]
    fn both_ways_to_write_an_amount_are_taken() {
        for amount in [json!(1000), json!("1000")] {
            let mut body = body();
            body["amount"] = amount;
            let asked = read(body.to_string().as_bytes()).unwrap();
            assert_eq!((asked.amount, asked.provider), (1_000, Wallet::Mpesa));
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (name, value) in [
            ("amount", json!(5_000_001)),
            ("amount", json!(-5)),
            ("accountNumber", json!("+255754000001")),
            ("currency", json!("USD")),
            ("externalId", json!("x".repeat(129))),
            ("additionalProperties", json!({"x": "x".repeat(4_096)})),
            ("provider", json!(null)),
        ] {
            let mut body = body();
            body[name] = value;
            let Err(Refusal::Fields(errors)) = read(body.to_string().as_bytes()) else { panic!("{name}") };
            assert_eq!(errors.keys().copied().collect::<Vec<_>>(), [name]);
        }
        assert!(matches!(read(b"<html>"), Err(Refusal::Fields(errors)) if errors.contains_key("$")));
    }

    #[test]
    fn an_unknown_wallet_is_no_vendor() {
        let mut body = body();
        body["provider"] = json!("Vodacom");
        assert_eq!(read(body.to_string().as_bytes()), Err(Refusal::Vendor));
    }
}

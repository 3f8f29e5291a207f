//! `POST /api/v1/azampay/disburse`: somebody is paid. A checksum is taken and not looked at.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::authenticator::authorized;
use super::azampay::AzamPay;
use super::book::{Disbursement, Told};
use super::checkout::additional;
use super::fault;
use super::wallet::{Wallet, msisdn, whole};
use super::wire::{BadFields, DisbursementRefused, DisbursementTaken, Errors};
use crate::api::World;
use crate::connection;
use crate::settings::DisbursementOutcome;

const REFERENCE_LENGTH: usize = 30;
/// A request is not older.
const FRESH: TimeDelta = TimeDelta::minutes(15);

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Body {
    source: Party,
    destination: Party,
    transfer_details: Transfer,
    external_reference_id: Value,
    additional_properties: Value,
    remarks: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Party {
    full_name: Option<String>,
    bank_name: Option<String>,
    account_number: Option<String>,
    currency: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Transfer {
    amount: Value,
    date_in_epoch: Option<i64>,
}

/// Takes a disbursement.
pub(super) async fn disburse(world: Data<World>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let azampay = &world.azampay;
    if let Err(refused) = authorized(azampay, &request) {
        return refused;
    }
    let outcome = azampay.settings().disbursement_outcome;
    let paid = match read(azampay, &body, outcome) {
        Ok(paid) => paid,
        Err(refused) => return refused,
    };
    if outcome == DisbursementOutcome::Error500 {
        return fault::error_500();
    }
    let taken = azampay.pay(paid);
    match taken {
        Some(_) if outcome == DisbursementOutcome::LostAnswer => connection::cut(&request),
        Some(id) if outcome != DisbursementOutcome::Duplicate => HttpResponse::Ok().json(DisbursementTaken {
            pg_reference_id: &id,
            message: "Your transaction is in process",
            success: true,
            status_code: 200,
        }),
        Some(_) | None => refused(HttpResponse::Forbidden(), "Duplicate External Reference Id", 403),
    }
}

fn read(azampay: &AzamPay, body: &[u8], outcome: DisbursementOutcome) -> Result<Disbursement, HttpResponse> {
    let bad = |errors| HttpResponse::BadRequest().json(BadFields::new(errors, azampay.clock.id()));
    let body: Body = serde_json::from_slice(body).map_err(|error| {
        bad(Errors::from([("$", vec![format!("The JSON value could not be converted: {error}")])]))
    })?;
    let mut errors = Errors::new();
    let mut wrong = |name| errors.insert(name, vec![format!("The field {name} is invalid.")]);
    let reference = body.external_reference_id.as_str().map(str::to_owned);
    let reference = reference.filter(|id| (1..=REFERENCE_LENGTH).contains(&id.len()));
    if reference.is_none() {
        wrong("externalReferenceId");
    }
    let amount = whole(&body.transfer_details.amount).filter(|amount| *amount > 0);
    if amount.is_none() {
        wrong("transferDetails.amount");
    }
    let phone = body.destination.account_number.as_deref().and_then(msisdn);
    if phone.is_none() {
        wrong("destination.accountNumber");
    }
    let payer = [&body.source.account_number, &body.source.bank_name, &body.source.full_name];
    if payer.iter().any(|given| given.as_deref().is_none_or(str::is_empty)) {
        wrong("source");
    }
    if [&body.source, &body.destination].iter().any(|party| party.currency.as_deref() != Some("TZS")) {
        wrong("currency");
    }
    let additional = additional(body.additional_properties);
    if additional.is_none() {
        wrong("additionalProperties");
    }
    let (Some(external_id), Some(amount), Some(msisdn), Some(additional), true) =
        (reference, amount, phone, additional, errors.is_empty())
    else {
        return Err(bad(errors));
    };
    let bank = body.destination.bank_name.unwrap_or_default();
    let provider = Wallet::of_bank(&bank)
        .ok_or_else(|| refused(HttpResponse::BadRequest(), "Invalid BankName.", 400))?;
    let stale = body.transfer_details.date_in_epoch.is_some_and(|made| !fresh(made, azampay.now()));
    if stale || outcome == DisbursementOutcome::Expired {
        return Err(refused(HttpResponse::PaymentRequired(), "Request expired", 402));
    }
    Ok(Disbursement {
        transaction_id: azampay.new_id(),
        external_id,
        amount,
        provider,
        bank,
        msisdn,
        name: body.destination.full_name,
        remarks: body.remarks,
        fsp_reference: azampay.new_id(),
        additional,
        at: azampay.now(),
        outcome,
        told: Told::default(),
    })
}

fn fresh(made: i64, now: DateTime<Utc>) -> bool {
    DateTime::from_timestamp(made, 0).is_some_and(|made| now.signed_duration_since(made).abs() <= FRESH)
}

fn refused(mut response: HttpResponseBuilder, message: &'static str, status_code: u16) -> HttpResponse {
    response.json(DisbursementRefused { message, success: false, status_code })
}

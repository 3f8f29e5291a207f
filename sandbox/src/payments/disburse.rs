//! `POST /api/v1/azampay/disburse`: somebody is paid. A checksum is taken and not looked at.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::authenticator::{authorized, not_authorized};
use super::azampay::AzamPay;
use super::book::{Disbursement, Told};
use super::checkout::additional;
use super::fault;
use super::wallet::{Wallet, msisdn, whole};
use super::wire::{BadFields, Checks, DisbursementRefused, DisbursementTaken, Errors, unreadable};
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

impl Party {
    /// Whether it says who it is.
    fn is_whole(&self) -> bool {
        let said = [&self.account_number, &self.bank_name, &self.full_name];
        said.iter().all(|given| given.as_deref().is_some_and(|given| !given.is_empty()))
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Transfer {
    amount: Value,
    date_in_epoch: Option<i64>,
}

/// What is to be paid, to whom.
struct Order {
    external_id: String,
    amount: u64,
    provider: Wallet,
    bank: String,
    msisdn: String,
    name: Option<String>,
    remarks: Option<String>,
    additional: Value,
}

/// Why nobody is paid.
enum Refusal {
    Fields(Errors),
    Bank,
    Expired,
}

/// Takes a disbursement.
pub(super) async fn disburse(world: Data<World>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let azampay = &world.azampay;
    if !authorized(azampay, &request) {
        return not_authorized();
    }
    let outcome = azampay.settings().disbursement_outcome;
    let order = match read(&body, azampay.now()) {
        Ok(_) if outcome == DisbursementOutcome::Expired => return expired(),
        Ok(order) => order,
        Err(Refusal::Fields(errors)) => {
            return HttpResponse::BadRequest().json(BadFields::new(errors, azampay.clock.id()));
        }
        Err(Refusal::Bank) => return refused(HttpResponse::BadRequest(), "Invalid BankName.", 400),
        Err(Refusal::Expired) => return expired(),
    };
    if outcome == DisbursementOutcome::Error500 {
        return fault::error_500();
    }
    answer(azampay.pay(paid(azampay, order, outcome)), outcome, &request)
}

fn answer(taken: Option<String>, outcome: DisbursementOutcome, request: &HttpRequest) -> HttpResponse {
    match taken {
        Some(_) if outcome == DisbursementOutcome::LostAnswer => connection::cut(request),
        Some(id) if outcome != DisbursementOutcome::Duplicate => HttpResponse::Ok().json(DisbursementTaken {
            pg_reference_id: &id,
            message: "Your transaction is in process",
            success: true,
            status_code: 200,
        }),
        Some(_) | None => refused(HttpResponse::Forbidden(), "Duplicate External Reference Id", 403),
    }
}

fn read(body: &[u8], now: DateTime<Utc>) -> Result<Order, Refusal> {
    let body: Body = serde_json::from_slice(body).map_err(|error| Refusal::Fields(unreadable(&error)))?;
    let Body { source, destination, transfer_details, external_reference_id, additional_properties, remarks } =
        body;
    let reference = external_reference_id.as_str().filter(|id| (1..=REFERENCE_LENGTH).contains(&id.len()));
    let amount = whole(&transfer_details.amount).filter(|amount| *amount > 0);
    let phone = destination.account_number.as_deref().and_then(msisdn);
    let shillings = [&source, &destination].iter().all(|party| party.currency.as_deref() == Some("TZS"));
    let mut checks = Checks::default();
    let wrong = "The field is invalid.";
    let reference = checks.field("externalReferenceId", reference, wrong);
    let amount = checks.field("transferDetails.amount", amount, wrong);
    let phone = checks.field("destination.accountNumber", phone, wrong);
    let source = checks.field("source", source.is_whole().then_some(()), wrong);
    let currency = checks.field("currency", shillings.then_some(()), wrong);
    let additional = checks.field("additionalProperties", additional(additional_properties), wrong);
    let (Some(external_id), Some(amount), Some(msisdn), Some(()), Some(()), Some(additional)) =
        (reference, amount, phone, source, currency, additional)
    else {
        return Err(Refusal::Fields(checks.errors()));
    };
    let bank = destination.bank_name.unwrap_or_default();
    let provider = Wallet::of_bank(&bank).ok_or(Refusal::Bank)?;
    if transfer_details.date_in_epoch.is_some_and(|made| !fresh(made, now)) {
        return Err(Refusal::Expired);
    }
    let (external_id, name) = (external_id.to_owned(), destination.full_name);
    Ok(Order { external_id, amount, provider, bank, msisdn, name, remarks, additional })
}

fn paid(azampay: &AzamPay, order: Order, outcome: DisbursementOutcome) -> Disbursement {
    let Order { external_id, amount, provider, bank, msisdn, name, remarks, additional } = order;
    Disbursement {
        transaction_id: azampay.new_id(),
        external_id,
        amount,
        provider,
        bank,
        msisdn,
        name,
        remarks,
        fsp_reference: azampay.new_id(),
        additional,
        at: azampay.now(),
        outcome,
        told: Told::default(),
    }
}

fn expired() -> HttpResponse {
    refused(HttpResponse::PaymentRequired(), "Request expired", 402)
}

fn fresh(made: i64, now: DateTime<Utc>) -> bool {
    DateTime::from_timestamp(made, 0).is_some_and(|made| now.signed_duration_since(made).abs() <= FRESH)
}

fn refused(mut response: HttpResponseBuilder, message: &'static str, status_code: u16) -> HttpResponse {
    response.json(DisbursementRefused { message, success: false, status_code })
}

//! What became of a transaction, asked for at either of the provider's two paths, and its public key.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use edge::http::query;
use serde::Deserialize;

use super::authenticator::{authorized, not_authorized};
use super::book::{Reference, Status};
use super::fault;
use super::signature;
use super::wallet::Wallet;
use super::wire::{InquiryAnswer, PublicKey};
use crate::api::World;
use crate::settings::Fault;

/// Either path's question; what else it holds is ignored.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Asked {
    transaction_id: Option<String>,
    provider: Option<String>,
    pg_reference_id: Option<String>,
    bank_name: Option<String>,
    external_id: Option<String>,
}

/// `GET /api/v1/partner/gettransactionstatus?transactionId=&provider=` and
/// `GET /api/v1/azampay/transactionstatus?pgReferenceId=&bankName=`, or `externalId=`, as published clients have it.
pub(super) async fn status(world: Data<World>, request: HttpRequest) -> HttpResponse {
    let azampay = &world.azampay;
    if !authorized(azampay, &request) {
        return not_authorized();
    }
    let fault = azampay.settings().inquiry;
    if let Some(answer) = fault::instead(fault, &world, &request).await {
        return answer;
    }
    let asked: Asked = query(&request).unwrap_or_default();
    let theirs = asked.transaction_id.or(asked.pg_reference_id);
    let ours = asked.external_id.unwrap_or_default();
    let reference = theirs.as_deref().map_or(Reference::Ours(&ours), Reference::Theirs);
    let wallet = asked.provider.or(asked.bank_name).filter(|name| !name.is_empty());
    let wallet = wallet.map(|name| Wallet::of_checkout(&name));
    let found = match wallet {
        Some(None) => None,
        Some(Some(wallet)) => azampay.book().status(&reference, Some(wallet)),
        None => azampay.book().status(&reference, None),
    };
    HttpResponse::Ok().json(answer(found.filter(|_| fault != Fault::Refused)))
}

fn answer(found: Option<Status>) -> InquiryAnswer {
    match found {
        Some(status) => {
            InquiryAnswer { data: Some(status.word()), message: "Success", success: true, status_code: 200 }
        }
        None => {
            InquiryAnswer { data: None, message: "Transaction not found", success: false, status_code: 404 }
        }
    }
}

#[derive(Deserialize, Default)]
struct Wanted {
    format: Option<String>,
}

/// `GET /azampay/v1/public-key?format=Pem`.
pub(super) async fn public_key(request: HttpRequest) -> HttpResponse {
    let Wanted { format } = query(&request).unwrap_or_default();
    if format.is_some_and(|format| !format.eq_ignore_ascii_case("pem")) {
        return HttpResponse::BadRequest().finish();
    }
    HttpResponse::Ok().json(PublicKey { success: true, format: "Pem", public_key: signature::PUBLIC })
}

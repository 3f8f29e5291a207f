//! What a person or a test does with the provider, over HTTP, and which path is whose.

use std::collections::BTreeMap;

use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use edge::Problem;
use edge::http::{json_body, query};
use serde::Deserialize;
use serde_json::{Value, json};

use super::azampay::NotAnswered;
use super::book::{Entry, Kind};
use super::wallet::{Wallet, msisdn_of_person};
use super::{authenticator, bill_pay, checkout, disburse, inquiry, statement};
use crate::api::World;
use crate::settings::PaymentOutcome;

/// Mounts the provider's paths and those of the sandbox beside them.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/AppRegistration/GenerateToken").post(authenticator::token))
        .service(web::resource("/azampay/mno/checkout").post(checkout::checkout))
        .service(web::resource("/azampay/v1/public-key").get(inquiry::public_key))
        .service(web::resource("/api/v1/partner/gettransactionstatus").get(inquiry::status))
        .service(web::resource("/api/v1/azampay/transactionstatus").get(inquiry::status))
        .service(web::resource("/api/v1/azampay/disburse").post(disburse::disburse))
        .service(web::resource("/payments/prompts").get(prompts))
        .service(web::resource("/payments/prompts/{transaction_id}").get(prompt).post(answer))
        .service(web::resource("/payments/disbursements").get(disbursements))
        .service(web::resource("/payments/statement").get(statement))
        .service(web::resource("/payments/entries").post(enter))
        .service(web::resource("/payments/tokens").delete(revoke))
        .service(web::resource("/bill-pay").post(bill_pay::pay));
}

/// Whether a path is one the provider would answer for: unknown ones get its empty 404.
pub(crate) fn is_the_providers(path: &str) -> bool {
    ["/AppRegistration/", "/azampay/", "/api/v1/"].iter().any(|prefix| path.starts_with(prefix))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    msisdn: Option<String>,
    /// Only so many, the newest.
    last: Option<usize>,
}

/// Which are wanted, and how many.
fn wanted(request: &HttpRequest) -> Result<(Option<String>, usize), Problem> {
    let Wanted { msisdn, last } = query(request)?;
    let msisdn = match msisdn {
        Some(written) => Some(
            msisdn_of_person(&written)
                .ok_or_else(|| Problem::malformed("`msisdn` is no Tanzanian number"))?,
        ),
        None => None,
    };
    Ok((msisdn, last.unwrap_or(usize::MAX)))
}

/// The newest `last`, oldest first.
fn listed(newest_first: impl Iterator<Item = Value>, last: usize) -> HttpResponse {
    let mut items: Vec<Value> = newest_first.take(last).collect();
    items.reverse();
    HttpResponse::Ok().json(json!({"items": items}))
}

async fn prompts(world: Data<World>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let (msisdn, last) = wanted(&request)?;
    let book = world.azampay.book();
    let fits =
        book.prompts.iter().rev().filter(|it| msisdn.as_ref().is_none_or(|msisdn| it.msisdn == *msisdn));
    Ok(listed(fits.map(super::book::Prompt::shown), last))
}

async fn disbursements(world: Data<World>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let (msisdn, last) = wanted(&request)?;
    let book = world.azampay.book();
    let fits = book
        .disbursements
        .iter()
        .rev()
        .filter(|it| msisdn.as_ref().is_none_or(|msisdn| it.msisdn == *msisdn));
    Ok(listed(fits.map(super::book::Disbursement::shown), last))
}

fn id_of(request: &HttpRequest) -> &str {
    request.match_info().get("transaction_id").unwrap_or_default()
}

fn unknown_prompt() -> Problem {
    Problem::not_found("there is no such prompt")
}

async fn prompt(world: Data<World>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let book = world.azampay.book();
    let prompt = book.prompts.get(id_of(&request)).ok_or_else(unknown_prompt)?;
    Ok(HttpResponse::Ok().json(prompt.shown()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    outcome: PaymentOutcome,
}

/// Answers a prompt as somebody with the phone would, or worse. One that `never` was answered can still be.
async fn answer(world: Data<World>, request: HttpRequest, body: Bytes) -> Result<HttpResponse, Problem> {
    let Answer { outcome } = json_body(&body)?;
    if outcome == PaymentOutcome::Ask {
        return Err(Problem::malformed("`ask` is no answer"));
    }
    let answered = world.azampay.answer(id_of(&request), outcome);
    let prompt = answered.map_err(|why| match why {
        NotAnswered::Unknown => unknown_prompt(),
        NotAnswered::Already => Problem::conflict("prompt_answered", "this prompt is answered already"),
    })?;
    Ok(HttpResponse::Ok().json(prompt.shown()))
}

/// The statement from `from` on and before `to`. Every other name of the query is a column that is to be called so.
async fn statement(world: Data<World>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let mut asked: BTreeMap<String, String> = query(&request)?;
    let mut moment = |name: &str| -> Result<Option<DateTime<Utc>>, Problem> {
        let Some(written) = asked.remove(name) else { return Ok(None) };
        // A `+` of an offset that was not escaped has become a space.
        let read = DateTime::parse_from_rfc3339(&written.replace(' ', "+"));
        let read = read.map_err(|_| Problem::malformed(format!("`{name}` is no RFC 3339 time")))?;
        Ok(Some(read.to_utc()))
    };
    let span = (moment("from")?, moment("to")?);
    if let Some(unknown) = asked.keys().find(|name| !statement::is_column(name)) {
        return Err(Problem::malformed(format!("there is no column {unknown}")));
    }
    let csv = statement::csv(&world.azampay.book(), span, |name| asked.get(name).map(String::as_str));
    Ok(HttpResponse::Ok().content_type("text/csv; charset=utf-8").body(csv))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entering {
    #[serde(rename = "type")]
    kind: Kind,
    provider: Wallet,
    amount: u64,
    msisdn: Option<String>,
    external_reference: Option<String>,
}

/// Writes a line into the provider's books that nobody is told of: a fee, a pay-out to us, or a payment of whose callback
/// nothing was ever heard.
async fn enter(world: Data<World>, body: Bytes) -> Result<HttpResponse, Problem> {
    let Entering { kind, provider, amount, msisdn, external_reference } = json_body(&body)?;
    let transaction_id = world.azampay.new_id();
    let answer = json!({"transaction_id": transaction_id});
    let at = world.azampay.now();
    world.azampay.enter(Entry { transaction_id, external_reference, kind, provider, msisdn, amount, at });
    Ok(HttpResponse::Created().json(answer))
}

/// Ends every token: the next call is a 401.
async fn revoke(world: Data<World>) -> HttpResponse {
    world.azampay.tokens.revoke();
    HttpResponse::NoContent().finish()
}

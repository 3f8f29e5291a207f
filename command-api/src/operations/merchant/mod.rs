//! The paths that AzamPay calls for Bill Pay. Each shows its two proofs before anything is looked at.

pub(crate) mod name_lookup;
pub(crate) mod payment;
pub(crate) mod status_check;

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::{Bytes, Payload};
use domain::Claim;
use domain::customer::{Customer, Status};
use edge::Problem;
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use crate::CommandApi;
use crate::bill_pay::{Signed, bearer_holds, hash_holds, phone_of};
use crate::inbox::body;

/// By then the caller has its answer, whatever it is.
const PATIENCE: Duration = Duration::from_millis(900);
/// The codes in an answer.
const DONE: i32 = 0;
const NOT_DONE: i32 = 1;

/// Data with a hash over their bytes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignedCall<T> {
    #[serde(rename = "Data")]
    data: T,
    /// Hexadecimal HMAC-SHA-256, under the shared secret, of the SHA-256 of the bytes of `Data` as they are sent.
    #[serde(rename = "Hash")]
    #[schema(example = "711bd3c3e54488523683182aa01c8a83544e45b7ba2c45652e039bf830e5daf2")]
    hash: String,
}

/// What the data say, of a caller with both proofs.
///
/// # Errors
/// 401 without a good token, 400 where the hash is not that of the data, or they cannot be read.
async fn proven<T: DeserializeOwned>(
    api: &CommandApi,
    request: &HttpRequest,
    payload: Payload,
) -> Result<T, Problem> {
    let secret = bearer(api, request)?;
    let body = body(payload).await?;
    signed(&secret, &body)
}

/// The secret that the caller's good token is signed with: during a change there are two.
fn bearer(api: &CommandApi, request: &HttpRequest) -> Result<String, Problem> {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = given
        .and_then(|given| given.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let now = api.clock().now();
    let holding = token.and_then(|(_, token)| {
        api.bill_secrets().accepted().into_iter().find(|secret| bearer_holds(token.trim(), secret, now))
    });
    holding.ok_or_else(|| failed(Problem::unauthorized("a token of AzamPay's is needed")))
}

fn signed<T: DeserializeOwned>(secret: &str, body: &Bytes) -> Result<T, Problem> {
    let malformed = |error: serde_json::Error| failed(Problem::malformed(error.to_string()));
    let Signed { data, hash } = serde_json::from_slice(body).map_err(malformed)?;
    if !hash_holds(&hash, data.get().as_bytes(), secret) {
        let detail = "Hash is not that of Data";
        return Err(failed(Problem::new(actix_web::http::StatusCode::BAD_REQUEST, "hash_wrong", detail)));
    }
    serde_json::from_str(data.get()).map_err(malformed)
}

/// The customer of a bill number.
///
/// # Errors
/// 404 where it is nobody's, 503 where the ledger is away.
async fn payee(api: &CommandApi, bill: &str) -> Result<Customer, Problem> {
    let nobody = || failed(Problem::not_found("this bill number is nobody's"));
    let keys = api.sealer().keys();
    let phone = phone_of(bill, &keys).ok_or_else(nobody)?;
    let claim = Claim { kind: Claim::PHONE, value: keys.blind_index(phone.as_str()) };
    let holder = api.present().holder(&claim).await.map_err(failed)?.ok_or_else(nobody)?;
    let customer = api.present().customer(holder).await.map_err(failed)?;
    customer.filter(|customer| customer.status != Status::Closed).ok_or_else(nobody)
}

/// A problem with the members that AzamPay reads beside its own.
fn failed(problem: Problem) -> Problem {
    let message = problem.detail().to_owned();
    problem.fact("Status", "Failed").fact("StatusCode", NOT_DONE).fact("Message", message)
}

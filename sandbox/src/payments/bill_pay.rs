//! `POST /bill-pay`: somebody pays a bill number at a wallet, so the provider calls the ledger, as it does: a look-up of the
//! name, then the payment. Each call bears a JWT of two minutes, and a hash over its data's bytes as they are sent.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use chrono::{SecondsFormat, TimeDelta};
use edge::Problem;
use edge::http::json_body;
use jsonwebtoken::{EncodingKey, Header};
use reqwest::header::CONTENT_TYPE;
use ring::{digest, hmac};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::azampay::AzamPay;
use super::book::{Entry, Kind};
use super::wallet::{Wallet, msisdn_of_person};
use crate::api::World;

/// How long a token is good for.
const LIFE: TimeDelta = TimeDelta::seconds(120);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Paying {
    msisdn: String,
    bill: String,
    amount: u64,
    provider: Wallet,
    /// The provider's reference, where the same payment is to be told again.
    transaction_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Lookup<'a> {
    bill_identifier: &'a str,
    currency: &'static str,
    language: &'static str,
    country: &'static str,
    time_stamp: &'a str,
    bill_type: &'static str,
    additional_properties: Value,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Payment<'a> {
    fsp_reference_id: &'a str,
    pg_reference_id: &'a str,
    amount: u64,
    bill_identifier: &'a str,
    payment_desc: &'static str,
    fsp_code: &'static str,
    country: &'static str,
    time_stamp: &'a str,
    bill_type: &'static str,
    additional_properties: Value,
}

/// Pays a bill, and says what the ledger answered to each call. The books have it where the payment was taken.
pub(super) async fn pay(world: Data<World>, body: Bytes) -> Result<HttpResponse, Problem> {
    let paying: Paying = json_body(&body)?;
    let azampay = &world.azampay;
    let not_set_up =
        || Problem::unavailable("bill_pay_not_set_up", "the sandbox has no secret for Bill Pay", 60);
    let secret = azampay.bill_secret.as_deref().ok_or_else(not_set_up)?;
    let msisdn = msisdn_of_person(&paying.msisdn)
        .ok_or_else(|| Problem::malformed("`msisdn` is no Tanzanian number"))?;
    let now = azampay.now().to_rfc3339_opts(SecondsFormat::Secs, true);
    let transaction_id = paying.transaction_id.clone().unwrap_or_else(|| azampay.new_id());
    let looked_up = call(&world, secret, "name-lookup", &lookup(&paying, &now)).await?;
    if !went_well(&looked_up) {
        let answer = json!({"transaction_id": transaction_id, "name_lookup": looked_up});
        return Ok(HttpResponse::Ok().json(answer));
    }
    let fsp = azampay.new_id();
    let payment = payment(&paying, (&fsp, &transaction_id), &msisdn, &now);
    let paid = call(&world, secret, "payment", &payment).await?;
    if went_well(&paid) {
        azampay.enter(entry(azampay, &paying, &transaction_id, msisdn));
    }
    let answer = json!({"transaction_id": transaction_id, "name_lookup": looked_up, "payment": paid});
    Ok(HttpResponse::Ok().json(answer))
}

fn lookup<'a>(paying: &'a Paying, now: &'a str) -> Lookup<'a> {
    Lookup {
        bill_identifier: &paying.bill,
        currency: "TZS",
        language: "en",
        country: "Tanzania",
        time_stamp: now,
        bill_type: "Deposit",
        additional_properties: json!({}),
    }
}

fn payment<'a>(
    paying: &'a Paying,
    (fsp_reference_id, pg_reference_id): (&'a str, &'a str),
    msisdn: &str,
    now: &'a str,
) -> Payment<'a> {
    Payment {
        fsp_reference_id,
        pg_reference_id,
        amount: paying.amount,
        bill_identifier: &paying.bill,
        payment_desc: "Bill payment",
        fsp_code: paying.provider.operator(),
        country: "Tanzania",
        time_stamp: now,
        bill_type: "Deposit",
        additional_properties: json!({"msisdn": msisdn}),
    }
}

fn entry(azampay: &AzamPay, paying: &Paying, transaction_id: &str, msisdn: String) -> Entry {
    Entry {
        transaction_id: transaction_id.to_owned(),
        external_reference: Some(paying.bill.clone()),
        kind: Kind::Collection,
        provider: paying.provider,
        msisdn: Some(msisdn),
        amount: paying.amount,
        at: azampay.now(),
    }
}

/// A call went well that was answered with 200 and the code 0.
fn went_well(answer: &Value) -> bool {
    answer.get("status") == Some(&json!(200)) && answer.pointer("/body/StatusCode") == Some(&json!(0))
}

/// Hexadecimal HMAC-SHA256 over the SHA-256 of the bytes.
fn hash(secret: &str, data: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hex::encode(hmac::sign(&key, digest::digest(&digest::SHA256, data).as_ref()))
}

/// A call with these data: the hash is over their very bytes, and stands in the body and in a header.
async fn call(world: &World, secret: &str, what: &str, data: &impl Serialize) -> Result<Value, Problem> {
    let data = serde_json::to_string(data).map_err(|_| Problem::internal())?;
    let hash = hash(secret, data.as_bytes());
    let request = world.courier.client().post(format!("{}/api/merchant/{what}", world.gateway));
    let answer = request
        .bearer_auth(token(world, secret)?)
        .header("Hash", &hash)
        .header(CONTENT_TYPE, "application/json")
        .body(format!("{{\"Data\":{data},\"Hash\":\"{hash}\"}}"))
        .send()
        .await
        .map_err(|_| Problem::unavailable("ledger_away", "the ledger does not answer", 1))?;
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap_or_default();
    Ok(json!({"status": status, "body": body}))
}

fn token(world: &World, secret: &str) -> Result<String, Problem> {
    let now = world.clock.now();
    let until = now.checked_add_signed(LIFE).unwrap_or(now);
    let claims = json!({"userId": "sandbox", "iat": now.timestamp(), "exp": until.timestamp()});
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&Header::default(), &claims, &key).map_err(|_| Problem::internal())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_over_the_bytes_of_the_data() {
        // printf '{"a":1}' | openssl dgst -sha256 -binary | openssl dgst -sha256 -hmac secret
        assert_eq!(
            hash("secret", b"{\"a\":1}"),
            "28ed1cde6b0bdf660a1d411008813375029e0048468fe16a7b2e9557ea9709eb"
        );
    }
}

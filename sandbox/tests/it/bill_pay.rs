//! Somebody pays a bill, so the provider calls the ledger, signed.

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use ring::{digest, hmac};
use serde_json::{Value, json};

use crate::harness::Place;
use crate::ledger::Call;

fn bill() -> Value {
    json!({"msisdn": "+255754000001", "bill": "100200300", "amount": 20_000, "provider": "mpesa"})
}

fn found() -> (u16, String) {
    (200, json!({"Name": "Asha", "BillAmount": 0, "Status": "Success", "StatusCode": 0}).to_string())
}

/// The data's bytes as they stand in the body, once the call has proved itself.
fn proved(call: &Call) -> String {
    let token = call.authorization.as_deref().unwrap().strip_prefix("Bearer ").unwrap();
    let key = DecodingKey::from_secret(b"bill secret");
    let claims =
        jsonwebtoken::decode::<Value>(token, &key, &Validation::new(Algorithm::HS256)).unwrap().claims;
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 120);
    let (data, hash) = call.body.rsplit_once(",\"Hash\":").unwrap();
    let data = data.strip_prefix("{\"Data\":").unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"bill secret");
    let expected = hmac::sign(&key, digest::digest(&digest::SHA256, data.as_bytes()).as_ref());
    assert_eq!(call.hash, Some(hex::encode(expected)));
    assert_eq!(hash, format!("\"{}\"}}", hex::encode(expected)));
    data.to_owned()
}

#[tokio::test]
async fn a_bill_is_looked_up_and_paid() {
    let place = Place::new().await;
    let paid = json!({"MerchantReferenceId": "r", "Status": "Success", "StatusCode": 0});
    place.ledger.state().answers.extend([found(), (200, paid.to_string())]);
    let (status, answer) = place.post("/bill-pay", &bill()).await;
    let id = answer["transaction_id"].as_str().unwrap();
    assert_eq!((status, &answer["payment"]), (200, &json!({"status": 200, "body": paid})));
    assert_eq!(answer["name_lookup"]["body"]["Name"], "Asha");
    let calls = place.calls(2).await;
    let paths: Vec<&str> = calls.iter().map(|call| call.path.as_str()).collect();
    assert_eq!(paths, ["/api/merchant/name-lookup", "/api/merchant/payment"]);
    let mut data: Value = serde_json::from_str(&proved(&calls[0])).unwrap();
    data["TimeStamp"].take();
    assert_eq!(
        data,
        json!({"BillIdentifier": "100200300", "Currency": "TZS", "Language": "en", "Country": "Tanzania",
            "TimeStamp": null, "BillType": "Deposit", "AdditionalProperties": {}})
    );
    let data: Value = serde_json::from_str(&proved(&calls[1])).unwrap();
    let told = ["PgReferenceId", "Amount", "BillIdentifier", "FspCode"].map(|name| data[name].clone());
    assert_eq!(told, [json!(id), json!(20_000), json!("100200300"), json!("Mpesa")]);
    assert_eq!(data["AdditionalProperties"], json!({"msisdn": "255754000001"}));
    place.stop().await;
}

#[tokio::test]
async fn a_bill_that_nobody_has_is_not_paid() {
    let place = Place::new().await;
    let unknown = json!({"Status": "Failed", "StatusCode": 1}).to_string();
    place.ledger.state().answers.push_back((200, unknown));
    let (status, answer) = place.post("/bill-pay", &bill()).await;
    assert_eq!((status, &answer["name_lookup"]["body"]["StatusCode"]), (200, &json!(1)));
    assert!(answer.get("payment").is_none());
    assert_eq!(place.calls(1).await.len(), 1);
    place.stop().await;
}

#[tokio::test]
async fn the_same_payment_can_be_told_again() {
    let place = Place::new().await;
    let mut again = bill();
    again["transaction_id"] = json!("the same");
    for _ in 0..2 {
        place.ledger.state().answers.extend([found(), found()]);
        assert_eq!(place.post("/bill-pay", &again).await.1["transaction_id"], "the same");
    }
    let calls = place.calls(4).await;
    for call in [&calls[1], &calls[3]] {
        assert_eq!(call.json()["Data"]["PgReferenceId"], "the same");
    }
    let statement = place.request(reqwest::Method::GET, "/payments/statement").send().await.unwrap();
    assert_eq!(statement.text().await.unwrap().matches("the same").count(), 1);
    place.stop().await;
}

//! A charge from the checkout to the callback, byte for byte, under every outcome.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::harness::Place;
use crate::wallet::{CHECKOUT, PHONE, checkout, credentials};

async fn place(payments: Value) -> Place {
    let place = Place::new().await;
    place.set(json!({"payments": {"delay_ms": 0}})).await;
    place.set(json!({"payments": payments})).await;
    place
}

async fn text_of(place: &Place, path: &str, body: &Value) -> (u16, String) {
    let response = place.request(Method::POST, path).json(body).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test]
async fn a_token_is_granted_in_the_providers_words() {
    let place = place(json!({"client_secret": "secret", "token_ms": 60_000})).await;
    let before = edge::Clock::now(&edge::SystemClock);
    let (status, mut answer) = place.post("/AppRegistration/GenerateToken", &credentials()).await;
    let token = answer["data"]["accessToken"].take();
    let expire = answer["data"]["expire"].take();
    let expire = chrono::DateTime::parse_from_rfc3339(expire.as_str().unwrap()).unwrap();
    assert!((50..=70).contains(&(expire.to_utc() - before).num_seconds()), "{expire}");
    assert!(token.as_str().unwrap().len() > 30);
    assert_eq!(
        (status, answer),
        (
            200,
            json!({"data": {"accessToken": null, "expire": null}, "message": "Token generated successfully",
            "success": true, "statusCode": 200})
        )
    );
    place.stop().await;
}

#[tokio::test]
async fn bad_credentials_are_423_and_missing_ones_400() {
    let place = place(json!({"client_secret": "another"})).await;
    assert_eq!(
        text_of(&place, "/AppRegistration/GenerateToken", &credentials()).await,
        (
            423,
            "{\"data\":null,\"message\":\"Provided detail is not valid for this app or secret key has been \
            expired\",\"success\":false,\"statusCode\":423}"
                .to_owned()
        )
    );
    let (status, body) = place.post("/AppRegistration/GenerateToken", &json!({"appName": "ChajiPoa"})).await;
    assert_eq!((status, &body["status"]), (400, &json!(400)));
    let named: Vec<&String> = body["errors"].as_object().unwrap().keys().collect();
    assert_eq!(named, ["ClientId", "ClientSecret"]);
    assert_eq!(body["title"], "One or more validation errors occurred.");
    place.stop().await;
}

#[tokio::test]
async fn nobody_is_charged_without_a_good_token() {
    let place = place(json!({"token_ms": 0})).await;
    let expired = place.token().await;
    place.set(json!({"payments": {"token_ms": 60_000}})).await;
    let revoked = place.token().await;
    let deleted = place.request(Method::DELETE, "/payments/tokens").send().await.unwrap();
    assert_eq!(deleted.status(), 204);
    for token in [expired.as_str(), &revoked, "never granted"] {
        let request = place.request(Method::POST, CHECKOUT).bearer_auth(token).json(&checkout("a"));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 401);
        let said = response.text().await.unwrap();
        assert_eq!(said, "{\"message\":\"Please Provide Valid Authorization\",\"status\":\"Error\"}");
    }
    place.set(json!({"payments": {"api_key": "key"}})).await;
    assert_eq!(place.post("/AppRegistration/GenerateToken", &credentials()).await.0, 423);
    assert_eq!(place.get("/payments/prompts").await.1, json!({"items": []}));
    place.stop().await;
}

#[tokio::test]
async fn a_checkout_is_taken_in_the_providers_words_and_shows_a_prompt() {
    let place = place(json!({})).await;
    let mut body = checkout("our reference");
    body["amount"] = json!("60000");
    let response = place.sent(CHECKOUT, &body).await.unwrap();
    assert_eq!(response.status(), 200);
    let answer = response.text().await.unwrap();
    let (_, prompts) = place.get(&format!("/payments/prompts?msisdn={PHONE}")).await;
    let prompt = &prompts["items"][0];
    let id = prompt["transaction_id"].as_str().unwrap();
    assert!(id.len() == 32 && id.bytes().all(|digit| digit.is_ascii_hexdigit()), "{id}");
    assert_eq!(
        answer,
        format!(
            "{{\"success\":true,\"transactionId\":\"{id}\",\"message\":\"Your request has been received and \
            is being processed.\",\"messageCode\":0}}"
        )
    );
    let shown = ["external_id", "amount", "provider", "state", "msisdn"].map(|name| prompt[name].clone());
    assert_eq!(
        shown,
        [json!("our reference"), json!(60_000), json!("mpesa"), json!("pending"), json!(PHONE)]
    );
    assert!(prompt["at"].is_string());
    assert_eq!(place.get("/payments/prompts?msisdn=255754000002").await.1, json!({"items": []}));
    place.stop().await;
}

#[tokio::test]
async fn an_accepted_prompt_is_told_exactly_as_it_was_seen() {
    let place = place(json!({})).await;
    let id = place.charged("our reference").await;
    let (status, prompt) = place.answered(&id, "success").await;
    assert_eq!((status, &prompt["state"]), (200, &json!("success")));
    let call = place.calls(1).await.remove(0);
    assert_eq!((call.path.as_str(), call.content_type.as_str()), ("/callback", "application/json"));
    assert_eq!(call.authorization, None);
    let mno = call.json()["mnoreference"].as_str().unwrap().to_owned();
    assert!(mno.parse::<uuid::Uuid>().is_ok());
    let seen = format!(
        "{{\"message\":\"success\",\"user\":null,\"password\":null,\"clientId\":null,\
        \"transactionstatus\":\"success\",\"operator\":\"Mpesa\",\"reference\":\"{id}\",\"externalreference\":\"{id}\",\
        \"utilityref\":\"our reference\",\"amount\":\"60000\",\"transid\":\"{id}\",\"msisdn\":\"{PHONE}\",\
        \"mnoreference\":\"{mno}\",\"submerchantAcc\":null,\"additionalProperties\":{{}}}}"
    );
    assert_eq!(call.body, seen);
    place.told(&id, 1).await;
    assert_eq!(place.prompt(&id).await["last_answer"], 200);
    place.stop().await;
}

#[tokio::test]
async fn a_prompt_is_answered_once() {
    let place = place(json!({})).await;
    let id = place.charged("a").await;
    assert_eq!(place.answered(&id, "ask").await.0, 400);
    assert_eq!(place.answered(&id, "never").await.0, 200);
    assert_eq!(place.prompt(&id).await["state"], "never");
    assert_eq!(place.answered(&id, "success").await.0, 200);
    let (status, body) = place.answered(&id, "failure").await;
    assert_eq!((status, &body["code"]), (409, &json!("prompt_answered")));
    assert_eq!(place.answered("nothing", "success").await.0, 404);
    assert_eq!(place.calls(1).await.len(), 1);
    place.stop().await;
}

#[tokio::test]
async fn each_outcome_tells_what_it_is_called() {
    let place = place(json!({"late_ms": 1})).await;
    for (outcome, calls, word, amount, payer) in [
        ("failure", 1, "failure", "60000", PHONE),
        ("twice", 2, "success", "60000", PHONE),
        ("storm", 5, "success", "60000", PHONE),
        ("late", 1, "success", "60000", PHONE),
        ("wrong_amount", 1, "success", "60100", PHONE),
        ("wrong_payer", 1, "success", "60000", "255754000002"),
        ("unknown_word", 1, "awaiting_review", "60000", PHONE),
        ("lost_answer", 1, "success", "60000", PHONE),
    ] {
        let id = place.charged(outcome).await;
        assert_eq!(place.answered(&id, outcome).await.1["state"], outcome);
        place.told(&id, calls).await;
        let heard = std::mem::take(&mut place.ledger.state().calls);
        assert_eq!(heard.len().try_into(), Ok(calls), "{outcome}");
        assert!(heard.iter().all(|call| call.body == heard[0].body), "{outcome}");
        let told = heard[0].json();
        let told = ["transactionstatus", "amount", "msisdn", "utilityref"]
            .map(|name| told[name].as_str().unwrap().to_owned());
        assert_eq!(told, [word, amount, payer, outcome]);
    }
    place.stop().await;
}

#[tokio::test]
async fn a_storm_is_five_at_once() {
    let place = place(json!({"default_outcome": "storm"})).await;
    place.ledger.state().together = Some(Arc::new(Barrier::new(5)));
    let id = place.charged("storm").await;
    place.told(&id, 5).await;
    assert_eq!(place.prompt(&id).await["last_answer"], 200);
    place.stop().await;
}

#[tokio::test]
async fn a_late_callback_waits() {
    let place = place(json!({"late_ms": 86_400_000, "default_outcome": "late"})).await;
    let id = place.charged("late").await;
    place.set(json!({"payments": {"default_outcome": "success"}})).await;
    let next = place.charged("next").await;
    place.told(&next, 1).await;
    assert_eq!(place.prompt(&id).await["callbacks"], 0);
    assert_eq!(place.calls(1).await[0].json()["utilityref"], "next");
    place.stop().await;
}

#[tokio::test]
async fn a_signed_callback_says_the_same_and_bears_a_signature() {
    let place = place(json!({"signed": true, "default_outcome": "success"})).await;
    let mut body = checkout("signed");
    body["additionalProperties"] = json!({"ours": "x"});
    assert_eq!(place.with_token(CHECKOUT, &body).await.0, 200);
    let told = place.calls(1).await[0].json();
    assert_eq!(told["additionalProperties"], json!({"ours": "x"}));
    assert!(told["signature"].as_str().unwrap().len() > 300);
    let (status, key) = place.get("/azampay/v1/public-key?format=Pem").await;
    assert_eq!((status, &key["success"], &key["format"]), (200, &json!(true), &json!("Pem")));
    assert!(key["publicKey"].as_str().unwrap().starts_with("-----BEGIN PUBLIC KEY-----\n"));
    place.stop().await;
}

#[tokio::test]
async fn a_callback_that_is_not_taken_is_sent_again_where_the_setting_says_so() {
    let place = place(json!({"callback_tries": 2, "default_outcome": "success"})).await;
    place.ledger.state().answers.push_back((503, String::new()));
    let id = place.charged("a").await;
    place.told(&id, 2).await;
    assert_eq!(place.calls(2).await.len(), 2);
    assert_eq!(place.prompt(&id).await["last_answer"], 200);
    place.stop().await;
}

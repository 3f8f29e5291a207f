//! The SMS provider on its wire, each outcome, and what is seen of it.

use std::time::Duration;

use reqwest::{Client, RequestBuilder};
use serde_json::json;

use crate::harness::Place;

const MESSAGE: [(&str, &str); 6] = [
    ("username", "chajipoa"),
    ("to", "+255712345678"),
    ("message", "Namba yako ni 123456"),
    ("from", "ChajiPoa"),
    ("bulkSMSMode", "1"),
    ("enqueue", "1"),
];

fn message(place: &Place, form: &[(&str, &str)]) -> RequestBuilder {
    let encoded: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    Client::new()
        .post(format!("{}/version1/messaging", place.sandbox.url()))
        .header("apiKey", "key")
        .header("Accept", "application/json")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(encoded.join("&"))
}

fn encode(value: &str) -> String {
    value.replace('+', "%2B").replace(' ', "+").replace(',', "%2C")
}

async fn texts(place: &Place) -> Vec<String> {
    let items = place.get("/sms/messages?to=%2B255712345678").await.1["items"].take();
    items.as_array().unwrap().iter().map(|item| item["text"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_message_is_taken_in_the_providers_words_and_can_be_read() {
    let place = Place::new().await;
    let answer = message(&place, &MESSAGE).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let mut answer: serde_json::Value = answer.json().await.unwrap();
    let id = answer["SMSMessageData"]["Recipients"][0]["messageId"].take();
    assert!(id.as_str().unwrap().starts_with("ATXid_"));
    assert_eq!(
        answer,
        json!({"SMSMessageData": {"Message": "Sent to 1/1 Total Cost: TZS 22.0000", "Recipients": [{
            "statusCode": 101, "number": "+255712345678", "status": "Success", "cost": "TZS 22.0000",
            "messageId": null}]}})
    );
    for path in ["/sms/messages?to=%2B255712345678", "/sms/messages?to=+255712345678", "/sms/messages"] {
        let (status, body) = place.get(path).await;
        assert_eq!((status, body["items"].as_array().unwrap().len()), (200, 1), "{path}");
        let item = &body["items"][0];
        assert_eq!(item["to"], "+255712345678");
        assert_eq!(item["from"], "ChajiPoa");
        assert_eq!(item["text"], "Namba yako ni 123456");
        assert_eq!(item["provider"], "africastalking");
        assert!(item["at"].is_string() && item["id"].is_i64(), "{item}");
    }
    assert_eq!(place.get("/sms/messages?to=%2B255700000000").await.1, json!({"items": []}));
    place.stop().await;
}

#[tokio::test]
async fn what_came_after_a_message_is_read_oldest_first() {
    let place = Place::new().await;
    for text in ["one", "two", "three"] {
        let form = [("username", "u"), ("to", "+255712345678,+255700000000"), ("message", text)];
        assert_eq!(message(&place, &form).send().await.unwrap().status(), 201);
    }
    assert_eq!(texts(&place).await, ["one", "two", "three"]);
    let first = place.get("/sms/messages?to=+255712345678").await.1["items"][0]["id"].clone();
    let later = place.get(&format!("/sms/messages?to=+255712345678&after={first}")).await.1;
    let later: Vec<&serde_json::Value> =
        later["items"].as_array().unwrap().iter().map(|item| &item["text"]).collect();
    assert_eq!(later, ["two", "three"]);
    for wrong in ["?after=x", "?to=abc", "?limit=3"] {
        assert_eq!(place.get(&format!("/sms/messages{wrong}")).await.0, 400, "{wrong}");
    }
    place.stop().await;
}

#[tokio::test]
async fn a_bad_key_a_bad_sender_and_a_missing_field_are_refused_as_the_provider_does() {
    let place = Place::new().await;
    place.set(json!({"sms": {"api_key": "other", "senders": ["ChajiPoa"]}})).await;
    let answer = message(&place, &MESSAGE).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));

    place.set(json!({"sms": {"api_key": "key"}})).await;
    assert_eq!(message(&place, &MESSAGE).send().await.unwrap().status(), 201);
    for sender in ["Somebody", "LongerThanItMayBe"] {
        let form = [("username", "u"), ("to", "+255712345678"), ("message", "hi"), ("from", sender)];
        let answer = message(&place, &form).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        let body: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(body, json!({"SMSMessageData": {"Message": "InvalidSenderId", "Recipients": []}}));
    }
    assert_eq!(message(&place, &[("username", "u"), ("message", "hi")]).send().await.unwrap().status(), 400);
    let form = [("username", "u"), ("to", "0712345678"), ("message", "hi")];
    let body: serde_json::Value = message(&place, &form).send().await.unwrap().json().await.unwrap();
    assert_eq!(body["SMSMessageData"]["Recipients"][0]["statusCode"], 403);
    assert_eq!(texts(&place).await, ["Namba yako ni 123456"]);
    place.stop().await;
}

#[tokio::test]
async fn a_refused_or_failed_message_does_not_arrive() {
    let place = Place::new().await;
    place.set(json!({"sms": {"default_outcome": "refused"}})).await;
    let answer = message(&place, &MESSAGE).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let body: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(body["SMSMessageData"]["Message"], "Sent to 0/1 Total Cost: 0");
    assert_eq!(body["SMSMessageData"]["Recipients"][0]["statusCode"], 403);
    place.set(json!({"sms": {"default_outcome": "error500"}})).await;
    assert_eq!(message(&place, &MESSAGE).send().await.unwrap().status(), 500);
    assert!(texts(&place).await.is_empty());
    place.stop().await;
}

#[tokio::test]
async fn an_answer_that_never_comes_is_waited_for_in_vain() {
    let place = Place::new().await;
    place.set(json!({"sms": {"default_outcome": "never"}})).await;
    let error = message(&place, &MESSAGE).timeout(Duration::from_millis(300)).send().await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    assert!(texts(&place).await.is_empty());
    // It stops all the same, though somebody still waits.
    let waiting = tokio::spawn(message(&place, &MESSAGE).send());
    place.stop().await;
    assert!(waiting.await.unwrap().is_err());
}

#[tokio::test]
async fn a_lost_answer_is_a_message_that_arrived() {
    let place = Place::new().await;
    place.set(json!({"sms": {"default_outcome": "lost_answer"}})).await;
    let error = message(&place, &MESSAGE).timeout(Duration::from_secs(10)).send().await.unwrap_err();
    assert!(!error.is_timeout(), "the connection is cut, not held: {error:?}");
    assert_eq!(texts(&place).await, ["Namba yako ni 123456"]);
    place.stop().await;
}

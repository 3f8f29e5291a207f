//! The provider's bad days: every way in which an answer is refused, broken or lost.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::Place;
use crate::wallet::{CHECKOUT, checkout, credentials};

async fn place(payments: Value) -> Place {
    let place = Place::new().await;
    place.set(json!({"payments": {"delay_ms": 0}})).await;
    place.set(json!({"payments": payments})).await;
    place
}

async fn prompts(place: &Place) -> usize {
    place.get("/payments/prompts").await.1["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_refusal_is_still_200() {
    let place = place(json!({})).await;
    let refused = "{\"success\":false,\"transactionId\":\"null\",\"message\":\"Your request could not be initiated. \
        Please contact system admin. Invalid Vendor\",\"messageCode\":1000}";
    let mut unknown = checkout("a");
    unknown["provider"] = json!("Vodacom");
    let response = place.sent(CHECKOUT, &unknown).await.unwrap();
    assert_eq!((response.status().as_u16(), response.text().await.unwrap().as_str()), (200, refused));
    place.set(json!({"payments": {"checkout": "refused"}})).await;
    let response = place.sent(CHECKOUT, &checkout("b")).await.unwrap();
    assert_eq!((response.status().as_u16(), response.text().await.unwrap().as_str()), (200, refused));
    assert_eq!(prompts(&place).await, 0);
    place.stop().await;
}

#[tokio::test]
async fn bad_fields_are_named() {
    let place = place(json!({})).await;
    let mut body = checkout(&"x".repeat(129));
    body["amount"] = json!(5_000_001);
    let (status, mut problem) = place.with_token(CHECKOUT, &body).await;
    let named: Vec<&String> = problem["errors"].as_object().unwrap().keys().collect();
    assert_eq!((status, named), (400, vec![&"amount".to_owned(), &"externalId".to_owned()]));
    problem["errors"].take();
    problem["traceId"].take();
    assert_eq!(
        problem,
        json!({"errors": null, "title": "One or more validation errors occurred.", "status": 400,
            "type": "https://tools.ietf.org/html/rfc9110#section-15.5.1", "traceId": null})
    );
    place.stop().await;
}

#[tokio::test]
async fn an_unknown_path_is_an_empty_404() {
    let place = place(json!({})).await;
    for path in ["/azampay/mno/checkouts", "/api/v1/partner/other", "/AppRegistration/Other"] {
        let response = place.request(Method::GET, path).send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), response.text().await.unwrap().as_str()),
            (404, ""),
            "{path}"
        );
    }
    assert_eq!(place.get("/nothing").await.1["code"], "not_found");
    place.stop().await;
}

#[tokio::test]
async fn a_broken_answer_shows_no_prompt_unless_it_is_to() {
    let place = place(json!({})).await;
    for (fault, status, body) in [("error500", 500, "<html>"), ("html", 200, "<html>"), ("empty", 200, "")] {
        for despite in [false, true] {
            place.set(json!({"payments": {"checkout": fault, "despite_fault": despite}})).await;
            let before = prompts(&place).await;
            let response = place.sent(CHECKOUT, &checkout(fault)).await.unwrap();
            assert_eq!(response.status(), status, "{fault}");
            let text = response.text().await.unwrap();
            assert!(text.starts_with(body) && text.is_empty() == body.is_empty(), "{fault}: {text}");
            assert_eq!(prompts(&place).await - before, usize::from(despite), "{fault}");
        }
    }
    place.stop().await;
}

#[tokio::test]
async fn a_lost_answer_is_a_charge_all_the_same() {
    let place = place(json!({"default_outcome": "lost_answer"})).await;
    let error = place.sent(CHECKOUT, &checkout("lost")).await.unwrap_err();
    assert!(!error.is_timeout(), "the connection is cut, not held: {error:?}");
    assert_eq!(place.calls(1).await[0].json()["utilityref"], "lost");
    let prompt = place.get("/payments/prompts").await.1["items"][0].clone();
    assert_eq!(prompt["state"], "lost_answer");
    place.stop().await;
}

#[tokio::test]
async fn a_checkout_that_is_never_answered_shows_its_prompt() {
    let place = place(json!({"checkout": "never"})).await;
    let token = place.token().await;
    let request = place.request(Method::POST, CHECKOUT).bearer_auth(&token).json(&checkout("a"));
    let error = request.timeout(Duration::from_millis(300)).send().await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    assert_eq!(prompts(&place).await, 1);
    place.set(json!({"payments": {"checkout": "lost_answer"}})).await;
    assert!(place.sent(CHECKOUT, &checkout("b")).await.is_err());
    assert_eq!(prompts(&place).await, 2);
    place.stop().await;
}

#[tokio::test]
async fn the_authenticator_has_its_own_bad_days() {
    let place = place(json!({"token": "error500"})).await;
    assert_eq!(place.post("/AppRegistration/GenerateToken", &credentials()).await.0, 500);
    place.set(json!({"payments": {"token": "html"}})).await;
    assert_eq!(place.post("/AppRegistration/GenerateToken", &credentials()).await, (200, Value::Null));
    place.set(json!({"payments": {"token": "refused"}})).await;
    assert_eq!(place.post("/AppRegistration/GenerateToken", &credentials()).await.0, 423);
    place.stop().await;
}

#[tokio::test]
async fn an_inquiry_says_what_really_happened() {
    let place = place(json!({})).await;
    let id = place.charged("a").await;
    let ask = format!("/api/v1/partner/gettransactionstatus?transactionId={id}&provider=Mpesa");
    assert_eq!(
        place.inquiry(&ask).await,
        json!({"data": "pending", "message": "Success", "success": true, "statusCode": 200})
    );
    place.answered(&id, "lost_callback").await;
    assert_eq!(place.inquiry(&ask).await["data"], "success");
    let other = format!("/api/v1/azampay/transactionstatus?pgReferenceId={id}&bankName=Mpesa");
    assert_eq!(place.inquiry(&other).await["data"], "success");
    let by_ours = place.inquiry("/api/v1/azampay/transactionstatus?externalId=a").await;
    assert_eq!(by_ours["data"], "success");
    let declined = place.charged("b").await;
    place.answered(&declined, "failure").await;
    let ask_declined =
        format!("/api/v1/partner/gettransactionstatus?transactionId={declined}&provider=Mpesa");
    assert_eq!(place.inquiry(&ask_declined).await["data"], "failure");
    let not_found =
        json!({"data": null, "message": "Transaction not found", "success": false, "statusCode": 404});
    for nothing in [ask.replace("Mpesa", "Tigo"), ask.replace(&id, "abc"), ask.replace("Mpesa", "What")] {
        assert_eq!(place.inquiry(&nothing).await, not_found, "{nothing}");
    }
    place.set(json!({"payments": {"inquiry": "refused"}})).await;
    assert_eq!(place.inquiry(&ask).await, not_found);
    place.stop().await;
}

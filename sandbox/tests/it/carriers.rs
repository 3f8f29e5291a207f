//! Beem and NextSMS on their wires, each carrier's own bad days, and the delivery reports of all.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Place};

const BEEM: &str = "/v1/send";
const NEXTSMS: &str = "/api/sms/v1/text/single";

async fn send(place: &Place, path: &str, user: &str, body: &Value) -> Answer {
    let request =
        place.request(Method::POST, path).header("Authorization", format!("Basic {}", STANDARD.encode(user)));
    let response = request.json(body).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap_or_default())
}

fn by_beem(to: &str) -> Value {
    json!({"source_addr": "ChajiPoa", "schedule_time": "", "encoding": 0, "message": "Habari",
        "recipients": [{"recipient_id": 1, "dest_addr": to}]})
}

fn by_nextsms(to: &str) -> Value {
    json!({"from": "ChajiPoa", "to": to, "text": "Habari", "reference": "r"})
}

async fn arrived(place: &Place) -> Vec<(Value, Value)> {
    let (_, body) = place.get("/sms/messages?to=+255712345678").await;
    let items = body["items"].as_array().unwrap();
    items.iter().map(|item| (item["provider"].clone(), item["text"].clone())).collect()
}

#[tokio::test]
async fn each_takes_a_message_in_its_own_words() {
    let place = Place::new().await;
    place.set(json!({"sms": {"report": "none"}})).await;
    let (status, mut answer) = send(&place, BEEM, "key:secret", &by_beem("255712345678")).await;
    assert!(answer["request_id"].take().is_u64());
    let taken = json!({"successful": true, "request_id": null, "code": 100, "message": "Message Submitted Successfully",
        "valid": 1, "invalid": 0, "duplicates": 0});
    assert_eq!((status, answer), (200, taken));
    let (status, mut answer) = send(&place, NEXTSMS, "user:password", &by_nextsms("255712345678")).await;
    assert!(answer["messages"][0]["messageId"].take().is_string());
    let status_of = json!({"groupId": 18, "groupName": "PENDING", "id": 51, "name": "ENROUTE (SENT)",
        "description": "Message sent to next instance"});
    let taken = json!({"to": "255712345678", "status": status_of, "messageId": null, "smsCount": 1});
    assert_eq!((status, answer), (200, json!({"messages": [taken]})));
    let both = [(json!("beem"), json!("Habari")), (json!("nextsms"), json!("Habari"))];
    assert_eq!(arrived(&place).await, both);
    place.stop().await;
}

#[tokio::test]
async fn each_refuses_in_its_own_words() {
    let place = Place::new().await;
    place.set(json!({"sms": {"api_key": "key", "senders": ["ChajiPoa"]}})).await;
    assert_eq!(send(&place, BEEM, "other:secret", &by_beem("255712345678")).await.0, 401);
    assert_eq!(send(&place, NEXTSMS, "key:", &by_nextsms("255712345678")).await.0, 401);
    assert_eq!(send(&place, BEEM, "key:secret", &json!({"message": "x"})).await.1["code"], 104);
    assert_eq!(send(&place, NEXTSMS, "key:secret", &json!({"text": "x"})).await.0, 400);
    let mut stranger = by_beem("255712345678");
    stranger["source_addr"] = json!("Somebody");
    assert_eq!(send(&place, BEEM, "key:secret", &stranger).await.1["code"], 111);
    for number in ["+255712345678", "0712345678"] {
        let (_, answer) = send(&place, BEEM, "key:secret", &by_beem(number)).await;
        assert_eq!((&answer["successful"], &answer["code"]), (&json!(false), &json!(101)), "{number}");
        let (_, answer) = send(&place, NEXTSMS, "key:secret", &by_nextsms(number)).await;
        assert_eq!(answer["messages"][0]["status"]["groupName"], "REJECTED", "{number}");
    }
    assert!(arrived(&place).await.is_empty());
    place.stop().await;
}

#[tokio::test]
async fn one_may_fail_while_another_works() {
    let place = Place::new().await;
    place.set(json!({"sms": {"default_outcome": "error500", "beem": "refused", "nextsms": "success"}})).await;
    assert_eq!(send(&place, BEEM, "key:secret", &by_beem("255712345678")).await.1["code"], 101);
    assert_eq!(send(&place, NEXTSMS, "key:secret", &by_nextsms("255712345678")).await.0, 200);
    place.set(json!({"sms": {"beem": null}})).await;
    assert_eq!(send(&place, BEEM, "key:secret", &by_beem("255712345678")).await.0, 500);
    assert_eq!(arrived(&place).await, [(json!("nextsms"), json!("Habari"))]);
    place.stop().await;
}

#[tokio::test]
async fn a_delivery_report_comes_in_the_carriers_own_form() {
    let place = Place::new().await;
    place.set(json!({"sms": {"report_delay_ms": 0}})).await;
    let form = "username=u&to=%2B255712345678&message=Habari";
    let send_form = async || {
        let request = place.request(Method::POST, "/version1/messaging").header("apiKey", "key");
        let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(form);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        answer["SMSMessageData"]["Recipients"][0]["messageId"].as_str().unwrap().to_owned()
    };
    let id = send_form().await;
    let call = place.calls(1).await.remove(0);
    assert_eq!(
        (call.path.as_str(), call.content_type.as_str()),
        ("/delivery", "application/x-www-form-urlencoded")
    );
    let delivered =
        format!("id={id}&status=Success&phoneNumber=%2B255712345678&networkCode=64004&retryCount=0");
    assert_eq!(call.body, delivered);
    place.set(json!({"sms": {"report": "failed"}})).await;
    let id = send_form().await;
    let failed = format!(
        "id={id}&status=Failed&phoneNumber=%2B255712345678&networkCode=64004&\
        failureReason=DeliveryFailure&retryCount=0"
    );
    assert_eq!(place.calls(2).await[1].body, failed);

    let (_, answer) = send(&place, BEEM, "key:secret", &by_beem("255712345678")).await;
    let report = json!({"request_id": answer["request_id"], "recipient_id": 1, "dest_addr": "255712345678",
        "status": "UNDELIVERED"});
    assert_eq!(place.calls(3).await[2].json(), report);
    let (_, answer) = send(&place, NEXTSMS, "key:secret", &by_nextsms("255712345678")).await;
    let report = json!({"messageId": answer["messages"][0]["messageId"], "to": "255712345678",
        "status": {"groupName": "UNDELIVERABLE", "name": "UNDELIVERABLE_NOT_DELIVERED"}});
    assert_eq!(place.calls(4).await[3].json(), report);
    place.stop().await;
}

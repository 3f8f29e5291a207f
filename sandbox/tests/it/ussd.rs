//! The dialler asks as Africa's Talking does.

use serde_json::{Value, json};

use crate::harness::Place;

#[tokio::test]
async fn a_session_goes_on_until_its_end() {
    let place = Place::new().await;
    let screens = ["CON ChajiPoa\n1. Salio", "END Salio: TZS 5,000"].map(|screen| (200, screen.to_owned()));
    place.ledger.state().answers.extend(screens);
    let (status, first) = place.post("/ussd", &json!({"phone": "255712345678"})).await;
    assert_eq!((status, &first["type"], &first["text"]), (200, &json!("CON"), &json!("ChajiPoa\n1. Salio")));
    let session = first["session_id"].as_str().unwrap();
    let next = json!({"phone": "255712345678", "text": "1", "session_id": session, "service_code": "*1#"});
    let (_, last) = place.post("/ussd", &next).await;
    assert_eq!(last, json!({"session_id": session, "type": "END", "text": "Salio: TZS 5,000"}));
    let calls = place.calls(2).await;
    assert_eq!(calls[0].path, "/api/v1/ussd");
    assert_eq!(calls[0].content_type, "application/x-www-form-urlencoded");
    assert_eq!(
        calls[0].body,
        format!(
            "sessionId={session}&phoneNumber=%2B255712345678&networkCode=64004&serviceCode=*149*46%23&text="
        )
    );
    assert!(calls[1].body.ends_with("&serviceCode=*1%23&text=1"), "{}", calls[1].body);
    place.stop().await;
}

#[tokio::test]
async fn what_is_no_screen_is_said_to_be_none() {
    let place = Place::new().await;
    for (status, body) in [(500, "CON x"), (200, "hello"), (200, "")] {
        place.ledger.state().answers.push_back((status, body.to_owned()));
        let (said, problem) = place.post("/ussd", &json!({"phone": "255712345678"})).await;
        assert_eq!((said, &problem["code"]), (502, &json!("no_screen")), "{body}");
        assert_eq!(problem["answered"], Value::from(status));
    }
    assert_eq!(place.post("/ussd", &json!({"phone": "x"})).await.0, 400);
    place.stop().await;
}

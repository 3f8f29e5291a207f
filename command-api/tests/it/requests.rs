//! Bad input and repeated requests: each has its status and code, and changes nothing.

use edge::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{ADMIN, City, Place, customer, id, rich_customer};

#[actix_web::test]
async fn whatever_cannot_be_read_changes_nothing() {
    let place = Place::new().await;
    let api = place.api().await;
    let asker = place.site(&api).await;
    let last = place.ledger().last_position().await.unwrap();
    let who = Some(ADMIN);
    for (body, status, code) in [
        ("{".to_owned(), 400, "malformed"),
        (json!({"type": "Fly", "data": {}}).to_string(), 400, "malformed"),
        (json!({"type": "VerifyCustomer", "data": []}).to_string(), 400, "malformed"),
        (json!({"type": "VerifyCustomer", "data": {"customer_id": "7"}}).to_string(), 400, "malformed"),
        (json!({"type": "RegisterCustomer", "data": {"phone": "7"}}).to_string(), 400, "malformed"),
        (json!({"type": "RegisterDevice", "data": {"serial": "PB-1", "x": 1}}).to_string(), 400, "malformed"),
        (json!({"type": "RegisterDevice", "data": {"serial": "P"}}).to_string(), 400, "malformed"),
        (json!({"type": "RegisterDevice", "occurred_at": "soon", "data": {"serial": "PB-1"}}).to_string(), 400, "malformed"),
        (json!({"type": "PaymentConfirmed", "data": {"payment_id": id(), "amount": 1, "provider_reference": "R"}}).to_string(), 403, "forbidden"),
        (json!({"type": "VerifyCustomer", "data": {"customer_id": id()}}).to_string(), 422, "customer_unknown"),
        (format!("{{\"type\":\"RegisterDevice\",\"data\":{{\"serial\":\"{}\"}}}}", "P".repeat(70_000)), 413, "body_too_large"),
    ] {
        let answered = asker.request(who, "/api/v1/commands", None, body.clone()).await;
        assert_eq!((answered.status, answered.code().as_str()), (status, code), "{body:.200} {}", answered.text);
        assert!(answered.json()["request_id"].is_string());
    }
    let nobody = asker.request(None, "/api/v1/commands", None, String::new()).await.expect(401);
    assert_eq!(nobody.code(), "unauthorized");
    asker.post(customer(id()), "/api/v1/rentals/7/extend", json!({"minutes": 5})).await.expect(400);
    assert_eq!(place.ledger().last_position().await.unwrap(), last);
}

#[actix_web::test]
async fn i3_a_request_sent_again_has_the_same_answer_and_another_under_its_id_is_refused() {
    let place = Place::new().await;
    let api = place.api().await;
    let asker = place.site(&api).await;
    let city = City::build(&asker, "instant", 1).await;
    let (asha, key) = (rich_customer(&asker, 1).await, id());
    let start = json!({"station_id": city.station, "slot": 1}).to_string();
    let path = "/api/v1/rentals/start";
    let first = asker.request(Some(customer(asha)), path, Some(key), start.clone()).await.expect(201);
    let other_service = place.api().await;
    let other = place.site(&other_service).await;
    for asker in [
        &asker.request(Some(customer(asha)), path, Some(key), start.clone()).await,
        &other.request(Some(customer(asha)), path, Some(key), start.clone()).await,
    ] {
        assert_eq!((asker.status, &asker.text, asker.replay), (201, &first.text, true));
    }
    let slot_2 = json!({"station_id": city.station, "slot": 2}).to_string();
    let reused = asker.request(Some(customer(asha)), path, Some(key), slot_2).await.expect(409);
    assert_eq!(reused.code(), "idempotency_key_reused");
    let foreign = asker.request(Some(customer(id())), path, Some(key), start.clone()).await.expect(409);
    assert_eq!(foreign.code(), "idempotency_key_reused");
    let body = json!({"command_id": id(), "type": "RegisterDevice", "data": {"serial": "PB-1"}}).to_string();
    asker.request(Some(ADMIN), "/api/v1/commands", Some(key), body).await.expect(400);
}

#[actix_web::test]
async fn a_refusal_leaves_its_id_free() {
    let place = Place::new().await;
    let api = place.api().await;
    let asker = place.site(&api).await;
    let (command, customer_id) = (id(), id());
    let verify = json!({"customer_id": customer_id});
    asker.command_as(command, ADMIN, "VerifyCustomer", verify.clone()).await.expect(422);
    let data = json!({"customer_id": customer_id, "phone": "0712345678"});
    asker.command(ADMIN, "RegisterCustomer", data).await.expect(201);
    asker.command_as(command, ADMIN, "VerifyCustomer", verify.clone()).await.expect(201);
    let done = asker.command(ADMIN, "VerifyCustomer", verify).await.expect(200);
    assert_eq!(done.json()["outcome"], "already_done");
}

#[actix_web::test]
async fn an_upload_has_an_outcome_for_each_line_in_order() {
    let place = Place::new().await;
    let api = place.api().await;
    let asker = place.site(&api).await;
    let device = id();
    let line = |id: Option<Uuid>, kind: &str, data: Value| {
        id.map_or(
            json!({"type": kind, "data": data}),
            |id| json!({"command_id": id, "type": kind, "data": data}),
        )
        .to_string()
    };
    let first = id();
    let lines = [
        line(Some(first), "RegisterDevice", json!({"device_id": device, "serial": "PB-1"})),
        line(Some(id()), "VerifyCustomer", json!({"customer_id": id()})),
        line(None, "RegisterDevice", json!({"serial": "PB-2"})),
        "nonsense".to_owned(),
        line(
            Some(id()),
            "PaymentConfirmed",
            json!({"payment_id": id(), "amount": 1, "provider_reference": "R"}),
        ),
        line(Some(first), "RegisterDevice", json!({"device_id": device, "serial": "PB-1"})),
        line(Some(id()), "RegisterDevice", json!({"serial": "PB-1"})),
    ];
    let body = lines.join("\n");
    let answered = asker.request(Some(ADMIN), "/api/v1/commands/batch", None, body).await.expect(200);
    let outcomes: Vec<Value> =
        answered.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said: Vec<_> =
        outcomes.iter().map(|line| line["code"].as_str().or(line["outcome"].as_str()).unwrap()).collect();
    assert_eq!(
        said,
        ["recorded", "customer_unknown", "malformed", "malformed", "forbidden", "recorded", "serial_taken"]
    );
    assert_eq!(outcomes[0], outcomes[5]);
    let many = "{}\n".repeat(501);
    asker.request(Some(ADMIN), "/api/v1/commands/batch", None, many).await.expect(400);
}

#[actix_web::test]
async fn what_belongs_to_others_looks_absent() {
    let place = Place::new().await;
    let api = place.api().await;
    let asker = place.site(&api).await;
    let (asha, juma) = (rich_customer(&asker, 1).await, rich_customer(&asker, 2).await);
    let ask = |customer: Uuid| json!({"customer_id": customer, "amount": 1_000, "purpose": "deposit", "provider": "mpesa"});
    let foreign = asker.command(customer(asha), "InitiatePayment", ask(juma)).await.expect(404);
    let unknown = asker.command(customer(asha), "InitiatePayment", ask(id())).await.expect(404);
    assert_eq!(
        (foreign.code(), foreign.json()["detail"].clone()),
        (unknown.code(), unknown.json()["detail"].clone())
    );
    let support = (Role::Support, id());
    let staff = asker.command(support, "InitiatePayment", ask(id())).await.expect(422);
    assert_eq!(staff.code(), "customer_unknown");
}

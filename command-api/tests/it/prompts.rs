//! How often a phone is asked to pay: counted exactly, whoever asks, and only what leads to a prompt.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use command_api::Settings;
use edge::Role;
use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answered, Asker, Place, Serves, customer, id, rich_customer};

const PATH: &str = "/api/v1/payments/initiate";

fn deposit() -> Value {
    json!({"purpose": "deposit", "amount": 1_000, "provider": "mpesa"})
}

async fn initiate<S: Serves>(asker: &Asker<S>, token: &str, key: Uuid, body: &Value) -> Answered {
    let request = TestRequest::with_uri(PATH).method(Method::POST).set_payload(body.to_string());
    let request = request.insert_header(("authorization", format!("Bearer {token}")));
    asker.call(request.insert_header(("idempotency-key", key.to_string()))).await
}

fn three() -> Settings {
    Settings { prompts_an_hour: 3, ..Settings::default() }
}

#[actix_web::test]
async fn of_many_at_once_no_more_get_through_than_the_limit_and_each_process_counts_the_same() {
    let place = Place::new().await;
    let (api, other) = (place.api_with(three()).await, place.api_with(three()).await);
    let (asker, beside) = (place.site(&api).await, place.site(&other).await);
    let asha = rich_customer(&asker, 1).await;
    let token = place.limited_token(customer(asha));
    let before = place.events("PaymentInitiated").await;
    let body = deposit();
    let first = join_all((0..10).map(|_| initiate(&asker, &token, id(), &body)));
    let second = join_all((0..10).map(|_| initiate(&beside, &token, id(), &body)));
    let (first, second) = futures_util::join!(first, second);
    let answers: Vec<Answered> = first.into_iter().chain(second).collect();
    assert_eq!(answers.iter().filter(|answer| answer.status == 202).count(), 3);
    for refused in answers.iter().filter(|answer| answer.status != 202) {
        assert_eq!((refused.status, refused.code().as_str()), (429, "too_many_prompts"));
        let header = |name: &str| refused.headers.get(name).unwrap().to_str().unwrap().to_owned();
        assert_eq!(
            (header("ratelimit-limit"), header("ratelimit-remaining")),
            ("3".to_owned(), "0".to_owned())
        );
        assert!((1..=3_600).contains(&header("retry-after").parse::<u32>().unwrap()));
    }
    assert_eq!(place.events("PaymentInitiated").await, before + 3);
}

#[actix_web::test]
async fn what_leads_to_no_new_prompt_costs_nothing() {
    let place = Place::new().await;
    let api = place.api_with(three()).await;
    let asker = place.site(&api).await;
    let asha = rich_customer(&asker, 1).await;
    let token = place.limited_token(customer(asha));
    let key = id();
    for _ in 0..8 {
        initiate(&asker, &token, key, &deposit()).await.expect(202);
    }
    let payment = id();
    let named = json!({"purpose": "deposit", "amount": 1_000, "provider": "mpesa", "payment_id": payment});
    for _ in 0..8 {
        initiate(&asker, &token, id(), &named).await.expect(202);
    }
    let too_large = json!({"purpose": "deposit", "amount": 5_000_001, "provider": "mpesa"});
    for _ in 0..8 {
        initiate(&asker, &token, id(), &too_large).await.expect(422);
        initiate(&asker, &token, key, &too_large).await.expect(409);
        initiate(&asker, &token, id(), &json!({"amount": 1})).await.expect(400);
    }
    initiate(&asker, &token, id(), &deposit()).await.expect(202);
    initiate(&asker, &token, id(), &deposit()).await.expect(429);
    initiate(&asker, &token, key, &deposit()).await.expect(202);
}

#[actix_web::test]
async fn a_phone_is_counted_whoever_asks_and_operators_are_not() {
    let place = Place::new().await;
    let api = place.api_with(three()).await;
    let asker = place.site(&api).await;
    let (asha, juma) = (rich_customer(&asker, 1).await, rich_customer(&asker, 2).await);
    let (own, support) = (place.limited_token(customer(asha)), place.limited_token((Role::Support, id())));
    let of_asha = json!({"purpose": "deposit", "amount": 1_000, "provider": "mpesa", "customer_id": asha});
    let to_asha = json!({"purpose": "deposit", "amount": 1_000, "provider": "mpesa", "customer_id": juma,
        "phone": "0700000001"});
    initiate(&asker, &own, id(), &deposit()).await.expect(202);
    initiate(&asker, &support, id(), &of_asha).await.expect(202);
    initiate(&asker, &support, id(), &to_asha).await.expect(202);
    for (token, body) in [(&own, &deposit()), (&support, &of_asha), (&support, &to_asha)] {
        assert_eq!(initiate(&asker, token, id(), body).await.expect(429).code(), "too_many_prompts");
    }
    let line = json!({"command_id": id(), "type": "InitiatePayment", "data": {"customer_id": asha,
        "purpose": "deposit", "amount": 1_000, "provider": "mpesa"}});
    let upload = asker.bearing(Some(&own), Method::POST, "/api/v1/commands/batch", line).await.expect(200);
    assert!(upload.text.contains("too_many_prompts"), "{}", upload.text);
    let juma_token = place.limited_token(customer(juma));
    asker.bearing(Some(&juma_token), Method::POST, PATH, of_asha.clone()).await.expect(404);
    asker.post(customer(asha), PATH, deposit()).await.expect(202);
    let of_juma = json!({"purpose": "deposit", "amount": 1_000, "provider": "mpesa", "customer_id": juma});
    initiate(&asker, &support, id(), &of_juma).await.expect(202);
}

//! Bill Pay: who shows both proofs is answered and credited once; who does not learns and changes nothing.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use command_api::{PathSecrets, Secret, SecretName, Settings};
use edge::{Clock as _, SystemClock};
use futures_util::future::join_all;
use ring::{digest, hmac};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answered, Asker, Place, Serves, customer, id, rich_customer};

const SECRET: &str = "what-AzamPay-and-we-share";
const LOOKUP: &str = "/api/merchant/name-lookup";
const PAYMENT: &str = "/api/merchant/payment";
const STATUS: &str = "/api/merchant/status-check";

fn settings() -> Settings {
    Settings { bill_secret: Some(Secret::new(SECRET.to_owned())), ..Settings::default() }
}

fn sign(secret: &str, bytes: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), bytes)
}

fn token(secret: &str, issued: i64, life: i64) -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({"userId": "x", "iat": issued, "exp": issued + life});
    let signed = format!("{}.{}", part(json!({"alg": "HS256", "typ": "JWT"})), part(claims));
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(sign(secret, signed.as_bytes())))
}

fn fresh() -> String {
    token(SECRET, SystemClock.now().timestamp(), 120)
}

fn hash(secret: &str, data: &str) -> String {
    let digest = digest::digest(&digest::SHA256, data.as_bytes());
    sign(secret, digest.as_ref()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn signed(data: &Value) -> String {
    let data = data.to_string();
    format!("{{\"Data\":{data},\"Hash\":\"{}\"}}", hash(SECRET, &data))
}

async fn call<S: Serves>(asker: &Asker<S>, path: &str, token: Option<&str>, body: String) -> Answered {
    let mut request = TestRequest::with_uri(path).method(Method::POST).set_payload(body);
    if let Some(token) = token {
        request = request.insert_header(("authorization", format!("Bearer {token}")));
    }
    asker.call(request).await
}

fn payment(bill: &str, amount: &Value, reference: &str) -> Value {
    json!({"FspReferenceId": "F1", "PgReferenceId": reference, "Amount": amount, "BillIdentifier": bill,
        "PaymentDesc": "Deposit", "FspCode": "Mpesa", "Country": "Tanzania", "TimeStamp": "2026-03-01T12:00:00Z",
        "BillType": "Deposit", "AdditionalProperties": {}})
}

async fn balance<S: Serves>(asker: &Asker<S>, place: &Place, asha: Uuid) -> i64 {
    let _ = asker;
    let sql = "SELECT coalesce(sum((convert_from(payload, 'UTF8')::jsonb->'credited'->>'deposit')::bigint), 0)::bigint \
        FROM ledger.event WHERE type = 'PaymentSettled' AND $1 = ANY (stream_ids)";
    crate::harness::connect(&place.owner_url).await.query_one(sql, &[&asha]).await.unwrap().get(0)
}

#[actix_web::test]
async fn a_bill_number_is_looked_up_paid_once_and_asked_about() {
    let place = Place::new().await;
    let api = place.api_with(settings()).await;
    let asker = place.site(&api).await;
    let asha = rich_customer(&asker, 1).await;
    let profile =
        asker.ask(customer(asha), Method::GET, "/api/v1/users/profile", Value::Null).await.expect(200);
    let bill = profile.json()["bill_number"].as_str().unwrap().to_owned();
    for number in [bill.as_str(), "0700000001", "255700000001", "+255700000001"] {
        let found = call(&asker, LOOKUP, Some(&fresh()), signed(&json!({"BillIdentifier": number})))
            .await
            .expect(200);
        let expected = json!({"Name": "As**", "BillAmount": 0, "BillIdentifier": number, "Status": "Success",
            "Message": "Any amount is added to the deposit.", "StatusCode": 0});
        assert_eq!(found.json(), expected);
    }
    let nobody = call(&asker, LOOKUP, Some(&fresh()), signed(&json!({"BillIdentifier": "0700000009"}))).await;
    let nobody = nobody.expect(404).json();
    assert_eq!((nobody["Status"].as_str(), nobody["StatusCode"].as_i64()), (Some("Failed"), Some(1)));

    let before = balance(&asker, &place, asha).await;
    let body = signed(&payment(&bill, &json!(7_500.0), "AZM1"));
    let token = fresh();
    let storm = join_all((0..50).map(|_| call(&asker, PAYMENT, Some(&token), body.clone()))).await;
    let first = &storm[0];
    assert!(storm.iter().all(|answer| answer.status == 200 && answer.text == first.text), "{}", first.text);
    assert_eq!(
        (first.json()["Status"].as_str(), first.json()["StatusCode"].as_i64()),
        (Some("Success"), Some(0))
    );
    assert_eq!(balance(&asker, &place, asha).await, before + 7_500);

    let ours = first.json()["MerchantReferenceId"].clone();
    for question in [json!({"MerchantReferenceId": ours}), json!({"PgReferenceId": "AZM1"})] {
        for body in [question.to_string(), signed(&question)] {
            let answered = call(&asker, STATUS, Some(&fresh()), body).await.expect(200);
            assert_eq!(
                (answered.json()["MerchantReferenceId"].clone(), answered.json()["Status"].as_str()),
                (ours.clone(), Some("Success"))
            );
        }
    }
    for question in [
        json!({"MerchantReferenceId": id()}),
        json!({"PgReferenceId": "AZM2"}),
        json!({"MerchantReferenceId": asha}),
    ] {
        call(&asker, STATUS, Some(&fresh()), question.to_string()).await.expect(404);
    }
    call(&asker, STATUS, Some(&fresh()), "{}".to_owned()).await.expect(400);
}

#[actix_web::test]
async fn one_reference_credits_once_whatever_else_is_told_of_it() {
    let place = Place::new().await;
    let api = place.api_with(settings()).await;
    let asker = place.site(&api).await;
    let (asha, juma) = (rich_customer(&asker, 1).await, rich_customer(&asker, 2).await);
    let pay = async |data: Value| call(&asker, PAYMENT, Some(&fresh()), signed(&data)).await;
    pay(payment("0700000001", &json!(1_000), "AZM1")).await.expect(200);
    let (before, of_juma) = (balance(&asker, &place, asha).await, balance(&asker, &place, juma).await);
    let mut other_wallet = payment("0700000001", &json!(1_000), "AZM1");
    other_wallet["FspCode"] = json!("Airtel");
    for altered in [
        payment("0700000001", &json!(9_000), "AZM1"),
        payment("0700000002", &json!(1_000), "AZM1"),
        other_wallet,
    ] {
        let refused = pay(altered).await.expect(409);
        assert_eq!(refused.json()["StatusCode"], 1);
    }
    for bad in [json!(0), json!(-5), json!(10.5), json!("x"), json!(null)] {
        pay(payment("0700000001", &bad, "AZM3")).await.expect(400);
    }
    let mut bank = payment("0700000001", &json!(1_000), "AZM3");
    bank["FspCode"] = json!("CRDB");
    pay(bank).await.expect(400);
    pay(payment("0700000009", &json!(1_000), "AZM3")).await.expect(404);
    assert_eq!(balance(&asker, &place, asha).await, before);
    assert_eq!(balance(&asker, &place, juma).await, of_juma);
}

#[actix_web::test]
async fn i10_whatever_is_forged_altered_or_expired_settles_nothing() {
    let place = Place::new().await;
    let api = place.api_with(settings()).await;
    let asker = place.site(&api).await;
    let asha = rich_customer(&asker, 1).await;
    let before = place.ledger().last_position().await.unwrap();
    let now = SystemClock.now().timestamp();
    let data = payment("0700000001", &json!(1_000_000), "AZM9").to_string();
    let good = signed(&payment("0700000001", &json!(1_000_000), "AZM9"));
    let customers = place.limited_token(customer(asha));
    let (forged, expired) = (token("a guess", now, 120), token(SECRET, now - 121, 120));
    let (long, early) = (token(SECRET, now, 121), token(SECRET, now + 300, 60));
    let bad_tokens = [
        None,
        Some(""),
        Some("x.y.z"),
        Some(&*customers),
        Some(&*forged),
        Some(&*expired),
        Some(&*long),
        Some(&*early),
    ];
    for path in [LOOKUP, PAYMENT, STATUS] {
        for token in bad_tokens {
            let refused = call(&asker, path, token, good.clone()).await.expect(401);
            assert_eq!(refused.json()["StatusCode"], 1, "{token:?}");
        }
    }
    let right = hash(SECRET, &data);
    let spaced = data.replacen(':', ": ", 1);
    let more = data.replace("1000000", "2000000");
    let altered = [
        format!("{{\"Data\":{more},\"Hash\":\"{right}\"}}"),
        format!("{{\"Data\":{spaced},\"Hash\":\"{right}\"}}"),
        format!("{{\"Data\":{data},\"Hash\":\"{}\"}}", hash("a guess", &data)),
        format!("{{\"Data\":{data},\"Hash\":\"{}\"}}", "0".repeat(64)),
        format!("{{\"Data\":{data},\"Hash\":\"\"}}"),
        format!("{{\"Data\":{data}}}"),
        format!("{{\"Data\":{more},\"Data\":{data},\"Hash\":\"{right}\"}}"),
        "{}".to_owned(),
        String::new(),
    ];
    for body in altered {
        for path in [LOOKUP, PAYMENT] {
            call(&asker, path, Some(&fresh()), body.clone()).await.expect(400);
        }
    }
    call(&asker, PAYMENT, Some(&fresh()), "x".repeat(9_000)).await.expect(413);
    assert_eq!(place.ledger().last_position().await.unwrap(), before, "nothing was recorded");
    call(&asker, PAYMENT, Some(&fresh()), good).await.expect(200);
}

#[actix_web::test]
async fn a_new_secret_holds_beside_the_old_one_until_that_is_dropped() {
    let place = Place::new().await;
    let api = place.api().await;
    let asker = place.site(&api).await;
    let now = SystemClock.now().timestamp();
    let ask = async |secret: &str, asker: &Asker<_>| {
        let body = json!({"PgReferenceId": "AZM1"}).to_string();
        call(asker, STATUS, Some(&token(secret, now, 120)), body).await.status
    };
    assert_eq!(ask("", &asker).await, 401, "without a setting one is made that nobody can guess");
    let open = || PathSecrets::open(place.keys.path(), SecretName::Bill, None).unwrap();
    let old = open().current().unwrap();
    let new = open().rotate().unwrap();
    assert_eq!(ask(&old, &asker).await, 404);
    let later = place.api().await;
    let later = place.site(&later).await;
    assert_eq!((ask(&old, &later).await, ask(&new, &later).await), (404, 404));
    open().drop_old().unwrap();
    let last = place.api().await;
    let last = place.site(&last).await;
    assert_eq!((ask(&old, &last).await, ask(&new, &last).await), (401, 404));
    assert!(!format!("{:?}", settings()).contains(SECRET), "a secret is not printed");
}

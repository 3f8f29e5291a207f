//! Refunds over their own paths: who may ask, who may say yes.

use edge::Role;
use serde_json::json;

use crate::harness::{ADMIN, Place, Who, customer, id, rich_customer};

const FIRST: Who = (Role::Finance, uuid::Uuid::from_u128(0xf1));
const SECOND: Who = (Role::Finance, uuid::Uuid::from_u128(0xf2));

#[actix_web::test]
async fn a_customer_gets_a_small_deposit_back_without_a_second_person() {
    let place = Place::new().await;
    let api = place.api().await;
    let asker = place.site(&api).await;
    let somebody = rich_customer(&asker, 1).await;
    let ask = json!({"amount": 8_000, "provider": "airtel"});
    let answer = asker.post(customer(somebody), "/api/v1/refunds", ask.clone()).await.expect(201);
    let answer = answer.json();
    assert_eq!((&answer["status"], &answer["balance"]), (&json!("approved"), &json!(12_000)));
    let events: Vec<&str> =
        answer["events"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(events, ["RefundRequested", "RefundApproved"]);
    let again = asker.post(customer(somebody), "/api/v1/refunds", ask).await.expect(422);
    assert_eq!(again.code(), "refund_open");
    let nobody =
        asker.post(customer(id()), "/api/v1/refunds", json!({"amount": 1, "provider": "airtel"})).await;
    assert_eq!(nobody.status, 404);
    for bad in [json!({"amount": 1}), json!({"amount": 1, "provider": "airtel", "reason": "why"})] {
        asker.post(customer(somebody), "/api/v1/refunds", bad).await.expect(400);
    }
}

#[actix_web::test]
async fn a_large_refund_waits_for_another_person_than_the_one_who_asked() {
    let place = Place::new().await;
    let api = place.api().await;
    let asker = place.site(&api).await;
    let somebody = rich_customer(&asker, 2).await;
    let ask = json!({"amount": 8_000, "provider": "airtel"});
    asker.post(customer(somebody), "/api/v1/refunds", ask).await.expect(201);
    let refund = id();
    let other = rich_customer(&asker, 3).await;
    let pay = json!({"payment_id": id(), "customer_id": other, "amount": 30_000, "purpose": "deposit", "provider": "mixx"});
    asker.command(ADMIN, "InitiatePayment", pay.clone()).await.expect(201);
    let paid = json!({"payment_id": pay["payment_id"], "amount": 30_000, "provider_reference": "BIG"});
    asker.command(crate::harness::PAYMENTS, "PaymentConfirmed", paid).await.expect(201);
    let ask = json!({"payment_id": pay["payment_id"], "amount": 25_000, "reason": "paid twice", "refund_id": refund});
    asker.post(customer(other), "/api/v1/refunds", ask.clone()).await.expect(403);
    let asked = asker.post(FIRST, "/api/v1/refunds", ask).await.expect(201).json();
    assert_eq!(asked["status"], json!("requested"));
    let approve = format!("/api/v1/refunds/{refund}/approve");
    let own = asker.post(FIRST, &approve, json!({})).await.expect(422);
    assert_eq!(own.code(), "second_person_required");
    let yes = asker.post(SECOND, &approve, json!({"reason": "looked at it"})).await.expect(201).json();
    assert_eq!(yes["status"], json!("approved"));
    asker.post(SECOND, &approve, json!({})).await.expect(200);
    let reject = format!("/api/v1/refunds/{refund}/reject");
    let no = asker.post(FIRST, &reject, json!({"reason": "a mistake"})).await.expect(201).json();
    assert_eq!(no["status"], json!("rejected"));
    for (path, body) in
        [("approve", json!({})), ("approve", json!({"reason": "x"})), ("reject", json!({"reason": "x"}))]
    {
        let missing = asker.post(SECOND, &format!("/api/v1/refunds/{}/{path}", id()), body).await;
        assert_eq!((missing.status, missing.code().as_str()), (404, "not_found"));
    }
}

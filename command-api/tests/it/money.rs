//! Money that goes back, and money that nobody knows: over HTTP, with what staff write about people sealed.

use edge::Role;
use futures_util::future::join_all;
use serde_json::json;
use uuid::Uuid;

use crate::harness::{ADMIN, PAYMENTS, Place, Who, connect, customer, id, rich_customer};

const FINANCE: Who = (Role::Finance, Uuid::from_u128(0xf1));
const SECOND: Who = (Role::Finance, Uuid::from_u128(0xf2));

#[actix_web::test]
async fn a_deposit_goes_back_and_nobody_elses_does() {
    let place = Place::new().await;
    let asker = place.site(&place.api().await).await;
    let asha = rich_customer(&asker, 11_000_001).await;
    let refund_id = id();
    let data = json!({"refund_id": refund_id, "customer_id": asha, "amount": 20_000, "provider": "airtel"});
    asker.command(customer(id()), "RequestDepositRefund", data.clone()).await.expect(404);
    let answer = asker.command(customer(asha), "RequestDepositRefund", data).await.expect(201).json();
    let expected = json!({"refund_id": refund_id, "status": "approved", "balance": 0, "currency": "TZS"});
    assert_eq!(answer["result"], expected);
    let told = json!({"refund_id": refund_id, "provider": "airtel", "reference": "RF-1"});
    asker.command(ADMIN, "RecordRefundSubmitted", told.clone()).await.expect(403);
    asker.command(PAYMENTS, "RecordRefundSubmitted", told).await.expect(201);
    let paid = json!({"refund_id": refund_id, "provider_reference": "PG-1"});
    let answer = asker.command(PAYMENTS, "RefundConfirmed", paid).await.expect(201).json();
    assert_eq!(answer["result"], json!({"refund_id": refund_id, "status": "paid"}));
}

#[actix_web::test]
async fn a_deposit_asked_back_forty_times_at_once_goes_back_once() {
    let place = Place::new().await;
    let asker = place.site(&place.api().await).await;
    let asha = rich_customer(&asker, 11_000_002).await;
    let ask = |_| {
        let data = json!({"customer_id": asha, "amount": 20_000, "provider": "airtel"});
        asker.command(customer(asha), "RequestDepositRefund", data)
    };
    let answers = join_all((0..40).map(ask)).await;
    let recorded = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(recorded, 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!((answer.status, answer.code().as_str()), (422, "refund_open"));
    }
}

#[actix_web::test]
async fn i12_what_staff_write_about_people_and_who_paid_is_sealed() {
    let place = Place::new().await;
    let asker = place.site(&place.api().await).await;
    let asha = rich_customer(&asker, 11_000_003).await;
    let receipt_id = id();
    let data = json!({
        "receipt_id": receipt_id, "provider": "mixx", "provider_reference": "U-1", "amount": 3_000,
        "payer": "0711000003", "reason": "unknown_reference",
    });
    asker.command(PAYMENTS, "RecordUnmatchedReceipt", data.clone()).await.expect(201);
    // The same call without an id names the same receipt.
    let mut again = data;
    again.as_object_mut().unwrap().remove("receipt_id");
    let answer = asker.command(PAYMENTS, "RecordUnmatchedReceipt", again).await.expect(200).json();
    assert_eq!(answer["result"]["receipt_id"], json!(receipt_id));
    let assign = json!({"receipt_id": receipt_id, "customer_id": asha, "reason": "Kahawa said so"});
    let asked = asker.command(FINANCE, "AssignReceipt", assign).await.expect(201).json();
    let no = json!({"approval_id": asked["result"]["approval_id"], "reason": "Kahawa lied"});
    asker.command(FINANCE, "RejectAction", no.clone()).await.expect(422);
    asker.command(SECOND, "RejectAction", no).await.expect(201);
    let back = json!({"receipt_id": receipt_id, "reason": "Kahawa is a stranger"});
    let asked = asker.command(FINANCE, "RefundReceipt", back).await.expect(201).json();
    let yes = json!({"approval_id": asked["result"]["approval_id"], "reason": "Kahawa it is"});
    let answer = asker.command(SECOND, "ApproveAction", yes).await.expect(201).json();
    assert_eq!(answer["result"]["status"], "approved");
    let unknown = json!({"refund_id": id(), "reason": "Kahawa"});
    assert_eq!(asker.command(SECOND, "ApproveRefund", unknown).await.expect(422).code(), "refund_unknown");

    let owner = connect(&place.owner_url).await;
    let rows = owner.query("SELECT payload FROM ledger.event", &[]).await.unwrap();
    for row in rows {
        let payload = String::from_utf8(row.get(0)).unwrap();
        assert!(!payload.contains("Kahawa") && !payload.contains("711000003"), "{payload}");
    }
    let own_key = "SELECT count(*) FROM ledger.person_key WHERE person = $1";
    let keys: i64 = owner.query_one(own_key, &[&receipt_id]).await.unwrap().get(0);
    assert_eq!(keys, 1, "a receipt has a key of its own");
}

#[actix_web::test]
async fn money_from_the_phone_of_somebody_bars_their_erasure_until_it_is_settled() {
    let place = Place::new().await;
    let asker = place.site(&place.api().await).await;
    let juma = id();
    let data = json!({"customer_id": juma, "phone": "+255711000004"});
    asker.command(ADMIN, "RegisterCustomer", data).await.expect(201);
    let received = json!({
        "provider": "mixx", "provider_reference": "U-2", "amount": 3_000, "payer": "255711000004",
        "reason": "wrong_amount",
    });
    asker.command(PAYMENTS, "RecordUnmatchedReceipt", received).await.expect(201);
    let refused = asker.command(ADMIN, "EraseCustomer", json!({"customer_id": juma})).await.expect(422);
    assert_eq!(refused.code(), "receipt_names_customer");
}

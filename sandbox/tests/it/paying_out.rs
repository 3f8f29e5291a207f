//! Pay-outs on the provider's wire, under every outcome.

use serde_json::{Value, json};

use crate::harness::{Place, wait_until};
use crate::wallet::{DISBURSE, disbursement};

async fn place(payments: Value) -> Place {
    let place = Place::new().await;
    place.set(json!({"payments": {"delay_ms": 0}})).await;
    place.set(json!({"payments": payments})).await;
    place
}

async fn paid(place: &Place) -> Vec<Value> {
    let (status, mut body) = place.get("/payments/disbursements?msisdn=+255688000001").await;
    assert_eq!(status, 200);
    body["items"].as_array_mut().unwrap().drain(..).collect()
}

#[tokio::test]
async fn a_pay_out_is_taken_told_and_shown() {
    let place = place(json!({})).await;
    let response = place.sent(DISBURSE, &disbursement("refund-1")).await.unwrap();
    assert_eq!(response.status(), 200);
    let answer = response.text().await.unwrap();
    let item = paid(&place).await.remove(0);
    let id = item["transaction_id"].as_str().unwrap();
    let taken = format!(
        "{{\"pgReferenceId\":\"{id}\",\"message\":\"Your transaction is in process\",\"success\":true,\
        \"statusCode\":200}}"
    );
    assert_eq!(answer, taken);
    let call = place.calls(1).await.remove(0);
    let fsp = call.json()["fspReferenceId"].as_str().unwrap().to_owned();
    let told = format!(
        "{{\"initiatorReferenceId\":\"refund-1\",\"fspReferenceId\":\"{fsp}\",\"pgReferenceId\":\"{id}\",\
        \"amount\":\"5000\",\"status\":\"success\",\"message\":\"Transaction successful\",\"operator\":\"airtel\",\
        \"additionalProperties\":{{}}}}"
    );
    assert_eq!((call.path.as_str(), call.body), ("/callback", told));
    let shown =
        ["external_id", "amount", "provider", "msisdn", "name", "state"].map(|name| item[name].clone());
    let expected = json!(["refund-1", 5_000, "airtel", "255688000001", "Asha", "success"]);
    assert_eq!(json!(shown), expected);
    let ask = format!("/api/v1/azampay/transactionstatus?pgReferenceId={id}&bankName=airtel");
    assert_eq!(place.inquiry(&ask).await["data"], "success");
    let by_ours = "/api/v1/azampay/transactionstatus?externalId=refund-1&bankName=airtel";
    assert_eq!(place.inquiry(by_ours).await["data"], "success");
    place.stop().await;
}

#[tokio::test]
async fn a_reference_pays_once() {
    let place = place(json!({})).await;
    assert_eq!(place.with_token(DISBURSE, &disbursement("once")).await.0, 200);
    assert_eq!(
        place.with_token(DISBURSE, &disbursement("once")).await,
        (403, json!({"message": "Duplicate External Reference Id", "success": false, "statusCode": 403}))
    );
    assert_eq!(paid(&place).await.len(), 1);
    place.stop().await;
}

#[tokio::test]
async fn what_cannot_be_paid_is_refused() {
    let place = place(json!({})).await;
    for bank in ["mpesa", "halopesa", "crdb"] {
        let mut body = disbursement("a");
        body["destination"]["bankName"] = json!(bank);
        let refused = json!({"message": "Invalid BankName.", "success": false, "statusCode": 400});
        assert_eq!(place.with_token(DISBURSE, &body).await, (400, refused), "{bank}");
    }
    let mut old = disbursement("a");
    old["transferDetails"]["dateInEpoch"] = json!(1_767_956_005);
    let expired = json!({"message": "Request expired", "success": false, "statusCode": 402});
    assert_eq!(place.with_token(DISBURSE, &old).await, (402, expired));
    for (path, value, named) in [
        ("/externalReferenceId", json!("x".repeat(31)), "externalReferenceId"),
        ("/transferDetails/amount", json!(0.5), "transferDetails.amount"),
        ("/destination/accountNumber", json!("+255688000001"), "destination.accountNumber"),
        ("/source/accountNumber", json!(""), "source"),
        ("/destination/currency", json!("USD"), "currency"),
    ] {
        let mut body = disbursement("a");
        *body.pointer_mut(path).unwrap() = value;
        let (status, problem) = place.with_token(DISBURSE, &body).await;
        assert_eq!(
            (status, problem["errors"].as_object().unwrap().keys().next().unwrap().as_str()),
            (400, named)
        );
    }
    assert_eq!(place.post(DISBURSE, &disbursement("a")).await.0, 401);
    assert!(paid(&place).await.is_empty());
    place.stop().await;
}

#[tokio::test]
async fn each_outcome_pays_and_tells_what_it_is_called() {
    let place = place(json!({"late_ms": 1})).await;
    for (outcome, status, state, told) in [
        ("success", Some(200), Some("success"), vec!["success"]),
        ("failure", Some(200), Some("failure"), vec!["failure"]),
        ("never", Some(200), Some("pending"), vec![]),
        ("late", Some(200), Some("success"), vec!["success"]),
        ("twice", Some(200), Some("success"), vec!["success", "success"]),
        ("duplicate", Some(403), Some("success"), vec!["success"]),
        ("lost_answer", None, Some("success"), vec!["success"]),
        ("lost_callback", Some(200), Some("success"), vec![]),
        ("error500", Some(500), None, vec![]),
        ("expired", Some(402), None, vec![]),
    ] {
        place.set(json!({"payments": {"disbursement_outcome": outcome}})).await;
        let answered = place.sent(DISBURSE, &disbursement(outcome)).await;
        assert_eq!(answered.ok().map(|answer| answer.status().as_u16()), status, "{outcome}");
        wait_until("it was told", async || place.ledger.state().calls.len() >= told.len()).await;
        let calls = std::mem::take(&mut place.ledger.state().calls);
        let words: Vec<Value> = calls.iter().map(|call| call.json()["status"].clone()).collect();
        assert_eq!(words, told, "{outcome}");
        let item = paid(&place).await.into_iter().find(|item| item["external_id"] == outcome);
        assert_eq!(item.map(|item| item["state"].clone()), state.map(Value::from), "{outcome}");
    }
    place.stop().await;
}

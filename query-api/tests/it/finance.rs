//! What finance looks through, and a day's money three times, on the real services.

use edge::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::database::connect;
use crate::harness::{ADMIN, PAYMENTS, Stage, Who};

const FINANCE: Who = (Role::Finance, Uuid::from_u128(0xf1));
const SECOND: Who = (Role::Finance, Uuid::from_u128(0xf2));
const ANALYST: Who = (Role::Analyst, Uuid::from_u128(0xa1));

/// The body of an answer that stands for everything recorded so far.
async fn get(stage: &Stage, who: Who, path: &str) -> Value {
    let found = stage.get(who, path).await;
    assert_eq!(found.0, 200, "{path}: {}", found.1);
    serde_json::from_str(&found.1).unwrap()
}

fn only(page: &Value) -> &Value {
    let items = page["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{page}");
    &items[0]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_is_seen_by_its_customer_in_words_and_by_finance_in_its_queue() {
    let stage = Stage::new().await;
    let projector = stage.project().await;
    let (somebody, other) = (stage.customer(1).await, stage.customer(2).await);
    let refund_id = edge::Clock::id(&edge::SystemClock);
    let ask = json!({"refund_id": refund_id, "customer_id": somebody, "amount": 8_000, "provider": "mpesa"});
    stage.command((Role::Customer, somebody), "RequestDepositRefund", ask).await;
    let path = format!("/api/v1/refunds/{refund_id}");
    let shown = get(&stage, (Role::Customer, somebody), &path).await;
    assert_eq!((&shown["status"], &shown["amount"]), (&json!("approved"), &json!(8_000)));
    assert!(shown["message"]["sw"].is_string() && shown["message"]["en"].is_string());
    assert!(shown.get("requested_by").is_none(), "{shown}");
    assert_eq!(stage.get((Role::Customer, other), &path).await.0, 404);
    let handled = get(&stage, FINANCE, &path).await;
    assert_eq!((&handled["by_hand"], &handled["customer_id"]), (&json!(true), &json!(somebody)));

    let queue = get(&stage, FINANCE, "/api/v1/finance/refunds?queue=manual").await;
    assert_eq!(only(&queue)["refund_id"], json!(refund_id));
    let none = get(&stage, ANALYST, "/api/v1/finance/refunds?status=paid").await;
    assert_eq!(none["items"], json!([]));
    assert_eq!(stage.get(FINANCE, "/api/v1/finance/refunds?status=half").await.0, 400);
    let (status, file) = stage.get(FINANCE, "/api/v1/finance/refunds/export").await;
    assert_eq!(status, 200, "{file}");
    let line = file.lines().nth(1).expect("a line");
    assert!(line.starts_with(&format!("{refund_id},mpesa,+255700000001,8000,TZS,")), "{file}");
    assert_eq!(stage.get(ANALYST, "/api/v1/finance/refunds/export").await.0, 403);

    let balance = get(&stage, (Role::Customer, somebody), "/api/v1/users/balance").await;
    assert_eq!(balance["balance"], json!(12_000));
    let statement = get(&stage, (Role::Customer, somebody), "/api/v1/users/statement").await;
    let last = statement["items"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["type"], &last["refund_id"]), (&json!("RefundRequested"), &json!(refund_id)));

    let told = json!({"refund_id": refund_id, "provider": "mpesa", "reference": "BY-HAND-1"});
    stage.command(FINANCE, "RecordRefundSubmitted", told).await;
    stage.command(FINANCE, "RefundConfirmed", json!({"refund_id": refund_id})).await;
    assert_eq!(get(&stage, (Role::Customer, somebody), &path).await["status"], json!("paid"));
    let empty = get(&stage, FINANCE, "/api/v1/finance/refunds?queue=manual").await;
    assert_eq!(empty["items"], json!([]));
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_waits_with_its_likely_owner_until_a_second_person_assigns_it() {
    let stage = Stage::new().await;
    let projector = stage.project().await;
    let somebody = stage.customer(3).await;
    let received = json!({
        "provider": "mixx", "provider_reference": "U-1", "amount": 3_000, "payer": "+255700000003",
        "reason": "unknown_reference"
    });
    let receipt =
        stage.command(PAYMENTS, "RecordUnmatchedReceipt", received).await["result"]["receipt_id"].clone();
    let listed = get(&stage, ANALYST, "/api/v1/finance/receipts?status=unmatched").await;
    let one = only(&listed);
    assert_eq!((&one["receipt_id"], &one["likely_customer_id"]), (&receipt, &json!(somebody)));
    assert_eq!(
        (&one["reason"], &one["review"]),
        (&json!("unknown_reference"), &json!(["unknown_reference"]))
    );
    let assign = json!({"receipt_id": receipt, "customer_id": somebody, "reason": "their phone"});
    let approval = stage.command(FINANCE, "AssignReceipt", assign).await["result"]["approval_id"].clone();
    let waiting = get(&stage, FINANCE, "/api/v1/finance/approvals?status=requested").await;
    let one = only(&waiting);
    assert_eq!(
        (&one["approval_id"], &one["kind"], &one["amount"]),
        (&approval, &json!("assign_receipt"), &json!(3_000))
    );
    stage.command(SECOND, "ApproveAction", json!({"approval_id": approval})).await;
    let assigned = get(&stage, FINANCE, "/api/v1/finance/receipts").await;
    assert_eq!(
        (&only(&assigned)["status"], &only(&assigned)["assigned_to"]),
        (&json!("assigned"), &json!(somebody))
    );
    let balance = get(&stage, (Role::Customer, somebody), "/api/v1/users/balance").await;
    assert_eq!(balance["balance"], json!(23_000));
    let statement = get(&stage, (Role::Customer, somebody), "/api/v1/users/statement").await;
    let last = statement["items"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["type"], &last["receipt_id"]), (&json!("ReceiptAssigned"), &receipt));
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_says_in_words_where_it_stands() {
    let stage = Stage::new().await;
    let projector = stage.project().await;
    let somebody = stage.customer(4).await;
    let payment = edge::Clock::id(&edge::SystemClock);
    let ask = json!({
        "payment_id": payment, "customer_id": somebody, "amount": 5_000, "purpose": "deposit", "provider": "mpesa"
    });
    stage.command(ADMIN, "InitiatePayment", ask).await;
    let path = format!("/api/v1/payments/{payment}");
    let mut seen = Vec::new();
    for command in [None, Some("RecordPrompt"), Some("MarkPaymentUnknown"), Some("PaymentDeclined")] {
        if let Some(command) = command {
            stage.command(PAYMENTS, command, json!({"payment_id": payment})).await;
        }
        let shown = get(&stage, (Role::Customer, somebody), &path).await;
        seen.push((shown["status"].as_str().unwrap().to_owned(), shown["message"]["en"].clone()));
    }
    let statuses: Vec<&str> = seen.iter().map(|(status, _)| status.as_str()).collect();
    assert_eq!(statuses, ["initiated", "prompted", "unknown", "declined"]);
    seen.dedup_by(|a, b| a.1 == b.1);
    assert_eq!(seen.len(), 4);
    projector.stop().await;
}

/// Notes what a provider called us with, as the reactor does.
async fn heard(stage: &Stage, number: i64, theirs: &str, ours: &str, amount: i64, kind: &str) {
    let sql = "INSERT INTO finance.callback (heard_by, heard_key, kind, provider, provider_reference, external_reference, \
         amount, status, verdict, heard_at) VALUES ('letter', $1, $2, 'airtel', $3, $4, $5, 'success', 'settled', $6)";
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 6] =
        [&number.to_string(), &kind, &theirs, &ours, &amount, &edge::Clock::now(stage.clock.as_ref())];
    connect(&stage.owner_url).await.execute(sql, &values).await.unwrap();
}

async fn settled(stage: &Stage, customer: Uuid, theirs: &str, amount: i64) -> String {
    let payment = edge::Clock::id(&edge::SystemClock);
    let ask = json!({
        "payment_id": payment, "customer_id": customer, "amount": amount, "purpose": "deposit", "provider": "airtel"
    });
    let asked = stage.command(ADMIN, "InitiatePayment", ask).await;
    let paid = json!({"payment_id": payment, "amount": amount, "provider_reference": theirs});
    stage.command(PAYMENTS, "PaymentConfirmed", paid).await;
    asked["result"]["external_id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_agrees_in_three_columns_or_says_where_it_does_not() {
    let stage = Stage::new().await;
    let projector = stage.project().await;
    let somebody = stage.customer(5).await;
    // The deposit of the customer came by another wallet a day before.
    stage.clock.advance(chrono::TimeDelta::hours(24));
    let (a, b) =
        (settled(&stage, somebody, "T-A", 5_000).await, settled(&stage, somebody, "T-B", 6_000).await);
    heard(&stage, 1, "T-A", &a, 5_000, "collection").await;
    heard(&stage, 2, "T-B", &b, 6_000, "collection").await;
    let at = edge::Clock::now(stage.clock.as_ref()).to_rfc3339();
    let header = "transaction_id,external_reference,type,provider,amount,status,completed_at\n";
    let good = format!(
        "{header}T-A,{a},collection,airtel,5000,success,{at}\nT-B,{b},collection,airtel,6000,success,{at}\n"
    );
    stage.post_text(FINANCE, "/api/v1/finance/statements", &good).await;
    let path = "/api/v1/finance/reconciliation?day=2026-01-06";
    let day = get(&stage, FINANCE, path).await;
    assert_eq!(
        (&day["agrees"], &day["statements"], &day["difference_count"]),
        (&json!(true), &json!(1), &json!(0)),
        "{day}"
    );
    let airtel = &day["providers"][0];
    for column in ["statement", "ledger", "callbacks"] {
        assert_eq!(airtel[column]["collection"], json!({"count": 2, "amount": 11_000}), "{day}");
    }

    let c = settled(&stage, somebody, "T-C", 7_000).await;
    let bad = format!(
        "{header}T-C,{c},collection,airtel,700,success,{at}\nT-D,x,collection,airtel,900,success,{at}\nF-1,,fee,airtel,50,success,{at}\n"
    );
    stage.post_text(FINANCE, "/api/v1/finance/statements", &bad).await;
    let day = get(&stage, FINANCE, path).await;
    assert_eq!((&day["agrees"], &day["difference_count"]), (&json!(false), &json!(2)), "{day}");
    let of = |reference: &str| {
        let all = day["differences"].as_array().unwrap();
        all.iter()
            .find(|one| one["provider_reference"] == json!(reference))
            .unwrap_or_else(|| panic!("{day}"))
            .clone()
    };
    let wrong = of("T-C");
    assert_eq!(wrong["reasons"], json!(["no_callback", "amount_differs"]), "{wrong}");
    assert_eq!(wrong["breaks"][0]["cause"], json!("amount_differs"));
    assert_eq!((&wrong["statement"]["amount"], &wrong["ledger"]["amount"]), (&json!(700), &json!(7_000)));
    assert_eq!(wrong["external_reference"], json!(c));
    let foreign = of("T-D");
    assert_eq!(foreign["reasons"], json!(["not_in_ledger", "no_callback"]));
    let fees = &day["providers"][0];
    assert_eq!(
        (&fees["statement"]["fee"], &fees["ledger"]["fee"]),
        (&fees["ledger"]["fee"], &json!({"count": 1, "amount": 50}))
    );
    let by_analyst = get(&stage, ANALYST, path).await;
    assert!(
        by_analyst["differences"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one.get("external_reference").is_none())
    );

    let breaks = get(&stage, FINANCE, "/api/v1/finance/breaks?status=open").await;
    assert_eq!(breaks["items"].as_array().unwrap().len(), 2);
    let explain = json!({"break_id": breaks["items"][0]["break_id"], "reason": "asked the provider"});
    stage.command(FINANCE, "ExplainBreak", explain).await;
    let explained = get(&stage, FINANCE, "/api/v1/finance/breaks?status=explained").await;
    assert_eq!(only(&explained)["explanation"], json!("asked the provider"));
    let page = get(&stage, FINANCE, "/api/v1/finance/breaks?limit=1").await;
    let next = page["next_cursor"].as_str().unwrap();
    let rest = get(&stage, FINANCE, &format!("/api/v1/finance/breaks?limit=1&cursor={next}")).await;
    assert_ne!(only(&page)["break_id"], only(&rest)["break_id"]);
    assert_eq!(rest["next_cursor"], Value::Null);
    let today = get(&stage, FINANCE, "/api/v1/finance/reconciliation").await;
    assert_eq!(today, get(&stage, FINANCE, path).await);
    assert_eq!(stage.get(FINANCE, "/api/v1/finance/reconciliation?day=0001-01-01").await.0, 400);
    projector.stop().await;
}

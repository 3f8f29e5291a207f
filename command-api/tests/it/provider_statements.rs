//! A provider's statement against the ledger, over HTTP and on a real database.

use edge::{Clock as _, Role, SystemClock};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{
    ADMIN, Answered, Asker, PAYMENTS, Place, Serves, Who, connect, customer, id, rich_customer,
};

const FINANCE: Who = (Role::Finance, Uuid::from_u128(0xf1));
const PATH: &str = "/api/v1/finance/statements";
const HEADER: &str = "transaction_id,external_reference,type,provider,msisdn,amount,status,completed_at\n";

/// A settled payment; its reference at the provider, and ours.
async fn payment<S: Serves>(
    asker: &Asker<S>,
    customer_id: Uuid,
    amount: i64,
    settles: bool,
) -> (String, String) {
    let payment_id = id();
    let data = json!({
        "payment_id": payment_id, "customer_id": customer_id, "amount": amount, "purpose": "deposit", "provider": "airtel"
    });
    let asked = asker.command(ADMIN, "InitiatePayment", data).await.expect(201).json();
    let ours = asked["result"]["external_id"].as_str().unwrap().to_owned();
    let theirs = format!("T{}", payment_id.simple());
    if settles {
        let data = json!({"payment_id": payment_id, "amount": amount, "provider_reference": theirs});
        asker.command(PAYMENTS, "PaymentConfirmed", data).await.expect(201);
    }
    (theirs, ours)
}

fn line(theirs: &str, ours: &str, kind: &str, amount: i64, status: &str) -> String {
    let at = SystemClock.now().to_rfc3339();
    format!("{theirs},{ours},{kind},Airtel,255754000001,{amount},{status},{at}\n")
}

async fn upload<S: Serves>(asker: &Asker<S>, who: Who, path: &str, file: &str) -> Answered {
    asker.request(Some(who), path, None, file.to_owned()).await
}

fn causes(answer: &Value) -> Vec<&str> {
    let breaks = answer["breaks"].as_array().unwrap();
    let mut causes: Vec<&str> = breaks.iter().map(|one| one["cause"].as_str().unwrap()).collect();
    causes.sort_unstable();
    causes
}

#[actix_web::test]
async fn what_agrees_is_matched_and_each_difference_is_a_break_once() {
    let place = Place::new().await;
    let api = place.api().await;
    let asker = place.site(&api).await;
    let somebody = rich_customer(&asker, 1).await;
    let (good, wrong, open) = (
        payment(&asker, somebody, 5_000, true).await,
        payment(&asker, somebody, 6_000, true).await,
        payment(&asker, somebody, 7_000, false).await,
    );
    let file = [
        HEADER.to_owned(),
        line(&good.0, &good.1, "collection", 5_000, "success"),
        line(&good.0, &good.1, "collection", 5_000, "success"),
        line(&wrong.0, &wrong.1, "collection", 600, "success"),
        line("T-late", &open.1, "collection", 7_000, "success"),
        line("T-foreign", "nobody", "collection", 8_000, "success"),
        line("T-failed", "nobody", "collection", 9_000, "failure"),
        line("F-1", "", "fee", 120, "success"),
        line("P-1", "", "payout", 4_000, "success"),
    ]
    .concat();
    let first = upload(&asker, FINANCE, PATH, &file).await.expect(201);
    let answer = first.json();
    assert_eq!(
        causes(&answer),
        ["amount_differs", "duplicate", "missing_in_ledger", "status_differs"],
        "{answer}"
    );
    assert_eq!((&answer["lines"], &answer["matched"]), (&json!(8), &json!(4)));
    assert!(answer["breaks"].as_array().unwrap().iter().all(|one| one["known"] == json!(false)));

    let again = upload(&asker, FINANCE, PATH, &file).await.expect(201);
    assert_eq!((again.replay, again.json()), (true, answer.clone()));
    // The same differences in another file are the same breaks, and a fee is booked once.
    let longer = format!("{file}{}", line("T-failed-2", "nobody", "collection", 9_000, "failure"));
    let other = upload(&asker, ADMIN, PATH, &longer).await.expect(201);
    assert!(!other.replay);
    let known = other.json();
    assert_eq!(causes(&known), causes(&answer));
    assert!(known["breaks"].as_array().unwrap().iter().all(|one| one["known"] == json!(true)), "{known}");

    let owner = connect(&place.owner_url).await;
    let count = async |sql: &str| owner.query_one(sql, &[]).await.unwrap().get::<_, i64>(0);
    assert_eq!(count("SELECT count(*) FROM ledger.event WHERE type = 'BreakOpened'").await, 4);
    assert_eq!(count("SELECT count(*) FROM ledger.event WHERE type = 'ProviderFeeRecorded'").await, 1);
    assert_eq!(count("SELECT count(*) FROM ledger.event WHERE type = 'ProviderPayoutRecorded'").await, 1);
    assert_eq!(count("SELECT count(*) FROM finance.statement").await, 2);
    assert_eq!(count("SELECT count(*) FROM finance.statement_line WHERE cause IS NOT NULL").await, 8);
    let actors = "SELECT count(*) FROM ledger.event WHERE type = 'BreakOpened' AND actor LIKE 'finance:%'";
    assert_eq!(count(actors).await, 4);
    let phones = "SELECT count(*) FROM finance.statement_line l WHERE l::text LIKE '%754000001%'";
    assert_eq!(count(phones).await, 0);
}

#[actix_web::test]
async fn a_refund_is_matched_by_our_reference_and_what_no_line_has_is_missing() {
    let place = Place::new().await;
    let api = place.api().await;
    let asker = place.site(&api).await;
    let somebody = rich_customer(&asker, 2).await;
    let (refund, reference) = (id(), "REF-0001");
    let ask = json!({"amount": 8_000, "provider": "airtel", "refund_id": refund});
    asker.post(customer(somebody), "/api/v1/refunds", ask).await.expect(201);
    let told = json!({"refund_id": refund, "provider": "airtel", "reference": reference});
    asker.command(PAYMENTS, "RecordRefundSubmitted", told).await.expect(201);
    let paid = json!({"refund_id": refund, "provider_reference": "PG-1"});
    asker.command(PAYMENTS, "RefundConfirmed", paid).await.expect(201);
    let hour = chrono::TimeDelta::hours(1);
    let span = |path: &str| {
        let now = SystemClock.now();
        let text = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
        format!("{path}?from={}&until={}", text(now - hour), text(now + hour))
    };
    // Nothing but the header: the deposit and the refund are both missing at the provider.
    let empty = upload(&asker, FINANCE, &span(PATH), HEADER).await.expect(201).json();
    assert_eq!(causes(&empty), ["missing_at_provider", "missing_at_provider"], "{empty}");
    let of_refund = empty["breaks"].as_array().unwrap().iter().any(|one| one["refund_id"] == json!(refund));
    assert!(of_refund, "{empty}");
    let with_refund = format!("{HEADER}{}", line("PG-1", reference, "disbursement", 8_000, "success"));
    let matched = upload(&asker, FINANCE, &span(PATH), &with_refund).await.expect(201).json();
    assert_eq!(
        (&matched["matched"], causes(&matched)),
        (&json!(1), vec!["missing_at_provider"]),
        "{matched}"
    );
    // What stands in one statement is not missing in another.
    let later = format!("{HEADER}{}", line("X-1", "x", "collection", 1, "failure"));
    let later = upload(&asker, FINANCE, &span(PATH), &later).await.expect(201).json();
    assert_eq!(causes(&later), ["missing_at_provider"], "{later}");
    assert_eq!(later["breaks"][0]["refund_id"], Value::Null);
}

#[actix_web::test]
async fn a_bad_line_is_named_and_nothing_is_kept() {
    let place = Place::new().await;
    let api = place.api().await;
    let asker = place.site(&api).await;
    let bad = format!(
        "{HEADER}{}{}",
        line("A", "b", "collection", 5, "success"),
        line("C", "d", "collection", 5, "perhaps")
    );
    let refused = upload(&asker, FINANCE, PATH, &bad).await.expect(400);
    assert_eq!((&refused.json()["line"], refused.code().as_str()), (&json!(3), "malformed"));
    upload(&asker, FINANCE, PATH, HEADER).await.expect(400);
    upload(&asker, (Role::Analyst, id()), PATH, HEADER).await.expect(403);
    let named = "id;what;who;sum;end;at\nA;fee;Tigo;70;paid;2026-01-15 11:00:30\n";
    let query =
        "?transaction_id=id&type=what&provider=who&amount=sum&status=end&completed_at=at&delimiter=%3B";
    let read = upload(&asker, FINANCE, &format!("{PATH}{query}"), named).await.expect(201).json();
    assert_eq!(read["matched"], json!(1), "{read}");
    let unknown = upload(&asker, FINANCE, &format!("{PATH}?colour=red"), named).await;
    assert_eq!(unknown.status, 400);
    let owner = connect(&place.owner_url).await;
    let kept: i64 = owner.query_one("SELECT count(*) FROM finance.statement", &[]).await.unwrap().get(0);
    assert_eq!(kept, 1);
}

#[actix_web::test]
async fn a_fee_whose_reference_was_booked_with_another_amount_is_a_break() {
    let place = Place::new().await;
    let api = place.api().await;
    let asker = place.site(&api).await;
    let first = format!("{HEADER}{}", line("F-9", "", "fee", 100, "success"));
    upload(&asker, FINANCE, PATH, &first).await.expect(201);
    let second = format!("{HEADER}{}", line("F-9", "", "fee", 150, "success"));
    let answer = upload(&asker, FINANCE, PATH, &second).await.expect(201).json();
    let one = &answer["breaks"][0];
    assert_eq!(
        (&one["cause"], &one["ledger_amount"], &one["statement_amount"]),
        (&json!("amount_differs"), &json!(100), &json!(150)),
        "{answer}"
    );
}

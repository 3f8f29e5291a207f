//! The provider's books: what was really charged and paid, whatever was told, and still there after a restart.

use reqwest::Method;
use sandbox::Settings;
use serde_json::json;

use crate::harness::{Place, start};
use crate::ledger::Ledger;
use crate::wallet::{DISBURSE, disbursement};

async fn statement(place: &Place, query: &str) -> (u16, Vec<String>) {
    let response = place.request(Method::GET, &format!("/payments/statement{query}")).send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.text().await.unwrap().lines().map(str::to_owned).collect())
}

/// Without its first column and its last, which nobody can foretell.
fn told(line: &str) -> String {
    let fields: Vec<&str> = line.split(',').collect();
    fields[1..fields.len() - 1].join(",")
}

#[tokio::test]
async fn the_books_say_what_was_charged_and_paid() {
    let place = Place::new().await;
    for outcome in ["success", "failure", "never", "wrong_amount", "wrong_payer", "lost_callback"] {
        let id = place.charged(outcome).await;
        assert_eq!(place.answered(&id, outcome).await.0, 200);
    }
    place.charged("open").await;
    assert_eq!(place.with_token(DISBURSE, &disbursement("refund")).await.0, 200);
    let fee = json!({"type": "fee", "provider": "mpesa", "amount": 600});
    assert_eq!(place.post("/payments/entries", &fee).await.0, 201);
    let (status, lines) = statement(&place, "").await;
    assert_eq!(status, 200);
    assert_eq!(lines[0], "transaction_id,external_reference,type,provider,msisdn,amount,status,completed_at");
    let told: Vec<String> = lines[1..].iter().map(|line| told(line)).collect();
    assert_eq!(
        told,
        [
            "success,collection,mpesa,255754000001,60000,success",
            "failure,collection,mpesa,255754000001,60000,failure",
            "wrong_amount,collection,mpesa,255754000001,60100,success",
            "wrong_payer,collection,mpesa,255754000002,60000,success",
            "lost_callback,collection,mpesa,255754000001,60000,success",
            "refund,disbursement,airtel,255688000001,5000,success",
            ",fee,mpesa,,600,success",
        ]
    );
    place.stop().await;
}

#[tokio::test]
async fn columns_have_the_names_that_are_wanted_and_time_is_cut() {
    let place = Place::new().await;
    let id = place.charged("a").await;
    place.answered(&id, "success").await;
    let (_, lines) = statement(&place, "?reference=Our%20ref&amount=Amount%2C%20TZS").await;
    assert_eq!(lines[0], "transaction_id,Our ref,type,provider,msisdn,\"Amount, TZS\",status,completed_at");
    let at = lines[1].rsplit(',').next().unwrap();
    assert!(at.ends_with('Z') && chrono::DateTime::parse_from_rfc3339(at).is_ok(), "{at}");
    for (query, count) in [
        ("?from=2020-01-01T00:00:00Z", 2),
        ("?to=2020-01-01T00:00:00Z", 1),
        ("?from=2020-01-01T00:00:00+03:00&to=2100-01-01T00:00:00Z", 2),
    ] {
        assert_eq!(statement(&place, query).await.1.len(), count, "{query}");
    }
    for wrong in ["?from=yesterday", "?colour=red"] {
        assert_eq!(statement(&place, wrong).await.0, 400, "{wrong}");
    }
    place.stop().await;
}

#[tokio::test]
async fn the_books_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut place = Place::with(Ledger::start(), Some(folder.path()), Settings::default()).await;
    let paid = place.charged("paid").await;
    place.answered(&paid, "success").await;
    let open = place.charged("open").await;
    assert_eq!(place.with_token(DISBURSE, &disbursement("refund")).await.0, 200);
    let before = statement(&place, "").await;
    let again = start(&place.ledger, None, Settings::default()).await;
    std::mem::replace(&mut place.sandbox, again).stop().await.unwrap();
    // A line that was being written when the machine went down.
    let books = folder.path().join("azampay.ndjson");
    let cut = std::fs::read_to_string(&books).unwrap() + "{\"prompt\":{\"transac";
    std::fs::write(&books, cut).unwrap();
    let again = start(&place.ledger, Some(folder.path()), Settings::default()).await;
    std::mem::replace(&mut place.sandbox, again).stop().await.unwrap();
    assert_eq!(statement(&place, "").await, before);
    assert_eq!(place.with_token(DISBURSE, &disbursement("refund")).await.0, 403);
    assert_eq!(place.answered(&open, "success").await.0, 200);
    place.stop().await;
}

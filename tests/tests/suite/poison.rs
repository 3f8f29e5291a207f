//! An event that no read model can apply: each stops alone and says so, and passes over it once the ledger says that it may,
//! of the books with a second person.

use std::time::Duration;

use ledger::{Position, migrate::ServiceRole};
use reqwest::Method;
use serde_json::{Value, json};
use tests::harness::{ADMIN, Client, FINANCE, Place, wait_until};

use crate::city::City;

const LIMIT: Duration = Duration::from_secs(60);

/// A city, an event that nobody can read, and life after it.
async fn poisoned(place: &Place) -> (City, Position, Position) {
    let mut city = City::found(place.ledger(), 3).await;
    city.day(30).await;
    city.flush().await;
    let bad = city.record_poison().await;
    city.day(40).await;
    let last = city.flush().await;
    (city, bad, last)
}

async fn tool(place: &Place, client: &Client, arguments: &[&str]) -> (bool, String) {
    let arguments = [&["--json", "projection"], arguments].concat();
    let spec = place.spec(&arguments, &place.database.url(ServiceRole::Projector));
    let spec = spec.env("CHAJIPOA_URL", client.base()).env("RUST_LOG", "error");
    let (status, said) = tokio::task::spawn_blocking(move || spec.run()).await.expect("it ends");
    (status.success(), said)
}

async fn skip(place: &Place, client: &Client, model: &str, position: &str) -> (bool, String) {
    let admin = ADMIN.1.to_string();
    let what = ["skip", model, "--position", position, "--reason", "damaged by hand", "--subject", &admin];
    tool(place, client, &what).await
}

/// How far a live read model came, and how it is.
async fn stands(place: &Place, model: &str) -> (i64, String) {
    let row = format!("SELECT position, status FROM ledger.projection WHERE live AND name = '{model}'");
    let row = place.database.owner().await.query_one(&row, &[]).await.expect("there");
    (row.get(0), row.get(1))
}

async fn goes_on(place: &Place, model: &str, last: Position) {
    wait_until("it goes on", LIMIT, async || stands(place, model).await.0 >= last.get()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_event_is_named_and_passed_over_only_as_the_ledger_says() {
    let place = Place::new().await;
    let (_city, bad, last) = poisoned(&place).await;
    let process = place.up().start().await;
    let client = place.client(&process);
    for model in ["rentals", "billing", "inventory", "cases"] {
        wait_until("it stops", LIMIT, async || {
            let health = client.ask(Method::GET, "/health", None, &[], None).await.json();
            health["projections"][model]["detail"]
                .as_str()
                .is_some_and(|detail| detail.contains("cannot be applied"))
        })
        .await;
        let health = client.ask(Method::GET, "/health", None, &[], None).await.json();
        let shown = &health["projections"][model];
        assert_eq!((&shown["ok"], &shown["position"]), (&json!(false), &json!(bad.get() - 1)), "{health}");
        let detail = shown["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(&format!("position {bad} (DeviceRegistered)")), "{detail}");
        let metrics = client.ask(Method::GET, "/metrics", None, &[], None).await.text;
        let line =
            format!("projection_stopped_before{{model=\"{model}\",position=\"{bad}\",reason=\"poison\"}} 1");
        assert!(metrics.contains(&line), "{line}");
    }

    let position = bad.to_string();
    let (done, said) = skip(&place, &client, "rentals", &last.to_string()).await;
    assert!(!done && said.contains(&format!("is stopped before {bad}")), "{said}");
    let (done, said) = skip(&place, &client, "rentals", &position).await;
    assert!(done, "{said}");
    goes_on(&place, "rentals", last).await;
    let metrics = client.ask(Method::GET, "/metrics", None, &[], None).await.text;
    assert!(!metrics.contains("projection_stopped_before{model=\"rentals\""), "it is over");
    assert_eq!(stands(&place, "billing").await, (bad.get() - 1, "stopped".to_owned()), "the others stand");

    two_persons(&place, &client, bad).await;
    goes_on(&place, "billing", last).await;
    rebuilt(&place, &client).await;
    let events =
        client.get(ADMIN, "/api/v1/ledger/events?type=ProjectionEventSkipped").await.expect(200).json();
    let skipped: Vec<&Value> =
        events["items"].as_array().expect("items").iter().map(|one| &one["data"]).collect();
    assert_eq!(skipped.len(), 2, "{events}");
    assert_eq!(skipped[1]["projection"], json!("billing"));
    assert_eq!(skipped[1]["approved_by"], json!(FINANCE.1));
    drop(process);
}

/// The books are passed over an event by nobody alone.
async fn two_persons(place: &Place, client: &Client, bad: Position) {
    let (done, said) = skip(place, client, "billing", &bad.to_string()).await;
    assert!(done, "{said}");
    let answer: Value = serde_json::from_str(said.trim()).unwrap_or_else(|_| panic!("{said}"));
    let approval = &answer["result"]["approval_id"];
    assert!(approval.is_string(), "{answer}");
    let approve = json!({"approval_id": approval});
    let alone = client.command(ADMIN, "ApproveAction", approve.clone()).await;
    assert_eq!(alone.status, 422, "{}", alone.text);
    assert_eq!(stands(place, "billing").await, (bad.get() - 1, "stopped".to_owned()));
    let _ = client.command(FINANCE, "ApproveAction", approve).await.expect(201);
}

/// What was passed over live is passed over in a rebuild.
async fn rebuilt(place: &Place, client: &Client) {
    for model in ["rentals", "billing"] {
        for what in ["rebuild", "diff", "promote"] {
            let (done, said) = tool(place, client, &[what, model]).await;
            assert!(done, "{what} {model}: {said}");
        }
    }
}

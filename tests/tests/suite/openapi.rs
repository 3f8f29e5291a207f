//! The published OpenAPI document is held against the running program: whatever is asked along the document, as anybody,
//! leads to no server error, no undocumented status, and no answer of another shape.
//!
//! Schemathesis makes the requests, from a fixed seed. Without it (no Python, no package index) the test is skipped
//! loudly, and with `CI=true` it fails.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::{Value, json};
use tests::harness::{ADMIN, Client, Place, Who, wait_until};

use crate::town::{Town, customer, rich_customer, station};

/// Two busy cores, a debug build.
const LIMIT: Duration = Duration::from_secs(60);
/// How the script says that the tool cannot be had.
const NO_TOOL: Option<i32> = Some(3);

fn script(arguments: &[&str], known: &Value) -> Output {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../scripts/schemathesis.sh");
    let mut command = Command::new(script);
    command.args(arguments).env("CHAJIPOA_KNOWN", known.to_string());
    command.output().expect("the script can be run")
}

/// Whether the tool is there. With `CI=true` a test that cannot run has failed.
fn is_there() -> bool {
    let fetched = script(&["fetch"], &json!({}));
    if fetched.status.success() {
        return true;
    }
    let said = String::from_utf8_lossy(&fetched.stderr).into_owned();
    assert_eq!(fetched.status.code(), NO_TOOL, "{said}");
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI=true and no Schemathesis: {said}");
    eprintln!("SKIPPED: no Schemathesis\n{said}");
    false
}

/// Things of every kind, by the names of their ids.
async fn things(client: &Client) -> (Town, Value) {
    let town = Town::found(client, "instant", 4, json!({})).await;
    let asha = rich_customer(client).await;
    let began = town.began(client, asha, 1, 50).await.expect(201);
    let back = town.takes_back(client, &town.banks[0], 11).await.expect(201);
    let initiate = json!({"purpose": "deposit", "amount": 5_000, "provider": "mpesa"});
    let payment = client.post(customer(asha), "/api/v1/payments/initiate", initiate).await.expect(202);
    let open = client.command(ADMIN, "StartRental", town.start(asha, 2)).await.expect(201);
    let position = open.position().expect("a position");
    let _ = client.get_at(customer(asha), "/api/v1/rentals/active", position).await.expect(200);
    let known = json!({
        "station_id": town.station, "device_id": town.banks[2].id, "serial": town.banks[2].serial,
        "customer_id": asha, "rental_id": began.at("/result/rental_id"), "payment_id": payment.at("/payment_id"),
        "command_id": back.at("/command_id"), "tariff_id": town.tariff, "position": position,
        "as_of": format!("position:{position}"), "near": "-6.8,39.27", "feed": "station_status",
    });
    (town, known)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_answered_is_what_is_documented() {
    if !is_there() {
        return;
    }
    let place = Place::new().await;
    let process = place.up().env("CHAJIPOA_RATE_ADDRESS", "1000000/1000000").start().await;
    wait_until("the demo city stands", LIMIT, async || process.log().contains("ChajiPoa is ready")).await;
    let client = place.client(&process);
    let (town, known) = things(&client).await;
    let asha: uuid::Uuid = serde_json::from_value(known["customer_id"].clone()).expect("an id");
    let speakers: [Option<Who>; 4] = [None, Some(customer(asha)), Some(station(town.station)), Some(ADMIN)];
    for speaker in speakers {
        let token = speaker.map(|who| client.token(who));
        let url = process.url();
        let mut arguments = vec!["run", &url];
        arguments.extend(token.as_deref());
        let found = script(&arguments, &known);
        let said = String::from_utf8_lossy(&found.stdout);
        let failed = String::from_utf8_lossy(&found.stderr);
        assert!(found.status.success(), "as {speaker:?}:\n{said}\n{failed}");
    }
    drop(process);
}

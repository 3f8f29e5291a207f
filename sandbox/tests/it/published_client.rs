//! Somebody else's client works with the sandbox: a published Python package for AzamPay collects, asks, pays out, is
//! refused, and finds callbacks and bills signed as it expects. So the sandbox is faithful to more than our own client.
//!
//! Without the package (no Python, no package index) the tests are skipped loudly, and with `CI=true` they fail.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::harness::Place;
use crate::wallet::PHONE;

/// How the script says that the package cannot be had.
const NO_PACKAGE: Option<i32> = Some(3);

fn script() -> Command {
    Command::new(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../scripts/azampay.sh"))
}

/// Whether the package is there. With `CI=true` a test that cannot run has failed.
async fn is_there() -> bool {
    let fetched = script().arg("fetch").output().await.unwrap();
    if fetched.status.success() {
        return true;
    }
    let said = String::from_utf8_lossy(&fetched.stderr).into_owned();
    assert_eq!(fetched.status.code(), NO_PACKAGE, "{said}");
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI=true and no client for AzamPay: {said}");
    eprintln!("SKIPPED: no client for AzamPay\n{said}");
    false
}

/// What the client found.
async fn found(what: &str, argument: &str, input: &str) -> Value {
    let piped = (Stdio::piped(), Stdio::piped(), Stdio::piped());
    let mut command = script();
    command.args([what, argument]).stdin(piped.0).stdout(piped.1).stderr(piped.2).kill_on_drop(true);
    let mut client = command.spawn().unwrap();
    // One that wants no input may have closed it.
    let _ = client.stdin.take().unwrap().write_all(input.as_bytes()).await;
    let output = client.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn a_published_client_collects_asks_and_pays_out() {
    if !is_there().await {
        return;
    }
    let place = Place::new().await;
    place
        .set(json!({"payments": {"default_outcome": "success", "client_secret": "secret", "delay_ms": 0}}))
        .await;
    let found = found("drive", &place.sandbox.url(), "").await;
    assert_eq!(
        (&found["collected"]["success"], &found["paid"]["success"]),
        (&json!(true), &json!(true)),
        "{found}"
    );
    for status in ["collected_status", "paid_status", "paid_status_by_ours"] {
        assert_eq!(found[status]["data"], "success", "{found}");
    }
    for (what, class, status) in [
        ("not_found", "AzamPayError", 200),
        ("stranger", "AzamPayError", 423),
        ("bad_token", "AuthenticationError", 401),
        ("no_vendor", "AzamPayError", 200),
        ("bad_amount", "ValidationError", 400),
        ("duplicate", "ForbiddenError", 403),
        ("bad_bank", "ValidationError", 400),
        ("no_path", "NotFoundError", 404),
    ] {
        assert_eq!((&found[what][0], &found[what][1]), (&json!(class), &json!(status)), "{what}: {found}");
    }
    let prompts = place.get("/payments/prompts?msisdn=255688000001").await.1;
    assert_eq!(prompts["items"].as_array().unwrap().len(), 1);
    assert_eq!(prompts["items"][0]["external_id"], "python-1");
    let paid = place.get("/payments/disbursements?msisdn=255688000001").await.1;
    assert_eq!((&paid["items"][0]["amount"], paid["items"].as_array().unwrap().len()), (&json!(3_000), 1));
    place.stop().await;
}

#[tokio::test]
async fn a_published_client_finds_callbacks_and_bills_signed() {
    if !is_there().await {
        return;
    }
    let place = Place::new().await;
    place.set(json!({"payments": {"default_outcome": "success", "signed": true, "delay_ms": 0}})).await;
    place.charged("python").await;
    let callback = place.calls(1).await.remove(0).body;
    let checked = found("callback", &place.sandbox.url(), &callback).await;
    assert_eq!(checked, json!({"good": true, "altered": false}));
    let bill = json!({"msisdn": PHONE, "bill": "Ünï", "amount": 20_000, "provider": "mpesa"});
    assert_eq!(place.post("/bill-pay", &bill).await.0, 200);
    let asked = place.calls(2).await.remove(1).body;
    assert_eq!(found("bill", "bill secret", &asked).await, json!({"good": true, "other": false}));
    place.stop().await;
}

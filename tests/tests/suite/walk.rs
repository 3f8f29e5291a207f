//! The walk of README.md, line by line, as a newcomer pastes it.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use tests::harness::binary;

use crate::journey::Up;

/// What the README calls the gateway.
const GATEWAY: &str = "http://127.0.0.1:8080";
/// And the sandbox.
const SANDBOX: &str = "http://127.0.0.1:8083";
/// Seconds after which a line that waits for what never comes has failed.
const PATIENCE: &str = "180";
/// Stands between the outputs of two lines.
const NEXT: char = '\u{1e}';

/// The lines of the block of the README that begins with the gateway's address.
fn walk() -> Vec<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let block = readme.split("```").find(|block| block.starts_with(&format!("sh\napi={GATEWAY}"))).unwrap();
    let lines = block.lines().skip(1).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(ToOwned::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_walk_of_the_readme_ends_with_a_statement_and_even_books() {
    let up = Up::with_reactor().await;
    let checkout = tempfile::tempdir().unwrap();
    std::fs::create_dir(checkout.path().join("bin")).unwrap();
    symlink(binary(), checkout.path().join("bin/chajipoa")).unwrap();
    let lines = walk();
    let mut script = String::from("set -uo pipefail\n");
    for line in &lines {
        script.push_str(&line.replace(GATEWAY, up.client.base()).replace(SANDBOX, &up.sandbox()));
        script.push_str("\nprintf '\\036'\n");
    }
    let (data, keys) = (up.place.data(), up.place.keys());
    let run = move || {
        Command::new("timeout")
            .args([PATIENCE, "bash", "-c", &script])
            .current_dir(checkout.path())
            .env("CHAJIPOA_DATA_DIR", data)
            .env("CHAJIPOA_KEYS", keys)
            .output()
            .unwrap()
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(complained, "", "nothing complains:\n{said}");
    assert!(output.status.success(), "{said}");
    let answers: BTreeMap<&str, &str> =
        lines.iter().map(String::as_str).zip(said.split(NEXT).map(str::trim)).collect();
    let answer = |part: &str| {
        let found: Vec<&str> =
            answers.iter().filter(|(line, _)| line.contains(part)).map(|(_, answer)| *answer).collect();
        assert_eq!(found.len(), 1, "one line of the walk has {part}");
        found[0].to_owned()
    };
    let values = |text: &str| -> Vec<Value> {
        serde_json::Deserializer::from_str(text).into_iter().map(Result::unwrap).collect()
    };

    assert_eq!(answer("0712 345 678"), "malformed");
    assert_eq!(values(&answer("users/profile"))[0]["phone"], "+255712345678");
    assert_eq!(
        values(&answer("rentals/$rental/end\" \"{\\\"station_id\\\":\\\"$kariakoo"))[0]["total"],
        1_000
    );
    assert_eq!(answer("rentals/$rental/end\" \"{\\\"station_id\\\":\\\"$slipway"), "\"device_not_docked\"");
    assert_eq!(values(&answer("rentals/start"))[0]["status"], "releasing");
    let heard = answer("auth/logout");
    for told in ["\"releasing\"", "\"active\"", "event: ended", "session_ended"] {
        assert!(heard.contains(told), "{told} in {heard}");
    }
    let statement = values(&answer("users/statement"));
    let amounts: Vec<_> = statement.iter().map(|line| line["amount"].as_i64().unwrap()).collect();
    assert_eq!(amounts.first().copied(), Some(20_000));
    assert!(amounts.contains(&-1_000) && amounts.contains(&-19_000), "{amounts:?}");
    assert_eq!(values(&answer("users/balance"))[0]["balance"], 0);
    assert_eq!(values(&answer("refunds/$refund"))[0]["status"], "paid");
    assert!(answer("grep -i risiti").contains("TZS"), "the receipt is on her phone");
    assert!(answer("sms | grep 19,000").contains("19,000"));
    let held = &values(&answer("finance/statements"))[0];
    assert_eq!((&held["matched"], &held["breaks"]), (&json!(2), &json!([])));
    let agrees = &values(&answer("finance/reconciliation"))[0];
    assert_eq!((&agrees["agrees"], &agrees["difference_count"]), (&json!(true), &json!(0)));
    assert_eq!(values(&answer("users/rentals")).len(), 2);
    let books = values(&answer("finance/trial-balance | jq")[..]);
    assert_eq!(books[0]["total_debit"], books[0]["total_credit"]);
    assert_eq!(books[0]["total_debit"], 1_000, "{books:?}");
    let earlier = values(&answer("trial-balance?as_of=position:"));
    assert_eq!(earlier[0]["total_debit"], earlier[0]["total_credit"]);
}

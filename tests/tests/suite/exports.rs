//! `chajipoa ledger export`: what the tool writes into files, and what it says of them.

use std::path::Path;

use ledger::migrate::ServiceRole;
use serde_json::{Value, json};
use tests::harness::{Place, wait_until};

use crate::journey::Up;
use crate::simulate::simulate;

/// Runs the tool with the login of query-api; whether it succeeded, its exit code, and what it said.
async fn export(place: &Place, arguments: &[&str]) -> (Option<i32>, String) {
    let all = [&["ledger", "export"], arguments].concat();
    let spec = place.spec(&all, &place.database.url(ServiceRole::Query));
    let (status, said) = tokio::task::spawn_blocking(move || spec.run()).await.unwrap();
    (status.code(), said)
}

fn lines(path: &Path) -> Vec<String> {
    std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tool_writes_events_and_models_whole_or_not_at_all() {
    let up = Up::with_reactor().await;
    let _ = simulate(&up, 20, 5).await;
    let last = up.place.last().await;
    let reached = async || up.place.projected().await.iter().all(|position| *position >= last);
    wait_until("the read models reach the end", std::time::Duration::from_secs(60), reached).await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);

    let file = path("events.ndjson");
    let out = file.to_str().unwrap();
    let some = ["--format", "ndjson", "--from", "3", "--to", "12", "--out", out, "--json"];
    let (code, said) = export(&up.place, &some).await;
    assert_eq!(code, Some(0), "{said}");
    let manifest: Value = serde_json::from_str(said.trim()).unwrap();
    assert_eq!((&manifest["rows"], &manifest["position"]), (&json!(10), &json!(12)));
    let events: Vec<Value> = lines(&file).iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let positions: Vec<i64> = events.iter().filter_map(|event| event["position"].as_i64()).collect();
    assert_eq!(positions, (3..=12).collect::<Vec<_>>());

    let file = path("journal.csv");
    let (code, said) =
        export(&up.place, &["--model", "journal", "--out", file.to_str().unwrap(), "--json"]).await;
    assert_eq!(code, Some(0), "{said}");
    let manifest: Value = serde_json::from_str(said.trim()).unwrap();
    let sql = "SELECT count(*) FROM read_model.journal WHERE position <= $1";
    let client = up.place.database.client(ServiceRole::Query).await;
    let counted: i64 =
        client.query_one(sql, &[&manifest["position"].as_i64().unwrap()]).await.unwrap().get(0);
    assert_eq!(manifest["rows"], json!(counted));
    assert_eq!(i64::try_from(lines(&file).len()).unwrap(), counted + 1, "and a line of names");

    let missing = path("none").join("x.parquet");
    let (code, said) = export(&up.place, &["--format", "parquet", "--out", missing.to_str().unwrap()]).await;
    assert_eq!(code, Some(1), "{said}");
    for misuse in [
        &["--model", "nothing"][..],
        &["--format", "xml"],
        &["--from", "9", "--to", "3"],
        &["--model", "journal", "--from", "3"],
    ] {
        let (code, said) = export(&up.place, misuse).await;
        assert_eq!(code, Some(2), "{misuse:?}: {said}");
    }
    let ahead = path("ahead.csv");
    let beyond = ["--model", "rental", "--to", "100000000", "--out", ahead.to_str().unwrap()];
    let (code, said) = export(&up.place, &beyond).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("not there yet"), "{said}");
    let left: Vec<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".part") || name.starts_with("ahead"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

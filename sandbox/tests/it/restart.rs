//! What survives a restart of the sandbox.

use std::os::unix::fs::PermissionsExt as _;

use sandbox::{CabinetToRegister, Settings, SlotToRegister, register};
use serde_json::json;
use uuid::Uuid;

use crate::harness::{Place, STATION, wait_until};
use crate::ledger::{Ledger, SECRET};

const ATTEMPT: Uuid = Uuid::from_u128(0x0191_0000_0000_7000_8000_0000_0000_0007);

#[tokio::test]
async fn cabinets_with_their_secrets_banks_attempts_and_unsent_commands_survive() {
    let folder = tempfile::tempdir().unwrap();
    let place =
        Place::with(Ledger::start(), Some(folder.path()), Settings::default()).await.connected().await;
    place.ledger.release(7, ATTEMPT, 1);
    let confirmed = place.commands(1).await;
    wait_until("the answer is settled", async || place.cabinet().await["waiting"] == 0).await;
    place.misbehave("offline", 600).await;
    assert_eq!(place.act("insert", json!({"serial": "CP-9", "slot": 3, "battery_percent": 5})).await.0, 200);
    let Place { ledger, sandbox, .. } = place;
    sandbox.stop().await.unwrap();
    let mode = std::fs::metadata(folder.path().join("sandbox.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let place = Place::with(ledger, Some(folder.path()), Settings::default()).await;
    let commands = place.commands(2).await;
    assert_eq!(
        (&commands[1]["type"], &commands[1]["data"]["serial"]),
        (&json!("DeviceReturned"), &json!("CP-9"))
    );
    assert_eq!(place.serials().await, [json!(null), json!("CP-2"), json!("CP-9"), json!(null)]);
    wait_until("it listens again", async || place.ledger.state().opened.len() == 2).await;
    place.ledger.release(7, ATTEMPT, 1);
    assert_eq!(place.commands(3).await[2], confirmed[0]);
    place.stop().await;
}

#[tokio::test]
async fn a_file_that_is_none_of_ours_stops_the_start_and_is_left_alone() {
    for name in ["sandbox.json", "azampay.ndjson"] {
        refused(name).await;
    }
}

async fn refused(name: &str) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), "{}\n").unwrap();
    let ledger = Ledger::start();
    let options = sandbox::Options {
        bind: "127.0.0.1:0".to_owned(),
        directory: Some(folder.path().to_owned()),
        gateway: ledger.url.clone(),
        callback: Some(format!("{}/callback", ledger.url)),
        delivery: Some(format!("{}/delivery", ledger.url)),
        bill_secret: Some("bill secret".to_owned()),
        clock: std::sync::Arc::new(edge::SystemClock),
        settings: Settings::default(),
    };
    let error = sandbox::Sandbox::start(options).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    assert_eq!(std::fs::read_to_string(folder.path().join(name)).unwrap(), "{}\n");
    ledger.stop().await;
}

#[tokio::test]
async fn a_seed_registers_cabinets_and_may_do_so_again() {
    let place = Place::new().await;
    let mut cabinet = CabinetToRegister {
        station_id: STATION,
        secret: "old".to_owned(),
        gateway: None,
        slots: vec![SlotToRegister { slot: 1, serial: Some("CP-1".to_owned()), battery_percent: Some(70) }],
    };
    register(&place.sandbox.url(), std::slice::from_ref(&cabinet)).await.unwrap();
    SECRET.clone_into(&mut cabinet.secret);
    register(&place.sandbox.url(), std::slice::from_ref(&cabinet)).await.unwrap();
    wait_until("it is connected", async || place.cabinet().await["connection"] == "connected").await;

    cabinet.station_id = Uuid::from_u128(2);
    let error = register(&place.sandbox.url(), &[cabinet]).await.unwrap_err();
    assert!(error.to_string().contains("409"), "the bank stands elsewhere: {error}");
    place.stop().await;
}

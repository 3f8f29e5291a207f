//! The ledger against what was published of it: a restored one is refused, by the sealer and by whoever else asks.

use std::fs;

use sealer::{Mismatch, Places, SealerError, compare};

use crate::harness::{Stage, until};

/// A database like this one at this moment: what a backup would bring back.
async fn backup(stage: &Stage) -> String {
    let (cluster, name) = stage.owner_url.rsplit_once('/').unwrap();
    let kept = format!("{name}_kept");
    let admin = crate::database::connect(&format!("{cluster}/postgres")).await;
    let cut = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    until("it can be copied", async || {
        admin.query(&cut, &[]).await.unwrap();
        admin.batch_execute(&format!("CREATE DATABASE {kept} TEMPLATE {name}")).await.is_ok()
    })
    .await;
    kept
}

/// Puts the copy in the ledger's place.
async fn restore(stage: &Stage, kept: &str) {
    let (cluster, name) = stage.owner_url.rsplit_once('/').unwrap();
    let admin = crate::database::connect(&format!("{cluster}/postgres")).await;
    admin.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
    admin.batch_execute(&format!("ALTER DATABASE {kept} RENAME TO {name}")).await.unwrap();
    // Connections of the one that is gone are noticed and left.
    until("the ledger answers", async || stage.ledger.last_position().await.is_ok()).await;
}

async fn mismatch(stage: &Stage) -> Mismatch {
    let refused = stage.start().refusal().await;
    let SealerError::Mismatch(mismatch) = refused else { panic!("{refused}") };
    let asked = compare(&stage.ledger, &stage.keys(), &stage.places).await.unwrap_err();
    assert_eq!(asked.to_string(), mismatch.to_string(), "command-api says the same");
    mismatch
}

async fn sealed(stage: &Stage, count: usize) -> u64 {
    let sealer = stage.start();
    let last = stage.fill(count).await;
    sealer.reaches(last).await;
    sealer.stop().await;
    last
}

#[tokio::test]
async fn a_ledger_that_was_restored_to_an_earlier_moment_is_refused() {
    let stage = Stage::new().await;
    sealed(&stage, 300).await;
    let kept = backup(&stage).await;
    sealed(&stage, 50).await;
    restore(&stage, &kept).await;
    let refused = mismatch(&stage).await;
    assert!(matches!(refused, Mismatch::Behind { size: 350, sealed: 300, .. }), "{refused}");
    assert!(refused.to_string().contains("chajipoa ledger fork --reason"), "{refused}");
}

#[tokio::test]
async fn a_ledger_that_was_restored_and_went_on_is_refused() {
    let stage = Stage::new().await;
    sealed(&stage, 300).await;
    let kept = backup(&stage).await;
    sealed(&stage, 50).await;
    restore(&stage, &kept).await;
    // Somebody moved the published checkpoints away, let the sealer work, and brought them back.
    let (folder, away) = (stage.places.folder.path().to_owned(), stage.files.path().join("away"));
    fs::rename(&folder, &away).unwrap();
    sealed(&stage, 50).await;
    fs::remove_dir_all(&folder).unwrap();
    fs::rename(&away, &folder).unwrap();
    let refused = mismatch(&stage).await;
    assert!(matches!(refused, Mismatch::OtherRoot { size: 350, .. }), "{refused}");
}

#[tokio::test]
async fn a_place_of_another_ledger_or_of_something_else_is_refused() {
    let (stage, other) = (Stage::new().await, Stage::new().await);
    sealed(&stage, 3).await;
    sealed(&other, 3).await;
    let elsewhere = Places::new(other.places.folder.path(), None);
    let refused = compare(&stage.ledger, &stage.keys(), &elsewhere).await.unwrap_err();
    assert!(matches!(refused, SealerError::Mismatch(Mismatch::Signature { .. })), "{refused}");
    let refused = compare(&stage.ledger, &other.keys(), &elsewhere).await.unwrap_err();
    assert!(matches!(refused, SealerError::Mismatch(Mismatch::OtherLedger { .. })), "{refused}");
    fs::write(stage.places.folder.latest(), "something else").unwrap();
    assert!(matches!(mismatch(&stage).await, Mismatch::Foreign { .. }));
}

#[tokio::test]
async fn a_folder_that_is_empty_says_nothing_and_is_filled_again() {
    let stage = Stage::new().await;
    sealed(&stage, 300).await;
    fs::remove_dir_all(stage.places.folder.path()).unwrap();
    compare(&stage.ledger, &stage.keys(), &stage.places).await.unwrap();
    let sealer = stage.start();
    until("the last one is published again", async || stage.places.folder.latest().exists()).await;
    sealer.stop().await;
}

#[tokio::test]
async fn the_topic_holds_what_was_sealed_and_a_restored_ledger_is_known_by_it() {
    let Ok(brokers) = std::env::var("CHAJIPOA_TEST_KAFKA") else {
        assert!(std::env::var("CI").is_err(), "CHAJIPOA_TEST_KAFKA is not set: run `make test`");
        eprintln!("SKIPPED: CHAJIPOA_TEST_KAFKA is not set");
        return;
    };
    let mut stage = Stage::new().await;
    stage.places.brokers = Some(brokers.clone());
    stage.places.topic = format!("checkpoints-it-{}", stage.owner_url.rsplit('/').next().unwrap());
    sealed(&stage, 300).await;
    let kept = backup(&stage).await;
    let sealer = stage.start();
    let last = stage.fill(50).await;
    sealer.reaches(last).await;
    let note = stage.places.folder.read_latest().unwrap().unwrap();
    until("it is in Kafka", async || {
        let value = relay::last_value(&brokers, &stage.places.topic).await.ok().flatten();
        value.as_deref() == Some(note.as_bytes())
    })
    .await;
    sealer.stop().await;
    stage.assert_sound().await;
    restore(&stage, &kept).await;
    fs::remove_dir_all(stage.places.folder.path()).unwrap();
    let refused = mismatch(&stage).await;
    assert!(
        matches!(&refused, Mismatch::Behind { size: 350, place, .. } if place.contains("topic")),
        "{refused}"
    );
}

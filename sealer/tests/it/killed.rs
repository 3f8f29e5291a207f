//! Sealers that end at the worst moments, and several at once.

use std::time::Duration;

use sealer::{SealerError, Step};

use crate::harness::{Running, Stage, until};

/// Seals something, goes on to the step and ends there, and says how many tiles and checkpoints stand then.
async fn halted(stage: &Stage, step: Step) -> (i64, i64) {
    let sealer = stage.start();
    let last = stage.fill(300).await;
    sealer.reaches(last).await;
    sealer.stop().await;
    stage.fill(500).await;
    let mut config = stage.config();
    config.halt_before = Some(step);
    let refused = Running::start(config).refusal().await;
    assert!(matches!(refused, SealerError::Halted), "{refused}");
    let count = "SELECT (SELECT count(*) FROM ledger.tile), (SELECT max(size) FROM ledger.signed_checkpoint)";
    let row = stage.owner().await.query_one(count, &[]).await.unwrap();
    (row.get(0), row.get(1))
}

async fn goes_on(stage: &Stage) {
    let last = stage.fill(1).await;
    let sealer = stage.start();
    sealer.reaches(last).await;
    sealer.stop().await;
    stage.assert_sound().await;
}

#[tokio::test]
async fn i11_killed_before_the_tiles_are_stored() {
    let stage = Stage::new().await;
    assert_eq!(halted(&stage, Step::Tiles).await, (1, 300));
    goes_on(&stage).await;
}

#[tokio::test]
async fn i11_killed_between_the_tiles_and_the_checkpoint() {
    let stage = Stage::new().await;
    assert_eq!(halted(&stage, Step::Checkpoint).await, (3, 300));
    goes_on(&stage).await;
}

#[tokio::test]
async fn i11_killed_between_storing_and_publishing() {
    let stage = Stage::new().await;
    assert_eq!(halted(&stage, Step::Publish).await, (3, 800));
    assert!(!stage.places.folder.file_of(1, 800).exists(), "not published yet");
    let sealer = stage.start();
    until("it is published", async || stage.places.folder.file_of(1, 800).exists()).await;
    sealer.stop().await;
    stage.assert_sound().await;
    goes_on(&stage).await;
}

#[tokio::test]
async fn i11_killed_at_any_moment_of_a_busy_ledger() {
    let stage = Stage::new().await;
    for round in 0..25 {
        let sealer = stage.start();
        let before = sealer.status.snapshot().position;
        stage.fill(97 + round).await;
        until("it works", async || sealer.status.snapshot().position > before).await;
        stage.fill(31).await;
        sealer.abort().await;
    }
    goes_on(&stage).await;
}

#[tokio::test]
async fn one_of_two_sealers_is_active_and_the_other_takes_over() {
    let stage = Stage::new().await;
    let sealers = [stage.start(), stage.start()];
    let active = || sealers.iter().filter(|sealer| sealer.status.snapshot().active).count();
    until("one is active", async || active() == 1).await;
    let mut last = 0;
    for _ in 0..10 {
        last = stage.fill(211).await;
        assert!(active() <= 1, "never two");
    }
    let [first, second] = sealers;
    let (ends, stays) = if first.status.snapshot().active { (first, second) } else { (second, first) };
    ends.reaches(last).await;
    ends.abort().await;
    let last = stage.fill(300).await;
    stays.reaches(last).await;
    stays.stop().await;
    stage.assert_sound().await;
}

#[tokio::test]
async fn a_sealer_whose_connection_is_cut_goes_on() {
    let stage = Stage::new().await;
    let sealer = stage.start();
    let last = stage.fill(300).await;
    sealer.reaches(last).await;
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'chajipoa sealer' \
               AND datname = current_database()";
    stage.owner().await.query(cut, &[]).await.unwrap();
    let last = stage.fill(300).await;
    sealer.reaches(last).await;
    assert!(sealer.status.snapshot().failures >= 1);
    sealer.stop().await;
    stage.assert_sound().await;
}

#[tokio::test]
async fn a_rotated_key_signs_the_next_checkpoint_and_the_former_ones_stay_verifiable() {
    let stage = Stage::new().await;
    let sealer = stage.start();
    let last = stage.fill(10).await;
    sealer.reaches(last).await;
    ledger::tree::CheckpointKeys::rotate(&stage.files.path().join("keys")).unwrap();
    let last = stage.fill(10).await;
    sealer.reaches(last).await;
    sealer.stop().await;
    stage.assert_sound().await; // verifies each with the keys of now
    assert!(stage.checkpoints().await.len() >= 2);
    let patience = Duration::from_secs(5);
    let sealer = tokio::time::timeout(patience, async { stage.start() }).await.unwrap();
    let last = stage.fill(1).await;
    sealer.reaches(last).await;
    sealer.stop().await;
}

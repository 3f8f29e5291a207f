//! A sealer refuses to sign over what was altered since its last checkpoint.

use sealer::SealerError;

use crate::harness::Stage;

/// Seals 700 events, does this as the database's owner with every trigger off, and asks the next sealer.
async fn after(tampering: &str) -> SealerError {
    let stage = Stage::new().await;
    let sealer = stage.start();
    let last = stage.fill(700).await;
    sealer.reaches(last).await;
    sealer.stop().await;
    let quiet = "DO $$ DECLARE t record; BEGIN FOR t IN SELECT c.oid::regclass AS name FROM pg_class c \
                 JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'ledger' AND c.relkind IN ('r', 'p') \
                 LOOP EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', t.name); END LOOP; END $$";
    let owner = stage.owner().await;
    owner.batch_execute(quiet).await.unwrap();
    owner.batch_execute(tampering).await.unwrap();
    let refused = stage.start().refusal().await;
    assert!(refused.to_string().contains("ledger"), "{refused}");
    refused
}

#[tokio::test]
async fn an_event_behind_the_tiles_that_was_altered_is_noticed() {
    let refused = after("UPDATE ledger.event SET actor = 'agent:2' WHERE position = 650").await;
    assert!(matches!(refused, SealerError::Altered { size: 700, .. }), "{refused}");
}

#[tokio::test]
async fn a_tile_that_was_altered_is_noticed() {
    let refused = after(
        "UPDATE ledger.tile SET hashes = overlay(hashes placing decode('00', 'hex') from 100 for 1) WHERE index = 1",
    )
    .await;
    assert!(matches!(refused, SealerError::Altered { size: 700, .. }), "{refused}");
}

#[tokio::test]
async fn a_tile_that_was_removed_is_noticed() {
    let refused = after("DELETE FROM ledger.tile WHERE index = 0").await;
    assert!(matches!(refused, SealerError::Altered { size: 700, .. }), "{refused}");
}

#[tokio::test]
async fn events_that_were_cut_off_are_noticed() {
    let refused = after("DELETE FROM ledger.event WHERE position > 690").await;
    assert!(matches!(refused, SealerError::Altered { size: 700, .. }), "{refused}");
}

#[tokio::test]
async fn a_checkpoint_whose_text_was_altered_is_noticed() {
    let refused =
        after("UPDATE ledger.signed_checkpoint SET note = replace(note, 'a', 'b') WHERE size = 700").await;
    assert!(matches!(refused, SealerError::Altered { size: 700, .. }), "{refused}");
}

#[tokio::test]
async fn a_checkpoint_whose_root_was_altered_is_noticed_by_what_was_published() {
    let zero = "UPDATE ledger.signed_checkpoint SET root = decode(repeat('00', 32), 'hex') WHERE size = 700";
    let refused = after(zero).await;
    assert!(
        matches!(refused, SealerError::Mismatch(sealer::Mismatch::OtherRoot { size: 700, .. })),
        "{refused}"
    );
}

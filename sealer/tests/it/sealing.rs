//! Sealing while events come, and the proofs that it leaves.

use std::time::{Duration, Instant};

use ledger::{
    LedgerError, Position, leaf,
    tree::{ProofError, ProveError, verify_consistency, verify_inclusion},
};

use crate::harness::{Stage, until};

#[tokio::test]
async fn i11_every_checkpoint_of_a_busy_ledger_follows_the_one_before() {
    let stage = Stage::new().await;
    let sealer = stage.start();
    let mut last = 0;
    for count in [1, 2, 253, 1, 256, 700, 1, 90, 1_500, 3] {
        last = stage.fill(count).await;
    }
    sealer.reaches(last).await;
    sealer.stop().await;
    stage.assert_sound().await;
    let checkpoints = stage.checkpoints().await;
    for pair in checkpoints.windows(2) {
        let (old, new) = (&pair[0], &pair[1]);
        let proof = stage.ledger.prove_consistency(1, old.size, new.size).await.unwrap();
        assert_eq!(verify_consistency(old.size, new.size, &proof, &old.root, &new.root), Ok(()));
    }
}

#[tokio::test]
async fn proofs_of_any_size_are_read_from_the_tables() {
    let stage = Stage::new().await;
    let sealer = stage.start();
    let last = stage.fill(1_300).await;
    sealer.reaches(last).await;
    let (roots, events) =
        (stage.roots().await, stage.ledger.read_after(Position::ZERO, 2_000).await.unwrap());
    for size in [1_u64, 2, 255, 256, 257, 511, 512, 513, 1_024, 1_299, 1_300] {
        let root = &roots[usize::try_from(size).unwrap()];
        assert_eq!(stage.ledger.tree_root(1, size).await.unwrap(), *root, "{size}");
        for position in [1, 2, size / 2 + 1, size] {
            let place = Position::new(i64::try_from(position).unwrap());
            let Ok(proof) = stage.ledger.prove_inclusion(1, place, size).await else {
                assert!(position > size, "{position} of {size}");
                continue;
            };
            let event = &events[usize::try_from(position - 1).unwrap()];
            assert_eq!(verify_inclusion(&leaf::hash(event), position - 1, size, &proof, root), Ok(()));
            let proof = stage.ledger.prove_consistency(1, position, size).await.unwrap();
            let old = &roots[usize::try_from(position).unwrap()];
            assert_eq!(verify_consistency(position, size, &proof, old, root), Ok(()), "{position} to {size}");
        }
    }
    for (position, size) in [(0, 10), (11, 10)] {
        let refused = stage.ledger.prove_inclusion(1, Position::new(position), size).await;
        assert!(matches!(refused, Err(ProveError::Proof(ProofError::NoSuchLeaf { .. }))), "{refused:?}");
    }
    sealer.stop().await;
}

#[tokio::test]
async fn a_checkpoint_is_at_most_a_second_or_a_thousand_events_behind() {
    let stage = Stage::new().await;
    let mut config = stage.config();
    config.every = sealer::SealerConfig::new("", "", stage.places.clone()).every; // the usual one
    let sealer = crate::harness::Running::start(config);
    until("it is active", async || sealer.status.snapshot().active).await;
    for _ in 0..4 {
        let last = stage.fill(1_200).await;
        let recorded = Instant::now();
        sealer.reaches(last - 1_000).await;
        assert!(recorded.elapsed() < Duration::from_secs(1), "{:?}", recorded.elapsed());
        let last = stage.fill(1).await;
        let recorded = Instant::now();
        sealer.reaches(last).await;
        assert!(recorded.elapsed() < Duration::from_secs(1), "{:?}", recorded.elapsed());
    }
    sealer.stop().await;
}

#[tokio::test]
async fn a_backlog_is_sealed_in_pieces() {
    let stage = Stage::new().await;
    let last = stage.fill(5_000).await;
    let sealer = stage.start(); // asks for a checkpoint every 20 ms
    sealer.reaches(last).await;
    sealer.stop().await;
    stage.assert_sound().await;
    let tiles: i64 =
        stage.owner().await.query_one("SELECT count(*) FROM ledger.tile", &[]).await.unwrap().get(0);
    assert_eq!(tiles, 5_000 / 256);
}

#[tokio::test]
async fn an_erasure_leaves_every_proof_valid() {
    let stage = Stage::new().await;
    let sealer = stage.start();
    let last = stage.fill(300).await;
    sealer.reaches(last).await;
    let before = stage.ledger.prove_inclusion(1, Position::new(7), last).await.unwrap();
    let persons: Vec<uuid::Uuid> = stage
        .ledger
        .read_after(Position::ZERO, 300)
        .await
        .unwrap()
        .iter()
        .flat_map(|event| event.streams.iter().map(|stream| stream.id))
        .collect();
    let mint = "SELECT ledger.mint_person_key(p, 1, '\\x00'::bytea) FROM unnest($1::uuid[]) AS p";
    stage.owner().await.query(mint, &[&persons]).await.unwrap();
    assert_eq!(stage.ledger.destroy_persons(&persons).await.unwrap(), 300, "every key was there and is gone");
    let more = stage.fill(300).await;
    sealer.reaches(more).await;
    assert_eq!(stage.ledger.prove_inclusion(1, Position::new(7), last).await.unwrap(), before);
    let proof = stage.ledger.prove_consistency(1, last, more).await.unwrap();
    let roots = stage.roots().await;
    let root = |size: u64| &roots[usize::try_from(size).unwrap()];
    assert_eq!(verify_consistency(last, more, &proof, root(last), root(more)), Ok(()));
    sealer.stop().await;
    stage.assert_sound().await;
}

#[tokio::test]
async fn no_second_checkpoint_of_a_size_and_none_behind_the_last_can_be_stored() {
    let stage = Stage::new().await;
    let sealer = stage.start();
    let last = stage.fill(10).await;
    sealer.reaches(last).await;
    sealer.stop().await;
    let owner = stage.owner().await;
    owner.batch_execute("SET ROLE chajipoa_relay").await.unwrap();
    let insert = |epoch: i32, size: i64| {
        format!(
            "INSERT INTO ledger.signed_checkpoint (epoch, size, root, note) \
             VALUES ({epoch}, {size}, decode(repeat('00', 32), 'hex'), 'x')"
        )
    };
    for (epoch, size, code) in [(1, 10, "23505"), (1, 9, "CJ007"), (1, 11, "CJ007"), (2, 10, "CJ007")] {
        let refused = LedgerError::from(owner.batch_execute(&insert(epoch, size)).await.unwrap_err());
        assert_eq!(refused.sqlstate(), Some(code), "epoch {epoch}, size {size}");
    }
}

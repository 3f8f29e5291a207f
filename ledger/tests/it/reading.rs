//! Loading streams with snapshots, and checkpoints.

use bytes::Bytes;
use ledger::{
    Checkpoint, CheckpointMismatch, LedgerError, LedgerIdentity, Position, Snapshot, StreamLoad,
    migrate::ServiceRole,
};
use uuid::Uuid;

use crate::harness::{Db, fill, id, recorded};

fn snapshot(stream: Uuid, fold_version: i16, version: i64) -> Snapshot {
    Snapshot { stream, fold_version, version, state: Bytes::from(format!("state {version}")) }
}

#[tokio::test]
async fn streams_come_with_their_snapshot_and_the_events_after_it() {
    let db = Db::new().await;
    let ledger = db.ledger();
    let (a, b, c) = (id(), id(), id());
    let commands =
        [recorded(&[(a, 0), (b, 0)]), recorded(&[(a, 1)]), recorded(&[(a, 2), (b, 1)]), recorded(&[(c, 0)])];
    ledger.append(&commands, Position::ZERO).await.unwrap();
    ledger.save_snapshots(&[snapshot(a, 1, 2), snapshot(b, 1, 2), snapshot(c, 9, 1)]).await.unwrap();
    let wanted = [a, b, c, id()].map(|stream| StreamLoad { stream, fold_version: 1 });
    let loaded = ledger.load(&wanted).await.unwrap();
    let shape: Vec<_> = loaded
        .iter()
        .map(|one| {
            let events: Vec<_> = one.events.iter().map(|event| event.position.get()).collect();
            (one.version, one.snapshot.clone(), events)
        })
        .collect();
    assert_eq!(shape[0], (3, Some(snapshot(a, 1, 2)), vec![3]));
    assert_eq!(shape[1], (2, Some(snapshot(b, 1, 2)), vec![]));
    assert_eq!(shape[2], (1, None, vec![4]), "a snapshot of another fold version does not count");
    assert_eq!(shape[3], (0, None, vec![]));
    assert_eq!(loaded.iter().map(|one| one.stream).collect::<Vec<_>>(), wanted.map(|one| one.stream));

    ledger.save_snapshots(&[snapshot(a, 1, 1)]).await.unwrap();
    let loaded = ledger.load(&wanted[..1]).await.unwrap();
    assert_eq!(loaded[0].snapshot, Some(snapshot(a, 1, 2)), "an older snapshot replaces nothing");
    let read = ledger.read_streams(&[(b, 1), (a, 0), (id(), 0)]).await.unwrap();
    let positions: Vec<Vec<i64>> =
        read.iter().map(|events| events.iter().map(|event| event.position.get()).collect()).collect();
    assert_eq!(positions, [vec![3], vec![1, 2, 3], vec![]]);
}

#[tokio::test]
async fn a_gap_in_the_ledger_stops_the_reader() {
    let db = Db::new().await;
    let ledger = db.ledger();
    fill(&ledger, 3).await;
    let owner = db.owner().await;
    owner
        .batch_execute(
            "ALTER TABLE ledger.event DISABLE TRIGGER append_only_statement; \
             ALTER TABLE ledger.event_0 DISABLE TRIGGER append_only_row; \
             DELETE FROM ledger.event WHERE position = 2",
        )
        .await
        .unwrap();
    let read = ledger.read_after(Position::ZERO, 10).await;
    let Err(LedgerError::Gap { expected, found }) = read else { panic!("{read:?}") };
    assert_eq!((expected.get(), found.get()), (2, 3));
}

#[tokio::test]
async fn a_checkpoint_that_does_not_fit_the_ledger_is_refused() {
    let db = Db::new().await;
    fill(&db.ledger(), 3).await;
    let ledger = ledger::Ledger::connect(&db.url(ServiceRole::Relay), 1).unwrap();
    let identity = ledger.identity().await.unwrap();
    let event_id = ledger.read_after(Position::new(1), 1).await.unwrap()[0].id;
    let good = Checkpoint { identity, position: Position::new(2), event_id: Some(event_id) };
    ledger.save_checkpoint("relay", &Checkpoint::start(identity)).await.unwrap();
    ledger.save_checkpoint("relay", &good).await.unwrap();
    assert_eq!(ledger.checkpoint("relay").await.unwrap(), Some(good));
    assert_eq!(ledger.checkpoint("other").await.unwrap(), None);
    ledger.verify_checkpoint(&good).await.unwrap();
    ledger.verify_checkpoint(&Checkpoint::start(identity)).await.unwrap();

    let refused = |checkpoint: Checkpoint| {
        let ledger = ledger.clone();
        async move {
            match ledger.verify_checkpoint(&checkpoint).await {
                Err(LedgerError::Checkpoint(mismatch)) => mismatch,
                other => panic!("{other:?}"),
            }
        }
    };
    let other = LedgerIdentity { epoch: 2, ..identity };
    assert!(matches!(
        refused(Checkpoint { identity: other, ..good }).await,
        CheckpointMismatch::OtherLedger { .. }
    ));
    assert!(matches!(
        refused(Checkpoint { position: Position::new(9), ..good }).await,
        CheckpointMismatch::Behind { .. }
    ));
    assert!(matches!(
        refused(Checkpoint { event_id: Some(id()), ..good }).await,
        CheckpointMismatch::OtherEvent { .. }
    ));
}

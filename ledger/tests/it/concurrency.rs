//! Several processes on one ledger: the lock of the head is what orders them.

use std::{sync::Arc, time::Duration};

use ledger::{AppendError, Decided, Fate, Position};
use tokio::{sync::Barrier, time::timeout};
use uuid::Uuid;

use crate::harness::{Db, assert_sound, bare, fill, id, recorded};

/// How long a condition may take before a test gives up.
const LIMIT: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn i5_positions_are_dense_under_concurrent_appends() {
    let db = Db::new().await;
    let barrier = Arc::new(Barrier::new(4));
    let mut writers = Vec::new();
    for _ in 0..4 {
        let (ledger, barrier) = (db.ledger(), Arc::clone(&barrier));
        writers.push(tokio::spawn(async move {
            barrier.wait().await;
            for _ in 0..25 {
                let commands: Vec<_> = (0..7).map(|_| recorded(&[(id(), 0), (id(), 0)])).collect();
                let appended = ledger.append(&commands, Position::ZERO).await.unwrap();
                assert_eq!(appended.last.since(appended.before), 7);
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(db.ledger().last_position().await.unwrap(), Position::new(700));
    assert_sound(&db).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn i4_of_many_that_race_for_one_stream_exactly_one_wins_each_version() {
    let db = Db::new().await;
    let stream = id();
    let barrier = Arc::new(Barrier::new(4));
    let mut writers = Vec::new();
    for _ in 0..4 {
        let (ledger, barrier) = (db.ledger(), Arc::clone(&barrier));
        writers.push(tokio::spawn(async move {
            let mut won = 0;
            for version in 0..20 {
                barrier.wait().await;
                let appended =
                    ledger.append(&[recorded(&[(stream, version)])], Position::ZERO).await.unwrap();
                won += u32::from(matches!(appended.fates[..], [Fate::Recorded { .. }]));
            }
            won
        }));
    }
    let mut won = 0;
    for writer in writers {
        won += writer.await.unwrap();
    }
    assert_eq!(won, 20);
    assert_sound(&db).await;
}

#[tokio::test]
async fn under_the_lock_what_was_read_cannot_move() {
    let db = Db::new().await;
    let (mine, theirs) = (db.ledger(), db.ledger());
    let stream = id();
    fill(&mine, 2).await;
    let mut locked = mine.begin_locked().await.unwrap();
    assert_eq!(locked.last(), Position::new(2));
    let commands = [recorded(&[(stream, 0)])];
    let mut other = Box::pin(theirs.append(&commands, Position::ZERO));
    assert!(timeout(Duration::from_millis(100), &mut other).await.is_err(), "it has to wait for the lock");
    assert_eq!(locked.read_streams(&[(stream, 0)]).await.unwrap(), [Vec::new()]);
    let appended = locked.append(&[recorded(&[(stream, 0)])]).await.unwrap();
    assert!(matches!(appended.fates[..], [Fate::Recorded { first, .. }] if first == Position::new(3)));
    locked.commit().await.unwrap();
    let other = timeout(LIMIT, other).await.unwrap().unwrap();
    assert_eq!(other.fates, [Fate::Moved]);
    assert_sound(&db).await;
}

#[tokio::test]
async fn a_locked_append_that_is_dropped_leaves_nothing_and_frees_the_lock() {
    let db = Db::new().await;
    let ledger = db.ledger();
    let mut locked = ledger.begin_locked().await.unwrap();
    locked.append(&[recorded(&[(id(), 0)])]).await.unwrap();
    drop(locked);
    let appended = timeout(LIMIT, ledger.append(&[recorded(&[(id(), 0)])], Position::ZERO)).await.unwrap();
    assert_eq!(appended.unwrap().before, Position::ZERO);
}

#[tokio::test]
async fn after_a_failed_append_a_locked_transaction_cannot_be_committed() {
    let db = Db::new().await;
    let ledger = db.ledger();
    let stream = id();
    let mut locked = ledger.begin_locked().await.unwrap();
    locked.append(&[recorded(&[(stream, 0)])]).await.unwrap();
    let double = locked.append(&[recorded(&[(stream, 0)])]).await;
    assert!(matches!(double, Err(AppendError::Refused(_))), "{double:?}");
    assert!(locked.commit().await.is_err());
    assert_eq!(ledger.last_position().await.unwrap(), Position::ZERO);
}

#[tokio::test]
async fn a_backend_that_dies_leaves_the_outcome_unknown_and_the_same_batch_settles_it() {
    let db = Db::new().await;
    let (ledger, holder) = (db.ledger(), db.ledger());
    fill(&ledger, 1).await;
    let locked = holder.begin_locked().await.unwrap();
    let commands = [recorded(&[(id(), 0)]), bare(Decided::AlreadyDone, &[(id(), 0)])];
    let mut waiting = Box::pin(ledger.append(&commands, Position::new(1)));
    let owner = db.owner().await;
    let killed = timeout(LIMIT, async {
        loop {
            tokio::select! {
                ended = &mut waiting => break ended,
                _ = kill_waiting(&owner) => {}
            }
        }
    })
    .await
    .unwrap();
    assert!(matches!(killed, Err(AppendError::Unknown(_))), "{killed:?}");
    drop(locked);
    let again = timeout(LIMIT, ledger.append(&commands, Position::new(1))).await.unwrap().unwrap();
    assert!(matches!(again.fates[..], [Fate::Recorded { .. }, Fate::AlreadyDone { .. }]), "{again:?}");
    assert_sound(&db).await;
}

/// Ends the backend that waits for the lock of the head, once it does.
async fn kill_waiting(owner: &tokio_postgres::Client) -> u64 {
    owner
        .execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%ledger.append%' \
               AND pid <> pg_backend_pid()",
            &[],
        )
        .await
        .unwrap()
}

#[tokio::test]
async fn recorded_order_survives_a_clock_that_goes_back() {
    let db = Db::new().await;
    let ledger = db.ledger();
    // An event from an hour ahead, as a clock that was wrong would have left it.
    let owner = db.owner().await;
    owner
        .batch_execute(
            "INSERT INTO ledger.event (position, id, command_id, occurred_at, recorded_at, schema_version, type, \
             actor, stream_kinds, stream_ids, stream_versions, payload) VALUES (1, gen_random_uuid(), \
             gen_random_uuid(), now(), now() + interval '1 hour', 1, 'X', 'a', '{1}', ARRAY[gen_random_uuid()], \
             '{1}', '')",
        )
        .await
        .unwrap();
    let appended = ledger.append(&[recorded(&[(id(), 0)])], Position::new(1)).await.unwrap();
    let events = ledger.read_after(Position::ZERO, 2).await.unwrap();
    assert_eq!(events[1].recorded_at, events[0].recorded_at);
    assert_eq!(appended.last, Position::new(2));
    let _: Uuid = events[0].id;
}

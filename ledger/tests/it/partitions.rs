//! Partitions of `event`: two ahead, attached without stopping anybody, guarded like the first.

use ledger::Position;

use crate::harness::{Db, id, recorded};

#[tokio::test]
async fn an_append_crosses_into_a_partition_made_ahead_and_new_ones_are_guarded() {
    let db = Db::new().await;
    let owner = db.owner().await;
    let edge: i64 = owner.query_one("SELECT ledger.partition_size()", &[]).await.unwrap().get(0);
    owner
        .execute(
            "INSERT INTO ledger.event (position, id, command_id, occurred_at, recorded_at, schema_version, type, \
             actor, stream_kinds, stream_ids, stream_versions, payload) VALUES ($1, gen_random_uuid(), \
             gen_random_uuid(), now(), now(), 1, 'X', 'a', '{1}', ARRAY[gen_random_uuid()], '{1}', '')",
            &[&(edge - 1)],
        )
        .await
        .unwrap();
    let ledger = db.ledger();
    let commands: Vec<_> = (0..3).map(|_| recorded(&[(id(), 0)])).collect();
    let appended = ledger.append(&commands, Position::new(edge - 1)).await.unwrap();
    assert_eq!(appended.last, Position::new(edge + 2));
    let read = ledger.read_after(Position::new(edge - 1), 10).await.unwrap();
    assert_eq!(read.len(), 3);
    assert_eq!(ledger.ensure_partitions().await.unwrap(), 1, "two ahead of the second");
    assert_eq!(ledger.ensure_partitions().await.unwrap(), 0);
    let names: Vec<String> = owner
        .query(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'ledger.event'::regclass ORDER BY 1",
            &[],
        )
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert_eq!(names, ["ledger.event_0", "ledger.event_1", "ledger.event_2", "ledger.event_3"]);
    crate::catalogue::assert_guarded(&owner).await;
}

#[tokio::test]
async fn partitions_are_attached_while_an_append_is_open() {
    let db = Db::new().await;
    let ledger = db.ledger();
    let mut locked = ledger.begin_locked().await.unwrap();
    locked.append(&[recorded(&[(id(), 0)])]).await.unwrap();
    let owner = db.owner().await;
    // Another size makes the next call attach new tables at once.
    owner
        .batch_execute(
            "SET lock_timeout = '5s'; \
             CREATE OR REPLACE FUNCTION ledger.partition_size() RETURNS bigint LANGUAGE sql IMMUTABLE \
             SET search_path = ledger, pg_temp AS 'SELECT 15000000::bigint'",
        )
        .await
        .unwrap();
    let made = owner.query_one("SELECT count(*) FROM pg_class WHERE relname = 'event_3'", &[]).await.unwrap();
    assert_eq!(made.get::<_, i64>(0), 0);
    owner
        .batch_execute(
            "CREATE TABLE ledger.event_3 (LIKE ledger.event INCLUDING CONSTRAINTS); \
             ALTER TABLE ledger.event_3 ADD CONSTRAINT event_3_pk PRIMARY KEY (position), \
                 ADD CONSTRAINT event_3_range CHECK (position >= 30000001 AND position < 40000001); \
             ALTER TABLE ledger.event ATTACH PARTITION ledger.event_3 FOR VALUES FROM (30000001) TO (40000001)",
        )
        .await
        .expect("attaching waits for no append");
    locked.append(&[recorded(&[(id(), 0)])]).await.unwrap();
    locked.commit().await.unwrap();
    assert_eq!(ledger.last_position().await.unwrap(), Position::new(2));
}

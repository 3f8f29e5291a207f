//! Telemetry of cabinets: days made ahead, old ones dropped, by the owner's functions and by nobody else.

use ledger::migrate::ServiceRole;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::harness::Db;

async fn days(owner: &Client) -> Vec<i32> {
    let sql = "SELECT to_date(right(c.relname, 8), 'YYYYMMDD') - (now() AT TIME ZONE 'UTC')::date \
               FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
               WHERE i.inhparent = 'cabinet.reading'::regclass ORDER BY 1";
    owner.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

async fn call(client: &Client, sql: &str) -> i32 {
    client.query_one(sql, &[]).await.unwrap().get(0)
}

/// The day so many days ago, made by the owner, with a reading in it.
async fn make_day(owner: &Client, ago: i32) {
    owner
        .query("SELECT cabinet.make_day((now() AT TIME ZONE 'UTC')::date - $1::integer)", &[&ago])
        .await
        .unwrap();
    let sql = "INSERT INTO cabinet.reading (station_id, slot, device_id, battery_percent, taken_at, received_at) \
               VALUES ($1, 1, $2, 50, now(), now() - make_interval(days => $3::integer))";
    owner.execute(sql, &[&Uuid::from_u128(7), &Uuid::from_u128(8), &ago]).await.unwrap();
}

#[tokio::test]
async fn days_are_made_ahead_and_only_those_past_their_keep_are_dropped() {
    let db = Db::new().await;
    let (owner, command) = (db.owner().await, db.login(ServiceRole::Command).await);
    assert_eq!(days(&owner).await, [0, 1, 2], "made with the migration");
    assert_eq!(call(&command, "SELECT cabinet.ensure_days()").await, 0);
    owner.batch_execute(&format!("DROP TABLE cabinet.{}", newest(&owner).await)).await.unwrap();
    assert_eq!(call(&command, "SELECT cabinet.ensure_days()").await, 1);
    for ago in [1, 90, 91, 400] {
        make_day(&owner, ago).await;
    }
    assert_eq!(call(&command, "SELECT cabinet.drop_days(90)").await, 2);
    assert_eq!(days(&owner).await, [-90, -1, 0, 1, 2]);
    let left = owner.query_one("SELECT count(*)::integer FROM cabinet.reading", &[]).await.unwrap();
    assert_eq!(left.get::<_, i32>(0), 2);
    assert_eq!(call(&command, "SELECT cabinet.drop_days(90)").await, 0);
}

async fn newest(owner: &Client) -> String {
    let sql = "SELECT max(c.relname::text) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
               WHERE i.inhparent = 'cabinet.reading'::regclass";
    owner.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn nobody_drops_everything_and_no_service_makes_or_drops_a_day_by_itself() {
    let db = Db::new().await;
    let command = db.login(ServiceRole::Command).await;
    for none in ["0", "-1", "NULL"] {
        let error = command.query(&format!("SELECT cabinet.drop_days({none})"), &[]).await.unwrap_err();
        assert_eq!(error.code().map(|code| code.code()), Some("CJ006"), "{none}");
    }
    let day = newest(&db.owner().await).await;
    for refused in [
        "SELECT cabinet.make_day('2020-01-01')".to_owned(),
        format!("DROP TABLE cabinet.{day}"),
        format!("DELETE FROM cabinet.{day}"),
        "DELETE FROM cabinet.reading".to_owned(),
        "SELECT * FROM cabinet.reading".to_owned(),
        "UPDATE cabinet.maintenance SET cost = 0".to_owned(),
    ] {
        let error = command.batch_execute(&refused).await.unwrap_err();
        assert_eq!(error.code().map(|code| code.code()), Some("42501"), "{refused}");
    }
}

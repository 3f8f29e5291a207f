//! Every statement prepares on a freshly migrated database, and the hot ones use their indexes from the start.

use ledger::statements;

use crate::harness::{Db, connect};

#[tokio::test]
async fn every_statement_prepares() {
    let db = Db::new().await;
    let client = db.owner().await;
    for (name, sql) in statements::ALL {
        if let Err(error) = client.prepare(sql).await {
            panic!("{name}: {:?}", error.as_db_error());
        }
    }
}

#[tokio::test]
async fn hot_reads_go_by_index() {
    let db = Db::new().await;
    // With the settings of a service's connection, and while every table is still empty.
    let client =
        connect(&format!("{}?options={}", db.owner_url, statements::SESSION.replace(' ', "%20"))).await;
    client.batch_execute("SET plan_cache_mode = force_generic_plan").await.unwrap();
    let hot = [
        ("LAST_POSITION", statements::LAST_POSITION, ""),
        ("READ_AFTER", statements::READ_AFTER, "(5, 10)"),
        ("READ_STREAMS", statements::READ_STREAMS, "('{}', '{}')"),
        ("LOAD", statements::LOAD, "('{}', '{}')"),
        ("CLAIMS", statements::CLAIMS, "('{}', '{}')"),
        ("COMMAND", statements::COMMAND, "('01990000-0000-7000-8000-000000000001')"),
    ];
    for (name, sql, arguments) in hot {
        client.batch_execute(&format!("PREPARE hot AS {sql}")).await.unwrap();
        let rows = client.query(&format!("EXPLAIN EXECUTE hot{arguments}"), &[]).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let scanned = plan.iter().any(|line| line.contains("Seq Scan"));
        assert!(!scanned && plan.iter().any(|line| line.contains("Index")), "{name}:\n{}", plan.join("\n"));
        client.batch_execute("DEALLOCATE hot").await.unwrap();
    }
}

//! The catalogue: every table guarded, every constraint named, every time with its zone.

use ledger::migrate::ServiceRole;
use tokio_postgres::Client;

use crate::harness::{Db, fill};

/// Every append-only table, partitions included, has both triggers and they always fire.
pub(crate) async fn assert_guarded(owner: &Client) {
    let rows = owner
        .query(
            "SELECT c.relname::text, \
                 count(*) FILTER (WHERE t.tgname = 'append_only_statement' AND t.tgenabled = 'A' \
                     AND t.tgtype & 1 = 0 AND t.tgtype & 56 = 56), \
                 count(*) FILTER (WHERE t.tgname = 'append_only_row' AND t.tgenabled = 'A' \
                     AND t.tgtype & 1 = 1 AND t.tgtype & 24 = 24) \
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                 LEFT JOIN pg_trigger t ON t.tgrelid = c.oid \
             WHERE n.nspname = 'ledger' AND c.relkind IN ('r', 'p') \
                 AND c.relname ~ '^(event|stream_version|command|tile|signed_checkpoint)(_[0-9]+)?$' \
             GROUP BY 1 ORDER BY 1",
            &[],
        )
        .await
        .unwrap();
    assert!(rows.len() > 12, "three parents and their partitions");
    for row in rows {
        let (table, statement, each_row): (String, i64, i64) = (row.get(0), row.get(1), row.get(2));
        assert_eq!((statement, each_row), (1, 1), "{table}");
    }
}

#[tokio::test]
async fn every_append_only_table_is_guarded() {
    let db = Db::new().await;
    assert_guarded(&db.owner().await).await;
}

#[tokio::test]
async fn nobody_changes_what_was_recorded_not_even_the_owner_or_a_superuser() {
    let db = Db::new().await;
    fill(&db.ledger(), 2).await;
    let owner = db.owner().await;
    for role in ["NONE", "chajipoa_owner"] {
        owner.batch_execute(&format!("SET ROLE {role}")).await.unwrap();
        for statement in [
            "UPDATE ledger.event SET actor = 'x'",
            "UPDATE ledger.event_0 SET actor = 'x' WHERE position = 1",
            "UPDATE ledger.event SET actor = 'x' WHERE false",
            "DELETE FROM ledger.event WHERE position = 1",
            "DELETE FROM ledger.event_0",
            "TRUNCATE ledger.event",
            "TRUNCATE ledger.event_1",
            "UPDATE ledger.command SET actor = 'x'",
            "DELETE FROM ledger.command_0",
            "TRUNCATE ledger.command_1",
            "UPDATE ledger.stream_version SET version = 9",
            "DELETE FROM ledger.stream_version_2",
            "TRUNCATE ledger.stream_version",
            "UPDATE ledger.tile SET index = 7",
            "DELETE FROM ledger.tile",
            "TRUNCATE ledger.tile",
            "UPDATE ledger.signed_checkpoint SET note = 'x'",
            "DELETE FROM ledger.signed_checkpoint",
            "TRUNCATE ledger.signed_checkpoint",
        ] {
            let error = owner.batch_execute(statement).await.unwrap_err();
            assert_eq!(error.code().map(|code| code.code()), Some("CJ003"), "{role}: {statement}");
        }
    }
    // Triggers that fire always are not silenced the way replication silences others.
    owner.batch_execute("RESET ROLE; SET session_replication_role = replica").await.unwrap();
    let error = owner.batch_execute("DELETE FROM ledger.event").await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "CJ003");
}

#[tokio::test]
async fn constraints_are_named_for_their_table_and_times_have_a_zone() {
    let db = Db::new().await;
    let owner = db.owner().await;
    let names: Vec<String> = owner
        .query(
            "SELECT DISTINCT c.conname::text FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace \
             WHERE n.nspname IN ('ledger', 'access', 'cabinet', 'finance', 'inbox', 'reactor') AND c.contype <> 't' ORDER BY 1",
            &[],
        )
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert!(names.len() > 20);
    for name in names {
        let made_up = ["_pkey", "_key", "_check", "_fkey", "_excl"].iter().any(|end| name.ends_with(end));
        assert!(!made_up, "{name} was named by the database");
    }
    let unzoned: i64 = owner
        .query_one(
            "SELECT count(*) FROM information_schema.columns \
             WHERE table_schema IN ('ledger', 'access', 'cabinet', 'finance', 'inbox', 'reactor') \
             AND data_type IN ('timestamp without time zone', 'time without time zone', 'real', 'double precision')",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    assert_eq!(unzoned, 0);
}

#[tokio::test]
async fn functions_of_the_owner_are_closed_and_pinned() {
    let db = Db::new().await;
    let rows = db
        .owner()
        .await
        .query(
            "SELECT p.proname::text, p.proconfig::text, p.prosecdef, r.rolname::text, p.provolatile::text, \
                 EXISTS (SELECT 1 FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0), \
                 n.nspname::text \
             FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_roles r ON r.oid = p.proowner \
             WHERE n.nspname IN ('ledger', 'cabinet', 'inbox') ORDER BY 1",
            &[],
        )
        .await
        .unwrap();
    assert!(rows.len() >= 10);
    for row in rows {
        let name: String = row.get(0);
        let config: Option<String> = row.get(1);
        let schema: String = row.get(6);
        assert!(config.unwrap_or_default().contains(&format!("search_path={schema}, pg_temp")), "{name}");
        assert_eq!(row.get::<_, String>(3), "chajipoa_owner", "{name}");
        assert!(!row.get::<_, bool>(5), "{name} is open to everybody");
        let called_by_services = [
            "append",
            "destroy_person",
            "lock_head",
            "ensure_partitions",
            "mint_person_key",
            "sweep_person_keys",
            "forget_receipts",
            "ensure_days",
            "drop_days",
            "receive",
            "forget",
        ];
        let expected = called_by_services.contains(&name.as_str());
        assert_eq!(row.get::<_, bool>(2), expected, "{name} runs as the owner exactly if a service calls it");
        if expected {
            assert_eq!(row.get::<_, String>(4), "v", "{name} is VOLATILE");
        }
    }
}

#[tokio::test]
async fn a_service_that_could_change_the_ledger_refuses_to_serve() {
    let db = Db::new().await;
    for role in ServiceRole::ALL {
        let client = db.login(role).await;
        ledger::guard::assert_append_only(&client).await.unwrap();
    }
    let owner = db.owner().await;
    assert!(ledger::guard::assert_append_only(&owner).await.is_err(), "superuser");
    owner.batch_execute("GRANT UPDATE (actor) ON ledger.event_0 TO chajipoa_relay").await.unwrap();
    let relay = db.login(ServiceRole::Relay).await;
    let refused = ledger::guard::assert_append_only(&relay).await.unwrap_err();
    assert!(refused.to_string().contains("UPDATE on ledger.event_0"), "{refused}");
}

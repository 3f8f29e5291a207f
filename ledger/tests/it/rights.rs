//! Rights, exactly: what each login may do, and nothing beside.

use std::collections::BTreeMap;

use ledger::migrate::ServiceRole;

use crate::harness::Db;

const SCHEMAS: &[&str] = &["ledger", "access", "cabinet", "finance", "inbox", "reactor", "read_model"];

/// What each login may do with the tables, functions and schemas of the database.
const RIGHTS: &[(&str, &[&str])] = &[
    ("chajipoa_analyst", &["USAGE read_model"]),
    (
        "chajipoa_command",
        &[
            "DELETE code",
            "DELETE login_failure",
            "DELETE message",
            "DELETE refresh_token",
            "DELETE session",
            "DELETE staff",
            "DELETE station_secret",
            "DELETE tally",
            "EXECUTE append",
            "EXECUTE destroy_person",
            "EXECUTE drop_days",
            "EXECUTE ensure_days",
            "EXECUTE ensure_partitions",
            "EXECUTE forget",
            "EXECUTE forget_receipts",
            "EXECUTE lock_head",
            "EXECUTE mint_person_key",
            "EXECUTE receive",
            "EXECUTE sweep_person_keys",
            "INSERT callback",
            "INSERT code",
            "INSERT heard",
            "INSERT inventory",
            "INSERT login_failure",
            "INSERT maintenance",
            "INSERT message",
            "INSERT reading",
            "INSERT refresh_token",
            "INSERT session",
            "INSERT snapshot",
            "INSERT staff",
            "INSERT statement",
            "INSERT statement_line",
            "INSERT station_secret",
            "INSERT tally",
            "SELECT callback",
            "SELECT claim",
            "SELECT code",
            "SELECT command",
            "SELECT erased_person",
            "SELECT event",
            "SELECT heard",
            "SELECT inventory",
            "SELECT key_generation",
            "SELECT ledger_head",
            "SELECT login_failure",
            "SELECT maintenance",
            "SELECT message",
            "SELECT person_key",
            "SELECT projection",
            "SELECT refresh_token",
            "SELECT session",
            "SELECT signed_checkpoint",
            "SELECT snapshot",
            "SELECT staff",
            "SELECT statement",
            "SELECT statement_line",
            "SELECT station_secret",
            "SELECT stream_version",
            "SELECT tally",
            "SELECT tile",
            "UPDATE code",
            "UPDATE heard",
            "UPDATE inventory",
            "UPDATE login_failure",
            "UPDATE message",
            "UPDATE refresh_token",
            "UPDATE session",
            "UPDATE snapshot",
            "UPDATE staff",
            "UPDATE station_secret",
            "UPDATE tally",
            "USAGE access",
            "USAGE cabinet",
            "USAGE finance",
            "USAGE inbox",
            "USAGE ledger",
        ],
    ),
    (
        "chajipoa_projector",
        &[
            "CREATE read_model",
            "DELETE projection",
            "INSERT projection",
            "SELECT event",
            "SELECT ledger_head",
            "SELECT projection",
            "SELECT stream_version",
            "UPDATE projection",
            "USAGE ledger",
            "USAGE read_model",
        ],
    ),
    (
        "chajipoa_query",
        &[
            "SELECT callback",
            "SELECT checkpoint",
            "SELECT claim",
            "SELECT command",
            "SELECT event",
            "SELECT ledger_head",
            "SELECT maintenance",
            "SELECT person_key",
            "SELECT projection",
            "SELECT reading",
            "SELECT session",
            "SELECT signed_checkpoint",
            "SELECT statement",
            "SELECT statement_line",
            "SELECT stream_version",
            "SELECT tile",
            "USAGE access",
            "USAGE cabinet",
            "USAGE finance",
            "USAGE ledger",
            "USAGE read_model",
        ],
    ),
    (
        "chajipoa_reactor",
        &[
            "DELETE customer",
            "DELETE deadline",
            "DELETE notice",
            "DELETE report",
            "INSERT callback",
            "INSERT checkpoint",
            "INSERT customer",
            "INSERT deadline",
            "INSERT notice",
            "INSERT payment",
            "INSERT progress",
            "INSERT refund",
            "INSERT report",
            "SELECT callback",
            "SELECT checkpoint",
            "SELECT customer",
            "SELECT deadline",
            "SELECT event",
            "SELECT heard",
            "SELECT ledger_head",
            "SELECT letter",
            "SELECT message",
            "SELECT notice",
            "SELECT payment",
            "SELECT person_key",
            "SELECT progress",
            "SELECT refund",
            "SELECT report",
            "SELECT session",
            "SELECT stream_version",
            "UPDATE checkpoint",
            "UPDATE customer",
            "UPDATE deadline",
            "UPDATE letter",
            "UPDATE message",
            "UPDATE notice",
            "UPDATE payment",
            "UPDATE progress",
            "UPDATE refund",
            "UPDATE report",
            "UPDATE session",
            "USAGE access",
            "USAGE cabinet",
            "USAGE finance",
            "USAGE inbox",
            "USAGE ledger",
            "USAGE reactor",
        ],
    ),
    (
        "chajipoa_relay",
        &[
            "INSERT checkpoint",
            "INSERT signed_checkpoint",
            "INSERT tile",
            "SELECT checkpoint",
            "SELECT event",
            "SELECT ledger_head",
            "SELECT projection",
            "SELECT signed_checkpoint",
            "SELECT tile",
            "UPDATE checkpoint",
            "USAGE ledger",
        ],
    ),
];

#[tokio::test]
async fn each_login_has_exactly_its_rights() {
    let db = Db::new().await;
    let rows = db
        .owner()
        .await
        .query(
            "SELECT grantee, what FROM ( \
                 SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS grantee, \
                     a.privilege_type || ' ' || o.name AS what, o.owner::regrole::text AS owner \
                 FROM ( \
                     SELECT c.relname::text AS name, c.relowner AS owner, \
                         coalesce(c.relacl, acldefault('r', c.relowner)) AS acl \
                     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                     WHERE n.nspname = ANY ($1) AND c.relkind IN ('r', 'p', 'v', 'S') \
                     UNION ALL \
                     SELECT p.proname::text, p.proowner, coalesce(p.proacl, acldefault('f', p.proowner)) \
                     FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = ANY ($1) \
                     UNION ALL \
                     SELECT n.nspname::text, n.nspowner, coalesce(n.nspacl, acldefault('n', n.nspowner)) \
                     FROM pg_namespace n WHERE n.nspname = ANY ($1) \
                 ) o, aclexplode(o.acl) a \
             ) s WHERE grantee <> 'chajipoa_owner' ORDER BY 1, 2",
            &[&SCHEMAS],
        )
        .await
        .unwrap();
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows {
        found.entry(row.get(0)).or_default().push(row.get(1));
    }
    let expected: BTreeMap<String, Vec<String>> = RIGHTS
        .iter()
        .map(|(role, rights)| ((*role).to_owned(), rights.iter().map(|right| (*right).to_owned()).collect()))
        .collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn nobody_makes_temporary_tables_and_only_the_projector_makes_schemas() {
    let db = Db::new().await;
    let owner = db.owner().await;
    for role in ServiceRole::ALL {
        let row = owner
            .query_one(
                "SELECT has_database_privilege($1, current_database(), 'TEMP'), \
                     has_database_privilege($1, current_database(), 'CREATE'), \
                     has_database_privilege($1, current_database(), 'CONNECT'), \
                     has_schema_privilege($1, 'public', 'CREATE') OR has_schema_privilege($1, 'public', 'USAGE'), \
                     pg_has_role($1, 'chajipoa_owner', 'MEMBER'), \
                     (SELECT rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = $1)",
                &[&role.as_str()],
            )
            .await
            .unwrap();
        let rights: [bool; 6] = std::array::from_fn(|column| row.get(column));
        let makes_schemas = role == ServiceRole::Projector;
        assert_eq!(rights, [false, makes_schemas, true, false, false, false], "{}", role.as_str());
    }
    let login: bool = owner
        .query_one("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'chajipoa_owner'", &[])
        .await
        .unwrap()
        .get(0);
    assert!(!login, "nobody logs in as the owner");
}

#[tokio::test]
async fn what_the_projector_makes_is_for_query_and_for_analysts_once_it_is_granted() {
    let db = Db::new().await;
    let projector = db.login(ServiceRole::Projector).await;
    projector
        .batch_execute(
            "CREATE SCHEMA rentals_v1; CREATE TABLE rentals_v1.rental (id int); \
             CREATE VIEW read_model.rentals AS SELECT * FROM rentals_v1.rental",
        )
        .await
        .unwrap();
    let (query, analyst) = (db.login(ServiceRole::Query).await, db.login(ServiceRole::Analyst).await);
    let view = "SELECT * FROM read_model.rentals";
    query.query(view, &[]).await.unwrap();
    assert_eq!(refused(&analyst, view).await, "42501");
    projector.batch_execute("GRANT SELECT ON read_model.rentals TO chajipoa_analyst").await.unwrap();
    analyst.query(view, &[]).await.unwrap();
    for client in [&query, &analyst] {
        assert_eq!(refused(client, "SELECT * FROM rentals_v1.rental").await, "42501");
    }
}

#[tokio::test]
async fn an_analyst_reads_within_limits_and_nothing_of_the_ledger() {
    let db = Db::new().await;
    let analyst = db.login(ServiceRole::Analyst).await;
    for (setting, expected) in [
        ("search_path", "read_model"),
        ("default_transaction_read_only", "on"),
        ("statement_timeout", "2min"),
        ("lock_timeout", "5s"),
        ("idle_in_transaction_session_timeout", "1min"),
        ("work_mem", "64MB"),
        ("temp_file_limit", "2GB"),
        ("max_parallel_workers_per_gather", "0"),
        ("jit", "off"),
    ] {
        let row = analyst.query_one(&format!("SHOW {setting}"), &[]).await.unwrap();
        assert_eq!(row.get::<_, &str>(0), expected, "{setting}");
    }
    analyst.batch_execute("SET statement_timeout = '50ms'").await.unwrap();
    let endless = "SELECT count(*) FROM generate_series(1, 1000000000000)";
    assert_eq!(refused(&analyst, endless).await, "57014");
    for schema in ["ledger", "access", "cabinet", "finance", "inbox", "reactor"] {
        let usage = "SELECT has_schema_privilege($1, 'USAGE')";
        let row = analyst.query_one(usage, &[&schema]).await.unwrap();
        assert!(!row.get::<_, bool>(0), "{schema}");
    }
    // Even one who has made the session writable.
    analyst.batch_execute("SET default_transaction_read_only = off").await.unwrap();
    for statement in [
        "SELECT * FROM ledger.event",
        "CREATE TABLE read_model.mine (id int)",
        "CREATE TEMP TABLE t (id int)",
    ] {
        assert_eq!(refused(&analyst, statement).await, "42501", "{statement}");
    }
}

/// The SQLSTATE with which a statement fails.
async fn refused(client: &tokio_postgres::Client, statement: &str) -> String {
    let error = client.query(statement, &[]).await.unwrap_err();
    error.code().expect("the server's answer").code().to_owned()
}

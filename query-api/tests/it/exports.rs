//! Exports, over HTTP, held against the models themselves row by row: now, and at a position in the past; cut off in
//! the middle; by whom.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use edge::Role;
use parquet::{
    file::reader::{FileReader as _, SerializedFileReader},
    record::Field,
};
use query_api::export::{DATASETS, Dataset};
use reqwest::Response;
use serde_json::{Value, json};
use tokio_postgres::{Client, SimpleQueryMessage};
use uuid::Uuid;

use crate::{
    database::connect,
    harness::{ADMIN, PAYMENTS, Stage, Station, Who, code, wait_until},
};

const FINANCE: Who = (Role::Finance, Uuid::from_u128(0xf1));
const SECOND: Who = (Role::Finance, Uuid::from_u128(0xf2));
const ANALYST: Who = (Role::Analyst, Uuid::from_u128(0xa1));
const FORMATS: [&str; 3] = ["csv", "ndjson", "parquet"];

/// Rows by column, every value as text in one form, nothing where there is none.
type Rows = Vec<BTreeMap<String, String>>;

/// One form for values that formats write differently: times in UTC, documents without spaces, numbers without zeros.
fn plain(text: &str) -> String {
    let zoned = |text: &str| DateTime::parse_from_rfc3339(&text.replace(' ', "T")).ok();
    if let Some(time) = zoned(text).or_else(|| zoned(&format!("{text}:00"))) {
        return time.with_timezone(&Utc).timestamp_micros().to_string();
    }
    match (text, serde_json::from_str::<Value>(text)) {
        ("t", _) => "true".to_owned(),
        ("f", _) => "false".to_owned(),
        (_, Ok(value @ (Value::Object(_) | Value::Array(_) | Value::Number(_)))) => value.to_string(),
        _ => text.to_owned(),
    }
}

/// The view itself, as the database writes it.
async fn of_model(client: &Client, dataset: &Dataset) -> Rows {
    let sql = format!("SELECT * FROM read_model.{}", dataset.name);
    let mut rows = Vec::new();
    for message in client.simple_query(&sql).await.unwrap() {
        let SimpleQueryMessage::Row(row) = message else { continue };
        let cells = row
            .columns()
            .iter()
            .enumerate()
            .filter_map(|(at, column)| Some((column.name().to_owned(), plain(row.get(at)?))));
        rows.push(cells.collect());
    }
    sorted(rows)
}

fn sorted(mut rows: Rows) -> Rows {
    rows.sort();
    rows
}

async fn ask(stage: &Stage, who: Who, query: &str) -> Response {
    stage.ask(&format!("/api/v1/finance/export?{query}"), who, None).await
}

/// A whole file with the position and the number of rows that its answer says.
async fn file(stage: &Stage, who: Who, query: &str) -> (i64, usize, Vec<u8>) {
    let response = ask(stage, who, query).await;
    assert_eq!(response.status(), 200, "{query}: {}", response.text().await.unwrap());
    let header = |name: &str| response.headers()[name].to_str().unwrap().parse::<i64>().unwrap();
    let (position, rows) = (header("ledger-position"), header("export-rows"));
    (position, usize::try_from(rows).unwrap(), response.bytes().await.unwrap().to_vec())
}

fn read(format: &str, bytes: Vec<u8>) -> Rows {
    match format {
        "csv" => of_csv(&bytes),
        "ndjson" => of_ndjson(&bytes),
        _ => of_parquet(bytes),
    }
}

fn of_csv(bytes: &[u8]) -> Rows {
    assert!(bytes.ends_with(b"\r\n"), "lines end as RFC 4180 says");
    let mut reader = csv::Reader::from_reader(bytes);
    let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let row = |record: csv::StringRecord| {
        let cells = names.iter().zip(&record).filter(|(_, cell)| !cell.is_empty());
        cells.map(|(name, cell)| (name.clone(), plain(cell))).collect()
    };
    reader.records().map(|record| row(record.unwrap())).collect()
}

fn of_ndjson(bytes: &[u8]) -> Rows {
    let cell = |value: Value| match (&value, value.as_str()) {
        (Value::Null, _) => None,
        (_, Some(text)) => Some(plain(text)),
        (_, None) => Some(value.to_string()),
    };
    let row = |line: &str| {
        let object: BTreeMap<String, Value> = serde_json::from_str(line).unwrap();
        object.into_iter().filter_map(|(name, value)| Some((name, cell(value)?))).collect()
    };
    std::str::from_utf8(bytes).unwrap().lines().map(row).collect()
}

fn of_parquet(bytes: Vec<u8>) -> Rows {
    let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other type of field is exported")]
    let cell = |field: &Field| match field {
        Field::Null => None,
        Field::Str(text) => Some(plain(text)),
        Field::TimestampMicros(micros) => Some(micros.to_string()),
        Field::Bytes(id) => Some(Uuid::from_slice(id.data()).unwrap().to_string()),
        Field::Bool(value) => Some(value.to_string()),
        Field::Short(value) => Some(value.to_string()),
        Field::Int(value) => Some(value.to_string()),
        Field::Long(value) => Some(value.to_string()),
        Field::Double(value) => Some(plain(&value.to_string())),
        Field::Date(days) => {
            Some((DateTime::UNIX_EPOCH + TimeDelta::days((*days).into())).date_naive().to_string())
        }
        other => panic!("{other:?}"),
    };
    let row = |row: parquet::record::Row| {
        let cells = row.get_column_iter().filter_map(|(name, field)| Some((name.clone(), cell(field)?)));
        cells.collect::<BTreeMap<_, _>>()
    };
    reader.get_row_iter(None).unwrap().map(|found| row(found.unwrap())).collect()
}

/// A city in which every model has rows.
async fn lively(stage: &Stage) -> Station {
    let station = stage.station("instant", 3).await;
    let (somebody, other) = (stage.customer(1).await, stage.customer(2).await);
    stage.start(somebody, &station, 1).await;
    stage.clock.advance(TimeDelta::minutes(70));
    stage.give_back(&station, 1).await;
    let received = json!({
        "provider": "mixx", "provider_reference": "U-1", "amount": 3_000, "payer": "+255700000002",
        "reason": "a \"quoted\", long reason; =1+1"
    });
    let receipt =
        stage.command(PAYMENTS, "RecordUnmatchedReceipt", received).await["result"]["receipt_id"].clone();
    let assign = json!({"receipt_id": receipt, "customer_id": other, "reason": "theirs"});
    let asked = stage.command(FINANCE, "AssignReceipt", assign).await["result"]["approval_id"].clone();
    stage.command(SECOND, "ApproveAction", json!({"approval_id": asked})).await;
    let refund = json!({"customer_id": other, "amount": 8_000, "provider": "mpesa"});
    stage.command((Role::Customer, other), "RequestDepositRefund", refund).await;
    let broken = json!({
        "cause": "missing_in_ledger", "provider": "mpesa", "provider_reference": "B-1", "statement_amount": 700,
        "reason": "seen nowhere"
    });
    stage.command(FINANCE, "OpenBreak", broken).await;
    station
}

/// What goes on after it.
async fn goes_on(stage: &Stage, place: Station) {
    let station = place.id;
    let third = stage.customer(3).await;
    let start = json!({"customer_id": third, "station_id": station, "slot": 2});
    let rental =
        stage.command((Role::Customer, third), "StartRental", start).await["result"]["rental_id"].clone();
    stage.clock.advance(TimeDelta::days(5));
    stage.command(ADMIN, "SellDevice", json!({"rental_id": rental})).await;
    stage.command(ADMIN, "DisableSlot", json!({"station_id": station, "slot": 3, "reason": "wet"})).await;
    stage.command(ADMIN, "ChangeStation", json!({"station_id": station, "name": "Kariakoo, north"})).await;
    // A period is closed, and then a return on one of its days becomes known.
    stage.command(FINANCE, "ClosePeriod", json!({"until": "2026-01-07"})).await;
    let seen = json!({
        "device_id": place.devices[1].0, "station_id": station, "slot": 2, "observed_at": "2026-01-06T07:00:00Z"
    });
    stage.command(place.who(), "DeviceReturned", seen).await;
    let tariff =
        stage.command(ADMIN, "PublishTariff", json!({"name": "Short"})).await["result"]["tariff_id"].clone();
    stage.command(ADMIN, "RetireTariff", json!({"tariff_id": tariff})).await;
}

/// Waits until every model stands at the end of the ledger; that position.
async fn settled(stage: &Stage, client: &Client) -> i64 {
    let last: i64 = client.query_one("SELECT max(position) FROM ledger.event", &[]).await.unwrap().get(0);
    wait_until(async || {
        let behind = "SELECT count(*) FROM ledger.projection WHERE live AND position < $1";
        client.query_one(behind, &[&last]).await.unwrap().get::<_, i64>(0) == 0
    })
    .await;
    assert_eq!(stage.get(ADMIN, "/api/v1/finance/trial-balance").await.0, 200);
    last
}

fn views() -> impl Iterator<Item = &'static Dataset> {
    DATASETS.iter().filter(|dataset| !dataset.is_events())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_export_equals_its_model_row_by_row_now_and_then() {
    let stage = Stage::new().await;
    let projector = stage.project().await;
    let owner = connect(&stage.owner_url).await;
    let station = lively(&stage).await;
    let then = settled(&stage, &owner).await;
    let mut models = BTreeMap::new();
    for dataset in views() {
        models.insert((then, dataset.name), of_model(&owner, dataset).await);
    }
    goes_on(&stage, station).await;
    let now = settled(&stage, &owner).await;
    for dataset in views() {
        models.insert((now, dataset.name), of_model(&owner, dataset).await);
    }
    // Otherwise nothing is shown of the past.
    for changed in
        ["rental", "charge", "balance", "station", "slot", "device", "tariff", "account", "daily_station"]
    {
        assert_ne!(models[&(then, changed)], models[&(now, changed)], "{changed}");
    }
    let empty: Vec<_> =
        models.iter().filter(|(_, rows)| rows.is_empty()).map(|((_, name), _)| *name).collect();
    let expected = ["account_total", "late_posting", "period", "account_total"];
    assert_eq!(empty, expected, "totals are kept at every ten-thousandth position");
    for ((position, name), model) in &models {
        for format in FORMATS {
            let query = format!("model={name}&format={format}&as_of=position:{position}");
            let (stands, counted, bytes) = file(&stage, FINANCE, &query).await;
            let rows = read(format, bytes);
            assert_eq!((stands, counted), (*position, rows.len()), "{query}");
            assert_eq!(&sorted(rows), model, "{query}");
        }
    }
    let (stands, ..) = file(&stage, FINANCE, "model=journal").await;
    assert_eq!(stands, now, "the present without a moment");
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_events_leave_as_they_were_recorded() {
    let stage = Stage::new().await;
    let projector = stage.project().await;
    let owner = connect(&stage.owner_url).await;
    lively(&stage).await;
    let last = settled(&stage, &owner).await;
    let sql = "SELECT position, id::text, type, convert_from(payload, 'UTF8'), actor, recorded_at FROM ledger.event ORDER BY 1";
    let recorded = owner.query(sql, &[]).await.unwrap();
    for format in FORMATS {
        let (stands, counted, bytes) = file(&stage, ADMIN, &format!("model=events&format={format}")).await;
        let rows = read(format, bytes);
        assert_eq!((stands, counted, rows.len()), (last, recorded.len(), recorded.len()));
        for (row, event) in rows.iter().zip(&recorded) {
            assert_eq!(row["position"], event.get::<_, i64>(0).to_string());
            assert_eq!(row["event_id"], event.get::<_, &str>(1));
            assert_eq!(row["type"], event.get::<_, &str>(2));
            assert_eq!(row["data"], plain(event.get(3)));
            assert_eq!(row["actor"], event.get::<_, &str>(4));
            assert_eq!(row["recorded_at"], event.get::<_, DateTime<Utc>>(5).timestamp_micros().to_string());
        }
    }
    let half = last / 2;
    let (stands, counted, bytes) = file(&stage, ADMIN, &format!("model=events&as_of=position:{half}")).await;
    assert_eq!((stands, i64::try_from(counted).unwrap()), (half, half));
    let (_, _, json) = file(&stage, ADMIN, "model=events&format=ndjson").await;
    let json = String::from_utf8(json).unwrap();
    for event in &recorded {
        assert!(json.contains(event.get::<_, &str>(3)), "byte for byte");
    }
    assert_eq!(of_csv(&bytes).len(), counted);
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parquet_file_says_what_it_stands_for() {
    let stage = Stage::new().await;
    let projector = stage.project().await;
    let owner = connect(&stage.owner_url).await;
    lively(&stage).await;
    let last = settled(&stage, &owner).await;
    let (_, rows, bytes) = file(&stage, FINANCE, "model=journal&format=parquet").await;
    let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
    let footer = reader.metadata().file_metadata().key_value_metadata().unwrap();
    let said: BTreeMap<&str, &str> =
        footer.iter().map(|pair| (pair.key.as_str(), pair.value.as_deref().unwrap())).collect();
    let ledger: Uuid = owner.query_one("SELECT ledger_id FROM ledger.ledger_head", &[]).await.unwrap().get(0);
    let (ledger, last, rows) = (ledger.to_string(), last.to_string(), rows.to_string());
    let expected =
        [("epoch", "1"), ("ledger", &ledger), ("model", "journal"), ("position", &last), ("rows", &rows)];
    for (key, value) in expected {
        assert_eq!(said[format!("chajipoa.{key}").as_str()], value, "{key}");
    }
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_take_what_away_is_who_may_read_it() {
    let stage = Stage::new().await;
    let projector = stage.project().await;
    let owner = connect(&stage.owner_url).await;
    settled(&stage, &owner).await;
    for dataset in DATASETS {
        let query = format!("model={}", dataset.name);
        let sql = "SELECT $1 <> 'events' AND has_table_privilege('chajipoa_analyst', 'read_model.' || $1, 'SELECT')";
        let granted =
            !dataset.is_events() && owner.query_one(sql, &[&dataset.name]).await.unwrap().get::<_, bool>(0);
        assert_eq!(granted, dataset.analysts, "{query}");
        let expected = if granted { 200 } else { 403 };
        assert_eq!(ask(&stage, ANALYST, &query).await.status(), expected, "{query}");
    }
    for role in [Role::Customer, Role::Station, Role::Agent, Role::Support, Role::Payments] {
        assert_eq!(ask(&stage, (role, Uuid::from_u128(9)), "model=rental").await.status(), 403, "{role:?}");
    }
    for bad in [
        "",
        "model=nothing",
        "model=rental&format=xml",
        "model=rental&as_of=yesterday",
        "model=rental&occurred_until=2026-01-01T00:00:00Z",
        "model=rental&limit=5",
    ] {
        assert_eq!(code(ask(&stage, FINANCE, bad).await).await, (400, "malformed".to_owned()), "{bad}");
    }
    let ahead = ask(&stage, FINANCE, "model=rental&as_of=position:1000000").await;
    assert_eq!(code(ahead).await, (503, "not_caught_up".to_owned()));
    projector.stop().await;
}

/// What a view of `read_model` is besides a model's rows.
fn is_no_model(view: &str) -> bool {
    view.ends_with("_version") || view.ends_with("_position")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_view_can_be_taken_away() {
    let stage = Stage::new().await;
    let projector = stage.project().await;
    let owner = connect(&stage.owner_url).await;
    let sql = "SELECT relname::text FROM pg_class WHERE relnamespace = 'read_model'::regnamespace AND relkind = 'v'";
    let views: BTreeSet<String> = owner.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    let views: BTreeSet<&str> = views.iter().map(String::as_str).filter(|view| !is_no_model(view)).collect();
    let datasets = DATASETS.iter().filter(|dataset| !dataset.is_events());
    assert_eq!(datasets.map(|dataset| dataset.name).collect::<BTreeSet<_>>(), views);
    projector.stop().await;
}

/// So many lines of the journal, of one event each, as if the ledger had them: more than sockets hold.
async fn swell(owner: &Client, lines: i64) {
    let sql = format!(
        "INSERT INTO billing_v1.journal (position, line, debit, credit, amount, customer_id, occurred_at, recorded_at,
             booking_day, event_type)
         SELECT -n, 1, 1000, 2000, n, gen_random_uuid(), now(), now(), current_date, 'PaymentSettled'
         FROM generate_series(1, {lines}) n;
         ANALYZE billing_v1.journal"
    );
    owner.batch_execute(&sql).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_on_the_way_is_cut_off_and_a_reader_that_leaves_frees_its_place() {
    let stage = Stage::new().await;
    let projector = stage.project().await;
    let owner = connect(&stage.owner_url).await;
    swell(&owner, 600_000).await;
    settled(&stage, &owner).await;
    for format in FORMATS {
        let mut response = ask(&stage, FINANCE, &format!("model=journal&format={format}")).await;
        assert_eq!(response.status(), 200);
        assert!(response.chunk().await.unwrap().is_some());
        // Rows that were counted are gone: no file may end as if it were whole.
        owner.batch_execute("DELETE FROM billing_v1.journal WHERE position = -2").await.unwrap();
        let mut rest = Ok(Some(bytes::Bytes::new()));
        while let Ok(Some(_)) = rest {
            rest = response.chunk().await;
        }
        assert!(rest.is_err(), "{format} ended as if it were whole");
        owner.batch_execute("UPDATE billing_v1.journal SET position = -2 WHERE position = -1").await.unwrap();
        owner
            .batch_execute(
                "INSERT INTO billing_v1.journal (position, line, debit, credit, amount, occurred_at, recorded_at, booking_day, \
                     event_type) VALUES (-1, 1, 1000, 2000, 1, now(), now(), current_date, 'PaymentSettled')",
            )
            .await
            .unwrap();
    }
    // As many as there is room for, none of them read: one more is refused, and finds room once they are gone.
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(ask(&stage, FINANCE, "model=journal&format=csv").await);
    }
    let refused = ask(&stage, FINANCE, "model=journal&format=csv").await;
    assert_eq!(refused.headers()["retry-after"], "10");
    assert_eq!(code(refused).await, (503, "unavailable".to_owned()));
    drop(open);
    wait_until(async || ask(&stage, FINANCE, "model=account").await.status() == 200).await;
    // Nothing of theirs is left in the database.
    wait_until(async || {
        let busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' \
                    AND usename = 'chajipoa_query'";
        owner.query_one(busy, &[]).await.unwrap().get::<_, i64>(0) == 0
    })
    .await;
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_to_another_version_on_the_way_cuts_the_file_off() {
    let stage = Stage::new().await;
    let projector = stage.project().await;
    let owner = connect(&stage.owner_url).await;
    swell(&owner, 600_000).await;
    settled(&stage, &owner).await;
    let mut response = ask(&stage, FINANCE, "model=journal&format=csv").await;
    assert!(response.chunk().await.unwrap().is_some());
    let sources = stage.sources();
    projector::rebuild(sources, &[projector::ModelName::Billing], &|_| ()).await.unwrap();
    projector::promote(sources, projector::ModelName::Billing, None).await.unwrap();
    let mut rest = Ok(Some(bytes::Bytes::new()));
    while let Ok(Some(_)) = rest {
        rest = response.chunk().await;
    }
    assert!(rest.is_err(), "it ended as if it were whole");
    projector.stop().await;
}

/// How the script says that its programs cannot be had.
const NO_PROGRAMS: Option<i32> = Some(3);

fn script(arguments: &[&std::ffi::OsStr]) -> std::process::Output {
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/parquet.sh");
    std::process::Command::new(script).args(arguments).output().expect("the script can be run")
}

/// Whether DuckDB and pandas are there. With `CI=true` a test that cannot run has failed.
fn are_there() -> bool {
    let fetched = script(&["fetch".as_ref()]);
    if fetched.status.success() {
        return true;
    }
    let said = String::from_utf8_lossy(&fetched.stderr).into_owned();
    assert_eq!(fetched.status.code(), NO_PROGRAMS, "{said}");
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI=true and neither DuckDB nor pandas: {said}");
    eprintln!("SKIPPED: neither DuckDB nor pandas\n{said}");
    false
}

fn of_program(found: &Value) -> Rows {
    let row = |row: &Value| {
        let cells = row.as_object().unwrap().iter();
        cells.map(|(name, value)| (name.clone(), plain(value.as_str().unwrap()))).collect()
    };
    sorted(found.as_array().unwrap().iter().map(row).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn duckdb_and_pandas_read_every_model_row_by_row() {
    if !are_there() {
        return;
    }
    let stage = Stage::new().await;
    let projector = stage.project().await;
    let owner = connect(&stage.owner_url).await;
    let station = lively(&stage).await;
    goes_on(&stage, station).await;
    let last = settled(&stage, &owner).await;
    let (folder, mut files) = (tempfile::tempdir().unwrap(), vec!["read".into()]);
    for dataset in DATASETS {
        let (_, _, bytes) = file(&stage, FINANCE, &format!("model={}&format=parquet", dataset.name)).await;
        let path = folder.path().join(format!("{}.parquet", dataset.name));
        std::fs::write(&path, bytes).unwrap();
        files.push(path.into_os_string());
    }
    let files: Vec<&std::ffi::OsStr> = files.iter().map(std::ffi::OsString::as_os_str).collect();
    let read = script(&files);
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let lines = String::from_utf8(read.stdout).unwrap();
    let mut types = BTreeMap::new();
    for (dataset, line) in DATASETS.iter().zip(lines.lines()) {
        let found: Value = serde_json::from_str(line).unwrap();
        assert_eq!(found["footer"]["chajipoa.position"], json!(last.to_string()));
        let (duckdb, pandas) = (of_program(&found["duckdb"]), of_program(&found["pandas"]));
        assert_eq!(duckdb, pandas, "{}", dataset.name);
        if !dataset.is_events() {
            assert_eq!(duckdb, of_model(&owner, dataset).await, "{}", dataset.name);
        }
        assert_eq!(found["footer"]["chajipoa.rows"], json!(duckdb.len().to_string()), "{}", dataset.name);
        types.insert(dataset.name, found["types"].clone());
    }
    for (name, column, kind) in [
        ("journal", "position", "BIGINT"),
        ("journal", "debit", "SMALLINT"),
        ("journal", "customer_id", "UUID"),
        ("journal", "occurred_at", "TIMESTAMP WITH TIME ZONE"),
        ("journal", "booking_day", "DATE"),
        ("charge", "lines", "JSON"),
        ("station", "latitude", "DOUBLE"),
        ("station", "rents_out", "BOOLEAN"),
        ("device", "capacity_mah", "INTEGER"),
        ("events", "data", "JSON"),
    ] {
        assert_eq!(types[name][column], json!(kind), "{name}.{column}");
    }
    projector.stop().await;
}

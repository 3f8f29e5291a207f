//! The baselines on the same server: `pgbench` with what a user would do instead.
//!
//! - One row: the very bytes of a `RentalStarted` with its envelope's columns, into a table with a primary key. The values
//!   stand in the prepared statement, so the baseline does not even pay for sending them.
//! - The CRUD transaction: lock customer and device, insert a rental, update both.
//!
//! Each begins right after a checkpoint, like what it is compared with. The tables are not vacuumed during the run: that
//! work would fall into the measurement of whoever comes next.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio_postgres::Client;

use super::error::BenchError;
use super::ground::Ground;

/// The database of the baselines.
const DATABASE: &str = "bench_baseline";
/// Clients of every baseline.
const CLIENTS: &str = "64";
/// Threads of the generator, so that it is not what limits the baseline.
const THREADS: &str = "2";

const TABLES: &str = "
    CREATE TABLE one_row (
        position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id uuid NOT NULL, command_id uuid NOT NULL,
        causation_id uuid, correlation_id uuid, occurred_at timestamptz NOT NULL, recorded_at timestamptz NOT NULL,
        schema_version smallint NOT NULL, type text NOT NULL, actor text NOT NULL, stream_kinds smallint[] NOT NULL,
        stream_ids uuid[] NOT NULL, stream_versions bigint[] NOT NULL, traceparent text, payload bytea NOT NULL);
    CREATE TABLE customer (
        id integer PRIMARY KEY, phone text NOT NULL, status text NOT NULL, balance bigint NOT NULL, debt bigint NOT NULL,
        open_rental bigint, updated_at timestamptz NOT NULL) WITH (autovacuum_enabled = off);
    CREATE TABLE device (
        id integer PRIMARY KEY, serial text NOT NULL, status text NOT NULL, station_id integer, slot integer,
        battery_percent integer NOT NULL, rental_id bigint, updated_at timestamptz NOT NULL) WITH (autovacuum_enabled = off);
    CREATE TABLE rental (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer_id integer NOT NULL, device_id integer NOT NULL,
        station_id integer NOT NULL, slot integer NOT NULL, status text NOT NULL, started_at timestamptz NOT NULL,
        due_at timestamptz NOT NULL, tariff jsonb NOT NULL);
    INSERT INTO customer SELECT n, '+2557' || lpad(n::text, 8, '0'), 'active', 20000, 0, NULL, now()
        FROM generate_series(1, 100000) AS n;
    INSERT INTO device SELECT n, 'PB-' || n, 'docked', n / 20, n % 20, 90, NULL, now()
        FROM generate_series(1, 100000) AS n;";

/// The statement that inserts the newest `RentalStarted`, made by the server from the row itself. Colons would be taken for
/// variables by `pgbench`.
const ONE_ROW: &str = r"
    SELECT format(
        'INSERT INTO one_row (id, command_id, occurred_at, recorded_at, schema_version, type, actor, stream_kinds,
         stream_ids, stream_versions, payload) VALUES (%L, %L, to_timestamp(%s), to_timestamp(%s), %s, %L, %s, %L, %L, %L, %L);',
        id, command_id, extract(epoch FROM occurred_at), extract(epoch FROM recorded_at), schema_version, type,
        replace(quote_literal(actor), ':', ''' || chr(58) || '''), stream_kinds, stream_ids, stream_versions, payload)
    FROM ledger.event WHERE type = 'RentalStarted' ORDER BY position DESC LIMIT 1";

const CRUD: &str = r#"\set c random(1, 100000)
\set d random(1, 100000)
BEGIN;
SELECT status, balance, debt, open_rental FROM customer WHERE id = :c FOR UPDATE;
SELECT status, station_id, slot, battery_percent FROM device WHERE id = :d FOR UPDATE;
INSERT INTO rental (customer_id, device_id, station_id, slot, status, started_at, due_at, tariff) VALUES (:c, :d, 7, 3, 'active', now(), now() + interval '1 day', '{"name": "Standard", "version": 1, "deposit": 10000, "daily_cap": 5000, "unit_price": 500, "unit_minutes": 30, "term_minutes": 1440, "replacement_fee": 45000}');
UPDATE customer SET open_rental = 1, updated_at = now() WHERE id = :c;
UPDATE device SET status = 'rented', rental_id = 1, updated_at = now() WHERE id = :d;
COMMIT;
"#;

/// The baselines, ready to be run.
pub(super) struct Baselines {
    url: String,
    program: PathBuf,
    one_row: PathBuf,
    crud: PathBuf,
}

impl Baselines {
    /// Makes their tables and scripts; the row is taken from this ledger.
    pub(super) async fn prepare(ground: &Ground, ledger: &Client) -> Result<Self, BenchError> {
        let client = ground.bare(DATABASE).await?;
        client.batch_execute(TABLES).await?;
        client.batch_execute("VACUUM ANALYZE").await?;
        let statement: String = ledger.query_one(ONE_ROW, &[]).await?.try_get(0)?;
        let scripts = ground.folder();
        let one_row = write(scripts, "one_row.sql", &one_line(&statement))?;
        let crud = write(scripts, "crud.sql", CRUD)?;
        Ok(Self { url: ground.url(DATABASE), program: program(), one_row, crud })
    }

    /// Rows inserted each second.
    pub(super) async fn one_row(&self, ground: &Ground, length: Duration) -> Result<f64, BenchError> {
        ground.settle().await?;
        self.run(&self.one_row, length).await
    }

    /// CRUD transactions each second.
    pub(super) async fn crud(&self, ground: &Ground, length: Duration) -> Result<f64, BenchError> {
        ground.settle().await?;
        self.run(&self.crud, length).await
    }

    async fn run(&self, script: &Path, length: Duration) -> Result<f64, BenchError> {
        let output = Command::new(&self.program)
            .args([
                "-n",
                "-M",
                "prepared",
                "-c",
                CLIENTS,
                "-j",
                THREADS,
                "-T",
                &length.as_secs().to_string(),
                "-f",
            ])
            .arg(script)
            .arg(&self.url)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(BenchError::io(format!("run {}", self.program.display())))?;
        let said = String::from_utf8_lossy(&output.stdout);
        let rate = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        let failed = || {
            let errors = String::from_utf8_lossy(&output.stderr);
            BenchError::wrong(format!("pgbench: {}\n{said}\n{errors}", output.status))
        };
        rate.filter(|_| output.status.success()).ok_or_else(failed)
    }
}

fn one_line(statement: &str) -> String {
    format!("{}\n", statement.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn write(folder: &Path, name: &str, text: &str) -> Result<PathBuf, BenchError> {
    let path = folder.join(name);
    std::fs::write(&path, text).map_err(BenchError::io(format!("write {}", path.display())))?;
    Ok(path)
}

/// The newest `pgbench` of Debian's packages, else the one in the path.
fn program() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> =
        versions.map(|version| version.path().join("bin/pgbench")).filter(|path| path.is_file()).collect();
    found.sort();
    found.pop().unwrap_or_else(|| PathBuf::from("pgbench"))
}

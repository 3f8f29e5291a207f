//! Row 8: all read models from the whole ledger, beside the bare `COPY` of the rows that come out.
//!
//! The rows are taken out of the new versions in binary form and copied into empty tables of the same shape, one table
//! after the other on one connection, each `COPY` a commit. Both sides make the same rows of the same events, so the ratio of
//! events per second is that of the times. The tables of the baseline have no keys and no indexes; a rebuild has both to
//! make.

use std::time::Instant;

use bytes::Bytes;
use futures_util::{SinkExt as _, TryStreamExt as _};
use ledger::Ledger;
use projector::{ModelName, Progress, Rebuilt, Sources};
use tokio_postgres::Client;

use super::error::BenchError;
use super::ground::{Database, connect, last_position};
use super::table::{Table, rate};

/// The schema of the baseline's tables.
const COPIES: &str = "bench_copy";

/// One round.
pub(super) async fn round(database: &Database, table: &mut Table) -> Result<(), BenchError> {
    let database = database.clone();
    let (rebuilt, copied, keyed) = super::run::aside(move || async move { measure(&database).await }).await?;
    table.add(8, rebuilt, copied);
    table.note(format!(
        "row 8: against a COPY that also makes the keys: {rebuilt:.0} ÷ {keyed:.0} events a second"
    ));
    Ok(())
}

async fn measure(database: &Database) -> Result<(f64, f64, f64), BenchError> {
    let owner = connect(&database.owner_url).await?;
    let events = usize::try_from(last_position(&owner).await?).unwrap_or(0);
    let url = &database.urls.projector;
    let ledger = Ledger::connect(url, 4)?;
    let sources = Sources {
        database_url: url.clone(),
        feed: ledger::feed::ledger_feed(&ledger, None),
        ledger,
        clock: std::sync::Arc::new(edge::SystemClock),
    };
    owner.batch_execute("CHECKPOINT").await?;
    let begun = Instant::now();
    let rebuilt = projector::rebuild(&sources, &ModelName::ALL, &|_: Progress| {}).await?;
    let took = begun.elapsed();
    let tables = taken(&owner, &rebuilt).await?;
    owner.batch_execute("CHECKPOINT").await?;
    let begun = Instant::now();
    for table in &tables {
        table.copy_in(&owner).await?;
    }
    let copying = begun.elapsed();
    for table in &tables {
        table.make_key(&owner).await?;
    }
    let with_keys = begun.elapsed();
    owner.batch_execute(&format!("DROP SCHEMA {COPIES} CASCADE")).await?;
    Ok((rate(events, took), rate(events, copying), rate(events, with_keys)))
}

/// A table's rows, ready to be copied in.
struct Rows {
    name: String,
    key: Option<String>,
    parts: Vec<Bytes>,
}

const TABLES: &str = "
    SELECT c.relname, (SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p')
    FROM pg_class c WHERE c.relnamespace = $1::text::regnamespace AND c.relkind = 'r' ORDER BY c.relname";

/// The rows of all these versions, and empty tables like theirs.
async fn taken(owner: &Client, versions: &[Rebuilt]) -> Result<Vec<Rows>, BenchError> {
    owner.batch_execute(&format!("DROP SCHEMA IF EXISTS {COPIES} CASCADE; CREATE SCHEMA {COPIES}")).await?;
    let mut all = Vec::new();
    for made in versions {
        let schema = made.model.schema(made.version);
        for row in owner.query(TABLES, &[&schema]).await? {
            let (table, key): (String, Option<String>) = (row.try_get(0)?, row.try_get(1)?);
            let name = format!("{COPIES}.{}_{table}", made.model);
            owner.batch_execute(&format!("CREATE TABLE {name} (LIKE {schema}.{table})")).await?;
            let out = owner.copy_out(&format!("COPY {schema}.{table} TO STDOUT (FORMAT binary)")).await?;
            all.push(Rows { name, key, parts: gathered(out.try_collect().await?) });
        }
    }
    Ok(all)
}

/// Rows come one by one; they go in large pieces.
fn gathered(rows: Vec<Bytes>) -> Vec<Bytes> {
    rows.chunks(4_096).map(|rows| Bytes::from(rows.concat())).collect()
}

impl Rows {
    async fn copy_in(&self, owner: &Client) -> Result<(), BenchError> {
        let sink = owner.copy_in(&format!("COPY {} FROM STDIN (FORMAT binary)", self.name)).await?;
        let mut sink = std::pin::pin!(sink);
        for part in &self.parts {
            sink.send(part.clone()).await?;
        }
        sink.finish().await?;
        Ok(())
    }

    async fn make_key(&self, owner: &Client) -> Result<(), BenchError> {
        let Some(key) = &self.key else { return Ok(()) };
        Ok(owner.batch_execute(&format!("ALTER TABLE {} ADD {key}", self.name)).await?)
    }
}

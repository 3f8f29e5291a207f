//! Row 6: how long after its acknowledgement a rental can be read, through relay, Kafka, projector and query-api.
//!
//! First the capacity: the highest rate, among steps of a quarter, that everything together keeps up with (the sender is
//! in time, the read models are at most half a second of events behind at the end). Then half of it, in an open loop, once
//! to warm up and once to measure; one command in eight is read back by its rental's id with `Ledger-Min-Position`. The
//! answer to the read ends the time.

use std::time::Duration;

use tokio_postgres::Client;

use super::city::City;
use super::error::BenchError;
use super::ground::{Database, Ground, connect};
use super::kafka::Broker;
use super::load::{self, Flow, PATIENCE, Seen};
use super::options::Scale;
use super::starting::address;
use super::table::{Table, p99_millis};
use crate::harness::wait_until;

/// Where the search begins, in commands each second.
const FIRST: u32 = 1_000;
/// Above this nobody looks.
const LAST: u32 = 60_000;
/// How late the sender may be at the end, and how many seconds' worth of events the read models may be behind.
const IN_TIME: Duration = Duration::from_millis(500);
/// What p99 is compared with, in milliseconds.
const LIMIT: f64 = 50.0;

const LAG: &str = "
    SELECT (SELECT coalesce(max(position), 0) FROM ledger.event) -
           (SELECT coalesce(min(position), 0) FROM ledger.projection WHERE live)";

/// One round; returns the capacity, which is looked for once.
pub(super) async fn round(
    (ground, scale): (&Ground, Scale),
    city: &City,
    database: &Database,
    broker: &Broker,
    capacity: Option<u32>,
    table: &mut Table,
) -> Result<u32, BenchError> {
    let service = ground.everything(database, &broker.brokers).await;
    let owner = connect(&database.owner_url).await?;
    service.wait_ready(PATIENCE).await;
    caught_up(&owner).await;
    let run = Run { address: address(&service.url())?, city, owner, length: scale.measure };
    let capacity = match capacity {
        Some(known) => known,
        None => run.capacity().await?,
    };
    // A process that has just started loads every customer once, whichever round it is.
    run.flow(capacity / 2).await?;
    caught_up(&run.owner).await;
    ground.settle().await?;
    let mut seen = run.flow(capacity / 2).await?;
    let (p99, whole) = (p99_millis(&mut seen.readable), p99_millis(&mut seen.whole));
    table.add(6, p99, LIMIT);
    table.note(format!(
        "row 6: capacity {capacity}/s; at half of it {} reads, p99 {p99:.1} ms from the acknowledgement, {whole:.1} ms from \
         the intended time of the command",
        seen.readable.len()
    ));
    Ok(capacity)
}

struct Run<'a> {
    address: std::net::SocketAddr,
    city: &'a City,
    owner: Client,
    length: Duration,
}

impl Run<'_> {
    async fn flow(&self, per_second: u32) -> Result<Seen, BenchError> {
        let flow = Flow { per_second, length: self.length, read_one_of: 8, connections: 64 };
        load::flow(self.address, self.city, flow).await
    }

    async fn capacity(&self) -> Result<u32, BenchError> {
        let mut reached = None;
        let mut next = FIRST;
        while next <= LAST {
            let holds = self.keeps_up(next).await?;
            eprintln!(
                "bench: row 6: {next} commands a second: {}",
                if holds { "in time" } else { "too many" }
            );
            if !holds {
                break;
            }
            reached = Some(next);
            next = next.saturating_add(next / 4);
        }
        reached.ok_or_else(|| BenchError::wrong(format!("{FIRST} commands a second are too many already")))
    }

    async fn keeps_up(&self, per_second: u32) -> Result<bool, BenchError> {
        let seen = self.flow(per_second).await?;
        let lag: i64 = self.owner.query_one(LAG, &[]).await?.try_get(0)?;
        caught_up(&self.owner).await;
        Ok(seen.late <= IN_TIME && lag <= i64::from(per_second / 2))
    }
}

async fn caught_up(owner: &Client) {
    wait_until("the read models have caught up", PATIENCE, async || {
        let row = owner.query_one(LAG, &[]).await;
        row.and_then(|row| row.try_get::<_, i64>(0)).is_ok_and(|lag| lag == 0)
    })
    .await;
}

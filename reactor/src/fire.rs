//! Fires deadlines: what is due becomes a command, and its answer decides what becomes of the row.
//!
//! The id of the command follows from kind, thing and moment: a repeat after a lost answer, another reactor and a
//! restart send the same command, which has one effect (I3); an extension makes a new moment and so a new id. The row
//! goes with a final answer: recorded, already done, or refused for good. Whatever may yet turn out otherwise
//! (`not_due`, too many requests, nobody answers) is tried again with growing pauses that survive a restart, under the
//! same id. What passed long ago waits while the past is being told ([`crate::past`]). A row that an event moved while its command was on its way is left alone.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use chrono::TimeDelta;
use domain::Time;
use edge::pace::{Backoff, rest};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use ring::digest;
use serde_json::json;
use tokio::sync::watch;
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use crate::commands::{Answer, Command, Commands};
use crate::connection::connect;
use crate::deadline::Kind;
use crate::error::ReactorError;
use crate::past::{LONG_AGO, Past};
use crate::reactor::Sources;
use crate::statements;
use crate::status::Status;

/// How often is looked whether something is due.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How often what waits is counted for the metrics.
const MEASURE_EVERY: Duration = Duration::from_secs(5);
/// How many rows are taken at once, and how many commands are on their way at the same time.
const TAKEN: i64 = 200;
const AT_ONCE: usize = 16;
/// The pauses between attempts, by the clock of the deadlines.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The id of the command of a deadline: version 8, from a hash of what makes it this one.
#[must_use]
pub fn command_id(kind: Kind, entity: Uuid, due_at: Time) -> Uuid {
    let named = format!("chajipoa/reactor/1|{}|{entity}|{}", kind.as_str(), due_at.timestamp_micros());
    let hash = digest::digest(&digest::SHA256, named.as_bytes());
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(hash.as_ref()).for_each(|(to, from)| *to = *from);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// A deadline whose time has come.
struct Due {
    kind: Kind,
    entity: Uuid,
    due_at: Time,
    attempts: u32,
}

impl Due {
    fn read(row: &Row) -> Result<Self, ReactorError> {
        let damaged = |what| ReactorError::Damaged { table: "reactor.deadline", what };
        let kind = Kind::parse(row.try_get(0)?).ok_or_else(|| damaged("an unknown kind"))?;
        let attempts = u32::try_from(row.try_get::<_, i32>(3)?).map_err(|_| damaged("negative attempts"))?;
        Ok(Self { kind, entity: row.try_get(1)?, due_at: row.try_get(2)?, attempts })
    }

    fn command(&self) -> Command {
        Command {
            id: command_id(self.kind, self.entity, self.due_at),
            name: self.kind.command(),
            occurred_at: Some(self.due_at),
            data: json!({ self.kind.entity_field(): self.entity }),
        }
    }
}

/// Fires what is due until something fails; begins when the ledger has been read to its end.
pub(crate) async fn run(
    (sources, status): (&Sources, &Status),
    commands: &Commands,
    past: &Past,
    mut caught_up: watch::Receiver<bool>,
) -> Result<Infallible, ReactorError> {
    let client = connect(&sources.database_url).await?;
    if caught_up.wait_for(|caught_up| *caught_up).await.is_err() {
        return Err(ReactorError::LockLost);
    }
    let firing = Firing { client: &client, sources, commands, status, past };
    tokio::select! {
        ended = firing.fire() => ended,
        ended = firing.measure() => ended,
    }
}

struct Firing<'a> {
    client: &'a Client,
    sources: &'a Sources,
    commands: &'a Commands,
    status: &'a Status,
    past: &'a Past,
}

impl Firing<'_> {
    async fn fire(&self) -> Result<Infallible, ReactorError> {
        let statement = self.client.prepare(statements::DUE).await?;
        let kinds = Kind::ALL.map(Kind::as_str);
        loop {
            let now = self.sources.clock.now();
            let from = if self.past.is_being_told() { now - LONG_AGO } else { Time::UNIX_EPOCH };
            let rows = self.client.query(&statement, &[&now, &from, &TAKEN, &kinds.as_slice()]).await?;
            if rows.is_empty() {
                rest(LOOK_EVERY).await;
                continue;
            }
            let mut things: BTreeMap<Uuid, Vec<Due>> = BTreeMap::new();
            for row in &rows {
                let due = Due::read(row)?;
                things.entry(due.entity).or_default().push(due);
            }
            let fired = stream::iter(things.into_values()).map(|due| self.settle_in_order(due));
            fired.buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        }
    }

    /// What is due of one thing happens in the order in which it became due: overdue first, then sold.
    async fn settle_in_order(&self, mut due: Vec<Due>) -> Result<(), ReactorError> {
        due.sort_by_key(|due| due.due_at);
        for due in due {
            self.settle(due).await?;
        }
        Ok(())
    }

    async fn settle(&self, due: Due) -> Result<(), ReactorError> {
        let answer = self.commands.send(&due.command()).await;
        self.status.sent(due.kind, &answer);
        match answer {
            Answer::Done { .. } => {}
            Answer::Refused { code } => {
                tracing::info!(kind = due.kind.as_str(), entity = %due.entity, code, "a deadline no longer holds");
            }
            Answer::Again { why, .. } => {
                tracing::debug!(kind = due.kind.as_str(), entity = %due.entity, why, "a deadline is tried again");
                return self.put_off(&due).await;
            }
        }
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
            [&due.kind.as_str(), &due.entity, &due.due_at];
        // None if an event cleared or moved it meanwhile: that is as good.
        self.client.execute(statements::ANSWERED, &values).await?;
        Ok(())
    }

    async fn put_off(&self, due: &Due) -> Result<(), ReactorError> {
        let clock = self.sources.clock.as_ref();
        let pause = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE).after(due.attempts).next_pause(clock);
        let next = domain::timing::plus(clock.now(), TimeDelta::from_std(pause).unwrap_or_default());
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
            [&due.kind.as_str(), &due.entity, &due.due_at, &next];
        self.client.execute(statements::PUT_OFF, &values).await?;
        Ok(())
    }

    async fn measure(&self) -> Result<Infallible, ReactorError> {
        let statement = self.client.prepare(statements::WAITING).await?;
        loop {
            let now = self.sources.clock.now();
            let row = self.client.query_one(&statement, &[&now]).await?;
            self.status.waiting(row.try_get(0)?, row.try_get(1)?, now);
            rest(MEASURE_EVERY).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_follows_from_kind_thing_and_moment_for_ever() {
        let rental = Uuid::from_u128(7);
        let due: Time = "2026-03-02T06:00:00Z".parse().unwrap();
        let id = command_id(Kind::MarkOverdue, rental, due);
        assert_eq!(id.to_string(), GOLDEN);
        assert_eq!(id.get_version_num(), 8);
        assert_eq!(id, command_id(Kind::MarkOverdue, rental, due));
        assert_ne!(id, command_id(Kind::SellDevice, rental, due));
        assert_ne!(id, command_id(Kind::MarkOverdue, Uuid::from_u128(8), due));
        assert_ne!(id, command_id(Kind::MarkOverdue, rental, due + TimeDelta::microseconds(1)));
    }

    /// Ids that commands were sent under never change: a golden one.
    const GOLDEN: &str = "8bcd0fb7-4121-83bc-8c47-ee5562f9a9cf";

    #[test]
    fn a_command_says_what_is_due_and_that_it_happened_then() {
        let due_at = "2026-03-02T06:00:00Z".parse().unwrap();
        let due = |kind| Due { kind, entity: Uuid::from_u128(7), due_at, attempts: 0 }.command();
        for kind in Kind::ALL {
            let command = due(kind);
            assert_eq!(command.occurred_at, Some(due_at));
            let parsed = domain::Command::parse(command.name, &command.data.to_string()).unwrap();
            assert!(parsed.allowed(domain::Role::System), "{}", command.name);
            assert_eq!(parsed.obvious_streams(), [Uuid::from_u128(7)]);
        }
    }
}

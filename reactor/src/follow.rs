//! Follows the ledger: deadlines, customers, notices, payments, refunds and position move in one transaction.
//!
//! Before anything else the stored checkpoint (ledger id, epoch, position, event id) is compared with the ledger, so
//! that a restore is noticed. The fence on the position (`UPDATE … WHERE position = $old`) is what makes a second
//! reactor harmless; the lock only keeps work from being done twice. It tells the firing side once everything that
//! stood in the ledger at the start has been folded: until then nothing may be fired.

use std::collections::BTreeMap;
use std::convert::Infallible;

use domain::{Event, Time};
use futures_util::future::try_join5;
use ledger::feed::Feed;
use ledger::{Checkpoint, Envelope, LedgerIdentity, Position};
use tokio::sync::watch;
use tokio_postgres::{Client, GenericClient};
use uuid::Uuid;

use crate::customer::Customers;
use crate::deadline::{Change, Kind, changes};
use crate::error::ReactorError;
use crate::money::Rows;
use crate::notice::{Notices, Told};
use crate::past::Past;
use crate::reactor::Sources;
use crate::statements;
use crate::status::Status;

/// What the actor of a deadline's own command begins with.
const OURSELVES: &str = "system:";
/// How many events are folded in one transaction at most.
const BATCH: usize = 1_000;

/// Follows until something fails.
pub(crate) async fn run(
    client: &mut Client,
    (sources, status): (&Sources, &Status),
    past: &Past,
    caught_up: &watch::Sender<bool>,
) -> Result<Infallible, ReactorError> {
    let identity = sources.ledger.identity().await?;
    let mut checkpoint = begin(client, identity).await?;
    sources.ledger.verify_checkpoint(&checkpoint).await?;
    status.reached(checkpoint.position);
    let target = sources.ledger.last_position().await?;
    let mut feed: Box<dyn Feed> = (sources.feed)(checkpoint.position)?;
    loop {
        if checkpoint.position >= target {
            caught_up.send_if_modified(|known| !std::mem::replace(known, true));
        }
        let events = feed.next(BATCH).await?;
        if client.is_closed() {
            return Err(ReactorError::LockLost);
        }
        let told = events.iter().filter(|event| !event.actor.starts_with(OURSELVES));
        told.for_each(|event| past.hear(event.occurred_at, sources.clock.now()));
        if let Some(last) = events.last() {
            let to = Checkpoint { position: last.position, event_id: Some(last.id), ..checkpoint };
            let folded = folded(checkpoint.position, &events)?;
            apply(client, (checkpoint, to), &folded, sources.clock.now()).await?;
            checkpoint = to;
            status.reached(to.position);
        }
    }
}

/// The stored checkpoint, made if this is the first reactor of the ledger.
async fn begin(client: &Client, identity: LedgerIdentity) -> Result<Checkpoint, ReactorError> {
    client.execute(statements::BEGIN, &[&identity.ledger_id, &identity.epoch]).await?;
    let row = client.query_one(statements::PROGRESS, &[]).await?;
    Ok(Checkpoint {
        identity: LedgerIdentity { ledger_id: row.try_get(0)?, epoch: row.try_get(1)? },
        position: Position::new(row.try_get(2)?),
        event_id: row.try_get(3)?,
    })
}

/// What a run of events comes to.
#[derive(Default)]
struct Folded {
    /// One change for each deadline.
    net: BTreeMap<(Kind, Uuid), Change>,
    /// Whose sessions end, and which: those that began up to then. command-api ends them at once; here they end surely.
    leaving: (Vec<Uuid>, Vec<Time>, Vec<&'static str>),
    /// How customers are reached.
    customers: Customers,
    /// What they are told.
    notices: Notices,
    /// Payments and refunds.
    money: Rows,
}

impl Folded {
    #[expect(clippy::wildcard_enum_match_arm, reason = "all others end no session")]
    fn take(&mut self, event: &Event, told: Told) {
        for change in changes(event) {
            let known = self.net.get(&change.key()).copied();
            self.net.insert(change.key(), known.map_or(change, |known| known.then(change)));
        }
        self.customers.take(event);
        self.notices.take(event, told);
        self.money.take(event, told.occurred_at, told.recorded_at);
        let (customer, because) = match event {
            Event::CustomerSuspended(fact) => (fact.customer_id.0, "suspended"),
            Event::CustomerErased(fact) => (fact.customer_id.0, "erased"),
            _ => return,
        };
        self.leaving.0.push(customer);
        self.leaving.1.push(told.recorded_at);
        self.leaving.2.push(because);
    }
}

fn folded(after: Position, events: &[Envelope]) -> Result<Folded, ReactorError> {
    let mut folded = Folded::default();
    let mut expected = after;
    for envelope in events {
        expected = Position::new(expected.get().saturating_add(1));
        let position = envelope.position;
        if position != expected {
            return Err(ReactorError::Gap { expected, found: position });
        }
        let event = Event::decode(&envelope.event_type, envelope.schema_version, &envelope.payload)
            .map_err(|source| ReactorError::Unreadable { position, source })?;
        let Envelope { occurred_at, recorded_at, .. } = *envelope;
        folded.take(&event, Told { position, occurred_at, recorded_at });
    }
    Ok(folded)
}

async fn apply(
    client: &mut Client,
    (from, to): (Checkpoint, Checkpoint),
    folded: &Folded,
    now: Time,
) -> Result<(), ReactorError> {
    let transaction = client.transaction().await?;
    let columns = Columns::of(folded.net.values());
    let (moved, ..) = try_join5(
        move_in_tx(&transaction, from, to),
        columns.clear_in_tx(&transaction),
        columns.set_in_tx(&transaction),
        columns.shift_in_tx(&transaction),
        async {
            // Whoever registered in these events is told of what follows in them.
            folded.customers.write_in_tx(&transaction).await?;
            folded.notices.write_in_tx(&transaction, from.position, now).await
        },
    )
    .await?;
    if moved != 1 {
        return Err(ReactorError::Fenced);
    }
    folded.money.write_in_tx(&transaction).await?;
    let (subjects, until, because) = &folded.leaving;
    if !subjects.is_empty() {
        transaction.execute(statements::END_SESSIONS, &[subjects, until, because]).await?;
    }
    Ok(transaction.commit().await?)
}

async fn move_in_tx<C: GenericClient>(
    client: &C,
    from: Checkpoint,
    to: Checkpoint,
) -> Result<u64, tokio_postgres::Error> {
    let LedgerIdentity { ledger_id, epoch } = from.identity;
    let (old, new) = (from.position.get(), to.position.get());
    client.execute(statements::MOVE, &[&ledger_id, &epoch, &old, &new, &to.event_id]).await
}

/// The changes of a batch, by what they do: an array for each column. No deadline is in two of them.
#[derive(Default)]
struct Columns {
    set: (Vec<&'static str>, Vec<Uuid>, Vec<Time>, Vec<i64>),
    shift: (Vec<&'static str>, Vec<Uuid>, Vec<Time>),
    clear: (Vec<&'static str>, Vec<Uuid>),
}

impl Columns {
    fn of<'a>(net: impl Iterator<Item = &'a Change>) -> Self {
        let mut columns = Self::default();
        for change in net {
            let (kind, entity) = change.key();
            match change {
                Change::Set(deadline) => {
                    columns.set.0.push(kind.as_str());
                    columns.set.1.push(entity);
                    columns.set.2.push(deadline.due_at);
                    columns.set.3.push(deadline.margin_minutes);
                }
                Change::Move { base, .. } => {
                    columns.shift.0.push(kind.as_str());
                    columns.shift.1.push(entity);
                    columns.shift.2.push(*base);
                }
                Change::Clear { .. } => {
                    columns.clear.0.push(kind.as_str());
                    columns.clear.1.push(entity);
                }
            }
        }
        columns
    }

    async fn set_in_tx<C: GenericClient>(&self, client: &C) -> Result<u64, tokio_postgres::Error> {
        let (kinds, entities, due, margins) = &self.set;
        if kinds.is_empty() {
            return Ok(0);
        }
        client.execute(statements::SET, &[kinds, entities, due, margins]).await
    }

    async fn shift_in_tx<C: GenericClient>(&self, client: &C) -> Result<u64, tokio_postgres::Error> {
        let (kinds, entities, bases) = &self.shift;
        if kinds.is_empty() {
            return Ok(0);
        }
        client.execute(statements::SHIFT, &[kinds, entities, bases]).await
    }

    async fn clear_in_tx<C: GenericClient>(&self, client: &C) -> Result<u64, tokio_postgres::Error> {
        let (kinds, entities) = &self.clear;
        if kinds.is_empty() {
            return Ok(0);
        }
        client.execute(statements::CLEAR, &[kinds, entities]).await
    }
}

//! Reading the ledger for a pass.

use std::time::{Duration, Instant};

use domain::{
    Event,
    rerating::{Needs, Pass, Placed, WhatIf, concerns, customer_of},
    tariff::Terms,
};
use ledger::{Envelope, Ledger, LedgerError, Position};
use tokio::task::JoinHandle;
use uuid::Uuid;

/// How many events one statement reads.
const BATCH: usize = 2_000;

/// Why the ledger could not be rated.
#[derive(Debug, thiserror::Error)]
pub enum RerateError {
    /// It could not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// An event is not of the shape that its type has.
    #[error("the event at position {position} cannot be read")]
    Unreadable {
        /// Where.
        position: Position,
        /// Why.
        #[source]
        source: domain::event::UnknownEvent,
    },
    /// The reader was stopped.
    #[error("the reader of the ledger was stopped")]
    Stopped,
}

/// How far a pass is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// The last position taken in.
    pub position: Position,
    /// The last one there is.
    pub of: Position,
}

/// A pass over the whole ledger.
#[derive(Debug)]
pub struct Rerated {
    /// The position up to which it goes.
    pub until: Position,
    /// What it found.
    pub pass: Pass,
    /// How long it took.
    pub took: Duration,
}

/// Rates the ledger up to its present end, and under other terms if there are some.
///
/// # Errors
/// The ledger cannot be read, has a gap, or holds an event that nobody can read.
pub async fn run(
    ledger: &Ledger,
    terms: Option<Terms>,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Rerated, RerateError> {
    let began = Instant::now();
    let until = ledger.last_position().await?;
    let last = ledger.read_after(Position::new(until.get().saturating_sub(1)), 1).await?;
    let now = last.first().map_or(domain::Time::MIN_UTC, |event| event.recorded_at);
    let mut pass = match terms {
        Some(terms) => Pass::new().with(WhatIf::new(terms, now)),
        None => Pass::new(),
    };
    let mut after = Position::ZERO;
    let mut waiting = fetch(ledger, after, until);
    while after < until {
        let Stretch { read, last } = waiting.await.map_err(|_| RerateError::Stopped)??;
        if last == after {
            break;
        }
        after = last;
        waiting = fetch(ledger, after, until);
        for placed in &read {
            take(ledger, &mut pass, placed).await?;
        }
        progress(Progress { position: after, of: until });
    }
    Ok(Rerated { until, pass, took: began.elapsed() })
}

/// Events of a stretch that concern a bill, and where it ends.
struct Stretch {
    read: Vec<Placed>,
    last: Position,
}

fn fetch(ledger: &Ledger, after: Position, until: Position) -> JoinHandle<Result<Stretch, RerateError>> {
    let ledger = ledger.clone();
    let room = usize::try_from(until.since(after)).unwrap_or(BATCH).min(BATCH);
    tokio::spawn(async move { stretch(&ledger, after, room).await })
}

async fn stretch(ledger: &Ledger, after: Position, room: usize) -> Result<Stretch, RerateError> {
    let (mut read, mut last, mut unreadable) = (Vec::new(), after, None);
    if room > 0 {
        let visit = |essence: ledger::Essence<'_>| {
            last = essence.position;
            if concerns(essence.event_type) && unreadable.is_none() {
                match Event::decode(essence.event_type, essence.schema_version, essence.payload) {
                    Ok(event) => read.push(Placed { position: essence.position.get(), event }),
                    Err(source) => {
                        unreadable = Some(RerateError::Unreadable { position: essence.position, source });
                    }
                }
            }
        };
        ledger.visit_after(after, room, visit).await?;
    }
    match unreadable {
        Some(error) => Err(error),
        None => Ok(Stretch { read, last }),
    }
}

async fn take(ledger: &Ledger, pass: &mut Pass, placed: &Placed) -> Result<(), RerateError> {
    while let Err(needs) = pass.take(placed) {
        match needs {
            Needs::Rental { rental_id } => {
                let stream = stream(ledger, rental_id.0).await?;
                let customer = match customer_of(&stream) {
                    Some(customer) => self::stream(ledger, customer.0).await?,
                    None => Vec::new(),
                };
                pass.recall(rental_id, placed.position, &stream, &customer);
            }
            Needs::Starts { customer_id, day } => {
                let customer = stream(ledger, customer_id.0).await?;
                pass.recall_starts(customer_id, day, placed.position, &customer);
            }
        }
    }
    Ok(())
}

/// The events of a stream that concern a bill.
async fn stream(ledger: &Ledger, id: Uuid) -> Result<Vec<Placed>, RerateError> {
    let streams = ledger.read_streams(&[(id, 0)]).await?;
    let events = streams.iter().flatten().filter(|event| concerns(&event.event_type));
    events.map(|event| placed(event)).collect()
}

fn placed(envelope: &Envelope) -> Result<Placed, RerateError> {
    let Envelope { position, event_type, schema_version, payload, .. } = envelope;
    match Event::decode(event_type, *schema_version, payload) {
        Ok(event) => Ok(Placed { position: position.get(), event }),
        Err(source) => Err(RerateError::Unreadable { position: *position, source }),
    }
}

//! The books of a period, folded from the ledger for `ClosePeriod`.
//!
//! Nearly all of it is read beside the appends, in short statements, before the command takes its turn; what was recorded
//! meanwhile is added under the lock ([`crate::batcher`]), so that the figures are those of the position before the
//! close. Constant memory, whatever the length of the ledger. What earlier closes hold is taken from the last of them, and
//! reading begins shortly before the first moment at which anything could be booked on an open day.

use chrono::{Days, NaiveDate, TimeDelta};
use domain::event::{CheckpointRef, PeriodClosed, UnknownEvent};
use domain::ids::PERIODS;
use domain::period::{Books, OutOfOrder};
use domain::{Command, Event, Time, postings, timing};
use ledger::{Envelope, Essence, Ledger, LedgerError, LockedAppend, Position};

use crate::statements;

/// The event by which days are closed.
const CLOSE: &str = "PeriodClosed";
/// Events read at once.
const PAGE: usize = 2_000;
/// No event happens so much later than it is recorded, whatever the clocks say.
const AHEAD: TimeDelta = TimeDelta::days(1);

/// Why there are no books.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BooksError {
    /// The ledger could not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// An event that may be booked cannot be read.
    #[error("the event at {position} cannot be booked")]
    Unknown { position: Position, source: UnknownEvent },
    /// The reader showed events in another order than they have.
    #[error(transparent)]
    OutOfOrder(#[from] OutOfOrder),
}

/// The books that a command needs for its decision, as the ledger stands now; `None` for all but a close.
///
/// # Errors
/// See [`BooksError`].
#[expect(clippy::wildcard_enum_match_arm, reason = "no other command is decided on figures")]
pub(crate) async fn needed(ledger: &Ledger, command: &Command) -> Result<Option<Box<Books>>, BooksError> {
    match command {
        Command::ClosePeriod(close) => {
            let mut books = opened(ledger, close.until).await?;
            catch_up(ledger, &mut books, 0).await?;
            Ok(Some(Box::new(books)))
        }
        _ => Ok(None),
    }
}

/// The books of the days up to `until`, with nothing in them yet but what is closed.
async fn opened(ledger: &Ledger, until: NaiveDate) -> Result<Books, BooksError> {
    let closes = closes(ledger).await?;
    let last = closes.last().map(|(_, closed)| closed);
    let start = match last {
        Some(last) => recorded_by(ledger, first_moment(last.until)).await?,
        None => 0,
    };
    let closed = closes.iter().rev().find(|(position, _)| *position <= start).map(|(_, closed)| closed.until);
    Ok(Books::open(last, until, (start, closed)))
}

/// Every close so far, with its position.
async fn closes(ledger: &Ledger) -> Result<Vec<(i64, PeriodClosed)>, BooksError> {
    let mut found = Vec::new();
    for envelope in ledger.read_streams(&[(PERIODS.id, 0)]).await?.into_iter().flatten() {
        if let Event::PeriodClosed(closed) = decoded(&essence(&envelope))? {
            found.push((envelope.position.get(), *closed));
        }
    }
    Ok(found)
}

/// Before this moment nothing was recorded that is booked on a day after the closed one.
fn first_moment(closed: NaiveDate) -> Time {
    let open = closed.checked_add_days(Days::new(1)).unwrap_or(closed);
    timing::plus(timing::day_begins(open), -AHEAD)
}

async fn recorded_by(ledger: &Ledger, moment: Time) -> Result<i64, BooksError> {
    let client = ledger.pool().get().await.map_err(LedgerError::from)?;
    let search = client.prepare_cached(statements::RECORDED_BEFORE).await.map_err(LedgerError::from)?;
    let row = client.query_one(&search, &[&moment]).await.map_err(LedgerError::from)?;
    Ok(row.try_get(0).map_err(LedgerError::from)?)
}

/// Adds what was recorded since, until at most so many events are left that came while it was read.
///
/// # Errors
/// See [`BooksError`].
pub(crate) async fn catch_up(ledger: &Ledger, books: &mut Books, left: i64) -> Result<(), BooksError> {
    loop {
        let mut failed = None;
        let read = ledger
            .visit_after(Position::new(books.position()), PAGE, |event| {
                if failed.is_none() {
                    failed = add(books, &event).err();
                }
            })
            .await?;
        if let Some(error) = failed {
            return Err(error);
        }
        if read < PAGE && ledger.last_position().await?.get().saturating_sub(books.position()) <= left {
            return Ok(());
        }
    }
}

/// Puts the last signed checkpoint of what the figures hold beside them; none is signed yet in a young ledger.
///
/// # Errors
/// See [`BooksError`].
pub(crate) async fn sign(ledger: &Ledger, books: &mut Books) -> Result<(), BooksError> {
    let size = u64::try_from(books.position()).unwrap_or(0);
    let signed = ledger.last_signed_up_to(size).await?;
    books.put_checkpoint(signed.map(|signed| CheckpointRef {
        origin: signed.note.lines().next().unwrap_or_default().to_owned(),
        size: i64::try_from(signed.size).unwrap_or(i64::MAX),
        root: hex(&signed.root),
    }));
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// Adds what is left while nobody else can append.
///
/// # Errors
/// See [`BooksError`].
pub(crate) async fn finish_in_tx(locked: &LockedAppend, books: &mut Books) -> Result<(), BooksError> {
    while books.position() < locked.last().get() {
        for event in locked.read_after(Position::new(books.position()), PAGE).await? {
            add(books, &essence(&event))?;
        }
    }
    Ok(())
}

fn essence(envelope: &Envelope) -> Essence<'_> {
    Essence {
        position: envelope.position,
        id: envelope.id,
        event_type: &envelope.event_type,
        schema_version: envelope.schema_version,
        occurred_at: envelope.occurred_at,
        recorded_at: envelope.recorded_at,
        payload: &envelope.payload,
    }
}

fn add(books: &mut Books, event: &Essence<'_>) -> Result<(), BooksError> {
    let position = event.position.get();
    if !postings::may_post(event.event_type) && event.event_type != CLOSE {
        return Ok(books.pass(position)?);
    }
    let times = (event.occurred_at, event.recorded_at);
    Ok(books.add(position, &decoded(event)?, times)?)
}

fn decoded(event: &Essence<'_>) -> Result<Event, BooksError> {
    Event::decode(event.event_type, event.schema_version, event.payload)
        .map_err(|source| BooksError::Unknown { position: event.position, source })
}

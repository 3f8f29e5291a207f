//! The two tasks of a process: one follows the ledger, one ticks.
//!
//! Keeps true: while a stream is open, every event is heard, in order: a page whose telling needs something that cannot
//! be read at the moment is tried again, and the position moves only with it, under the lock that seats are taken
//! under. While none is open, nothing is read.

use std::{collections::HashMap, sync::Arc, time::Duration};

use domain::Event;
use edge::pace::Backoff;
use ledger::{
    Bell, Envelope, Ledger, LedgerError, Position,
    feed::{Feed as _, PostgresFeed},
};
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use super::{board::BEATS, hub::Shared, told::Heard};
use crate::{read::Failure, statements};

/// How many events are heard at once at most: fewer than may wait on a stream.
const PAGE: usize = 200;
/// How often every stream gets a sign of life.
const HEARTBEAT: Duration = Duration::from_secs(15);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Follows the ledger whenever a stream is open, until the process stops.
pub(super) async fn run(shared: Arc<Shared>, ledger: Ledger, bell: Option<Bell>) {
    let mut stopping = shared.stopping.subscribe();
    let following = async {
        loop {
            shared.demand.notified().await;
            if shared.board().len() > 0 {
                follow(&shared, &ledger, bell.as_ref()).await;
            }
        }
    };
    tokio::select! {
        _ = stopping.wait_for(|stopping| *stopping) => {}
        () = following => {}
    }
}

/// Ticks, until the process stops.
pub(super) async fn tick(shared: Arc<Shared>) {
    let beats = u32::try_from(BEATS).unwrap_or(u32::MAX);
    let mut ticks = interval(HEARTBEAT.checked_div(beats).unwrap_or(HEARTBEAT));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stopping = shared.stopping.subscribe();
    loop {
        tokio::select! {
            _ = stopping.wait_for(|stopping| *stopping) => return,
            _ = ticks.tick() => shared.board().tick(shared.clock.now()),
        }
    }
}

/// From the present position on, until no stream is open.
async fn follow(shared: &Shared, ledger: &Ledger, bell: Option<&Bell>) {
    let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
    let start = loop {
        match ledger.last_position().await {
            Ok(position) => break position,
            Err(error) => {
                warn(&error);
                backoff.pause(shared.clock.as_ref()).await;
            }
        }
        if ends(shared) {
            return;
        }
    };
    let mut feed = PostgresFeed::new(ledger.clone(), start, bell);
    begin(shared, start);
    while !ends(shared) {
        match feed.next(PAGE).await {
            Ok(events) => {
                backoff.reset();
                tell(shared, ledger, events).await;
            }
            Err(error) => {
                warn(&error);
                backoff.pause(shared.clock.as_ref()).await;
            }
        }
    }
}

fn begin(shared: &Shared, start: Position) {
    shared.board().position = Some(start.get());
    shared.followed.send_replace(true);
}

/// Whether nobody listens any more; then nobody follows either.
fn ends(shared: &Shared) -> bool {
    let mut board = shared.board();
    if board.len() > 0 {
        return false;
    }
    board.position = None;
    shared.followed.send_replace(false);
    true
}

fn warn(error: &(dyn std::error::Error + 'static)) {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let error = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    tracing::warn!(error, "the live streams cannot follow the ledger; trying again");
}

/// An event, read once somebody listens to it.
type Page = Vec<(Envelope, Option<Arc<Heard>>)>;

/// Tells events to whoever listens, and moves the position beyond them.
async fn tell(shared: &Shared, ledger: &Ledger, events: Vec<Envelope>) {
    let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
    let mut page: Page = events.into_iter().map(|event| (event, None)).collect();
    while !hand_over(shared, &page) {
        // Somebody may have sat down while this was read: then there is more to read.
        let unread = unread(shared, &page);
        match read(ledger, unread).await {
            Ok(read) => keep(&mut page, read),
            Err(error) => {
                warn(&error);
                backoff.pause(shared.clock.as_ref()).await;
            }
        }
    }
}

/// Hands a page to the streams if all is read that they need; else it changes nothing.
fn hand_over(shared: &Shared, page: &Page) -> bool {
    let mut board = shared.board();
    if page.iter().any(|(event, read)| read.is_none() && board.watches(event)) {
        return false;
    }
    let now = shared.clock.now();
    page.iter().filter_map(|(_, read)| read.as_ref()).for_each(|heard| board.hear(heard, now));
    if let Some((last, _)) = page.last() {
        board.position = Some(last.position.get());
    }
    true
}

fn unread(shared: &Shared, page: &Page) -> Vec<Heard> {
    let board = shared.board();
    let unread = page.iter().filter(|(event, read)| read.is_none() && board.watches(event));
    let events: Vec<&Envelope> = unread.map(|(event, _)| event).collect();
    drop(board);
    events.into_iter().map(Heard::read).collect()
}

fn keep(page: &mut Page, read: Vec<Heard>) {
    let mut read: HashMap<i64, Arc<Heard>> =
        read.into_iter().map(|heard| (heard.position, Arc::new(heard))).collect();
    for (event, kept) in page {
        if let Some(heard) = read.remove(&event.position.get()) {
            *kept = Some(heard);
        }
    }
}

/// The first event of a stream.
struct Begun {
    id: Uuid,
    event: Option<Event>,
}

/// Reads what else must be known of events: the serials of devices, the requests of rentals.
async fn read(ledger: &Ledger, mut events: Vec<Heard>) -> Result<Vec<Heard>, Failure> {
    let needed: Vec<Uuid> = events.iter().filter_map(Heard::needs_first_of).collect();
    if needed.is_empty() {
        return Ok(events);
    }
    let client = ledger.pool().get().await.map_err(LedgerError::from)?;
    let statement = client.prepare_cached(statements::FIRST_EVENTS).await?;
    let mut begun = HashMap::new();
    for row in client.query(&statement, &[&needed]).await? {
        let kind: &str = row.try_get("type")?;
        let event = Event::decode(kind, row.try_get("schema_version")?, row.try_get("payload")?).ok();
        begun.insert(row.try_get::<_, Uuid>("stream")?, Begun { id: row.try_get("id")?, event });
    }
    for heard in &mut events {
        match heard.needs_first_of().and_then(|stream| begun.get(&stream)) {
            Some(Begun { event: Some(Event::DeviceRegistered(device)), .. }) => {
                heard.serial = Some(device.serial.as_str().to_owned());
            }
            Some(Begun { id, event: Some(Event::RentalRequested(_)) }) => heard.settles = Some(*id),
            Some(_) | None => {}
        }
    }
    Ok(events)
}

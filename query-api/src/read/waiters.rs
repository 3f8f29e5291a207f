//! Requests that wait for a position: `Ledger-Min-Position`.
//!
//! Each source is asked by one poll, whoever waits for it; the poll ends with its last waiter. At most a thousand
//! requests wait, at most two seconds.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use deadpool_postgres::Pool;
use edge::Problem;
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval, timeout_at},
};

use super::{Failure, Source};

/// How long a request waits.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often a source is asked while somebody waits for it.
const POLL: Duration = Duration::from_millis(5);
/// How many requests wait at most.
const MOST: usize = 1_000;

/// Who waits for what. Clones share it.
#[derive(Clone)]
pub(crate) struct Waiters(Arc<Shared>);

struct Shared {
    pool: Pool,
    waiting: AtomicUsize,
    polls: [Poll; Source::ALL.len()],
}

struct Poll {
    known: watch::Sender<i64>,
    waiting: AtomicUsize,
    running: AtomicBool,
}

impl Default for Poll {
    fn default() -> Self {
        Self { known: watch::Sender::new(0), waiting: AtomicUsize::new(0), running: AtomicBool::new(false) }
    }
}

/// Counts a waiter for as long as it lives.
struct Waiting<'a>(&'a Shared, &'a Poll);

impl<'a> Waiting<'a> {
    fn begin(shared: &'a Shared, poll: &'a Poll) -> Result<Self, Problem> {
        poll.waiting.fetch_add(1, Ordering::SeqCst);
        let already = shared.waiting.fetch_add(1, Ordering::SeqCst);
        let waiting = Self(shared, poll);
        if already < MOST {
            Ok(waiting)
        } else {
            Err(Problem::unavailable("too_many_waiting", "too many requests wait for a position", 1))
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
        self.1.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Waiters {
    pub(crate) fn new(pool: Pool) -> Self {
        let polls = Source::ALL.map(|_| Poll::default());
        Self(Arc::new(Shared { pool, waiting: AtomicUsize::new(0), polls }))
    }

    /// When a request that begins now has waited long enough.
    pub(crate) fn deadline() -> Instant {
        let now = Instant::now();
        now.checked_add(PATIENCE).unwrap_or(now)
    }

    /// Waits until a source has reached a position, or until the deadline.
    pub(crate) async fn wait(&self, source: Source, position: i64, until: Instant) -> Result<(), Failure> {
        let Some(poll) = self.0.polls.get(source.index()) else { return Ok(()) };
        let waiting = Waiting::begin(&self.0, poll)?;
        let mut known = poll.known.subscribe();
        if !poll.running.swap(true, Ordering::SeqCst) {
            tokio::spawn(run(Arc::clone(&self.0), source));
        }
        // Reached or not: whoever waited reads again and sees.
        let _reached = timeout_at(until, known.wait_for(|known| *known >= position)).await;
        drop(waiting);
        Ok(())
    }
}

/// Asks a source again and again while somebody waits for it.
async fn run(shared: Arc<Shared>, source: Source) {
    let mut ticks = interval(POLL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let Some(poll) = shared.polls.get(source.index()) else { return };
    loop {
        ticks.tick().await;
        match position(&shared.pool, source).await {
            Ok(position) => {
                poll.known.send_replace(position);
            }
            Err(error) => tracing::debug!(%error, "a position could not be read"),
        }
        if poll.waiting.load(Ordering::SeqCst) == 0 {
            poll.running.store(false, Ordering::SeqCst);
            // One that came between the two lines above has found the poll running: go on for it.
            let missed = poll.waiting.load(Ordering::SeqCst) > 0;
            if !missed || poll.running.swap(true, Ordering::SeqCst) {
                return;
            }
        }
    }
}

async fn position(pool: &Pool, source: Source) -> Result<i64, Failure> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(source.position()).await?;
    Ok(client.query_one(&statement, &[]).await?.try_get(0)?)
}

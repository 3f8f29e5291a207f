//! The load: closed loops for rates, an open loop for latencies, never the other way round.
//!
//! Everything runs on the one thread of the bench. A closed loop sends the next request of a connection when the answer
//! to the last one is there. The open loop sends at intended times, and a late answer counts from the time at which it
//! should have been asked for.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::city::{City, Pair, get};
use super::error::BenchError;
use super::http::Connection;

/// Waiting for anything that has to come.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);

/// After so long a connection is not used again; services close idle ones.
const IDLE: Duration = Duration::from_secs(2);

const CREATED: u16 = 201;
const OK: u16 = 200;

/// Sends uploads over these connections; every line must be recorded.
pub(super) async fn uploads(
    connections: &mut Vec<Connection>,
    requests: Vec<(usize, Vec<u8>)>,
) -> Result<(), BenchError> {
    let requests = Arc::new(requests);
    let next = Arc::new(AtomicUsize::new(0));
    over(connections, |mut connection, _| {
        let (requests, next) = (Arc::clone(&requests), Arc::clone(&next));
        async move {
            while let Some((lines, request)) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                let reply = connection.expect(request, OK).await?;
                let recorded =
                    String::from_utf8_lossy(reply.body).matches("\"outcome\":\"recorded\"").count();
                if recorded != *lines {
                    return Err(super::http::unexpected(&reply));
                }
            }
            Ok(connection)
        }
    })
    .await
}

/// Starts a rental of each pair, each once; returns how long all of them took.
pub(super) async fn volley(
    connections: &mut Vec<Connection>,
    pairs: &[Pair],
) -> Result<Duration, BenchError> {
    let requests: Arc<Vec<Vec<u8>>> = Arc::new(pairs.iter().map(Pair::start).collect());
    let next = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    over(connections, |mut connection, _| {
        let (requests, next) = (Arc::clone(&requests), Arc::clone(&next));
        async move {
            while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                connection.expect(request, CREATED).await?;
            }
            Ok(connection)
        }
    })
    .await?;
    Ok(started.elapsed())
}

/// Starts and ends rentals in turn, each connection with pairs of its own, for about so long. Returns how many commands
/// were recorded in which time.
pub(super) async fn cycles(
    connections: &mut Vec<Connection>,
    city: &City,
    pairs: &[Pair],
    length: Duration,
) -> Result<(usize, Duration), BenchError> {
    let count = connections.len();
    let done = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    over(connections, |mut connection, number| {
        let own: Vec<Pair> = pairs.iter().skip(number).step_by(count.max(1)).cloned().collect();
        let (done, staff) = (Arc::clone(&done), Arc::clone(&city.staff));
        async move {
            while started.elapsed() < length {
                for pair in &own {
                    connection.expect(&pair.start(), CREATED).await?;
                }
                for pair in &own {
                    connection.expect(&pair.end(&staff), CREATED).await?;
                }
                done.fetch_add(own.len().saturating_mul(2), Ordering::Relaxed);
            }
            Ok(connection)
        }
    })
    .await?;
    Ok((done.load(Ordering::Relaxed), started.elapsed()))
}

/// Runs something on each of these connections at once and puts them back.
async fn over<F>(
    connections: &mut Vec<Connection>,
    mut work: impl FnMut(Connection, usize) -> F,
) -> Result<(), BenchError>
where
    F: Future<Output = Result<Connection, BenchError>> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for (number, connection) in connections.drain(..).enumerate() {
        tasks.spawn(work(connection, number));
    }
    while let Some(done) = tasks.join_next().await {
        connections.push(done??);
    }
    Ok(())
}

/// An open loop: so many commands each second for so long, some of them read back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flow {
    pub(super) per_second: u32,
    pub(super) length: Duration,
    /// One command of so many is read back.
    pub(super) read_one_of: u32,
    /// Over so many connections.
    pub(super) connections: u32,
}

/// What an open loop saw, in microseconds.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// From the acknowledgement to the answer of a read that has it.
    pub(super) readable: Vec<u64>,
    /// From the intended time of the command to that answer.
    pub(super) whole: Vec<u64>,
    /// How much later than intended the last commands were answered.
    pub(super) late: Duration,
}

/// What the tasks of an open loop share.
struct Stage {
    address: SocketAddr,
    city: City,
    seen: Mutex<Seen>,
    /// Those nobody reads over, and since when.
    readers: Mutex<Vec<(Instant, Connection)>>,
    begin: Instant,
}

/// Runs an open loop. Each connection has pairs of its own, starts all their rentals, then ends them, and so on, and
/// leaves them ended.
pub(super) async fn flow(address: SocketAddr, city: &City, flow: Flow) -> Result<Seen, BenchError> {
    let count = usize::try_from(flow.connections).unwrap_or(usize::MAX);
    let mut connections = Connection::several(address, count).await?;
    let begin = Instant::now() + Duration::from_millis(50);
    let stage = Arc::new(Stage {
        address,
        city: city.clone(),
        seen: Mutex::default(),
        readers: Mutex::default(),
        begin,
    });
    let interval = Duration::from_secs(1).checked_div(flow.per_second).unwrap_or_default();
    over(&mut connections, |connection, number| {
        let number = u32::try_from(number).unwrap_or_default();
        let first = stage.begin + interval.saturating_mul(number);
        Arc::clone(&stage).send_in_time(
            connection,
            number,
            first,
            interval.saturating_mul(flow.connections),
            flow,
        )
    })
    .await?;
    let stage = Arc::into_inner(stage).ok_or_else(|| BenchError::wrong("a read is still on its way"))?;
    Ok(stage.seen.into_inner().unwrap_or_else(PoisonError::into_inner))
}

impl Stage {
    async fn send_in_time(
        self: Arc<Self>,
        mut connection: Connection,
        number: u32,
        first: Instant,
        every: Duration,
        flow: Flow,
    ) -> Result<Connection, BenchError> {
        let skip = usize::try_from(number).unwrap_or(usize::MAX);
        let step = usize::try_from(flow.connections).unwrap_or(usize::MAX);
        // Few enough that ending what was started takes half a second.
        let few =
            flow.per_second.checked_div(flow.connections).unwrap_or(0).checked_div(2).unwrap_or(0).max(1);
        let few = usize::try_from(few).unwrap_or(usize::MAX);
        let own: Vec<Pair> = self.city.pairs.iter().skip(skip).step_by(step).take(few).cloned().collect();
        let end = self.begin + flow.length;
        let mut reads = JoinSet::new();
        let (mut intended, mut sent, mut ending) = (first, number, false);
        while intended < end || ending {
            for pair in &own {
                let request = if ending { pair.end(&self.city.staff) } else { pair.start() };
                tokio::time::sleep_until(intended).await;
                let reply = connection.expect(&request, CREATED).await?;
                let acknowledged = Instant::now();
                let position = reply.number("ledger-position");
                let rental = reply.text("rental_id").map(str::to_owned);
                if intended < end && sent.checked_rem(flow.read_one_of) == Some(0) {
                    let rental = rental.ok_or_else(|| BenchError::wrong("no rental in an answer"))?;
                    let read = Read { rental, position: position.unwrap_or(0), intended, acknowledged };
                    reads.spawn(Arc::clone(&self).read_back(read));
                }
                if intended < end {
                    self.note_late(acknowledged.saturating_duration_since(intended), end, acknowledged);
                }
                intended += every;
                sent = sent.saturating_add(1);
            }
            ending = !ending;
        }
        while let Some(read) = reads.join_next().await {
            read??;
        }
        Ok(connection)
    }

    /// Lateness counts once the loop has been running for a while.
    fn note_late(&self, late: Duration, end: Instant, now: Instant) {
        if end.saturating_duration_since(now) < Duration::from_secs(1) {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.late = seen.late.max(late);
        }
    }

    async fn read_back(self: Arc<Self>, read: Read) -> Result<(), BenchError> {
        let mut connection = self.reader().await?;
        let path = format!("/api/v1/rentals/{}", read.rental);
        let request = get(&path, &self.city.staff.admin, read.position);
        loop {
            let reply = connection.exchange(&request).await?;
            match reply.status {
                OK => break,
                // It waited its two seconds and was not there: that is a latency like any other.
                503 if read.acknowledged.elapsed() < PATIENCE => {}
                _ => return Err(super::http::unexpected(&reply)),
            }
        }
        let now = Instant::now();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.readable.push(micros(now.saturating_duration_since(read.acknowledged)));
        seen.whole.push(micros(now.saturating_duration_since(read.intended)));
        drop(seen);
        let idle = (now, connection);
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).push(idle);
        Ok(())
    }

    /// A connection to read over: the last one that was used, unless the service may be about to close it.
    async fn reader(&self) -> Result<Connection, BenchError> {
        let pooled = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match pooled {
            Some((used, connection)) if used.elapsed() < IDLE => Ok(connection),
            Some(_) | None => Connection::open(self.address).await,
        }
    }
}

struct Read {
    rental: String,
    position: i64,
    intended: Instant,
    acknowledged: Instant,
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

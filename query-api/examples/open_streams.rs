//! How much memory open streams take: opens many of them, each on a running rental, and prints what the serving process
//! holds.
//!
//! ```text
//! ulimit -n 20000
//! scripts/with-services.sh cargo run -p query-api --example open_streams -- 10000
//! ```
//!
//! The server is a process of its own with two workers; its rentals are rows written straight into the read model.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measurement that meets what it did not expect has failed"
)]

use std::{
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use edge::{
    Clock, Role, SystemClock,
    http::{ServerOptions, Site},
    metrics::Metrics,
    pace::rest,
    token::{Ticket, TokenKeys, Verifier, mint},
};
use futures_util::{StreamExt as _, stream};
use ledger::{
    Ledger,
    migrate::{self, RolePasswords, ServiceRole},
};
use projector::{ModelName, Projector, Sources};
use query_api::{Ingredients, QueryApi};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    process::{Child, Command},
};
use uuid::Uuid;

const DATABASE: &str = "open_streams";
/// How many connect at the same time.
const AT_ONCE: usize = 64;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [serve, url, keys] = arguments.as_slice()
        && serve == "serve"
    {
        return server(url, keys).await;
    }
    let count = arguments.first().map_or(10_000, |count| count.parse().expect("how many streams"));
    measure(count).await;
}

/// The serving process.
async fn server(url: &str, keys: &str) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ingredients = Ingredients {
        read_url: url.to_owned(),
        primary_url: url.to_owned(),
        pool: 8,
        keys: ledger::seal::Keys::open_or_create(keys.as_ref()).unwrap(),
        clock: Arc::clone(&clock),
        documents: Vec::new(),
        streams: query_api::STREAMS,
        bell: None,
    };
    let api = QueryApi::start(ingredients).await.unwrap();
    let keys = TokenKeys::open_or_create(keys.as_ref(), &SystemClock).unwrap();
    let verifier = Arc::new(Verifier::new(keys, Arc::clone(&clock)));
    let site = Site::new(clock, verifier, &Metrics::new(), vec![api.part()]);
    let options = ServerOptions { bind: "127.0.0.1:0".to_owned(), workers: 2 };
    let serving = api.serve(&options, site).unwrap();
    println!("{}", serving.addresses[0]);
    serving.server.await.unwrap();
}

async fn measure(count: usize) {
    let keys = tempfile::tempdir().unwrap();
    let url = prepare(count).await;
    let (mut child, address) = spawn(&url, keys.path().to_str().unwrap()).await;
    let pid = child.id().unwrap();
    println!("before: {}", memory(pid));
    let began = Instant::now();
    let open = |number: usize| {
        let (address, token) = (address.clone(), token(keys.path(), number));
        async move { connect(&address, &token).await }
    };
    let streams: Vec<TcpStream> = stream::iter(0..count).map(open).buffer_unordered(AT_ONCE).collect().await;
    println!("{} streams open after {:?}: {}", streams.len(), began.elapsed(), memory(pid));
    let before = ticks(pid);
    rest(Duration::from_secs(60)).await;
    println!("after a minute of heartbeats and prices: {}", memory(pid));
    println!("processor time in that minute, in hundredths of a second: {}", ticks(pid) - before);
    let heard = streams.iter().filter(|stream| stream.try_read(&mut [0; 4_096]).is_ok_and(|bytes| bytes > 0));
    println!("streams that heard something in it: {}", heard.count());
    drop(streams);
    child.kill().await.unwrap();
}

/// A database with so many running rentals.
async fn prepare(count: usize) -> String {
    let cluster = std::env::var("CHAJIPOA_TEST_PG").expect("CHAJIPOA_TEST_PG");
    let (base, _) = cluster.rsplit_once('/').unwrap();
    let owner_url = format!("{base}/{DATABASE}");
    let admin = client(&cluster).await;
    admin.batch_execute(&format!("DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")).await.unwrap();
    admin.batch_execute(&format!("CREATE DATABASE {DATABASE}")).await.unwrap();
    migrate::run(&owner_url, &passwords()).await.unwrap();
    let url = |role: ServiceRole| migrate::service_url(&owner_url, role, passwords().of(role)).unwrap();
    let database_url = url(ServiceRole::Projector);
    let ledger = Ledger::connect(&database_url, 4).unwrap();
    let feed = ledger::feed::ledger_feed(&ledger, None);
    let sources = Sources { database_url, ledger, feed, clock: Arc::new(SystemClock) };
    let projector = Projector::start(&sources, &ModelName::ALL, &Metrics::new());
    let admin = client(&owner_url).await;
    let built = "SELECT count(*) FROM ledger.projection WHERE live AND status = 'running'";
    while admin.query_one(built, &[]).await.unwrap().get::<_, i64>(0) < 3 {
        rest(Duration::from_millis(50)).await;
    }
    projector.stop().await;
    let version = "SELECT version::int FROM ledger.projection WHERE live AND name = 'rentals'";
    let version: i32 = admin.query_one(version, &[]).await.unwrap().get(0);
    let terms = serde_json::to_string(&domain::tariff::Terms::STANDARD).unwrap();
    let rows = format!(
        "INSERT INTO rentals_v{version}.tariff VALUES ('{id}', 1, 'Standard', now(), true, '{terms}', 1);
         INSERT INTO rentals_v{version}.rental (rental_id, customer_id, device_id, station_id, slot, status,
             requested_at, started_at, due_at, tariff_id, tariff_version, free_minutes, extended_minutes, position)
         SELECT lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(n), 32, '0')::uuid, '{id}', '{id}', 1, 'active',
             now() - n % 1800 * interval '1 s', now() - n % 1800 * interval '1 s', now() + interval '1 day',
             '{id}', 1, 5, 0, 1
         FROM generate_series(0, {count}) n; ANALYZE;",
        id = Uuid::nil()
    );
    admin.batch_execute(&rows).await.unwrap();
    url(ServiceRole::Query)
}

async fn spawn(url: &str, keys: &str) -> (Child, String) {
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new(program);
    command.args(["serve", url, keys]).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address = lines.next_line().await.unwrap().expect("an address");
    (child, address)
}

fn token(keys: &std::path::Path, number: usize) -> String {
    let keys = TokenKeys::open_or_create(keys, &SystemClock).unwrap();
    let subject = Uuid::from_u128(u128::try_from(number).unwrap());
    let ticket = Ticket { role: Role::Customer, subject, lifetime: TimeDelta::hours(1), unlimited: false };
    mint(&keys, ticket, &SystemClock).unwrap().0
}

/// Opens a stream and reads its first event.
async fn connect(address: &str, token: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /api/v1/rentals/active/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = Vec::new();
    while !text.windows(13).any(|window| window == b"event: status") {
        assert!(stream.read_buf(&mut text).await.unwrap() > 0, "{}", String::from_utf8_lossy(&text));
    }
    stream
}

/// What a process holds.
fn memory(pid: u32) -> String {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let lines = status.lines().filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM"));
    lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join(", ")
}

/// The processor time a process has taken.
fn ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    fields.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
}

async fn client(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn passwords() -> RolePasswords {
    let password = "only-for-tests".to_owned();
    RolePasswords {
        command: password.clone(),
        relay: password.clone(),
        projector: password.clone(),
        query: password.clone(),
        reactor: password.clone(),
        analyst: password,
    }
}

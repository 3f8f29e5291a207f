//! How long a command holds the lock of the ledger: batches of events with four streams and 620-byte payloads,
//! from an empty ledger upward, with and without version probes.
//!
//! `CHAJIPOA_TEST_PG=postgres://… cargo run --release -p ledger --example append_budget [events] [batch size]`
//! makes a database `append_budget` and leaves it there to look at. Half of the batches run in one round trip, as
//! a batcher sends them; half run as lock, append and commit, so that their shares are seen.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use bytes::Bytes;
use chrono::DateTime;
use ledger::{
    Decided, Ledger, NewEvent, Position, PreparedCommand, StreamKind, StreamRef,
    migrate::{self, RolePasswords, ServiceRole},
};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

/// Devices, stations and customers of the city that is measured.
const FLEET: u32 = 20_000;

/// How many batches are measured together.
const ROUND: u32 = 100;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let target: i64 = arguments.next().map_or(Ok(100_000), |text| text.parse())?;
    let size: u32 = arguments.next().map_or(Ok(64), |text| text.parse())?;
    let cluster = std::env::var("CHAJIPOA_TEST_PG")?;
    let (server, _) = cluster.rsplit_once('/').ok_or("CHAJIPOA_TEST_PG is not a URL with a database")?;
    let admin = connect(&cluster).await?;
    admin.batch_execute("DROP DATABASE IF EXISTS append_budget").await?;
    admin.batch_execute("CREATE DATABASE append_budget").await?;
    let owner_url = format!("{server}/append_budget");
    let passwords = RolePasswords::random()?;
    migrate::run(&owner_url, &passwords).await?;
    let url = migrate::service_url(&owner_url, ServiceRole::Command, passwords.of(ServiceRole::Command))?;
    let mut city = City { versions: vec![0; usize::try_from(FLEET * 3)?], made: 0 };
    let ledger = Ledger::connect(&url, 1)?;
    println!("µs per command, batches of {size}");
    let [events, probes, whole, append, commit, rate] =
        ["events", "probes", "round trip", "append", "commit", "per second"];
    println!("{events:>10} {probes:>8} {whole:>12} {append:>10} {commit:>10} {rate:>12}");
    let mut last = Position::ZERO;
    let mut next = 0;
    while last.get() < target {
        let print = last.get() >= next;
        for probe in [false, true] {
            let line = round(&ledger, &mut city, &mut last, (size, probe)).await?;
            if print {
                println!("{line}");
            }
        }
        if print {
            next = (next * 2).max(20_000);
        }
    }
    Ok(())
}

/// Appends a round of batches and renders what it took per command.
async fn round(
    ledger: &Ledger,
    city: &mut City,
    last: &mut Position,
    (size, probe): (u32, bool),
) -> Result<String, Box<dyn Error>> {
    let [mut whole, mut append, mut commit] = [Duration::ZERO; 3];
    for _ in 0..ROUND {
        let commands: Vec<_> = (0..size).map(|_| city.start_rental()).collect::<Result<_, _>>()?;
        let started = Instant::now();
        let seen = if probe { Position::ZERO } else { *last };
        let appended = ledger.append(&commands, seen).await?;
        whole += started.elapsed();
        assert_eq!(appended.last.since(*last), i64::from(size), "everything stands");
        let commands: Vec<_> = (0..size).map(|_| city.start_rental()).collect::<Result<_, _>>()?;
        let mut locked = ledger.begin_locked().await?;
        let started = Instant::now();
        *last = locked.append(&commands).await?.last;
        append += started.elapsed();
        let started = Instant::now();
        locked.commit().await?;
        commit += started.elapsed();
    }
    let commands = u128::from(ROUND * size);
    let per_command = |time: Duration| {
        let tenths = time.as_nanos() / commands / 100;
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    Ok(format!(
        "{:>10} {:>8} {:>12} {:>10} {:>10} {:>12}",
        last.get(),
        if probe { "all" } else { "none" },
        per_command(whole),
        per_command(append),
        per_command(commit),
        commands * 1_000_000_000 / whole.as_nanos().max(1),
    ))
}

struct City {
    versions: Vec<i64>,
    made: u32,
}

impl City {
    /// A rental of its own, by a customer, with a device, at a station.
    fn start_rental(&mut self) -> Result<PreparedCommand, Box<dyn Error>> {
        self.made += 1;
        let spread = self.made.wrapping_mul(2_654_435_761) % FLEET;
        let mut streams = vec![StreamRef { kind: StreamKind::Rental, id: id(9, self.made), version: 1 }];
        for (offset, kind) in
            [StreamKind::Customer, StreamKind::Device, StreamKind::Station].into_iter().enumerate()
        {
            let group = u32::try_from(offset)?;
            let version = self
                .versions
                .get_mut(usize::try_from(group * FLEET + spread)?)
                .ok_or("the fleet is smaller than that")?;
            *version += 1;
            streams.push(StreamRef { kind, id: id(group, spread), version: *version });
        }
        let event = NewEvent {
            id: id(10, self.made),
            event_type: "RentalStarted".into(),
            schema_version: 1,
            occurred_at: DateTime::from_timestamp_micros(1_790_000_000_123_456).ok_or("a time")?,
            causation_id: None,
            payload: Bytes::from(vec![b'x'; 620]),
            streams,
        };
        Ok(PreparedCommand {
            // Commands' ids come from clients and are spread over the whole index.
            id: Uuid::from_u128(
                u128::from(self.made).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835),
            ),
            actor: "customer:01990000-0000-7000-8000-000000000001".to_owned(),
            hash: [7; 32],
            decided: Decided::Recorded,
            reads: event.streams.iter().map(|stream| (stream.id, stream.version - 1)).collect(),
            events: vec![event],
            claims: Vec::new(),
            result: Bytes::from(vec![b'r'; 220]),
            answer_version: 1,
            correlation_id: None,
            traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
        })
    }
}

fn id(group: u32, number: u32) -> Uuid {
    let spread = u128::from(number.wrapping_mul(2_246_822_519));
    // Version 7: what was made later sorts later, with some disorder behind.
    Uuid::from_u128(
        0x0199_0000_0000_7000_8000_0000_0000_0000
            | (u128::from(number) << 84)
            | (u128::from(group) << 32)
            | spread,
    )
}

async fn connect(url: &str) -> Result<Client, Box<dyn Error>> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

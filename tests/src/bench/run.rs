//! The run: sets up once, measures in rounds, prints, publishes.

use std::time::Duration;

use super::baseline::Baselines;
use super::city::City;
use super::error::BenchError;
use super::ground::{Database, Ground, connect, last_position};
use super::grow::grow;
use super::kafka::Broker;
use super::options::{Options, Scale};
use super::starting::{FEW, address, starts};
use super::table::Table;
use super::verifying::Sealed;
use super::{growth, readable, rebuilding, relaying, starting, verifying};

/// The ledger that all others are copies of.
const BASE: &str = "bench_base";
/// A copy that lasts for a round.
const SMALL: &str = "bench_small";
/// The large ledger of row 5.
const LARGE: &str = "bench_large";
/// The ledger that is relayed, rebuilt from and proved.
const CARRIED: &str = "bench_carried";

/// Measures what was asked for and prints it. Everything that was made for it is gone afterwards.
///
/// # Errors
/// Something failed that a measurement rests on.
pub async fn run(options: &Options) -> Result<(), BenchError> {
    let scale = options.scale();
    let ground = Ground::open(&options.place).await?;
    let mut table = Table::new();
    let city = City::imagine(&ground.keys, scale.pairs)?;
    let from_empty = base(&ground, scale, &city).await?;
    table
        .note(format!("a service that began with an empty ledger: {from_empty:.0} rentals started a second"));
    let mut bench = Bench::prepare(options, scale, ground, city).await?;
    for round in 1..=options.rounds() {
        eprintln!("bench: round {round} of {}", options.rounds());
        bench.round(&mut table).await?;
    }
    table.print(options.json);
    if options.is_whole() {
        table.publish(options.rounds())?;
    }
    Ok(())
}

/// Builds the city on an empty ledger and fills it up to the small size, all by one service that began when every table
/// was empty. Returns how many rentals it starts in a second at the end.
async fn base(ground: &Ground, scale: Scale, city: &City) -> Result<f64, BenchError> {
    eprintln!("bench: building a city of {} customers", scale.pairs);
    let database = ground.fresh(BASE).await?;
    let owner = connect(&database.owner_url).await?;
    let service = ground.command_api(&database).await;
    let address = address(&service.url())?;
    city.build(address).await?;
    let mut rate = starts(address, city, FEW, Duration::ZERO).await?;
    while last_position(&owner).await? < scale.few {
        rate = starts(address, city, FEW, Duration::ZERO).await?;
    }
    owner.batch_execute("VACUUM ANALYZE").await?;
    Ok(rate)
}

struct Bench<'a> {
    options: &'a Options,
    scale: Scale,
    city: City,
    baselines: Baselines,
    large: Option<Database>,
    carried: Option<Database>,
    sealed: Option<Sealed>,
    capacity: Option<u32>,
    /// Before the ground, in whose folder it lies.
    broker: Option<Broker>,
    ground: Ground,
}

impl<'a> Bench<'a> {
    async fn prepare(
        options: &'a Options,
        scale: Scale,
        ground: Ground,
        city: City,
    ) -> Result<Self, BenchError> {
        let any = |rows: &[u8]| rows.iter().any(|row| options.wants(*row));
        let baselines = Baselines::prepare(&ground, &ground.client(BASE).await?).await?;
        let large = match any(&[5]) {
            true => Some(grown(&ground, LARGE, scale.many).await?),
            false => None,
        };
        let carried = match any(&[7, 8, 9]) {
            true => Some(grown(&ground, CARRIED, scale.carried).await?),
            false => None,
        };
        let sealed = match carried.as_ref().filter(|_| any(&[9])) {
            Some(carried) => Some(Sealed::prepare(carried).await?),
            None => None,
        };
        let broker = any(&[6, 7]).then(|| Broker::start(ground.folder())).transpose()?;
        Ok(Self { options, scale, city, baselines, large, carried, sealed, capacity: None, broker, ground })
    }

    async fn round(&mut self, table: &mut Table) -> Result<(), BenchError> {
        let Self { options, scale, city, baselines, large, carried, sealed, capacity, broker, ground } = self;
        let (options, scale) = (*options, *scale);
        if [1, 2, 3, 4].into_iter().any(|row| options.wants(row)) {
            let small = ground.copy(SMALL, BASE).await?;
            starting::round((ground, options, scale), city, baselines, &small, table).await?;
        }
        if let Some(large) = large {
            let small = ground.copy(SMALL, BASE).await?;
            growth::round((ground, scale), city, &small, large, table).await?;
        }
        if let Some(broker) = broker.as_ref().filter(|_| options.wants(6)) {
            broker.forget().await?;
            let small = ground.copy(SMALL, BASE).await?;
            let found = readable::round((ground, scale), city, &small, broker, *capacity, table).await?;
            *capacity = Some(found);
        }
        if let Some((broker, carried)) = broker.as_ref().zip(carried.as_ref()).filter(|_| options.wants(7)) {
            relaying::round(carried, broker, table).await?;
        }
        if let Some(carried) = carried.as_ref().filter(|_| options.wants(8)) {
            rebuilding::round(carried, table).await?;
        }
        if let Some(sealed) = sealed {
            verifying::round(sealed, table).await?;
        }
        Ok(())
    }
}

async fn grown(ground: &Ground, name: &str, events: i64) -> Result<Database, BenchError> {
    let database = ground.copy(name, BASE).await?;
    grow(&connect(&database.owner_url).await?, events, name).await?;
    ground.settle().await?;
    Ok(database)
}

/// Runs something on threads of its own, as the services do; the bench has one thread.
pub(super) async fn aside<T, F>(work: impl FnOnce() -> F + Send + 'static) -> Result<T, BenchError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, BenchError>>,
{
    tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(BenchError::io("start a runtime"))?;
        runtime.block_on(work())
    })
    .await?
}

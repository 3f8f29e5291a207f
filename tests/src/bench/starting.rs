//! Rows 1 to 4: starting rentals, beside what a user would do instead.
//!
//! `StartRental` is counted alone. A city has as many banks as customers; all of them are rented out at once, over so many
//! connections, then taken back uncounted, again and again. The service is a command-api of its own: what other services
//! do with the events is the business of other rows.
//!
//! One station has 200 slots at most, so for row 4 its banks are rented and given back in turn, and both count; on the
//! other side of the ratio stand as many banks, used in the same way, at as many stations as there are.

use std::net::SocketAddr;
use std::time::Duration;

use super::baseline::Baselines;
use super::city::City;
use super::error::BenchError;
use super::ground::{Database, Ground};
use super::http::Connection;
use super::load;
use super::options::{Options, Scale};
use super::table::{Table, rate};

/// Connections of most rows.
pub(super) const FEW: usize = 64;
/// Connections of row 2.
const MANY: usize = 256;
/// The rates of row 4 are measured so many times shorter: a bank that is rented hundreds of times in a few minutes has a
/// history like no other.
const SHORTER: u32 = 4;

/// One round.
pub(super) async fn round(
    (ground, options, scale): (&Ground, &Options, Scale),
    city: &City,
    baselines: &Baselines,
    database: &Database,
    table: &mut Table,
) -> Result<(), BenchError> {
    let service = ground.command_api(database).await;
    let address = address(&service.url())?;
    starts(address, city, FEW, Duration::ZERO).await?;
    ground.settle().await?;
    let rate_of = async |connections| {
        ground.settle().await?;
        starts(address, city, connections, scale.measure).await
    };
    let one_row = match options.wants(1) || options.wants(2) {
        true => baselines.one_row(ground, scale.measure).await?,
        false => f64::NAN,
    };
    if options.wants(1) || options.wants(3) {
        let few = rate_of(FEW).await?;
        if options.wants(1) {
            table.add(1, few, one_row);
        }
        if options.wants(3) {
            table.add(3, few, baselines.crud(ground, scale.measure).await?);
        }
    }
    if options.wants(2) {
        table.add(2, rate_of(MANY).await?, one_row);
    }
    if options.wants(4) {
        let length = scale.measure.checked_div(SHORTER).unwrap_or(scale.measure);
        let spread = cycles(address, city, false, length).await?;
        let crowd = cycles(address, city, true, length).await?;
        table.add(4, crowd, spread);
    }
    Ok(())
}

/// Rentals started each second, over about so long: at least one volley.
pub(super) async fn starts(
    address: SocketAddr,
    city: &City,
    connections: usize,
    length: Duration,
) -> Result<f64, BenchError> {
    let mut connections = Connection::several(address, connections).await?;
    let (mut started, mut took) = (0_usize, Duration::ZERO);
    loop {
        took = took.saturating_add(load::volley(&mut connections, &city.pairs).await?);
        started = started.saturating_add(city.pairs.len());
        city.take_back(address, &city.pairs).await?;
        if took >= length {
            return Ok(rate(started, took));
        }
    }
}

async fn cycles(
    address: SocketAddr,
    city: &City,
    crowded: bool,
    length: Duration,
) -> Result<f64, BenchError> {
    let mut connections = Connection::several(address, FEW).await?;
    let pairs = if crowded { city.crowd.to_vec() } else { city.spread() };
    let (commands, took) = load::cycles(&mut connections, city, &pairs, length).await?;
    Ok(rate(commands, took))
}

/// Where a service listens.
pub(super) fn address(url: &str) -> Result<SocketAddr, BenchError> {
    let address = url.trim_start_matches("http://").parse();
    address.map_err(|_| BenchError::wrong(format!("{url} is no address")))
}

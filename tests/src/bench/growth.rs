//! Row 5: the same at a large ledger and at a small one, each with its own service on the same server.

use super::city::City;
use super::error::BenchError;
use super::ground::{Database, Ground};
use super::options::Scale;
use super::starting::{FEW, address, starts};
use super::table::Table;

/// The rates are measured so many times shorter: the small ledger must stay small.
const SHORTER: u32 = 2;

/// One round. The small ledger is as it was before every round; the large one grows a little with each.
pub(super) async fn round(
    (ground, scale): (&Ground, Scale),
    city: &City,
    small: &Database,
    large: &Database,
    table: &mut Table,
) -> Result<(), BenchError> {
    let length = scale.measure.checked_div(SHORTER).unwrap_or(scale.measure);
    let at_few = {
        let service = ground.command_api(small).await;
        let address = address(&service.url())?;
        starts(address, city, FEW, std::time::Duration::ZERO).await?;
        ground.settle().await?;
        starts(address, city, FEW, length).await?
    };
    let at_many = {
        let service = ground.command_api(large).await;
        let address = address(&service.url())?;
        starts(address, city, FEW, std::time::Duration::ZERO).await?;
        ground.settle().await?;
        starts(address, city, FEW, length).await?
    };
    table.add(5, at_many, at_few);
    Ok(())
}

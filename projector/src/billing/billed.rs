//! Where a rental started and by which price list it is billed, so that each line of its money can say so.

use domain::{Event, event::RentalStarted, ids::RentalId};

use super::{BilledRentalRow, Billing};
use crate::{
    Fact, Impossible,
    table::{Row as _, Table},
};

const TABLE: &Table = BilledRentalRow::TABLE;

pub(super) fn start(rows: &mut Billing, fact: &Fact, event: &RentalStarted) -> Result<(), Impossible> {
    let vat_percent = i16::try_from(event.tariff.terms.vat_percent)
        .map_err(|_| Impossible::OutOfRange("the rate of VAT of a tariff"))?;
    let tariff_version =
        i32::try_from(event.tariff.version).map_err(|_| Impossible::OutOfRange("the version of a tariff"))?;
    rows.billed_rental.put(BilledRentalRow {
        rental_id: event.rental_id.0,
        station_id: event.station_id.0,
        tariff_id: event.tariff.tariff_id.0,
        tariff_version,
        vat_percent,
        position: fact.position.get(),
    })
}

/// The rental whose money an event moves.
fn rental_of(event: &Event) -> Option<RentalId> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "a line that is income without a rental is refused")]
    match event {
        Event::RentalEnded(event) => Some(event.rental_id),
        Event::RentalSold(event) => Some(event.rental_id),
        Event::RentalCorrected(event) => Some(event.rental_id),
        Event::ReplacementFeeReversed(event) => Some(event.rental_id),
        Event::DeviceRecovered(event) => Some(event.rental_id),
        _ => None,
    }
}

/// The rental whose money an event moves: its station and price list.
pub(super) fn of(rows: &Billing, event: &Event) -> Result<Option<BilledRentalRow>, Impossible> {
    let Some(rental) = rental_of(event) else { return Ok(None) };
    let row = rows.billed_rental.get((rental.0,))?;
    let absent = || Impossible::Absent { table: TABLE.name, key: rental.0.to_string() };
    row.cloned().map(Some).ok_or_else(absent)
}

//! Every statement of the query API, by area.
//!
//! Each begins with the position that its answer stands for, taken in the same statement as the rows; the row of
//! the position is there even if nothing else is found. Those of another moment than the present are in [`known`],
//! those of the books in [`books`].

mod audit;
pub(crate) mod books;
mod cases;
pub(crate) mod exported;
mod inventory;
pub(crate) mod known;
mod money;
mod positions;
mod receipts;
mod reconciliation;
mod rentals;
mod tariffs;

pub(crate) use audit::{EVENT, EVENTS, EVENTS_OF_STREAM, FIRST_EVENTS, PROJECTIONS};
pub(crate) use cases::CASES;
pub(crate) use inventory::{
    BATTERY, DEVICE, DEVICE_OF_SERIAL, FEED_STATIONS, MAINTENANCE, OPEN_RELEASES, SETTLED_RELEASES, STATION,
    STATIONS, STATIONS_NEAR,
};
pub(crate) use money::{
    APPROVALS, BALANCE, BREAKS, MANUAL_REFUNDS, PAYMENT, PAYMENTS_OF_CUSTOMER, RECEIPTS, REFUND, REFUNDS,
    REFUNDS_TO_EXPORT, STATEMENT,
};
pub(crate) use positions::{
    BILLING_POSITION, CASES_POSITION, INVENTORY_POSITION, LEDGER_POSITION, RECORDED_BY, RENTALS_POSITION,
};
pub(crate) use receipts::LANGUAGE;
pub(crate) use reconciliation::RECONCILIATION;
pub(crate) use rentals::{CHARGE, MISSED_END, OPEN_RENTAL, RENTAL, RENTALS_OF_CUSTOMER};
pub(crate) use tariffs::DEFAULT_TARIFF;

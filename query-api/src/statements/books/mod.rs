//! The books: accounts, lines of the journal, and the reports that are made of them.
//!
//! Income is what stands on the accounts of revenue and of VAT; each of its lines names the rental, where that started, its
//! price list and its rate. All but the trial balance are planned for what is asked (`Desk::query_planned`): with a plan for
//! any filter, Postgres would sort a million lines to show the first fifty.

mod accounts;
mod lines;
mod periods;
mod purses;
mod revenue;
mod vat;

pub(crate) use accounts::{CHART, CHART_OF_HAPPENED, TRIAL_BALANCE, TRIAL_BALANCE_NOW};
pub(crate) use lines::{
    ENTRIES, ENTRIES_OF_CUSTOMER, ENTRIES_OF_RENTAL, JOURNAL, JOURNAL_OF_CUSTOMER, JOURNAL_OF_RENTAL, SUMS,
    SUMS_OF_CUSTOMER, SUMS_OF_RENTAL,
};
pub(crate) use periods::{LATE_POSTINGS, PERIOD, PERIODS};
pub(crate) use purses::{DEBTS, DEBTS_NOW, DEPOSITS};
pub(crate) use revenue::{REVENUE_BY_DAY, REVENUE_BY_STATION, REVENUE_BY_TARIFF};
pub(crate) use vat::{VAT_CORRECTIONS, VAT_RATES};

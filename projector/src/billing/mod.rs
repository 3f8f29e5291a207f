//! The read model `billing`: the books.
//!
//! Rows: `balance` by customer, `charge` by rental, `payment`, `receipt`, `account` by code; written once are
//! `journal` by position and line, `statement` by customer and position, and `account_total`, the totals of every
//! account at every ten-thousandth position, so that a trial balance of any moment sums a short stretch only.
//! Balances, statements and totals are all taken from the postings of the domain, so they cannot disagree (I6).

mod books;
mod fold;
mod rows;

use crate::{
    Fact, Impossible,
    model::{Model, Sql},
    table::{AnyTable, Appended, Keyed},
};

pub(crate) use rows::{
    AccountRow, BalanceRow, ChargeRow, JournalRow, PaymentRow, PaymentStatus, ReceiptRow, StatementRow,
    TotalRow,
};

/// Raised with every change of what the fold makes of the ledger.
pub(crate) const FOLD: i32 = 1;
/// The totals of all accounts are kept at every position that is a multiple of this.
pub const TOTALS_EVERY: i64 = 10_000;

pub(crate) const SQL: Sql = Sql {
    tables: include_str!("tables.sql"),
    keys: include_str!("keys.sql"),
    indexes: include_str!("indexes.sql"),
    views: include_str!("views.sql"),
};

/// The fold and its rows.
#[derive(Debug, Default)]
pub(crate) struct Billing {
    pub(crate) balance: Keyed<BalanceRow>,
    pub(crate) charge: Keyed<ChargeRow>,
    pub(crate) payment: Keyed<PaymentRow>,
    pub(crate) receipt: Keyed<ReceiptRow>,
    pub(crate) account: Keyed<AccountRow>,
    pub(crate) journal: Appended<JournalRow>,
    pub(crate) statement: Appended<StatementRow>,
    pub(crate) total: Appended<TotalRow>,
}

impl Model for Billing {
    fn want(&mut self, fact: &Fact) {
        fold::want(self, fact);
    }

    fn apply(&mut self, fact: &Fact) -> Result<(), Impossible> {
        fold::apply(self, fact)?;
        books::post(self, fact)
    }

    fn tables(&mut self) -> Vec<&mut dyn AnyTable> {
        vec![
            &mut self.balance,
            &mut self.charge,
            &mut self.payment,
            &mut self.receipt,
            &mut self.account,
            &mut self.journal,
            &mut self.statement,
            &mut self.total,
        ]
    }
}

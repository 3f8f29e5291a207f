//! The read model `billing`: the books.
//!
//! Rows: `balance` by customer, `charge` and `billed_rental` by rental, `payment`, `receipt`, `refund`, `approval`,
//! `statement_break`, `account` by code, `account_day` by code and booking day, `closing`, how far the books are closed; written once are `period` by its last
//! day, `journal` by position and line, `statement` by customer and position, `movement` by position, what a provider's statement must show too,
//! and `account_total`, the totals of every account at every ten-thousandth position, so that a trial balance of any
//! moment sums a short stretch only.
//! What rows were before is in tables of the same name with `_past`; a balance's steps are its statement, an account's the
//! journal.
//! Balances, statements and totals are all taken from the postings of the domain, so they cannot disagree (I6).

mod approvals;
mod billed;
mod books;
mod breaks;
mod fold;
mod movements;
mod payments;
mod periods;
mod receipts;
mod refunds;
mod rows;

use crate::{
    Fact, Impossible,
    model::{Model, Sql},
    table::{AnyTable, Appended, Keyed},
};

pub(crate) use rows::{
    AccountDayRow, AccountRow, ApprovalKind, ApprovalRow, ApprovalStatus, BalanceRow, BilledRentalRow,
    BreakRow, BreakStatus, ChargeRow, ClosingRow, IncomeKind, JournalRow, MovementKind, MovementRow,
    PaymentRow, PaymentStatus, PeriodRow, ReceiptRow, ReceiptStatus, RefundRow, RefundStatus, StatementRow,
    TotalRow,
};

/// Raised with every change of what the fold makes of the ledger.
pub(crate) const FOLD: i32 = 3;
/// The totals of all accounts are kept at every position that is a multiple of this.
pub const TOTALS_EVERY: i64 = 10_000;

pub(crate) const SQL: Sql = Sql {
    tables: include_str!("tables.sql"),
    keys: include_str!("keys.sql"),
    indexes: include_str!("indexes.sql"),
    views: concat!(include_str!("views.sql"), include_str!("analysts.sql")),
    words: &[],
};

/// The fold and its rows.
#[derive(Debug, Default)]
pub(crate) struct Billing {
    pub(crate) balance: Keyed<BalanceRow>,
    pub(crate) charge: Keyed<ChargeRow>,
    pub(crate) billed_rental: Keyed<BilledRentalRow>,
    pub(crate) payment: Keyed<PaymentRow>,
    pub(crate) receipt: Keyed<ReceiptRow>,
    pub(crate) refund: Keyed<RefundRow>,
    pub(crate) approval: Keyed<ApprovalRow>,
    pub(crate) statement_break: Keyed<BreakRow>,
    pub(crate) account: Keyed<AccountRow>,
    pub(crate) account_day: Keyed<AccountDayRow>,
    pub(crate) closing: Keyed<ClosingRow>,
    pub(crate) period: Appended<PeriodRow>,
    pub(crate) movement: Appended<MovementRow>,
    pub(crate) journal: Appended<JournalRow>,
    pub(crate) statement: Appended<StatementRow>,
    pub(crate) total: Appended<TotalRow>,
}

impl Model for Billing {
    fn want(&mut self, fact: &Fact) {
        fold::want(self, fact);
        books::want(self, fact);
    }

    fn fold(&mut self, fact: &Fact) -> Result<(), Impossible> {
        fold::apply(self, fact)?;
        books::post(self, fact)
    }

    fn tables(&mut self) -> Vec<&mut dyn AnyTable> {
        let changing = self
            .balance
            .tables()
            .chain(self.charge.tables())
            .chain(self.billed_rental.tables())
            .chain(self.payment.tables())
            .chain(self.receipt.tables())
            .chain(self.refund.tables())
            .chain(self.approval.tables())
            .chain(self.statement_break.tables())
            .chain(self.account.tables())
            .chain(self.account_day.tables())
            .chain(self.closing.tables());
        let written_once: [&mut dyn AnyTable; 5] =
            [&mut self.period, &mut self.movement, &mut self.journal, &mut self.statement, &mut self.total];
        changing.chain(written_once).collect()
    }
}

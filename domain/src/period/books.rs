//! The figures of a period, folded from events.
//!
//! Whoever decides on a close folds every event since those days opened, in the order of positions, up to the one
//! before the close itself. What earlier closes hold is taken from the last of them: nothing is booked on a closed day,
//! so its totals never change again. Constant memory: one row for each account.

use chrono::NaiveDate;

use super::day::booking_day;
use crate::{
    Event, Time,
    event::{AccountTotal, CheckpointRef, PeriodClosed},
    postings::{Account, entries},
};

/// A period in the making: what is booked on its days, and on all days up to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Books {
    /// The last day closed before it.
    closed_before: Option<NaiveDate>,
    until: NaiveDate,
    /// How far the books were closed at the position reached.
    closed: Option<NaiveDate>,
    position: i64,
    accounts: Vec<AccountTotal>,
    checkpoint: Option<CheckpointRef>,
}

/// Events that do not follow what was folded so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the books stand at {at}, and what comes next is at {next}")]
pub struct OutOfOrder {
    /// The position reached.
    pub at: i64,
    /// The position that came.
    pub next: i64,
}

impl Books {
    /// The books of the days after `last` up to `until`, before the event after `position`. `closed` is how far the books
    /// were closed there: an event before that position must be booked on none of these days.
    #[must_use]
    pub fn open(
        last: Option<&PeriodClosed>,
        until: NaiveDate,
        (position, closed): (i64, Option<NaiveDate>),
    ) -> Books {
        let total = |account: Account| {
            let code = account.code();
            let before = last.and_then(|last| last.accounts.iter().find(|total| total.account == code));
            AccountTotal {
                account: code,
                debit: 0,
                credit: 0,
                total_debit: before.map_or(0, |total| total.total_debit),
                total_credit: before.map_or(0, |total| total.total_credit),
            }
        };
        Books {
            closed_before: last.map(|last| last.until),
            until,
            closed,
            position,
            accounts: Account::ALL.into_iter().map(total).collect(),
            checkpoint: None,
        }
    }

    /// The last day of the period.
    #[must_use]
    pub const fn until(&self) -> NaiveDate {
        self.until
    }

    /// The last day closed before it.
    #[must_use]
    pub const fn closed_before(&self) -> Option<NaiveDate> {
        self.closed_before
    }

    /// The position up to which everything is in the figures.
    #[must_use]
    pub const fn position(&self) -> i64 {
        self.position
    }

    /// The figures, by account code.
    #[must_use]
    pub fn accounts(&self) -> &[AccountTotal] {
        &self.accounts
    }

    /// The checkpoint that goes with them.
    #[must_use]
    pub const fn checkpoint(&self) -> Option<&CheckpointRef> {
        self.checkpoint.as_ref()
    }

    /// Puts a signed checkpoint beside the figures.
    pub fn put_checkpoint(&mut self, checkpoint: Option<CheckpointRef>) {
        self.checkpoint = checkpoint;
    }

    /// Passes over an event that moves no money.
    ///
    /// # Errors
    /// [`OutOfOrder`] unless it is the next one.
    pub const fn pass(&mut self, position: i64) -> Result<(), OutOfOrder> {
        if position != self.position.saturating_add(1) {
            return Err(OutOfOrder { at: self.position, next: position });
        }
        self.position = position;
        Ok(())
    }

    /// Takes the next event in.
    ///
    /// # Errors
    /// [`OutOfOrder`] unless it is the next one.
    pub fn add(
        &mut self,
        position: i64,
        event: &Event,
        (occurred_at, recorded_at): (Time, Time),
    ) -> Result<(), OutOfOrder> {
        self.pass(position)?;
        let day = booking_day(occurred_at, recorded_at, self.closed);
        if self.closed_before.is_none_or(|closed| day > closed) && day <= self.until {
            for posting in entries(event) {
                let amount = posting.amount.shillings();
                self.post(posting.debit, (amount, 0));
                self.post(posting.credit, (0, amount));
            }
        }
        if let Event::PeriodClosed(closed) = event {
            self.closed = Some(closed.until);
        }
        Ok(())
    }

    fn post(&mut self, account: Account, (debit, credit): (i64, i64)) {
        let code = account.code();
        if let Some(total) = self.accounts.iter_mut().find(|total| total.account == code) {
            total.debit = total.debit.saturating_add(debit);
            total.credit = total.credit.saturating_add(credit);
            total.total_debit = total.total_debit.saturating_add(debit);
            total.total_credit = total.total_credit.saturating_add(credit);
        }
    }
}

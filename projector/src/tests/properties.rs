//! I7 without a database: however the events are cut into batches, the rows are the same.

use domain::{Event, Money, purse::Purse};
use proptest::prelude::*;

use super::{Folds, given};
use crate::Fact;

/// A customer who rents again and again, for so many minutes each time, until a bank is not brought back.
pub(super) fn life(lengths: &[i64], last_is_lost: bool) -> Vec<Fact> {
    let mut purse = Purse::EMPTY;
    let mut events = given::registered();
    let _ = purse.pay(Money::tzs(30_000));
    events.extend(given::deposited(30_000));
    let mut now = 0;
    for (number, length) in (1..).zip(lengths) {
        events.push(given::started(number, now));
        let is_last = usize::try_from(number).unwrap() == lengths.len();
        let (minutes, event): (i64, Event) = if is_last && last_is_lost {
            let charge = given::sale_charge(now);
            given::sold(number, now, purse.charge(charge.total))
        } else {
            let charge = given::rated(now).returned(given::at(now + length));
            given::ended(number, now, now + length, purse.charge(charge.total))
        };
        events.push((minutes, event));
        now = minutes + 1;
    }
    given::facts(events)
}

pub(super) fn cut<'a>(mut facts: &'a [Fact], sizes: &[usize]) -> Vec<&'a [Fact]> {
    let mut batches = Vec::new();
    for size in sizes {
        let (batch, rest) = facts.split_at((*size).min(facts.len()));
        batches.push(batch);
        facts = rest;
    }
    batches.push(facts);
    batches
}

proptest! {
    #[test]
    fn i7_however_the_events_are_cut_the_rows_are_the_same(
        lengths in prop::collection::vec(1_i64..12_000, 0..8),
        last_is_lost: bool,
        sizes in prop::collection::vec(0_usize..6, 0..12),
    ) {
        let facts = life(&lengths, last_is_lost);
        let whole = Folds::of(&facts);
        let mut parts = Folds::new();
        for batch in cut(&facts, &sizes) {
            parts.apply(batch).unwrap();
        }
        prop_assert_eq!(whole.rentals.rental.rows(), parts.rentals.rental.rows());
        prop_assert_eq!(whole.billing.balance.rows(), parts.billing.balance.rows());
        prop_assert_eq!(whole.billing.account.rows(), parts.billing.account.rows());
        prop_assert_eq!(whole.billing.journal.rows(), parts.billing.journal.rows());
        prop_assert_eq!(whole.billing.statement.rows(), parts.billing.statement.rows());
        prop_assert_eq!(whole.inventory.device.rows(), parts.inventory.device.rows());
        prop_assert_eq!(whole.inventory.slot.rows(), parts.inventory.slot.rows());
    }

    #[test]
    fn i7_however_payments_and_refunds_are_cut_the_rows_are_the_same(
        sizes in prop::collection::vec(0_usize..4, 0..12),
    ) {
        let facts = super::money::after_deposit(super::money::everything());
        let whole = Folds::of(&facts);
        let mut parts = Folds::new();
        for batch in cut(&facts, &sizes) {
            parts.apply(batch).unwrap();
        }
        prop_assert_eq!(whole.billing.payment.rows(), parts.billing.payment.rows());
        prop_assert_eq!(whole.billing.receipt.rows(), parts.billing.receipt.rows());
        prop_assert_eq!(whole.billing.refund.rows(), parts.billing.refund.rows());
        prop_assert_eq!(whole.billing.approval.rows(), parts.billing.approval.rows());
        prop_assert_eq!(whole.billing.balance.rows(), parts.billing.balance.rows());
        prop_assert_eq!(whole.billing.movement.rows(), parts.billing.movement.rows());
        prop_assert_eq!(whole.billing.statement.rows(), parts.billing.statement.rows());
    }

    #[test]
    fn i6_all_accounts_together_are_zero_and_statements_end_at_the_balance(
        lengths in prop::collection::vec(1_i64..12_000, 0..8),
        last_is_lost: bool,
    ) {
        let folds = Folds::of(&life(&lengths, last_is_lost));
        let sum: i64 = folds.billing.account.rows().values().map(|row| row.debit - row.credit).sum();
        prop_assert_eq!(sum, 0);
        let balance = super::only(&folds.billing.balance);
        let moved: i64 = folds.billing.statement.rows().iter().map(|line| line.amount).sum();
        prop_assert_eq!(moved, balance.balance - balance.debt);
    }
}

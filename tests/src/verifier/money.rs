//! I6: every event's postings sum to zero, so do all of them at every position, nobody's balance is below zero, and
//! the journal of the read model says at every position what the events say.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::evidence::{Evidence, ReadModels};
use super::fold::effect;
use super::{Findings, Violation};

/// Checks I6.
#[must_use]
pub fn check(evidence: &Evidence) -> Vec<Violation> {
    let mut found = Findings::default();
    let mut totals: BTreeMap<i16, i64> = BTreeMap::new();
    let mut purses: BTreeMap<Uuid, (i64, i64)> = BTreeMap::new();
    let mut journal = evidence.models.as_ref().map(journal_by_position).unwrap_or_default();
    let until = evidence.models.as_ref().map_or(0, |models| models.billing_position);
    for event in &evidence.events {
        let at = event.position;
        let effect = match effect(event) {
            Ok(effect) => effect,
            Err(illegible) => {
                found.add("I6", Some(at), illegible.to_string());
                continue;
            }
        };
        let sum = effect.books.values().fold(0_i64, |sum, amount| sum.saturating_add(*amount));
        found.unless(sum == 0, "I6", at, || format!("{} is out of balance by {sum}", event.event_type));
        for (account, amount) in &effect.books {
            let total = totals.entry(*account).or_default();
            *total = total.saturating_add(*amount);
        }
        let all = totals.values().fold(0_i64, |sum, amount| sum.saturating_add(*amount));
        found.unless(all == 0, "I6", at, || format!("the trial balance is {all}, not zero"));
        if let Some((customer, balance, debt)) = effect.purse {
            let purse = purses.entry(customer).or_default();
            *purse = (purse.0.saturating_add(balance), purse.1.saturating_add(debt));
            found.unless(purse.0 >= 0 && purse.1 >= 0, "I6", at, || {
                format!("customer {customer} has {} and owes {}", purse.0, purse.1)
            });
        }
        if at <= until {
            let booked = journal.remove(&at).unwrap_or_default();
            found.unless(booked == effect.books, "I6", at, || {
                format!("the journal has {booked:?}, the event says {:?}", effect.books)
            });
        }
    }
    if let Some((position, _)) = journal.first_key_value() {
        found.add("I6", Some(*position), "the journal has lines of no event".to_owned());
    }
    accounts(evidence, until, &mut found);
    found.0
}

/// Net amounts by account, of each position. A line without a positive amount is kept as one on account 0.
fn journal_by_position(models: &ReadModels) -> BTreeMap<i64, BTreeMap<i16, i64>> {
    let mut journal: BTreeMap<i64, BTreeMap<i16, i64>> = BTreeMap::new();
    for line in &models.journal {
        let nets = journal.entry(line.position).or_default();
        if line.amount <= 0 {
            nets.insert(0, line.amount);
        }
        for (account, amount) in [(line.debit, line.amount), (line.credit, -line.amount)] {
            let net = nets.entry(account).or_default();
            *net = net.saturating_add(amount);
        }
    }
    for nets in journal.values_mut() {
        nets.retain(|account, amount| *amount != 0 || *account == 0);
    }
    journal
}

/// The accounts' totals are the sums of the journal's lines, and debits equal credits.
fn accounts(evidence: &Evidence, until: i64, found: &mut Findings) {
    let Some(models) = &evidence.models else { return };
    let mut sums: BTreeMap<i16, (i64, i64)> = BTreeMap::new();
    for line in &models.journal {
        let debit = sums.entry(line.debit).or_default();
        debit.0 = debit.0.saturating_add(line.amount);
        let credit = sums.entry(line.credit).or_default();
        credit.1 = credit.1.saturating_add(line.amount);
    }
    let moved: BTreeMap<i16, (i64, i64)> = models
        .accounts
        .iter()
        .filter(|(_, sums)| **sums != (0, 0))
        .map(|(code, sums)| (*code, *sums))
        .collect();
    found.unless(sums == moved, "I6", until, || {
        format!("the accounts stand at {moved:?}, their lines sum to {sums:?}")
    });
}

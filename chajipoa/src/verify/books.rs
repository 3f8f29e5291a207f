//! I6: what an event says of money balances, and the live books have booked exactly that.
//!
//! The postings of an event cannot be out of balance by their form: each takes an amount from one account to another.
//! What can be wrong is the event: an amount that its parts do not come to. So both sides are added up here apart from
//! the postings, from what the event states.

use std::collections::BTreeMap;

use domain::{
    Event, Money,
    event::PaidFrom,
    postings::{Posting, entries},
    purse::{Credited, Debited},
    rating::{Charge, Posted},
};
use uuid::Uuid;

use super::copy::Fields;
use super::error::VerifyError;
use super::finding::{Check, Findings};

const TABLE: &str = "the journal";

/// Which columns of the journal are read.
pub(super) const COLUMNS: &str = "position, line, debit, credit, amount, customer_id, provider";

/// A line of the journal as stored.
#[derive(Debug, PartialEq, Eq)]
struct Line<'a> {
    line: i16,
    debit: i16,
    credit: i16,
    amount: i64,
    customer: Option<Uuid>,
    provider: Option<&'a str>,
}

impl<'a> Line<'a> {
    fn read(row: &'a [u8]) -> Result<(i64, Self), VerifyError> {
        let mut fields = Fields::of(row, TABLE)?;
        let position = fields.i64()?;
        let line = Self {
            line: fields.i16()?,
            debit: fields.i16()?,
            credit: fields.i16()?,
            amount: fields.i64()?,
            customer: fields.optional_uuid()?,
            provider: fields.optional()?.map(|text| std::str::from_utf8(text).unwrap_or_default()),
        };
        Ok((position, line))
    }

    fn of(line: i16, posting: &Posting) -> Self {
        Self {
            line,
            debit: posting.debit.code(),
            credit: posting.credit.code(),
            amount: posting.amount.shillings(),
            customer: posting.customer.map(|customer| customer.0),
            provider: posting.provider.map(domain::event::Provider::as_str),
        }
    }
}

/// The live books: up to where they are written, and the totals of their accounts there.
#[derive(Debug, Default, Clone)]
pub(super) struct LiveBooks {
    /// The schema of the live version; none without books.
    pub(super) schema: Option<String>,
    /// The last position that is booked.
    pub(super) position: i64,
    /// Debit and credit by account.
    pub(super) accounts: BTreeMap<i16, (i64, i64)>,
    /// Positions that the books may pass over, if they cannot apply the event there.
    pub(super) skipped: Vec<i64>,
}

/// What the events have come to so far.
#[derive(Debug, Default)]
pub(super) struct Books {
    totals: BTreeMap<i16, (i64, i64)>,
}

impl Books {
    /// The next event, with the journal's lines that are not read yet.
    pub(super) fn event<'a>(
        &mut self,
        (position, event): (i64, &Event),
        live: &LiveBooks,
        journal: &mut impl Iterator<Item = &'a [u8]>,
        ahead: &mut Option<&'a [u8]>,
        findings: &mut Findings,
    ) -> Result<(), VerifyError> {
        let postings = entries(event);
        balanced(position, event, &postings, findings);
        if position > live.position {
            return Ok(());
        }
        if live.skipped.contains(&position) && passed_over(position, journal, ahead)? {
            return Ok(());
        }
        for posting in &postings {
            let amount = posting.amount.shillings();
            let debit = self.totals.entry(posting.debit.code()).or_default();
            debit.0 = debit.0.saturating_add(amount);
            let credit = self.totals.entry(posting.credit.code()).or_default();
            credit.1 = credit.1.saturating_add(amount);
        }
        let mut expected = (1_i16..).zip(&postings).map(|(line, posting)| Line::of(line, posting));
        while let Some(row) = ahead.take().or_else(|| journal.next()) {
            let (booked, line) = Line::read(row)?;
            if booked > position {
                *ahead = Some(row);
                break;
            }
            let same = booked == position && expected.next().as_ref() == Some(&line);
            findings.unless(same, Check::Journal, booked, || {
                format!("line {} of the journal is not what the event says", line.line)
            });
        }
        let missing = expected.count();
        findings.unless(missing == 0, Check::Journal, position, || {
            format!("{missing} lines of what the event says are not in the journal")
        });
        Ok(())
    }

    /// Lines of the journal that are left when the events of their stretch are read.
    pub(super) fn left<'a>(
        rows: impl Iterator<Item = &'a [u8]>,
        findings: &mut Findings,
    ) -> Result<(), VerifyError> {
        for row in rows {
            let (position, line) = Line::read(row)?;
            let what = format!("line {} of the journal is of no event", line.line);
            findings.add(Check::Journal, position, what);
        }
        Ok(())
    }

    /// Compares the accounts where the books stand: each with its lines, and all with each other.
    pub(super) fn end(&self, live: &LiveBooks, findings: &mut Findings) {
        if live.schema.is_none() {
            return;
        }
        let none = (0, 0);
        for code in self.totals.keys().chain(live.accounts.keys()) {
            let (said, booked) = (self.totals.get(code), live.accounts.get(code));
            if said.unwrap_or(&none) != booked.unwrap_or(&none) {
                let what = format!(
                    "account {code} stands at {:?} (debit, credit) at position {}, its events come to {:?}",
                    booked.unwrap_or(&none),
                    live.position,
                    said.unwrap_or(&none)
                );
                findings.nowhere(Check::Journal, what);
            }
        }
        let all = live.accounts.values().fold((0_i64, 0_i64), |(debit, credit), account| {
            (debit.saturating_add(account.0), credit.saturating_add(account.1))
        });
        if all.0 != all.1 {
            findings
                .nowhere(Check::Journal, format!("the trial balance is {} to {}, not even", all.0, all.1));
        }
    }
}

/// Whether nothing is booked at this position: the next line of the journal, which stays ahead, is of a later one.
fn passed_over<'a>(
    position: i64,
    journal: &mut impl Iterator<Item = &'a [u8]>,
    ahead: &mut Option<&'a [u8]>,
) -> Result<bool, VerifyError> {
    *ahead = ahead.take().or_else(|| journal.next());
    let Some(row) = *ahead else { return Ok(true) };
    Ok(Line::read(row)?.0 > position)
}

/// Both sides of what the event states come to the same, and to what is posted.
fn balanced(position: i64, event: &Event, postings: &[Posting], findings: &mut Findings) {
    let posted = postings.iter().fold(0_i64, |sum, line| sum.saturating_add(line.amount.shillings()));
    let Some((debit, credit)) = stated(event) else { return };
    findings.unless(debit == credit && debit == posted, Check::Postings, position, || {
        format!("{} debits {debit} and credits {credit}, and {posted} is posted", event.event_type())
    });
}

fn sum(amounts: &[Money]) -> i64 {
    amounts.iter().fold(0_i64, |sum, amount| sum.saturating_add(amount.shillings()))
}

fn debited(debited: Debited) -> i64 {
    sum(&[debited.deposit, debited.debt])
}

fn credited(credited: Credited) -> i64 {
    sum(&[credited.debt, credited.write_off, credited.deposit])
}

fn posted(posted: Posted) -> i64 {
    sum(&[posted.amounts.usage, posted.amounts.late, posted.amounts.replacement])
}

/// What a charge comes to; where its total is not the sum of its kinds, a sum that nothing equals.
fn charged(charge: &Charge) -> i64 {
    let kinds = posted(charge.to_posted());
    if kinds == charge.total.shillings() { kinds } else { -1 }
}

/// What an event that moves money states of both sides: debits and credits. None where it moves none.
#[expect(clippy::wildcard_enum_match_arm, reason = "a test holds this list against the postings")]
fn stated(event: &Event) -> Option<(i64, i64)> {
    let even = |amount: Money| (amount.shillings(), amount.shillings());
    let back =
        |amount: Money, to: Option<Credited>| (amount.shillings(), to.map_or(amount.shillings(), credited));
    Some(match event {
        Event::PaymentSettled(fact) => (fact.amount.shillings(), credited(fact.credited)),
        Event::ReceiptUnmatched(fact) => even(fact.amount),
        Event::PaymentChargedBack(fact) => {
            (fact.debited.map_or(fact.amount.shillings(), debited), fact.amount.shillings())
        }
        Event::ReceiptAssigned(fact) => (fact.amount.shillings(), credited(fact.credited)),
        Event::ReceiptRefundRequested(fact) => even(fact.amount),
        Event::RefundRequested(fact) => even(fact.amount),
        Event::RefundRejected(fact) => back(fact.amount, fact.credited),
        Event::RefundFailed(fact) => back(fact.amount, fact.credited),
        Event::RefundPaid(fact) => {
            let from = match fact.paid_from {
                PaidFrom::Customer { debited: from } => debited(from),
                PaidFrom::Transit | PaidFrom::Receipt | PaidFrom::BadDebt => fact.amount.shillings(),
            };
            (from, fact.amount.shillings())
        }
        Event::ProviderFeeRecorded(fact) => even(fact.amount),
        Event::ProviderPayoutRecorded(fact) => even(fact.amount),
        Event::BalanceAdjusted(fact) => match (fact.credited, fact.debited) {
            (Some(to), _) => (fact.amount.shillings(), credited(to)),
            (None, Some(from)) => (debited(from), fact.amount.shillings()),
            (None, None) => even(fact.amount),
        },
        Event::DebtWrittenOff(fact) => even(fact.amount),
        Event::RentalEnded(fact) => (debited(fact.debited), charged(&fact.charge)),
        Event::RentalSold(fact) => (debited(fact.debited), charged(&fact.charge)),
        Event::DeviceRecovered(fact) => (debited(fact.debited), charged(&fact.charge)),
        Event::ReplacementFeeReversed(fact) => (posted(fact.reversed), credited(fact.credited)),
        Event::RentalCorrected(fact) => {
            let (given, taken) = (credited(fact.credited), debited(fact.debited));
            let reversed = posted(fact.reversed);
            let charged = charged(&fact.charge);
            // Each of the two halves is even by itself.
            if reversed == given && taken == charged {
                (reversed.saturating_add(taken), given.saturating_add(charged))
            } else {
                (reversed.saturating_sub(given), taken.saturating_sub(charged).saturating_add(1))
            }
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn examples() -> Vec<Event> {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../schema/events/examples");
        let mut events = Vec::new();
        for file in std::fs::read_dir(folder).unwrap().flatten() {
            let name = file.file_name().into_string().unwrap();
            let (event_type, version) = name.trim_end_matches(".json").split_once(".v").unwrap();
            let payload = std::fs::read(file.path()).unwrap();
            let event = Event::decode(event_type, version.parse().unwrap(), &payload);
            events.push(event.unwrap_or_else(|error| panic!("{name}: {error}")));
        }
        assert!(events.len() >= Event::TYPES.len(), "an example of every event");
        events
    }

    /// An event that moves money and is not listed in `stated` stops here.
    #[test]
    fn every_event_that_is_posted_states_both_sides_and_is_even() {
        for event in examples() {
            let postings = entries(&event);
            let stated = stated(&event);
            assert!(postings.is_empty() || stated.is_some(), "{} is not listed", event.event_type());
            let mut findings = Findings::default();
            balanced(1, &event, &postings, &mut findings);
            assert_eq!(findings.into_sorted().0, [], "{}", event.event_type());
        }
    }

    #[test]
    #[expect(clippy::wildcard_enum_match_arm, reason = "four events are enough")]
    fn an_amount_that_its_parts_do_not_come_to_is_found() {
        let more = |amount: &mut Money| *amount = amount.plus(Money::tzs(1));
        for mut event in examples() {
            match &mut event {
                Event::PaymentSettled(fact) => more(&mut fact.amount),
                Event::RentalEnded(fact) => more(&mut fact.debited.debt),
                Event::RentalCorrected(fact) => more(&mut fact.credited.debt),
                Event::RentalSold(fact) => more(&mut fact.charge.total),
                _ => continue,
            }
            let mut findings = Findings::default();
            balanced(7, &event, &entries(&event), &mut findings);
            let (told, _) = findings.into_sorted();
            assert_eq!(told.first().map(|one| (one.check, one.position)), Some((Check::Postings, Some(7))));
        }
    }
}

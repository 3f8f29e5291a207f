//! I6: what an event says of money balances.
//!
//! The postings of an event cannot be out of balance by their form: each takes an amount from one account to another.
//! What can be wrong is the event: an amount that its parts do not come to. So both sides are added up here apart from
//! the postings, from what the event states.

use domain::{
    Event, Money,
    event::{PaidFrom, RentalCorrected},
    postings::Posting,
    purse::{Credited, Debited},
    rating::{Charge, Posted},
};

use super::finding::{Check, Findings};

/// Both sides of what the event states come to the same, and to what is posted.
pub(super) fn balanced(position: i64, event: &Event, postings: &[Posting], findings: &mut Findings) {
    let posted = postings.iter().fold(0_i64, |sum, line| sum.saturating_add(line.amount.shillings()));
    let wrong = match stated(event) {
        None => return,
        Some(Ok((debit, credit))) if debit == credit && debit == posted => return,
        Some(Ok((debit, credit))) => format!("debits {debit} and credits {credit}, and {posted} is posted"),
        Some(Err(wrong)) => wrong,
    };
    findings.add(Check::Postings, position, format!("{} {wrong}", event.event_type()));
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

/// What a charge comes to, if its total is the sum of its kinds.
fn charged(charge: &Charge) -> Result<i64, String> {
    let (total, kinds) = (charge.total.shillings(), posted(charge.to_posted()));
    if kinds == total {
        Ok(total)
    } else {
        Err(format!("charges {total}, and the kinds of its charge come to {kinds}"))
    }
}

/// What a correction reverses is given back, and what it charges is taken: each of the two halves is even by itself.
fn corrected(fact: &RentalCorrected) -> Result<(i64, i64), String> {
    let (given, taken) = (credited(fact.credited), debited(fact.debited));
    let (reversed, charged) = (posted(fact.reversed), charged(&fact.charge)?);
    if reversed == given && taken == charged {
        Ok((reversed.saturating_add(taken), given.saturating_add(charged)))
    } else {
        Err(format!("reverses {reversed} and credits {given}, charges {charged} and debits {taken}"))
    }
}

/// What an event that moves money states of both sides: debits and credits. None where it moves none.
#[expect(clippy::wildcard_enum_match_arm, reason = "a test holds this list against the postings")]
fn stated(event: &Event) -> Option<Result<(i64, i64), String>> {
    let even = |amount: Money| (amount.shillings(), amount.shillings());
    let back =
        |amount: Money, to: Option<Credited>| (amount.shillings(), to.map_or(amount.shillings(), credited));
    let settled = |by: Debited, charge: &Charge| charged(charge).map(|charge| (debited(by), charge));
    Some(Ok(match event {
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
        Event::RentalEnded(fact) => return Some(settled(fact.debited, &fact.charge)),
        Event::RentalSold(fact) => return Some(settled(fact.debited, &fact.charge)),
        Event::DeviceRecovered(fact) => return Some(settled(fact.debited, &fact.charge)),
        Event::ReplacementFeeReversed(fact) => (posted(fact.reversed), credited(fact.credited)),
        Event::RentalCorrected(fact) => return Some(corrected(fact)),
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use domain::postings::entries;

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

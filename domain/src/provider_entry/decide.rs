//! Booking fees and payouts.

use serde::Serialize;

use crate::{
    Event, Money, Rejection, View,
    command::{RecordProviderFee, RecordProviderPayout},
    decide::{Decision, Order, Stop, fact},
    event::{self, Provider},
    ids::EntryId,
    timing,
    values::ProviderReference,
    view::{Claim, Found},
};

#[derive(Serialize)]
struct Answer {
    entry_id: EntryId,
}

/// RecordProviderFee, in order: this very fee again: already done · its reference is another amount's · the sender's
/// time.
///
/// # Errors
/// The first of these refusals.
pub fn record_fee(command: &RecordProviderFee, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let booked = ("fee", command.provider, &command.provider_reference, command.amount.money());
    record(booked, order, view, |entry_id| {
        event::ProviderFeeRecorded {
            entry_id,
            provider: command.provider,
            amount: command.amount.money(),
            provider_reference: command.provider_reference.clone(),
            reason: command.reason.clone(),
        }
        .into()
    })
}

/// RecordProviderPayout, in order: this very payout again: already done · its reference is another amount's · the
/// sender's time.
///
/// # Errors
/// The first of these refusals.
pub fn record_payout(
    command: &RecordProviderPayout,
    order: &Order,
    view: &View<'_>,
) -> Result<Decision, Stop> {
    let booked = ("payout", command.provider, &command.provider_reference, command.amount.money());
    record(booked, order, view, |entry_id| {
        event::ProviderPayoutRecorded {
            entry_id,
            provider: command.provider,
            amount: command.amount.money(),
            provider_reference: command.provider_reference.clone(),
            reason: command.reason.clone(),
        }
        .into()
    })
}

fn record(
    (kind, provider, reference, amount): (&str, Provider, &ProviderReference, Money),
    order: &Order,
    view: &View<'_>,
    entry: impl FnOnce(EntryId) -> Event,
) -> Result<Decision, Stop> {
    let value = format!("{kind}/{}/{}", provider.as_str(), reference.as_str());
    let claim = Claim { kind: Claim::PROVIDER_ENTRY, value };
    if let Some(held_by) = view.holder(claim.clone())? {
        return match view.entry(EntryId(held_by))? {
            Found::Here(booked) if booked.amount == amount => {
                Ok(Decision::already_done(&Answer { entry_id: booked.id }))
            }
            Found::Here(_) | Found::Absent | Found::OtherKind => {
                Err(Rejection::ProviderReferenceTaken { held_by }.into())
            }
        };
    }
    let occurred_at = timing::occurred(order)?;
    let entry_id = EntryId(order.seeds.minted);
    let facts = vec![fact(entry(entry_id), occurred_at)];
    Ok(Decision::recorded_with(facts, vec![(claim, entry_id.0)], &Answer { entry_id }))
}

//! What the stream of a provider's entry adds up to.

use serde::{Deserialize, Serialize};

use crate::{Event, Money, event::Provider, ids::EntryId};

/// What a provider booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// Its fee.
    Fee,
    /// A payout to our bank.
    Payout,
}

/// A provider's entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderEntry {
    /// Which.
    pub id: EntryId,
    /// What it is.
    pub booked: EntryKind,
    /// Whose.
    pub provider: Provider,
    /// How much.
    pub amount: Money,
}

impl ProviderEntry {
    /// The first and only event of an entry.
    #[must_use]
    pub fn begin(event: &Event) -> Option<ProviderEntry> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else begins an entry")]
        match event {
            Event::ProviderFeeRecorded(fact) => Some(ProviderEntry {
                id: fact.entry_id,
                booked: EntryKind::Fee,
                provider: fact.provider,
                amount: fact.amount,
            }),
            Event::ProviderPayoutRecorded(fact) => Some(ProviderEntry {
                id: fact.entry_id,
                booked: EntryKind::Payout,
                provider: fact.provider,
                amount: fact.amount,
            }),
            _ => None,
        }
    }
}

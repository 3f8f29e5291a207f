//! A line of a statement.

use domain::Time;
use domain::event::Provider;
use domain::values::ProviderReference;

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Money from a customer.
    Collection,
    /// Money to a person.
    Disbursement,
    /// What the provider took for itself.
    Fee,
    /// What the provider moved to our bank.
    Payout,
}

impl Kind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Collection => "collection",
            Self::Disbursement => "disbursement",
            Self::Fee => "fee",
            Self::Payout => "payout",
        }
    }
}

/// A line, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// Where it stands in the file, the header being line 1.
    pub(crate) number: u32,
    pub(crate) kind: Kind,
    pub(crate) provider: Provider,
    /// The provider's own reference.
    pub(crate) transaction_id: Option<ProviderReference>,
    /// Ours.
    pub(crate) external_reference: Option<ProviderReference>,
    /// Whole shillings.
    pub(crate) amount: i64,
    /// Whether the money moved.
    pub(crate) succeeded: bool,
    pub(crate) completed_at: Time,
}

impl Line {
    /// The reference by which the provider knows the line: its own, else ours.
    pub(crate) fn reference(&self) -> Option<&ProviderReference> {
        self.transaction_id.as_ref().or(self.external_reference.as_ref())
    }
}

/// What a statement speaks of, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) from: Time,
    pub(crate) until: Time,
}

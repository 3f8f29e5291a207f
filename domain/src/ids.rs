//! The registry of id kinds. A bare UUID never travels inside the domain: it is always the id of something.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id_kinds {
    ($($name:ident => $kind:ident, $doc:literal;)*) => {
        $(
            #[doc = $doc]
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
            #[cfg_attr(test, derive(schemars::JsonSchema))]
            #[serde(transparent)]
            pub struct $name(pub Uuid);

            impl $name {
                /// The stream that carries this thing's events.
                #[must_use]
                pub fn stream(self) -> StreamKey {
                    StreamKey { kind: StreamKind::$kind, id: self.0 }
                }
            }

            impl std::fmt::Display for $name {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    self.0.fmt(f)
                }
            }
        )*
    };
}

id_kinds! {
    CustomerId => Customer, "A person who rents.";
    DeviceId => Device, "A power bank.";
    StationId => Station, "A cabinet or kiosk with slots.";
    RentalId => Rental, "One rental of one power bank.";
    PaymentId => Payment, "Money that a customer was asked for.";
    ReceiptId => Receipt, "Money that arrived and belongs to nobody yet.";
    RefundId => Refund, "Money on its way back to a person.";
    ApprovalId => Approval, "What one member of staff asked for and a second one has to approve.";
    BreakId => Break, "A difference between the ledger and a provider's statement.";
    EntryId => Entry, "A fee that a provider took, or a payout that it made to our bank.";
}

/// A tariff. Its versions live in the catalogue's stream, not in one of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct TariffId(pub Uuid);

/// What a stream is about. The ledger stores the kind beside each stream id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamKind {
    /// A customer and their money.
    Customer,
    /// A power bank.
    Device,
    /// A station and its slots.
    Station,
    /// A rental.
    Rental,
    /// A payment.
    Payment,
    /// The tariff catalogue (one stream).
    Tariff,
    /// Money received and not matched.
    Receipt,
    /// Money on its way back.
    Refund,
    /// What waits for a second person.
    Approval,
    /// A difference between ledger and statement.
    Break,
    /// A provider's fee or payout.
    Entry,
    /// Closed periods (one stream).
    Period,
    /// The ledger itself: what restores did to it (one stream).
    Ledger,
    /// A read model: which events it passes over.
    Projection,
}

impl StreamKind {
    /// The name used in envelopes and headers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            StreamKind::Customer => "customer",
            StreamKind::Device => "device",
            StreamKind::Station => "station",
            StreamKind::Rental => "rental",
            StreamKind::Payment => "payment",
            StreamKind::Tariff => "tariff",
            StreamKind::Receipt => "receipt",
            StreamKind::Refund => "refund",
            StreamKind::Approval => "approval",
            StreamKind::Break => "break",
            StreamKind::Entry => "entry",
            StreamKind::Period => "period",
            StreamKind::Ledger => "ledger",
            StreamKind::Projection => "projection",
        }
    }
}

/// A stream: its kind and its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamKey {
    /// What it is about.
    pub kind: StreamKind,
    /// The id of the thing.
    pub id: Uuid,
}

/// A stream that there is one of, or a fixed few: its id ends in a number that nobody else has.
const fn fixed(kind: StreamKind, number: u16) -> StreamKey {
    #[expect(clippy::as_conversions, reason = "widening in a const")]
    let id = Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0000 | number as u128);
    StreamKey { kind, id }
}

/// The one stream of the tariff catalogue.
pub const CATALOGUE: StreamKey = fixed(StreamKind::Tariff, 1);
/// The one stream of closed periods.
pub const PERIODS: StreamKey = fixed(StreamKind::Period, 2);
/// The one stream of what restores did to the ledger.
pub const LINEAGE: StreamKey = fixed(StreamKind::Ledger, 3);
/// The streams of the read models, one each, from this number on.
const PROJECTIONS: u16 = 0x10;

/// The stream of the read model with that place in [`crate::event::Projection::ALL`].
pub(crate) const fn projection(place: u16) -> StreamKey {
    fixed(StreamKind::Projection, PROJECTIONS.saturating_add(place))
}

//! Which names an event takes: what `ledger.claim` must hold for it.
//!
//! A phone's name is its blind index under a key that is made anew from time to time, so its value is no part of what is
//! compared: only that the customer holds one, and since when.

use domain::{Event, event::Provider, values::ProviderReference, view::Claim};
use uuid::Uuid;

/// A name that an event takes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Name {
    pub(super) kind: &'static str,
    pub(super) value: String,
    pub(super) entity: Uuid,
}

/// The name that an event takes, if it takes one.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "most events take no name; an event that does and is not listed is found by every ledger that has one"
)]
pub(super) fn taken(event: &Event) -> Option<Name> {
    let (kind, value, entity) = match event {
        Event::CustomerRegistered(fact) => (Claim::PHONE, String::new(), fact.customer_id.0),
        Event::DeviceRegistered(fact) => {
            (Claim::DEVICE_SERIAL, fact.serial.as_str().to_owned(), fact.device_id.0)
        }
        Event::StationRegistered(fact) => {
            (Claim::STATION_CODE, fact.code.as_str().to_owned(), fact.station_id.0)
        }
        Event::PaymentInitiated(fact) => (Claim::EXTERNAL_ID, fact.external_id.clone(), fact.payment_id.0),
        Event::PaymentSettled(fact) => {
            (Claim::PROVIDER_REFERENCE, of(fact.provider, &fact.provider_reference), fact.payment_id.0)
        }
        Event::ReceiptUnmatched(fact) => {
            (Claim::PROVIDER_REFERENCE, of(fact.provider, &fact.provider_reference), fact.receipt_id.0)
        }
        Event::PaymentChargedBack(fact) => {
            (Claim::CHARGEBACK, of(fact.provider, &fact.provider_reference), fact.payment_id.0)
        }
        Event::RefundSubmitted(fact) => {
            (Claim::REFUND_REFERENCE, of(fact.provider, &fact.reference), fact.refund_id.0)
        }
        Event::ProviderFeeRecorded(fact) => {
            let value = format!("fee/{}", of(fact.provider, &fact.provider_reference));
            (Claim::PROVIDER_ENTRY, value, fact.entry_id.0)
        }
        Event::ProviderPayoutRecorded(fact) => {
            let value = format!("payout/{}", of(fact.provider, &fact.provider_reference));
            (Claim::PROVIDER_ENTRY, value, fact.entry_id.0)
        }
        _ => return None,
    };
    Some(Name { kind, value, entity })
}

fn of(provider: Provider, reference: &ProviderReference) -> String {
    format!("{}/{}", provider.as_str(), reference.as_str())
}

/// Every kind of name.
const KINDS: [&str; 8] = [
    Claim::PHONE,
    Claim::DEVICE_SERIAL,
    Claim::STATION_CODE,
    Claim::EXTERNAL_ID,
    Claim::PROVIDER_REFERENCE,
    Claim::CHARGEBACK,
    Claim::REFUND_REFERENCE,
    Claim::PROVIDER_ENTRY,
];

impl Name {
    /// A name as stored, as far as it is compared; none if nothing takes names of that kind.
    pub(super) fn stored(kind: &str, value: &str, entity: Uuid) -> Option<Self> {
        let kind = KINDS.into_iter().find(|known| *known == kind)?;
        let value = if kind == Claim::PHONE { String::new() } else { value.to_owned() };
        Some(Self { kind, value, entity })
    }

    /// The phone of a customer.
    pub(super) const fn phone(customer: Uuid) -> Self {
        Self { kind: Claim::PHONE, value: String::new(), entity: customer }
    }

    /// Whether it is a phone, which an erasure frees.
    pub(super) fn is_phone(&self) -> bool {
        self.kind == Claim::PHONE
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_phone() {
            return write!(f, "the phone of {}", self.entity);
        }
        write!(f, "{} {:?} of {}", self.kind, self.value, self.entity)
    }
}

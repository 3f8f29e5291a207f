//! What a payment's and a receipt's stream add up to.

use serde::{Deserialize, Serialize};

use crate::{
    Event, Money, Time,
    event::{Provider, Purpose},
    ids::{CustomerId, PaymentId, ReceiptId},
    personal::Sealed,
    values::ProviderReference,
};

/// Where a payment stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum PaymentStatus {
    /// Recorded; the provider was not asked yet.
    Initiated,
    /// Nobody paid in time; proof that comes later still settles it.
    Expired,
    /// The provider proved that the money came.
    Settled {
        /// By which transaction.
        provider_reference: ProviderReference,
    },
}

/// A payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Which.
    pub id: PaymentId,
    /// Who pays.
    pub customer_id: CustomerId,
    /// How much.
    pub amount: Money,
    /// What for.
    pub purpose: Purpose,
    /// Through whom.
    pub provider: Provider,
    /// From which phone, if not the customer's own.
    pub phone: Option<Sealed>,
    /// The reference that the provider is given; never shown to a customer.
    pub external_id: String,
    /// When it expires, if nobody has paid.
    pub expires_at: Time,
    /// Where it stands.
    pub status: PaymentStatus,
}

impl Payment {
    /// The first event of a payment.
    #[must_use]
    pub fn begin(event: &Event) -> Option<Payment> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else begins a payment")]
        match event {
            Event::PaymentInitiated(fact) => Some(Payment {
                id: fact.payment_id,
                customer_id: fact.customer_id,
                amount: fact.amount,
                purpose: fact.purpose,
                provider: fact.provider,
                phone: fact.phone.clone(),
                external_id: fact.external_id.clone(),
                expires_at: fact.expires_at,
                status: PaymentStatus::Initiated,
            }),
            _ => None,
        }
    }

    /// The payment after one more event; `None` if it cannot stand in a payment's stream.
    #[must_use]
    pub fn evolve(mut self, event: &Event) -> Option<Payment> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "only these follow in a payment's stream")]
        match event {
            Event::PaymentSettled(fact) => {
                self.status = PaymentStatus::Settled { provider_reference: fact.provider_reference.clone() };
            }
            Event::PaymentExpired(_) => self.status = PaymentStatus::Expired,
            Event::ReceiptUnmatched(_) => {}
            _ => return None,
        }
        Some(self)
    }
}

/// Money that came and settled nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Which.
    pub id: ReceiptId,
    /// The payment that it was said to be for; none where it came to a bill number.
    pub payment_id: Option<PaymentId>,
    /// Through whom it came.
    pub provider: Provider,
    /// By which transaction.
    pub provider_reference: ProviderReference,
    /// How much.
    pub amount: Money,
}

impl Receipt {
    /// The first event of a receipt.
    #[must_use]
    pub fn begin(event: &Event) -> Option<Receipt> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else begins a receipt")]
        match event {
            Event::ReceiptUnmatched(fact) => Some(Receipt {
                id: fact.receipt_id,
                payment_id: fact.payment_id,
                provider: fact.provider,
                provider_reference: fact.provider_reference.clone(),
                amount: fact.amount,
            }),
            _ => None,
        }
    }
}

//! What a payment's stream adds up to.

use serde::{Deserialize, Serialize};

use crate::{
    Event, Money, Time,
    event::{Provider, Purpose},
    ids::{CustomerId, PaymentId, RefundId},
    personal::Sealed,
    values::ProviderReference,
};

/// Where a payment stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum PaymentStatus {
    /// Recorded; the provider was not asked yet.
    Initiated,
    /// The customer's phone shows the prompt.
    Prompted,
    /// Nobody knows what became of it.
    Unknown,
    /// The customer or the provider said no; proof that comes later still settles it.
    Declined,
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
    /// Refunds of it that were neither refused nor failed.
    pub refunds: Vec<(RefundId, Money)>,
    /// How much of it was paid out again.
    pub paid_back: Money,
    /// How much of it the provider took back.
    pub charged_back: Money,
}

impl Payment {
    /// The name of where it stands, as readers see it.
    #[must_use]
    pub const fn status_name(&self) -> &'static str {
        match &self.status {
            PaymentStatus::Initiated => "initiated",
            PaymentStatus::Prompted => "prompted",
            PaymentStatus::Unknown => "unknown",
            PaymentStatus::Declined => "declined",
            PaymentStatus::Expired => "expired",
            PaymentStatus::Settled { .. } if !self.charged_back.is_zero() => "charged_back",
            PaymentStatus::Settled { .. } if self.paid_back.is_zero() => "settled",
            PaymentStatus::Settled { .. } => {
                if self.amount.less(self.paid_back).is_zero() {
                    "refunded"
                } else {
                    "partly_refunded"
                }
            }
        }
    }

    /// What may still be given back: the payment less its refunds and chargebacks.
    #[must_use]
    pub fn refundable(&self) -> Money {
        let refunds = self.refunds.iter().map(|(_, amount)| *amount).sum();
        self.amount.less(refunds).less(self.charged_back)
    }

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
                refunds: Vec::new(),
                paid_back: Money::ZERO,
                charged_back: Money::ZERO,
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
            Event::PaymentPrompted(_) => self.status = PaymentStatus::Prompted,
            Event::PaymentOutcomeUnknown(_) => self.status = PaymentStatus::Unknown,
            Event::PaymentWasDeclined(_) => self.status = PaymentStatus::Declined,
            Event::PaymentExpired(_) => self.status = PaymentStatus::Expired,
            Event::PaymentChargedBack(fact) => self.charged_back = self.charged_back.plus(fact.amount),
            Event::RefundRequested(fact) => self.refunds.push((fact.refund_id, fact.amount)),
            Event::RefundRejected(fact) => self.refunds.retain(|(id, _)| *id != fact.refund_id),
            Event::RefundFailed(fact) => self.refunds.retain(|(id, _)| *id != fact.refund_id),
            Event::RefundPaid(fact) => {
                self.paid_back = self.paid_back.plus(fact.amount);
                if !self.refunds.iter().any(|(id, _)| *id == fact.refund_id) {
                    self.refunds.push((fact.refund_id, fact.amount));
                }
            }
            Event::ReceiptUnmatched(_) => {}
            _ => return None,
        }
        Some(self)
    }
}

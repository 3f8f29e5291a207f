//! What a refund's stream adds up to.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Event, Money, Rejection,
    event::{Provider, RefundRejection},
    ids::{CustomerId, PaymentId, ReceiptId, RefundId},
    personal::Sealed,
    values::ProviderReference,
};

/// Where a refund stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum RefundStatus {
    /// The money is set aside; a second person is waited for.
    Requested,
    /// It may be paid out.
    Approved,
    /// It was not to be; the money went back.
    Rejected {
        /// Why.
        cause: RefundRejection,
    },
    /// A provider was told, or is about to be.
    Submitted,
    /// Nobody knows what the provider did.
    Unknown,
    /// The provider refused; the money went back.
    Failed,
    /// The person has it.
    Paid {
        /// The provider's own reference.
        provider_reference: Option<ProviderReference>,
    },
}

/// What a provider was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// Which provider.
    pub provider: Provider,
    /// Under which reference of ours; every retry uses the same.
    pub reference: ProviderReference,
}

/// Money on its way back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Which.
    pub id: RefundId,
    /// Whose deposit it comes from; none for a receipt's.
    pub customer_id: Option<CustomerId>,
    /// Which receipt it pays back.
    pub receipt_id: Option<ReceiptId>,
    /// Which payment it gives back.
    pub payment_id: Option<PaymentId>,
    /// How much.
    pub amount: Money,
    /// Through which wallet.
    pub provider: Provider,
    /// To which phone.
    pub destination: Sealed,
    /// Who asked for it.
    pub requested_by: Uuid,
    /// Who approved it, if a second person did.
    pub approved_by: Option<Uuid>,
    /// What a provider was told, if one was.
    pub submission: Option<Submission>,
    /// Where it stands.
    pub status: RefundStatus,
}

impl Refund {
    /// The name of where it stands.
    #[must_use]
    pub const fn status_name(&self) -> &'static str {
        match self.status {
            RefundStatus::Requested => "requested",
            RefundStatus::Approved => "approved",
            RefundStatus::Rejected { .. } => "rejected",
            RefundStatus::Submitted => "submitted",
            RefundStatus::Unknown => "unknown",
            RefundStatus::Failed => "failed",
            RefundStatus::Paid { .. } => "paid",
        }
    }

    /// The refusal that it is past the stage in question.
    pub(crate) const fn decided(&self) -> Rejection {
        Rejection::RefundDecided { refund_id: self.id.0, refund_status: self.status_name() }
    }

    /// The refusal that no provider was told yet.
    pub(crate) const fn not_submitted(&self) -> Rejection {
        Rejection::RefundNotSubmitted { refund_id: self.id.0, refund_status: self.status_name() }
    }

    /// The provider that pays it out, or is to.
    #[must_use]
    pub fn payer(&self) -> Provider {
        self.submission.as_ref().map_or(self.provider, |told| told.provider)
    }

    /// The first event of a refund.
    #[must_use]
    pub fn begin(event: &Event) -> Option<Refund> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else begins a refund")]
        match event {
            Event::RefundRequested(fact) => Some(Refund {
                id: fact.refund_id,
                customer_id: Some(fact.customer_id),
                receipt_id: None,
                payment_id: fact.payment_id,
                amount: fact.amount,
                provider: fact.provider,
                destination: fact.destination.clone(),
                requested_by: fact.requested_by,
                approved_by: None,
                submission: None,
                status: RefundStatus::Requested,
            }),
            Event::ReceiptRefundRequested(fact) => Some(Refund {
                id: fact.refund_id,
                customer_id: None,
                receipt_id: Some(fact.receipt_id),
                payment_id: None,
                amount: fact.amount,
                provider: fact.provider,
                destination: fact.destination.clone(),
                requested_by: fact.requested_by,
                approved_by: None,
                submission: None,
                status: RefundStatus::Requested,
            }),
            _ => None,
        }
    }

    /// The refund after one more event; `None` if it cannot stand in a refund's stream.
    #[must_use]
    pub fn evolve(mut self, event: &Event) -> Option<Refund> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "only these follow in a refund's stream")]
        match event {
            Event::RefundApproved(fact) => {
                self.approved_by = fact.approved_by;
                self.status = RefundStatus::Approved;
            }
            Event::RefundRejected(fact) => self.status = RefundStatus::Rejected { cause: fact.cause },
            Event::RefundSubmitted(fact) => {
                let (provider, reference) = (fact.provider, fact.reference.clone());
                self.submission = Some(Submission { provider, reference });
                self.status = RefundStatus::Submitted;
            }
            Event::RefundOutcomeUnknown(_) => self.status = RefundStatus::Unknown,
            Event::RefundFailed(_) => self.status = RefundStatus::Failed,
            Event::RefundPaid(fact) => {
                let provider_reference = fact.provider_reference.clone();
                self.status = RefundStatus::Paid { provider_reference };
            }
            _ => return None,
        }
        Some(self)
    }
}

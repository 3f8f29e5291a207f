//! What a receipt's stream adds up to.

use serde::{Deserialize, Serialize};

use crate::{
    Event, Money,
    event::{PaidFrom, Provider},
    ids::{CustomerId, PaymentId, ReceiptId, RefundId},
    personal::Sealed,
    values::ProviderReference,
};

/// Where a receipt's money is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "holding", rename_all = "snake_case")]
pub enum Holding {
    /// With us, and nobody's.
    Unmatched,
    /// A customer's.
    Assigned {
        /// Whose.
        customer_id: CustomerId,
    },
    /// On its way back.
    Returning {
        /// By which refund.
        refund_id: RefundId,
    },
    /// Paid back.
    PaidBack {
        /// By which refund.
        refund_id: RefundId,
    },
}

/// Money that came and settled nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Which.
    pub id: ReceiptId,
    /// The payment that it was said to be for; none where it came to a bill number.
    pub payment_id: Option<PaymentId>,
    /// The customer whose phone had paid it, if one's.
    pub named: Option<CustomerId>,
    /// The phone that paid, sealed under the receipt's key.
    pub payer: Option<Sealed>,
    /// Through whom it came.
    pub provider: Provider,
    /// By which transaction.
    pub provider_reference: ProviderReference,
    /// How much.
    pub amount: Money,
    /// Where it is.
    pub holding: Holding,
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
                named: fact.customer_id,
                payer: fact.payer.clone(),
                provider: fact.provider,
                provider_reference: fact.provider_reference.clone(),
                amount: fact.amount,
                holding: Holding::Unmatched,
            }),
            _ => None,
        }
    }

    /// The receipt after one more event; `None` if it cannot stand in a receipt's stream.
    #[must_use]
    pub fn evolve(mut self, event: &Event) -> Option<Receipt> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "only these follow in a receipt's stream")]
        match event {
            Event::ReceiptAssigned(fact) => {
                self.holding = Holding::Assigned { customer_id: fact.customer_id };
            }
            Event::ReceiptRefundRequested(fact) => {
                self.holding = Holding::Returning { refund_id: fact.refund_id };
            }
            Event::RefundRejected(fact) => self.came_back(fact.refund_id),
            Event::RefundFailed(fact) => self.came_back(fact.refund_id),
            Event::RefundPaid(fact) => match fact.paid_from {
                PaidFrom::Transit | PaidFrom::Receipt => {
                    self.holding = Holding::PaidBack { refund_id: fact.refund_id };
                }
                PaidFrom::Customer { .. } | PaidFrom::BadDebt => {}
            },
            _ => return None,
        }
        Some(self)
    }

    fn came_back(&mut self, refund: RefundId) {
        if self.holding == (Holding::Returning { refund_id: refund }) {
            self.holding = Holding::Unmatched;
        }
    }
}

//! Whether a callback proves anything. Pure.
//!
//! It keeps true (I10): nothing settles unless the callback names our 130 random bits and the amount, the payer and the
//! wallet are those that were asked; where it is signed, or has to be, the signature holds. Money that came and proves
//! nothing is held as a receipt with its reason. A word that nobody knows is no failure. Where an inquiry is configured it
//! has the last word; that is asked by whoever calls this.

use domain::Money;
use domain::event::Provider;
use domain::phone::Phone;
use uuid::Uuid;

use super::callback::{Collected, PaidOut, Word};

/// What was asked of whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The payment.
    pub(crate) payment_id: Uuid,
    /// How much.
    pub(crate) amount: Money,
    /// At which wallet.
    pub(crate) provider: Provider,
    /// Whom; nobody once they are erased.
    pub(crate) payer: Option<Phone>,
}

/// What was paid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    /// The refund.
    pub(crate) refund_id: Uuid,
    /// How much.
    pub(crate) amount: Money,
}

/// What is known of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signature {
    /// There is none, and none is needed.
    None,
    /// It holds.
    Holds,
    /// It does not hold, or is missing where it has to be.
    Wrong,
}

/// Why money settles nothing: the reason of the receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mismatch {
    /// It names nothing that was asked.
    UnknownReference,
    /// The signature does not hold.
    Signature,
    /// The amount is another one.
    Amount,
    /// The wallet is another one, or none is named.
    Operator,
    /// Somebody else paid, or nobody is named.
    Payer,
    /// Whoever was asked is erased.
    Closed,
    /// The provider, asked, says that it did not happen.
    NotConfirmed,
}

impl Mismatch {
    /// The word in receipts and metrics.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownReference => "unknown_reference",
            Self::Signature => "bad_signature",
            Self::Amount => "wrong_amount",
            Self::Operator => "wrong_operator",
            Self::Payer => "wrong_payer",
            Self::Closed => "customer_closed",
            Self::NotConfirmed => "not_confirmed",
        }
    }
}

/// What follows from a callback of a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The payment is proven.
    Settle {
        /// Which.
        payment_id: Uuid,
        /// AzamPay's id of the transaction.
        reference: String,
    },
    /// The payer refused, or could not.
    Decline {
        /// Which.
        payment_id: Uuid,
        /// AzamPay's id of the transaction, if it was named.
        reference: Option<String>,
    },
    /// Money came and settles nothing.
    Unmatched(Received),
    /// Nobody can say yet; it is asked for where that is possible.
    Unknown {
        /// Which.
        payment_id: Uuid,
        /// AzamPay's id of the transaction, if it was named.
        transaction_id: Option<String>,
    },
    /// Nothing follows.
    Nothing {
        /// Why.
        why: &'static str,
    },
}

/// Money that settles nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Received {
    /// Why.
    pub(crate) why: Mismatch,
    /// Where it came.
    pub(crate) provider: Provider,
    /// AzamPay's id of the transaction.
    pub(crate) reference: String,
    /// How much.
    pub(crate) amount: Money,
    /// From whom.
    pub(crate) payer: Option<Phone>,
    /// The payment that was named.
    pub(crate) payment_id: Option<Uuid>,
}

/// Judges a callback of a collection against the payment that it names, if it names one. With an inquiry at hand, what is
/// only missing is asked for instead of being held against the payer.
#[must_use]
pub(crate) fn collection(
    said: &Collected,
    asked: Option<&Asked>,
    signature: Signature,
    inquires: bool,
) -> Verdict {
    let Some(asked) = asked else {
        return match said.word {
            Word::Success => unmatched(said, None, Mismatch::UnknownReference),
            Word::Failure | Word::Other => Verdict::Nothing { why: "of nothing that was asked" },
        };
    };
    let transaction_id = said.transaction_id.clone();
    let unknown = Verdict::Unknown { payment_id: asked.payment_id, transaction_id: transaction_id.clone() };
    match said.word {
        Word::Success => success(said, asked, signature, inquires).unwrap_or(unknown),
        Word::Failure | Word::Other if signature == Signature::Wrong => {
            Verdict::Nothing { why: "the signature does not hold" }
        }
        Word::Failure | Word::Other if contradicts(said, asked) => {
            Verdict::Nothing { why: "another payer, amount or wallet" }
        }
        Word::Failure => Verdict::Decline { payment_id: asked.payment_id, reference: transaction_id },
        Word::Other => unknown,
    }
}

/// A success: proof, money that settles nothing, or nothing that could be said (`None`).
fn success(said: &Collected, asked: &Asked, signature: Signature, inquires: bool) -> Option<Verdict> {
    let reference = said.transaction_id.clone()?;
    let amount = said.amount?;
    let held = |why| Some(unmatched(said, Some(asked), why));
    if signature == Signature::Wrong {
        return held(Mismatch::Signature);
    }
    if amount != asked.amount.shillings() {
        return held(Mismatch::Amount);
    }
    match said.operator {
        Some(Ok(provider)) if provider == asked.provider => {}
        None if inquires => return None,
        Some(_) | None => return held(Mismatch::Operator),
    }
    match (&said.payer, &asked.payer) {
        (Some(Ok(payer)), Some(asked)) if payer == asked => {}
        (_, None) => return held(Mismatch::Closed),
        (None, Some(_)) if inquires => return None,
        (Some(_) | None, Some(_)) => return held(Mismatch::Payer),
    }
    Some(Verdict::Settle { payment_id: asked.payment_id, reference })
}

/// Whether something that is named is not what was asked. What is not named contradicts nothing.
fn contradicts(said: &Collected, asked: &Asked) -> bool {
    let amount = said.amount.is_some_and(|amount| amount != asked.amount.shillings());
    let operator = said.operator.is_some_and(|operator| operator != Ok(asked.provider));
    let payer = said.payer.as_ref().is_some_and(|payer| payer.as_ref().ok() != asked.payer.as_ref());
    amount || operator || payer
}

/// Money held as a receipt, or nothing to hold.
fn unmatched(said: &Collected, asked: Option<&Asked>, why: Mismatch) -> Verdict {
    let nothing = Verdict::Nothing { why: "money without amount, reference or wallet" };
    received(said, asked, why).map_or(nothing, Verdict::Unmatched)
}

/// A receipt, where the callback carries what one needs: an amount, a reference, a wallet.
pub(super) fn received(said: &Collected, asked: Option<&Asked>, why: Mismatch) -> Option<Received> {
    let provider = said.operator.and_then(Result::ok).or_else(|| asked.map(|asked| asked.provider))?;
    let amount = said.amount.and_then(Money::new).filter(|amount| !amount.is_zero())?;
    Some(Received {
        why,
        provider,
        reference: said.transaction_id.clone()?,
        amount,
        payer: said.payer.clone().and_then(Result::ok),
        payment_id: asked.map(|asked| asked.payment_id),
    })
}

/// What follows from a callback of a pay-out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Returned {
    /// It was paid.
    Paid {
        /// Which refund.
        refund_id: Uuid,
        /// AzamPay's id of it.
        reference: Option<String>,
    },
    /// It was not.
    Failed {
        /// Which refund.
        refund_id: Uuid,
    },
    /// Nobody can say yet.
    Unknown {
        /// Which refund.
        refund_id: Uuid,
    },
    /// Nothing follows.
    Nothing {
        /// Why.
        why: &'static str,
    },
}

/// Judges a callback of a pay-out against the refund that it names, if it names one.
#[must_use]
pub(crate) fn pay_out(said: &PaidOut, sent: Option<&Sent>) -> Returned {
    let Some(sent) = sent else { return Returned::Nothing { why: "of nothing that was paid out" } };
    let refund_id = sent.refund_id;
    let exact = said.amount.map(|amount| amount == sent.amount.shillings());
    match (said.word, exact) {
        (Word::Success, Some(true)) => Returned::Paid { refund_id, reference: said.pg_reference.clone() },
        (Word::Failure, Some(true) | None) => Returned::Failed { refund_id },
        // Another amount than was sent, or a word that nobody knows: a person looks.
        (Word::Success | Word::Failure | Word::Other, _) => Returned::Unknown { refund_id },
    }
}

#[cfg(test)]
mod tests;

//! Recording money that settles nothing, and what staff ask to be done with it.

use serde::Serialize;

use super::{Holding, Receipt};
use crate::{
    Rejection, View, approval,
    command::{AssignReceipt, RecordUnmatchedReceipt, RefundReceipt},
    customer::{self, Customer, Status},
    decide::{Decision, Fact, Order, Stop, fact},
    event::{self, Action, Review},
    ids::{ApprovalId, CustomerId, ReceiptId, RefundId},
    refund::Refund,
    timing,
    values::Reason,
    view::{Claim, Found},
};

#[derive(Serialize)]
struct Recorded {
    receipt_id: ReceiptId,
}

#[derive(Serialize)]
struct Asked {
    receipt_id: ReceiptId,
    refund_id: RefundId,
    approval_id: ApprovalId,
    status: &'static str,
}

fn known<'a>(id: ReceiptId, view: &View<'a>) -> Result<&'a Receipt, Stop> {
    view.receipt(id)?.here().ok_or_else(|| Rejection::ReceiptUnknown { receipt_id: id.0 }.into())
}

/// The receipt's money is with us and nobody's.
///
/// # Errors
/// `receipt_assigned`, `receipt_refund_open`.
fn unmatched(receipt: &Receipt) -> Result<(), Rejection> {
    let receipt_id = receipt.id.0;
    match receipt.holding {
        Holding::Unmatched => Ok(()),
        Holding::Assigned { customer_id } => {
            Err(Rejection::ReceiptAssigned { receipt_id, customer_id: customer_id.0 })
        }
        Holding::Returning { refund_id } | Holding::PaidBack { refund_id } => {
            Err(Rejection::ReceiptRefundOpen { receipt_id, refund_id: refund_id.0 })
        }
    }
}

/// What a person should look at, from the word that the provider side gives as its reason.
fn review(reason: &Reason) -> Review {
    match reason.as_str() {
        "wrong_amount" => Review::WrongAmount,
        "wrong_payer" => Review::WrongPayer,
        "wrong_operator" => Review::WrongOperator,
        "unknown_reference" => Review::UnknownReference,
        "bad_signature" => Review::BadSignature,
        "not_confirmed" => Review::NotConfirmed,
        "second_reference" => Review::SecondReference,
        "customer_closed" => Review::CustomerClosed,
        _ => Review::Unmatched,
    }
}

/// RecordUnmatchedReceipt, in order: this very transaction again: already done · its reference is something else's ·
/// payment unknown · id taken · the sender's time.
///
/// # Errors
/// The first of these refusals.
pub fn record(command: &RecordUnmatchedReceipt, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let receipt_id = command.receipt_id.unwrap_or(ReceiptId(order.seeds.derived));
    let (amount, provider) = (command.amount.money(), command.provider);
    let value = format!("{}/{}", provider.as_str(), command.provider_reference.as_str());
    let claim = Claim { kind: Claim::PROVIDER_REFERENCE, value };
    if let Some(holder) = view.holder(claim.clone())? {
        return held(holder, command, view);
    }
    if let Some(payment_id) = command.payment_id
        && view.payment(payment_id)?.here().is_none()
    {
        return Err(Rejection::PaymentUnknown { payment_id: payment_id.0 }.into());
    }
    match view.receipt(receipt_id)? {
        Found::Absent => {}
        Found::Here(_) | Found::OtherKind => return Err(Rejection::IdTaken { id: receipt_id.0 }.into()),
    }
    let paid_at = timing::occurred(order)?;
    let received = event::ReceiptUnmatched {
        receipt_id,
        provider,
        provider_reference: command.provider_reference.clone(),
        amount,
        paid_at,
        payment_id: command.payment_id,
        payer: command.payer.as_ref().map(|payer| payer.text.clone()),
        customer_id: owner(command, view)?,
        reason: Some(command.reason.clone()),
        review: vec![review(&command.reason)],
    };
    let facts = vec![fact(received, paid_at)];
    Ok(Decision::recorded_with(facts, vec![(claim, receipt_id.0)], &Recorded { receipt_id }))
}

/// The customer whose phone the payer's is.
fn owner(command: &RecordUnmatchedReceipt, view: &View<'_>) -> Result<Option<CustomerId>, Stop> {
    let Some(payer) = &command.payer else { return Ok(None) };
    let claim = Claim { kind: Claim::PHONE, value: payer.index.clone() };
    Ok(view.holder(claim)?.map(CustomerId))
}

fn held(holder: uuid::Uuid, command: &RecordUnmatchedReceipt, view: &View<'_>) -> Result<Decision, Stop> {
    match view.receipt(ReceiptId(holder))? {
        Found::Here(receipt) if receipt.amount == command.amount.money() => {
            Ok(Decision::already_done(&Recorded { receipt_id: receipt.id }))
        }
        Found::Here(receipt) => Err(Rejection::ReceiptExists { receipt_id: receipt.id.0 }.into()),
        Found::Absent | Found::OtherKind => Err(Rejection::ProviderReferenceTaken { held_by: holder }.into()),
    }
}

/// AssignReceipt, in order: receipt unknown · not unmatched any more · customer unknown · account closed · the
/// sender's time. It moves no money; a second person does ([`crate::approval`]).
///
/// # Errors
/// The first of these refusals.
pub fn assign(command: &AssignReceipt, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let receipt = known(command.receipt_id, view)?;
    unmatched(receipt)?;
    receiver(command.customer_id, view)?;
    let action = Action::AssignReceipt {
        receipt_id: receipt.id,
        customer_id: command.customer_id,
        reason: command.reason.clone(),
    };
    approval::request(action, order)
}

fn receiver<'a>(id: CustomerId, view: &View<'a>) -> Result<&'a Customer, Stop> {
    let customer = customer::of(id, view)?;
    if customer.status == Status::Closed {
        return Err(Rejection::CustomerClosed { customer_id: id.0 }.into());
    }
    Ok(customer)
}

/// The assignment that was approved, on the present state.
///
/// # Errors
/// `receipt_unknown`, `receipt_assigned`, `receipt_refund_open`, `customer_unknown`, `customer_closed`.
pub(crate) fn assigned(
    (receipt_id, customer_id): (ReceiptId, CustomerId),
    approval_id: ApprovalId,
    order: &Order,
    view: &View<'_>,
) -> Result<Fact, Stop> {
    let receipt = known(receipt_id, view)?;
    unmatched(receipt)?;
    let customer = receiver(customer_id, view)?;
    let occurred_at = timing::occurred(order)?;
    let mut purse = customer.purse;
    let assigned = event::ReceiptAssigned {
        receipt_id,
        customer_id,
        amount: receipt.amount,
        provider: receipt.provider,
        credited: purse.pay(receipt.amount),
        approval_id,
        approved_by: order.actor.subject,
        named: receipt.named,
    };
    Ok(fact(assigned, occurred_at))
}

/// RefundReceipt, in order: the same again: already done · receipt unknown · not unmatched any more · nobody knows who
/// paid, and no destination · id taken · the sender's time. The refund waits for a second person, who approves it by the
/// refund's id or by the same id as an approval's.
///
/// # Errors
/// The first of these refusals.
pub fn refund(command: &RefundReceipt, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let refund_id = command.refund_id.unwrap_or(RefundId(order.seeds.minted));
    let receipt = known(command.receipt_id, view)?;
    let receipt_id = receipt.id;
    let approval_id = ApprovalId(refund_id.0);
    let answer = Asked { receipt_id, refund_id, approval_id, status: "requested" };
    let found = view.refund(refund_id)?;
    if let Found::Here(Refund { receipt_id: Some(of), .. }) = &found
        && *of == receipt_id
    {
        return Ok(Decision::already_done(&answer));
    }
    unmatched(receipt)?;
    let nowhere = Rejection::DestinationRequired { receipt_id: receipt_id.0 };
    let destination = receipt.payer.clone().or_else(|| command.destination.clone()).ok_or(nowhere)?;
    match found {
        Found::Absent => {}
        Found::Here(_) | Found::OtherKind => return Err(Rejection::IdTaken { id: refund_id.0 }.into()),
    }
    let occurred_at = timing::occurred(order)?;
    let requested = event::ReceiptRefundRequested {
        refund_id,
        receipt_id,
        amount: receipt.amount,
        provider: receipt.provider,
        destination,
        requested_by: order.actor.subject,
        reason: command.reason.clone(),
    };
    Ok(Decision::recorded(vec![fact(requested, occurred_at)], &answer))
}

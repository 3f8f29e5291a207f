//! Refunds: money on its way back, from the request to the wallet. Where to is never kept here.

use domain::{
    event::{
        ReceiptRefundRequested, RefundApproved, RefundFailed, RefundOutcomeUnknown, RefundPaid,
        RefundRejected, RefundRejection, RefundRequested, RefundSubmitted,
    },
    ids::RefundId,
    values::{ProviderReference, Reason},
};
use uuid::Uuid;

use super::{Billing, RefundRow, RefundStatus};
use crate::{Fact, Impossible, table::Json};

pub(super) const fn cause(cause: RefundRejection) -> &'static str {
    match cause {
        RefundRejection::Staff => "staff",
        RefundRejection::RentalOpen => "rental_open",
        RefundRejection::Debt => "debt",
    }
}

fn requested(fact: &Fact, id: RefundId, by: Uuid) -> RefundRow {
    RefundRow {
        refund_id: id.0,
        customer_id: None,
        receipt_id: None,
        payment_id: None,
        amount: 0,
        provider: String::new(),
        status: RefundStatus::Requested,
        requested_by: by,
        requested_at: fact.occurred_at,
        approved_by: None,
        approved_at: None,
        reference: None,
        submitted_at: None,
        provider_reference: None,
        paid_at: None,
        cause: None,
        reason: None,
        review: Json::of(&[(); 0]),
        position: fact.position.get(),
    }
}

pub(super) fn request(rows: &mut Billing, fact: &Fact, event: &RefundRequested) -> Result<(), Impossible> {
    rows.refund.insert(RefundRow {
        customer_id: Some(event.customer_id.0),
        payment_id: event.payment_id.map(|id| id.0),
        amount: event.amount.shillings(),
        provider: event.provider.as_str().to_owned(),
        ..requested(fact, event.refund_id, event.requested_by)
    })
}

pub(super) fn request_of_receipt(
    rows: &mut Billing,
    fact: &Fact,
    event: &ReceiptRefundRequested,
) -> Result<(), Impossible> {
    rows.refund.insert(RefundRow {
        receipt_id: Some(event.receipt_id.0),
        amount: event.amount.shillings(),
        provider: event.provider.as_str().to_owned(),
        ..requested(fact, event.refund_id, event.requested_by)
    })
}

/// The row of a refund that the event changes.
fn change<'a>(rows: &'a mut Billing, fact: &Fact, id: RefundId) -> Result<&'a mut RefundRow, Impossible> {
    let row = rows.refund.change((id.0,))?;
    row.position = fact.position.get();
    Ok(row)
}

pub(super) fn approve(rows: &mut Billing, fact: &Fact, event: &RefundApproved) -> Result<(), Impossible> {
    let row = change(rows, fact, event.refund_id)?;
    row.status = RefundStatus::Approved;
    row.approved_by = event.approved_by;
    row.approved_at = Some(fact.occurred_at);
    Ok(())
}

pub(super) fn reject(rows: &mut Billing, fact: &Fact, event: &RefundRejected) -> Result<(), Impossible> {
    let row = change(rows, fact, event.refund_id)?;
    row.status = RefundStatus::Rejected;
    row.cause = Some(cause(event.cause).to_owned());
    Ok(())
}

pub(super) fn submit(rows: &mut Billing, fact: &Fact, event: &RefundSubmitted) -> Result<(), Impossible> {
    let row = change(rows, fact, event.refund_id)?;
    row.status = RefundStatus::Submitted;
    event.provider.as_str().clone_into(&mut row.provider);
    row.reference = Some(event.reference.as_str().to_owned());
    row.submitted_at = Some(fact.occurred_at);
    Ok(())
}

pub(super) fn lose_sight(
    rows: &mut Billing,
    fact: &Fact,
    event: &RefundOutcomeUnknown,
) -> Result<(), Impossible> {
    let row = change(rows, fact, event.refund_id)?;
    row.status = RefundStatus::Unknown;
    row.reason = event.reason.as_ref().map(Reason::as_str).map(str::to_owned);
    Ok(())
}

pub(super) fn fail(rows: &mut Billing, fact: &Fact, event: &RefundFailed) -> Result<(), Impossible> {
    let row = change(rows, fact, event.refund_id)?;
    row.status = RefundStatus::Failed;
    row.reason = event.reason.as_ref().map(Reason::as_str).map(str::to_owned);
    Ok(())
}

pub(super) fn pay(rows: &mut Billing, fact: &Fact, event: &RefundPaid) -> Result<(), Impossible> {
    let row = change(rows, fact, event.refund_id)?;
    row.status = RefundStatus::Paid;
    row.provider_reference =
        event.provider_reference.as_ref().map(ProviderReference::as_str).map(str::to_owned);
    row.paid_at = Some(fact.occurred_at);
    row.reason = None;
    row.review = Json::of(&event.review);
    Ok(())
}

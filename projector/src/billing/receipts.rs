//! Receipts: money that arrived and settled nothing, and where it went.

use domain::{
    event::{PaidFrom, ReceiptAssigned, ReceiptRefundRequested, ReceiptUnmatched},
    ids::{ReceiptId, RefundId},
    values::Reason,
};

use super::{Billing, ReceiptRow, ReceiptStatus};
use crate::{Fact, Impossible, table::Json};

pub(super) fn hold(rows: &mut Billing, fact: &Fact, event: &ReceiptUnmatched) -> Result<(), Impossible> {
    rows.receipt.insert(ReceiptRow {
        receipt_id: event.receipt_id.0,
        provider: event.provider.as_str().to_owned(),
        provider_reference: event.provider_reference.as_str().to_owned(),
        amount: event.amount.shillings(),
        paid_at: event.paid_at,
        payment_id: event.payment_id.map(|id| id.0),
        review: Json::of(&event.review),
        recorded_at: fact.recorded_at,
        status: ReceiptStatus::Unmatched,
        customer_id: event.customer_id.map(|id| id.0),
        assigned_to: None,
        refund_id: None,
        reason: event.reason.as_ref().map(Reason::as_str).map(str::to_owned),
        position: fact.position.get(),
    })
}

pub(super) fn assign(rows: &mut Billing, fact: &Fact, event: &ReceiptAssigned) -> Result<(), Impossible> {
    let row = rows.receipt.change((event.receipt_id.0,))?;
    row.status = ReceiptStatus::Assigned;
    row.assigned_to = Some(event.customer_id.0);
    row.position = fact.position.get();
    Ok(())
}

pub(super) fn begin_refund(
    rows: &mut Billing,
    fact: &Fact,
    event: &ReceiptRefundRequested,
) -> Result<(), Impossible> {
    let row = rows.receipt.change((event.receipt_id.0,))?;
    row.status = ReceiptStatus::RefundRequested;
    row.refund_id = Some(event.refund_id.0);
    row.position = fact.position.get();
    Ok(())
}

/// A refund came to nothing: the money is nobody's again, if it was on its way by that refund.
pub(super) fn come_back(
    rows: &mut Billing,
    fact: &Fact,
    (receipt, refund): (Option<ReceiptId>, RefundId),
) -> Result<(), Impossible> {
    let Some(receipt) = receipt else { return Ok(()) };
    let row = rows.receipt.change((receipt.0,))?;
    row.position = fact.position.get();
    if row.status == ReceiptStatus::RefundRequested && row.refund_id == Some(refund.0) {
        row.status = ReceiptStatus::Unmatched;
        row.refund_id = None;
    }
    Ok(())
}

/// A refund was paid out; of a receipt that a customer was given meanwhile, they paid it.
pub(super) fn pay_back(
    rows: &mut Billing,
    fact: &Fact,
    (receipt, refund, from): (Option<ReceiptId>, RefundId, PaidFrom),
) -> Result<(), Impossible> {
    let Some(receipt) = receipt else { return Ok(()) };
    let row = rows.receipt.change((receipt.0,))?;
    row.position = fact.position.get();
    match from {
        PaidFrom::Transit | PaidFrom::Receipt => {
            row.status = ReceiptStatus::PaidBack;
            row.refund_id = Some(refund.0);
        }
        PaidFrom::Customer { .. } | PaidFrom::BadDebt => {}
    }
    Ok(())
}

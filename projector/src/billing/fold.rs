//! From an event to changes of `billing`, the books aside.

use domain::{
    Event, Time,
    event::ReplacementFeeReversed,
    ids::{CustomerId, PaymentId, ReceiptId, RefundId, RentalId},
    postings::Account,
    rating::Charge,
};
use uuid::Uuid;

use super::{
    ApprovalStatus, BalanceRow, Billing, ChargeRow, PaymentStatus, approvals, billed, breaks, movements,
    payments, periods, receipts, refunds,
};
use crate::{Fact, Impossible, table::Json};

pub(super) fn want(rows: &mut Billing, fact: &Fact) {
    for account in Account::ALL {
        rows.account.want((account.code(),));
    }
    periods::want(rows);
    match &fact.event {
        Event::CustomerRegistered(event) => rows.balance.want((event.customer_id.0,)),
        Event::RentalStarted(event) => rows.billed_rental.want((event.rental_id.0,)),
        Event::RentalEnded(event) => want_charge(rows, event.customer_id, event.rental_id),
        Event::RentalSold(event) => want_charge(rows, event.customer_id, event.rental_id),
        Event::RentalCorrected(event) => {
            want_charge(rows, event.customer_id, event.rental_id);
            if let Some(approval) = event.approval_id {
                rows.approval.want((approval.0,));
            }
        }
        Event::ReplacementFeeReversed(event) => want_charge(rows, event.customer_id, event.rental_id),
        Event::DeviceRecovered(event) => want_charge(rows, event.customer_id, event.rental_id),
        Event::PaymentInitiated(event) => rows.payment.want((event.payment_id.0,)),
        Event::PaymentPrompted(event) => rows.payment.want((event.payment_id.0,)),
        Event::PaymentWasDeclined(event) => rows.payment.want((event.payment_id.0,)),
        Event::PaymentOutcomeUnknown(event) => rows.payment.want((event.payment_id.0,)),
        Event::PaymentExpired(event) => rows.payment.want((event.payment_id.0,)),
        Event::PaymentSettled(event) => {
            want_all(rows, Some(event.customer_id), Some(event.payment_id), None);
        }
        Event::PaymentChargedBack(event) => {
            want_all(rows, Some(event.customer_id), Some(event.payment_id), None);
        }
        Event::ReceiptUnmatched(event) => {
            want_all(rows, None, event.payment_id, Some(event.receipt_id));
        }
        Event::ApprovalRequested(event) => {
            rows.approval.want((event.approval_id.0,));
            if let Some(receipt) = approvals::receipt_of(&event.action) {
                rows.receipt.want((receipt.0,));
            }
        }
        Event::ActionRejected(event) => rows.approval.want((event.approval_id.0,)),
        Event::ReceiptAssigned(event) => {
            rows.approval.want((event.approval_id.0,));
            want_all(rows, Some(event.customer_id), None, Some(event.receipt_id));
        }
        Event::ReceiptRefundRequested(event) => {
            want_refund(rows, event.refund_id);
            want_all(rows, None, None, Some(event.receipt_id));
        }
        Event::RefundRequested(event) => {
            want_refund(rows, event.refund_id);
            want_all(rows, Some(event.customer_id), None, None);
        }
        Event::RefundApproved(event) => want_refund(rows, event.refund_id),
        Event::RefundSubmitted(event) => want_refund(rows, event.refund_id),
        Event::RefundOutcomeUnknown(event) => want_refund(rows, event.refund_id),
        Event::RefundRejected(event) => {
            want_refund(rows, event.refund_id);
            want_all(rows, event.customer_id, None, event.receipt_id);
        }
        Event::RefundFailed(event) => {
            want_refund(rows, event.refund_id);
            want_all(rows, event.customer_id, None, event.receipt_id);
        }
        Event::RefundPaid(event) => {
            want_refund(rows, event.refund_id);
            want_all(rows, event.customer_id, event.payment_id, event.receipt_id);
        }
        Event::BreakOpened(event) => rows.statement_break.want((event.break_id.0,)),
        Event::BreakExplained(event) => rows.statement_break.want((event.break_id.0,)),
        Event::BreakClosed(event) => rows.statement_break.want((event.break_id.0,)),
        Event::BalanceAdjusted(event) => {
            rows.balance.want((event.customer_id.0,));
            rows.approval.want((event.approval_id.0,));
        }
        Event::DebtWrittenOff(event) => {
            rows.balance.want((event.customer_id.0,));
            rows.approval.want((event.approval_id.0,));
        }
        Event::ProjectionEventSkipped(event) => {
            if let Some(approval) = event.approval_id {
                rows.approval.want((approval.0,));
            }
        }
        Event::ProviderFeeRecorded(_)
        | Event::ProviderPayoutRecorded(_)
        | Event::PeriodClosed(_)
        | Event::LedgerRestored(_)
        | Event::CustomerVerified(_)
        | Event::CustomerSuspended(_)
        | Event::CustomerReinstated(_)
        | Event::ProfileUpdated(_)
        | Event::CustomerErased(_)
        | Event::TariffPublished(_)
        | Event::TariffRetired(_)
        | Event::StationRegistered(_)
        | Event::StationChanged(_)
        | Event::StationWentOffline(_)
        | Event::StationCameOnline(_)
        | Event::SlotDisabled(_)
        | Event::SlotEnabled(_)
        | Event::SlotFaultReported(_)
        | Event::SlotFaultCleared(_)
        | Event::BatteryRanLow(_)
        | Event::BatteryRecovered(_)
        | Event::DeviceRegistered(_)
        | Event::DeviceDocked(_)
        | Event::DeviceUndocked(_)
        | Event::DeviceMissing(_)
        | Event::MaintenanceStarted(_)
        | Event::MaintenanceCompleted(_)
        | Event::DeviceRetired(_)
        | Event::RentalRequested(_)
        | Event::RentalCancelled(_)
        | Event::ReleaseOutcomeUnknown(_)
        | Event::LateReleaseRecorded(_)
        | Event::RentalExtended(_)
        | Event::RentalBecameOverdue(_)
        | Event::ReturnAttemptRecorded(_) => {}
    }
}

/// The rows of whom an event is about and of what money it moves.
fn want_all(
    rows: &mut Billing,
    customer: Option<CustomerId>,
    payment: Option<PaymentId>,
    receipt: Option<ReceiptId>,
) {
    if let Some(customer) = customer {
        rows.balance.want((customer.0,));
    }
    if let Some(payment) = payment {
        rows.payment.want((payment.0,));
    }
    if let Some(receipt) = receipt {
        rows.receipt.want((receipt.0,));
    }
}

/// A refund, and what a second person says of it.
fn want_refund(rows: &mut Billing, refund: RefundId) {
    rows.refund.want((refund.0,));
    rows.approval.want((refund.0,));
}

fn want_charge(rows: &mut Billing, customer: CustomerId, rental: RentalId) {
    rows.balance.want((customer.0,));
    rows.charge.want((rental.0,));
    rows.billed_rental.want((rental.0,));
}

pub(super) fn apply(rows: &mut Billing, fact: &Fact) -> Result<(), Impossible> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "want names every event")]
    match &fact.event {
        Event::CustomerRegistered(event) => rows.balance.insert(BalanceRow {
            customer_id: event.customer_id.0,
            balance: 0,
            debt: 0,
            opened_position: fact.position.get(),
            opened_at: fact.occurred_at,
            position: fact.position.get(),
        }),
        Event::RentalStarted(event) => billed::start(rows, fact, event),
        Event::RentalEnded(event) => {
            charge(rows, fact, event.rental_id, event.customer_id, &event.charge, event.ended_at)
        }
        Event::RentalSold(event) => {
            charge(rows, fact, event.rental_id, event.customer_id, &event.charge, event.sold_at)
        }
        Event::RentalCorrected(event) => {
            approvals::agree(rows, fact, (event.approval_id, event.approved_by))?;
            charge(rows, fact, event.rental_id, event.customer_id, &event.charge, fact.occurred_at)
        }
        Event::DeviceRecovered(event) => {
            charge(rows, fact, event.rental_id, event.customer_id, &event.whole, event.recovered_at)
        }
        Event::ReplacementFeeReversed(event) => reverse(rows, event, fact.position.get()),
        Event::BreakOpened(event) => breaks::open(rows, fact, event),
        Event::BreakExplained(event) => breaks::explain(rows, fact, event),
        Event::BreakClosed(event) => breaks::close(rows, fact, event),
        _ => money(rows, fact),
    }?;
    movements::note(rows, fact)
}

/// Payments, receipts and what a second person says of them.
fn money(rows: &mut Billing, fact: &Fact) -> Result<(), Impossible> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "want names every event")]
    match &fact.event {
        Event::PaymentInitiated(event) => payments::initiate(rows, fact, event),
        Event::PaymentPrompted(event) => {
            payments::stage(rows, fact, (event.payment_id, PaymentStatus::Prompted))
        }
        Event::PaymentOutcomeUnknown(event) => {
            payments::stage(rows, fact, (event.payment_id, PaymentStatus::Unknown))
        }
        Event::PaymentWasDeclined(event) => {
            payments::stage(rows, fact, (event.payment_id, PaymentStatus::Declined))
        }
        Event::PaymentExpired(event) => {
            payments::stage(rows, fact, (event.payment_id, PaymentStatus::Expired))
        }
        Event::PaymentSettled(event) => payments::settle(rows, fact, event),
        Event::PaymentChargedBack(event) => {
            payments::charge_back(rows, fact, (event.payment_id, event.amount))
        }
        Event::ReceiptUnmatched(event) => receipts::hold(rows, fact, event),
        Event::ApprovalRequested(event) => approvals::request(rows, fact, event),
        Event::ActionRejected(event) => {
            let decided = (ApprovalStatus::Rejected, Some(event.rejected_by));
            approvals::decide(rows, fact, event.approval_id.0, decided)
        }
        Event::ReceiptAssigned(event) => {
            let decided = (ApprovalStatus::Approved, Some(event.approved_by));
            approvals::decide(rows, fact, event.approval_id.0, decided)?;
            receipts::assign(rows, fact, event)
        }
        Event::BalanceAdjusted(event) => {
            approvals::agree(rows, fact, (Some(event.approval_id), Some(event.approved_by)))
        }
        Event::DebtWrittenOff(event) => {
            approvals::agree(rows, fact, (Some(event.approval_id), Some(event.approved_by)))
        }
        Event::PeriodClosed(event) => periods::close(rows, fact, event),
        Event::ProjectionEventSkipped(event) => {
            approvals::agree(rows, fact, (event.approval_id, event.approved_by))
        }
        _ => refund(rows, fact),
    }
}

/// Refunds, and the payments and receipts that they give back.
fn refund(rows: &mut Billing, fact: &Fact) -> Result<(), Impossible> {
    let decide = |rows: &mut Billing, refund: RefundId, status, by: Option<Uuid>| {
        approvals::decide(rows, fact, refund.0, (status, by))
    };
    #[expect(clippy::wildcard_enum_match_arm, reason = "want names every event")]
    match &fact.event {
        Event::RefundRequested(event) => {
            approvals::request_refund(rows, fact, event)?;
            refunds::request(rows, fact, event)
        }
        Event::ReceiptRefundRequested(event) => {
            approvals::request_receipt_refund(rows, fact, event)?;
            receipts::begin_refund(rows, fact, event)?;
            refunds::request_of_receipt(rows, fact, event)
        }
        Event::RefundApproved(event) => {
            decide(rows, event.refund_id, ApprovalStatus::Approved, event.approved_by)?;
            refunds::approve(rows, fact, event)
        }
        Event::RefundRejected(event) => {
            decide(rows, event.refund_id, ApprovalStatus::Rejected, event.rejected_by)?;
            receipts::come_back(rows, fact, (event.receipt_id, event.refund_id))?;
            refunds::reject(rows, fact, event)
        }
        Event::RefundSubmitted(event) => refunds::submit(rows, fact, event),
        Event::RefundOutcomeUnknown(event) => refunds::lose_sight(rows, fact, event),
        Event::RefundFailed(event) => {
            receipts::come_back(rows, fact, (event.receipt_id, event.refund_id))?;
            refunds::fail(rows, fact, event)
        }
        Event::RefundPaid(event) => {
            if let Some(payment) = event.payment_id {
                payments::pay_back(rows, fact, (payment, event.amount))?;
            }
            receipts::pay_back(rows, fact, (event.receipt_id, event.refund_id, event.paid_from))?;
            refunds::pay(rows, fact, event)
        }
        _ => Ok(()),
    }
}

fn charge(
    rows: &mut Billing,
    fact: &Fact,
    rental: RentalId,
    customer: CustomerId,
    charge: &Charge,
    charged_at: Time,
) -> Result<(), Impossible> {
    rows.charge.put(ChargeRow {
        rental_id: rental.0,
        customer_id: customer.0,
        total: charge.total.shillings(),
        usage: charge.usage.shillings(),
        late: charge.late.shillings(),
        replacement: charge.replacement.shillings(),
        vat: charge.vat.shillings(),
        lines: Json::of(&charge.lines),
        charged_at,
        position: fact.position.get(),
    })
}

/// Takes the replacement fee out; the event after it brings the trace of what stays.
fn reverse(rows: &mut Billing, event: &ReplacementFeeReversed, position: i64) -> Result<(), Impossible> {
    let row = rows.charge.change((event.rental_id.0,))?;
    let amounts = event.reversed.amounts;
    row.total = row.total.saturating_sub(amounts.total().shillings());
    row.usage = row.usage.saturating_sub(amounts.usage.shillings());
    row.late = row.late.saturating_sub(amounts.late.shillings());
    row.replacement = row.replacement.saturating_sub(amounts.replacement.shillings());
    row.vat = row.vat.saturating_sub(event.reversed.vat.total().shillings());
    row.position = position;
    Ok(())
}

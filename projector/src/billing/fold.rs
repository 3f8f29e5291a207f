//! From an event to changes of `billing`, the books aside.

use domain::{
    Event, Time,
    event::{
        PaymentExpired, PaymentInitiated, PaymentSettled, Purpose, ReceiptUnmatched, ReplacementFeeReversed,
    },
    ids::{CustomerId, RentalId},
    postings::Account,
    rating::Charge,
};

use super::{BalanceRow, Billing, ChargeRow, PaymentRow, PaymentStatus, ReceiptRow};
use crate::{Fact, Impossible, table::Json};

pub(super) fn want(rows: &mut Billing, fact: &Fact) {
    for account in Account::ALL {
        rows.account.want((account.code(),));
    }
    match &fact.event {
        Event::CustomerRegistered(event) => rows.balance.want((event.customer_id.0,)),
        Event::RentalEnded(event) => want_charge(rows, event.customer_id, event.rental_id),
        Event::RentalSold(event) => want_charge(rows, event.customer_id, event.rental_id),
        Event::RentalCorrected(event) => want_charge(rows, event.customer_id, event.rental_id),
        Event::ReplacementFeeReversed(event) => want_charge(rows, event.customer_id, event.rental_id),
        Event::DeviceRecovered(event) => want_charge(rows, event.customer_id, event.rental_id),
        Event::PaymentInitiated(event) => rows.payment.want((event.payment_id.0,)),
        Event::PaymentExpired(event) => rows.payment.want((event.payment_id.0,)),
        Event::PaymentSettled(event) => {
            rows.balance.want((event.customer_id.0,));
            rows.payment.want((event.payment_id.0,));
        }
        Event::ReceiptUnmatched(event) => rows.receipt.want((event.receipt_id.0,)),
        Event::PaymentChargedBack(event) => rows.balance.want((event.customer_id.0,)),
        Event::ReceiptAssigned(event) => rows.balance.want((event.customer_id.0,)),
        Event::RefundRequested(event) => rows.balance.want((event.customer_id.0,)),
        Event::RefundRejected(event) => want_balance(rows, event.customer_id),
        Event::RefundFailed(event) => want_balance(rows, event.customer_id),
        Event::RefundPaid(event) => want_balance(rows, event.customer_id),
        Event::PaymentPrompted(_)
        | Event::PaymentWasDeclined(_)
        | Event::PaymentOutcomeUnknown(_)
        | Event::ApprovalRequested(_)
        | Event::ActionRejected(_)
        | Event::ReceiptRefundRequested(_)
        | Event::RefundApproved(_)
        | Event::RefundSubmitted(_)
        | Event::RefundOutcomeUnknown(_)
        | Event::BreakOpened(_)
        | Event::BreakExplained(_)
        | Event::BreakClosed(_)
        | Event::ProviderFeeRecorded(_)
        | Event::ProviderPayoutRecorded(_)
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
        | Event::RentalStarted(_)
        | Event::RentalCancelled(_)
        | Event::ReleaseOutcomeUnknown(_)
        | Event::LateReleaseRecorded(_)
        | Event::RentalExtended(_)
        | Event::RentalBecameOverdue(_)
        | Event::ReturnAttemptRecorded(_) => {}
    }
}

fn want_balance(rows: &mut Billing, customer: Option<CustomerId>) {
    if let Some(customer) = customer {
        rows.balance.want((customer.0,));
    }
}

fn want_charge(rows: &mut Billing, customer: CustomerId, rental: RentalId) {
    rows.balance.want((customer.0,));
    rows.charge.want((rental.0,));
}

pub(super) fn apply(rows: &mut Billing, fact: &Fact) -> Result<(), Impossible> {
    let position = fact.position.get();
    #[expect(clippy::wildcard_enum_match_arm, reason = "want names every event")]
    match &fact.event {
        Event::CustomerRegistered(event) => rows.balance.insert(BalanceRow {
            customer_id: event.customer_id.0,
            balance: 0,
            debt: 0,
            position,
        }),
        Event::RentalEnded(event) => {
            charge(rows, fact, event.rental_id, event.customer_id, &event.charge, event.ended_at)
        }
        Event::RentalSold(event) => {
            charge(rows, fact, event.rental_id, event.customer_id, &event.charge, event.sold_at)
        }
        Event::RentalCorrected(event) => {
            charge(rows, fact, event.rental_id, event.customer_id, &event.charge, fact.occurred_at)
        }
        Event::DeviceRecovered(event) => {
            charge(rows, fact, event.rental_id, event.customer_id, &event.whole, event.recovered_at)
        }
        Event::ReplacementFeeReversed(event) => reverse(rows, event, position),
        Event::PaymentInitiated(event) => rows.payment.insert(initiated(fact, event)),
        Event::PaymentSettled(event) => settle(rows, event, position),
        Event::PaymentExpired(event) => expire(rows, event, position),
        Event::ReceiptUnmatched(event) => rows.receipt.insert(receipt(fact, event)),
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

const fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Deposit => "deposit",
        Purpose::Debt => "debt",
    }
}

fn initiated(fact: &Fact, event: &PaymentInitiated) -> PaymentRow {
    PaymentRow {
        payment_id: event.payment_id.0,
        customer_id: event.customer_id.0,
        status: PaymentStatus::Initiated,
        purpose: purpose(event.purpose).to_owned(),
        amount: event.amount.shillings(),
        provider: event.provider.as_str().to_owned(),
        external_id: event.external_id.clone(),
        provider_reference: None,
        initiated_at: fact.occurred_at,
        expires_at: event.expires_at,
        settled_at: None,
        position: fact.position.get(),
    }
}

fn settle(rows: &mut Billing, event: &PaymentSettled, position: i64) -> Result<(), Impossible> {
    let row = rows.payment.change((event.payment_id.0,))?;
    row.status = PaymentStatus::Settled;
    row.provider_reference = Some(event.provider_reference.as_str().to_owned());
    row.settled_at = Some(event.paid_at);
    row.position = position;
    Ok(())
}

/// Nobody paid in time; proof that comes later still settles it.
fn expire(rows: &mut Billing, event: &PaymentExpired, position: i64) -> Result<(), Impossible> {
    let row = rows.payment.change((event.payment_id.0,))?;
    row.status = PaymentStatus::Expired;
    row.position = position;
    Ok(())
}

fn receipt(fact: &Fact, event: &ReceiptUnmatched) -> ReceiptRow {
    ReceiptRow {
        receipt_id: event.receipt_id.0,
        provider: event.provider.as_str().to_owned(),
        provider_reference: event.provider_reference.as_str().to_owned(),
        amount: event.amount.shillings(),
        paid_at: event.paid_at,
        payment_id: event.payment_id.map(|id| id.0),
        review: Json::of(&event.review),
        recorded_at: fact.recorded_at,
        position: fact.position.get(),
    }
}

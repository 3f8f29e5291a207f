//! Payments: how far each came, and what became of its money.

use domain::{
    Money,
    event::{PaymentInitiated, PaymentSettled, Purpose},
    ids::PaymentId,
};

use super::{Billing, PaymentRow, PaymentStatus};
use crate::{Fact, Impossible};

const fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Deposit => "deposit",
        Purpose::Debt => "debt",
    }
}

pub(super) fn initiate(rows: &mut Billing, fact: &Fact, event: &PaymentInitiated) -> Result<(), Impossible> {
    rows.payment.insert(PaymentRow {
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
        paid_back: 0,
        charged_back: 0,
        position: fact.position.get(),
    })
}

pub(super) fn settle(rows: &mut Billing, fact: &Fact, event: &PaymentSettled) -> Result<(), Impossible> {
    let row = rows.payment.change((event.payment_id.0,))?;
    row.status = PaymentStatus::Settled;
    row.provider_reference = Some(event.provider_reference.as_str().to_owned());
    row.settled_at = Some(event.paid_at);
    row.position = fact.position.get();
    Ok(())
}

/// A payment that is not settled came to another stage; proof that comes later still settles it.
pub(super) fn stage(
    rows: &mut Billing,
    fact: &Fact,
    (payment, status): (PaymentId, PaymentStatus),
) -> Result<(), Impossible> {
    let row = rows.payment.change((payment.0,))?;
    row.status = status;
    row.position = fact.position.get();
    Ok(())
}

/// Some of it was paid out again.
pub(super) fn pay_back(
    rows: &mut Billing,
    fact: &Fact,
    (payment, amount): (PaymentId, Money),
) -> Result<(), Impossible> {
    let row = rows.payment.change((payment.0,))?;
    row.paid_back = row.paid_back.saturating_add(amount.shillings());
    row.status = settled_status(row);
    row.position = fact.position.get();
    Ok(())
}

/// The provider took some of it back.
pub(super) fn charge_back(
    rows: &mut Billing,
    fact: &Fact,
    (payment, amount): (PaymentId, Money),
) -> Result<(), Impossible> {
    let row = rows.payment.change((payment.0,))?;
    row.charged_back = row.charged_back.saturating_add(amount.shillings());
    row.status = settled_status(row);
    row.position = fact.position.get();
    Ok(())
}

/// The same order of precedence as [`domain::payment::Payment::status_name`].
const fn settled_status(row: &PaymentRow) -> PaymentStatus {
    if row.charged_back > 0 {
        PaymentStatus::ChargedBack
    } else if row.paid_back == 0 {
        PaymentStatus::Settled
    } else if row.paid_back >= row.amount {
        PaymentStatus::Refunded
    } else {
        PaymentStatus::PartlyRefunded
    }
}

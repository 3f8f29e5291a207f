//! Money that moved at a provider, as the ledger has it. What a provider's statement shows is held against these rows.

use domain::{
    Event, Money,
    event::{PaymentChargedBack, PaymentSettled, Provider, ReceiptUnmatched, RefundPaid},
    values::ProviderReference,
};

use super::{Billing, MovementKind, MovementRow};
use crate::{Fact, Impossible};

/// A movement that says no more than what, where and how much.
fn movement(fact: &Fact, kind: MovementKind, provider: Provider, amount: Money) -> MovementRow {
    MovementRow {
        position: fact.position.get(),
        kind,
        provider: provider.as_str().to_owned(),
        amount: amount.shillings(),
        provider_reference: None,
        reference: None,
        payment_id: None,
        receipt_id: None,
        refund_id: None,
        by_hand: false,
        moved_at: fact.occurred_at,
        recorded_at: fact.recorded_at,
    }
}

fn text(reference: &ProviderReference) -> Option<String> {
    Some(reference.as_str().to_owned())
}

fn settled(rows: &Billing, fact: &Fact, event: &PaymentSettled) -> Result<MovementRow, Impossible> {
    let reference = rows.payment.get((event.payment_id.0,))?.map(|payment| payment.external_id.clone());
    Ok(MovementRow {
        provider_reference: text(&event.provider_reference),
        reference,
        payment_id: Some(event.payment_id.0),
        moved_at: event.paid_at,
        ..movement(fact, MovementKind::Collection, event.provider, event.amount)
    })
}

fn held(rows: &Billing, fact: &Fact, event: &ReceiptUnmatched) -> Result<MovementRow, Impossible> {
    let reference = match event.payment_id {
        Some(payment) => rows.payment.get((payment.0,))?.map(|payment| payment.external_id.clone()),
        None => None,
    };
    Ok(MovementRow {
        provider_reference: text(&event.provider_reference),
        reference,
        payment_id: event.payment_id.map(|id| id.0),
        receipt_id: Some(event.receipt_id.0),
        moved_at: event.paid_at,
        ..movement(fact, MovementKind::Collection, event.provider, event.amount)
    })
}

fn paid_out(rows: &Billing, fact: &Fact, event: &RefundPaid) -> Result<MovementRow, Impossible> {
    let refund = rows.refund.get((event.refund_id.0,))?;
    Ok(MovementRow {
        provider_reference: event.provider_reference.as_ref().and_then(text),
        reference: refund.and_then(|refund| refund.reference.clone()),
        payment_id: event.payment_id.map(|id| id.0),
        receipt_id: event.receipt_id.map(|id| id.0),
        refund_id: Some(event.refund_id.0),
        by_hand: domain::refund::is_manual(event.provider),
        ..movement(fact, MovementKind::Disbursement, event.provider, event.amount)
    })
}

fn charged_back(fact: &Fact, event: &PaymentChargedBack) -> MovementRow {
    MovementRow {
        provider_reference: text(&event.provider_reference),
        payment_id: Some(event.payment_id.0),
        ..movement(fact, MovementKind::Chargeback, event.provider, event.amount)
    }
}

/// Writes down what the event moved, if it moved something.
pub(super) fn note(rows: &mut Billing, fact: &Fact) -> Result<(), Impossible> {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "want names every event; postings hold these to it in a test"
    )]
    let row = match &fact.event {
        Event::PaymentSettled(event) => settled(rows, fact, event)?,
        Event::ReceiptUnmatched(event) => held(rows, fact, event)?,
        Event::RefundPaid(event) => paid_out(rows, fact, event)?,
        Event::PaymentChargedBack(event) => charged_back(fact, event),
        Event::ProviderFeeRecorded(event) => MovementRow {
            provider_reference: text(&event.provider_reference),
            ..movement(fact, MovementKind::Fee, event.provider, event.amount)
        },
        Event::ProviderPayoutRecorded(event) => MovementRow {
            provider_reference: text(&event.provider_reference),
            ..movement(fact, MovementKind::Payout, event.provider, event.amount)
        },
        _ => return Ok(()),
    };
    rows.movement.push(row);
    Ok(())
}

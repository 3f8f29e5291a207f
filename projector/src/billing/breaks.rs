//! Breaks: differences between the ledger and a provider's statement.

use domain::{
    Money,
    event::{BreakCause, BreakClosed, BreakExplained, BreakOpened},
    values::{ProviderReference, Reason},
};

use super::{Billing, BreakRow, BreakStatus};
use crate::{Fact, Impossible};

const fn cause(cause: BreakCause) -> &'static str {
    match cause {
        BreakCause::MissingInLedger => "missing_in_ledger",
        BreakCause::MissingAtProvider => "missing_at_provider",
        BreakCause::AmountDiffers => "amount_differs",
        BreakCause::StatusDiffers => "status_differs",
        BreakCause::Duplicate => "duplicate",
    }
}

fn words(reason: Option<&Reason>) -> Option<String> {
    reason.map(Reason::as_str).map(str::to_owned)
}

pub(super) fn open(rows: &mut Billing, fact: &Fact, event: &BreakOpened) -> Result<(), Impossible> {
    rows.statement_break.insert(BreakRow {
        break_id: event.break_id.0,
        status: BreakStatus::Open,
        cause: cause(event.cause).to_owned(),
        provider: event.provider.as_str().to_owned(),
        provider_reference: event
            .provider_reference
            .as_ref()
            .map(ProviderReference::as_str)
            .map(str::to_owned),
        payment_id: event.payment_id.map(|id| id.0),
        refund_id: event.refund_id.map(|id| id.0),
        receipt_id: event.receipt_id.map(|id| id.0),
        ledger_amount: event.ledger_amount.map(Money::shillings),
        statement_amount: event.statement_amount.map(Money::shillings),
        statement_id: event.statement_id,
        reason: words(event.reason.as_ref()),
        opened_at: fact.occurred_at,
        explanation: None,
        explained_by: None,
        explained_at: None,
        closed_by: None,
        closed_at: None,
        close_reason: None,
        position: fact.position.get(),
    })
}

pub(super) fn explain(rows: &mut Billing, fact: &Fact, event: &BreakExplained) -> Result<(), Impossible> {
    let row = rows.statement_break.change((event.break_id.0,))?;
    row.status = BreakStatus::Explained;
    row.explanation = Some(event.reason.as_str().to_owned());
    row.explained_by = Some(event.explained_by);
    row.explained_at = Some(fact.occurred_at);
    row.position = fact.position.get();
    Ok(())
}

pub(super) fn close(rows: &mut Billing, fact: &Fact, event: &BreakClosed) -> Result<(), Impossible> {
    let row = rows.statement_break.change((event.break_id.0,))?;
    row.status = BreakStatus::Closed;
    row.closed_by = Some(event.closed_by);
    row.closed_at = Some(fact.occurred_at);
    row.close_reason = words(event.reason.as_ref());
    row.position = fact.position.get();
    Ok(())
}

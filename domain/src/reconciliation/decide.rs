//! Opening, explaining and closing breaks.

use serde::Serialize;

use super::{Break, BreakStatus};
use crate::{
    Rejection, View,
    command::{CloseBreak, ExplainBreak, OpenBreak},
    decide::{Decision, Order, Stop, fact},
    event,
    ids::BreakId,
    timing,
    view::Found,
};

#[derive(Serialize)]
struct Answer {
    break_id: BreakId,
    status: &'static str,
}

fn known<'a>(id: BreakId, view: &View<'a>) -> Result<&'a Break, Stop> {
    view.difference(id)?.here().ok_or_else(|| Rejection::BreakUnknown { break_id: id.0 }.into())
}

/// OpenBreak, in order: the same again: already done · id taken · the sender's time.
///
/// # Errors
/// The first of these refusals.
pub fn open(command: &OpenBreak, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let break_id = command.break_id.unwrap_or(BreakId(order.seeds.minted));
    let opened = event::BreakOpened {
        break_id,
        cause: command.cause,
        provider: command.provider,
        provider_reference: command.provider_reference.clone(),
        payment_id: command.payment_id,
        refund_id: command.refund_id,
        receipt_id: command.receipt_id,
        ledger_amount: command.ledger_amount,
        statement_amount: command.statement_amount,
        statement_id: command.statement_id,
        reason: command.reason.clone(),
    };
    let answer = Answer { break_id, status: "open" };
    match view.difference(break_id)? {
        Found::Absent => {}
        Found::Here(there) if there.opened == opened => return Ok(Decision::already_done(&answer)),
        Found::Here(_) | Found::OtherKind => return Err(Rejection::IdTaken { id: break_id.0 }.into()),
    }
    let occurred_at = timing::occurred(order)?;
    Ok(Decision::recorded(vec![fact(opened, occurred_at)], &answer))
}

/// ExplainBreak, in order: break unknown · explained so already: already done · closed · the sender's time.
///
/// # Errors
/// The first of these refusals.
pub fn explain(command: &ExplainBreak, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let there = known(command.break_id, view)?;
    let answer = Answer { break_id: there.id, status: "explained" };
    match &there.status {
        BreakStatus::Explained { reason } if *reason == command.reason => {
            return Ok(Decision::already_done(&answer));
        }
        BreakStatus::Closed => {
            return Err(Rejection::BreakIsClosed { break_id: there.id.0 }.into());
        }
        BreakStatus::Open | BreakStatus::Explained { .. } => {}
    }
    let occurred_at = timing::occurred(order)?;
    let explained = event::BreakExplained {
        break_id: there.id,
        explained_by: order.actor.subject,
        reason: command.reason.clone(),
    };
    Ok(Decision::recorded(vec![fact(explained, occurred_at)], &answer))
}

/// CloseBreak, in order: break unknown · closed already: already done · the sender's time.
///
/// # Errors
/// The first of these refusals.
pub fn close(command: &CloseBreak, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let there = known(command.break_id, view)?;
    let answer = Answer { break_id: there.id, status: "closed" };
    if there.status == BreakStatus::Closed {
        return Ok(Decision::already_done(&answer));
    }
    let occurred_at = timing::occurred(order)?;
    let closed = event::BreakClosed {
        break_id: there.id,
        closed_by: order.actor.subject,
        reason: command.reason.clone(),
    };
    Ok(Decision::recorded(vec![fact(closed, occurred_at)], &answer))
}

//! Recording that a read model may pass over an event.

use serde::Serialize;

use crate::{
    View,
    approval::{self, Agreement},
    command::SkipProjectionEvent,
    decide::{Decision, Fact, Order, Stop, fact},
    event::{self, Action, Projection},
    timing,
    values::Reason,
};

#[derive(Serialize)]
struct Answer {
    projection: Projection,
    position: i64,
    status: &'static str,
}

/// SkipProjectionEvent, in order: recorded before: already done · the sender's time. Of a read model of money it
/// records a request only; a second person decides ([`crate::approval`]).
///
/// # Errors
/// The first of these refusals.
pub fn skip(command: &SkipProjectionEvent, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let (projection, position) = (command.projection, command.position.get());
    let answer = Answer { projection, position, status: "skipped" };
    if holds(projection, position, view)? {
        return Ok(Decision::already_done(&answer));
    }
    let reason = command.reason.clone();
    if projection.is_finance() {
        return approval::request(Action::SkipProjectionEvent { projection, position, reason }, order);
    }
    let skipped = event::ProjectionEventSkipped {
        projection,
        position,
        reason,
        requested_by: order.actor.subject,
        approval_id: None,
        approved_by: None,
    };
    Ok(Decision::recorded(vec![fact(skipped, timing::occurred(order)?)], &answer))
}

fn holds(projection: Projection, position: i64, view: &View<'_>) -> Result<bool, Stop> {
    let skips = view.skips(projection)?;
    Ok(skips.is_some_and(|skips| skips.positions.contains(&position)))
}

/// The skip that was approved.
///
/// # Errors
/// The sender's time.
pub(crate) fn skipped(
    (projection, position, reason): (Projection, i64, &Reason),
    agreement: Agreement,
    order: &Order,
    view: &View<'_>,
) -> Result<Fact, Stop> {
    // Looked at, so that two approvals of the same skip are decided one after the other.
    holds(projection, position, view)?;
    let skipped = event::ProjectionEventSkipped {
        projection,
        position,
        reason: reason.clone(),
        requested_by: agreement.requested_by,
        approval_id: Some(agreement.approval_id),
        approved_by: Some(agreement.approved_by),
    };
    Ok(fact(skipped, timing::occurred(order)?))
}

//! Refunds: money on its way back to a person.
//!
//! Invariants: what is to be paid out is set aside first, out of reach of charges and of other refunds (I6); it is paid
//! once, or goes back to where it came from; never more than is there, never more than the payment. Above a limit within a
//! day a second person approves. A provider is told only after RefundSubmitted is recorded, always under its reference.
//!
//! What a customer's rental or debt says against it is looked at when it is asked for, approved and submitted; once a
//! provider was told, only the provider's word counts.

mod approve;
mod outcome;
mod request;
mod state;

pub use approve::{approve, is_manual, reject, submit};
pub use outcome::{confirm, decline, mark_unknown};
pub use request::{APPROVAL_LIMIT, request_of_deposit, request_of_payment};
pub use state::{Refund, RefundStatus, Submission};

use serde::Serialize;

use crate::{Rejection, View, decide::Stop, ids::RefundId};

#[derive(Serialize)]
struct Answer {
    refund_id: RefundId,
    status: &'static str,
}

impl Answer {
    const fn of(refund: &Refund, status: &'static str) -> Answer {
        Answer { refund_id: refund.id, status }
    }
}

fn known<'a>(id: RefundId, view: &View<'a>) -> Result<&'a Refund, Stop> {
    view.refund(id)?.here().ok_or_else(|| Rejection::RefundUnknown { refund_id: id.0 }.into())
}

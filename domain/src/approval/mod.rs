//! Approvals: what one member of staff asked for and a second one has to agree to.
//!
//! Invariants: whoever asked does not decide, whatever their role, and neither does the customer it is about. What is
//! approved is decided again on the present state; a request that no longer fits is refused then.

mod decide;
mod state;

pub(crate) use decide::{Agreement, request, second_person};
pub use decide::{approve, reject};
pub use state::{Approval, Verdict};

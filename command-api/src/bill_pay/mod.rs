//! Bill Pay: somebody pays a customer's bill number at their wallet, and AzamPay calls us.
//!
//! Keeps true (I10): nothing is looked up or recorded for a caller who does not show both proofs ([`proof`]); one transaction
//! of the provider credits once, because the command's id follows from its reference alone. Bill numbers are [`number`]'s.

mod amount;
mod mask;
mod number;
mod proof;

pub(crate) use amount::whole_shillings;
pub(crate) use mask::{masked_name, masked_phone};
pub(crate) use number::{bill_number, phone_of};
pub(crate) use proof::{Signed, bearer_holds, hash_holds};

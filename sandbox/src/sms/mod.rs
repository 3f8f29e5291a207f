//! The SMS provider: it takes messages as Africa's Talking does and shows what arrived.

mod africas_talking;
mod inbox;
mod operations;

pub(crate) use inbox::Inbox;
pub(crate) use operations::{messages, send};

//! Receipts: the bill of a rental that proves itself, without us.
//!
//! A receipt holds every event of its rental, byte for byte as the ledger's tree was built over them, the proof that
//! each of them is in the tree of a signed checkpoint, that checkpoint, and the bill as people read it. Everything in it
//! is either hashed, signed, or computed from what is; its bytes are canonical JSON (RFC 8785), so a receipt in which
//! any byte was changed does not hold. `docs/receipts.md` describes the form and how to check one by hand.
//!
//! Where to look: [`format`] (the bytes) · [`figures`] (the bill that follows from the events) · [`check`] (what
//! [`verify`] asks) · [`page`] and [`picture`] (for people) · [`words`] (in both languages). No input or output here.

mod check;
mod figures;
mod format;
mod page;
mod picture;
#[cfg(test)]
mod tests;
mod words;

pub use check::{Disproved, Proved, verify};
pub use figures::Figures;
pub use format::{FORMAT, ProvenEvent, Receipt};

pub(crate) use page::page;
pub(crate) use picture::picture;
pub(crate) use words::Lang;

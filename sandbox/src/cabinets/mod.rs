//! The cabinets: each has its slots and banks, a link to the ledger, and its bad days.
//!
//! Where to look: `cabinet` (the physical truth, pure) · `mischief` (what may go wrong) · `letter` (a command that waits) ·
//! `town` (all of them behind one lock, and what they do next) · `file` (how they survive a restart) · `link`, `events`
//! (HTTP) · `ear` and `voice` (the two tasks of each) · `operations` (what a person or a test may do).

mod cabinet;
mod ear;
mod events;
mod file;
mod letter;
mod link;
mod mischief;
mod operations;
mod resident;
mod town;
mod voice;

pub(crate) use operations::configure;
pub(crate) use town::Town;

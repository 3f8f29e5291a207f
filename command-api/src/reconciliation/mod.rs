//! A provider's statement against the ledger.
//!
//! A file is read whole or not at all ([`reading`]), each line is looked up in the ledger by its references ([`books`]),
//! what both say is compared without looking anywhere else ([`matching`]), and what differs becomes a break, what is a fee
//! or a payout an entry ([`opening`]). Lines and answer are kept at the end, in one transaction ([`store`]).
//!
//! Keeps true: ids of breaks and of the commands that open them follow from the difference itself, so an upload that was
//! cut, or comes again, opens nothing twice. Nothing of a person is kept: a phone in a statement is not even read.

pub(crate) mod books;
pub(crate) mod ids;
pub(crate) mod line;
pub(crate) mod matching;
pub(crate) mod opening;
pub(crate) mod reading;
pub(crate) mod store;

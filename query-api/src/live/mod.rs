//! Live streams: what happens to a rental or at a station, told as it happens, as server-sent events.
//!
//! One task per process ([`follow`]) reads the ledger from the present position on and hands what happened to the open
//! streams ([`board`]), each of which knows what it shows ([`meter`], [`release`]) and has a small bounded queue
//! ([`outlet`]). A stream opens in three steps, so that nothing is missed and nothing comes twice: it takes its seat and
//! from then on keeps what happens; the read model is read at a position not before that; what was kept from beyond
//! that position follows. Nobody follows the ledger while no stream is open.
//!
//! Keeps true (I13): so many streams per process and per speaker; a reader that does not read is cut; no timer and no
//! task per stream, but one tick for prices, ends of tokens and heartbeats of all.
//! It does not decide who may listen to what (`access` does), and it writes nothing.

mod board;
mod ending;
mod follow;
mod frame;
mod hub;
mod meter;
mod outlet;
mod release;
mod told;

pub(crate) use board::{First, Kind, Opening};
pub(crate) use ending::Ending;
pub(crate) use frame::{Bye, Ended, Idle, Status};
pub use hub::Hub;
pub(crate) use hub::Tools;
pub(crate) use meter::{Meter, missed};
pub(crate) use release::{Placed, Release, Withdrawn, open as open_release, settled as settled_release};

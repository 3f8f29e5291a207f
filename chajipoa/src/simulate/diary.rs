//! What is going to happen in a quarter, in order.
//!
//! Its ticks are not time: everything happens now, one thing after the other. They only mix what overlaps.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Something that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Happening {
    /// Somebody wants a bank.
    Start,
    /// Two want the same bank at once.
    Race,
    /// The customer of this trip brings the bank back.
    Return(usize),
    /// They extend.
    Extend(usize),
    /// They say that it is lost.
    ReportLost(usize),
    /// A station is cut off.
    GoOffline(usize),
    /// It is back, and uploads what it kept.
    ComeOnline(usize),
}

/// A queue by tick; what was written down first comes first.
#[derive(Debug, Default)]
pub(super) struct Diary {
    entries: BinaryHeap<Reverse<(u64, u64, Happening)>>,
    written: u64,
}

impl Diary {
    pub(super) fn write(&mut self, at: u64, what: Happening) {
        self.written = self.written.saturating_add(1);
        self.entries.push(Reverse((at, self.written, what)));
    }

    pub(super) fn next(&mut self) -> Option<(u64, Happening)> {
        self.entries.pop().map(|Reverse((at, _, what))| (at, what))
    }
}

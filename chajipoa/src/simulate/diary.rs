//! What is going to happen in a quarter, in the order of simulated time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use chrono::{DateTime, Utc};

/// Something that happens at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Happening {
    /// Somebody wants a bank.
    Start,
    /// The customer of this trip brings the bank back.
    Return(usize),
    /// They extend.
    Extend(usize),
    /// They say that it is lost.
    ReportLost(usize),
    /// The rental's due time.
    Due(usize),
    /// The rental's sale moment.
    Sale(usize),
    /// A station is cut off.
    GoOffline(usize),
    /// It is back, and uploads what it kept.
    ComeOnline(usize),
}

/// A queue by time; what was written down first comes first.
#[derive(Debug, Default)]
pub(super) struct Diary {
    entries: BinaryHeap<Reverse<(DateTime<Utc>, u64, Happening)>>,
    written: u64,
}

impl Diary {
    pub(super) fn write(&mut self, at: DateTime<Utc>, what: Happening) {
        self.written = self.written.saturating_add(1);
        self.entries.push(Reverse((at, self.written, what)));
    }

    pub(super) fn next(&mut self) -> Option<(DateTime<Utc>, Happening)> {
        self.entries.pop().map(|Reverse((at, _, what))| (at, what))
    }
}

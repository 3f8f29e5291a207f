//! What a run came to.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::finding::Finding;

/// What a run came to.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Whether everything holds.
    pub holds: bool,
    /// The last position that was looked at.
    pub position: i64,
    /// How far the tree is signed.
    pub sealed: i64,
    /// How many signed checkpoints were compared with the events.
    pub checkpoints: u64,
    /// How many checkpoints from outside the database were.
    pub published: u64,
    /// Whether there was a key to check signatures with.
    pub signatures: bool,
    /// Up to which position the live books were compared; none without books.
    pub books: Option<i64>,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Events each second.
    pub events_per_second: u64,
    /// How many findings there are in all.
    pub findings_count: u64,
    /// The first ones, by position; a few of each kind.
    pub findings: Vec<Finding>,
}

impl Report {
    /// The first position that does not hold.
    #[must_use]
    pub fn first(&self) -> Option<&Finding> {
        self.findings.first()
    }
}

/// Events each second, rounded down.
pub(super) fn rate(events: i64, took: Duration) -> u64 {
    let millis = took.as_millis().max(1);
    let rate = u128::from(events.unsigned_abs()).saturating_mul(1_000).checked_div(millis).unwrap_or(0);
    u64::try_from(rate).unwrap_or(u64::MAX)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { position, sealed, checkpoints, published, events_per_second, seconds, .. } = self;
        match self.first() {
            None => writeln!(f, "the ledger holds: {position} events")?,
            Some(first) => {
                writeln!(f, "the ledger does not hold; the first thing wrong:")?;
                writeln!(f, "  {first}")?;
            }
        }
        if self.findings.len() > 1 {
            writeln!(f, "{} findings in all, among them:", self.findings_count)?;
            self.findings.iter().skip(1).try_for_each(|finding| writeln!(f, "  {finding}"))?;
        }
        write!(f, "sealed up to {sealed}")?;
        if sealed < position {
            write!(f, " (the {} events after that are not sealed yet)", position.saturating_sub(*sealed))?;
        }
        write!(f, "; {checkpoints} signed checkpoints")?;
        if *published > 0 {
            write!(f, " and {published} published ones")?;
        }
        if !self.signatures {
            write!(f, ", whose signatures were not checked for want of a key (--key)")?;
        }
        match self.books {
            Some(booked) => writeln!(f, "; books compared up to {booked}")?,
            None => writeln!(f, "; no books")?,
        }
        write!(f, "{position} events in {seconds:.1} s, {events_per_second} a second")
    }
}

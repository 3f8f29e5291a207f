//! What does not hold, and where.

use std::fmt;

use serde::Serialize;

/// How many findings of one check are told; the others are counted.
const TOLD: usize = 5;

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Positions are 1 … N (I5).
    Position,
    /// The time of recording never goes back.
    RecordedAt,
    /// Every event can be read, and belongs to the streams that it says (I4).
    Event,
    /// `ledger.stream_version` says what the events say, versions are 1 … n (I4).
    StreamVersion,
    /// `ledger.command` says what the events say: one id, one effect (I3).
    Command,
    /// `ledger.claim` says what the events say.
    Claim,
    /// Every entry balances (I6).
    Postings,
    /// The journal and the accounts of the live books say what the events say (I6, I7).
    Journal,
    /// A closed period comes to what its close has recorded (I6).
    Period,
    /// Every reader's place is an event of this ledger.
    Reader,
    /// An event is the one that was sealed (I11).
    Leaf,
    /// The stored tree is that of the events (I11).
    Tile,
    /// Every signed checkpoint is signed, and its root is that of the events (I11).
    Checkpoint,
    /// What was published outside the database is of this ledger (I11).
    Published,
    /// Partitions follow each other, keys and triggers are as the migrations made them.
    Catalogue,
}

impl Check {
    /// The name, as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Position => "position",
            Self::RecordedAt => "recorded_at",
            Self::Event => "event",
            Self::StreamVersion => "stream_version",
            Self::Command => "command",
            Self::Claim => "claim",
            Self::Postings => "postings",
            Self::Journal => "journal",
            Self::Period => "period",
            Self::Reader => "reader",
            Self::Leaf => "leaf",
            Self::Tile => "tile",
            Self::Checkpoint => "checkpoint",
            Self::Published => "published",
            Self::Catalogue => "catalogue",
        }
    }
}

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Where: the position at fault, or the first that may be. None where it is about no position.
    pub position: Option<i64>,
    /// The last position that may be at fault, where no more can be said than a stretch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    /// Which check found it.
    pub check: Check,
    /// What is wrong.
    pub what: String,
}

impl Finding {
    fn order(&self) -> (i64, i64, Check) {
        (self.position.unwrap_or(i64::MAX), self.until.unwrap_or(0), self.check)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.position, self.until) {
            (Some(position), Some(until)) => {
                write!(f, "positions {position} to {until}: ")?;
            }
            (Some(position), None) => write!(f, "position {position}: ")?,
            (None, _) => {}
        }
        write!(f, "{} [{}]", self.what, self.check.as_str())
    }
}

/// The first findings of each check, and how many there were.
#[derive(Debug, Default)]
pub(super) struct Findings {
    told: Vec<Finding>,
    count: u64,
}

impl Findings {
    pub(super) fn add(&mut self, check: Check, position: i64, what: impl Into<String>) {
        self.put(Finding { position: Some(position), until: None, check, what: what.into() });
    }

    pub(super) fn stretch(&mut self, check: Check, from: i64, until: i64, what: impl Into<String>) {
        let until = Some(until).filter(|until| *until != from);
        self.put(Finding { position: Some(from), until, check, what: what.into() });
    }

    pub(super) fn nowhere(&mut self, check: Check, what: impl Into<String>) {
        self.put(Finding { position: None, until: None, check, what: what.into() });
    }

    pub(super) fn unless(&mut self, holds: bool, check: Check, position: i64, what: impl FnOnce() -> String) {
        if !holds {
            self.add(check, position, what());
        }
    }

    /// Keeps it, unless there are enough earlier ones of its check.
    fn put(&mut self, finding: Finding) {
        self.count = self.count.saturating_add(1);
        let same = |(_, told): &(usize, &Finding)| told.check == finding.check;
        if self.told.iter().enumerate().filter(same).count() < TOLD {
            self.told.push(finding);
            return;
        }
        let last = self.told.iter().enumerate().filter(same).max_by_key(|(_, told)| told.order());
        let later = last.filter(|(_, told)| told.order() > finding.order()).map(|(place, _)| place);
        if let Some(told) = later.and_then(|place| self.told.get_mut(place)) {
            *told = finding;
        }
    }

    pub(super) fn take_in(&mut self, others: Self) {
        let more = others.count.saturating_sub(u64::try_from(others.told.len()).unwrap_or(0));
        others.told.into_iter().for_each(|finding| self.put(finding));
        self.count = self.count.saturating_add(more);
    }

    /// All that are told, the first position first, and how many there were.
    pub(super) fn into_sorted(mut self) -> (Vec<Finding>, u64) {
        self.told
            .sort_by(|one, other| one.order().cmp(&other.order()).then_with(|| one.what.cmp(&other.what)));
        self.told.dedup();
        (self.told, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_each_check_are_told_and_all_are_counted() {
        let mut findings = Findings::default();
        for position in (1..=40).rev() {
            findings.add(Check::Leaf, position, "altered");
        }
        findings.add(Check::Position, 50, "missing");
        findings.nowhere(Check::Catalogue, "a trigger is off");
        let (told, count) = findings.into_sorted();
        let positions: Vec<Option<i64>> = told.iter().map(|finding| finding.position).collect();
        assert_eq!(positions, [Some(1), Some(2), Some(3), Some(4), Some(5), Some(50), None]);
        assert_eq!(count, 42);
    }
}

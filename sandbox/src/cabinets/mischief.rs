//! What may go wrong with a cabinet, one thing at a time and for a while.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::settings::{self, span};

/// A way to misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum How {
    /// Answers releases after `slow_ms`.
    Slow,
    /// The bank leaves, and the release is never answered: only an inventory will show it.
    Silent,
    /// Another bank leaves than the one that was asked for, and is confirmed.
    WrongBank,
    /// Two banks leave, and only the one that was asked for is confirmed.
    TwoBanks,
    /// No link: what happens is kept and uploaded later.
    Offline,
    /// Sends every command twice at once.
    Duplicate,
    /// Answers releases after `late_ms`, when the ledger waits no longer.
    Late,
    /// Its clock is `clock_ahead_ms` ahead.
    ClockWrong,
}

/// A way to misbehave, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Misbehaviour {
    pub(super) how: How,
    pub(super) until: DateTime<Utc>,
}

/// A moment in the life of a cabinet: the time, its mischief, its durations.
#[derive(Debug, Clone)]
pub(super) struct Moment {
    pub(super) now: DateTime<Utc>,
    pub(super) how: Option<How>,
    pub(super) timing: settings::Cabinets,
}

impl Moment {
    /// Whether the cabinet misbehaves in this way now.
    pub(super) fn is(&self, how: How) -> bool {
        self.how == Some(how)
    }

    /// What the cabinet's own clock shows.
    pub(super) fn shown(&self) -> DateTime<Utc> {
        let ahead =
            if self.is(How::ClockWrong) { span(self.timing.clock_ahead_ms) } else { TimeDelta::zero() };
        later(self.now, ahead)
    }

    /// When the answer to a release is sent.
    pub(super) fn answered_at(&self) -> DateTime<Utc> {
        let delay = match self.how {
            Some(How::Slow) => span(self.timing.slow_ms),
            Some(How::Late) => span(self.timing.late_ms),
            None
            | Some(
                How::Silent
                | How::WrongBank
                | How::TwoBanks
                | How::Offline
                | How::Duplicate
                | How::ClockWrong,
            ) => TimeDelta::zero(),
        };
        later(self.now, delay)
    }

    /// When a slot was looked at for the last time before now, by the cabinet's own clock.
    pub(super) fn last_scan(&self) -> DateTime<Utc> {
        later(self.shown(), -span(self.timing.scan_ms))
    }
}

/// `moment` moved by `delta`; it stays where the calendar ends.
pub(super) fn later(moment: DateTime<Utc>, delta: TimeDelta) -> DateTime<Utc> {
    moment.checked_add_signed(delta).unwrap_or(moment)
}

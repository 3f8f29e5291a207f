//! I5: positions are 1 … N, each once, and the time of recording never goes back.

use super::event_row::EventRow;
use super::finding::{Check, Findings};

/// The event before.
#[derive(Debug, Default)]
pub(super) struct Order {
    position: i64,
    recorded_at: Option<i64>,
}

impl Order {
    /// The next event, in the order of positions.
    pub(super) fn event(&mut self, event: &EventRow<'_>, findings: &mut Findings) {
        let expected = self.position.saturating_add(1);
        if event.position < expected {
            findings.add(Check::Position, event.position, "there are two events at this position");
        } else if event.position > expected {
            missing(expected, event.position.saturating_sub(1), findings);
        }
        self.position = self.position.max(event.position);
        if self.recorded_at.is_some_and(|before| event.recorded_at < before) {
            // Which of the two times was moved cannot be seen here.
            let what = "the second says that it was recorded before the first";
            findings.stretch(Check::RecordedAt, event.position.saturating_sub(1), event.position, what);
        }
        self.recorded_at = Some(event.recorded_at);
    }

    /// No event is left; the last position is this one.
    pub(super) fn end(&self, last: i64, findings: &mut Findings) {
        if self.position < last {
            missing(self.position.saturating_add(1), last, findings);
        }
    }
}

fn missing(from: i64, until: i64, findings: &mut Findings) {
    if from == until {
        findings.add(Check::Position, from, "there is no event at this position");
    } else {
        findings.stretch(Check::Position, from, until, "there are no events at these positions");
    }
}

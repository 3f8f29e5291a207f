//! What the sender says about itself: messages by what became of them.

use std::collections::BTreeMap;

use edge::metrics::{Counter, Gauge, Metrics};

use crate::notice::Kind;

/// The words for the end of a code.
const OF_CODES: [&str; 4] = ["sent", "refused", "unknown", "expired"];
/// The words for what happens to a notice.
const OF_NOTICES: [&str; 7] = ["sent", "delivered", "failed", "unknown", "expired", "retried", "put_off"];

/// The metrics of the sender.
pub(super) struct Figures {
    codes: BTreeMap<&'static str, Counter>,
    notices: BTreeMap<(Kind, &'static str), Counter>,
    waiting: Gauge,
}

impl Figures {
    pub(super) fn new(metrics: &Metrics) -> Self {
        let codes = metrics.counters(
            "reactor_messages_total",
            "Messages with one-time codes by what became of them.",
            &["outcome"],
        );
        let notices = metrics.counters(
            "reactor_notices_total",
            "Messages about events by what happened to them.",
            &["kind", "outcome"],
        );
        let each = Kind::ALL.into_iter().flat_map(|kind| OF_NOTICES.map(|outcome| (kind, outcome)));
        Self {
            codes: OF_CODES.map(|outcome| (outcome, codes.with_label_values(&[outcome]))).into(),
            notices: each
                .map(|(kind, outcome)| {
                    ((kind, outcome), notices.with_label_values(&[kind.as_str(), outcome]))
                })
                .collect(),
            waiting: metrics.gauge("reactor_notices_waiting", "Messages about events that wait to be sent."),
        }
    }

    pub(super) fn code(&self, outcome: &str, by: u64) {
        if let Some(counter) = self.codes.get(outcome) {
            counter.inc_by(by);
        }
    }

    pub(super) fn notice(&self, kind: Kind, outcome: &'static str) {
        if let Some(counter) = self.notices.get(&(kind, outcome)) {
            counter.inc();
        }
    }

    pub(super) fn waiting(&self, notices: i64) {
        self.waiting.set(notices);
    }
}

//! What the batcher counts.

use edge::metrics::{COUNTS, Counter, Gauge, Histogram, Metrics, SECONDS};

use super::job::Outcome;

/// The batcher's metrics; clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Measures {
    pub(crate) batch_size: Histogram,
    pub(crate) commit_seconds: Histogram,
    pub(crate) decide_seconds: Histogram,
    pub(crate) queue: Gauge,
    pub(crate) streams: Gauge,
    pub(crate) loads: Counter,
    pub(crate) decided_again: Counter,
    pub(crate) resent: Counter,
    pub(crate) recorded: Counter,
    pub(crate) already_done: Counter,
    pub(crate) replayed: Counter,
    pub(crate) refused: Counter,
    pub(crate) other: Counter,
}

impl Measures {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let outcomes = metrics.counters("commands_total", "Commands by outcome.", &["outcome"]);
        let outcome = |name| outcomes.with_label_values(&[name]);
        Self {
            batch_size: metrics.histogram("batch_commands", "Commands of a batch.", COUNTS),
            commit_seconds: metrics.histogram(
                "batch_commit_seconds",
                "Seconds until a batch committed.",
                SECONDS,
            ),
            decide_seconds: metrics.histogram("batch_decide_seconds", "Seconds to decide a batch.", SECONDS),
            queue: metrics.gauge("batch_queue", "Commands that wait."),
            streams: metrics.gauge("batch_streams", "Streams held in memory."),
            loads: metrics.counter("batch_loads_total", "Round trips for states that were not at hand."),
            decided_again: metrics.counter("batch_decided_again_total", "Decisions that did not hold."),
            resent: metrics
                .counter("batch_resent_total", "Batches sent again because their outcome was unknown."),
            recorded: outcome("recorded"),
            already_done: outcome("already_done"),
            replayed: outcome("replay"),
            refused: outcome("refused"),
            other: outcome("other"),
        }
    }

    pub(crate) fn count(&self, outcome: &Outcome) {
        match outcome {
            Outcome::Answer(answer) if answer.replay => self.replayed.inc(),
            Outcome::Answer(answer) if answer.already_done => self.already_done.inc(),
            Outcome::Answer(_) => self.recorded.inc(),
            Outcome::Refused(_) => self.refused.inc(),
            Outcome::KeyReused
            | Outcome::Concurrent
            | Outcome::Unknown
            | Outcome::Unavailable
            | Outcome::Failed => self.other.inc(),
        }
    }
}

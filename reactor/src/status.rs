//! What the reactor says about itself: for `/health`, `/metrics` and the statistics.
//!
//! It only describes: nothing in the reactor reads it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::Time;
use edge::health::{Dependency, Health};
use edge::metrics::{Counter, Gauge, Metrics};
use edge::monitoring::{self, Part};
use ledger::{Ledger, Position};
use serde_json::{Value, json};

use crate::commands::Answer;
use crate::deadline::Kind;
use crate::error::ReactorError;

/// The reactor's figures at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Whether this reactor is the one that acts; others stand by.
    pub active: bool,
    /// The last position whose deadlines are stored.
    pub position: Position,
    /// How many deadlines wait.
    pub waiting: i64,
    /// The earliest deadline that has come and has no final answer yet.
    pub oldest_due: Option<Time>,
    /// Commands sent by what became of them.
    pub sent: BTreeMap<(Kind, &'static str), u64>,
    /// How many sessions ended with a failure.
    pub failures: u64,
    /// Why the last session ended, if it did.
    pub why: Option<String>,
    /// Why the last command found nobody, if it did.
    pub nobody: Option<String>,
}

/// The words for what became of a command.
const OUTCOMES: [&str; 5] = ["recorded", "already_done", "refused", "again", "nobody"];

struct Gauges {
    active: Gauge,
    position: Gauge,
    waiting: Gauge,
    late: Gauge,
    sent: BTreeMap<(Kind, &'static str), Counter>,
}

/// Shared by the reactor and whoever reports on it. Clones share it.
#[derive(Clone)]
pub struct Status {
    figures: Arc<Mutex<Snapshot>>,
    gauges: Arc<Gauges>,
    ledger: Ledger,
}

impl std::fmt::Debug for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Status").field("figures", &*self.locked()).finish_non_exhaustive()
    }
}

impl Status {
    pub(crate) fn new(ledger: Ledger, metrics: &Metrics) -> Self {
        let counters = metrics.counters(
            "reactor_commands_total",
            "Commands sent for deadlines, by what became of them.",
            &["type", "outcome"],
        );
        let each = Kind::ALL.into_iter().flat_map(|kind| OUTCOMES.map(|outcome| (kind, outcome)));
        let gauges = Gauges {
            active: metrics.gauge("reactor_active", "1 while this reactor is the one that acts."),
            position: metrics.gauge("reactor_position", "The last position whose deadlines are stored."),
            waiting: metrics
                .gauge("reactor_deadlines_waiting", "Deadlines that have not come or have no final answer."),
            late: metrics.gauge(
                "reactor_late_seconds",
                "How long the oldest deadline that has come waits for its answer.",
            ),
            sent: each
                .map(|(kind, outcome)| {
                    ((kind, outcome), counters.with_label_values(&[kind.command(), outcome]))
                })
                .collect(),
        };
        Self { figures: Arc::default(), gauges: Arc::new(gauges), ledger }
    }

    fn locked(&self) -> MutexGuard<'_, Snapshot> {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The figures at this moment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.locked().clone()
    }

    pub(crate) fn active(&self, active: bool) {
        self.gauges.active.set(i64::from(active));
        self.locked().active = active;
    }

    pub(crate) fn reached(&self, position: Position) {
        self.gauges.position.set(position.get());
        let mut figures = self.locked();
        figures.position = position;
        figures.why = None;
    }

    pub(crate) fn waiting(&self, waiting: i64, oldest_due: Option<Time>, now: Time) {
        self.gauges.waiting.set(waiting);
        self.gauges.late.set(oldest_due.map_or(0, |due| (now - due).num_seconds()));
        let mut figures = self.locked();
        (figures.waiting, figures.oldest_due) = (waiting, oldest_due);
    }

    pub(crate) fn sent(&self, kind: Kind, answer: &Answer) {
        let outcome = match answer {
            Answer::Done { already: false } => "recorded",
            Answer::Done { already: true } => "already_done",
            Answer::Refused { .. } => "refused",
            Answer::Again { answered: true, .. } => "again",
            Answer::Again { answered: false, .. } => "nobody",
        };
        if let Some(counter) = self.gauges.sent.get(&(kind, outcome)) {
            counter.inc();
        }
        let mut figures = self.locked();
        let count = figures.sent.entry((kind, outcome)).or_default();
        *count = count.saturating_add(1);
        figures.nobody = match answer {
            Answer::Again { why, answered: false } => Some(why.clone()),
            Answer::Done { .. } | Answer::Refused { .. } | Answer::Again { .. } => None,
        };
    }

    pub(crate) fn failed(&self, error: &ReactorError) {
        let mut figures = self.locked();
        figures.failures = figures.failures.saturating_add(1);
        figures.why = Some(error.to_string());
    }
}

impl Part for Status {
    fn name(&self) -> &'static str {
        "reactor"
    }

    /// A reactor that stands by is healthy while Postgres answers; whether commands arrive is the active one's to say.
    fn health(&self) -> monitoring::Answer<'_, Health> {
        Box::pin(async move {
            let figures = self.snapshot();
            let postgres = match (&figures.why, self.ledger.last_position().await) {
                (_, Err(_)) => Dependency::down("the ledger does not answer"),
                (Some(why), Ok(_)) => Dependency::down(why.clone()),
                (None, Ok(_)) => Dependency::up(),
            };
            let health = Health::default().dependency("postgres", postgres);
            match figures.nobody {
                Some(why) if figures.active => health.dependency("command-api", Dependency::down(why)),
                Some(_) | None => health,
            }
        })
    }

    fn stats(&self) -> monitoring::Answer<'_, Value> {
        Box::pin(async move {
            let figures = self.snapshot();
            let lag = self.ledger.last_position().await.ok().map(|last| last.since(figures.position));
            let mut commands: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
            for ((kind, outcome), count) in &figures.sent {
                commands.entry(kind.command()).or_default().insert(outcome, *count);
            }
            json!({
                "active": figures.active,
                "position": figures.position.get(),
                "lag": lag,
                "deadlines_waiting": figures.waiting,
                "oldest_due": figures.oldest_due,
                "commands": commands,
                "failures": figures.failures,
            })
        })
    }
}

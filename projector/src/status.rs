//! How every read model of this process is, for health, metrics and statistics.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use edge::{
    health::{Dependency, Health, Projection},
    metrics::{Counter, Gauge, GaugeFamily, Metrics},
    monitoring::{Answer, Part},
};
use ledger::{Ledger, Position};
use serde_json::{Value, json};

use crate::ModelName;

/// What a read model's task is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Not connected yet, or the database is away; it tries again.
    Connecting {
        /// What stands in the way, if something does.
        why: Option<String>,
    },
    /// Somebody else runs it; this process takes over when they are gone.
    StandingBy,
    /// It follows the ledger.
    Running,
    /// It stands before an event, or refuses its checkpoint, until an operator acts.
    Stopped {
        /// What kind of stop it is.
        cause: Cause,
        /// The event that it stands before.
        before: Position,
        /// Why, with the position at fault.
        reason: String,
    },
}

/// What stops a read model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// An event that it cannot apply.
    Poison,
    /// Another program's fold made the live version.
    OtherFold,
    /// Its checkpoint is not of this ledger as it is now.
    OtherLedger,
}

impl Cause {
    /// The word on metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Poison => "poison",
            Self::OtherFold => "other_fold",
            Self::OtherLedger => "other_ledger",
        }
    }
}

impl State {
    const fn word(&self) -> &'static str {
        match self {
            Self::Connecting { .. } => "connecting",
            Self::StandingBy => "standing_by",
            Self::Running => "running",
            Self::Stopped { .. } => "stopped",
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::Connecting { why } => why.clone(),
            Self::Stopped { reason, .. } => Some(reason.clone()),
            Self::StandingBy | Self::Running => None,
        }
    }
}

/// How one read model is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelStatus {
    /// What its task is doing.
    pub state: State,
    /// The live version.
    pub version: i16,
    /// How far it came.
    pub position: Position,
    /// Events applied by this process.
    pub events: u64,
}

struct Gauges {
    position: Gauge,
    lag: Gauge,
    stopped: Gauge,
    events: Counter,
}

/// What stops which model where, for those who are called by it: a line only while it lasts.
struct Stops(GaugeFamily);

impl Stops {
    fn labels(model: ModelName, state: &State) -> Option<[String; 3]> {
        let State::Stopped { cause, before, .. } = state else { return None };
        Some([model.as_str().to_owned(), before.to_string(), cause.as_str().to_owned()])
    }

    fn turn(&self, model: ModelName, from: &State, to: &State) {
        if let Some(labels) = Self::labels(model, from) {
            // There is none where it was taken away before.
            let _gone = self.0.remove_label_values(&labels);
        }
        if let Some(labels) = Self::labels(model, to) {
            self.0.with_label_values(&labels).set(1);
        }
    }
}

/// How every read model of this process is. Clones share it.
#[derive(Clone)]
pub struct Status {
    models: Arc<Mutex<BTreeMap<ModelName, ModelStatus>>>,
    gauges: Arc<BTreeMap<ModelName, Gauges>>,
    stops: Arc<Stops>,
    ledger: Ledger,
}

impl std::fmt::Debug for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Status").field("models", &*self.locked()).finish_non_exhaustive()
    }
}

impl Status {
    pub(crate) fn new(models: &[ModelName], ledger: Ledger, metrics: &Metrics) -> Self {
        let state = State::Connecting { why: None };
        let fresh = ModelStatus { state, version: 0, position: Position::ZERO, events: 0 };
        Self {
            models: Arc::new(Mutex::new(models.iter().map(|model| (*model, fresh.clone())).collect())),
            gauges: Arc::new(models.iter().map(|model| (*model, gauges(*model, metrics))).collect()),
            stops: Arc::new(Stops(metrics.gauges(
                "projection_stopped_before",
                "1 for each read model that stands: before which position, and what kind of stop it is.",
                &["model", "position", "reason"],
            ))),
            ledger,
        }
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<ModelName, ModelStatus>> {
        self.models.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every read model as it is now.
    #[must_use]
    pub fn models(&self) -> BTreeMap<ModelName, ModelStatus> {
        self.locked().clone()
    }

    pub(crate) fn set(&self, model: ModelName, state: State) {
        if let Some(gauges) = self.gauges.get(&model) {
            gauges.stopped.set(i64::from(matches!(state, State::Stopped { .. })));
        }
        if let Some(status) = self.locked().get_mut(&model) {
            self.stops.turn(model, &status.state, &state);
            status.state = state;
        }
    }

    pub(crate) fn reached(&self, model: ModelName, version: i16, position: Position, events: usize) {
        let events = u64::try_from(events).unwrap_or(u64::MAX);
        if let Some(gauges) = self.gauges.get(&model) {
            gauges.position.set(position.get());
            gauges.events.inc_by(events);
        }
        if let Some(status) = self.locked().get_mut(&model) {
            status.version = version;
            status.position = position;
            status.events = status.events.saturating_add(events);
        }
    }

    /// Reads how far the ledger reaches and sets the lag of every model.
    pub(crate) async fn measure(&self) -> Option<Position> {
        let last = self.ledger.last_position().await.ok()?;
        for (model, status) in self.models() {
            if let Some(gauges) = self.gauges.get(&model) {
                gauges.lag.set(last.since(status.position));
            }
        }
        Some(last)
    }
}

fn gauges(model: ModelName, metrics: &Metrics) -> Gauges {
    let of = |name, help| metrics.gauges(name, help, &["model"]).with_label_values(&[model.as_str()]);
    Gauges {
        position: of("projection_position", "The last position that a read model holds."),
        lag: of("projection_lag_events", "How many events a read model is behind the ledger."),
        stopped: of("projection_stopped", "1 while a read model stands until an operator acts."),
        events: metrics
            .counters("projection_events_total", "Events applied to a read model.", &["model"])
            .with_label_values(&[model.as_str()]),
    }
}

impl Part for Status {
    fn name(&self) -> &'static str {
        "projector"
    }

    fn health(&self) -> Answer<'_, Health> {
        Box::pin(async move {
            let last = self.measure().await;
            let postgres = match last {
                Some(_) => Dependency::up(),
                None => Dependency::down("the ledger does not answer"),
            };
            let mut health = Health::default().dependency("postgres", postgres);
            for (model, status) in self.models() {
                // What stands by is reported by whoever runs it.
                if status.state == State::StandingBy {
                    continue;
                }
                let projection = Projection {
                    ok: status.state == State::Running,
                    position: status.position.get(),
                    lag: last.map_or(0, |last| last.since(status.position)),
                    detail: status.state.detail(),
                };
                health = health.projection(model.as_str(), projection);
            }
            health
        })
    }

    fn stats(&self) -> Answer<'_, Value> {
        Box::pin(async move {
            let last = self.measure().await;
            let models: serde_json::Map<String, Value> = self
                .models()
                .into_iter()
                .map(|(model, status)| {
                    let stats = json!({
                        "state": status.state.word(),
                        "version": status.version,
                        "position": status.position.get(),
                        "lag": last.map(|last| last.since(status.position)),
                        "events": status.events,
                        "detail": status.state.detail(),
                    });
                    (model.as_str().to_owned(), stats)
                })
                .collect();
            Value::Object(models)
        })
    }
}

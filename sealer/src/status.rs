//! What the sealer says about itself: for `/health`, `/metrics` and the statistics.
//!
//! It only describes: nothing in the sealer reads it but the pause after a failure.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use edge::{
    health::{Dependency, Health},
    metrics::{Counter, Gauge, Metrics},
    monitoring::{Answer, Part},
};
use relay::RelayError;
use serde_json::{Value, json};

use crate::SealerError;

/// Shared by the sealer and whoever reports on it.
#[derive(Debug)]
pub struct SealerStatus {
    active: AtomicBool,
    sealed: AtomicU64,
    ledger: AtomicU64,
    failures: AtomicU64,
    postgres: Mutex<Dependency>,
    checkpoints: Mutex<Dependency>,
    kafka: Mutex<Dependency>,
    gauges: Gauges,
}

#[derive(Debug)]
struct Gauges {
    active: Gauge,
    position: Gauge,
    lag: Gauge,
    checkpoints: Counter,
    failures: Counter,
}

/// The sealer's figures at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshot {
    /// Whether this sealer is the one that signs; others stand by.
    pub active: bool,
    /// The position of the last checkpoint.
    pub position: u64,
    /// How many events are not sealed, as far as is known.
    pub lag: u64,
    /// How many sessions ended with a failure.
    pub failures: u64,
}

impl SealerStatus {
    pub(crate) fn new(metrics: &Metrics) -> Arc<Self> {
        let gauges = Gauges {
            active: metrics.gauge("sealer_active", "1 while this sealer is the one that signs checkpoints."),
            position: metrics.gauge("sealer_position", "The position of the last signed checkpoint."),
            lag: metrics.gauge("sealer_lag_events", "How many events no checkpoint covers yet."),
            checkpoints: metrics.counter("sealer_checkpoints_total", "Checkpoints that were signed."),
            failures: metrics.counter("sealer_failures_total", "Sessions that ended with a failure."),
        };
        Arc::new(Self {
            active: AtomicBool::new(false),
            sealed: AtomicU64::new(0),
            ledger: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            postgres: Mutex::new(Dependency::down("not asked yet")),
            checkpoints: Mutex::new(Dependency::up()),
            kafka: Mutex::new(Dependency::up()),
            gauges,
        })
    }

    /// The figures at this moment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let position = self.sealed.load(Ordering::Relaxed);
        Snapshot {
            active: self.active.load(Ordering::Relaxed),
            position,
            lag: self.ledger.load(Ordering::Relaxed).saturating_sub(position),
            failures: self.failures.load(Ordering::Relaxed),
        }
    }

    /// A sealer that stands by is healthy while Postgres answers.
    #[must_use]
    pub fn health_now(&self) -> Health {
        let known = |state: &Mutex<Dependency>| state.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let health = Health::default()
            .dependency("postgres", known(&self.postgres))
            .dependency("checkpoints", known(&self.checkpoints));
        let kafka = known(&self.kafka);
        if kafka.ok { health } else { health.dependency("kafka", kafka) }
    }

    pub(crate) fn active(&self, active: bool) {
        self.active.store(active, Ordering::Relaxed);
        self.gauges.active.set(i64::from(active));
    }

    pub(crate) fn sealed(&self, size: u64) {
        let before = self.sealed.swap(size, Ordering::Relaxed);
        self.ledger.fetch_max(size, Ordering::Relaxed);
        if before < size && self.active.load(Ordering::Relaxed) {
            self.gauges.checkpoints.inc();
        }
        self.gauges.position.set(gauged(size));
        self.gauges.lag.set(gauged(self.snapshot().lag));
    }

    pub(crate) fn saw_ledger_at(&self, last: u64) {
        self.ledger.fetch_max(last, Ordering::Relaxed);
        self.gauges.lag.set(gauged(self.snapshot().lag));
        self.postgres_answers();
    }

    pub(crate) fn failed(&self, error: &SealerError) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        self.gauges.failures.inc();
        let which = if error.is_of_postgres() { &self.postgres } else { &self.checkpoints };
        put(which, Dependency::down(error.to_string()));
    }

    pub(crate) fn postgres_answers(&self) {
        put(&self.postgres, Dependency::up());
    }

    pub(crate) fn folder_answers(&self) {
        put(&self.checkpoints, Dependency::up());
    }

    pub(crate) fn kafka_answers(&self) {
        put(&self.kafka, Dependency::up());
    }

    pub(crate) fn kafka_is_away(&self, error: &RelayError) {
        put(&self.kafka, Dependency::down(error.to_string()));
    }
}

fn put(to: &Mutex<Dependency>, state: Dependency) {
    *to.lock().unwrap_or_else(PoisonError::into_inner) = state;
}

fn gauged(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Part for SealerStatus {
    fn name(&self) -> &'static str {
        "sealer"
    }

    fn health(&self) -> Answer<'_, Health> {
        Box::pin(async { self.health_now() })
    }

    fn stats(&self) -> Answer<'_, Value> {
        Box::pin(async {
            let Snapshot { active, position, lag, failures } = self.snapshot();
            json!({ "active": active, "position": position, "lag": lag, "failures": failures })
        })
    }
}

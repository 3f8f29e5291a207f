//! What the relay says about itself: for `/health`, `/metrics` and the statistics.
//!
//! It only describes: nothing in the relay reads it.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use edge::health::{Dependency, Health};
use edge::metrics::{Counter, Gauge, Metrics};
use edge::monitoring::{Answer, Part};
use ledger::Position;
use serde_json::{Value, json};

use crate::error::RelayError;

/// Shared by the relay and whoever reports on it.
#[derive(Debug)]
pub struct RelayStatus {
    active: AtomicBool,
    delivered: AtomicI64,
    ledger: AtomicI64,
    rewinds: AtomicU64,
    failures: AtomicU64,
    postgres: Mutex<Dependency>,
    kafka: Mutex<Dependency>,
    gauges: Gauges,
}

#[derive(Debug)]
struct Gauges {
    active: Gauge,
    position: Gauge,
    lag: Gauge,
    rewinds: Counter,
    failures: Counter,
}

/// The relay's figures at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshot {
    /// Whether this relay is the one that produces; others stand by.
    pub active: bool,
    /// The last position that Kafka has acknowledged.
    pub position: Position,
    /// How many events Kafka lacks, as far as is known.
    pub lag: i64,
    /// How often Kafka held less than had been delivered, and was filled again.
    pub rewinds: u64,
    /// How many sessions ended with a failure.
    pub failures: u64,
}

impl RelayStatus {
    pub(crate) fn new(metrics: &Metrics) -> Arc<Self> {
        let gauges = Gauges {
            active: metrics.gauge("relay_active", "1 while this relay is the one that produces."),
            position: metrics.gauge("relay_position", "The last position that Kafka has acknowledged."),
            lag: metrics.gauge("relay_lag_events", "How many events Kafka lacks."),
            rewinds: metrics
                .counter("relay_rewinds_total", "How often Kafka was found to hold less than was delivered."),
            failures: metrics.counter("relay_failures_total", "Sessions that ended with a failure."),
        };
        Arc::new(Self {
            active: AtomicBool::new(false),
            delivered: AtomicI64::new(0),
            ledger: AtomicI64::new(0),
            rewinds: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            postgres: Mutex::new(Dependency::down("not asked yet")),
            kafka: Mutex::new(Dependency::down("not asked yet")),
            gauges,
        })
    }

    /// The figures at this moment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let position = Position::new(self.delivered.load(Ordering::Relaxed));
        Snapshot {
            active: self.active.load(Ordering::Relaxed),
            position,
            lag: Position::new(self.ledger.load(Ordering::Relaxed)).since(position),
            rewinds: self.rewinds.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
        }
    }

    /// A relay that stands by is healthy while Postgres answers: Kafka is the active one's to judge.
    #[must_use]
    pub fn health_now(&self) -> Health {
        let postgres = self.postgres.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let kafka = self.kafka.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let health = Health::default().dependency("postgres", postgres);
        if self.active.load(Ordering::Relaxed) { health.dependency("kafka", kafka) } else { health }
    }

    pub(crate) fn active(&self, active: bool) {
        self.active.store(active, Ordering::Relaxed);
        self.gauges.active.set(i64::from(active));
    }

    pub(crate) fn delivered(&self, position: Position) {
        self.delivered.store(position.get(), Ordering::Relaxed);
        self.ledger.fetch_max(position.get(), Ordering::Relaxed);
        self.gauges.position.set(position.get());
        self.gauges.lag.set(self.snapshot().lag);
    }

    pub(crate) fn saw_ledger_at(&self, last: Position) {
        self.ledger.fetch_max(last.get(), Ordering::Relaxed);
        self.gauges.lag.set(self.snapshot().lag);
    }

    pub(crate) fn rewound(&self) {
        self.rewinds.fetch_add(1, Ordering::Relaxed);
        self.gauges.rewinds.inc();
    }

    pub(crate) fn failed(&self, error: &RelayError) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        self.gauges.failures.inc();
        let which = if error.is_of_postgres() { &self.postgres } else { &self.kafka };
        put(which, Dependency::down(error.to_string()));
    }

    pub(crate) fn postgres_answers(&self) {
        put(&self.postgres, Dependency::up());
    }

    pub(crate) fn kafka_answers(&self) {
        put(&self.kafka, Dependency::up());
    }

    pub(crate) fn kafka_is_away(&self, error: &rdkafka::error::KafkaError) {
        put(&self.kafka, Dependency::down(error.to_string()));
    }
}

fn put(to: &Mutex<Dependency>, state: Dependency) {
    *to.lock().unwrap_or_else(PoisonError::into_inner) = state;
}

impl Part for RelayStatus {
    fn name(&self) -> &'static str {
        "relay"
    }

    fn health(&self) -> Answer<'_, Health> {
        Box::pin(async { self.health_now() })
    }

    fn stats(&self) -> Answer<'_, Value> {
        Box::pin(async {
            let Snapshot { active, position, lag, rewinds, failures } = self.snapshot();
            json!({
                "active": active,
                "position": position.get(),
                "lag": lag,
                "rewinds": rewinds,
                "failures": failures,
            })
        })
    }
}

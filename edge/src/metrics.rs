//! The process's metrics: one registry, typed makers, and the counts of HTTP requests.
//!
//! Keeps true: a metric asked for twice is the same metric, so several parts of one process share one
//! registry. Labels are code names (operations, outcomes), never ids or anything personal.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus::core::Collector;
use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

pub use prometheus::{
    Histogram, IntCounter as Counter, IntCounterVec as CounterFamily, IntGauge as Gauge,
    IntGaugeVec as GaugeFamily,
};

/// Upper bounds in seconds that suit answers and commits.
pub const SECONDS: &[f64] =
    &[0.000_5, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Upper bounds that suit numbers of things.
pub const COUNTS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

/// The registry of one process; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    registry: Arc<Registry>,
    known: Arc<Mutex<HashMap<String, Known>>>,
}

/// A metric that was asked for before.
#[derive(Debug, Clone)]
enum Known {
    Counters(IntCounterVec),
    Gauges(IntGaugeVec),
    Histograms(HistogramVec),
}

impl Metrics {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a metric made elsewhere; one of the same name that is already there stays.
    pub fn add(&self, metric: impl Collector + 'static) {
        if let Err(error) = self.registry.register(Box::new(metric)) {
            tracing::debug!(%error, "metric not added");
        }
    }

    /// A counter without labels.
    pub fn counter(&self, name: &str, help: &str) -> IntCounter {
        self.counters(name, help, &[]).with_label_values::<&str>(&[])
    }

    /// Counters by label.
    pub fn counters(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        let known = match self.known(name) {
            Some(Known::Counters(known)) => return known,
            Some(Known::Gauges(_) | Known::Histograms(_)) | None => {
                made(IntCounterVec::new(Opts::new(name, help), labels))
            }
        };
        self.keep(name, known.clone(), Known::Counters(known))
    }

    /// A gauge without labels.
    pub fn gauge(&self, name: &str, help: &str) -> IntGauge {
        self.gauges(name, help, &[]).with_label_values::<&str>(&[])
    }

    /// Gauges by label.
    pub fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
        let known = match self.known(name) {
            Some(Known::Gauges(known)) => return known,
            Some(Known::Counters(_) | Known::Histograms(_)) | None => {
                made(IntGaugeVec::new(Opts::new(name, help), labels))
            }
        };
        self.keep(name, known.clone(), Known::Gauges(known))
    }

    /// A histogram without labels.
    pub fn histogram(&self, name: &str, help: &str, buckets: &[f64]) -> Histogram {
        self.histograms(name, help, &[], buckets).with_label_values::<&str>(&[])
    }

    /// Histograms by label.
    pub fn histograms(&self, name: &str, help: &str, labels: &[&str], buckets: &[f64]) -> HistogramVec {
        let known = match self.known(name) {
            Some(Known::Histograms(known)) => return known,
            Some(Known::Counters(_) | Known::Gauges(_)) | None => {
                let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
                made(HistogramVec::new(options, labels))
            }
        };
        self.keep(name, known.clone(), Known::Histograms(known))
    }

    fn known(&self, name: &str) -> Option<Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    fn keep<M: Collector + Clone + 'static>(&self, name: &str, metric: M, known: Known) -> M {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), known);
        self.add(metric.clone());
        metric
    }

    /// Everything in Prometheus' text form.
    pub fn render(&self) -> String {
        let mut text = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut text) {
            tracing::warn!(%error, "metrics not written");
        }
        String::from_utf8_lossy(&text).into_owned()
    }
}

#[expect(clippy::expect_used, reason = "names, labels and buckets are literals of this workspace")]
fn made<M>(metric: prometheus::Result<M>) -> M {
    metric.expect("a well-formed metric")
}

/// The counts of HTTP requests.
#[derive(Debug, Clone)]
pub struct HttpMetrics {
    /// Requests by operation and status.
    pub requests: IntCounterVec,
    /// Seconds from request to answer by operation.
    pub seconds: HistogramVec,
}

impl HttpMetrics {
    /// Makes the counts in `metrics`.
    pub fn new(metrics: &Metrics) -> Self {
        Self {
            requests: metrics.counters(
                "http_requests_total",
                "Requests by operation and status.",
                &["operation", "status"],
            ),
            seconds: metrics.histograms(
                "http_request_seconds",
                "Seconds from request to answer.",
                &["operation"],
                SECONDS,
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_that_is_asked_for_twice_is_the_same() {
        let metrics = Metrics::new();
        for (model, lag) in [("billing", 1), ("rentals", 2)] {
            metrics.gauges("lag", "Lag.", &["model"]).with_label_values(&[model]).set(lag);
        }
        let text = metrics.render();
        assert!(text.contains("lag{model=\"billing\"} 1"), "{text}");
        assert!(text.contains("lag{model=\"rentals\"} 2"), "{text}");
    }

    #[test]
    fn what_was_counted_is_shown() {
        let metrics = Metrics::new();
        metrics.counter("rentals_total", "Rentals.").inc_by(3);
        HttpMetrics::new(&metrics).requests.with_label_values(&["commands", "201"]).inc();
        let text = metrics.render();
        assert!(text.contains("rentals_total 3"), "{text}");
        assert!(text.contains("http_requests_total{operation=\"commands\",status=\"201\"} 1"), "{text}");
    }
}

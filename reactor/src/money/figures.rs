//! What the money flow says about itself: metrics, and what `/health` and the statistics show.
//!
//! It only describes, and nothing of it names anybody.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use edge::health::{Dependency, Health};
use edge::metrics::{CounterFamily, Gauge, Metrics};
use edge::monitoring::{self, Part};
use serde_json::{Value, json};

use crate::azampay::{Reply, Standing};
use crate::commands::Answer;

struct Figures {
    calls: CounterFamily,
    commands: CounterFamily,
    callbacks: CounterFamily,
    unknown: [(Gauge, AtomicI64); 2],
    /// Whether there is an account at AzamPay, once a cashier has begun.
    connected: OnceLock<bool>,
}

/// Shared by the cashier and whoever reports on it. Clones share it.
#[derive(Clone)]
pub struct MoneyStatus(Arc<Figures>);

impl std::fmt::Debug for MoneyStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MoneyStatus").field("connected", &self.0.connected).finish_non_exhaustive()
    }
}

impl MoneyStatus {
    /// Figures of a cashier that is still to come.
    #[must_use]
    pub fn new(metrics: &Metrics) -> Self {
        let gauge = |name, help| (metrics.gauge(name, help), AtomicI64::new(0));
        Self(Arc::new(Figures {
            calls: metrics.counters(
                "reactor_azampay_calls_total",
                "Calls of AzamPay, by what the answer means.",
                &["call", "outcome"],
            ),
            commands: metrics.counters(
                "reactor_money_commands_total",
                "Commands about money, by what became of them.",
                &["type", "outcome"],
            ),
            callbacks: metrics.counters(
                "reactor_callbacks_total",
                "Callbacks of AzamPay, by what they proved.",
                &["verdict"],
            ),
            unknown: [
                gauge("reactor_payments_unknown", "Payments of which nobody knows the outcome."),
                gauge("reactor_refunds_unknown", "Refunds of which nobody knows the outcome."),
            ],
            connected: OnceLock::new(),
        }))
    }

    pub(super) fn connected(&self, connected: bool) {
        // A second cashier of the process has the same account.
        let _ = self.0.connected.set(connected);
    }

    pub(super) fn called(&self, call: &str, reply: &Reply) {
        let outcome = match reply {
            Reply::Accepted { .. } => "accepted",
            Reply::Refused { .. } => "refused",
            Reply::NotSent { .. } => "not_sent",
            Reply::Unknown { .. } => "unknown",
        };
        self.0.calls.with_label_values(&[call, outcome]).inc();
    }

    pub(super) fn inquired(&self, standing: &Standing) {
        let outcome = match standing {
            Standing::Success => "success",
            Standing::Failure => "failure",
            Standing::Pending => "pending",
            Standing::NotFound => "not_found",
            Standing::Unknown { .. } => "unknown",
        };
        self.0.calls.with_label_values(&["inquiry", outcome]).inc();
    }

    pub(super) fn sent(&self, command: &str, answer: &Answer) {
        let outcome = match answer {
            Answer::Done { already: false } => "recorded",
            Answer::Done { already: true } => "already_done",
            Answer::Refused { .. } => "refused",
            Answer::Again { .. } => "again",
        };
        self.0.commands.with_label_values(&[command, outcome]).inc();
    }

    pub(super) fn judged(&self, verdict: &str) {
        // A refusal's code stands behind the verdict; the metric has the verdict.
        let verdict = verdict.split(' ').next().unwrap_or(verdict);
        self.0.callbacks.with_label_values(&[verdict]).inc();
    }

    pub(super) fn unknown(&self, counts: [i64; 2]) {
        for ((gauge, known), count) in self.0.unknown.iter().zip(counts) {
            gauge.set(count);
            known.store(count, Ordering::Relaxed);
        }
    }
}

impl Part for MoneyStatus {
    fn name(&self) -> &'static str {
        "money"
    }

    /// Without an account the ledger serves all the same; health says so beside it.
    fn health(&self) -> monitoring::Answer<'_, Health> {
        Box::pin(async move {
            let azampay = if *self.0.connected.get().unwrap_or(&true) {
                Dependency::up()
            } else {
                let detail =
                    "no account (AZAMPAY_CLIENT_SECRET): nobody is prompted, refunds are made by hand";
                Dependency { ok: true, detail: Some(detail.to_owned()) }
            };
            Health::default().dependency("azampay", azampay)
        })
    }

    fn stats(&self) -> monitoring::Answer<'_, Value> {
        Box::pin(async move {
            let [payments, refunds] =
                self.0.unknown.each_ref().map(|(_, count)| count.load(Ordering::Relaxed));
            json!({
                "azampay": self.0.connected.get(),
                "payments_unknown": payments,
                "refunds_unknown": refunds,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn without_an_account_health_says_so_and_stays_well() {
        let status = MoneyStatus::new(&Metrics::new());
        assert_eq!(status.health().await.dependencies["azampay"], Dependency::up());
        status.connected(false);
        let azampay = status.health().await.dependencies["azampay"].clone();
        assert!(azampay.ok && azampay.detail.unwrap().contains("AZAMPAY_CLIENT_SECRET"));
    }

    #[test]
    fn a_callback_is_counted_by_its_verdict_without_the_code_behind_it() {
        let metrics = Metrics::new();
        let status = MoneyStatus::new(&metrics);
        status.judged("settle");
        status.judged("settle receipt_exists");
        status.unknown([2, 1]);
        let text = metrics.render();
        for line in [
            r#"reactor_callbacks_total{verdict="settle"} 2"#,
            "reactor_payments_unknown 2",
            "reactor_refunds_unknown 1",
        ] {
            assert!(text.contains(line), "{text}");
        }
    }
}

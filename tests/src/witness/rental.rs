//! What becomes of a rental.

use serde_json::Value;

use super::{data, text};

/// A rental as an event left it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rental {
    /// Its status.
    pub status: String,
    /// When it ended or the bank came back, as it stands in the event; empty before.
    pub ended_at: String,
    /// What it costs in all, once it is billed.
    pub total: Option<i64>,
}

impl Rental {
    /// What an event makes of it; none if it is not about it.
    pub(super) fn after(&self, kind: &str, event: &Value) -> Option<Self> {
        let mut next = self.clone();
        match kind {
            "RentalRequested" => next = Self { status: "releasing".to_owned(), ..Self::default() },
            "RentalStarted" => next = Self { status: "active".to_owned(), ..Self::default() },
            "RentalCancelled" => "cancelled".clone_into(&mut next.status),
            "RentalExtended" => "active".clone_into(&mut next.status),
            "RentalBecameOverdue" => "overdue".clone_into(&mut next.status),
            "RentalEnded" => next.ends("ended", "/ended_at", "/charge/total", event),
            "RentalSold" => next.ends("sold", "", "/charge/total", event),
            "DeviceRecovered" => next.ends("recovered", "/recovered_at", "/whole/total", event),
            "RentalCorrected" => next.ends(&text(event, "/stage"), "/ended_at", "/charge/total", event),
            "ReplacementFeeReversed" => {
                let parts = ["usage", "late", "replacement"];
                let part =
                    |part: &str| data(event, &format!("/reversed/amounts/{part}")).as_i64().unwrap_or(0);
                let back: i64 = parts.into_iter().map(part).sum();
                next.total = next.total.map(|total| total.saturating_sub(back));
            }
            _ => return None,
        }
        Some(next)
    }

    fn ends(&mut self, status: &str, ended_at: &str, total: &str, event: &Value) {
        status.clone_into(&mut self.status);
        if let Some(at) = data(event, ended_at).as_str() {
            at.clone_into(&mut self.ended_at);
        }
        self.total = data(event, total).as_i64();
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        !["releasing", "active", "overdue"].contains(&self.status.as_str())
    }
}

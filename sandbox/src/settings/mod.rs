//! What a test or a person may turn: outcomes and durations, as `GET /settings` shows them and `PUT /settings` changes them.
//!
//! Keeps true: a change names only what it changes; an unknown name or a value out of range changes nothing. They are not
//! kept over a restart.

mod payments;
mod sms;

use std::sync::{Mutex, PoisonError};

use chrono::TimeDelta;
use edge::Problem;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use payments::{DisbursementOutcome, Fault, PaymentOutcome, Payments};
pub use sms::{Report, Sms, SmsOutcome};

/// No duration is longer: a day.
const LONGEST_MS: u32 = 86_400_000;
/// Nothing is tried more often.
const MOST_TRIES: u32 = 100;
/// A sender id is no longer.
pub(crate) const SENDER_LENGTH: usize = 11;

/// Every setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Of the payment provider.
    pub payments: Payments,
    /// Of the SMS providers.
    pub sms: Sms,
    /// Of every cabinet.
    pub cabinets: Cabinets,
}

/// How cabinets behave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cabinets {
    /// Between two heartbeats.
    pub heartbeat_ms: u32,
    /// Between two full inventories.
    pub inventory_ms: u32,
    /// Between two looks at a slot: how exactly a cabinet knows when a bank came.
    pub scan_ms: u32,
    /// How long a slow cabinet takes to answer.
    pub slow_ms: u32,
    /// How long a late one takes: longer than the ledger waits.
    pub late_ms: u32,
    /// How far ahead a wrong clock is.
    pub clock_ahead_ms: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            payments: Payments::default(),
            sms: Sms::default(),
            cabinets: Cabinets {
                heartbeat_ms: 60_000,
                inventory_ms: 1_200_000,
                scan_ms: 1_000,
                slow_ms: 20_000,
                late_ms: 70_000,
                clock_ahead_ms: 10_800_000,
            },
        }
    }
}

impl Settings {
    /// These settings with what `change` names changed.
    fn changed(&self, change: &Value) -> Result<Settings, Problem> {
        let mut whole = serde_json::to_value(self).map_err(|_| Problem::internal())?;
        merge(&mut whole, change);
        let changed: Settings =
            serde_json::from_value(whole).map_err(|error| Problem::malformed(error.to_string()))?;
        changed.in_range()?;
        Ok(changed)
    }

    fn in_range(&self) -> Result<(), Problem> {
        let Cabinets { heartbeat_ms, inventory_ms, scan_ms, slow_ms, late_ms, clock_ahead_ms } =
            self.cabinets;
        for every in [heartbeat_ms, inventory_ms] {
            if every == 0 {
                return Err(Problem::malformed("heartbeat_ms and inventory_ms are at least 1"));
            }
        }
        if !(1..=MOST_TRIES).contains(&self.payments.callback_tries) {
            return Err(Problem::malformed("callback_tries is 1-100"));
        }
        let told =
            [self.payments.delay_ms, self.payments.late_ms, self.payments.token_ms, self.sms.report_delay_ms];
        let cabinets = [heartbeat_ms, inventory_ms, scan_ms, slow_ms, late_ms, clock_ahead_ms];
        for duration in told.into_iter().chain(cabinets) {
            if duration > LONGEST_MS {
                return Err(Problem::malformed("a duration is at most a day"));
            }
        }
        Ok(())
    }
}

/// Milliseconds as a span of time.
pub(crate) fn span(milliseconds: u32) -> TimeDelta {
    TimeDelta::milliseconds(i64::from(milliseconds))
}

/// Lays `change` over `whole`, object by object: an unknown name gets in, so that reading the whole refuses it.
fn merge(whole: &mut Value, change: &Value) {
    match (whole, change) {
        (Value::Object(whole), Value::Object(change)) => {
            for (name, value) in change {
                merge(whole.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (whole, change) => *whole = change.clone(),
    }
}

/// The settings that everything here shares.
#[derive(Debug, Default)]
pub(crate) struct SharedSettings(Mutex<Settings>);

impl SharedSettings {
    pub(crate) fn new(settings: Settings) -> Self {
        Self(Mutex::new(settings))
    }

    pub(crate) fn get(&self) -> Settings {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes what `change` names and returns the whole.
    ///
    /// # Errors
    /// 400: an unknown name, or a value that cannot be.
    pub(crate) fn change(&self, change: &Value) -> Result<Settings, Problem> {
        if !change.is_object() {
            return Err(Problem::malformed("the settings are a JSON object"));
        }
        let mut settings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *settings = settings.changed(change)?;
        Ok(settings.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_change_names_only_what_it_changes() {
        let shared = SharedSettings::default();
        let changed = shared.change(&json!({"sms": {"default_outcome": "lost_answer"}})).unwrap();
        let mut expected = Settings::default();
        expected.sms.default_outcome = SmsOutcome::LostAnswer;
        assert_eq!(changed, expected);
        assert_eq!(shared.get(), expected);
    }

    #[test]
    fn what_is_unknown_or_out_of_range_changes_nothing() {
        let shared = SharedSettings::default();
        for wrong in [
            json!({"sms": {"default_outcome": "perhaps"}}),
            json!({"sms": {"outcome": "success"}}),
            json!({"mail": {}}),
            json!({"sms": null}),
            json!({"payments": {"callback_tries": 0}}),
            json!({"payments": {"late_ms": LONGEST_MS + 1}}),
            json!({"payments": {"checkout": "lost"}}),
            json!({"cabinets": {"heartbeat_ms": 0}}),
            json!({"cabinets": {"slow_ms": LONGEST_MS + 1}}),
            json!({"cabinets": {"slow_ms": -1}}),
            json!([]),
        ] {
            let problem = shared.change(&wrong).unwrap_err();
            assert_eq!(problem.status().as_u16(), 400, "{wrong}");
        }
        assert_eq!(shared.get(), Settings::default());
    }
}

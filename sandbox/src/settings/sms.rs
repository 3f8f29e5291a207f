//! How the SMS providers behave.

use serde::{Deserialize, Serialize};

/// How messages are taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sms {
    /// What happens to a message.
    pub default_outcome: SmsOutcome,
    /// What happens to one at this provider, where it is something else.
    pub africastalking: Option<SmsOutcome>,
    /// What happens to one at this provider, where it is something else.
    pub beem: Option<SmsOutcome>,
    /// What happens to one at this provider, where it is something else.
    pub nextsms: Option<SmsOutcome>,
    /// What the delivery report says.
    pub report: Report,
    /// How long a report takes.
    pub report_delay_ms: u32,
    /// The only good key, or user name; without one, everything that is not empty is good.
    pub api_key: Option<String>,
    /// The only good sender ids; without them, every one of at most eleven characters is good.
    pub senders: Option<Vec<String>>,
}

impl Default for Sms {
    fn default() -> Self {
        Self {
            default_outcome: SmsOutcome::Success,
            africastalking: None,
            beem: None,
            nextsms: None,
            report: Report::Delivered,
            report_delay_ms: 1_000,
            api_key: None,
            senders: None,
        }
    }
}

/// What happens to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmsOutcome {
    /// It arrives, and the sender is told so.
    Success,
    /// The provider refuses the number.
    Refused,
    /// The provider never answers, and nothing arrives.
    Never,
    /// The provider fails, and nothing arrives.
    Error500,
    /// It arrives, and the connection is cut before the answer.
    LostAnswer,
}

/// What a delivery report says of a message that was taken. The phone shows the message whatever it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// It arrived.
    Delivered,
    /// It did not.
    Failed,
    /// There is none.
    None,
}

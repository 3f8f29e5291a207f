//! How the payment provider behaves.

use serde::{Deserialize, Serialize};

/// How the payment provider behaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payments {
    /// What happens to a prompt unless somebody answers it.
    pub default_outcome: PaymentOutcome,
    /// What happens to a pay-out.
    pub disbursement_outcome: DisbursementOutcome,
    /// How long a callback takes.
    pub delay_ms: u32,
    /// How long a late one takes.
    pub late_ms: u32,
    /// How often a callback is sent until it is answered with a success.
    pub callback_tries: u32,
    /// Whether callbacks bear a signature.
    pub signed: bool,
    /// The only good secret; without one, every secret that is not empty is good.
    pub client_secret: Option<String>,
    /// The key that has to be sent as `X-API-KEY` with the credentials; without one, none has.
    pub api_key: Option<String>,
    /// How long a token is good for.
    pub token_ms: u32,
    /// How the authenticator answers.
    pub token: Fault,
    /// How a checkout is answered.
    pub checkout: Fault,
    /// Whether a checkout that is not answered well has shown its prompt all the same.
    pub despite_fault: bool,
    /// How an inquiry is answered; refused means not found.
    pub inquiry: Fault,
}

impl Default for Payments {
    fn default() -> Self {
        Self {
            default_outcome: PaymentOutcome::Ask,
            disbursement_outcome: DisbursementOutcome::Success,
            delay_ms: 4_000,
            late_ms: 30_000,
            callback_tries: 1,
            signed: false,
            client_secret: None,
            api_key: None,
            token_ms: 3_600_000,
            token: Fault::Normal,
            checkout: Fault::Normal,
            despite_fault: false,
            inquiry: Fault::Normal,
        }
    }
}

/// What happens to a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentOutcome {
    /// Somebody is waited for.
    Ask,
    /// Charged, and told.
    Success,
    /// Not charged, and told.
    Failure,
    /// Nobody ever answers it. It can still be answered.
    Never,
    /// Charged, and told much later.
    Late,
    /// Charged, and told twice.
    Twice,
    /// Charged, and told five times at once.
    Storm,
    /// Another amount is charged, and told.
    WrongAmount,
    /// Somebody else is charged, and told.
    WrongPayer,
    /// Charged, and told in a word that no list has.
    UnknownWord,
    /// Charged, and told; the connection is cut before the checkout is answered.
    LostAnswer,
    /// Charged, and not told.
    LostCallback,
}

/// What happens to a pay-out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisbursementOutcome {
    /// Paid, and told.
    Success,
    /// Not paid, and told.
    Failure,
    /// It stays in process.
    Never,
    /// Paid, and told much later.
    Late,
    /// Paid, and told twice.
    Twice,
    /// Paid, and told; the answer says that the reference was used.
    Duplicate,
    /// Paid, and told; the connection is cut before the answer.
    LostAnswer,
    /// Paid, and not told.
    LostCallback,
    /// The provider fails, and nothing happens.
    Error500,
    /// The provider finds the request too old, and nothing happens.
    Expired,
}

/// How a request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// As it should be.
    Normal,
    /// Refused, in the provider's way.
    Refused,
    /// With status 500 and a page.
    Error500,
    /// With status 200 and a page.
    Html,
    /// With status 200 and nothing.
    Empty,
    /// The connection is cut before the answer.
    LostAnswer,
    /// Not at all.
    Never,
}

//! The limits of this service (I13): every queue and cache has one. And where its links lead.

use std::num::{NonZeroU16, NonZeroUsize};
use std::time::Duration;

use crate::access::CodeLimits;
use crate::ussd::Allowed;

/// A setting that nobody is to read in a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a secret.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The secret itself.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// Limits of the batcher and its surroundings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Commands that may wait; one more is refused at once.
    pub queue: usize,
    /// Commands of one batch at most. Bounds how long the ledger's lock is held.
    pub batch: usize,
    /// Streams held in memory.
    pub streams: NonZeroUsize,
    /// A snapshot is taken of a stream every so many versions.
    pub snapshot_every: i64,
    /// How long the same batch is sent again while its outcome is unknown.
    pub patience: Duration,
    /// What a slot's code is appended to.
    pub app_url: String,
    /// How many one-time codes are made.
    pub codes: CodeLimits,
    /// How many days of telemetry are kept.
    pub telemetry_days: NonZeroU16,
    /// The secrets of the path for payments' callbacks, comma separated; without them they lie beside the keys.
    pub callback_secrets: Option<Secret>,
    /// The same of the path for delivery reports.
    pub delivery_secrets: Option<Secret>,
    /// What AzamPay and this installation share for Bill Pay; without it, it lies beside the keys.
    pub bill_secret: Option<Secret>,
    /// How often a phone is asked to pay in an hour.
    pub prompts_an_hour: u32,
    /// From where the USSD gateway may call.
    pub ussd_allowed: Allowed,
    /// A cabinet that was not heard for so long is offline.
    pub silence: Duration,
    /// How often silent cabinets are looked for.
    pub listen_every: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            queue: 1_024,
            batch: 256,
            streams: NonZeroUsize::new(40_000).unwrap_or(NonZeroUsize::MIN),
            snapshot_every: 200,
            patience: Duration::from_secs(5),
            codes: CodeLimits::default(),
            app_url: "https://app.chajipoa.co.tz/rent#".to_owned(),
            telemetry_days: NonZeroU16::new(90).unwrap_or(NonZeroU16::MIN),
            callback_secrets: None,
            delivery_secrets: None,
            bill_secret: None,
            prompts_an_hour: 10,
            ussd_allowed: Allowed::default(),
            silence: Duration::from_secs(15 * 60),
            listen_every: Duration::from_secs(30),
        }
    }
}

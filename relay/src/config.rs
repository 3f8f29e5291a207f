//! What a relay needs to know.

use std::sync::Arc;

use edge::{Clock, SystemClock};
use ledger::Bell;
use ledger::feed::TOPIC;

/// The most messages that Kafka has not yet acknowledged. It bounds the memory (a message is some kilobytes at most,
/// 64 at the very most) and is far more than a broker needs to be kept busy.
const MAX_IN_FLIGHT: usize = 20_000;

/// Where the relay reads and writes.
#[derive(Clone)]
pub struct RelayConfig {
    /// The URL of the login `chajipoa_relay`.
    pub ledger_url: String,
    /// The brokers, `host:port,…`.
    pub brokers: String,
    /// The topic: `chajipoa.ledger.v1` unless a test has its own.
    pub topic: String,
    /// Rung by a command-api in the same process; without it the relay polls.
    pub bell: Option<Bell>,
    /// The most messages in flight.
    pub max_in_flight: usize,
    /// Gives the pauses between attempts their jitter.
    pub clock: Arc<dyn Clock>,
}

impl RelayConfig {
    /// The usual settings.
    #[must_use]
    pub fn new(ledger_url: impl Into<String>, brokers: impl Into<String>) -> Self {
        Self {
            ledger_url: ledger_url.into(),
            brokers: brokers.into(),
            topic: TOPIC.to_owned(),
            bell: None,
            max_in_flight: MAX_IN_FLIGHT,
            clock: Arc::new(SystemClock),
        }
    }
}

impl std::fmt::Debug for RelayConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URL has a password in it.
        f.debug_struct("RelayConfig")
            .field("brokers", &self.brokers)
            .field("topic", &self.topic)
            .finish_non_exhaustive()
    }
}

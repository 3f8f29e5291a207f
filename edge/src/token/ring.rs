//! The signing keys as a running process holds them: read again now and then, so that keys come and go without a restart.
//!
//! Keeps true: a key that was added verifies everywhere before it signs anywhere. Every process reads the directory at
//! most [`REREAD`] after a change once it is asked for anything, and a new key waits [`SETTLING`] before it signs.

use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, TimeDelta, Utc};

use super::TokenKeys;
use crate::clock::Clock;

/// How old the reading of the directory may be.
pub(super) const REREAD: TimeDelta = TimeDelta::seconds(5);
/// How long a new key only verifies.
pub(super) const SETTLING: TimeDelta = TimeDelta::seconds(20);

/// The keys, as last read.
pub(super) struct Ring {
    clock: Arc<dyn Clock>,
    read: RwLock<Reading>,
}

struct Reading {
    keys: Arc<TokenKeys>,
    at: DateTime<Utc>,
}

impl Ring {
    pub(super) fn new(keys: TokenKeys, clock: Arc<dyn Clock>) -> Self {
        let at = clock.now();
        Self { clock, read: RwLock::new(Reading { keys: Arc::new(keys), at }) }
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// The keys, read again if the reading is old. A directory that cannot be read leaves them as they were.
    pub(super) fn keys(&self) -> Arc<TokenKeys> {
        let now = self.clock.now();
        {
            let read = self.read.read().unwrap_or_else(PoisonError::into_inner);
            if now - read.at < REREAD {
                return Arc::clone(&read.keys);
            }
        }
        let mut read = self.read.write().unwrap_or_else(PoisonError::into_inner);
        if now - read.at >= REREAD {
            read.at = now;
            match read.keys.reread() {
                Ok(keys) if !keys.is_empty() => read.keys = Arc::new(keys),
                Ok(_) => tracing::warn!("the directory of token keys is empty; the known ones stay"),
                Err(error) => tracing::warn!(%error, "the token keys could not be read again"),
            }
        }
        Arc::clone(&read.keys)
    }
}

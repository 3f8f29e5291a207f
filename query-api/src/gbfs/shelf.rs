//! Feeds that were made, for as long as they hold: however many ask, each is read from the database once per ttl and
//! process. The discovery file is not kept: it names the host that its reader asked.

use std::sync::Arc;

use actix_web::web::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use tokio::sync::Mutex;

use super::Feed;
use crate::read::{Desk, Failure};

/// A feed as it was made.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    /// The position it stands for.
    pub(crate) position: i64,
    /// Changes with its bytes.
    pub(crate) etag: String,
    /// The whole body.
    pub(crate) body: Bytes,
    until: DateTime<Utc>,
}

impl Made {
    pub(super) fn new(feed: Feed, position: i64, now: DateTime<Utc>, body: &Value) -> Self {
        Self {
            position,
            etag: format!("\"{position}-{}\"", now.timestamp_millis()),
            body: Bytes::from(body.to_string()),
            until: now.checked_add_signed(TimeDelta::seconds(i64::from(feed.ttl()))).unwrap_or(now),
        }
    }

    /// For how many whole seconds it still holds.
    pub(crate) fn holds_for(&self, now: DateTime<Utc>) -> i64 {
        self.until.signed_duration_since(now).num_seconds().max(0)
    }
}

/// The feeds of this process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shelf(Arc<[Mutex<Option<Made>>; Feed::ALL.len()]>);

impl Shelf {
    /// The feed if it still holds and stands for `wanted`, else a new one. Who comes while it is made waits for it.
    pub(crate) async fn take(
        &self,
        feed: Feed,
        desk: &Desk,
        base: &str,
        wanted: i64,
    ) -> Result<Made, Failure> {
        let now = desk.stacks().clock.now();
        let Some(place) = self.0.get(feed.index()).filter(|_| feed != Feed::Discovery) else {
            return feed.make(desk, base, now).await;
        };
        let mut kept = place.lock().await;
        if let Some(made) = kept.as_ref().filter(|made| made.until > now && made.position >= wanted) {
            return Ok(made.clone());
        }
        let made = feed.make(desk, base, now).await?;
        *kept = Some(made.clone());
        Ok(made)
    }
}

//! The single place that polls: a condition, a limit, and what was waited for.
#![allow(clippy::panic, reason = "a test whose condition never came true has failed")]

use std::time::{Duration, Instant};

/// How often a condition is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Waits until `condition` yields something and returns that.
///
/// # Panics
/// When `limit` has passed; `what` says in words what did not come true.
pub async fn wait_for<T>(what: &str, limit: Duration, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + limit;
    loop {
        if let Some(found) = condition().await {
            return found;
        }
        if Instant::now() >= end {
            panic!("not within {limit:?}: {what}");
        }
        pause().await;
    }
}

/// Waits until `condition` holds.
///
/// # Panics
/// When `limit` has passed; `what` says in words what did not come true.
pub async fn wait_until(what: &str, limit: Duration, mut condition: impl AsyncFnMut() -> bool) {
    wait_for(what, limit, async || condition().await.then_some(())).await;
}

#[expect(clippy::disallowed_methods, reason = "between two looks at a condition that has a limit")]
async fn pause() {
    tokio::time::sleep(LOOK_AGAIN).await;
}

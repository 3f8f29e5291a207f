//! Being told to stop.

use tokio::sync::watch;

/// Resolves once whoever holds the sender says so, or has dropped it.
pub(crate) async fn told_to(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

//! Snapshots, taken behind the appends. They are hints: one that is lost costs a longer load, nothing else.

use std::sync::Arc;

use bytes::Bytes;
use domain::{FOLD_VERSION, State};
use ledger::{Ledger, Snapshot};
use tokio::sync::mpsc;
use uuid::Uuid;

/// Snapshots that may wait; more are dropped and come up again with the next version.
const WAITING: usize = 256;
/// Snapshots of one round trip.
const TOGETHER: usize = 32;

/// A state to keep.
#[derive(Debug)]
pub(super) struct Sketch {
    pub(super) stream: Uuid,
    pub(super) version: i64,
    pub(super) state: Arc<State>,
}

/// Starts the keeper; it ends with the batcher.
pub(super) fn start(ledger: Ledger) -> mpsc::Sender<Sketch> {
    let (sender, mut receiver) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        let mut sketches = Vec::with_capacity(TOGETHER);
        while receiver.recv_many(&mut sketches, TOGETHER).await > 0 {
            let snapshots: Vec<_> = sketches.drain(..).filter_map(snapshot).collect();
            if let Err(error) = ledger.save_snapshots(&snapshots).await {
                tracing::debug!(%error, "snapshots not kept");
            }
        }
    });
    sender
}

fn snapshot(sketch: Sketch) -> Option<Snapshot> {
    let state = serde_json::to_vec(sketch.state.as_ref()).ok()?;
    Some(Snapshot {
        stream: sketch.stream,
        fold_version: FOLD_VERSION,
        version: sketch.version,
        state: Bytes::from(state),
    })
}

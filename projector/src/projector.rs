//! The projector of a process: one task per read model.

use std::{sync::Arc, time::Duration};

use edge::{Clock, metrics::Metrics, pace::rest};
use ledger::{Ledger, feed::FeedSource};
use tokio::{sync::watch, task::JoinHandle};

use crate::{ModelName, Status, live::Live};

/// How often the lag is measured for the metrics.
const MEASURE: Duration = Duration::from_secs(1);

/// What the projector reads from and writes to.
#[derive(Clone)]
pub struct Sources {
    /// The database, with the login of the projector.
    pub database_url: String,
    /// The ledger, with the same login.
    pub ledger: Ledger,
    /// Where events come from.
    pub feed: FeedSource,
    /// Time and randomness.
    pub clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sources").field("ledger", &self.ledger).finish_non_exhaustive()
    }
}

/// The running tasks. Dropping it leaves them running; stop it to let them end.
#[derive(Debug)]
pub struct Projector {
    status: Status,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Projector {
    /// Starts a task for each of these read models. Must be called inside a runtime.
    #[must_use]
    pub fn start(sources: &Sources, models: &[ModelName], metrics: &Metrics) -> Self {
        let (stop, stopping) = watch::channel(false);
        let status = Status::new(models, sources.ledger.clone(), metrics);
        let mut tasks: Vec<JoinHandle<()>> = models
            .iter()
            .map(|model| {
                let live = Live {
                    model: *model,
                    sources: sources.clone(),
                    status: status.clone(),
                    stop: stopping.clone(),
                };
                tokio::spawn(live.run())
            })
            .collect();
        tasks.push(tokio::spawn(measure(status.clone(), stopping)));
        Self { status, stop, tasks }
    }

    /// How every read model is.
    #[must_use]
    pub const fn status(&self) -> &Status {
        &self.status
    }

    /// Lets the present batches commit and ends the tasks.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task of the projector failed");
            }
        }
    }
}

async fn measure(status: Status, mut stop: watch::Receiver<bool>) {
    loop {
        status.measure().await;
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = rest(MEASURE) => {}
        }
    }
}

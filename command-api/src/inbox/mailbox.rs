//! The way of a letter to the database: what comes while a commit is on its way waits and is written by the next one, so a
//! storm of callbacks costs a few commits and two connections never more than one statement.
//!
//! Keeps true: whoever sent a letter hears that it is kept only after the commit; the queue is bounded (I13), and beyond it,
//! or without a database, the sender is told to send again.

use std::sync::Arc;

use bytes::Bytes;
use edge::{Clock, Problem};
use ledger::inbox::{Inbox, Incoming, LetterKind};
use tokio::sync::{mpsc, oneshot};

/// Letters that may wait; of at most 8 KiB each.
const QUEUE: usize = 4_096;
/// Letters of one statement.
const BATCH: usize = 256;
/// After so many seconds a sender may try again.
const SOON: u32 = 2;

struct Waiting {
    letter: Incoming,
    kept: oneshot::Sender<bool>,
}

/// Keeps letters. Ends once the last clone is dropped.
#[derive(Clone)]
pub(crate) struct Mailbox {
    queue: mpsc::Sender<Waiting>,
    clock: Arc<dyn Clock>,
}

impl Mailbox {
    /// Starts on the present runtime.
    pub(crate) fn start(inbox: Inbox, clock: Arc<dyn Clock>) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(keep(inbox, waiting));
        Self { queue, clock }
    }

    /// Keeps a letter; it is durable when this returns.
    ///
    /// # Errors
    /// 503: it may be kept or not, and is to be sent again.
    pub(crate) async fn keep(&self, kind: LetterKind, body: Bytes) -> Result<(), Problem> {
        let letter = Incoming { id: self.clock.id(), kind, body };
        let (kept, answer) = oneshot::channel();
        let full = || Problem::unavailable("overloaded", "too much comes at once; send it again", SOON);
        self.queue.try_send(Waiting { letter, kept }).map_err(|_| full())?;
        match answer.await {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => {
                Err(Problem::unavailable("unavailable", "it could not be kept; send it again", SOON))
            }
        }
    }
}

async fn keep(inbox: Inbox, mut queue: mpsc::Receiver<Waiting>) {
    let mut batch = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut batch, BATCH).await > 0 {
        let (letters, senders): (Vec<Incoming>, Vec<_>) =
            batch.drain(..).map(|Waiting { letter, kept }| (letter, kept)).unzip();
        let stored = inbox.store(&letters).await;
        if let Err(error) = &stored {
            tracing::warn!(%error, letters = letters.len(), "letters could not be kept");
        }
        for sender in senders {
            // Whoever has gone does not want to know.
            let _ = sender.send(stored.is_ok());
        }
    }
}

//! A command on its way through the batcher, and what it may be answered.

use domain::period::Books;
use domain::{Order, Rejection};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::answer::Answer;

/// A command that was read, sealed and hashed, and waits for its turn.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) id: Uuid,
    pub(crate) actor: String,
    pub(crate) hash: [u8; 32],
    pub(crate) order: Box<Order>,
    /// The figures that a close is decided on.
    pub(crate) books: Option<Box<Books>>,
    pub(crate) traceparent: Option<String>,
    /// How often its decision did not hold.
    pub(crate) lost: u8,
    /// It goes alone: a batch that it was part of was refused by the database.
    pub(crate) alone: bool,
    pub(crate) reply: oneshot::Sender<Outcome>,
}

/// The end of a command, as far as the batcher is concerned.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    /// Recorded or already done.
    Answer(Answer),
    /// A rule refuses, on a state that was the present one.
    Refused(Box<Rejection>),
    /// The id belongs to another request.
    KeyReused,
    /// The state moved under every decision.
    Concurrent,
    /// It was sent, and nobody knows whether it committed.
    Unknown,
    /// It was never sent: the database is away.
    Unavailable,
    /// A defect of ours; nothing was recorded.
    Failed,
}

impl Job {
    /// Answers; a caller that has gone away misses it.
    pub(crate) fn answer(self, outcome: Outcome) {
        // Whoever asked may have hung up. What was recorded stays, and its id tells.
        drop(self.reply.send(outcome));
    }
}

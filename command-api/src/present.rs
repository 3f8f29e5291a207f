//! The present state of a single stream, read from the ledger itself and never from a read model: for the
//! few paths that need to know a thing before they can name a command.

use domain::rental::Rental;
use domain::{FOLD_VERSION, State};
use edge::Problem;
use ledger::{Ledger, Position, StreamLoad};
use uuid::Uuid;

use crate::batcher::fold;

/// Reads present states.
#[derive(Debug, Clone)]
pub(crate) struct Present {
    ledger: Ledger,
}

impl Present {
    pub(crate) fn new(ledger: Ledger) -> Self {
        Self { ledger }
    }

    /// The rental, if there is one.
    ///
    /// # Errors
    /// 503 where the ledger is away.
    pub(crate) async fn rental(&self, id: Uuid) -> Result<Option<Box<Rental>>, Problem> {
        let asked = [StreamLoad { stream: id, fold_version: FOLD_VERSION }];
        let loaded = self.ledger.load(&asked).await.map_err(|error| away(&error))?;
        let Some(loaded) = loaded.into_iter().next() else { return Ok(None) };
        let held = fold(loaded).map_err(|error| {
            tracing::error!(%error, stream = %id, "a stream does not fold");
            Problem::internal()
        })?;
        match held.state.as_deref() {
            Some(State::Rental(rental)) => Ok(Some(rental.clone())),
            Some(
                State::Customer(_)
                | State::Device(_)
                | State::Station(_)
                | State::Payment(_)
                | State::Receipt(_)
                | State::Catalogue(_),
            )
            | None => Ok(None),
        }
    }

    /// Where the ledger stands.
    ///
    /// # Errors
    /// 503 where it is away.
    pub(crate) async fn position(&self) -> Result<Position, Problem> {
        self.ledger.last_position().await.map_err(|error| away(&error))
    }
}

fn away(error: &ledger::LedgerError) -> Problem {
    tracing::warn!(%error, "the ledger could not be read");
    Problem::unavailable("unavailable", "the ledger is away", 1)
}

//! The present state of a single stream, read from the ledger itself and never from a read model: for the
//! few paths that need to know a thing before they can name a command.

use std::sync::Arc;

use domain::Claim;
use domain::customer::Customer;
use domain::rental::Rental;
use domain::station::Station;
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
        match self.state(id).await?.map(Arc::unwrap_or_clone) {
            Some(State::Rental(rental)) => Ok(Some(rental)),
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

    /// The station, if there is one.
    ///
    /// # Errors
    /// 503 where the ledger is away.
    pub(crate) async fn station(&self, id: Uuid) -> Result<Option<Station>, Problem> {
        match self.state(id).await?.map(Arc::unwrap_or_clone) {
            Some(State::Station(station)) => Ok(Some(station)),
            Some(
                State::Customer(_)
                | State::Device(_)
                | State::Rental(_)
                | State::Payment(_)
                | State::Receipt(_)
                | State::Catalogue(_),
            )
            | None => Ok(None),
        }
    }

    /// The customer, if there is one.
    ///
    /// # Errors
    /// 503 where the ledger is away.
    pub(crate) async fn customer(&self, id: Uuid) -> Result<Option<Customer>, Problem> {
        match self.state(id).await?.map(Arc::unwrap_or_clone) {
            Some(State::Customer(customer)) => Ok(Some(customer)),
            Some(
                State::Station(_)
                | State::Device(_)
                | State::Rental(_)
                | State::Payment(_)
                | State::Receipt(_)
                | State::Catalogue(_),
            )
            | None => Ok(None),
        }
    }

    /// Who holds a name.
    ///
    /// # Errors
    /// 503 where the ledger is away.
    pub(crate) async fn holder(&self, claim: &Claim) -> Result<Option<Uuid>, Problem> {
        let asked = [(claim.kind, claim.value.as_str())];
        let found = self.ledger.claims(&asked).await.map_err(|error| away(&error))?;
        Ok(found.into_iter().next().flatten().map(|claim| claim.entity))
    }

    async fn state(&self, id: Uuid) -> Result<Option<Arc<State>>, Problem> {
        let asked = [StreamLoad { stream: id, fold_version: FOLD_VERSION }];
        let loaded = self.ledger.load(&asked).await.map_err(|error| away(&error))?;
        let Some(loaded) = loaded.into_iter().next() else { return Ok(None) };
        let held = fold(loaded).map_err(|error| {
            tracing::error!(%error, stream = %id, "a stream does not fold");
            Problem::internal()
        })?;
        Ok(held.state)
    }

    /// Whether a command of this id was recorded or already done.
    ///
    /// # Errors
    /// 503 where the ledger is away.
    pub(crate) async fn is_known(&self, command: Uuid) -> Result<bool, Problem> {
        let (stored, _) = self.ledger.stored_command(command).await.map_err(|error| away(&error))?;
        Ok(stored.is_some())
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

//! The present state of a single stream, read from the ledger itself and never from a read model: for the
//! few paths that need to know a thing before they can name a command.

use std::collections::HashMap;
use std::sync::Arc;

use domain::Claim;
use domain::customer::Customer;
use domain::device::Device;
use domain::rental::Rental;
use domain::station::Station;
use domain::{FOLD_VERSION, State};
use edge::Problem;
use ledger::{Ledger, Loaded, Position, StreamLoad};
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
        self.one(id, |state| if let State::Rental(rental) = state { Some(rental) } else { None }).await
    }

    /// The device, if there is one.
    ///
    /// # Errors
    /// 503 where the ledger is away.
    pub(crate) async fn device(&self, id: Uuid) -> Result<Option<Box<Device>>, Problem> {
        self.one(id, |state| if let State::Device(device) = state { Some(device) } else { None }).await
    }

    /// The station, if there is one.
    ///
    /// # Errors
    /// 503 where the ledger is away.
    pub(crate) async fn station(&self, id: Uuid) -> Result<Option<Station>, Problem> {
        self.one(id, |state| if let State::Station(station) = state { Some(station) } else { None }).await
    }

    /// The customer, if there is one.
    ///
    /// # Errors
    /// 503 where the ledger is away.
    pub(crate) async fn customer(&self, id: Uuid) -> Result<Option<Customer>, Problem> {
        self.one(id, |state| if let State::Customer(customer) = state { Some(customer) } else { None }).await
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

    /// The states of many streams of one moment; those that are not there are left out.
    ///
    /// # Errors
    /// 503 where the ledger is away.
    pub(crate) async fn states(
        &self,
        ids: impl IntoIterator<Item = Uuid>,
    ) -> Result<HashMap<Uuid, Arc<State>>, Problem> {
        let load = |stream| StreamLoad { stream, fold_version: FOLD_VERSION };
        let asked: Vec<StreamLoad> = ids.into_iter().map(load).collect();
        if asked.is_empty() {
            return Ok(HashMap::new());
        }
        let mut states = HashMap::with_capacity(asked.len());
        for loaded in self.ledger.load(&asked).await.map_err(|error| away(&error))? {
            let stream = loaded.stream;
            if let Some(state) = folded(stream, loaded)? {
                states.insert(stream, state);
            }
        }
        Ok(states)
    }

    /// The devices of these serials; those that nobody knows are left out.
    ///
    /// # Errors
    /// 503 where the ledger is away.
    pub(crate) async fn by_serial(&self, serials: &[&str]) -> Result<HashMap<String, Uuid>, Problem> {
        let names: Vec<(&str, &str)> =
            serials.iter().map(|serial| (domain::Claim::DEVICE_SERIAL, *serial)).collect();
        let claims = self.ledger.claims(&names).await.map_err(|error| away(&error))?;
        let known = serials.iter().zip(claims);
        Ok(known.filter_map(|(serial, claim)| Some(((*serial).to_owned(), claim?.entity))).collect())
    }

    /// The thing of that id, if it is of the kind that `pick` takes.
    async fn one<T>(&self, id: Uuid, pick: fn(State) -> Option<T>) -> Result<Option<T>, Problem> {
        let state = self.states([id]).await?.remove(&id);
        Ok(state.map(Arc::unwrap_or_clone).and_then(pick))
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

pub(crate) fn away(error: &ledger::LedgerError) -> Problem {
    tracing::warn!(%error, "the ledger could not be read");
    Problem::unavailable("unavailable", "the ledger is away", 1)
}

fn folded(stream: Uuid, loaded: Loaded) -> Result<Option<Arc<State>>, Problem> {
    let held = fold(loaded).map_err(|error| {
        tracing::error!(%error, %stream, "a stream does not fold");
        Problem::internal()
    })?;
    Ok(held.state)
}

//! A new epoch of a restored ledger: what `chajipoa ledger fork` does to the tables, in one transaction.
//!
//! The restored past stays as it is, and what was lost stays lost; from here on the ledger says by another epoch that
//! it is not the one that went on elsewhere: checkpoints get another origin, messages another source. Readers whose
//! place fits the restored ledger are carried over, the others stand still and say so. It takes the owner's login, and
//! that nobody else is connected: a process that runs would go on under the former epoch.

use uuid::Uuid;

use crate::{Ledger, LedgerError, LockedAppend, statements};

impl Ledger {
    /// Which services are connected, as one text; empty when none is.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn connected_services(&self) -> Result<String, LedgerError> {
        let (client, statement) = self.prepared(statements::CONNECTED_SERVICES).await?;
        Ok(client.query_one(&statement, &[]).await?.try_get(0)?)
    }
}

impl LockedAppend {
    /// Begins an epoch in this transaction, and carries the readers over whose place fits. Returns the names of the
    /// live read models that do not.
    ///
    /// # Errors
    /// When the database fails, or the epoch is not a later one; nothing is changed then.
    pub async fn begin_epoch(&mut self, ledger_id: Uuid, epoch: i32) -> Result<String, LedgerError> {
        let result = self.try_begin_epoch(ledger_id, epoch).await;
        self.spoil_on_error(&result);
        result
    }

    async fn try_begin_epoch(&self, ledger_id: Uuid, epoch: i32) -> Result<String, LedgerError> {
        let client = self.client();
        if client.execute(statements::BEGIN_EPOCH, &[&epoch]).await? != 1 {
            return Err(LedgerError::OutOfRange("the epoch"));
        }
        client.execute(statements::FORGET_CHECKPOINTS, &[&epoch]).await?;
        client.execute(statements::CARRY_PROJECTIONS, &[&epoch, &ledger_id]).await?;
        client.execute(statements::CARRY_REACTOR, &[&epoch, &ledger_id]).await?;
        Ok(client.query_one(statements::LEFT_BEHIND, &[&epoch]).await?.try_get(0)?)
    }
}

//! What a run of events does to the rows of notices, and writing that down.
//!
//! Rows of the run stand above the position that the run begins at, and whatever is taken away below: so the statements
//! do not meet, in whatever order they arrive. A row that is there already stays as it is.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use domain::{Event, Time};
use futures_util::future::try_join;
use ledger::Position;
use serde_json::json;
use tokio_postgres::{Error, GenericClient};
use uuid::Uuid;

use super::{Kind, Notice, Told, notices, settles_reminders};
use crate::statements::notices as statements;

/// How long a row is kept. Every kind is over long before: a row that is gone cannot be sent again.
pub(crate) const KEPT: TimeDelta = TimeDelta::days(90);

/// The notices of a run of events.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    queued: Vec<(Told, Notice)>,
    /// Rentals whose reminders are taken back.
    settled: BTreeSet<Uuid>,
    /// Customers of whom nothing stays.
    gone: BTreeSet<Uuid>,
}

impl Notices {
    pub(crate) fn take(&mut self, event: &Event, told: Told) {
        if let Some(rental) = settles_reminders(event) {
            self.queued.retain(|(_, notice)| notice.entity != rental || !notice.kind.is_reminder());
            self.settled.insert(rental);
        }
        if let Event::CustomerErased(fact) = event {
            self.queued.retain(|(_, notice)| notice.customer != fact.customer_id.0);
            self.gone.insert(fact.customer_id.0);
        }
        self.queued.extend(notices(event, &told).into_iter().map(|notice| (told, notice)));
    }

    /// Writes it down, in the transaction that moves the position from `from`, after what is known of customers.
    pub(crate) async fn write_in_tx<C: GenericClient>(
        &self,
        client: &C,
        from: Position,
        now: Time,
    ) -> Result<(), Error> {
        let kept_from = domain::timing::plus(now, -KEPT);
        try_join(self.take_back_in_tx(client, from), self.queue_in_tx(client, kept_from)).await?;
        Ok(())
    }

    async fn take_back_in_tx<C: GenericClient>(&self, client: &C, from: Position) -> Result<(), Error> {
        if !self.settled.is_empty() {
            let rentals: Vec<Uuid> = self.settled.iter().copied().collect();
            let reminders: Vec<&str> =
                Kind::ALL.into_iter().filter(|kind| kind.is_reminder()).map(Kind::as_str).collect();
            client.execute(statements::REMINDERS_SETTLED, &[&rentals, &reminders, &from.get()]).await?;
        }
        if !self.gone.is_empty() {
            let customers: Vec<Uuid> = self.gone.iter().copied().collect();
            client.execute(statements::NOTICES_GONE, &[&customers, &from.get()]).await?;
        }
        Ok(())
    }

    async fn queue_in_tx<C: GenericClient>(&self, client: &C, kept_from: Time) -> Result<(), Error> {
        let mut columns = Columns::default();
        let kept = self.queued.iter().filter(|(_, notice)| notice.expires_at > kept_from);
        kept.for_each(|(told, notice)| columns.push(told, notice));
        if columns.positions.is_empty() {
            return Ok(());
        }
        let Columns { positions, kinds, customers, entities, facts, created, send, expire } = &columns;
        client
            .execute(
                statements::NOTICES_QUEUED,
                &[positions, kinds, customers, entities, facts, created, send, expire],
            )
            .await?;
        Ok(())
    }
}

/// An array for each column.
#[derive(Default)]
struct Columns {
    positions: Vec<i64>,
    kinds: Vec<&'static str>,
    customers: Vec<Uuid>,
    entities: Vec<Uuid>,
    facts: Vec<serde_json::Value>,
    created: Vec<Time>,
    send: Vec<Time>,
    expire: Vec<Time>,
}

impl Columns {
    fn push(&mut self, told: &Told, notice: &Notice) {
        self.positions.push(told.position.get());
        self.kinds.push(notice.kind.as_str());
        self.customers.push(notice.customer);
        self.entities.push(notice.entity);
        self.facts.push(json!(notice.facts));
        self.created.push(told.recorded_at);
        self.send.push(notice.send_at);
        self.expire.push(notice.expires_at);
    }
}

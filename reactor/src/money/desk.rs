//! What everything about money works with: a connection whose number its claims carry, the provider, the ledger's door.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use domain::event::Provider;
use domain::phone::Phone;
use domain::{Money, Time};
use edge::Clock;
use edge::pace::Backoff;
use ledger::inbox::Inbox;
use ledger::seal::{SealError, Sealer};
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::figures::MoneyStatus;
use super::report::Owned;
use crate::azampay::AzamPay;
use crate::commands::{Answer, Command, Commands};
use crate::connection::connect;
use crate::error::{ReactorError, chain};

/// The first pause before an outcome is written again, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// One session's means. Its claims carry `number`, whose advisory lock `client` holds.
pub(super) struct Desk {
    pub(super) client: Client,
    pub(super) number: i32,
    pub(super) database_url: String,
    pub(super) azampay: Option<Arc<AzamPay>>,
    pub(super) commands: Arc<Commands>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) sealer: Sealer,
    pub(super) inbox: Inbox,
    pub(super) figures: MoneyStatus,
}

/// A statement with its values, to be carried out whatever happens.
pub(super) struct Note {
    pub(super) sql: &'static str,
    pub(super) values: Vec<Owned>,
}

impl Note {
    async fn write(&self, client: &Client) -> Result<u64, tokio_postgres::Error> {
        let values: Vec<&(dyn ToSql + Sync)> = self.values.iter().map(borrowed).collect();
        client.execute(self.sql, &values).await
    }
}

fn borrowed(value: &Owned) -> &(dyn ToSql + Sync) {
    &**value
}

impl Desk {
    /// A moment from now.
    pub(super) fn after(&self, pause: TimeDelta) -> Time {
        domain::timing::plus(self.clock.now(), pause)
    }

    /// Sends a command, and counts its answer.
    pub(super) async fn send(&self, command: &Command) -> Answer {
        let answer = self.commands.send(command).await;
        self.figures.sent(command.name, &answer);
        answer
    }

    /// Writes what became of a call, however long the database is away: it is known nowhere else.
    pub(super) async fn certainly(&self, note: Note) {
        let mut failed = match note.write(&self.client).await {
            Ok(_) => return,
            Err(error) => ReactorError::from(error),
        };
        let mut backoff = Backoff::new(PAUSES.0, PAUSES.1);
        loop {
            tracing::warn!(error = chain(&failed), "what became of a call is not written yet");
            backoff.pause(self.clock.as_ref()).await;
            failed = match connect(&self.database_url).await {
                Ok(client) => match note.write(&client).await {
                    Ok(_) => return,
                    Err(error) => error.into(),
                },
                Err(error) => error,
            };
        }
    }

    /// A phone that was sealed for somebody under one of these names; nothing once their key is destroyed.
    pub(super) async fn phone(
        &self,
        person: Uuid,
        fields: &[&str],
        sealed: &str,
    ) -> Result<Option<Phone>, SealError> {
        let Some(key) = self.sealer.existing_key(person).await? else { return Ok(None) };
        let mut failed = SealError::DoesNotOpen;
        for field in fields {
            match key.unseal(field, sealed) {
                Ok(text) => return Ok(Phone::parse(&text)),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }
}

/// The wallets that a call can pay out to.
pub(super) fn paid_by_call() -> Vec<&'static str> {
    let all = [Provider::Mpesa, Provider::Mixx, Provider::Airtel, Provider::Halopesa, Provider::Azampesa];
    let called = all.into_iter().filter(|provider| crate::azampay::pays_out(*provider));
    called.map(Provider::as_str).collect()
}

/// The wallet and the amount of a row.
pub(super) fn wallet_and_amount(
    table: &'static str,
    provider: &str,
    amount: i64,
) -> Result<(Provider, Money), ReactorError> {
    let damaged = |what| ReactorError::Damaged { table, what };
    let provider = crate::azampay::operator(provider).ok_or_else(|| damaged("an unknown wallet"))?;
    Ok((provider, Money::new(amount).ok_or_else(|| damaged("a negative amount"))?))
}

//! Sends the messages of the outbox, each at most once.
//!
//! A row is claimed, and the claim committed, before anybody outside is called. So whatever happens in between, a
//! claimed row without an outcome means that nobody knows: it becomes `unknown` when the next sender starts, and is
//! never sent again, because no provider recognises a repeat. One sender works at a time (an advisory lock on the
//! connection that claims); a row that is not claimed before its time is over is `expired`. With its end, whatever it
//! is, the text and the number leave the row. They lie there sealed under a key of the request, and are opened only
//! here, in memory; neither is ever logged.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use edge::Clock;
use edge::metrics::{Counter, Metrics};
use edge::pace::{Backoff, rest};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use ledger::Ledger;
use ledger::seal::{Keys, SealError, Sealer, Wrapped};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use crate::connection::{SENDING, locked};
use crate::error::{ReactorError, chain};
use crate::statements;

/// How often is looked for new messages: a person waits for the code.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How many messages are claimed at once, and on their way at the same time. Few: those that a crash leaves unknown.
const CLAIMED: i64 = 16;
const AT_ONCE: usize = 8;
/// The first pause after a failure, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// What became of a message at the provider's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The provider took it.
    Accepted {
        /// The provider's id of it.
        provider_id: String,
    },
    /// It was certainly not sent.
    Refused {
        /// Why, without number or text.
        reason: String,
    },
    /// Nobody knows: it may have been sent.
    Unknown,
}

impl Delivery {
    /// The word in the database and in metrics.
    const fn state(&self) -> &'static str {
        match self {
            Self::Accepted { .. } => "sent",
            Self::Refused { .. } => "refused",
            Self::Unknown => "unknown",
        }
    }
}

/// Somebody who carries texts to phones.
#[async_trait]
pub trait Messenger: Send + Sync {
    /// Sends a text to a number (E.164), once.
    async fn send(&self, to: &str, text: &str) -> Delivery;
}

/// The words for the end of a message.
const STATES: [&str; 4] = ["sent", "refused", "unknown", "expired"];

/// A claimed message, still sealed.
struct Claimed {
    id: Uuid,
    request: Uuid,
    /// Nothing once the request is forgotten.
    sealed: Option<(Wrapped, String, String)>,
}

impl Claimed {
    fn read(row: &Row) -> Result<Self, ReactorError> {
        let (generation, bytes): (Option<i32>, Option<Vec<u8>>) = (row.try_get(2)?, row.try_get(3)?);
        let (to, text): (Option<String>, Option<String>) = (row.try_get(4)?, row.try_get(5)?);
        let sealed = generation.zip(bytes).zip(to.zip(text));
        let sealed =
            sealed.map(|((generation, bytes), (to, text))| (Wrapped { generation, bytes }, to, text));
        Ok(Self { id: row.try_get(0)?, request: row.try_get(1)?, sealed })
    }
}

/// The sender of the outbox.
pub struct Outbox {
    database_url: String,
    ledger: Ledger,
    keys: Keys,
    clock: Arc<dyn Clock>,
    messenger: Arc<dyn Messenger>,
    counters: BTreeMap<&'static str, Counter>,
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbox").field("ledger", &self.ledger).finish_non_exhaustive()
    }
}

impl Outbox {
    /// A sender with the login of the reactor, which opens what it sends with the keys of the installation.
    #[must_use]
    pub fn new(
        (database_url, ledger): (String, Ledger),
        keys: Keys,
        messenger: Arc<dyn Messenger>,
        clock: Arc<dyn Clock>,
        metrics: &Metrics,
    ) -> Self {
        let help = "Messages by what became of them.";
        let counters = metrics.counters("reactor_messages_total", help, &["outcome"]);
        let counters = STATES.map(|state| (state, counters.with_label_values(&[state]))).into();
        Self { database_url, ledger, keys, clock, messenger, counters }
    }

    /// Runs it as a task of the present runtime.
    #[must_use]
    pub fn start(self) -> Sending {
        let (stop, stopping) = watch::channel(false);
        Sending { stop, task: tokio::spawn(self.run(stopping)) }
    }

    /// Sends until `stop` says true. What is on its way then is waited for; a database that is away, too.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut backoff = Backoff::new(PAUSES.0, PAUSES.1);
        loop {
            match self.session(stop.clone(), &mut backoff).await {
                Err(Ended::Stopped) => return,
                Err(Ended::Failed(error)) => {
                    tracing::warn!(error = chain(&error), "the sender of messages starts again");
                }
            }
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = backoff.pause(self.clock.as_ref()) => {}
            }
        }
    }

    async fn session(
        &self,
        mut stop: watch::Receiver<bool>,
        backoff: &mut Backoff,
    ) -> Result<Infallible, Ended> {
        let client = tokio::select! {
            client = locked(&self.database_url, SENDING) => client?,
            _ = stop.wait_for(|stop| *stop) => return Err(Ended::Stopped),
        };
        let identity = self.ledger.identity().await.map_err(ReactorError::from)?;
        let sealer = Sealer::new(self.keys.clone(), self.ledger.clone(), identity);
        let lost = client.execute(statements::MESSAGES_LOST, &[&self.clock.now()]).await?;
        if lost > 0 {
            tracing::warn!(
                lost,
                "messages were on their way when their sender ended; they are not sent again"
            );
        }
        backoff.reset();
        loop {
            if *stop.borrow() {
                return Err(Ended::Stopped);
            }
            if self.round(&client, &sealer).await? > 0 {
                continue;
            }
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return Err(Ended::Stopped),
                () = rest(LOOK_EVERY) => {}
            }
        }
    }

    /// Sends what waits, and says how many that were.
    async fn round(&self, client: &Client, sealer: &Sealer) -> Result<usize, ReactorError> {
        let now = self.clock.now();
        let expired = client.execute(statements::MESSAGES_EXPIRED, &[&now]).await?;
        self.count("expired", expired);
        let rows = client.query(statements::MESSAGES_CLAIMED, &[&now, &CLAIMED]).await?;
        let claimed: Vec<Claimed> = rows.iter().map(Claimed::read).collect::<Result<_, _>>()?;
        let sent = stream::iter(claimed).map(|claimed| self.send(client, sealer, claimed));
        sent.buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        Ok(rows.len())
    }

    async fn send(&self, client: &Client, sealer: &Sealer, claimed: Claimed) -> Result<(), ReactorError> {
        let delivery = match open(sealer, &claimed) {
            Ok((to, text)) => self.messenger.send(&to, &text).await,
            Err(error) => Delivery::Refused { reason: chain(&error) },
        };
        self.count(delivery.state(), 1);
        let provider_id = match &delivery {
            Delivery::Accepted { provider_id } => Some(provider_id.as_str()),
            Delivery::Refused { reason } => {
                tracing::warn!(message = %claimed.id, reason, "a message was not sent");
                None
            }
            Delivery::Unknown => {
                tracing::warn!(message = %claimed.id, "nobody knows whether a message was sent");
                None
            }
        };
        let values: [&(dyn ToSql + Sync); 4] =
            [&claimed.id, &delivery.state(), &provider_id, &self.clock.now()];
        match client.execute(statements::MESSAGE_SETTLED, &values).await? {
            1 => Ok(()),
            _ => Err(ReactorError::Damaged { table: "access.message", what: "a claimed row is gone" }),
        }
    }

    fn count(&self, outcome: &str, by: u64) {
        if let Some(counter) = self.counters.get(outcome) {
            counter.inc_by(by);
        }
    }
}

/// A sender that runs. Dropping it stops it soon; stop it to wait for what is on its way.
#[derive(Debug)]
pub struct Sending {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Sending {
    /// Stops it and waits until it has ended.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the task that sends messages failed");
        }
    }
}

/// The number and the text of a message.
fn open(sealer: &Sealer, claimed: &Claimed) -> Result<(String, String), SealError> {
    let (key, to, text) = claimed.sealed.as_ref().ok_or(SealError::Malformed)?;
    let key = sealer.open_with(claimed.request, key)?;
    Ok((key.unseal("phone", to)?, key.unseal("text", text)?))
}

/// Why a session came back.
enum Ended {
    Stopped,
    Failed(ReactorError),
}

impl<E: Into<ReactorError>> From<E> for Ended {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

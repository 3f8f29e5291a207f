//! One-time codes: messages without an event, sealed under a key of their request.
//!
//! A row that is not claimed before its time is over is `expired`. With its end, whatever it is, the text and the number
//! leave the row. A refusal is final: whoever waits for a code asks for another one.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use ledger::seal::{SealError, Sealer, Wrapped};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use super::outbox::{AT_ONCE, CLAIMED, Desk};
use super::{Delivery, Text};
use crate::error::{ReactorError, chain};
use crate::statements;

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

/// The word for an outcome in the database and in metrics.
const fn state(delivery: &Delivery) -> &'static str {
    match delivery {
        Delivery::Accepted { .. } => "sent",
        Delivery::Refused { .. } => "refused",
        Delivery::Unknown => "unknown",
    }
}

/// What was on its way when the sender before ended; how many that were.
pub(super) async fn give_up(desk: &Desk<'_>, client: &Client) -> Result<u64, ReactorError> {
    Ok(client.execute(statements::MESSAGES_LOST, &[&desk.now()]).await?)
}

/// Sends what waits, and says how many that were.
pub(super) async fn round(desk: &Desk<'_>, client: &Client) -> Result<usize, ReactorError> {
    let now = desk.now();
    desk.figures.code("expired", client.execute(statements::MESSAGES_EXPIRED, &[&now]).await?);
    let rows = client.query(statements::MESSAGES_CLAIMED, &[&now, &CLAIMED]).await?;
    let claimed: Vec<Claimed> = rows.iter().map(Claimed::read).collect::<Result<_, _>>()?;
    let sent = stream::iter(claimed).map(|claimed| send(desk, client, claimed));
    sent.buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    Ok(rows.len())
}

async fn send(desk: &Desk<'_>, client: &Client, claimed: Claimed) -> Result<(), ReactorError> {
    let delivery = match open(desk.sealer, &claimed) {
        Ok((to, text)) => {
            let reference = claimed.id.to_string();
            desk.post.route.send(&Text { to: &to, text: &text, reference: &reference }).await.1
        }
        Err(error) => Delivery::refused(chain(&error)),
    };
    desk.figures.code(state(&delivery), 1);
    let provider_id = match &delivery {
        Delivery::Accepted { provider_id } => Some(provider_id.as_str()),
        Delivery::Refused { reason, .. } => {
            tracing::warn!(message = %claimed.id, reason, "a message was not sent");
            None
        }
        Delivery::Unknown => {
            tracing::warn!(message = %claimed.id, "nobody knows whether a message was sent");
            None
        }
    };
    settle(client, claimed.id, state(&delivery), provider_id, desk.now()).await
}

async fn settle(
    client: &Client,
    id: Uuid,
    state: &str,
    provider_id: Option<&str>,
    now: domain::Time,
) -> Result<(), ReactorError> {
    let values: [&(dyn ToSql + Sync); 4] = [&id, &state, &provider_id, &now];
    match client.execute(statements::MESSAGE_SETTLED, &values).await? {
        1 => Ok(()),
        _ => Err(ReactorError::Damaged { table: "access.message", what: "a claimed row is gone" }),
    }
}

/// The number and the text of a message.
fn open(sealer: &Sealer, claimed: &Claimed) -> Result<(String, String), SealError> {
    let (key, to, text) = claimed.sealed.as_ref().ok_or(SealError::Malformed)?;
    let key = sealer.open_with(claimed.request, key)?;
    Ok((key.unseal("phone", to)?, key.unseal("text", text)?))
}

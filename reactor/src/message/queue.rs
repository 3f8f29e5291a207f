//! Notices of events on their way out.
//!
//! In one short transaction what is due is looked at, each held to the [`super::Allowance`], and claimed, put off, or
//! removed if its customer is not known any more. Then it is written in the customer's language and sent. A sure refusal
//! that may be otherwise later is tried again, with pauses, a few times and not beyond its expiry. A row that goes
//! meanwhile, because its customer is erased, has no outcome: there is nothing left to note it on.

use chrono::TimeDelta;
use domain::customer::Language;
use domain::{Time, timing};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, GenericClient, Row};
use uuid::Uuid;

use super::allowance::day_began;
use super::outbox::{AT_ONCE, CLAIMED, Desk};
use super::{Delivery, Text};
use crate::error::{ReactorError, chain};
use crate::notice::{Facts, Kind, render};
use crate::statements::notices as statements;

/// How many are given up as expired at once.
const EXPIRED: i64 = 5_000;
/// The pauses before a refused notice is tried again: a provider's hiccup, its restart, its top-up.
const PAUSES: [TimeDelta; 4] =
    [TimeDelta::seconds(30), TimeDelta::minutes(5), TimeDelta::minutes(30), TimeDelta::hours(2)];
/// The longest reason that is kept.
const REASON: usize = 200;

type Values<'a> = [&'a (dyn ToSql + Sync)];

/// A notice that is due.
struct Due {
    position: i64,
    kind: Kind,
    customer: Uuid,
    facts: serde_json::Value,
    expires_at: Time,
    attempts: usize,
    /// Sealed, with the language; nothing if the customer is not known.
    reached: Option<(String, Language)>,
    /// How many went to the same number today.
    today: i64,
}

impl Due {
    fn read(row: &Row) -> Result<Self, ReactorError> {
        let damaged = |what| ReactorError::Damaged { table: "reactor.notice", what };
        let phone: Option<String> = row.try_get(6)?;
        let language = match row.try_get::<_, Option<&str>>(7)? {
            Some("en") => Language::En,
            Some(_) | None => Language::Sw,
        };
        Ok(Self {
            position: row.try_get(0)?,
            kind: kind(row.try_get(1)?)?,
            customer: row.try_get(2)?,
            facts: row.try_get(3)?,
            expires_at: row.try_get(4)?,
            attempts: usize::try_from(row.try_get::<_, i32>(5)?).map_err(|_| damaged("negative attempts"))?,
            reached: phone.map(|phone| (phone, language)),
            today: row.try_get(8)?,
        })
    }

    /// Our name for it.
    fn reference(&self) -> String {
        format!("{}-{}", self.position, self.kind.as_str())
    }
}

pub(super) fn kind(word: &str) -> Result<Kind, ReactorError> {
    Kind::parse(word).ok_or(ReactorError::Damaged { table: "reactor.notice", what: "an unknown kind" })
}

/// What was on its way when the sender before ended; how many that were.
pub(super) async fn give_up(desk: &Desk<'_>, client: &Client) -> Result<usize, ReactorError> {
    let rows = client.query(statements::NOTICES_LOST, &[&desk.now()]).await?;
    for row in &rows {
        desk.figures.notice(kind(row.try_get(0)?)?, "unknown");
    }
    Ok(rows.len())
}

/// Sends what is due, if it stands since `settled`; how many that were.
pub(super) async fn round(
    desk: &Desk<'_>,
    client: &mut Client,
    settled: Time,
) -> Result<usize, ReactorError> {
    let now = desk.now();
    let expired = client.query(statements::NOTICES_EXPIRED, &[&now, &EXPIRED]).await?;
    for row in &expired {
        desk.figures.notice(kind(row.try_get(0)?)?, "expired");
    }
    let (looked_at, claimed) = claim(desk, client, settled.min(now), now).await?;
    let client = &*client;
    let sent = stream::iter(claimed).map(|due| send(desk, client, due));
    sent.buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    Ok(looked_at)
}

/// Claims what may go, and puts off what may not; how many were looked at, and what was claimed.
async fn claim(
    desk: &Desk<'_>,
    client: &mut Client,
    settled: Time,
    now: Time,
) -> Result<(usize, Vec<Due>), ReactorError> {
    let transaction = client.transaction().await?;
    let began = day_began(now);
    let rows = transaction.query(statements::NOTICES_DUE, &[&settled, &now, &began, &CLAIMED]).await?;
    if rows.is_empty() {
        return Ok((0, Vec::new()));
    }
    let mut in_all: i64 = transaction.query_one(statements::WENT_TODAY, &[&began]).await?.try_get(0)?;
    let mut claimed: Vec<Due> = Vec::new();
    for row in &rows {
        let due = Due::read(row)?;
        let key: &Values<'_> = &[&due.position, &due.kind.as_str()];
        if due.reached.is_none() {
            transaction.execute(statements::NOTICE_GONE, key).await?;
            continue;
        }
        let along = claimed.iter().filter(|other| other.customer == due.customer).count();
        let today = due.today.saturating_add(i64::try_from(along).unwrap_or(i64::MAX));
        match desk.post.allowance.waits(due.kind, now, (today, in_all)) {
            Some(until) => put_off_in_tx(desk, &transaction, &due, until).await?,
            None => {
                claim_in_tx(&transaction, &due, now).await?;
                in_all = in_all.saturating_add(1);
                claimed.push(due);
            }
        }
    }
    transaction.commit().await?;
    Ok((rows.len(), claimed))
}

async fn claim_in_tx<C: GenericClient>(client: &C, due: &Due, now: Time) -> Result<(), ReactorError> {
    let values: &Values<'_> = &[&due.position, &due.kind.as_str(), &now];
    match client.execute(statements::NOTICE_CLAIMED, values).await? {
        1 => Ok(()),
        _ => Err(ReactorError::Damaged { table: "reactor.notice", what: "a locked row is gone" }),
    }
}

async fn put_off_in_tx<C: GenericClient>(
    desk: &Desk<'_>,
    client: &C,
    due: &Due,
    until: Time,
) -> Result<(), ReactorError> {
    desk.figures.notice(due.kind, "put_off");
    // Where it expires before, it is found then.
    let until = until.min(due.expires_at);
    let values: &Values<'_> = &[&due.position, &due.kind.as_str(), &until];
    client.execute(statements::NOTICE_PUT_OFF, values).await?;
    Ok(())
}

/// Writes and sends a claimed notice, and notes what became of it.
async fn send(desk: &Desk<'_>, client: &Client, due: Due) -> Result<(), ReactorError> {
    let (provider, delivery) = match written(desk, &due).await {
        Ok(Some((to, text))) => {
            let reference = due.reference();
            let (name, delivery) =
                desk.post.route.send(&Text { to: &to, text: &text, reference: &reference }).await;
            (Some(name), delivery)
        }
        Ok(None) => {
            let key: &Values<'_> = &[&due.position, &due.kind.as_str()];
            client.execute(statements::NOTICE_GONE, key).await?;
            return Ok(());
        }
        Err(reason) => (None, Delivery::refused(reason)),
    };
    note(desk, client, &due, (provider, delivery)).await
}

/// The number and the text; nothing if the customer was erased.
async fn written(desk: &Desk<'_>, due: &Due) -> Result<Option<(String, String)>, String> {
    let Some((phone, language)) = &due.reached else { return Ok(None) };
    let facts: Facts = serde_json::from_value(due.facts.clone()).map_err(|error| error.to_string())?;
    let text = render(due.kind, *language, &facts).map_err(|error| error.to_string())?;
    // The key as it is now: an erasure that the reactor has not read yet has destroyed it.
    desk.sealer.forget(due.customer);
    let phone = desk.sealer.unseal(due.customer, "phone", phone).await.map_err(|error| chain(&error))?;
    Ok(phone.map(|phone| (phone, text)))
}

/// When a refused notice is tried again, if it is.
fn next_try(due: &Due, now: Time) -> Option<Time> {
    let pause = PAUSES.get(due.attempts)?;
    Some(timing::plus(now, *pause)).filter(|next| *next < due.expires_at)
}

async fn note(
    desk: &Desk<'_>,
    client: &Client,
    due: &Due,
    (provider, delivery): (Option<&'static str>, Delivery),
) -> Result<(), ReactorError> {
    let now = desk.now();
    let (position, kind) = (due.position, due.kind.as_str());
    let (outcome, provider_id, reason) = match delivery {
        Delivery::Accepted { provider_id } => ("sent", Some(provider_id), None),
        Delivery::Unknown => ("unknown", None, None),
        Delivery::Refused { reason, for_now } => {
            let reason: String = reason.chars().take(REASON).collect();
            if let Some(next) = next_try(due, now).filter(|_| for_now) {
                desk.figures.notice(due.kind, "retried");
                let values: &Values<'_> = &[&position, &kind, &next, &provider, &reason];
                client.execute(statements::NOTICE_REFUSED_FOR_NOW, values).await?;
                return Ok(());
            }
            ("failed", None, Some(reason))
        }
    };
    if outcome != "sent" {
        tracing::warn!(position, kind, outcome, provider, reason, "a notice did not surely go out");
    }
    desk.figures.notice(due.kind, outcome);
    let provider_id = provider_id.filter(|id| !id.is_empty());
    let values: &Values<'_> = &[&position, &kind, &outcome, &provider, &provider_id, &reason, &now];
    client.execute(statements::NOTICE_SETTLED, values).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_notice_is_tried_again_a_few_times_and_not_beyond_its_expiry() {
        let now: Time = "2026-03-02T06:00:00Z".parse().unwrap();
        let due = |attempts, hours| Due {
            position: 7,
            kind: Kind::Receipt,
            customer: Uuid::nil(),
            facts: serde_json::json!({}),
            expires_at: now + TimeDelta::hours(hours),
            attempts,
            reached: None,
            today: 0,
        };
        let pauses: Vec<_> = (0..6).map(|attempts| next_try(&due(attempts, 24), now)).collect();
        let expected = PAUSES.map(|pause| Some(now + pause));
        assert_eq!(pauses[..4], expected);
        assert_eq!(pauses[4..], [None, None]);
        assert_eq!(next_try(&due(3, 2), now), None);
        assert_eq!(due(0, 1).reference(), "7-receipt");
    }
}

//! The task of a cabinet that speaks: commands, inventories, heartbeats, one after the other.
//!
//! Keeps true: a command leaves the outbox when the ledger has said the last word on it, and not before; what was kept while
//! there was no link goes as one upload, in order.

use std::sync::Arc;
use std::time::Duration;

use edge::pace::Backoff;
use futures_util::future::join;
use reqwest::StatusCode;
use serde_json::Value;
use tokio::time::timeout;
use uuid::Uuid;

use super::letter::Letter;
use super::link::{Link, LinkError, may_change};
use super::resident::Errand;
use super::town::Town;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Speaks for as long as the cabinet is there.
pub(super) async fn speak(town: Arc<Town>, id: Uuid) {
    let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
    let mut was_away = false;
    while let Some((errand, link, wake)) = town.with(id, |resident, moment| {
        (resident.errand(moment), Arc::clone(&resident.link), Arc::clone(&resident.voice))
    }) {
        let heard = match errand {
            Errand::Offline(wait) => {
                was_away = true;
                let _ = timeout(wait, wake.notified()).await;
                continue;
            }
            Errand::Nothing(wait) => {
                let _ = timeout(wait, wake.notified()).await;
                continue;
            }
            Errand::Commands(letters) => {
                let heard = commands(&town, id, &link, &letters, was_away).await;
                was_away = !heard;
                heard
            }
            Errand::Inventory(body) => inventory(&town, id, &link, &body).await,
            Errand::Heartbeat(body) => heartbeat(&town, id, &link, &body).await,
        };
        if heard {
            backoff.reset();
        } else {
            backoff.pause(town.clock.as_ref()).await;
        }
    }
}

/// Sends commands. Whether each of them has its last word.
async fn commands(town: &Town, id: Uuid, link: &Link, letters: &[Letter], was_away: bool) -> bool {
    match letters {
        [letter] if !was_away => single(town, id, link, letter).await,
        many => upload(town, id, link, many).await,
    }
}

async fn single(town: &Town, id: Uuid, link: &Link, letter: &Letter) -> bool {
    let body = letter.body();
    let answer = if letter.twice {
        let (first, second) = join(link.command(&body), link.command(&body)).await;
        first.or(second)
    } else {
        link.command(&body).await
    };
    match answer {
        Ok(answer) => settle(town, id, &[(letter, outcome(&answer))]),
        Err(LinkError::Refused { code }) => settle(town, id, &[(letter, &code)]),
        Err(error @ (LinkError::Away(_) | LinkError::NotNow(_) | LinkError::Stranger)) => {
            tracing::debug!(%id, %error, "a cabinet's command was not taken");
            return false;
        }
    }
    true
}

async fn upload(town: &Town, id: Uuid, link: &Link, letters: &[Letter]) -> bool {
    let lines: String = letters.iter().map(|letter| format!("{}\n", letter.body())).collect();
    let answer = if letters.iter().any(|letter| letter.twice) {
        let (first, second) = join(link.batch(lines.clone()), link.batch(lines)).await;
        first.or(second)
    } else {
        link.batch(lines).await
    };
    match answer {
        Ok(answers) => {
            let lines = letters.iter().zip(&answers);
            let settled: Vec<_> =
                lines.filter_map(|(letter, line)| Some((letter, last_word(line)?))).collect();
            settle(town, id, &settled);
            settled.len() == letters.len()
        }
        Err(error) => {
            tracing::debug!(%id, %error, "a cabinet's upload was not taken");
            false
        }
    }
}

/// What a line of an upload comes to; nothing where it may come to something else later.
fn last_word(answer: &Value) -> Option<&str> {
    let Some(status) = answer.get("status").and_then(Value::as_u64) else {
        return answer.get("outcome").and_then(Value::as_str);
    };
    let status = u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok())?;
    let code = outcome(answer);
    (!may_change(status, code) && status != StatusCode::UNAUTHORIZED).then_some(code)
}

/// `recorded`, `already_done`, or the code of a refusal.
fn outcome(answer: &Value) -> &str {
    ["code", "outcome"].iter().find_map(|name| answer.get(*name)?.as_str()).unwrap_or("answered")
}

/// These commands have their last word.
fn settle(town: &Town, id: Uuid, words: &[(&Letter, &str)]) {
    town.change(id, |resident, moment| {
        for (letter, word) in words {
            resident.cabinet.settled(letter.command_id);
            resident.did(moment.now, format!("sent {:?}: {word}", letter.kind));
        }
    });
}

async fn inventory(town: &Town, id: Uuid, link: &Link, body: &Value) -> bool {
    let answer = link.inventory(body).await;
    town.with(id, |resident, moment| match answer {
        Ok(answer) => {
            let differences = answer.get("differences").and_then(Value::as_array).map_or(0, Vec::len);
            resident.did(moment.now, format!("sent an inventory: {differences} differences"));
            true
        }
        Err(LinkError::Refused { code }) => {
            resident.did(moment.now, format!("sent an inventory: {code}"));
            true
        }
        Err(LinkError::Away(_) | LinkError::NotNow(_) | LinkError::Stranger) => {
            resident.inventory_wanted = true;
            false
        }
    })
    .unwrap_or(false)
}

async fn heartbeat(town: &Town, id: Uuid, link: &Link, body: &Value) -> bool {
    let answer = link.heartbeat(body).await;
    town.with(id, |resident, moment| match answer {
        Ok(_) => true,
        Err(LinkError::Refused { code }) => {
            resident.did(moment.now, format!("sent a heartbeat: {code}"));
            true
        }
        Err(LinkError::Away(_) | LinkError::NotNow(_) | LinkError::Stranger) => {
            resident.unheard();
            false
        }
    })
    .unwrap_or(false)
}

//! Letters with delivery reports: each moves its notice onward, before the letter is marked.
//!
//! What a report does is absolute, so a repeat after a crash changes nothing. A report may be here before our own outcome
//! is: one that names no message is looked at again for a while. Reports of one-time codes change nothing: those rows are
//! forgotten soon.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use edge::pace::rest;
use ledger::inbox::{Inbox, Judgement, Letter, LetterKind};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};

use super::outbox::Desk;
use super::queue::kind;
use super::report::{Report, State, apply_report};
use crate::error::ReactorError;
use crate::statements::notices as statements;

/// How often is looked for letters. Nobody waits for them.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How many letters are taken at once.
const TAKEN: i64 = 200;
/// After so many looks a report names nothing of ours.
const LOOKS: u32 = 120;

/// Reads letters until something fails.
pub(super) async fn read(
    desk: &Desk<'_>,
    client: &Client,
    inbox: &Inbox,
) -> Result<Infallible, ReactorError> {
    let mut unnamed: HashMap<i64, u32> = HashMap::new();
    loop {
        let mut after = i64::MIN;
        loop {
            let letters = inbox.waiting(after, TAKEN).await?;
            let Some(last) = letters.last() else { break };
            after = last.id;
            for letter in letters.iter().filter(|letter| letter.kind == LetterKind::SmsDelivery) {
                let looks = unnamed.get(&letter.id).copied().unwrap_or(0);
                match judge(desk, client, inbox, letter).await? {
                    None if looks < LOOKS => {
                        unnamed.insert(letter.id, looks.saturating_add(1));
                        continue;
                    }
                    None => inbox.mark(letter.id, Judgement::Judged, "no_message").await?,
                    Some((judgement, word)) => inbox.mark(letter.id, judgement, word).await?,
                };
                unnamed.remove(&letter.id);
            }
        }
        rest(LOOK_EVERY).await;
    }
}

/// What became of a letter, in a word; nothing if it names no message yet.
async fn judge(
    desk: &Desk<'_>,
    client: &Client,
    inbox: &Inbox,
    letter: &Letter,
) -> Result<Option<(Judgement, &'static str)>, ReactorError> {
    let body = match inbox.open(letter) {
        Ok(body) => body,
        Err(error) if error.is_renewed() => return Ok(None),
        Err(_) => return Ok(Some((Judgement::Failed, "sealed"))),
    };
    let Some(report) = Report::parse(&body) else { return Ok(Some((Judgement::Failed, "garbage"))) };
    let rows = client.query(statements::NOTICE_OF_PROVIDER, &[&report.provider, &report.id]).await?;
    if let [row] = rows.as_slice() {
        return apply(desk, client, row, &report).await.map(|word| Some((Judgement::Judged, word)));
    }
    let code: bool = client.query_one(statements::CODE_OF_PROVIDER, &[&report.id]).await?.try_get(0)?;
    Ok(code.then_some((Judgement::Judged, "code")))
}

/// Moves a notice onward.
async fn apply(
    desk: &Desk<'_>,
    client: &Client,
    row: &Row,
    report: &Report,
) -> Result<&'static str, ReactorError> {
    let (position, word): (i64, &str) = (row.try_get(0)?, row.try_get(1)?);
    let damaged = ReactorError::Damaged { table: "reactor.notice", what: "an unknown state" };
    let state = State::parse(row.try_get(2)?).ok_or(damaged)?;
    let Some(next) = apply_report(state, report) else { return Ok("unchanged") };
    let values: &[&(dyn ToSql + Sync)] = &[&position, &word, &state.as_str(), &next.as_str(), &desk.now()];
    if client.execute(statements::NOTICE_REPORTED, values).await? == 1 {
        desk.figures.notice(kind(word)?, next.as_str());
    }
    Ok(next.as_str())
}

//! The tables of the schema `finance`, as this service uses them.

use ledger::{Ledger, LedgerError};
use serde_json::Value;
use uuid::Uuid;

use super::line::{Line, Period};
use crate::statements;

/// How many lines go into one statement.
const CHUNK: usize = 5_000;

/// A line and what it came to.
#[derive(Debug)]
pub(crate) struct Judged<'a> {
    pub(crate) line: &'a Line,
    pub(crate) matched: Option<(&'static str, Uuid)>,
    pub(crate) broken: Option<(&'static str, Uuid)>,
}

/// A statement that is to be kept.
#[derive(Debug)]
pub(crate) struct Kept<'a> {
    pub(crate) statement_id: Uuid,
    pub(crate) digest: [u8; 32],
    pub(crate) uploaded_by: String,
    pub(crate) period: Period,
    pub(crate) matched: usize,
    pub(crate) answer: Value,
    pub(crate) lines: Vec<Judged<'a>>,
}

/// What was answered when this file came before, if it did.
///
/// # Errors
/// The database is away.
pub(crate) async fn answer(ledger: &Ledger, digest: &[u8; 32]) -> Result<Option<Value>, LedgerError> {
    let client = ledger.pool().get().await?;
    let statement = client.prepare_cached(statements::STATEMENT_ANSWER).await?;
    let row = client.query_opt(&statement, &[&digest.as_slice()]).await?;
    row.map(|row| Ok(row.try_get(0)?)).transpose()
}

/// Keeps a statement with its lines; `false` if another upload of the same file was quicker, and then nothing is.
///
/// # Errors
/// The database is away.
pub(crate) async fn keep(ledger: &Ledger, kept: &Kept<'_>) -> Result<bool, LedgerError> {
    let mut client = ledger.pool().get().await?;
    let transaction = client.transaction().await?;
    let statement = transaction.prepare_cached(statements::KEEP_STATEMENT).await?;
    let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    let added = transaction
        .execute(
            &statement,
            &[
                &kept.statement_id,
                &kept.digest.as_slice(),
                &kept.uploaded_by,
                &kept.period.from,
                &kept.period.until,
                &count(kept.lines.len()),
                &count(kept.matched),
                &kept.answer,
            ],
        )
        .await?;
    if added == 0 {
        transaction.rollback().await?;
        return Ok(false);
    }
    for chunk in kept.lines.chunks(CHUNK) {
        keep_lines_in_tx(&transaction, kept.statement_id, chunk).await?;
    }
    transaction.commit().await?;
    Ok(true)
}

async fn keep_lines_in_tx(
    transaction: &deadpool_postgres::Transaction<'_>,
    statement_id: Uuid,
    lines: &[Judged<'_>],
) -> Result<(), LedgerError> {
    let statement = transaction.prepare_cached(statements::KEEP_STATEMENT_LINES).await?;
    let column = |of: fn(&Judged<'_>) -> Option<String>| lines.iter().map(of).collect::<Vec<_>>();
    let numbers: Vec<i32> =
        lines.iter().map(|one| i32::try_from(one.line.number).unwrap_or(i32::MAX)).collect();
    let kinds: Vec<&str> = lines.iter().map(|one| one.line.kind.as_str()).collect();
    let providers: Vec<&str> = lines.iter().map(|one| one.line.provider.as_str()).collect();
    let theirs = column(|one| one.line.transaction_id.as_ref().map(|text| text.as_str().to_owned()));
    let ours = column(|one| one.line.external_reference.as_ref().map(|text| text.as_str().to_owned()));
    let amounts: Vec<i64> = lines.iter().map(|one| one.line.amount).collect();
    let succeeded: Vec<bool> = lines.iter().map(|one| one.line.succeeded).collect();
    let times: Vec<domain::Time> = lines.iter().map(|one| one.line.completed_at).collect();
    let (matched, matched_ids) = pairs(lines, |one| one.matched);
    let (causes, breaks) = pairs(lines, |one| one.broken);
    let written = transaction
        .execute(
            &statement,
            &[
                &statement_id,
                &numbers,
                &kinds,
                &providers,
                &theirs,
                &ours,
                &amounts,
                &succeeded,
                &times,
                &matched,
                &matched_ids,
                &causes,
                &breaks,
            ],
        )
        .await?;
    debug_assert_eq!(usize::try_from(written).ok(), Some(lines.len()));
    Ok(())
}

type Pairs = (Vec<Option<&'static str>>, Vec<Option<Uuid>>);

fn pairs(lines: &[Judged<'_>], of: fn(&Judged<'_>) -> Option<(&'static str, Uuid)>) -> Pairs {
    lines.iter().map(|one| of(one).unzip()).unzip()
}

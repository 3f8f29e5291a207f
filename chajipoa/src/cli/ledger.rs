//! `chajipoa ledger`: looking at the events as they are stored, and proving them.

use std::process::ExitCode;
use std::time::Duration;

use edge::settings;
use ledger::{Bell, Envelope, Ledger, Position, feed::Feed as _, feed::PostgresFeed};
use serde_json::{Value, json};

use super::{Failure, arguments::LedgerCommand, say};
use crate::{
    cluster::Connection,
    installation::{DATABASE, Installation},
};

/// Events printed at a time while following.
const BATCH: usize = 500;

/// Prints events, or verifies them.
pub(super) async fn run(command: LedgerCommand, as_json: bool) -> Result<ExitCode, Failure> {
    let url = database_url().await?;
    let ledger = Ledger::connect(&url, 1)?;
    match command {
        LedgerCommand::Show { position } => {
            let before = Position::new(position.saturating_sub(1));
            match ledger.read_after(before, 1).await?.first() {
                Some(event) if position >= 1 => print(event, as_json)?,
                Some(_) | None => {
                    return Err(Failure::other(std::io::Error::other(format!(
                        "there is no event {position}"
                    ))));
                }
            }
        }
        LedgerCommand::Tail { lines, follow } => {
            let last = ledger.last_position().await?;
            let after = Position::new(last.get().saturating_sub(i64::from(lines)).max(0));
            tail(&ledger, after, last, follow, as_json).await?;
        }
        LedgerCommand::Verify(asked) => return super::verify::run(&url, &asked, as_json).await,
        LedgerCommand::Export(asked) => super::export::run(&ledger, asked, as_json).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn tail(
    ledger: &Ledger,
    after: Position,
    last: Position,
    follow: bool,
    as_json: bool,
) -> Result<(), Failure> {
    let mut feed = PostgresFeed::new(ledger.clone(), after, None::<&Bell>);
    while follow || feed.position() < last {
        let stopped = tokio::time::timeout(Duration::MAX, feed.next(BATCH)).await;
        for event in stopped.map_err(Failure::other)?? {
            print(&event, as_json)?;
        }
    }
    Ok(())
}

fn print(event: &Envelope, as_json: bool) -> Result<(), Failure> {
    let data: Value = serde_json::from_slice(&event.payload).unwrap_or(Value::Null);
    let streams: Vec<Value> = event
        .streams
        .iter()
        .map(|stream| json!({"kind": stream.kind.as_str(), "id": stream.id, "version": stream.version}))
        .collect();
    let whole = json!({
        "position": event.position.get(), "id": event.id, "type": event.event_type,
        "version": event.schema_version, "streams": streams, "occurred_at": event.occurred_at,
        "recorded_at": event.recorded_at, "command_id": event.command_id, "actor": event.actor, "data": data,
    });
    say(as_json, &whole, || {
        format!(
            "{:>8}  {}  {:<24} {}  {}",
            event.position.get(),
            event.recorded_at.format("%Y-%m-%d %H:%M:%S%.3f"),
            event.event_type,
            event.actor,
            data
        )
    })
}

/// The database that is looked at: `DATABASE_URL`, else the private cluster of this checkout.
pub(super) async fn database_url() -> Result<String, Failure> {
    if let Some(url) = settings::text("DATABASE_URL")? {
        return Ok(url);
    }
    let installation = Installation::of_environment()?;
    let connection = tokio::task::spawn_blocking(move || Connection::of(&installation.data)).await;
    match connection.map_err(Failure::other)?? {
        Some(connection) => Ok(connection.url(DATABASE)),
        None => {
            Err(Failure::misuse("DATABASE_URL is not set, and no cluster was ever started here (make up)"))
        }
    }
}

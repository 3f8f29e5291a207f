//! Checks the invariants of a system that stands still: `verifier --database URL [--journal FILE] …`.
//!
//! Exit code 0: all hold. 1: one fell; each violation is a line with its invariant and position. 2: misuse.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use tests::harness::records;
use tests::verifier::{Evidence, Journal, Violation, models, verify};
use tokio_postgres::NoTls;

#[derive(Debug, Parser)]
#[command(name = "verifier", about = "Checks the invariants on what a system left behind.")]
struct Arguments {
    /// The database: a login that may read the ledger and the read models.
    #[arg(long, env = "DATABASE_URL")]
    database: String,
    /// What clients were answered, one JSON line for each sending.
    #[arg(long)]
    journal: Option<PathBuf>,
    /// Kafka, if the topic is to be checked.
    #[arg(long)]
    brokers: Option<String>,
    /// The topic.
    #[arg(long, default_value = ledger::feed::TOPIC)]
    topic: String,
    /// The tool, if the read models are to be compared with a rebuild.
    #[arg(long, requires = "projector")]
    tool: Option<PathBuf>,
    /// The projector's login, for the rebuild.
    #[arg(long)]
    projector: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(violations) if violations.is_empty() => {
            say("every invariant holds");
            ExitCode::SUCCESS
        }
        Ok(violations) => {
            for violation in &violations {
                say(&violation.to_string());
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            say(&format!("the evidence cannot be read: {error}"));
            ExitCode::from(2)
        }
    }
}

fn say(line: &str) {
    println!("{line}");
}

async fn run(arguments: Arguments) -> Result<Vec<Violation>, Box<dyn std::error::Error>> {
    let journal = arguments.journal.as_deref().map(Journal::read).transpose()?.unwrap_or_default();
    let (client, connection) = tokio_postgres::connect(&arguments.database, NoTls).await?;
    let connection = tokio::spawn(connection);
    let mut evidence = Evidence::read(&client).await?;
    drop(client);
    connection.await??;
    if let Some(brokers) = arguments.brokers {
        let topic = arguments.topic;
        let found = tokio::task::spawn_blocking(move || records(&brokers, &topic)).await?;
        evidence = evidence.with_records(found);
    }
    let mut violations = verify(&evidence, &journal);
    if let (Some(tool), Some(url)) = (arguments.tool, arguments.projector) {
        violations.extend(models::rebuilt(&tool, &url, &[]));
    }
    Ok(violations)
}

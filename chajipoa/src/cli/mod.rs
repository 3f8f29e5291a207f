//! The commands of the tool and their exit codes: 0 done, 1 the answer is no, 2 misuse.

mod arguments;
mod check;
mod difference;
mod export;
mod failure;
mod fork;
mod keys;
mod ledger;
mod projection;
mod receipt;
mod rerate;
mod skip;
mod staff;
mod token;
mod verify;

use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use edge::{SystemClock, settings, token::TokenKeys};

pub use failure::Failure;

use crate::{api::Api, installation::Installation, seed, services, simulate, up};
use arguments::{Arguments, Command, SimulateArguments};

/// Threads for everything that is not an HTTP worker.
const WORKER_THREADS: usize = 2;

/// Runs the tool.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Err(error) = edge::telemetry::start(matches!(arguments.command, Command::Up)) {
        return Failure::misuse(format!("RUST_LOG is wrong: {error}")).report();
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(WORKER_THREADS).enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(run(arguments)),
        Err(error) => Err(Failure::other(error)),
    };
    match outcome {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let json = arguments.json;
    match arguments.command {
        Command::Up => up::run().await?,
        Command::Migrate => migrate(json).await?,
        Command::CommandApi => services::run_command_api().await?,
        Command::QueryApi => services::run_query_api().await?,
        Command::Projector => services::run_projector().await?,
        Command::Relay => services::run_relay().await?,
        Command::Reactor => services::run_reactor().await?,
        #[cfg(feature = "sandbox")]
        Command::Sandbox(gateway) => crate::stand_ins::run(&gateway.url).await?,
        Command::Check(gateway) => return check::run(&gateway.url, json).await,
        Command::Token(ticket) => token::run(&ticket, json)?,
        Command::Staff(command) => staff::run(command, json).await?,
        Command::Keys(command) => keys::run(command, json).await?,
        Command::Ledger(command) => return ledger::run(command, json).await,
        Command::Projection(command) => return projection::run(command, json).await,
        Command::Seed(gateway) => {
            let seeded = seed::run(&api(&gateway.url)?).await?;
            say(json, &seeded, || match seeded.stood_already {
                true => "the demo city stands already".to_owned(),
                false => format!("the demo city stands: {} commands", seeded.commands),
            })?;
        }
        Command::Simulate(asked) => return simulate_city(&asked, json).await,
        Command::Rerate(asked) => return rerate::run(&asked, json).await,
        Command::Receipt(command) => return receipt::run(command, json),
    }
    Ok(ExitCode::SUCCESS)
}

async fn migrate(json: bool) -> Result<(), Failure> {
    let installation = Installation::of_environment()?;
    let url = settings::required("DATABASE_URL")?;
    installation.migrate(&url).await?;
    let urls = installation.data.join("urls.env");
    say(json, &serde_json::json!({"urls": urls}), || {
        format!("the database is up to date; the services' logins stand in {}", urls.display())
    })
}

async fn simulate_city(asked: &SimulateArguments, json: bool) -> Result<ExitCode, Failure> {
    let plan = simulate::Plan { rentals: asked.rentals, seed: asked.seed };
    let report = simulate::run(&api(&asked.gateway.url)?, &asked.sandbox, plan, !json).await?;
    say(json, &report, || report.to_string())?;
    Ok(if report.surprises == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Where a service's login connects: what `DATABASE_URL` says, else the installation of this checkout.
fn login(service: &str) -> Result<String, Failure> {
    let nothing_here =
        || Failure::misuse("DATABASE_URL is not set, and nothing was ever started here (make up)");
    match settings::text("DATABASE_URL")? {
        Some(url) => Ok(url),
        None => Installation::of_environment()?.url_of(service)?.ok_or_else(nothing_here),
    }
}

/// A client of a gateway, with the keys of this installation.
fn api(url: &str) -> Result<Api, Failure> {
    let installation = Installation::of_environment()?;
    installation.make()?;
    let keys = TokenKeys::open_or_create(&installation.keys, &SystemClock)?;
    Ok(Api::new(url, keys)?)
}

/// Prints an answer: as JSON, or in words. Whoever has stopped reading has read enough; the exit code still says it.
fn say(json: bool, value: &impl serde::Serialize, words: impl FnOnce() -> String) -> Result<(), Failure> {
    let text = if json { serde_json::to_string(value).map_err(Failure::other)? } else { words() };
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::other(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

//! `chajipoa projection`: listing, rebuilding, comparing and promoting read models.

use std::process::ExitCode;
use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressStyle};
use ledger::Position;
use projector::{ModelName, Progress, Sources, Version};
use serde_json::{Value, json};

use super::{
    Failure,
    arguments::{Chosen, ProjectionCommand},
    difference, login, say, skip,
};
use crate::services;

/// Runs one command.
pub(super) async fn run(command: ProjectionCommand, as_json: bool) -> Result<ExitCode, Failure> {
    let sources = sources().await?;
    match command {
        ProjectionCommand::List => {
            let versions = projector::list(&sources).await?;
            let listed: Vec<Value> = versions.iter().map(version_json).collect();
            say(as_json, &listed, || versions.iter().map(version_line).collect::<Vec<_>>().join("\n"))?;
        }
        ProjectionCommand::Rebuild { names } => rebuild(&sources, &names, as_json).await?,
        ProjectionCommand::Diff(Chosen { name, version }) => {
            let difference = projector::diff(&sources, model(&name)?, version).await?;
            say(as_json, &difference::json(&difference), || difference::words(&difference))?;
            return Ok(if difference.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        ProjectionCommand::Promote(Chosen { name, version }) => {
            let version = projector::promote(&sources, model(&name)?, version).await?;
            say(as_json, &version_json(&version), || version_line(&version))?;
        }
        ProjectionCommand::Drop { name, version } => {
            let dropped = projector::drop_version(&sources, model(&name)?, version).await?;
            say(as_json, &version_json(&dropped), || format!("{name} version {version} is gone"))?;
        }
        ProjectionCommand::Skip(asked) => {
            let model = model(&asked.name)?;
            projector::standing_before(&sources, model, Position::new(asked.position)).await?;
            skip::run(model, &asked, as_json).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The projector's own login: what `migrate` wrote down, unless `DATABASE_URL` names another.
async fn sources() -> Result<Sources, Failure> {
    services::projector_sources(&login("PROJECTOR")?, None, None).await
}

fn model(name: &str) -> Result<ModelName, Failure> {
    name.parse().map_err(|error: projector::UnknownModel| Failure::misuse(error.to_string()))
}

async fn rebuild(sources: &Sources, names: &[String], as_json: bool) -> Result<(), Failure> {
    let models = match names {
        [] => ModelName::ALL.to_vec(),
        names => names.iter().map(|name| model(name)).collect::<Result<_, _>>()?,
    };
    let bar = bar(as_json);
    let furthest = Mutex::new(Vec::new());
    let show = |progress: Progress| show(&bar, &furthest, models.len(), progress);
    let rebuilt = projector::rebuild(sources, &models, &show).await?;
    bar.finish_and_clear();
    let listed: Vec<Value> = rebuilt
        .iter()
        .map(|made| {
            json!({
                "model": made.model.as_str(), "version": made.version, "position": made.position.get(),
                "rows": made.rows, "seconds": made.took.as_secs_f64(),
            })
        })
        .collect();
    say(as_json, &listed, || {
        let line = |made: &projector::Rebuilt| {
            format!(
                "{} version {} stands at {} with {} rows ({:.1?}); `chajipoa projection diff {0}` compares it, \
                 `promote {0}` makes it the live one",
                made.model.as_str(),
                made.version,
                made.position.get(),
                made.rows,
                made.took
            )
        };
        rebuilt.iter().map(line).collect::<Vec<_>>().join("\n")
    })
}

fn bar(hidden: bool) -> ProgressBar {
    if hidden {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} events · {msg} · {eta} left") {
        bar.set_style(style);
    }
    bar
}

/// The bar stands where the slowest of the models stands.
fn show(bar: &ProgressBar, furthest: &Mutex<Vec<(ModelName, i64)>>, models: usize, progress: Progress) {
    let mut furthest = furthest.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    furthest.retain(|(model, _)| *model != progress.model);
    furthest.push((progress.model, progress.position.get()));
    let slowest = furthest.iter().map(|(_, position)| *position).min().unwrap_or(0);
    let slowest = if furthest.len() < models { 0 } else { slowest };
    bar.set_length(progress.of.get().unsigned_abs());
    bar.set_position(slowest.unsigned_abs());
    bar.set_message(format!("{}/s", progress.events_per_second));
}

fn version_json(version: &Version) -> Value {
    json!({
        "model": version.model.as_str(), "version": version.version, "live": version.live,
        "position": version.checkpoint.position.get(), "status": version.status, "reason": version.reason,
    })
}

fn version_line(version: &Version) -> String {
    let live = if version.live { "live" } else { "" };
    let reason = version.reason.as_deref().unwrap_or("");
    format!(
        "{:<10} v{:<3} {:<5} position {:<10} {} {}",
        version.model.as_str(),
        version.version,
        live,
        version.checkpoint.position.get(),
        version.status,
        reason
    )
}
